//! What the plan says about values that do not fit is done, told and digested alike.

use diagnostics::code;
use engine_postgres::copy;
use ir::OnMisfit;
use postgres::Client;
use runtime::Value::{self, Blob, Integer, Null, Text};
use runtime::engine::{Fate, LoadInto, Loaded, Misfit};
use runtime::{EngineError, Row};

use crate::{common, digest_of, texts};

fn column(name: &str, on_misfit: OnMisfit) -> LoadInto {
    LoadInto { column: name.to_owned(), conversion: None, on_misfit }
}

fn default(text: &str) -> OnMisfit {
    OnMisfit::Default(text.to_owned())
}

/// Loads the rows and, for comparison, only digests them.
fn load(
    client: &mut Client,
    columns: &[LoadInto],
    rows: &[Vec<Value<'_>>],
) -> Result<(Loaded, Vec<Misfit>), EngineError> {
    let mut dry = copy::digest_sink(client, "t", columns)?;
    for (rowid, values) in (1..).zip(rows) {
        dry.row(Row { file: "eu.db", rowid: Some(rowid), values })?;
    }
    let dry = dry.finish()?.digest;
    let mut sink = copy::load(client, "t", columns)?;
    for (rowid, values) in (1..).zip(rows) {
        sink.row(Row { file: "eu.db", rowid: Some(rowid), values })?;
    }
    let misfits = sink.misfits();
    assert!(sink.misfits().is_empty(), "each is told once");
    let loaded = sink.finish()?;
    assert_eq!(loaded.digest, digest_of(client, "t", columns), "what came back");
    assert_eq!(loaded.digest, dry, "what would be sent");
    Ok((loaded, misfits))
}

#[test]
fn every_policy_does_what_it_says() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "misfits");
    let c = &mut client;
    let table = "create table t (id int not null, n int, d date not null, j jsonb, s text)";
    c.batch_execute(table).unwrap();
    let columns = [
        column("id", OnMisfit::Reject),
        column("n", OnMisfit::SetNull),
        column("d", default("1970-01-01")),
        column("j", default("{}")),
        column("s", OnMisfit::Reject),
    ];
    let good = Text(b"2024-02-29");
    let rows = [
        vec![Integer(1), Integer(7), good, Text(b"[1]"), Text(b"fine")],
        vec![Integer(2), Text(b"n/a"), good, Text(b"[1]"), Null],
        vec![Integer(3), Integer(7), Text(b"0000-00-00"), Text(b"{broken"), Null],
        vec![Integer(4), Null, Null, Text(b"\"\\u0000\""), Null],
        vec![Null, Text(b"n/a"), good, Null, Null],
        vec![Integer(6), Text(b"x"), good, Null, Text(b"\xff\xfe")],
        vec![Integer(7), Integer(i64::MAX), good, Null, Text(b"a\0b")],
    ];
    let (loaded, misfits) = load(c, &columns, &rows).unwrap();
    assert_eq!(loaded.digest.rows, 4);
    let shown = "select concat_ws('|', id, coalesce(n::text, '-'), d, coalesce(j::text, '-'), s) from t order by id";
    let expected =
        ["1|7|2024-02-29|[1]|fine", "2|-|2024-02-29|[1]", "3|7|1970-01-01|{}", "4|-|1970-01-01|{}"];
    assert_eq!(texts(c, shown), expected.map(|row| Some(row.to_owned())));
    let told: Vec<_> =
        misfits.iter().map(|m| (m.row.as_str(), m.column.as_str(), m.fate)).collect();
    let expected = [
        ("rowid 2", "n", Fate::SetNull),
        ("rowid 3", "d", Fate::Default),
        ("rowid 3", "j", Fate::Default),
        ("rowid 4", "d", Fate::Default),
        ("rowid 4", "j", Fate::Default),
        ("rowid 5", "id", Fate::Rejected),
        ("rowid 6", "s", Fate::Rejected),
        ("rowid 7", "s", Fate::Rejected),
    ];
    assert_eq!(told, expected, "a rejected row has one reason, and nothing was replaced in it");
    assert_eq!(misfits[0].value, "the text `n/a`");
    assert_eq!((misfits[0].file.as_str(), misfits[0].type_name.as_str()), ("eu.db", "integer"));
    assert!(
        misfits[0].reason.contains("not the text of a 64-bit integer"),
        "{}",
        misfits[0].reason
    );
}

#[test]
fn a_row_without_a_rowid_is_counted_among_all_that_were_read() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "places");
    client.batch_execute("create table t (n int)").unwrap();
    let columns = [column("n", OnMisfit::Reject)];
    let mut sink = copy::load(&mut client, "t", &columns).unwrap();
    for value in [Integer(1), Text(b"x"), Integer(2), Blob(b"y")] {
        sink.row(Row { file: "f", rowid: None, values: &[value] }).unwrap();
    }
    let rows: Vec<String> = sink.misfits().into_iter().map(|misfit| misfit.row).collect();
    assert_eq!(rows, ["row 2 of the scan", "row 4 of the scan"]);
    assert_eq!(sink.finish().unwrap().digest.rows, 2);
}

#[test]
fn a_policy_that_cannot_be_kept_is_known_before_a_row_is_read() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "policies");
    let c = &mut client;
    c.batch_execute("create table t (n int not null, d date)").unwrap();
    let refused =
        |c: &mut Client, columns: &[LoadInto]| copy::digest_sink(c, "t", columns).err().unwrap();
    let error = refused(c, &[column("n", OnMisfit::SetNull)]);
    assert!(error.message.contains("`n` is not null"), "{error}");
    let error = refused(c, &[column("n", default("none")), column("d", default("2023-02-29"))]);
    assert_eq!(error.code, &code::UNSUPPORTED_TYPE);
    assert!(error.message.contains("`none`") && error.message.contains("`2023-02-29`"), "{error}");
}

#[test]
fn the_other_columns_still_stop() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "stops");
    let c = &mut client;
    c.batch_execute("create table t (a int, b int); insert into t values (1, 1)").unwrap();
    let columns = [column("a", OnMisfit::SetNull), column("b", OnMisfit::Stop)];
    let mut sink = copy::load(c, "t", &columns).unwrap();
    sink.row(Row { file: "f", rowid: Some(1), values: &[Text(b"x"), Integer(1)] }).unwrap();
    let error =
        sink.row(Row { file: "f", rowid: Some(2), values: &[Text(b"x"), Text(b"y")] }).unwrap_err();
    assert_eq!(error.code, &code::VALUE_DOES_NOT_FIT);
    assert!(error.message.contains("column `b`"), "{error}");
    assert_eq!(sink.finish().unwrap_err().code, &code::LOAD_FAILED);
    assert_eq!(texts(c, "select b::text from t"), [Some("1".to_owned())]);
}
