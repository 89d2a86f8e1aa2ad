//! Tables, indexes, constraints and grants.

use diagnostics::{SourceText, Spanned};

use crate::model::{
    Body, Column, Component, ComponentKind, Constraint, ConstraintRule, Grant, GrantObject, Index,
    Table,
};
use crate::yaml::{Entry, Kind, Node};

use super::components::{Definition, one_line};
use super::context::Decoder;
use super::fields::Fields;
use super::load::part;

pub(crate) const TABLE: &[&str] =
    &["columns", "primary_key", "options", "comment", "sql", "engine"];
pub(crate) const INDEX: &[&str] =
    &["table", "columns", "unique", "using", "include", "where", "sql", "engine"];
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
pub(crate) const GRANT: &[&str] = &["grant", "on", "to", "with_grant_option", "sql", "engine"];
pub(crate) const GRANT_ON: &[&str] = &["tables", "sequences", "functions", "types", "schema"];

/// What a foreign key can do with the rows that refer to a changed one.
pub(crate) const ACTIONS: &[&str] =
    &["cascade", "restrict", "no action", "set null", "set default"];

const RULES: &[&str] = &["foreign_key", "check", "unique", "definition"];

impl Decoder {
    pub(super) fn table(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "a table", TABLE)?;
        let engine = self.engine_choice(&fields);
        let body = self
            .whole_statement(&fields, &["engine"])
            .unwrap_or_else(|| self.table_body(&fields).map(Body::Table));
        Some(Definition { engine, body })
    }

    fn table_body(&mut self, fields: &Fields<'_>) -> Option<Table> {
        let columns = fields.one_of(self, &["columns", "sql"]);
        let columns = columns.map(|entry| self.columns(entry));
        let primary_key = fields.get("primary_key").map(|entry| {
            let names = self.names(entry, "a column or a list of columns");
            Spanned::new(names, entry.value.span)
        });
        let options = fields.get("options").and_then(|entry| self.sql_of(entry));
        let comment = fields.get("comment").and_then(|entry| self.text_of(entry));
        Some(Table { columns: columns?, primary_key, options, comment })
    }

    fn columns(&mut self, entry: &Entry) -> Vec<Column> {
        self.entries(entry, "a mapping of column names to definitions")
            .iter()
            .filter_map(|column| {
                let valid = self.check_name(&column.key, None);
                let expected = "a type and its constraints such as `text not null`";
                let definition = self.sql(&column.key.value, &column.value, expected)?;
                valid.then(|| Column { name: column.key.clone(), definition })
            })
            .collect()
    }

    pub(super) fn index(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "an index", INDEX)?;
        let engine = self.engine_choice(&fields);
        let body = self
            .whole_statement(&fields, &["engine"])
            .unwrap_or_else(|| self.index_body(&fields).map(Body::Index));
        Some(Definition { engine, body })
    }

    fn index_body(&mut self, fields: &Fields<'_>) -> Option<Index> {
        let table = fields
            .required(self, "table", "name the table to index: `table: orders`")
            .and_then(|entry| self.name_of(entry));
        let columns = fields
            .required(self, "columns", "list what to index: `columns: [customer_id]`")
            .map(|entry| self.index_columns(entry));
        let unique = fields.get("unique").and_then(|entry| self.flag(entry));
        let method = fields.get("using").and_then(|entry| self.name_of(entry));
        let include = fields.get("include").map(|entry| self.include_columns(entry));
        let predicate = fields.get("where").and_then(|entry| self.sql_of(entry));
        Some(Index {
            table: table?,
            columns: columns.filter(|columns| !columns.is_empty())?,
            unique: unique.is_some_and(|flag| flag.value),
            method,
            include: include.unwrap_or_default(),
            predicate,
        })
    }

    fn index_columns(&mut self, entry: &Entry) -> Vec<SourceText> {
        self.one_or_more(entry, "a list of columns or SQL expressions")
            .into_iter()
            .filter_map(|node| self.sql("columns", node, "a column or a SQL expression"))
            .collect()
    }

    fn include_columns(&mut self, entry: &Entry) -> Vec<Spanned<String>> {
        self.any_number(entry, "a list of columns")
            .into_iter()
            .filter_map(|node| self.name(&entry.key.value, node))
            .collect()
    }

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

    pub(super) fn grants(&mut self, section: &Entry) -> Vec<Component> {
        self.items(section, "a list of grants")
            .iter()
            .filter_map(|node| self.grant(&section.key.value, node))
            .collect()
    }

    fn grant(&mut self, key: &str, node: &Node) -> Option<Component> {
        let kind = ComponentKind::Grant;
        let span = node.span;
        if matches!(node.kind, Kind::Scalar(_)) {
            let sql = self.sql(key, node, "a grant or a whole statement")?;
            let name = grant_name(&sql, node);
            return Some(Component { kind, name, engine: None, body: Body::Sql(sql), span });
        }
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "a grant", GRANT)?;
        let engine = self.engine_choice(&fields);
        let body = self
            .whole_statement(&fields, &["engine"])
            .unwrap_or_else(|| self.grant_body(&fields).map(Body::Grant))?;
        let name = match &body {
            Body::Grant(grant) => Spanned::new(readable(grant), node.span),
            Body::Sql(sql) => grant_name(sql, node),
            _ => return None,
        };
        Some(Component { kind, name, engine, body, span })
    }

    fn grant_body(&mut self, fields: &Fields<'_>) -> Option<Grant> {
        let privileges = fields
            .required(self, "grant", "name what is granted: `grant: [select, insert]`")
            .map(|entry| self.one_or_more(entry, "a privilege or a list of privileges"));
        let privileges = privileges.map(|nodes| {
            let text = |node: &Node| self.text("grant", node, "a privilege");
            nodes.into_iter().filter_map(text).collect::<Vec<_>>()
        });
        let on = fields
            .required(self, "on", "name what it is granted on: `on: orders`")
            .and_then(|entry| self.grant_object(entry));
        let to = fields
            .required(self, "to", "name the role: `to: shop_app`")
            .map(|entry| self.names(entry, "a role or a list of roles"));
        let option = fields.get("with_grant_option").and_then(|entry| self.flag(entry));
        Some(Grant {
            privileges: privileges.filter(|list| !list.is_empty())?,
            on: on?,
            to: to.filter(|list| !list.is_empty())?,
            with_grant_option: option.is_some_and(|flag| flag.value),
        })
    }

    /// Tables, the word `schema`, or `{ sequences: […] }` and the like.
    fn grant_object(&mut self, entry: &Entry) -> Option<GrantObject> {
        if let Kind::Scalar(scalar) = &entry.value.kind
            && scalar.text.text == "schema"
        {
            return Some(GrantObject::Schema(entry.value.span));
        }
        if !matches!(entry.value.kind, Kind::Mapping(_)) {
            let names = self.names(entry, "a table or a list of tables");
            return (!names.is_empty()).then_some(GrantObject::Tables(names));
        }
        let fields = self.fields(&entry.value, entry.key.span, "`on`", GRANT_ON)?;
        let object = fields.one_of(self, GRANT_ON)?;
        if object.key.value == "schema" {
            return self.grant_on_schema(object);
        }
        let names = self.names(object, "a name or a list of names");
        let names = (!names.is_empty()).then_some(names)?;
        Some(match object.key.value.as_str() {
            "tables" => GrantObject::Tables(names),
            "sequences" => GrantObject::Sequences(names),
            "functions" => GrantObject::Functions(names),
            _ => GrantObject::Types(names),
        })
    }

    fn grant_on_schema(&mut self, entry: &Entry) -> Option<GrantObject> {
        if self.flag(entry)?.value {
            return Some(GrantObject::Schema(entry.value.span));
        }
        self.unknown_value("schema", "false", entry.value.span, &["true"]);
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

/// `select, insert on orders to shop_app`, `usage on schema to shop_app`.
fn readable(grant: &Grant) -> String {
    let list = |names: &[Spanned<String>]| {
        names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(", ")
    };
    let on = match &grant.on {
        GrantObject::Tables(names) => list(names),
        GrantObject::Sequences(names) => format!("sequence {}", list(names)),
        GrantObject::Functions(names) => format!("function {}", list(names)),
        GrantObject::Types(names) => format!("type {}", list(names)),
        GrantObject::Schema(_) => "schema".to_owned(),
    };
    format!("{} on {on} to {}", list(&grant.privileges), list(&grant.to))
}

/// The statement without its first word, like the name of a grant in parts.
fn grant_name(sql: &SourceText, node: &Node) -> Spanned<String> {
    one_line(sql, node.span).map(|line| {
        let rest = line.get(..6).filter(|word| word.eq_ignore_ascii_case("grant "));
        rest.map_or_else(|| line.clone(), |_| line[6..].trim_end_matches(';').to_owned())
    })
}
