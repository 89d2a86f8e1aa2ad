//! The same schema said in another way.

use catalog::{Catalog, Kind, properties as p};
use diagnostics::code::STATEMENT_FAILED;
use engine_postgres::connect::Session;
use sql::{Dialect, TokenKind, quote_ident, tokenize};

type Rewrite = (&'static str, String);

fn quote(name: &str) -> String {
    quote_ident(name, Dialect::Postgres)
}

/// Words in capitals, every token on a line of its own; strings and quoted names as they are.
fn reformatted(sql: &str) -> String {
    let mut out = String::new();
    let mut end = 0;
    for token in tokenize(sql, Dialect::Postgres) {
        let written = &sql[token.range.clone()];
        // Tokens without space between them may be one operator or one name.
        out.push_str(if token.range.start > end { "\n /* x */ " } else { "" });
        match token.kind {
            TokenKind::Word => out.push_str(&written.to_uppercase()),
            _ => out.push_str(written),
        }
        end = token.range.end;
    }
    out
}

/// What the server itself says of its objects, said anew.
pub(crate) fn all(session: &mut Session, catalog: &Catalog) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    rewrites.extend(listed(session, "rewrite: index", INDEXES, |row| {
        format!("drop index {}; {}", row[0], reformatted(&row[1]))
    }));
    rewrites.extend(listed(session, "rewrite: constraint", CONSTRAINTS, |row| {
        let definition = reformatted(&row[2]);
        format!(
            "alter table only {0} drop constraint {1}; alter table only {0} add constraint {1} {definition}",
            row[0], row[1]
        )
    }));
    rewrites.extend(listed(session, "rewrite: view", VIEWS, |row| {
        format!("create or replace view {} as {}", row[0], reformatted(&row[1]))
    }));
    rewrites.extend(listed(session, "rewrite: function", FUNCTIONS, |row| row[0].clone()));
    rewrites.extend(listed(session, "rewrite: trigger", TRIGGERS, |row| {
        format!("drop trigger {} on {}; {}", row[0], row[1], reformatted(&row[2]))
    }));
    rewrites.extend(listed(session, "rewrite: default", DEFAULTS, |row| {
        format!("alter table only {} alter column {} set default ({})", row[0], row[1], row[2])
    }));
    rewrites.extend(listed(session, "rewrite: type alias", ALIASES, |row| {
        format!("alter table only {} alter column {} type {}", row[0], row[1], row[2])
    }));
    rewrites.extend(unnamed(catalog));
    rewrites.extend(grants(catalog));
    rewrites
}

fn listed(
    session: &mut Session,
    class: &'static str,
    sql: &str,
    write: impl Fn(&[String]) -> String,
) -> Vec<Rewrite> {
    let rows = session.rows(&STATEMENT_FAILED, sql, &[]).unwrap();
    let texts = rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect::<Vec<_>>());
    texts.map(|row| (class, write(&row))).collect()
}

/// A constraint whose name PostgreSQL would have made, without its name.
fn unnamed(catalog: &Catalog) -> impl Iterator<Item = Rewrite> {
    let made = catalog.of_kind(Kind::Constraint).filter(|(_, object)| {
        let plain = [p::PARTITION_OF, p::OPTIONS, p::CLUSTERED];
        object.generated_name
            && object.comment.is_none()
            && plain.iter().all(|name| object.get(name).is_none())
    });
    made.map(|(key, object)| {
        let table = format!("{}.{}", quote(&key.schema), quote(&key.parent));
        let definition = object.get(p::DEFINITION).unwrap_or_default();
        // Without `only`: a key of a partitioned table is one of its partitions, too.
        let drop = format!("alter table {table} drop constraint {}", quote(&key.name));
        ("rewrite: unnamed constraint", format!("{drop}; alter table {table} add {definition}"))
    })
}

/// Granted once more, and by the owner to itself; where the owner has lost a privilege that would
/// give it back, which is a change.
fn grants(catalog: &Catalog) -> impl Iterator<Item = Rewrite> {
    let lost = |schema: &str, table: &str| {
        let mut grants = catalog.of_kind(Kind::Grant).map(|(key, _)| key);
        grants.any(|g| g.name == "OWNER" && g.schema == schema && g.parent.contains(table))
    };
    let tables = catalog.of_kind(Kind::Table);
    let tables = tables.filter(move |(key, _)| !lost(&key.schema, &key.name));
    tables.map(|(key, _)| {
        let table = format!("{}.{}", quote(&key.schema), quote(&key.name));
        let sql = format!(
            "grant all on {table} to current_user; grant select on {table} to pg_monitor;
             revoke select on {table} from pg_monitor"
        );
        ("rewrite: grants", sql)
    })
}

const INDEXES: &str = "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)' and c.relkind = 'i' and not c.relispartition
      and not i.indisclustered and not i.indisreplident and obj_description(c.oid, 'pg_class') is null
      and not exists (select from pg_constraint o where o.conindid = i.indexrelid)
      and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0)
    order by 1";

const CONSTRAINTS: &str = "select o.conrelid::regclass::text, quote_ident(o.conname), pg_get_constraintdef(o.oid)
    from pg_constraint o join pg_class c on c.oid = o.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)' and o.contype in ('c', 'f', 'u') and c.relkind = 'r'
      and not c.relispartition and o.conislocal and o.coninhcount = 0
      and obj_description(o.oid, 'pg_constraint') is null
      and not exists (select from pg_class i where i.oid = o.conindid and o.contype = 'u' and i.reloptions is not null)
    order by 1, 2";

const VIEWS: &str = "select c.oid::regclass::text, pg_get_viewdef(c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)' and c.relkind = 'v' and c.reloptions is null order by 1";

const FUNCTIONS: &str = "select pg_get_functiondef(p.oid)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname !~ '^(pg_|information_schema$)' and p.prokind in ('f', 'p')
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype in ('e', 'i')) order by 1";

const TRIGGERS: &str = "select quote_ident(t.tgname), t.tgrelid::regclass::text, pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)' and not t.tgisinternal and t.tgparentid = 0
      and t.tgenabled = 'O' and obj_description(t.oid, 'pg_trigger') is null order by 2, 1";

const DEFAULTS: &str = "select d.adrelid::regclass::text, quote_ident(a.attname), pg_get_expr(d.adbin, d.adrelid)
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)' and a.attgenerated = '' and c.relkind = 'r' order by 1, 2";

const ALIASES: &str = "select a.attrelid::regclass::text, quote_ident(a.attname), case t.typname
        when 'int4' then 'int' when 'int8' then 'int8' when 'bool' then 'bool'
        when 'timestamptz' then 'timestamptz' when 'varchar' then
            replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar') end
    from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)' and a.attnum > 0 and c.relkind = 'r' and not c.relispartition
      and t.typname in ('int4', 'int8', 'bool', 'timestamptz', 'varchar')
      and (a.atttypmod < 0) = (t.typname <> 'varchar') and a.attislocal and a.attinhcount = 0
      and a.attcollation = t.typcollation and a.attcompression = '' order by 1, 2";
