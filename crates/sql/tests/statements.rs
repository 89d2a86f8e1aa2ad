//! Small texts and what becomes of them.

use diagnostics::{SourceText, Sources, Span};
use proptest::prelude::*;
use sql::{Class, Dialect, Statement, TokenKind, create_table, split};

fn source(text: &str) -> (SourceText, Sources) {
    let mut sources = Sources::default();
    let id = sources.add("a.sql", text);
    (SourceText::verbatim(text, Span::new(id, 0..text.len())), sources)
}

fn statements(text: &str, dialect: Dialect) -> Vec<Statement> {
    let (statements, findings) = split(&source(text).0, dialect);
    assert_eq!(findings, [], "{text}");
    statements
}

fn texts(text: &str, dialect: Dialect) -> Vec<String> {
    statements(text, dialect).into_iter().map(|statement| statement.text.text).collect()
}

fn one(text: &str) -> Statement {
    let mut all = statements(text, Dialect::Postgres);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

#[test]
fn semicolons_in_other_places_end_nothing() {
    let whole = [
        "select ';', E'\\';', \";\", $$;$$, $a$ ; $$ ; $a$, /* ; /* ; */ ; */ -- ;\n a$b$c",
        "create function f() returns int begin atomic select 1; select case when a then b end; end",
        "create or replace procedure p() language sql begin atomic insert into a values (1); end",
        "create rule r as on insert to a do also (insert into b values (1); insert into c values (2))",
        "select U&'\\0441;', N';', B'01', x'1F', $1, 1.5e3, a->>'b;'",
    ];
    for text in whole {
        assert_eq!(texts(&format!("{text}; select 2"), Dialect::Postgres), [text, "select 2"]);
    }
    let trigger =
        "create temp trigger if not exists g after update on t when case 1 when 1 then 2 end
        begin update t set a = case when 1 then 2 else 3 end; select ';'; end";
    assert_eq!(texts(&format!("{trigger};select 2;"), Dialect::Sqlite), [trigger, "select 2"]);
    assert_eq!(
        texts("select [;], `;`; select 2", Dialect::Sqlite),
        ["select [;], `;`", "select 2"]
    );
    assert_eq!(texts("select 1 /* open", Dialect::Sqlite), ["select 1"]);
    assert_eq!(texts(" ;; -- nothing\n;", Dialect::Postgres), [""; 0]);
}

#[test]
fn psql_lines_and_copy_data_are_statements() {
    let text = "\\restrict abc'd\n-- c\ncopy t (a) from stdin with (format csv);\nit's\t;\n\\N\n\\.\n\nselect 1;\n\\unrestrict abc\n";
    let all = statements(text, Dialect::Postgres);
    let found: Vec<_> = all.iter().map(|s| s.text.text.as_str()).collect();
    assert_eq!(
        found,
        [
            "\\restrict abc'd",
            "copy t (a) from stdin with (format csv);\nit's\t;\n\\N\n\\.",
            "select 1",
            "\\unrestrict abc"
        ]
    );
    assert_eq!(all[0].class, Class::PsqlMeta { command: "restrict".to_owned() });
    assert!(matches!(&all[1].class, Class::Copy { table: Some(name) } if name.name == "t"));
    assert_eq!(all[1].comments.as_ref().map(|c| c.text.as_str()), Some("-- c"));
}

/// The findings as `line:column message`, and the statements that are left.
fn broken(text: &str, dialect: Dialect) -> (Vec<String>, Vec<String>) {
    let (text, sources) = source(text);
    let (statements, findings) = split(&text, dialect);
    let place = |finding: &diagnostics::Diagnostic| {
        assert_eq!(finding.code.id, "CAT301");
        let at = sources.position(finding.span().expect("a finding has a place"));
        format!("{}:{} {}", at.line, at.column, finding.message)
    };
    let left = statements.into_iter().map(|statement| statement.text.text).collect();
    (findings.iter().map(place).collect(), left)
}

#[test]
fn a_broken_statement_is_found_at_its_place_and_hides_no_other() {
    let cases = [
        (
            "select 1;\ncreate table a (b text default 'oops);\ncreate table c (d text default 'x');\nselect 'y';",
            "2:32 a string is not closed",
            &["select 1", "create table c (d text default 'x')", "select 'y'"][..],
        ),
        (
            "create function f() returns int as $$ begin; end;\ncreate table c (a int);",
            "1:36 a dollar-quoted text is not closed",
            &["create table c (a int)"],
        ),
        ("select 1; /* open\nselect 2;", "1:11 a comment is not closed", &["select 1"]),
        ("select \"a;\nselect 2", "1:8 a quoted name is not closed", &["select 2"]),
        (
            "create table a (b int;\ncreate table c (d int);",
            "1:16 a parenthesis is not closed in its statement",
            &["create table c (d int)"],
        ),
        ("select 1);\nselect 2;", "1:9 a parenthesis closes none", &["select 2"]),
        ("copy a from stdin;\n1\n", "1:1 the data of `COPY … FROM stdin` has no end", &[]),
        (
            "create function f() returns int begin atomic select 1;\nselect 2;",
            "1:1 the body of the statement has no `END`",
            &["select 2"],
        ),
    ];
    for (text, finding, left) in cases {
        let (findings, statements) = broken(text, Dialect::Postgres);
        assert_eq!(findings, [finding], "{text}");
        assert_eq!(statements, left, "{text}");
    }
}

#[test]
fn names_are_found_at_their_places() {
    let cases = [
        ("create unlogged table if not exists Shop.\"Orders\" (a int)", "Shop.\"Orders\""),
        ("create unique index concurrently i on only t (a)", "i"),
        ("alter table only a.b add constraint c check (true)", "a.b"),
        ("comment on column a.b.c is 'x'", "a.b.c"),
        ("create function f(a int) returns int language sql as 'select 1'", "f"),
        ("select setval('a.b_seq', 1, true)", "'a.b_seq'"),
    ];
    for (text, name) in cases {
        let (source, sources) = source(text);
        let statement = split(&source, Dialect::Postgres).0.remove(0);
        assert_eq!(sources.snippet(statement.name_span()), name);
    }
}

#[test]
fn functions_are_identified_by_their_types() {
    let cases = [
        ("f()", ""),
        ("f(a int4, b varchar(20) default 'x', out c text)", "integer, character varying(20)"),
        (
            "f(double precision, inout x timestamptz[], variadic y text[])",
            "double precision, timestamp with time zone[], VARIADIC text[]",
        ),
        (
            "f(a public.mood, timestamp without time zone)",
            "public.mood, timestamp without time zone",
        ),
    ];
    for (signature, types) in cases {
        let text = format!("create function {signature} returns int language sql as ''");
        match one(&text).class {
            Class::CreateFunction { arguments, .. } => assert_eq!(arguments, types),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn roles_are_those_that_must_exist() {
    let cases = [
        ("grant select, update (a) on t to app, \"Admin\", public with grant option", "Admin app"),
        ("revoke all on all tables in schema s from old", "old"),
        ("grant writer to app", "app writer"),
        ("alter table t owner to boss", "boss"),
        ("alter function f(int) owner to current_user", ""),
        ("create policy p on t for select to app, public using (true)", "app"),
        ("alter default privileges for role a in schema s grant select on tables to b", "a b"),
        ("create schema s authorization boss", "boss"),
    ];
    for (text, roles) in cases {
        assert_eq!(sql::roles(&one(text)).join(" "), roles, "{text}");
    }
}

#[test]
fn a_schema_is_taken_out_where_it_qualifies() {
    let cases = [
        (
            "create table public.a (b public.t references \"public\".c)",
            "create table a (b t references c)",
        ),
        (
            "alter table only public.a alter b set default nextval('public.s'::regclass)",
            "alter table only a alter b set default nextval('s'::regclass)",
        ),
        (
            "create view v as select 'public.a', public.f($$public.b$$) from public.t",
            "create view v as select 'public.a', f($$public.b$$) from t",
        ),
        (
            "create view v as select public.x from other as public",
            "create view v as select public.x from other as public",
        ),
        (
            "create index i on public.t using gin (a public.gin_trgm_ops)",
            "create index i on t using gin (a gin_trgm_ops)",
        ),
        ("select a operator(public.=) b -- public.c", "select a operator(=) b"),
        ("create view v as select 1 from\"public\".t", "create view v as select 1 from t"),
        ("create view v as select \"a\"public.\"b\"", "create view v as select \"a\" \"b\""),
        ("alter schema public owner to public", "alter schema public owner to public"),
        ("grant usage on schema public to public", "grant usage on schema public to public"),
        (
            "create trigger g before insert on a.t for each row execute function public.f('public.x')",
            "create trigger g before insert on a.t for each row execute function f('public.x')",
        ),
    ];
    for (text, without) in cases {
        let short = sql::without_schema(&one(text), "public");
        assert_eq!(short.text.text, without);
        let read_again = one(without);
        assert_eq!(short.tokens, read_again.tokens, "{without}");
        assert_eq!(format!("{:?}", short.class), format!("{:?}", read_again.class));
    }
}

#[test]
fn positions_survive_taking_a_schema_out() {
    let (source, sources) = source("select 1; create table public.orders (a public.mood)");
    let statement = split(&source, Dialect::Postgres).0.remove(1);
    let short = sql::without_schema(&statement, "public");
    let at = short.text.text.find("mood").unwrap();
    assert_eq!(sources.snippet(short.text.span_of(at..at + 4)), "mood");
}

#[test]
fn identifiers_hint_at_what_is_needed() {
    let statement = one("create view v as select a.b, nextval('s.q'::regclass), 'none' from X.y");
    let names: Vec<_> = sql::identifiers(&statement).iter().map(ToString::to_string).collect();
    for name in ["v", "a", "a.b", "s.q", "x.y"] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    assert!(!names.contains(&"none".to_owned()));
}

/// The table that is left and the constraints taken out of it, as SQL.
fn lifted(text: &str) -> (String, Vec<String>) {
    let statement = one(text);
    let table = create_table::parse(&statement).expect("a CREATE TABLE");
    let lifted = create_table::lift(&statement, &table);
    let constraint = |c: &create_table::LiftedConstraint| {
        format!("{}: {}", c.name.as_deref().unwrap_or("-"), c.definition())
    };
    (lifted.table.text, lifted.constraints.iter().map(constraint).collect())
}

#[test]
fn keys_are_lifted_out_of_a_table() {
    let cases = [
        (
            "create table t (id int primary key, c int not null constraint fk references x(y) on delete cascade deferrable, d text default 'a,b' unique nulls not distinct)",
            "create table t (id int, c int not null, d text default 'a,b')",
            &[
                "-: primary key (id)",
                "fk: FOREIGN KEY (c) references x(y) on delete cascade deferrable",
                "-: unique nulls not distinct (d)",
            ][..],
        ),
        (
            "create table t (primary key (a), a int, constraint u unique (a, b), b int check (b > 0), foreign key (b) references t (a), exclude using gist (a with =))",
            "create table t (a int, b int check (b > 0))",
            &[
                "-: primary key (a)",
                "u: unique (a, b)",
                "-: foreign key (b) references t (a)",
                "-: exclude using gist (a with =)",
            ],
        ),
        (
            "create table t (\n  \"A b\" int -- a note\n  primary key -- more\n, b int)",
            "create table t (\n  \"A b\" int -- a note\n -- more\n, b int)",
            &["-: primary key (\"A b\")"],
        ),
        (
            "create table t (a int generated always as identity primary key using index tablespace fast, b int references x default 3) partition by range (a)",
            "create table t (a int generated always as identity, b int default 3) partition by range (a)",
            &["-: primary key (a) using index tablespace fast", "-: FOREIGN KEY (b) references x"],
        ),
        ("create table t (like o, unique (a))", "create table t (like o)", &["-: unique (a)"]),
        (
            "create table t (unique (a)) inherits (o)",
            "create table t () inherits (o)",
            &["-: unique (a)"],
        ),
    ];
    for (text, table, constraints) in cases {
        assert_eq!(
            lifted(text),
            (table.to_owned(), constraints.iter().map(|c| (*c).to_owned()).collect())
        );
    }
}

#[test]
fn columns_have_types_and_pieces() {
    use create_table::PieceKind::{Check, Collate, Default, Generated, Identity, NotNull, Null};
    let cases: &[(&str, Option<&str>, &[create_table::PieceKind])] = &[
        (
            "a timestamp(3) with time zone default now() not null",
            Some("timestamp(3) with time zone"),
            &[Default, NotNull],
        ),
        ("a text collate \"C\" default null null", Some("text"), &[Collate, Default, Null]),
        (
            "a numeric(10, 2) default case when 1 is not null then 2 end check (a > 0)",
            Some("numeric(10, 2)"),
            &[Default, Check],
        ),
        (
            "a int generated by default as identity (start 5) not null",
            Some("int"),
            &[Identity, NotNull],
        ),
        ("a int generated always as (b + 1) stored", Some("int"), &[Generated]),
        ("a text[] default array[null, 'x'] not null", Some("text[]"), &[Default, NotNull]),
        ("exclude boolean", Some("boolean"), &[]),
    ];
    for (column, data_type, kinds) in cases {
        let table = create_table::parse(&one(&format!("create table t ({column})"))).unwrap();
        let found = &table.columns[0];
        assert_eq!(found.data_type.as_ref().map(|text| text.text.as_str()), *data_type);
        assert_eq!(
            found.pieces.iter().map(|piece| piece.kind).collect::<Vec<_>>(),
            *kinds,
            "{column}"
        );
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[-a-z0-9'\"$();,.:/*\\\\\\[\\]` \nE{}]{0,80}") {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            for statement in split(&source(&text).0, dialect).0 {
                sql::identifiers(&statement);
                sql::without_schema(&statement, "a");
                sql::normal_expression(&statement.text.text, dialect);
            }
        }
    }

    #[test]
    fn table_like_text_makes_nothing_panic(body in "[a-c(),' ]{0,20}", word in "primary key|unique|references|check|default|not null|as|constraint|like|generated|exclude") {
        let text = format!("create table t ({body} {word} {body})");
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            for statement in split(&source(&text).0, dialect).0 {
                if let Some(table) = create_table::parse(&statement) {
                    create_table::lift(&statement, &table);
                }
            }
        }
    }

    #[test]
    fn tokens_cover_all_but_space(words in prop::collection::vec("[a-z]{1,5}|'[a-z;]*'|[0-9]{1,3}|\\(|\\)|,|\\$\\$[a-z]*\\$\\$", 0..20)) {
        let text = words.join(" ");
        let tokens = sql::tokenize(&text, Dialect::Postgres);
        prop_assert_eq!(tokens.iter().map(|token| text[token.range.clone()].to_owned()).collect::<Vec<_>>(), words);
        prop_assert!(tokens.iter().all(|token| token.kind != TokenKind::Operator));
    }
}

/// Each of them is searched to the end of the text, so a text full of them is given up.
#[test]
fn after_many_open_literals_the_rest_is_not_read() {
    let text: String = (0..20_000).map(|at| format!("select $a{at}$ x;\n")).collect();
    let (found, left) = broken(&text, Dialect::Postgres);
    assert_eq!(found.len(), 21);
    assert_eq!(found[19], "20:8 a dollar-quoted text is not closed");
    assert_eq!(found[20], "21:1 the rest of the text is not read");
    assert_eq!(left, Vec::<String>::new());
}
