//! `load:`, where each table's rows come from.

use diagnostics::{SourceText, Spanned};

use crate::model::{
    Apart, ColumnRule, ColumnValue, Conflict, Conversion, Load, LoadFrom, Merge, OnMisfit,
};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const LOAD: &[&str] = &["from", "source", "query", "where", "merge", "columns"];
pub(crate) const MERGE: &[&str] = &["by", "conflict"];
pub(crate) const COLUMN: &[&str] = &["from", "sql", "offset", "uuid", "as", "misfit"];
pub(crate) const MISFIT: &[&str] = &["default"];

/// A table that starts empty.
pub(crate) const NONE: &str = "none";
/// A column that the target fills.
pub(crate) const OMIT: &str = "omit";

impl Decoder {
    pub(super) fn loads(&mut self, fields: &Fields<'_>) -> Vec<Load> {
        let Some(entry) = fields.get("load") else { return Vec::new() };
        self.entries(entry, "a mapping of tables to load rules")
            .iter()
            .filter_map(|load| self.load(load))
            .collect()
    }

    fn load(&mut self, entry: &Entry) -> Option<Load> {
        let valid = self.check_name(&entry.key, None);
        let mut load = Load {
            table: entry.key.clone(),
            span: entry.key.span.to(entry.value.span),
            from: LoadFrom::Default,
            columns: Vec::new(),
            filter: None,
            merge: None,
        };
        if let Kind::Scalar(scalar) = &entry.value.kind {
            load.from = match scalar.text.text.as_str() {
                NONE => LoadFrom::Nothing(entry.value.span),
                _ => self.from(&entry.key.value, &entry.value, None)?,
            };
            return valid.then_some(load);
        }
        let what = "a load rule";
        let fields = self.fields(&entry.value, entry.key.span, what, LOAD)?;
        load.from = self.load_from(entry, &fields)?;
        load.filter = fields.get("where").and_then(|entry| self.sql_of(entry));
        load.merge = fields.get("merge").and_then(|entry| self.merge(entry));
        load.columns = self.column_rules(&fields);
        valid.then_some(load)
    }

    fn load_from(&mut self, load: &Entry, fields: &Fields<'_>) -> Option<LoadFrom> {
        let source = match fields.get("source") {
            Some(entry) => Some(self.text_of(entry)?),
            None => None,
        };
        match fields.at_most_one_of(self, &["from", "query"]) {
            Some(entry) if entry.key.value == "query" => {
                let sql = self.sql_of(entry)?;
                Some(LoadFrom::Query { source, sql })
            }
            Some(entry) => self.from("from", &entry.value, source),
            None if source.is_some() => Some(LoadFrom::Table { source, table: load.key.clone() }),
            None => Some(LoadFrom::Default),
        }
    }

    /// `table` or `source.table`. Where the source is named beside it, a dot is part of the table.
    fn from(
        &mut self,
        key: &str,
        node: &Node,
        source: Option<Spanned<String>>,
    ) -> Option<LoadFrom> {
        let text = self.sql(key, node, "a table such as `orders` or `shop.orders`")?;
        let parts = text.text.split_once('.').filter(|_| source.is_none());
        let Some((before, after)) = parts else {
            return Some(LoadFrom::Table { source, table: Spanned::new(text.text, node.span) });
        };
        if before.is_empty() || after.is_empty() {
            let expected = "a table such as `orders` or `shop.orders`";
            self.wrong_text(key, node, expected, &text.text);
            return None;
        }
        let (source, table) = (part(&text, before), part(&text, after));
        Some(LoadFrom::Table { source: Some(source), table })
    }

    fn merge(&mut self, entry: &Entry) -> Option<Merge> {
        let fields = self.fields(&entry.value, entry.key.span, "`merge`", MERGE)?;
        let by =
            fields.required(self, "by", "write `merge: { by: code }`, by what a row is known")?;
        let by = self.names(by, "a column or a list of columns");
        let words =
            [("first", Conflict::First), ("last", Conflict::Last), ("equal", Conflict::Equal)];
        let conflict = self.choice_at(&fields, "conflict", &words);
        Some(Merge { by, conflict: conflict.map_or(Conflict::Equal, |conflict| conflict.value) })
    }

