//! `sources:` and `components.include`.

use diagnostics::Spanned;
use regex::Regex;

use crate::model::{Include, Source, Tags};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const SOURCE: &[&str] = &["path", "glob", "files", "tags"];
const PATHS: &[&str] = &["path", "glob", "files"];
pub(crate) const TAGS: &[&str] = &["pattern", "queries"];
/// What is there without being asked for; and offsets of keys.
const GIVEN: &[&str] = &["file_path", "file_name", "file_stem", "file_index"];
const OFFSETS: &str = "offset_";
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
        let name = entry.key.clone();
        let Kind::Mapping(_) = entry.value.kind else {
            let paths = self.paths(entry);
            let tags = Tags::default();
            return (valid && !paths.is_empty()).then_some(Source { name, paths, tags });
        };
        let fields = self.fields(&entry.value, entry.key.span, "a source", SOURCE)?;
        let paths = fields.one_of(self, PATHS).map(|entry| self.paths(entry)).unwrap_or_default();
        let tags = fields.get("tags").map(|entry| self.tags(entry)).unwrap_or_default();
        (valid && !paths.is_empty()).then_some(Source { name, paths, tags })
    }

    fn tags(&mut self, entry: &Entry) -> Tags {
        let fields = self.fields(&entry.value, entry.key.span, "`tags`", TAGS);
        let Some(fields) = fields else { return Tags::default() };
        let pattern = fields.get("pattern").and_then(|entry| self.pattern(entry));
        let queries = fields.get("queries").map(|entry| {
            let queries = self.entries(entry, "a mapping of tags to queries on the file").iter();
            queries
                .filter_map(|query| {
                    let valid = self.tag(&query.key);
                    let sql = self.sql_of(query)?;
                    valid.then(|| (query.key.clone(), sql))
                })
                .collect()
        });
        Tags { pattern, queries: queries.unwrap_or_default() }
    }

    /// A regular expression with at least one named group.
    fn pattern(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        let expected = "a regular expression with named groups, as `(?<org>[^/]+)/.*`";
        let text = self.sentence(entry, expected)?;
        let Ok(regex) = Regex::new(&text.value) else {
            self.wrong_text(&entry.key.value, &entry.value, expected, &text.value);
            return None;
        };
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        if names.is_empty() {
            self.wrong_text(&entry.key.value, &entry.value, expected, &text.value);
            return None;
        }
        // All of them are looked at: each has its own finding.
        let invalid =
            names.iter().filter(|name| !self.tag(&Spanned::new((**name).to_owned(), text.span)));
        (invalid.count() == 0).then_some(text)
    }

    /// A name that SQL can hold, and that is not taken.
    fn tag(&mut self, name: &Spanned<String>) -> bool {
        let head = |c: char| c.is_ascii_alphabetic() || c == '_';
        let text = name.value.as_str();
        let taken = GIVEN.contains(&text) || text.starts_with(OFFSETS);
        let valid = text.starts_with(head) && text.chars().all(|c| head(c) || c.is_ascii_digit());
        if taken {
            let message = format!("`{text}` is no name for a tag: it stands for something else");
            self.invalid_name(message, name.span, "another name");
        } else if !valid {
            let message = format!("`{text}` is no name for a tag");
            self.invalid_name(message, name.span, "a letter, then letters, digits and `_`");
        }
        valid && !taken
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
