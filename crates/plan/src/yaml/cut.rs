//! The comma in `{ references: files(repo, id) }` and `[coalesce(a, b)]`: inside braces and
//! brackets it ends a value, which cuts SQL in two. YAML takes it, nobody means it.

use diagnostics::{Diagnostic, Span, code};

use crate::findings::Findings;

use super::{Entry, Kind, Node, Style};

/// Entries of a flow mapping with every cut value made invalid and its other pieces dropped.
pub(super) fn mend_mapping(entries: Vec<Entry>, findings: &mut Findings) -> Vec<Entry> {
    let mut mended: Vec<Entry> = Vec::new();
    let mut rest = entries.into_iter().peekable();
    while let Some(mut entry) = rest.next() {
        let mut depth = open_parentheses(plain(&entry.value));
        let mut end = entry.value.span;
        while depth > 0
            && let Some(next) = rest.next_if(|next| next.value.is_nothing())
        {
            depth += balance(&next.key.value);
            end = next.key.span;
        }
        if end != entry.value.span {
            entry.value = cut(entry.value.span, end, findings);
        }
        mended.push(entry);
    }
    mended
}

/// The same for the items of a flow sequence.
pub(super) fn mend_sequence(items: Vec<Node>, findings: &mut Findings) -> Vec<Node> {
    let mut mended: Vec<Node> = Vec::new();
    let mut rest = items.into_iter().peekable();
    while let Some(item) = rest.next() {
        let mut depth = open_parentheses(plain(&item));
        let mut end = item.span;
        while depth > 0
            && let Some(next) = rest.next_if(|next| plain(next).is_some())
        {
            depth += plain(&next).map_or(0, balance);
            end = next.span;
        }
        mended.push(if end == item.span { item } else { cut(item.span, end, findings) });
    }
    mended
}

fn plain(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.style == Style::Plain => Some(&scalar.text.text),
        _ => None,
    }
}

/// How many parentheses a plain text leaves open.
fn open_parentheses(text: Option<&str>) -> i64 {
    text.map_or(0, balance).max(0)
}

fn balance(text: &str) -> i64 {
    text.bytes().map(|b| i64::from(b == b'(') - i64::from(b == b')')).sum()
}

fn cut(start: Span, end: Span, findings: &mut Findings) -> Node {
    let span = start.to(end);
    findings.push(
        Diagnostic::new(&code::YAML_SYNTAX, "a comma cuts a text with parentheses in two")
            .label(span, "inside braces and brackets a comma ends the value")
            .help("put the text in quotes"),
    );
    Node { span, kind: Kind::Invalid }
}
