//! Ten thousand rows of every shape, the same in every run.

use engine_postgres::copy;
use runtime::Row;
use runtime::Value::{self, Blob, Integer, Null, Real, Text};

use crate::digest::{WIDE, WIDE_COLUMNS};
use crate::{common, digest_of, into, load, texts};

/// splitmix64: the same rows in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn real(&mut self) -> f64 {
        let shapes = [self.next() as f64 / 100.0, (self.below(10_000_000) as f64) / 100.0];
        let any = f64::from_bits(self.next());
        match self.below(3) {
            2 if any.is_finite() => any,
            which => shapes[which as usize % 2],
        }
    }

    fn text(&mut self) -> String {
        let length = self.below(30);
        let alphabet = ['a', 'Z', ' ', '"', '\\', 'é', '東', '😀', '\n', '{', '0'];
        (0..length).map(|_| alphabet[self.below(11) as usize]).collect()
    }

    fn json(&mut self, depth: u64) -> String {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => format!("{}", self.next() as i64),
            1 => format!("{:e}", (self.below(1_000_000) as f64 - 5e5) / 1000.0),
            2 => serde_json::to_string(&self.text()).unwrap(),
            3 => ["true", "false", "null"][self.below(3) as usize].to_owned(),
            4 => {
                let items: Vec<_> = (0..self.below(4)).map(|_| self.json(depth - 1)).collect();
                format!("[{}]", items.join(", "))
            }
            _ => {
                let member = |r: &mut Self| format!("\"k{}\" : {}", r.below(20), r.json(depth - 1));
                let members: Vec<_> = (0..self.below(5)).map(|_| member(self)).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

/// Owned cells of one random row.
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Cell::Null => Null,
            Cell::Integer(integer) => Integer(*integer),
            Cell::Real(real) => Real(*real),
            Cell::Text(text) => Text(text.as_bytes()),
            Cell::Blob(blob) => Blob(blob),
        }
    }
}

fn random_row(r: &mut Random) -> Vec<Cell> {
    let day = |r: &mut Random| {
        format!("{:04}-{:02}-{:02}", 1 + r.below(3000), 1 + r.below(12), 1 + r.below(28))
    };
    let stamp = format!(
        "{} {:02}:{:02}:{:02}.{:06}",
        day(r),
        r.below(24),
        r.below(60),
        r.below(60),
        r.below(1_000_000)
    );
    let tags = [r.real().to_string(), "null".to_owned(), r.below(99).to_string()].join(",");
    let price = r.real();
    let cells = vec![
        Cell::Integer(r.next() as i64),
        Cell::Real(price),
        Cell::Text(r.json(3)),
        Cell::Text(r.text().chars().take(6).collect()),
        Cell::Text(format!("[{tags}]")),
        if r.below(2) == 0 { Cell::Text(r.text()) } else { Cell::Real(r.real()) },
        Cell::Text(stamp),
        Cell::Integer(r.below(2) as i64),
        Cell::Blob(r.next().to_be_bytes()[..r.below(9) as usize].to_vec()),
        Cell::Real(price),
    ];
    cells.into_iter().map(|cell| if r.below(10) == 0 { Cell::Null } else { cell }).collect()
}

#[test]
fn ten_thousand_random_rows_come_back_as_sent() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "random");
    let c = &mut client;
    c.batch_execute(WIDE).unwrap();
    let columns = into(&WIDE_COLUMNS);
    let mut random = Random(20_261_121);
    let cells: Vec<_> = (0..10_000).map(|_| random_row(&mut random)).collect();
    let rows: Vec<Vec<_>> = cells.iter().map(|row| row.iter().map(Cell::value).collect()).collect();
    let loaded = load(c, "wide", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "wide", &columns));
    let mut dry = copy::digest_sink(c, "wide", &columns).unwrap();
    for values in rows.iter().rev() {
        dry.row(Row { file: "f", rowid: None, values }).unwrap();
    }
    assert_eq!(dry.finish().unwrap().digest, loaded.digest);
    // The server agrees on what the values are: the same real went into a numeric and a double.
    let compared = "select count(*) filter (where price::float8 = score) || ' of ' || count(price + score::numeric)
        from wide";
    let sure = rows.iter().filter(|row| row[1] != Null && row[9] != Null).count();
    assert_eq!(texts(c, compared), [Some(format!("{sure} of {sure}"))]);
}
