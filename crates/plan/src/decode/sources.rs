//! `sources:` and `components.include`.

use diagnostics::Spanned;

use crate::model::{Include, Source};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const SOURCE: &[&str] = &["path", "glob", "files"];
pub(crate) const INCLUDE: &[&str] = &["file", "engine", "schema"];

impl Decoder {
    pub(super) fn sources(&mut self, fields: &Fields<'_>) -> Vec<Source> {
        let Some(entry) = fields.get("sources") else { return Vec::new() };
        self.entries(entry, "a mapping of names to SQLite files")
            .iter()
            .filter_map(|source| self.source(source))
            .collect()
    }

    fn source(&mut self, entry: &Entry) -> Option<Source> {
        let valid = self.check_word(&entry.key, "a source");
        let paths = self.source_paths(entry);
        (valid && !paths.is_empty()).then(|| Source { name: entry.key.clone(), paths })
    }

    fn source_paths(&mut self, entry: &Entry) -> Vec<Spanned<String>> {
        let Kind::Mapping(_) = entry.value.kind else { return self.paths(entry) };
        let Some(fields) = self.fields(&entry.value, entry.key.span, "a source", SOURCE) else {
            return Vec::new();
        };
        fields.one_of(self, SOURCE).map(|entry| self.paths(entry)).unwrap_or_default()
    }

    fn paths(&mut self, entry: &Entry) -> Vec<Spanned<String>> {
        let expected = "a path, a glob or a list of them";
        self.one_or_more(entry, expected)
            .into_iter()
            .filter_map(|node| self.path(&entry.key.value, node))
            .collect()
    }

    fn path(&mut self, key: &str, node: &Node) -> Option<Spanned<String>> {
        let path = self.text(key, node, "a path")?;
        if path.value.trim().is_empty() || path.value.contains('\0') {
            self.wrong_text(key, node, "a path", &path.value.replace('\0', "\\0"));
            return None;
        }
        Some(path)
    }

    pub(super) fn includes(&mut self, entry: &Entry) -> Vec<Include> {
        let single = [&entry.value];
        let items: Vec<&Node> = match &entry.value.kind {
            Kind::Mapping(_) => single.to_vec(),
            _ => self.any_number(entry, "a list of SQL files"),
        };
        items.into_iter().filter_map(|node| self.include(&entry.key.value, node)).collect()
    }

    fn include(&mut self, key: &str, node: &Node) -> Option<Include> {
        if matches!(node.kind, Kind::Scalar(_)) {
            let path = self.path(key, node)?;
            return Some(Include { path, engine: None, schema: None });
        }
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "an included file", INCLUDE)?;
        let path = fields
            .required(self, "file", "add the SQL file: `file: schema.sql`")
            .and_then(|entry| self.path("file", &entry.value));
        let engine = self.engine_choice(&fields);
        let schema = fields.get("schema").and_then(|entry| self.name_of(entry));
        Some(Include { path: path?, engine, schema })
    }
}
