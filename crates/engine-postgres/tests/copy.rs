//! Rows arrive as the server itself would have read them, and the digest sees every change.

mod common;

use diagnostics::code;
use engine_postgres::copy;
use ir::Conversion;
use postgres::Client;
use runtime::engine::{LoadInto, Loaded};
use runtime::{EngineError, Row, RowDigest, Value};

use Value::{Blob, Integer, Null, Real, Text};

fn into(columns: &[&str]) -> Vec<LoadInto> {
    let into = |column: &&str| LoadInto { column: (*column).to_owned(), conversion: None };
    columns.iter().map(into).collect()
}

fn load(
    client: &mut Client,
    table: &str,
    columns: &[LoadInto],
    rows: &[Vec<Value<'_>>],
) -> Result<Loaded, EngineError> {
    let mut sink = copy::load(client, table, columns)?;
    for (rowid, values) in (1..).zip(rows) {
        sink.row(Row { file: "data/shop.db", rowid: Some(rowid), values })?;
    }
    sink.finish()
}

fn digest_of(client: &mut Client, table: &str, columns: &[LoadInto]) -> RowDigest {
    copy::row_digest(client, table, columns).unwrap()
}

fn texts(client: &mut Client, sql: &str) -> Vec<Option<String>> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// Loads `cases` into a column of `kind` and inserts the literals into its twin.
fn arrives(client: &mut Client, kind: &str, cases: &[(Value<'_>, &str)]) {
    arrives_as(client, kind, None, cases);
}

fn arrives_as(
    client: &mut Client,
    kind: &str,
    conversion: Option<Conversion>,
    cases: &[(Value<'_>, &str)],
) {
    let create = "drop table if exists got, wanted";
    let tables =
        format!("create table got (n int, v {kind}); create table wanted (n int, v {kind})");
    client.batch_execute(&format!("{create}; {tables}")).unwrap();
    let columns = [into(&["n"]), vec![LoadInto { column: "v".to_owned(), conversion }]].concat();
    let rows: Vec<_> = (0..).zip(cases).map(|(n, case)| vec![Integer(n), case.0]).collect();
    let loaded = load(client, "got", &columns, &rows).unwrap_or_else(|e| panic!("{kind}: {e}"));
    for (n, (_, literal)) in (0_i64..).zip(cases) {
        let insert = format!("insert into wanted values ({n}, {})", sql::quote_literal(literal));
        client.batch_execute(&insert).unwrap_or_else(|error| panic!("{kind} {literal}: {error}"));
    }
    let shown = |client: &mut Client, table: &str| {
        texts(client, &format!("select v::text from {table} order by n"))
    };
    assert_eq!(shown(client, "got"), shown(client, "wanted"), "{kind}");
    assert_eq!(loaded.digest, digest_of(client, "got", &columns), "{kind}: what came back");
    assert_eq!(loaded.digest, digest_of(client, "wanted", &columns), "{kind}: the server's own");
}

#[test]
fn numbers_arrive_as_the_server_reads_them() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "numbers");
    let c = &mut client;
    arrives(c, "boolean", &[(Integer(1), "t"), (Text(b"No"), "no"), (Text(b"TRUE"), "true")]);
    arrives(c, "smallint", &[(Integer(-32768), "-32768"), (Text(b"007"), "007")]);
    arrives(c, "integer", &[(Real(3.0), "3"), (Integer(2_147_483_647), "2147483647")]);
    arrives(
        c,
        "bigint",
        &[(Integer(i64::MIN), "-9223372036854775808"), (Real(-1e15), "-1000000000000000")],
    );
    arrives(c, "oid", &[(Integer(4_294_967_295), "4294967295")]);
    let floats = [
        (Real(0.1), "0.1"),
        (Real(-0.0), "-0"),
        (Real(5e-324), "5e-324"),
        (Real(f64::INFINITY), "Infinity"),
        (Text(b"nan"), "NaN"),
        (Text(b"1e-3"), "0.001"),
        (Integer(42), "42"),
    ];
    arrives(c, "double precision", &floats);
    arrives(c, "real", &[(Real(0.25), "0.25"), (Text(b"0.1"), "0.1"), (Text(b"-inf"), "-inf")]);
    let numerics = [
        (Integer(0), "0"),
        (Integer(i64::MIN), "-9223372036854775808"),
        (Real(19.99), "19.99"),
        (Real(0.1 + 0.2), "0.30000000000000004"),
        (Real(1e300), "1e300"),
        (Real(5e-324), "5e-324"),
        (Real(1e15), "1e15"),
        (Text(b"-00012.3400"), "-00012.3400"),
        (Text(b"123456789012345678901234567890.0001"), "123456789012345678901234567890.0001"),
        (Text(b"1.5e10"), "1.5e10"),
        (Text(b"NaN"), "NaN"),
        (Text(b"-Infinity"), "-Infinity"),
        (Text(b"1e-16383"), "1e-16383"),
        (Text(b"10000"), "10000"),
        (Text(b"0.00010000"), "0.00010000"),
    ];
    arrives(c, "numeric", &numerics);
    let prices = [
        (Real(19.9), "19.9"),
        (Integer(-5), "-5"),
        (Text(b"9999999999.99"), "9999999999.99"),
        (Text(b"1.100"), "1.100"),
        (Text(b"nan"), "nan"),
    ];
    arrives(c, "numeric(12,2)", &prices);
    arrives(
        c,
        "numeric(3,0)",
        &[(Integer(999), "999"), (Real(-7.0), "-7"), (Text(b"12e1"), "12e1")],
    );
    arrives(
        c,
        "numeric(38,10)",
        &[(Integer(i64::MAX), "9223372036854775807"), (Real(0.000_000_000_1), "0.0000000001")],
    );
    if cluster.binaries().major() >= 15 {
        arrives(c, "numeric(3,-2)", &[(Integer(12300), "12300"), (Text(b"99900"), "99900")]);
        arrives(c, "numeric(2,4)", &[(Real(0.0099), "0.0099"), (Integer(0), "0")]);
    }
}

#[test]
fn text_and_bytes_arrive_as_the_server_reads_them() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "texts");
    let c = &mut client;
    let setup = "create type mood as enum ('sad', 'it''s ok', 'ä');
        create domain short as varchar(5) check (value <> 'no');
        create domain shorter as short check (length(value) < 4);
        create domain prices as numeric(10,2)[]";
    c.batch_execute(setup).unwrap();
    let plain = [
        (Text("äöü \\ \t\n' \"".as_bytes()), "äöü \\ \t\n' \""),
        (Text(b""), ""),
        (Integer(-7), "-7"),
        (Real(1e20), "1.0e+20"),
    ];
    arrives(c, "text", &plain);
    arrives(c, "varchar(3)", &[(Text("äöü".as_bytes()), "äöü"), (Integer(123), "123")]);
    arrives(c, "varchar", &[(Text(b"any"), "any")]);
    arrives(
        c,
        "char(4)",
        &[
            (Text(b"ab"), "ab"),
            (Text(b"ab  "), "ab"),
            (Text("äöüß".as_bytes()), "äöüß"),
            (Text(b"abcd   "), "abcd"),
        ],
    );
    arrives(c, "name", &[(Text(b"a_name"), "a_name")]);
    arrives(c, "\"char\"", &[(Text(b"x"), "x")]);
    arrives(c, "mood", &[(Text(b"it's ok"), "it's ok"), (Text("ä".as_bytes()), "ä")]);
    arrives(c, "shorter", &[(Text(b"abc"), "abc")]);
    arrives(
        c,
        "bytea",
        &[(Blob(&[0, 255, 92]), "\\x00ff5c"), (Text(b"ab"), "ab"), (Blob(&[]), "")],
    );
    arrives(c, "bit(4)", &[(Text(b"1010"), "1010")]);
    arrives(c, "varbit(10)", &[(Text(b"101"), "101"), (Text(b"1111000011"), "1111000011")]);
    let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let bytes: Vec<u8> = uuid::Uuid::parse_str(id).unwrap().as_bytes().to_vec();
    arrives(c, "uuid", &[(Text(id.to_uppercase().as_bytes()), id), (Blob(&bytes), id)]);
    arrives_as(c, "uuid", Some(Conversion::Uuid), &[(Blob(&bytes), id)]);
    arrives_as(c, "text", Some(Conversion::Uuid), &[(Blob(&bytes), id), (Text(b"x"), "x")]);
    arrives_as(
        c,
        "text",
        Some(Conversion::ReplaceInvalidText),
        &[(Text(b"a\xff\0"), "a\u{fffd}\u{fffd}")],
    );
    arrives(c, "inet", &[(Text(b"10.0.0.1/8"), "10.0.0.1/8"), (Text(b"::1"), "::1")]);
    arrives(
        c,
        "cidr",
        &[(Text(b"10.0.0.0/8"), "10.0.0.0/8"), (Text(b"2001:db8::/32"), "2001:db8::/32")],
    );
    arrives(c, "macaddr", &[(Text(b"08:00:2b:01:02:03"), "08:00:2b:01:02:03")]);
    arrives(c, "macaddr8", &[(Text(b"08002b0102030405"), "08:00:2b:01:02:03:04:05")]);
    let document =
        r#" {"b": 1.50, "a": [true, null, "\u00e9\n"], "b": {"z": -0, "y": 1e2}, "": 0} "#;
    let documents = [(Text(document.as_bytes()), document), (Integer(5), "5"), (Real(0.5), "0.5")];
    arrives(c, "json", &documents);
    arrives(c, "jsonb", &documents);
    arrives(
        c,
        "integer[]",
        &[
            (Text(b"[1, null, 3]"), "{1,NULL,3}"),
            (Text(b"[]"), "{}"),
            (Text(b"[[1],[2]]"), "{{1},{2}}"),
        ],
    );
    arrives(
        c,
        "text[]",
        &[(Text(br#"["a\"b", "c,d", "NULL", 1.50, true]"#), r#"{"a\"b","c,d","NULL",1.50,true}"#)],
    );
    arrives(c, "prices", &[(Text(b"[1.5, 2]"), "{1.5,2}")]);
    arrives(c, "char(3)[]", &[(Text(br#"["a", "b  "]"#), "{a,b}")]);
    arrives(
        c,
        "jsonb[]",
        &[(Text(br#"[{"b":1,"a":1.0}, "x", [2]]"#), r#"{"{\"a\":1.0,\"b\":1}","\"x\"",[2]}"#)],
    );
    arrives(c, "mood[]", &[(Text(br#"["sad"]"#), "{sad}")]);
    match c.batch_execute("create extension citext") {
        Ok(()) => arrives(c, "citext", &[(Text(b"Abc"), "Abc")]),
        Err(error) => print_skipped("citext", &error),
    }
}

#[allow(clippy::print_stderr)]
fn print_skipped(what: &str, error: &postgres::Error) {
    eprintln!("skipped {what}: {error}");
}

#[test]
fn times_arrive_as_the_server_reads_them() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "times");
    let c = &mut client;
    c.batch_execute("set timezone = 'UTC'").unwrap();
    let dates = [
        "2024-02-29",
        "0001-01-01",
        "1969-12-31",
        "5874897-12-31",
        "infinity",
        "-infinity",
        "1900-03-01",
    ];
    arrives(c, "date", &dates.map(|text| (Text(text.as_bytes()), text)));
    let stamps = [
        "2024-02-29 12:34:56",
        "2024-02-29T12:34:56.5",
        "1969-12-31 23:59:59.999999",
        "0001-01-01 00:00",
        "294276-12-31 23:59:59.999999",
        "2024-12-31 24:00:00",
        "infinity",
        "-infinity",
        "2024-02-29",
        "2024-02-29 12:34:56.100000000",
    ];
    let same = stamps.map(|text| (Text(text.as_bytes()), text));
    arrives(c, "timestamp", &same);
    arrives(c, "timestamptz", &same);
    let zoned = [
        "2024-02-29 12:34:56+02",
        "2024-02-29T12:34:56-03:30",
        "2024-02-29 00:00:00 +05:45:30",
        "2024-02-29 12:00:00Z",
        "2024-02-29 12:00:00-0800",
    ];
    arrives(c, "timestamptz", &zoned.map(|text| (Text(text.as_bytes()), text)));
    arrives(c, "timestamp(3)", &[(Text(b"2024-02-29 12:34:56.123000"), "2024-02-29 12:34:56.123")]);
    let clocks = ["00:00", "24:00:00", "23:59:59.999999"];
    arrives(c, "time", &clocks.map(|text| (Text(text.as_bytes()), text)));
    let clocks = ["00:00+02", "23:59:59.5-03:30", "12:00", "12:00Z"];
    arrives(c, "timetz", &clocks.map(|text| (Text(text.as_bytes()), text)));
    let intervals =
        ["P1Y2M3DT4H5M6.5S", "PT-0.5S", "P2W", "-01:02:03.000001", "100:00:00", "00:30", "P-1Y1D"];
    arrives(c, "interval", &intervals.map(|text| (Text(text.as_bytes()), text)));
    let moment = "2023-11-14 22:13:20.123";
    let cases = [
        (Conversion::UnixSeconds, Real(1_700_000_000.123)),
        (Conversion::UnixMilliseconds, Integer(1_700_000_000_123)),
        (Conversion::UnixMicroseconds, Integer(1_700_000_000_123_000)),
        (Conversion::JulianDay, Real(2_460_263.425_927_349_4)),
    ];
    for (conversion, value) in cases {
        arrives_as(c, "timestamptz", Some(conversion), &[(value, moment)]);
        arrives_as(c, "timestamp", Some(conversion), &[(value, moment)]);
    }
    arrives_as(c, "date", Some(Conversion::UnixSeconds), &[(Integer(-86_400), "1969-12-31")]);
}

/// What `value` in a column of `kind` leads to.
fn refusal(client: &mut Client, kind: &str, value: Value<'_>) -> String {
    client.batch_execute(&format!("drop table if exists t; create table t (v {kind})")).unwrap();
    let error = load(client, "t", &into(&["v"]), &[vec![Null], vec![value]]).unwrap_err();
    assert_eq!(error.code, &code::VALUE_DOES_NOT_FIT, "{kind}: {error}");
    let left: i64 = client.query_one("select count(*) from t", &[]).unwrap().get(0);
    assert_eq!(left, 0);
    format!("{error} ({})", error.help.as_deref().unwrap())
}

#[test]
fn a_value_that_does_not_fit_says_where_and_why() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "refusals");
    let c = &mut client;
    assert_eq!(
        refusal(c, "timestamptz", Integer(1_700_000_000)),
        "table `t`: `data/shop.db`, rowid 2, column `v`: the integer `1700000000` does not fit `timestamp \
         with time zone`: an integer is not ISO text of a date and time (say what the number counts: \
         `as: unix-seconds`, `as: unix-milliseconds`, `as: unix-microseconds` or `as: julian-day`)"
    );
    assert_eq!(
        refusal(c, "numeric(10,2)", Real(0.125)),
        "table `t`: `data/shop.db`, rowid 2, column `v`: the real `0.125` does not fit `numeric(10,2)`: \
         it has more than 2 decimals and would be rounded (give the column a larger scale, or round it \
         by a `sql:` expression)"
    );
    let others = [
        ("varchar(3)", Text(b"abcd")),
        ("text", Text(b"\xff\x1b")),
        ("jsonb", Text(b"{\"a\":1,}")),
        ("jsonb", Text(b"\"\\u0000\"")),
        ("json", Text(b"nope")),
        ("json[]", Text(b"[{]")),
        ("jsonb[]", Text(b"[\"\\ud800\"]")),
        ("integer", Text(b"12a")),
        ("boolean", Integer(2)),
        ("date", Text(b"2023-02-29")),
        ("uuid", Blob(&[1])),
        ("double precision", Integer(i64::MAX)),
        ("text", Blob(b"x")),
    ];
    for (kind, value) in others {
        let text = refusal(c, kind, value);
        assert!(text.contains("rowid 2, column `v`") && !text.contains('\x1b'), "{text}");
    }
}

const WIDE: &str =
    "create table wide (id bigint, price numeric, doc jsonb, code char(6), tags numeric[],
    note text, at timestamptz, ok boolean, raw bytea, score float8)";
const WIDE_COLUMNS: [&str; 10] =
    ["id", "price", "doc", "code", "tags", "note", "at", "ok", "raw", "score"];

fn wide_row(id: i64) -> Vec<Value<'static>> {
    vec![
        Integer(id),
        Real(1.5),
        Text(br#"{"b":1,"a":2}"#),
        Text(b"ab"),
        Text(b"[1.50]"),
        Text(b"note"),
        Text(b"2024-01-01"),
        Integer(1),
        Blob(&[1, 2]),
        Real(0.5),
    ]
}

#[test]
fn the_digest_sees_every_change_and_nothing_else() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "digests");
    let c = &mut client;
    c.batch_execute(WIDE).unwrap();
    let columns = into(&WIDE_COLUMNS);
    let rows: Vec<_> = (1..=50).map(wide_row).collect();
    let sent = load(c, "wide", &columns, &rows).unwrap().digest;
    assert_eq!((sent.rows, digest_of(c, "wide", &columns)), (50, sent));
    let changes = [
        "id = 99",
        "price = 1.51",
        "doc = '{\"a\":2,\"b\":\"1\"}'",
        "code = 'ac'",
        "tags = '{1.6}'",
        "note = 'note '",
        "at = at + '1 microsecond'",
        "ok = null",
        "raw = '\\x0102ff'",
        "score = 0.25",
        "note = ''",
        "note = null",
        "tags = '{}'",
        "score = '-0.5'",
        "tags = '{{1.50}}'",
    ];
    for change in changes {
        c.batch_execute(&format!("begin; update wide set {change} where id = 7")).unwrap();
        assert_ne!(digest_of(c, "wide", &columns), sent, "{change}");
        c.batch_execute("rollback").unwrap();
    }
    let moves = [
        "delete from wide where id = 3",
        "insert into wide select * from wide where id = 3",
        "delete from wide where id = 3; insert into wide select * from wide where id = 4",
        "update wide set note = code, code = note where id = 5",
    ];
    for change in moves {
        c.batch_execute(&format!("begin; {change}")).unwrap();
        assert_ne!(digest_of(c, "wide", &columns), sent, "{change}");
        c.batch_execute("rollback").unwrap();
    }
    let same = "update wide set price = 1.5000, doc = '{\"a\":2.0, \"b\":1}', code = 'ab  ', tags = '{1.5}'";
    c.batch_execute(same).unwrap();
    assert_eq!(digest_of(c, "wide", &columns), sent);
}

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

#[test]
fn what_the_server_refuses_leaves_the_table_as_it_was() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "refused");
    let c = &mut client;
    let table = "create table t (id int primary key, n int not null constraint positive check (n > 0), u text unique);
        insert into t values (1, 1, 'old')";
    c.batch_execute(table).unwrap();
    let columns = into(&["id", "n", "u"]);
    let cases = [
        (vec![Integer(1), Integer(-5), Null], "23514", "constraint positive of table t"),
        (vec![Integer(1), Null, Null], "23502", "column t.n"),
        (vec![Integer(2), Integer(1), Text(b"secret")], "23505", "constraint t_u_key of table t"),
    ];
    for (row, state, object) in cases {
        let rows = [vec![Integer(7), Integer(1), Text(b"secret")], row];
        let error = load(c, "t", &columns, &rows).unwrap_err();
        assert_eq!(error.code, &code::LOAD_FAILED);
        assert_eq!(
            (error.sqlstate.as_deref(), error.object.as_deref()),
            (Some(state), Some(object))
        );
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(texts(c, "select u from t"), [Some("old".to_owned())]);
    }
    // Dropped before its end, or finished in spite of a refused row.
    let values = [Integer(9), Integer(9), Null];
    let mut sink = copy::load(c, "t", &columns).unwrap();
    sink.row(Row { file: "f", rowid: None, values: &values }).unwrap();
    drop(sink);
    assert_eq!(texts(c, "select u from t"), [Some("old".to_owned())]);
    let mut sink = copy::load(c, "t", &columns).unwrap();
    sink.row(Row { file: "f", rowid: None, values: &values }).unwrap();
    sink.row(Row { file: "f", rowid: None, values: &[Text(b"x"), Integer(9), Null] }).unwrap_err();
    assert_eq!(sink.finish().unwrap_err().code, &code::LOAD_FAILED);
    assert_eq!(texts(c, "select u from t"), [Some("old".to_owned())]);
    // A trigger that drops rows.
    let trigger =
        "create function skip() returns trigger language plpgsql as 'begin return null; end';
        create trigger skip before insert on t for each row execute function skip()";
    c.batch_execute(trigger).unwrap();
    let error = load(c, "t", &columns, &[values.to_vec()]).unwrap_err();
    assert_eq!(error.message, "1 rows were sent but the server kept 0");
    assert_eq!(texts(c, "select u from t"), [Some("old".to_owned())]);
}

#[test]
fn a_lost_connection_is_told_from_a_refusal() {
    let Some(cluster) = common::cluster() else { return };
    let (url, mut client) = common::database(&cluster, "lost");
    client.batch_execute("create table t (v text)").unwrap();
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).unwrap().get(0);
    let mut sink = copy::load(&mut client, "t", &into(&["v"])).unwrap();
    let long = "x".repeat(100_000);
    let values = [Text(long.as_bytes())];
    let row = Row { file: "f", rowid: None, values: &values };
    sink.row(row).unwrap();
    let mut other = Client::connect(&url, postgres::NoTls).unwrap();
    other.execute("select pg_terminate_backend($1)", &[&pid]).unwrap();
    let sent = (0..1000).try_for_each(|_| sink.row(row));
    let error = sent.and_then(|()| sink.finish().map(|_| ())).unwrap_err();
    assert_eq!(error.class, runtime::ErrorClass::ConnectionLost, "{error}");
    assert_eq!(texts(&mut other, "select v from t"), []);
}

#[test]
fn tables_and_columns_of_every_kind_are_found_or_named() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "tables");
    let c = &mut client;
    let setup = "create schema stage; create table \"Odd \"\"T\" (\"Select\" int, \"a b\" text);
        create table stage.\"Odd \"\"T\" (\"Select\" int, \"a b\" text);
        create table parted (id int, v text) partition by range (id);
        create table parted_1 partition of parted for values from (0) to (10);
        create table parted_2 partition of parted for values from (10) to (20);
        create table odd (a point, b int4range, c interval year to month, d text, e int,
            f int generated always as (e + 1) stored, g xml);
        create view seen as select 1 as x;
        set search_path = stage, public";
    c.batch_execute(setup).unwrap();
    let rows = [vec![Integer(1), Text(b"x")], vec![Integer(12), Text(b"y")]];
    let columns = into(&["Select", "a b"]);
    let loaded = load(c, "Odd \"T", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "Odd \"T", &columns));
    assert_eq!(texts(c, "select count(*)::text from public.\"Odd \"\"T\""), [Some("0".to_owned())]);
    let columns = into(&["v", "id"]);
    let rows = [vec![Text(b"x"), Integer(1)], vec![Text(b"y"), Integer(12)]];
    let loaded = load(c, "parted", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "parted", &columns));
    let empty = load(c, "parted", &columns, &[]).unwrap();
    assert_eq!(
        (empty.digest, digest_of(c, "parted", &columns)),
        (RowDigest::default(), empty.digest)
    );

    let mut wrong = into(&["a", "b", "c", "d", "nope", "f", "g"]);
    wrong[3].conversion = Some(Conversion::UnixSeconds);
    let error = copy::check_columns(c, "odd", &wrong).unwrap_err();
    assert_eq!(error.code, &code::LOAD_FAILED);
    assert_eq!(
        error.message,
        "the table has no column `nope`; column `f` is computed by the server; column `a`: no value of \
         SQLite has a way into `point`; column `b`: no value of SQLite has a way into `int4range`; column \
         `c`: no value of SQLite has a way into `interval year to month`; column `d`: the conversion \
         `unix-seconds` does not lead to `text`; column `g`: no value of SQLite has a way into `xml`"
    );
    let error = copy::check_columns(c, "odd", &into(&["a"])).unwrap_err();
    assert_eq!(error.code, &code::UNSUPPORTED_TYPE);
    for table in ["seen", "nowhere"] {
        let error = copy::check_columns(c, table, &into(&["x"])).unwrap_err();
        assert_eq!(error.object, Some(format!("table `{table}`")));
    }
}

#[test]
fn rows_are_frozen_and_large_values_pass() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "large");
    let c = &mut client;
    c.batch_execute("create table t (id int, v bytea)").unwrap();
    let large = vec![7; 40_000_000];
    let rows: Vec<_> =
        (0..3000).map(|n| vec![Integer(n), Blob(if n == 1500 { &large } else { b"x" })]).collect();
    let columns = into(&["id", "v"]);
    let loaded = load(c, "t", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "t", &columns));
    assert!(loaded.bytes > 40_000_000);
    // COPY FREEZE marks pages all-frozen, so that no vacuum has to write them again.
    let pages = "create extension pg_visibility;
        create view pages as select all_frozen > 0 as frozen from pg_visibility_map_summary('t')";
    match c.batch_execute(pages) {
        Ok(()) => assert_eq!(texts(c, "select frozen::text from pages"), [Some("true".to_owned())]),
        Err(error) => print_skipped("frozen pages", &error),
    }
}
