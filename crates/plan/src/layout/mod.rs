//! One layout for all plans: known keys in the order of the reference, one indentation, comments
//! kept where they belong. What a plan means is compared before and after, so a slip in here can
//! refuse a file but never change it.

mod beside;
mod order;
mod print;
mod scalar;
mod tree;
mod trivia;

use diagnostics::{Diagnostic, SourceId, Span, code};

use crate::yaml::{self, Kind, Node};

/// `text` as the layout has it. Laid out again it is the same.
///
/// # Errors
/// Why the text is no YAML that a plan may be, at its place; mistakes in the plan language itself
/// are not looked for.
pub fn lay_out(source: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let before = read(source, text)?;
    let Some(meaning) = before else { return Ok(text.to_owned()) };
    let Some(mut tree) = tree::parse(text) else { return Err(vec![refusal(source)]) };
    let outside = trivia::attach(&mut tree, text);
    if !tree.has_anchors {
        order::apply(&mut tree.root, text);
    }
    let laid_out = print::print(&tree.root, &outside, text);
    let after = read(source, &laid_out).ok().flatten();
    if after.is_some_and(|after| same(&meaning, &after)) && keeps_comments(text, &laid_out) {
        Ok(laid_out)
    } else {
        Err(vec![refusal(source)])
    }
}

/// The document, or what is wrong with it as YAML. Duplicate keys are among that, so that a key
/// names one entry everywhere below.
fn read(source: SourceId, text: &str) -> Result<Option<Node>, Vec<Diagnostic>> {
    let document = yaml::read(source, text);
    if document.findings.is_empty() { Ok(document.root) } else { Err(document.findings.sorted()) }
}

fn refusal(source: SourceId) -> Diagnostic {
    let message = "this file cannot be laid out without changing what it means or losing a comment";
    Diagnostic::new(&code::LAYOUT_REFUSED, message)
        .label(Span::new(source, 0..0), "left as it is")
        .help("write keys as `key: value` without `?`, and comments on lines of their own")
}

/// The same values; only the order of keys may differ.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar(a), Kind::Scalar(b)) => a.style == b.style && a.text.text == b.text.text,
        (Kind::Sequence(a), Kind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Kind::Mapping(a), Kind::Mapping(b)) => {
            a.len() == b.len()
                && a.iter().all(|entry| {
                    b.iter()
                        .find(|other| other.key.value == entry.key.value)
                        .is_some_and(|other| same(&entry.value, &other.value))
                })
        }
        _ => false,
    }
}

fn keeps_comments(before: &str, after: &str) -> bool {
    let sorted = |text: &str| {
        let mut comments: Vec<String> =
            tree::parse(text).map_or_else(Vec::new, |tree| tree.comment_texts(text));
        comments.sort_unstable();
        comments
    };
    sorted(before) == sorted(after)
}
