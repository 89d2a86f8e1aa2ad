//! Made rows: each a function of its number alone, so that every machine measures the same data.

use rusqlite::types::Value;

const POOL: usize = 1 << 20;
const PHRASES: usize = 4096;

const WORDS: &[&str] = &[
    "alpha",
    "bravo",
    "café",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hôtel",
    "india",
    "juliet",
    "kilo",
    "lima",
    "mike",
    "november",
    "oscar",
    "papa",
    "québec",
    "romeo",
    "sierra",
    "tango",
    "uniform",
    "victor",
    "whiskey",
    "xray",
    "yankee",
    "zulu",
    "東京",
    "über",
    "naïve",
    "😀",
    "tab\there",
    "quote'd",
    "back\\slash",
    "new\nline",
    "comma,sep",
    "\"dq\"",
    "ratio",
    "price",
    "order",
    "total",
    "signal",
    "vector",
    "metric",
    "lumen",
    "quartz",
];
const COUNTRIES: [&str; 10] = ["US", "DE", "FR", "JP", "BR", "IN", "GB", "CA", "AU", "ZA"];
const CURRENCIES: [&str; 4] = ["USD", "EUR", "JPY", "GBP"];
const STATES: [&str; 6] = ["new", "paid", "packed", "shipped", "delivered", "returned"];

