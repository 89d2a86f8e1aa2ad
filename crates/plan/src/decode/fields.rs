//! The keys of one mapping.

use diagnostics::{Diagnostic, Span, code, did_you_mean};

use crate::yaml::{Entry, Kind, Node};

use super::context::{Decoder, proposal};

/// A mapping whose keys are known; unknown ones have been reported.
pub(crate) struct Fields<'a> {
    entries: &'a [Entry],
    /// Where a missing key is reported: the mapping's own key.
    pub(super) owner: Span,
    /// "a table", for messages.
    what: &'static str,
    /// Known keys that an unknown one was probably meant to be: not reported as missing too.
    misspelt: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// A key whose value is a mapping; one with nothing behind it is as good as absent.
    pub(super) fn section(&self, key: &str) -> Option<&'a Entry> {
        let null = |node: &Node| matches!(&node.kind, Kind::Scalar(scalar) if scalar.is_null());
        self.get(key).filter(|entry| !null(&entry.value))
    }

    pub(super) fn required(
        &self,
        decoder: &mut Decoder,
        key: &str,
        help: &str,
    ) -> Option<&'a Entry> {
        let entry = self.get(key);
        if entry.is_none() && !self.misspelt.contains(&key) {
            decoder.report(
                Diagnostic::new(&code::MISSING_KEY, format!("{} needs the key `{key}`", self.what))
                    .label(self.owner, format!("`{key}` is missing here"))
                    .help(help),
            );
        }
        entry
    }

    /// Whichever of the keys is given. None of them, or more than one, is reported.
    pub(super) fn one_of(&self, decoder: &mut Decoder, keys: &[&str]) -> Option<&'a Entry> {
        let list = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let found = self.at_most_one_of(decoder, keys);
        if found.is_none() && !keys.iter().any(|key| self.misspelt.contains(key)) {
            let message = format!("{} needs one of the keys {list}", self.what);
            decoder.report(
                Diagnostic::new(&code::MISSING_KEY, message)
                    .label(self.owner, "none of them is here")
                    .help(format!("add one of {list}")),
            );
        }
        found
    }

    /// The first of the keys that is given, whatever the order in the file: another layout of it has
    /// the same findings. The others are reported as excluded by it.
    pub(super) fn at_most_one_of(&self, decoder: &mut Decoder, keys: &[&str]) -> Option<&'a Entry> {
        let mut given =
            keys.iter().filter_map(|key| self.entries.iter().find(|entry| entry.key.value == *key));
        let first = given.next()?;
        for other in given {
            let (a, b) = (&first.key, &other.key);
            let message = format!("`{}` and `{}` exclude each other", a.value, b.value);
            decoder.conflict(message, b.span, a.span, "keep one of them");
        }
        Some(first)
    }

    /// Reports every given key other than those allowed beside `with`.
    pub(super) fn alone(&self, decoder: &mut Decoder, with: &Entry, allowed: &[&str]) {
        for entry in self.entries {
            let key = entry.key.value.as_str();
            if key == with.key.value || allowed.contains(&key) {
                continue;
            }
            let message = format!("`{}` and `{key}` exclude each other", with.key.value);
            decoder.conflict(message, entry.key.span, with.key.span, "keep one of them");
        }
    }
}

impl Decoder {
    /// The keys of `node`, each checked against `known`. `owner` is the place of the mapping's own
    /// key.
    pub(super) fn fields<'a>(
        &mut self,
        node: &'a Node,
        owner: Span,
        what: &'static str,
        known: &[&'a str],
    ) -> Option<Fields<'a>> {
        let Kind::Mapping(entries) = &node.kind else {
            self.wrong_type(what, node, "a mapping");
            return None;
        };
        let mut misspelt = Vec::new();
        for entry in entries {
            let key = entry.key.value.as_str();
            if known.contains(&key) {
                continue;
            }
            misspelt.extend(did_you_mean(key, known.iter().copied()));
            self.report(
                Diagnostic::new(&code::UNKNOWN_KEY, format!("{what} has no key `{key}`"))
                    .label(entry.key.span, "unknown key")
                    .help(proposal(key, known, "keys")),
            );
        }
        Some(Fields { entries, owner, what, misspelt })
    }

    /// The entries of a mapping from names to something. Nothing behind the key is no entry.
    pub(super) fn entries<'a>(&mut self, entry: &'a Entry, expected: &str) -> &'a [Entry] {
        match &entry.value.kind {
            Kind::Mapping(entries) => entries,
            Kind::Scalar(scalar) if scalar.is_null() => &[],
            _ => {
                self.wrong_type(&entry.key.value, &entry.value, expected);
                &[]
            }
        }
    }

    /// The items of a list. Nothing behind the key is no item.
    pub(super) fn items<'a>(&mut self, entry: &'a Entry, expected: &str) -> &'a [Node] {
        match &entry.value.kind {
            Kind::Sequence(items) => items,
            Kind::Scalar(scalar) if scalar.is_null() => &[],
            _ => {
                self.wrong_type(&entry.key.value, &entry.value, expected);
                &[]
            }
        }
    }
}
