//! What does not fit or is refused says where and why, and leaves the table as it was.

use diagnostics::code;
use engine_postgres::copy;
use postgres::Client;
use runtime::Row;
use runtime::Value::{self, Blob, Integer, Null, Real, Text};

use crate::{common, into, load, texts};

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
        "table t: `data/shop.db`, rowid 2, column `v`: the integer `1700000000` does not fit `timestamp \
         with time zone`: an integer is not ISO text of a date and time (say what the number counts: \
         `as: unix-seconds`, `as: unix-milliseconds`, `as: unix-microseconds` or `as: julian-day`)"
    );
    assert_eq!(
        refusal(c, "numeric(10,2)", Real(0.125)),
        "table t: `data/shop.db`, rowid 2, column `v`: the real `0.125` does not fit `numeric(10,2)`: \
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
    // The server would refuse it too, but could not say which row it is.
    let error = load(c, "t", &columns, &[vec![Integer(8), Null, Null]]).unwrap_err();
    assert_eq!(error.code, &code::VALUE_DOES_NOT_FIT);
    assert!(error.message.contains("column `n`: NULL"), "{error}");
    assert_eq!(texts(c, "select u from t"), [Some("old".to_owned())]);
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
