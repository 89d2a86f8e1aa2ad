//! The digest of what is there differs from that of what was sent if and only if a row does.

use runtime::Value::{self, Blob, Integer, Real, Text};

use crate::{common, digest_of, into, load};

pub(crate) const WIDE: &str =
    "create table wide (id bigint, price numeric, doc jsonb, code char(6), tags numeric[],
    note text, at timestamptz, ok boolean, raw bytea, score float8)";
pub(crate) const WIDE_COLUMNS: [&str; 10] =
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
