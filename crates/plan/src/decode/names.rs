//! Names: of the plan, of sources and stages, of what is in a database.

use diagnostics::{Diagnostic, Span, Spanned, code};

use crate::model::{ComponentKind, ComponentName, EngineKind};
use crate::yaml::{Entry, Node};

use super::context::Decoder;

/// PostgreSQL cuts names to `NAMEDATALEN - 1` bytes with no more than a notice.
pub(crate) const MAX_POSTGRES_NAME: usize = 63;

/// `[a-z][a-z0-9_-]*`, at most as long as a PostgreSQL name, because it names the target schema.
pub fn plan_name_is_valid(name: &str) -> bool {
    name.len() <= MAX_POSTGRES_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
}

impl Decoder {
    pub(super) fn check_plan_name(&mut self, name: &Spanned<String>) {
        if plan_name_is_valid(&name.value) {
            return;
        }
        let message = format!("`{}` is no name for a plan", name.value);
        self.invalid_name(
            message,
            name.span,
            "a letter from a to z, then letters, digits, `_` and `-`, at most 63",
        );
    }

    /// Names of sources and stages are words: they stand in `source.table` and in the journal.
    pub(super) fn check_word(&mut self, name: &Spanned<String>, what: &str) -> bool {
        let head = |c: char| c.is_ascii_alphabetic() || c == '_';
        let valid = name.value.starts_with(head)
            && name.value.len() <= MAX_POSTGRES_NAME
            && name.value.chars().all(|c| head(c) || c.is_ascii_digit() || c == '-');
        if !valid {
            let message = format!("`{}` is no name for {what}", name.value);
            self.invalid_name(message, name.span, "a letter, then letters, digits, `_` and `-`");
        }
        valid
    }

    /// A name in a database: anything but empty, NUL, or too long for the engine.
    pub(super) fn check_name(
        &mut self,
        name: &Spanned<String>,
        engine: Option<EngineKind>,
    ) -> bool {
        let engine = engine.or(self.engine);
        if name.value.is_empty() {
            self.invalid_name("a name is empty".to_owned(), name.span, "write the name");
        } else if name.value.contains('\0') {
            let message = "a name holds a NUL character".to_owned();
            self.invalid_name(message, name.span, "no engine takes NUL in a name");
        } else if name.value.len() > MAX_POSTGRES_NAME && engine != Some(EngineKind::Sqlite) {
            let message = format!(
                "a name is {} bytes long, more than the {MAX_POSTGRES_NAME} that PostgreSQL keeps",
                name.value.len()
            );
            self.invalid_name(message, name.span, "shorten it; PostgreSQL would cut it silently");
        } else {
            return true;
        }
        false
    }

    pub(super) fn invalid_name(&mut self, message: String, span: Span, help: &str) {
        let finding = Diagnostic::new(&code::INVALID_NAME, message);
        self.report(finding.label(span, "this name").help(help));
    }

    /// A name in a database, given as a value.
    pub(super) fn name(&mut self, key: &str, node: &Node) -> Option<Spanned<String>> {
        let name = self.text(key, node, "a name")?;
        self.check_name(&name, None).then_some(name)
    }

    pub(super) fn name_of(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        self.name(&entry.key.value, &entry.value)
    }

    /// One name or a list of them, at least one.
    pub(super) fn names(&mut self, entry: &Entry, expected: &str) -> Vec<Spanned<String>> {
        self.one_or_more(entry, expected)
            .into_iter()
            .filter_map(|node| self.name(&entry.key.value, node))
            .collect()
    }

    /// `index orders_total_idx`, or a bare name; one or a list.
    pub(super) fn component_names(&mut self, entry: &Entry) -> Vec<Spanned<ComponentName>> {
        self.any_number(entry, "a list of components such as `index orders_total_idx`")
            .into_iter()
            .filter_map(|node| self.component_name(&entry.key.value, node))
            .collect()
    }

    pub(super) fn component_name(
        &mut self,
        key: &str,
        node: &Node,
    ) -> Option<Spanned<ComponentName>> {
        let text = self.text(key, node, "a component such as `index orders_total_idx`")?;
        let name = parse_component_name(&text.value);
        if name.name.is_empty() {
            let message = "a component's name is empty".to_owned();
            self.invalid_name(message, text.span, "write kind and name: `index orders_total_idx`");
            return None;
        }
        Some(Spanned::new(name, text.span))
    }
}

fn parse_component_name(text: &str) -> ComponentName {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or(("", text));
    let kind = ComponentKind::ALL.into_iter().find(|kind| kind.word() == word);
    let name = if kind.is_some() { rest.trim() } else { text };
    ComponentName { kind, name: name.to_owned() }
}
