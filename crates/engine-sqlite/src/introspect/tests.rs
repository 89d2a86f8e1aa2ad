use std::fmt::Write as _;

use catalog::{DiffOptions, Home, Normaliser, Script, ScriptStatement, diff};

use super::*;
use crate::SqliteNormaliser;

fn catalog_of(sql: &str) -> Catalog {
    let statement = ScriptStatement { sql: sql.to_owned(), roles: Vec::new() };
    let script = Script { home: Home::Unqualified, statements: vec![statement] };
    let normalised = SqliteNormaliser::new().normalise(&script).unwrap();
    assert_eq!(normalised.errors, [], "{sql}");
    normalised.catalog
}

/// One line per object.
fn lines(sql: &str) -> String {
    let mut out = String::new();
    for (key, object) in catalog_of(sql).objects {
        let properties: Vec<_> =
            object.properties.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let mark = if object.generated_name { " *" } else { "" };
        writeln!(out, "{key}{mark}: {}", properties.join("; ")).unwrap();
    }
    out
}

#[test]
fn every_kind_of_object_is_read() {
    let sql = "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, n TEXT NOT NULL COLLATE nocase UNIQUE);
        CREATE TABLE c (a INT, b REAL DEFAULT (1 + 1) CHECK (b > 0), \"Q\" VARCHAR (5) DEFAULT 'x''Y',
            g INT GENERATED ALWAYS AS (a + 1) STORED, p_id INT REFERENCES p ON DELETE CASCADE,
            CONSTRAINT c_pk PRIMARY KEY (a, b), CONSTRAINT up FOREIGN KEY (p_id) REFERENCES p (id)
            ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX i ON c (lower(\"Q\"), b DESC, a ASC) WHERE a IS NOT NULL;
        CREATE VIEW v (x) AS SELECT a FROM c;
        CREATE TRIGGER tr AFTER INSERT ON p BEGIN UPDATE p SET n = 'A'; DELETE FROM c; END;
        CREATE VIRTUAL TABLE f USING fts5(body, tokenize = 'porter');
        PRAGMA user_version = 7;"
        .replace("VARCHAR (5)", "TEXT");
    assert_eq!(
        lines(&sql),
        "\
database : user version=7
table c: columns=a, b, \"Q\", g, p_id; options=strict, without rowid
table p: columns=id, n
virtual table f: definition=fts5 (body, tokenize = 'porter')
column c.Q: data type=text; default='x''Y'
column c.a: data type=int; not null=yes
column c.b: data type=real; default=1 + 1; not null=yes
column c.g: data type=int; generated=a + 1; generated kind=stored
column c.p_id: data type=int
column p.id: data type=integer
column p.n: collation=nocase; data type=text; not null=yes
constraint c_b_check on c *: definition=check (b > 0); type=check
constraint c_p_id_fkey on c *: columns=p_id; definition=foreign key (p_id) references p (id) on delete cascade; references=p; type=foreign key
constraint c_pk on c: columns=a, b; definition=primary key (a, b); type=primary key
constraint up on c: columns=p_id; definition=foreign key (p_id) references p (id) deferrable initially deferred; references=p; type=foreign key
constraint p_n_key on p *: columns=n; definition=unique (n); type=unique
constraint p_pkey on p *: columns=id; definition=primary key (id) autoincrement; type=primary key
index i on c: columns=b, a; definition=(lower (\"q\"), b desc, a) where a is not null; predicate=a is not null; unique=yes
view v: definition=(x) as select a from c
trigger tr on p: definition=after insert on p begin update p set n = 'A'; delete from c; end
"
        .replace("lower (\"q\")", "lower (q)")
        .replace("'A'; delete from c;", "'A' ; delete from c ;")
    );
}

#[test]
fn white_space_case_and_quotes_make_no_difference() {
    let a = "CREATE TABLE t (id INTEGER PRIMARY KEY, total REAL CHECK (total >= 0), p INT REFERENCES t);
             CREATE INDEX i ON t (total) WHERE total > 1; CREATE VIEW v AS SELECT id FROM t";
    let b = "create table [t] (`id` integer /* key */ primary key,\n \"total\" real check(TOTAL>=0),
             p int references T(ID) on delete no action);
             create index I on \"t\"(\"Total\" asc) where TOTAL>1; create view V as\n select ID from t";
    let (a, b) =
        (catalog_of(a), catalog_of(&b.replace("index I", "index i").replace("view V", "view v")));
    let differences: Vec<_> =
        diff(&a, &b, &DiffOptions::default()).iter().map(ToString::to_string).collect();
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn every_change_of_meaning_is_a_difference() {
    let base = "CREATE TABLE p (a INT PRIMARY KEY, b TEXT DEFAULT 'x' CHECK (b <> ''), c INT REFERENCES p (a));
                CREATE INDEX i ON p (b)";
    let changes = [
        ("DEFAULT 'x'", "DEFAULT 'X'"),
        ("b <> ''", "b <> 'y'"),
        ("TEXT", "TEXT COLLATE NOCASE"),
        ("TEXT", "TEXT NOT NULL"),
        ("TEXT", "VARCHAR"),
        ("(a))", "(a) ON DELETE CASCADE)"),
        ("(a))", "(a) DEFERRABLE INITIALLY DEFERRED)"),
        ("INDEX i ON p (b)", "UNIQUE INDEX i ON p (b)"),
        ("i ON p (b)", "i ON p (b DESC)"),
        ("i ON p (b)", "i ON p (b) WHERE b > 'a'"),
        ("INT PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("PRIMARY KEY", "PRIMARY KEY ON CONFLICT IGNORE"),
        ("(a));", "(a)) STRICT;"),
        ("(a));", "(a)) WITHOUT ROWID;"),
    ];
    for (from, to) in changes {
        let changed = base.replacen(from, to, 1);
        assert_ne!(changed, base);
        let found = diff(&catalog_of(base), &catalog_of(&changed), &DiffOptions::default());
        assert!(!found.is_empty(), "{to}");
    }
}

#[test]
fn refused_statements_are_reported_and_the_others_applied() {
    let statement = |sql: &str| ScriptStatement { sql: sql.to_owned(), roles: vec!["app".into()] };
    let script = Script {
        home: Home::Unqualified,
        statements: vec![
            statement("CREATE TABLE \"cutover home\".a (x)"),
            statement("CREATE TABLE b (x, CONSTRAINT)"),
            statement("CREATE INDEX i ON nowhere (x)"),
            statement("CREATE TABLE c (x)"),
        ],
    };
    let normalised = SqliteNormaliser::new().normalise(&script).unwrap();
    let tables: Vec<_> =
        normalised.catalog.of_kind(Kind::Table).map(|(k, _)| k.name.as_str()).collect();
    assert_eq!(tables, ["a", "c"]);
    let errors: Vec<_> =
        normalised.errors.iter().map(|e| (e.statement, e.message.as_str(), e.offset)).collect();
    assert_eq!(
        errors,
        [(1, "near \")\": syntax error", Some(29)), (2, "no such table: main.nowhere", None)]
    );
}
