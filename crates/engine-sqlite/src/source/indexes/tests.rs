//! The oracle is SQLite's own `integrity_check` of the same database.

use proptest::prelude::*;

use super::*;

/// `false`: SQLite finds something wrong.
fn sqlite_says(conn: &Connection) -> bool {
    let first: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    first == "ok"
}

fn database(sql: &str) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(sql).unwrap();
    conn
}

const ROWS: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO t SELECT i * 7 % 501, i % 50, 'b' || i FROM n;
    INSERT INTO t VALUES (1001, NULL, NULL), (1002, 1.5, 'x'), (1003, x'00', ''), (1004, 'text', 'B'), (1005, 5, 'C');";

/// The schema says something else of an index than it was made from.
fn rewritten(index: &str, as_if: &str) -> Connection {
    let conn = database(&format!("{ROWS} {index};"));
    conn.execute_batch(&format!(
        "PRAGMA writable_schema = on;
         UPDATE sqlite_schema SET sql = '{as_if}' WHERE name = 'i';
         PRAGMA writable_schema = reset;"
    ))
    .unwrap();
    conn
}

#[test]
fn sound_indexes_are_cleared() {
    for index in [
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX i ON t (a DESC, b)",
        "CREATE INDEX i ON t (b, a DESC, id)",
        "CREATE UNIQUE INDEX i ON t (a, b)",
        "CREATE UNIQUE INDEX i ON t (b)",
    ] {
        let conn = database(&format!("{ROWS} {index};"));
        assert!(sqlite_says(&conn));
        assert_eq!(suspects(&conn).unwrap(), Vec::<String>::new(), "{index}");
    }
}

#[test]
fn what_is_not_known_here_is_for_sqlite() {
    for sql in [
        "CREATE INDEX i ON t (a) WHERE a > 5",
        "CREATE INDEX i ON t (abs(a))",
        "CREATE INDEX i ON t (b COLLATE NOCASE)",
        "CREATE INDEX i ON t (b); INSERT INTO t VALUES (2000, 1, hex(zeroblob(700000)))",
    ] {
        let conn = database(&format!("{ROWS} {sql};"));
        assert!(sqlite_says(&conn));
        assert_eq!(suspects(&conn).unwrap(), ["t"], "{sql}");
    }
    let conn = database(
        "CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID; CREATE VIRTUAL TABLE f USING fts5 (x)",
    );
    let found = suspects(&conn).unwrap();
    assert!(found.contains(&"w".to_owned()) && found.contains(&"f".to_owned()), "{found:?}");
    let conn =
        database("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a); CREATE INDEX i ON t (a)");
    assert_eq!(suspects(&conn).unwrap(), ["t"]);
}

#[test]
fn what_sqlite_finds_wrong_is_never_cleared() {
    for (index, as_if) in [
        // Other columns, another order, rows that are missing or too many, values that are alike.
        ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (b)"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a DESC)"),
        ("CREATE INDEX i ON t (a) WHERE a > 5", "CREATE INDEX i ON t (a)"),
        ("CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)"),
        ("CREATE INDEX i ON t (a, b)", "CREATE INDEX i ON t (b, a)"),
        ("CREATE INDEX i ON t (b COLLATE NOCASE)", "CREATE INDEX i ON t (b)"),
    ] {
        let conn = rewritten(index, as_if);
        assert!(!sqlite_says(&conn), "{index} as {as_if}");
        assert_eq!(suspects(&conn).unwrap(), ["t"], "{index} as {as_if}");
    }
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("NULL".to_owned()),
        any::<i64>().prop_map(|value| format!("CAST('{value}' AS INTEGER)")),
        (-3_i64..3).prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("a number", |value| value.is_finite())
            .prop_map(|v| format!("{v:e}")),
        (-3_i32..3).prop_map(|value| format!("{value}.5")),
        Just("9223372036854775807".to_owned()),
        Just("9.223372036854775807e18".to_owned()),
        Just("-9.3e18".to_owned()),
        "[a-cA-C]{0,3}".prop_map(|text| format!("'{text}'")),
        "[0-9a-f]{2}".prop_map(|hex| format!("x'{hex}'")),
    ]
}

proptest! {
    /// The order of values is SQLite's.
    #[test]
    fn values_stand_as_sqlite_has_them(a in values(), b in values()) {
        let conn = Connection::open_in_memory().unwrap();
        let sorted = format!("SELECT first FROM (SELECT {a} AS v, 1 AS first UNION ALL SELECT {b}, 0) ORDER BY v, first");
        let b_first: bool = conn.query_row(&sorted, [], |row| row.get::<_, i64>(0)).unwrap() == 0;
        // Of two that are alike the one with 0 comes first.
        let found = conn.query_row(&format!("SELECT {a}, {b}"), [], |row| {
            Ok(compare(canonical::value(row.get_ref(0)?), canonical::value(row.get_ref(1)?)))
        }).unwrap();
        prop_assert_eq!(found != Ordering::Less, b_first, "{} and {}", a, b);
    }

    /// Any rows, any index: cleared, for SQLite finds nothing wrong.
    #[test]
    fn any_rows_are_cleared(rows in proptest::collection::vec((values(), values()), 1..30), down: bool) {
        let list: Vec<_> = rows.iter().map(|(a, b)| format!("({a}, {b})")).collect();
        let order = if down { "DESC" } else { "" };
        let conn = database(&format!(
            "CREATE TABLE t (a, b REAL); INSERT INTO t VALUES {};
             CREATE INDEX i ON t (a {order}, b)", list.join(", ")
        ));
        prop_assert!(sqlite_says(&conn));
        prop_assert_eq!(suspects(&conn).unwrap(), Vec::<String>::new());
    }
}
