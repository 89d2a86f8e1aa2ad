//! What SQLite holds and what the same literal is to the server are one value.

use ir::Conversion;
use postgres::Client;
use runtime::Value::{self, Blob, Integer, Real, Text};
use runtime::engine::LoadInto;

use crate::{common, digest_of, into, load, print_skipped, texts};

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
    let columns = [
        into(&["n"]),
        vec![LoadInto { column: "v".to_owned(), conversion, on_misfit: ir::OnMisfit::Stop }],
    ]
    .concat();
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
