//! The plan as YAML, the evidence as comments at the end of the lines.

use std::fmt::Write as _;

use super::{Style, Target, comment, rows};
use crate::Schema;
use crate::schema::{Column, Constraint, Element, Index, Rule, Standing, Table, Value};

pub(super) fn plan(schema: &Schema, target: &Target<'_>, style: Style) -> String {
    let mut out = head(target);
    out.push_str("\ncomponents:\n");
    match style {
        Style::Sql => out.push_str("  include: [schema.sql]\n"),
        Style::Yaml => {
            tables(&mut out, schema);
            constraints(&mut out, schema);
            indexes(&mut out, schema);
        }
    }
    grants(&mut out, schema, target);
    if style == Style::Yaml {
        others(&mut out, schema);
    }
    load(&mut out, schema, target);
    out
}

fn head(target: &Target<'_>) -> String {
    let Target { name, source, shown } = target;
    format!(
        "# yaml-language-server: $schema=plan.schema.json\n\
         # Proposed by `cutover init` from {shown}. What stands behind `#` is the evidence for each type;\n\
         # `DECIDE` marks what only a person can know.\n\
         cutover: 1\n\
         name: {name}\n\
         \n\
         sources:\n\
         \x20 {name}: {}\n\
         \n\
         target:\n\
         \x20 postgres: local  # in production: {{ url: {{ env: DATABASE_URL }} }}\n\
         \n\
         baseline: baseline.sql\n",
        block(source)
    )
}

fn tables(out: &mut String, schema: &Schema) {
    out.push_str("  tables:\n");
    for table in &schema.tables {
        commented(out, &format!("    {}:", key(&table.name)), &rows(table.rows));
        for question in &table.decide {
            decide(out, "      ", question);
        }
        out.push_str("      columns:\n");
        for column in &table.columns {
            for question in &column.decide {
                decide(out, "        ", question);
            }
            let line = format!("        {}: {}", key(&column.name), block(&column.definition));
            commented(out, &line, &column.why);
        }
        match table.primary_key.as_slice() {
            [] => {}
            [one] => put(out, &format!("      primary_key: {}", block(one))),
            many => put(out, &format!("      primary_key: {}", list(many))),
        }
    }
}

