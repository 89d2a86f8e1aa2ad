use super::*;

const TABLE: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, total REAL, day DATETIME, name TEXT, any);";

fn into(columns: &[(&str, Option<ir::Conversion>)]) -> Vec<LoadInto> {
    let into = |(column, conversion): &(&str, _)| LoadInto {
        column: (*column).to_owned(),
        conversion: *conversion,
        on_misfit: ir::OnMisfit::Stop,
    };
    columns.iter().map(into).collect()
}

/// Loads the rows; the digest of what was sent must be that of what is there.
fn load(conn: &Connection, columns: &[LoadInto], rows: &[&[Value<'_>]]) -> Result<RowDigest> {
    let mut loader = Box::new(Loader::begin(conn, "t", columns)?);
    for (index, values) in rows.iter().enumerate() {
        loader.row(Row { file: "eu.db", rowid: Some(index as i64), values })?;
    }
    let loaded = loader.finish()?;
    assert_eq!(row_digest(conn, "t", columns).unwrap(), loaded.digest);
    let mut again = Box::new(Loader::digesting(conn, "t", columns)?);
    for values in rows {
        again.row(Row { file: "eu.db", rowid: None, values })?;
    }
    assert_eq!(again.finish().unwrap().digest, loaded.digest);
    Ok(loaded.digest)
}

fn database(sql: &str) -> Connection {
    let conn = connect::in_memory().unwrap();
    conn.execute_batch(sql).unwrap();
    conn
}

#[test]
fn l5_what_was_sent_is_what_is_there_for_every_type() {
    use Value::{Blob, Integer, Null, Real, Text};
    let conn = database(TABLE);
    let columns =
        into(&[("id", None), ("total", None), ("day", None), ("name", None), ("ANY", None)]);
    let rows: [&[Value<'_>]; 3] = [
        &[Integer(1), Integer(2), Text(b"2026-11-21"), Text(b"a\xff\0b"), Blob(b"\0\xff")],
        &[Text(b"2"), Text(b"1.50"), Integer(20), Integer(12), Text(b"007")],
        &[Real(3.0), Null, Real(2.0), Real(0.1), Real(-0.0)],
    ];
    assert_eq!(load(&conn, &columns, &rows).unwrap().rows, 3);
    assert_eq!(load(&conn, &columns, &rows[..1]).unwrap().rows, 1, "the table is emptied first");
}

#[test]
fn a_loss_names_file_row_and_column_but_no_value() {
    let conn = database(TABLE);
    let error = load(&conn, &into(&[("total", None)]), &[&[Value::Text(b"007")]]).unwrap_err();
    assert_eq!(error.code.id, "RUN812");
    assert_eq!(
        error.to_string(),
        "eu.db, rowid 0, column total of table t: text of 3 bytes would be changed by the column's type"
    );
    assert!(conn.is_autocommit());
}

#[test]
fn a_refused_row_ends_the_load_and_nothing_stays() {
    let cases = [
        (
            "CREATE TABLE t (a INTEGER) STRICT",
            &b"x"[..],
            "RUN812",
            "text of 1 byte is not of the type INTEGER",
        ),
        (
            "CREATE TABLE t (a TEXT CHECK (a <> 'x'))",
            b"x",
            "RUN812",
            "CHECK constraint failed: a <> 'x'",
        ),
        ("CREATE TABLE t (a TEXT UNIQUE)", b"first", "RUN811", "UNIQUE constraint failed: t.a"),
        (
            "CREATE TABLE t (a TEXT UNIQUE ON CONFLICT IGNORE)",
            b"first",
            "RUN811",
            "the table's `ON CONFLICT` clause drops the row",
        ),
    ];
    for (sql, value, id, message) in cases {
        let conn = database(sql);
        let first = if sql.contains("STRICT") { Value::Integer(1) } else { Value::Text(b"first") };
        let error =
            load(&conn, &into(&[("a", None)]), &[&[first], &[Value::Text(value)]]).unwrap_err();
        assert_eq!((error.code.id, error.message.as_str()), (id, message));
        assert_eq!(connect::count(&conn, "SELECT count(*) FROM t", []), Ok(0));
    }
}

#[test]
fn conversions_are_applied_or_refused_before_the_first_row() {
    let conn = database(TABLE);
    let seconds = Some(ir::Conversion::UnixSeconds);
    load(&conn, &into(&[("day", seconds)]), &[&[Value::Integer(0)]]).unwrap();
    let day: String = conn.query_row("SELECT day FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(day, "1970-01-01 00:00:00");
    let both = into(&[("id", seconds), ("any", Some(ir::Conversion::JsonArray))]);
    let error = load(&conn, &both, &[]).unwrap_err();
    assert_eq!(error.code.id, "RUN813");
    assert!(error.message.contains("column `id`") && error.message.contains("column `any`"));
}
