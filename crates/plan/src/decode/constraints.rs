//! Constraints.

use diagnostics::Spanned;

use crate::model::{Body, Constraint, ConstraintRule};
use crate::yaml::{Entry, Kind};

use super::components::Definition;
use super::context::Decoder;
use super::fields::Fields;
use super::load::part;

pub(crate) const CONSTRAINT: &[&str] = &[
    "table",
    "foreign_key",
    "references",
    "referenced_columns",
    "on_delete",
    "on_update",
    "deferrable",
    "check",
    "unique",
    "definition",
    "sql",
    "engine",
];
pub(crate) const REFERENCES: &[&str] = &["table", "columns"];

/// What a foreign key can do with the rows that refer to a changed one.
pub(crate) const ACTIONS: &[&str] =
    &["cascade", "restrict", "no action", "set null", "set default"];

const RULES: &[&str] = &["foreign_key", "check", "unique", "definition"];

impl Decoder {
    pub(super) fn constraint(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "a constraint", CONSTRAINT)?;
        let engine = self.engine_choice(&fields);
        let body = self
            .whole_statement(&fields, &["engine"])
            .unwrap_or_else(|| self.constraint_body(&fields).map(Body::Constraint));
        Some(Definition { engine, body })
    }

    fn constraint_body(&mut self, fields: &Fields<'_>) -> Option<Constraint> {
        let table = fields
            .required(self, "table", "name the constrained table: `table: orders`")
            .and_then(|entry| self.name_of(entry));
        let rule = fields.one_of(self, RULES).and_then(|entry| self.rule(entry, fields));
        Some(Constraint { table: table?, rule: rule? })
    }

    fn rule(&mut self, entry: &Entry, fields: &Fields<'_>) -> Option<ConstraintRule> {
        let key = entry.key.value.as_str();
        if key == "foreign_key" {
            return self.foreign_key(entry, fields);
        }
        fields.alone(
            self,
            entry,
            &["table", "engine", "foreign_key", "check", "unique", "definition"],
        );
        match key {
            "check" => self.sql_of(entry).map(ConstraintRule::Check),
            "definition" => self.sql_of(entry).map(ConstraintRule::Definition),
            _ => {
                let columns = self.names(entry, "a column or a list of columns");
                (!columns.is_empty()).then_some(ConstraintRule::Unique(columns))
            }
        }
    }

    fn foreign_key(&mut self, entry: &Entry, fields: &Fields<'_>) -> Option<ConstraintRule> {
        let columns = self.names(entry, "a column or a list of columns");
        let references = fields
            .required(self, "references", "name the referenced table: `references: customers(id)`")
            .and_then(|entry| self.references(entry));
        let listed = fields.get("referenced_columns");
        let listed =
            listed.map(|entry| (entry, self.names(entry, "a column or a list of columns")));
        let on_delete = fields.get("on_delete").and_then(|entry| self.action(entry));
        let on_update = fields.get("on_update").and_then(|entry| self.action(entry));
        let deferrable = fields.get("deferrable").and_then(|entry| self.flag(entry));
        let (table, mut referenced) = references?;
        if let Some((listed, names)) = listed {
            if let Some(first) = referenced.first() {
                let message = "the referenced columns are given twice".to_owned();
                self.conflict(message, listed.key.span, first.span, "keep one of them");
            }
            referenced = names;
        }
        if columns.is_empty() {
            return None;
        }
        let deferrable = deferrable.is_some_and(|flag| flag.value);
        Some(ConstraintRule::ForeignKey {
            columns,
            table,
            referenced,
            on_delete,
            on_update,
            deferrable,
        })
    }

    /// `customers`, `customers(id)` or `{ table: customers, columns: [id] }`.
    fn references(&mut self, entry: &Entry) -> Option<(Spanned<String>, Vec<Spanned<String>>)> {
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            return self.short_references(entry);
        }
        let fields = self.fields(&entry.value, entry.key.span, "`references`", REFERENCES)?;
        let table = fields
            .required(self, "table", "name the referenced table")
            .and_then(|entry| self.name_of(entry));
        let columns = fields.get("columns").map(|entry| self.names(entry, "a list of columns"));
        Some((table?, columns.unwrap_or_default()))
    }

    fn short_references(
        &mut self,
        entry: &Entry,
    ) -> Option<(Spanned<String>, Vec<Spanned<String>>)> {
        let expected = "a table such as `customers` or `customers(id)`";
        let text = self.sql("references", &entry.value, expected)?;
        let Some((table, columns)) = split_references(&text.text) else {
            self.wrong_text("references", &entry.value, expected, &text.text);
            return None;
        };
        let table = part(&text, table);
        let columns: Vec<_> = columns.into_iter().map(|column| part(&text, column)).collect();
        let valid = columns.iter().chain([&table]).all(|name| self.check_name(name, None));
        valid.then_some((table, columns))
    }

    /// `cascade`, `set null (a)`, in any case.
    fn action(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        let text = self.text_of(entry)?;
        let words = text.value.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let head = words.split('(').next().unwrap_or("").trim_end();
        if ACTIONS.contains(&head) {
            return Some(text);
        }
        self.unknown_value(&entry.key.value, &text.value, text.span, ACTIONS);
        None
    }
}

/// `customers(id, part)` in its parts.
fn split_references(text: &str) -> Option<(&str, Vec<&str>)> {
    let Some((table, rest)) = text.split_once('(') else { return Some((text.trim(), Vec::new())) };
    let inner = rest.trim_end().strip_suffix(')')?;
    let columns: Vec<_> = inner.split(',').map(str::trim).collect();
    let complete = !table.trim().is_empty() && columns.iter().all(|column| !column.is_empty());
    complete.then(|| (table.trim(), columns))
}
