//! The files of a proposal.

mod sql;
mod sqlite;
mod yaml;

use crate::Schema;
use diagnostics::plural;

/// How the components are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// In the plan.
    Yaml,
    /// In a SQL file that the plan includes.
    Sql,
}

/// What the plan is called and reads, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The plan's, the source's and the schema's name.
    pub name: &'a str,
    /// The source file, as the plan names it.
    pub source: &'a str,
    /// The source file, as people know it.
    pub shown: &'a str,
}

/// The files of a plan's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Name and text, `plan.yaml` first.
    pub files: Vec<(&'static str, String)>,
}

pub use sqlite::plan as plan_for_sqlite;

/// A plan for PostgreSQL.
pub fn plan(schema: &Schema, target: &Target<'_>, style: Style) -> Plan {
    let mut files = vec![
        ("plan.yaml", yaml::plan(schema, target, style)),
        ("baseline.sql", sql::baseline(schema, target)),
    ];
    if style == Style::Sql {
        files.push(("schema.sql", sql::schema(schema, target)));
    }
    Plan { files }
}

/// `12 rows`
fn rows(n: u64) -> String {
    plural(n, "row")
}

/// A text in comment lines.
fn comment(out: &mut String, indent: &str, lead: &str, text: &str) {
    for line in text.lines() {
        out.push_str(format!("{indent}{lead} {line}").trim_end());
        out.push('\n');
    }
}