/// splitmix64: a well mixed function of a row's number.
pub(super) fn mix(number: u64) -> u64 {
    let x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// What rows draw their text and bytes from.
pub(super) struct Makings {
    pool: Vec<u8>,
    phrases: Vec<String>,
}

impl Makings {
    pub(super) fn new() -> Self {
        let pool = (0..POOL as u64 / 8).flat_map(|at| mix(at).to_le_bytes()).collect();
        let word = |at: u64| WORDS[(mix(at) % WORDS.len() as u64) as usize];
        let phrase = |at: u64| {
            let words: Vec<_> = (0..6 + at % 20).map(|nth| word(at * 31 + nth)).collect();
            words.join(" ")
        };
        Self { pool, phrases: (0..PHRASES as u64).map(phrase).collect() }
    }

    fn bytes(&self, hash: u64, length: u64) -> Value {
        let length = length as usize;
        let at = (hash % (POOL - length) as u64) as usize;
        Value::Blob(self.pool[at..at + length].to_vec())
    }

    fn phrase(&self, hash: u64, most: usize) -> String {
        self.phrases[(hash & 4095) as usize].chars().take(most).collect()
    }

    pub(super) fn customer(&self, id: u64) -> Vec<Value> {
        let h = mix(id);
        let g = mix(h);
        let country = one_of(&COUNTRIES, h >> 8);
        vec![
            number(id),
            format!("user{id}.{:04x}@example.{}", h & 0xffff, country.to_lowercase()).into(),
            self.phrase(h, 60).into(),
            country.to_owned().into(),
            number(h >> 12 & 1),
            Value::Real((g % 10_000_000) as f64 / 100.0),
            Value::Real(((g >> 20) % 1_000_003) as f64 / 7.0),
            time(h >> 13, ' ').into(),
            format!(
                r#"{{"tier":{},"tags":["{}","{}"],"opt":{},"ref":"{g:016x}"}}"#,
                h % 5,
                WORDS[(g % 20) as usize],
                WORDS[((g >> 9) % 20) as usize],
                if g & 1 == 1 { "true" } else { "null" },
            )
            .into(),
            if h.is_multiple_of(5) { self.bytes(g, 64 + g % 128) } else { Value::Null },
        ]
    }

    pub(super) fn product(&self, id: u64) -> Vec<Value> {
        let h = mix(id + (1 << 40));
        let g = mix(h);
        let description = format!("{}. {}", self.phrase(g, 400), self.phrase(g >> 12, 400));
        vec![
            number(id),
            format!("SKU-{id:08}-{:03x}", h & 0xfff).into(),
            self.phrase(h, 80).into(),
            some(!h.is_multiple_of(7), description),
            Value::Real((h % 500_000) as f64 / 100.0),
            if g.is_multiple_of(9) {
                Value::Null
            } else {
                Value::Real((g % 100_000) as f64 / 1000.0)
            },
            format!(r#"["{}","{}"]"#, WORDS[(h % 20) as usize], WORDS[(g % 20) as usize]).into(),
            self.bytes(g, 200 + g % 200),
            number(h >> 5 & 1),
            time(g >> 7, 'T').into(),
        ]
    }

    pub(super) fn order(&self, id: u64, customers: u64) -> Vec<Value> {
        let h = mix(id + (2 << 40));
        let g = mix(h);
        vec![
            number(id),
            number(h % customers + 1),
            one_of(&STATES, g).to_owned().into(),
            Value::Real(((g >> 8) % 10_000_000) as f64 / 100.0),
            one_of(&CURRENCIES, h >> 20).to_owned().into(),
            time(h >> 13, ' ').into(),
            some(g % 10 > 2, time(g >> 11, ' ')),
            if g.is_multiple_of(50) { Value::Null } else { number(h >> 40 & 1) },
            some(g.is_multiple_of(5), self.phrase(g, 100)),
            format!(
                r#"{{"ip":"10.{}.{}.{}","ua":"m/{}","sid":"{g:016x}{h:016x}"}}"#,
                h & 255,
                g & 255,
                h >> 8 & 255,
                g % 9
            )
            .into(),
        ]
    }

    pub(super) fn item(&self, id: u64, orders: u64, products: u64) -> Vec<Value> {
        let h = mix(id + (3 << 40));
        let g = mix(h);
        vec![
            number(id),
            number(h % orders + 1),
            number(g % products + 1),
            number(1 + (h >> 33) % 12),
            Value::Real(((g >> 13) % 500_000) as f64 / 100.0),
            if h & 1 == 1 { Value::Real(((h >> 20) % 100) as f64 / 128.0) } else { Value::Null },
            time(h >> 11, ' ').into(),
            some(g % 5 < 2, format!(r#"{{"k":{},"w":"{}"}}"#, g % 997, WORDS[(h % 20) as usize])),
            if h % 10 < 3 { self.bytes(h, 20) } else { Value::Null },
        ]
    }

    pub(super) fn integers(&self, id: u64) -> Vec<Value> {
        vec![number(id), number(mix(id) & 0x7fff_ffff), number(mix(id) >> 44)]
    }

    pub(super) fn file(&self, id: u64, length: u64) -> Vec<Value> {
        let (h, name) = (mix(id), format!("f/{id:06}.bin"));
        let sha = format!("{:016x}{:016x}", h, mix(h));
        vec![number(id), name.into(), sha.into(), self.bytes(h, length)]
    }

    /// A row of the nth table of a small file.
    pub(super) fn small(&self, file: u64, table: usize, id: u64, rows: u64) -> Vec<Value> {
        let h = mix((file << 24) ^ ((table as u64) << 16) ^ id);
        let at = || Value::from(time(h >> 9, ' '));
        let one = |modulus: u64| number(h % modulus + 1);
        match table {
            0 => {
                let (name, plan) = (self.phrase(h, 40), one_of(&STATES, h).to_owned());
                vec![number(id), name.into(), plan.into(), number(h & 1), at()]
            }
            1 => {
                let (serial, firmware) = (format!("{file:05}-{id:04}"), format!("v{}", h % 36));
                vec![number(id), one(rows), serial.into(), firmware.into(), at()]
            }
            2 => {
                let raw = if id.is_multiple_of(3) { Value::Null } else { self.bytes(h, 16) };
                let (temperature, volt) = ((h % 4000) as f64 / 100.0, (h % 997) as f64 / 7.0);
                vec![number(id), one(rows), at(), temperature.into(), volt.into(), raw]
            }
            3 => {
                let device = if id.is_multiple_of(8) { Value::Null } else { one(rows) };
                let kind = one_of(&STATES, h).to_owned();
                vec![number(id), device, kind.into(), self.phrase(h >> 9, 400).into(), at()]
            }
            _ => {
                let value = (h % 100_000) as f64 / 100.0;
                vec![format!("k{id:03}").into(), self.phrase(h, 30).into(), value.into()]
            }
        }
    }
}

fn number(value: u64) -> Value {
    Value::Integer(value as i64)
}

fn some(there: bool, text: String) -> Value {
    if there { Value::Text(text) } else { Value::Null }
}

fn one_of<'a>(words: &[&'a str], hash: u64) -> &'a str {
    words[(hash % words.len() as u64) as usize]
}

/// A time between 2015 and 2024, without a zone; every month has 28 days.
fn time(hash: u64, between: char) -> String {
    let (day, second) = (hash % (10 * 12 * 28), (hash >> 16) % 86_400);
    format!(
        "{:04}-{:02}-{:02}{between}{:02}:{:02}:{:02}",
        2015 + day / (12 * 28),
        day / 28 % 12 + 1,
        day % 28 + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}
