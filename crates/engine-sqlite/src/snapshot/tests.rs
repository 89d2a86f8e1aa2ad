use ir::LoadSource::{Query, Table};
use runtime::engine::ScanColumn;

use super::*;

/// Rows as text, `rowid: values`.
struct Lines(Vec<String>);

impl RowSink for Lines {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.0.push(format!("{}:{:?}:{:?}", row.file, row.rowid, row.values));
        Ok(())
    }
}

fn with(sql: &str, test: impl FnOnce(&mut SqliteSnapshot)) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let file = FileParameters {
        file_name: "eu.db".into(),
        file_stem: "eu".into(),
        file_index: 4,
        named: Default::default(),
    };
    test(&mut SqliteSnapshot::open(&path, file).unwrap());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
}

fn scan(
    snapshot: &mut SqliteSnapshot,
    from: LoadSource,
    columns: &[ScanColumn],
    filter: Option<&str>,
) -> Result<Vec<String>> {
    let mut lines = Lines(Vec::new());
    let scan =
        Scan { from, columns: columns.to_vec(), filter: filter.map(str::to_owned), rowids: None };
    let rows = snapshot.scan(&scan, &mut lines)?;
    assert_eq!(rows, lines.0.len() as u64);
    Ok(lines.0)
}

fn column(name: &str) -> ScanColumn {
    ScanColumn::Column(name.to_owned())
}

fn sql(text: &str) -> ScanColumn {
    ScanColumn::Sql(text.to_owned())
}

const SHOP: &str = "CREATE TABLE \"or\"\"ders 🦀\" (id INTEGER PRIMARY KEY, \"to tal\" REAL, note);\
     INSERT INTO \"or\"\"ders 🦀\" VALUES (1, 1.5, 'a'), (9, 2, x'00ff');\
     CREATE VIEW v AS SELECT id AS n, note FROM \"or\"\"ders 🦀\";";

#[test]
fn rows_come_with_rowid_parameters_and_expressions() {
    with(SHOP, |snapshot| {
        let table = || Table("or\"ders 🦀".to_owned());
        let columns = [column("to tal"), sql("note -- why"), sql(":file_stem || :file_index")];
        let rows = scan(snapshot, table(), &columns, Some("id > 1 -- late")).unwrap();
        assert_eq!(rows, ["eu.db:Some(9):[Real(2.0), Blob([0, 255]), Text([101, 117, 52])]"]);
        let query = Query("SELECT count(*) AS n FROM v WHERE :file_name = 'eu.db';".to_owned());
        assert_eq!(
            scan(snapshot, query, &[column("n")], None).unwrap(),
            ["eu.db:None:[Integer(2)]"]
        );
        assert_eq!(scan(snapshot, Table("v".into()), &[], None).unwrap().len(), 2);
    });
}

#[test]
fn columns_and_tables_are_described() {
    with(
        "CREATE TABLE t (a INT, b AS (a + 1), \"C d\" VARCHAR(5)); CREATE VIEW v AS SELECT 1 AS one;",
        |snapshot| {
            let names = |columns: Vec<SourceColumn>| -> Vec<String> {
                columns.into_iter().map(|c| format!("{} {}", c.name, c.declared_type)).collect()
            };
            assert_eq!(
                names(snapshot.columns(&Table("T".into())).unwrap()),
                ["a INT", "C d VARCHAR(5)"]
            );
            let query = Query("SELECT a, count(*) AS n FROM t GROUP BY a".to_owned());
            assert_eq!(names(snapshot.columns(&query).unwrap()), ["a INT", "n "]);
            assert!(snapshot.has_table("V").unwrap() && !snapshot.has_table("w").unwrap());
            let missing = snapshot.columns(&Table("nope".into())).unwrap_err();
            assert_eq!(missing.code.id, "SRC110");
        },
    );
}

#[test]
fn mistakes_in_plan_sql_are_placed_in_the_part_they_stand_in() {
    with(SHOP, |snapshot| {
        let table = || Table("or\"ders 🦀".to_owned());
        let error = scan(snapshot, table(), &[column("id"), sql("id + + FROM")], None).unwrap_err();
        assert_eq!((error.code.id, error.offset), ("SRC111", Some(7)));
        assert_eq!(error.object.as_deref(), Some("expression `id + + FROM` on eu.db"));
        let error = scan(snapshot, table(), &[column("id")], Some("id ==== 1")).unwrap_err();
        assert_eq!((error.object.as_deref(), error.offset), (Some("filter on eu.db"), Some(5)));
        let error = scan(snapshot, table(), &[column("no such")], None).unwrap_err();
        assert!(error.message.contains("no such column"), "{error}");
        let error = snapshot.query("SELECT :other").unwrap_err();
        assert_eq!(error.message, "there is no parameter `:other`");
    });
}

#[test]
fn l1_plan_sql_can_write_nothing_and_reach_no_other_file() {
    with(SHOP, |snapshot| {
        let cases = [
            ("ATTACH 'x.db' AS x", "`ATTACH` is not permitted on a source"),
            ("PRAGMA user_version = 4", "`PRAGMA user_version` is not permitted on a source"),
            (
                "PRAGMA temp_store_directory = '/'",
                "`PRAGMA temp_store_directory` is not permitted on a source",
            ),
            ("BEGIN", "transaction control is not permitted on a source"),
            ("VACUUM INTO 'y.db'", "it writes, and a source is only read"),
            ("DELETE FROM v", "cannot modify v because it is a view"),
            ("CREATE TEMP TABLE x (a)", "it writes, and a source is only read"),
            (
                "SELECT load_extension('x')",
                "the function `load_extension` is not permitted on a source",
            ),
            ("SELECT 1; SELECT 2", "more than one statement stands here"),
        ];
        for (text, message) in cases {
            let error = snapshot.query(text).unwrap_err();
            assert_eq!((error.code.id, error.message.as_str()), ("SRC111", message), "{text}");
        }
    });
}

/// What a load needs is known before the window; a full-text index is read like a table.
#[test]
fn scans_are_proven_without_reading_a_row() {
    with("CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('hello')", |snapshot| {
        let mut prove = |column: &str, filter: &str| {
            let (from, filter) = (Table("f".to_owned()), Some(filter.to_owned()));
            snapshot.prove(&Scan { from, columns: vec![sql(column)], filter, rowids: None })
        };
        assert_eq!(prove("upper(x)", "x <> :file_stem"), Ok(()));
        for (column, filter) in
            [("y", "1"), ("x", "no = 1"), ("x", "1; DROP TABLE f"), (":no", "1")]
        {
            assert_eq!(prove(column, filter).unwrap_err().code.id, "SRC111", "{column} {filter}");
        }
        let rows = scan(snapshot, Table("f".to_owned()), &[column("x")], None).unwrap();
        assert_eq!(rows.len(), 1);
    });
}
