//! Tables and indexes.

use diagnostics::{SourceText, Spanned};

use crate::model::{Body, Column, Index, Table};
use crate::yaml::Entry;

use super::components::Definition;
use super::context::Decoder;
use super::fields::Fields;

pub(crate) const TABLE: &[&str] =
    &["columns", "primary_key", "options", "comment", "sql", "engine"];
pub(crate) const INDEX: &[&str] =
    &["table", "columns", "unique", "using", "include", "where", "sql", "engine"];

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
}
