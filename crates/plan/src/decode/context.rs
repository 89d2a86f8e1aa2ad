//! Where findings are gathered, and the wording that all of them share.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diagnostics::{Diagnostic, Label, Span, code, did_you_mean, plural};

use crate::findings::Findings;
use crate::model::EngineKind;
use crate::yaml::{AliasUse, Kind, Node};

use super::url;

pub(crate) struct Decoder {
    findings: Findings,
    /// The target's engine, which some limits depend on; `None` until the target has been read.
    pub(super) engine: Option<EngineKind>,
}

impl Decoder {
    pub(super) fn new(findings: Findings) -> Self {
        Self { findings, engine: None }
    }

    pub(super) fn report(&mut self, mut finding: Diagnostic) {
        // A message may repeat the text it complains about, and that may be a URL put in the
        // wrong place.
        finding.message = url::masked(&finding.message);
        self.findings.push(finding);
    }

    /// All findings in the order of the file. One inside a value that is used again through aliases
    /// shows those places too.
    pub(super) fn finish(self, aliases: &[AliasUse]) -> Vec<Diagnostic> {
        let mut findings = self.findings.sorted();
        let mut uses: BTreeMap<(u32, Reverse<u32>), Vec<Span>> = BTreeMap::new();
        for AliasUse { at, definition } in aliases {
            uses.entry((definition.start, Reverse(definition.end))).or_default().push(*at);
        }
        // Values lie inside each other or apart, so the ones around a place form a stack.
        let mut coming = uses.iter().peekable();
        let mut around: Vec<(u32, &Vec<Span>)> = Vec::new();
        for finding in &mut findings {
            let Some(place) = finding.span() else { continue };
            while let Some(((start, Reverse(end)), uses)) = coming.peek()
                && *start <= place.start
            {
                around.retain(|(end, _)| end > start);
                around.push((*end, uses));
                coming.next();
            }
            let inside = around.iter().filter(|(end, _)| place.end <= *end);
            show_uses(finding, inside.map(|(_, uses)| uses.as_slice()));
        }
        findings
    }

    /// "`key` takes …, found …" at the value. Nothing where the value has its finding already.
    pub(super) fn wrong_type(&mut self, key: &str, node: &Node, expected: &str) {
        if matches!(node.kind, Kind::Invalid) {
            return;
        }
        let message = format!("{} takes {expected}, found {}", subject(key), node.found());
        self.report(
            Diagnostic::new(&code::WRONG_TYPE, message)
                .label(node.span, format!("expected {expected}")),
        );
    }

    /// "`key` takes …, found `text`" at the value.
    pub(super) fn wrong_text(&mut self, key: &str, node: &Node, expected: &str, found: &str) {
        let found =
            if found.trim().is_empty() { "an empty text".to_owned() } else { format!("`{found}`") };
        let message = format!("{} takes {expected}, found {found}", subject(key));
        self.report(
            Diagnostic::new(&code::WRONG_TYPE, message)
                .label(node.span, format!("expected {expected}")),
        );
    }

    pub(super) fn unknown_value(&mut self, key: &str, found: &str, span: Span, known: &[&str]) {
        let message = format!("{} cannot be `{found}`", subject(key));
        let mut finding = Diagnostic::new(&code::UNKNOWN_VALUE, message)
            .label(span, "not one of the known values");
        finding = finding.help(proposal(found, known, "values"));
        self.report(finding);
    }

    pub(super) fn conflict(&mut self, message: String, later: Span, earlier: Span, help: &str) {
        self.report(
            Diagnostic::new(&code::CONFLICTING_KEYS, message)
                .label(later, "this key")
                .label(earlier, "excludes this one")
                .help(help),
        );
    }

    /// The place of a mapping's first key, for findings about the mapping as such.
    pub(super) fn first_key(&self, node: &Node) -> Option<Span> {
        match &node.kind {
            Kind::Mapping(entries) => entries.first().map(|entry| entry.key.span),
            _ => None,
        }
    }
}

/// Labels for the first few places; a note says how many more there are.
fn show_uses<'a>(finding: &mut Diagnostic, places: impl Iterator<Item = &'a [Span]> + Clone) {
    const SHOWN: usize = 3;
    for &span in places.clone().flatten().take(SHOWN) {
        let text = "used here through an alias".to_owned();
        finding.labels.push(Label { span, text });
    }
    let count: usize = places.map(<[Span]>::len).sum();
    if count > SHOWN {
        let more = plural(count - SHOWN, "more alias");
        finding.notes.push(format!("{more} use this value"));
    }
}

/// A key in backticks; a phrase (it holds a space) or what has them already as it is.
fn subject(key: &str) -> String {
    if key.contains([' ', '`']) { key.to_owned() } else { format!("`{key}`") }
}

/// "did you mean …" where one is near, and all there are.
pub(super) fn proposal(found: &str, known: &[&str], what: &str) -> String {
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match did_you_mean(found, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? the {what} here are {list}"),
        None => format!("the {what} here are {list}"),
    }
}
