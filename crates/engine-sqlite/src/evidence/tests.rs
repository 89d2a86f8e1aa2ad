use std::path::Path;

use proposal::Candidate;
use proposal::evidence::{Constant, ElementKey, Table};

use super::*;

/// Takes integers alone for a type.
struct Integers(Tally);

impl Judge for Integers {
    fn see(&mut self, rowid: Option<i64>, value: Value<'_>) {
        if !matches!(value, Value::Integer(_)) && !self.0.is_out() {
            self.0.misfit(rowid, || "no integer".to_owned());
        }
    }

    fn verdict(&self) -> Vec<Fit> {
        vec![self.0.fit()]
    }
}

fn of(sql: &str) -> Result<Database> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    // Real databases were filled with foreign keys off, as SQLite comes.
    let sql = format!("PRAGMA foreign_keys = off; {sql}");
    Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    of_file(&path)
}

fn of_file(path: &Path) -> Result<Database> {
    read(path, "a.db", &|_| Box::new(Integers(Tally::new(Candidate::Bigint))))
}

fn one(sql: &str) -> Table {
    of(sql).unwrap().tables.remove(0)
}

#[test]
fn values_are_counted_by_kind_and_judged_with_their_place() {
    let table = one("CREATE TABLE t (a, b TEXT DEFAULT 'x'); INSERT INTO t VALUES
        (1, NULL), (-5, '2020-01-01T10:00:00Z'), (2.5, ' [1]'), (x'00', char(0) || 'ä'), ('z', 1)");
    assert_eq!(table.rows, 5);
    let a = &table.columns[0].values;
    assert_eq!((a.integers, a.least, a.greatest, a.reals, a.texts, a.blobs), (2, -5, 1, 1, 1, 1));
    assert_eq!((a.fits[0].misfits, a.fits[0].first.as_ref().unwrap().rowid), (3, Some(3)));
    let b = &table.columns[1].values;
    assert_eq!((b.nulls, b.texts, b.offsets, b.documents, b.not_text), (1, 4, 1, 1, 1));
    let default = table.columns[1].default.as_ref().unwrap();
    assert_eq!(default.value, Some(Constant::Text("x".to_owned())));
    assert_eq!(default.fits[0].misfits, 1);
}

#[test]
fn keys_constraints_and_indexes_are_the_schemas() {
    let table = one("CREATE TABLE child (
          id INTEGER PRIMARY KEY, p INT REFERENCES Parent(k) ON DELETE CASCADE, n TEXT COLLATE NOCASE,
          at TEXT DEFAULT CURRENT_TIMESTAMP, g AS (n || 'x') STORED,
          CONSTRAINT c CHECK (p > 0), UNIQUE (p, n), FOREIGN KEY (n) REFERENCES parent(m) DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE parent (k INT UNIQUE, m TEXT UNIQUE);
        CREATE INDEX i ON child (p DESC, lower(n), n COLLATE RTRIM) WHERE p > 1;
        INSERT INTO child (p, n) VALUES (1, 'a'), (2, 'b'); INSERT INTO parent VALUES (1, 'zz')");
    assert_eq!(
        (table.rowid.as_deref(), table.primary_key.as_slice()),
        (Some("id"), &["id".to_owned()][..])
    );
    assert_eq!(table.columns[2].collation.as_deref(), Some("nocase"));
    assert_eq!(table.columns[3].default.as_ref().unwrap().value, None);
    assert_eq!(table.columns[4].generated.as_ref().unwrap().expression, "n || 'x'");
    assert_eq!(table.uniques[0].columns, ["p", "n"]);
    assert_eq!(
        (table.checks[0].name.as_deref(), table.checks[0].expression.as_str()),
        (Some("c"), "p > 0")
    );
    let keys = &table.foreign_keys;
    assert_eq!(
        (keys[0].on_delete.as_deref(), keys[0].orphans, keys[0].deferrable),
        (Some("cascade"), 1, false)
    );
    assert_eq!((keys[1].table.as_str(), keys[1].orphans, keys[1].deferrable), ("parent", 2, true));
    let index = &table.indexes[0];
    assert_eq!(index.predicate.as_deref(), Some("p > 1"));
    assert!(index.elements[0].descending);
    assert_eq!(index.elements[1].key, ElementKey::Expression("lower(n)".to_owned()));
    assert_eq!(index.elements[2].collation.as_deref(), Some("rtrim"));
}

#[test]
fn a_number_for_each_row_is_only_given_by_the_rowid() {
    let cases = [
        ("id INTEGER PRIMARY KEY", "", Some("id")),
        ("id INTEGER PRIMARY KEY AUTOINCREMENT", "", Some("id")),
        ("id INT PRIMARY KEY", "", None),
        ("id INTEGER PRIMARY KEY DESC", "", None),
        ("id INTEGER PRIMARY KEY", "WITHOUT ROWID", None),
    ];
    for (column, options, rowid) in cases {
        let table = one(&format!("CREATE TABLE t ({column}) {options}"));
        assert_eq!(table.rowid.as_deref(), rowid, "{column} {options}");
    }
}

#[test]
fn a_database_without_tables_says_what_it_has() {
    let of = |sql: &str| {
        let error = of(sql).unwrap_err();
        assert_eq!(error.code.id, code::SOURCE_EMPTY.id);
        error.message
    };
    assert_eq!(of("PRAGMA user_version = 1"), "the database has no tables");
    assert!(of("CREATE VIEW v AS SELECT 1").contains("only the view `v`"));
    assert!(of("CREATE VIRTUAL TABLE f USING fts5(x)").contains("only the virtual table `f`"));
}

#[test]
fn files_that_are_no_database_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        of_file(&path).unwrap_err().code.id
    };
    assert_eq!(put("empty", b""), code::SOURCE_EMPTY.id);
    assert_eq!(put("text", &[b'x'; 4096]), code::SOURCE_NOT_SQLITE.id);
    assert_eq!(of_file(&folder.path().join("none")).unwrap_err().code.id, code::SOURCE_MISSING.id);
}
