//! Texts near the edge of what a type takes: whatever the encoders let through is what the server's own
//! input makes of it. The server is the oracle; that it takes more is its habit, not ours.

use engine_postgres::copy::Probe;
use postgres::Client;
use runtime::Value::{Integer, Text};

use crate::{common, into, load, texts};

/// Whole texts of each type, from which the tries are made by small changes.
const SEEDS: &[(&str, &[&str])] = &[
    ("boolean", &["true", "F", "yes", "off", "1", "no"]),
    ("smallint", &["32767", "-32768", "0", "-7"]),
    ("bigint", &["9223372036854775807", "-9223372036854775808", "42"]),
    ("double precision", &["1.5e300", "-0.0", "NaN", "infinity", "5e-324", ".5", "1e-3"]),
    ("numeric", &["123.4500", "-0.001", "1e10", "NaN", "99999999999999999999.5", "-Infinity"]),
    ("numeric(6, 2)", &["9999.99", "-12.30", "0.005", "1e3"]),
    ("date", &["2024-02-29", "1999-12-31", "0001-01-01", "infinity"]),
    ("time", &["23:59:59.999999", "24:00:00", "00:00"]),
    ("timestamp", &["2024-02-29 12:34:56.789", "2000-01-01T00:00", "1969-12-31 23:59:59"]),
    (
        "timestamptz",
        &["2024-02-29 12:34:56+02", "2000-01-01T00:00:00Z", "1999-06-30 01:02:03-03:30"],
    ),
    ("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"]),
    ("jsonb", &[r#"{"a": [1, 2.50, null], "b": "x"}"#, "[true, -0.1e5]", r#""\u00e9\n""#]),
    ("text", &["any", "ä", ""]),
];

/// splitmix64: the same tries for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) % n as u64) as usize
    }

    /// Up to three characters changed, taken away or put in.
    fn near(&mut self, seed: &str) -> String {
        const ALPHABET: &str = "0123456789+-.:eETZ {}[]\",abfntrué\t";
        let alphabet: Vec<char> = ALPHABET.chars().collect();
        let mut chars: Vec<char> = seed.chars().collect();
        for _ in 0..self.below(4) {
            let (at, char) = (self.below(chars.len() + 1), alphabet[self.below(alphabet.len())]);
            match self.below(3) {
                0 => chars.insert(at, char),
                1 if at < chars.len() => chars[at] = char,
                _ if at < chars.len() => drop(chars.remove(at)),
                _ => chars.push(char),
            }
        }
        chars.into_iter().collect()
    }
}

const TRIES: usize = 1_500;

/// What the encoder of the type takes of the tries.
fn taken(kind: &str, seeds: &[&str], random: &mut Random) -> Vec<String> {
    let mut probe = Probe::new(kind, None).unwrap();
    let mut found: Vec<String> = (0..TRIES)
        .map(|_| {
            let seed = seeds[random.below(seeds.len())];
            random.near(seed)
        })
        .filter(|text| probe.fits(Text(text.as_bytes())).is_ok())
        .collect();
    found.sort();
    found.dedup();
    found
}

fn compare(client: &mut Client, kind: &str, found: &[String]) {
    let tables = format!(
        "drop table if exists t, theirs; create table t (n int, v {kind}); create table theirs (n int, s text)"
    );
    client.batch_execute(&tables).unwrap();
    let rows: Vec<_> =
        (0..).zip(found).map(|(n, text)| vec![Integer(n), Text(text.as_bytes())]).collect();
    load(client, "t", &into(&["n", "v"]), &rows).unwrap();
    load(client, "theirs", &into(&["n", "s"]), &rows).unwrap();
    let theirs = texts(client, &format!("select s::{kind}::text from theirs order by n"));
    let ours = texts(client, "select v::text from t order by n");
    for ((text, ours), theirs) in found.iter().zip(ours).zip(theirs) {
        assert_eq!(ours, theirs, "{kind} {text:?}");
    }
}

#[test]
fn what_is_let_through_is_what_the_server_makes_of_it() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "oracle");
    client.batch_execute("set timezone = 'UTC'; set datestyle = 'ISO, YMD'").unwrap();
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121);
    println!("SEED={seed}");
    let mut random = Random(seed);
    for (kind, seeds) in SEEDS {
        let found = taken(kind, seeds, &mut random);
        println!("{kind}: {} of {TRIES} tries are let through", found.len());
        assert!(found.len() > 5, "{kind}: the tries miss the type");
        compare(&mut client, kind, &found);
    }
}