    fn column_rules(&mut self, fields: &Fields<'_>) -> Vec<ColumnRule> {
        let Some(entry) = fields.get("columns") else { return Vec::new() };
        self.entries(entry, "a mapping of target columns to their source")
            .iter()
            .filter_map(|column| self.column_rule(column))
            .collect()
    }

    fn column_rule(&mut self, entry: &Entry) -> Option<ColumnRule> {
        let valid = self.check_name(&entry.key, None);
        let column = entry.key.clone();
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            let text = self.text_of(entry)?;
            let value = match text.value.as_str() {
                OMIT => ColumnValue::Omit(text.span),
                _ => ColumnValue::Column(text),
            };
            return valid.then_some(ColumnRule { column, value, conversion: None, misfit: None });
        }
        let fields = self.fields(&entry.value, entry.key.span, "a column rule", COLUMN)?;
        let words: Vec<_> = Conversion::ALL.into_iter().map(|c| (c.name(), c)).collect();
        let conversion = self.choice_at(&fields, "as", &words);
        let misfit = fields.get("misfit").and_then(|entry| self.misfit(entry));
        let value = match fields.at_most_one_of(self, &["from", "sql"]) {
            found if fields.get("offset").or(fields.get("uuid")).is_some() => {
                self.apart(&fields, found, &column)?
            }
            Some(entry) if entry.key.value == "sql" => ColumnValue::Sql(self.sql_of(entry)?),
            Some(entry) => ColumnValue::Column(self.text_of(entry)?),
            None if fields.get("as").or(fields.get("misfit")).is_some() => {
                ColumnValue::Column(column.clone())
            }
            None => {
                fields.one_of(self, COLUMN)?;
                return None;
            }
        };
        valid.then_some(ColumnRule { column, value, conversion, misfit })
    }

    /// `{ offset: TABLE }` or `{ uuid: TABLE }`, of a column of the source.
    fn apart(
        &mut self,
        fields: &Fields<'_>,
        from: Option<&Entry>,
        column: &Spanned<String>,
    ) -> Option<ColumnValue> {
        let how = fields.at_most_one_of(self, &["offset", "uuid", "sql"])?;
        let by = match how.key.value.as_str() {
            "uuid" => Apart::Uuid,
            _ => Apart::Offset,
        };
        let from = match from.filter(|from| from.key.value == "from") {
            Some(from) => self.text_of(from)?,
            None => column.clone(),
        };
        Some(ColumnValue::Apart { from, by, table: self.text_of(how)? })
    }

    /// `stop`, `set-null`, `reject` or `{ default: VALUE }`.
    fn misfit(&mut self, entry: &Entry) -> Option<Spanned<OnMisfit>> {
        let span = entry.value.span;
        if matches!(entry.value.kind, Kind::Mapping(_)) {
            let fields = self.fields(&entry.value, entry.key.span, "`misfit`", MISFIT)?;
            let value = fields.one_of(self, MISFIT)?;
            return self
                .text_of(value)
                .map(|text| Spanned::new(OnMisfit::Default(text.value), span));
        }
        let expected = "`stop`, `set-null`, `reject` or `{ default: … }`";
        let text = self.text("misfit", &entry.value, expected)?;
        let known = match text.value.as_str() {
            "stop" => OnMisfit::Stop,
            "set-null" => OnMisfit::SetNull,
            "reject" => OnMisfit::Reject,
            other => {
                let known = ["stop", "set-null", "reject", "{ default: … }"];
                self.unknown_value("misfit", other, text.span, &known);
                return None;
            }
        };
        Some(Spanned::new(known, span))
    }
}

/// A piece of `whole.text`, which `piece` is a slice of, with its place.
pub(super) fn part(whole: &SourceText, piece: &str) -> Spanned<String> {
    // A slice's address says where it starts; of another text, the start stands for all of it.
    let start = (piece.as_ptr() as usize).saturating_sub(whole.text.as_ptr() as usize);
    let start = start.min(whole.text.len());
    Spanned::new(piece.to_owned(), whole.span_of(start..start + piece.len()))
}