fn put(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// A line with its comment; the layout sets those of neighbouring lines below each other.
fn commented(out: &mut String, line: &str, why: &str) {
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    put(out, &format!("{line}  # {why}"));
}

fn decide(out: &mut String, indent: &str, question: &str) {
    let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
    put(out, &format!("{indent}# DECIDE {question}"));
}

fn constraints(out: &mut String, schema: &Schema) {
    let built = schema.constraints.iter().any(|constraint| constraint.decide.is_none());
    if schema.constraints.is_empty() {
        return;
    }
    put(out, if built { "\n  constraints:" } else { "\n  # constraints:" });
    for constraint in &schema.constraints {
        let line = format!("{}: {}", key(&constraint.name), rule(constraint));
        match &constraint.decide {
            None => put(out, &format!("    {line}")),
            Some(question) => {
                decide(out, "    ", question);
                put(out, &format!("    # {line}"));
            }
        }
    }
}

fn rule(constraint: &Constraint) -> String {
    let table = flow(&constraint.table);
    match &constraint.rule {
        Rule::Unique(columns) => format!("{{ table: {table}, unique: {} }}", list(columns)),
        Rule::Check(sql) => format!("{{ table: {table}, check: {} }}", flow(sql)),
        Rule::ForeignKey {
            columns,
            table: other,
            referenced,
            on_delete,
            on_update,
            deferrable,
        } => {
            let mut out = format!(
                "{{ table: {table}, foreign_key: {}, references: {}",
                list(columns),
                references(other, referenced)
            );
            for (key, action) in [("on_delete", on_delete), ("on_update", on_update)] {
                if let Some(action) = action {
                    let _ = write!(out, ", {key}: {action}");
                }
            }
            out.push_str(if *deferrable { ", deferrable: true }" } else { " }" });
            out
        }
    }
}

/// `customers(id)` where nobody could read it otherwise.
fn references(table: &str, columns: &[String]) -> String {
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain(table) && columns.iter().all(|column| is_plain(column)) {
        return flow(&format!("{table}({})", columns.join(", ")));
    }
    format!("{{ table: {}, columns: {} }}", flow(table), list(columns))
}

fn indexes(out: &mut String, schema: &Schema) {
    if schema.indexes.is_empty() {
        return;
    }
    let built = schema.indexes.iter().any(|index| index.standing == Standing::Built);
    put(out, if built { "\n  indexes:" } else { "\n  # indexes:" });
    let standing = |wanted: fn(&Standing) -> bool| {
        schema.indexes.iter().filter(move |index| wanted(&index.standing))
    };
    for index in standing(|standing| *standing == Standing::Built) {
        put(out, &format!("    {}", index_line(index)));
    }
    for index in standing(|standing| matches!(standing, Standing::Decide(_))) {
        if let Standing::Decide(question) = &index.standing {
            decide(out, "    ", question);
        }
        put(out, &format!("    # {}", index_line(index)));
    }
    let mut proposed = standing(|standing| *standing == Standing::Proposed).peekable();
    if proposed.peek().is_some() {
        put(
            out,
            "    # Proposed: no index begins with these foreign keys, so a delete in the table that",
        );
        put(out, "    # they refer to reads all of theirs. Take them into the baseline too.");
    }
    for index in proposed {
        put(out, &format!("    # {}", index_line(index)));
    }
}

fn index_line(index: &Index) -> String {
    let elements = index.elements.iter().map(|element| match element {
        Element::Column(name) => flow(name),
        Element::Sql(sql) => flow(sql),
    });
    let mut out = format!(
        "{}: {{ table: {}, columns: [{}]",
        key(&index.name),
        flow(&index.table),
        elements.collect::<Vec<_>>().join(", ")
    );
    if index.unique {
        out.push_str(", unique: true");
    }
    if let Some(predicate) = &index.predicate {
        let _ = write!(out, ", where: {}", flow(predicate));
    }
    out.push_str(" }");
    out
}

/// A template: only a person knows the roles.
fn grants(out: &mut String, schema: &Schema, target: &Target<'_>) {
    let tables: Vec<String> = schema.tables.iter().map(|table| table.name.clone()).collect();
    let name = target.name;
    put(
        out,
        "\n  # Who may do what; without grants only the owner sees the tables. Take the same into the baseline.",
    );
    put(out, "  # grants:");
    put(out, &format!("  #   - {{ grant: usage, on: schema, to: {name}_app }}"));
    put(
        out,
        &format!(
            "  #   - {{ grant: [select, insert, update, delete], on: {}, to: {name}_app }}",
            list(&tables)
        ),
    );
}

fn others(out: &mut String, schema: &Schema) {
    for other in &schema.others {
        let _ = writeln!(out, "\n  # DECIDE {} {}", other.kind, one_line(&other.name));
        comment(out, "  ", "#", &other.sql);
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Only for what does not go by name.
fn load(out: &mut String, schema: &Schema, target: &Target<'_>) {
    let mut first = true;
    for table in &schema.tables {
        let columns: Vec<String> = table.columns.iter().filter_map(column_rule).collect();
        let renamed = !table.name.eq_ignore_ascii_case(&table.source);
        if columns.is_empty() && !renamed {
            continue;
        }
        if std::mem::take(&mut first) {
            put(out, "\nload:");
        }
        put(out, &format!("  {}:", key(&table.name)));
        from(out, table, renamed, target);
        if !columns.is_empty() {
            put(out, "    columns:");
            columns.iter().for_each(|column| put(out, &format!("      {column}")));
        }
    }
}

/// With the source beside it, a dot in the table's name is part of the name.
fn from(out: &mut String, table: &Table, renamed: bool, target: &Target<'_>) {
    if renamed {
        put(out, &format!("    from: {}", block(&table.source)));
        put(out, &format!("    source: {}", target.name));
    }
}

fn column_rule(column: &Column) -> Option<String> {
    let conversion = column.candidate.conversion().map(ir::Conversion::name);
    let value = match &column.value {
        Value::SameName => None,
        Value::Column(name) => Some(format!("from: {}", flow(name))),
        Value::Sql(sql) => Some(format!("sql: {}", flow(sql))),
    };
    let parts: Vec<String> =
        value.into_iter().chain(conversion.map(|word| format!("as: {word}"))).collect();
    (!parts.is_empty()).then(|| format!("{}: {{ {} }}", key(&column.name), parts.join(", ")))
}

fn list(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|name| flow(name)).collect::<Vec<_>>().join(", "))
}

fn key(text: &str) -> String {
    flow(text)
}

/// A scalar in a block: commas and brackets inside it mean nothing.
pub(super) fn block(text: &str) -> String {
    scalar(text, "")
}

/// A scalar between brackets, or a key.
pub(super) fn flow(text: &str) -> String {
    scalar(text, ",[]{}")
}

/// Plain where every reader of YAML takes it for this text, else in double quotes.
fn scalar(text: &str, meaningful: &str) -> String {
    const WORDS: [&str; 11] =
        ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        || ["/", "./", "../"].iter().any(|start| text.starts_with(start))
        || text.starts_with('(') && text.ends_with(')');
    let plain = starts
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|c: char| c.is_control() || meaningful.contains(c) || c == '\u{feff}')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if char.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_plain_where_every_reader_takes_them_so() {
        let plain = [
            "orders",
            "numeric(10, 2) not null",
            "text default 'a'",
            "größe",
            "(a) is null and (b)",
        ];
        assert!(plain.iter().all(|text| block(text) == *text));
        let cases = [
            ("numeric(10, 2)", "\"numeric(10, 2)\""),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("1a", "\"1a\""),
            ("x #y", "\"x #y\""),
            ("a\"b\\\n", "\"a\\\"b\\\\\\n\""),
            ("", "\"\""),
        ];
        for (text, expected) in cases {
            assert_eq!(flow(text), expected);
        }
    }
}
