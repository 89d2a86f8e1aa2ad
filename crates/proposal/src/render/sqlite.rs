//! A plan for a SQLite file: the source's own statements, because the engine is the same.

use super::{Plan, Style, Target, comment};
use crate::evidence::Database;

/// One object of the source with its statement.
struct Statement<'a> {
    /// The key under `components:`.
    kind: &'static str,
    name: &'a str,
    sql: &'a str,
}

fn statements(database: &Database) -> Vec<Statement<'_>> {
    let tables = database.tables.iter();
    let tables = tables.map(|t| Statement { kind: "tables", name: &t.name, sql: &t.sql });
    let indexes = database.tables.iter().flat_map(|table| &table.indexes);
    let indexes = indexes.map(|i| Statement { kind: "indexes", name: &i.name, sql: &i.sql });
    let others = database.others.iter().filter_map(|other| {
        let kind = match other.kind {
            "view" => "views",
            "trigger" => "triggers",
            _ => return None,
        };
        Some(Statement { kind, name: &other.name, sql: &other.sql })
    });
    tables.chain(indexes).chain(others).collect()
}

/// A plan that builds the tables, indexes, views and triggers again.
pub fn plan(database: &Database, target: &Target<'_>, style: Style) -> Plan {
    let statements = statements(database);
    let mut out = head(target);
    match style {
        Style::Sql => out.push_str("  include: [schema.sql]\n"),
        Style::Yaml => components(&mut out, &statements),
    }
    for other in database.others.iter().filter(|other| other.kind == VIRTUAL) {
        out.push_str(&format!(
            "\n  # DECIDE {VIRTUAL} {}: a plan builds none; create it after the run\n",
            other.name.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
        comment(&mut out, "  ", "#", &other.sql);
    }
    let baseline = format!(
        "-- The known-good schema, proposed by `cutover init` from {}. Once it is reviewed, the plan may\n\
         -- change only together with it.\n",
        target.shown
    );
    let mut files = vec![("plan.yaml", out), ("baseline.sql", script(&statements, &baseline))];
    if style == Style::Sql {
        let head = format!("-- The schema of {}, statement by statement.\n", target.shown);
        files.push(("schema.sql", script(&statements, &head)));
    }
    Plan { files }
}

const VIRTUAL: &str = "virtual table";

fn head(target: &Target<'_>) -> String {
    let Target { name, source, shown } = target;
    format!(
        "# yaml-language-server: $schema=plan.schema.json\n\
         # Proposed by `cutover init` from {shown}: the same schema in a new file.\n\
         cutover: 1\n\
         name: {name}\n\
         \n\
         sources:\n\
         \x20 {name}: {}\n\
         \n\
         target:\n\
         \x20 sqlite: out/{name}.sqlite\n\
         \n\
         baseline: baseline.sql\n\
         \n\
         components:\n",
        super::yaml::block(source)
    )
}

fn components(out: &mut String, statements: &[Statement<'_>]) {
    for kind in ["tables", "indexes", "views", "triggers"] {
        let mut of_kind = statements.iter().filter(|statement| statement.kind == kind).peekable();
        if of_kind.peek().is_some() {
            out.push_str(&format!("  {kind}:\n"));
        }
        for Statement { name, sql, .. } in of_kind {
            out.push_str(&format!("    {}:\n      sql: ", super::yaml::flow(name)));
            out.push_str(&literal(sql));
        }
    }
}

/// A block of lines as they are, or in quotes where YAML would change them.
fn literal(sql: &str) -> String {
    let awkward = |c: char| c.is_control() && c != '\n';
    if sql.contains(awkward) || sql.starts_with([' ', '\n']) {
        return format!("{}\n", super::yaml::quoted(sql));
    }
    let mut out = String::from("|-\n");
    for line in sql.trim_end().lines() {
        out.push_str(format!("        {line}").trim_end_matches(' '));
        out.push('\n');
    }
    out
}

fn script(statements: &[Statement<'_>], head: &str) -> String {
    let mut out = head.to_owned();
    for statement in statements {
        // A comment at the end would swallow the semicolon.
        out.push_str(&format!("\n{}\n;\n", statement.sql.trim_end()));
    }
    out
}
