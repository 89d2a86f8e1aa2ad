//! The tree as text: two columns for each level, flow collections on one line where they fit.

use std::ops::Range;

use super::tree::{Part, Shape, Value};
use super::trivia::{Outside, Trivia};
use super::{beside, scalar};

/// Flow collections up to this column stay on their line.
const WIDTH: usize = 120;
const STEP: usize = 2;

pub(super) fn print(root: &Value, outside: &Outside, text: &str) -> String {
    let mut printer = Printer { text, out: String::new(), beside: Vec::new() };
    printer.comments(&outside.head, 0);
    printer.gap(outside.head_apart || first_has_lead(root));
    printer.root(root);
    printer.comments(&outside.foot, 0);
    beside::aligned(&printer.out, &printer.beside)
}

/// Its comments would read as part of the head.
fn first_has_lead(root: &Value) -> bool {
    match &root.shape {
        Shape::Sequence { items: parts, .. } | Shape::Mapping { entries: parts, .. } => {
            parts.first().is_some_and(|part| !part.lead.is_empty())
        }
        Shape::Text | Shape::Block { .. } => false,
    }
}

struct Printer<'t> {
    text: &'t str,
    out: String,
    /// Where in `out` the comments behind something begin.
    beside: Vec<usize>,
}

/// How a part stands among its neighbours.
#[derive(Clone, Copy)]
struct Place {
    indent: usize,
    /// Behind a `-` on the same line.
    inline: bool,
    /// No empty line goes before the first part of a collection.
    first: bool,
    /// An empty line goes before it whether the author wrote one or not.
    section: bool,
}

impl<'t> Printer<'t> {
    fn root(&mut self, root: &Value) {
        let (parts, tail) = match &root.shape {
            _ if self.flow_that_fits(root, 0).is_some() => (None, None),
            Shape::Mapping { entries, tail, .. } => (Some(entries), Some(tail)),
            Shape::Sequence { items, tail, .. } => (Some(items), Some(tail)),
            Shape::Text | Shape::Block { .. } => (None, None),
        };
        let (Some(parts), Some(tail)) = (parts, tail) else {
            self.out.push_str(self.slice(&root.range));
            self.out.push('\n');
            return;
        };
        let mut after_section = false;
        for (nth, part) in parts.iter().enumerate() {
            let is_section = self.is_section(part);
            let section = is_section || after_section;
            self.part(part, Place { indent: 0, inline: false, first: nth == 0, section });
            after_section = is_section;
        }
        self.comments(tail, 0);
    }

    /// A collection that takes lines of its own.
    fn is_section(&self, part: &Part) -> bool {
        let key = part.key.as_ref().map_or(0, |key| key.len());
        matches!(part.value.shape, Shape::Mapping { .. } | Shape::Sequence { .. })
            && self.flow_that_fits(&part.value, key + STEP).is_none()
    }

    fn parts(&mut self, parts: &[Part], tail: &[Trivia], indent: usize, inline: bool) {
        for (nth, part) in parts.iter().enumerate() {
            let first = nth == 0;
            self.part(part, Place { indent, inline: inline && first, first, section: false });
        }
        self.comments(tail, indent);
    }

    fn part(&mut self, part: &Part, place: Place) {
        if !place.inline {
            self.lead(part, place);
            self.pad(place.indent);
        }
        match &part.key {
            Some(key) => {
                self.out.push_str(self.slice(key));
                self.out.push(':');
            }
            None => self.out.push('-'),
        }
        self.value(part, place.indent);
    }

    /// Comments and the empty line before a part. What leads the first thing behind a `-` has no
    /// line of its own there, so it stands before the `-`.
    fn lead(&mut self, part: &Part, place: Place) {
        let mut gap_before_first = place.section;
        let mut at = part;
        let mut comments: Vec<&Trivia> = part.lead.iter().collect();
        let mut column = place.indent + STEP;
        while let Some(inner) = self.first_inline(at, column) {
            comments.extend(&inner.lead);
            at = inner;
            column += STEP;
        }
        for (nth, comment) in comments.iter().enumerate() {
            self.gap((comment.apart || gap_before_first) && !(place.first && nth == 0));
            gap_before_first = false;
            self.comment(comment, place.indent);
        }
        let leads = !comments.is_empty();
        self.gap((part.apart || gap_before_first) && (leads || !place.first));
    }

    fn value(&mut self, part: &Part, indent: usize) {
        let value = &part.value;
        if let Some(anchor) = &value.anchor {
            self.word(self.slice(anchor));
        }
        match &value.shape {
            Shape::Text => {
                self.word(&indented(self.slice(&value.range), indent + STEP));
                self.end_line(part);
            }
            Shape::Block { indent: from } => self.block(part, *from, indent + STEP),
            Shape::Sequence { items: parts, tail, .. }
            | Shape::Mapping { entries: parts, tail, .. } => {
                if let Some(flow) = self.flow_that_fits(value, self.column() + 1) {
                    self.word(&flow);
                    self.end_line(part);
                } else {
                    let inline = self.first_inline(part, indent + STEP).is_some();
                    if inline {
                        self.out.push(' ');
                    } else {
                        self.end_line(part);
                    }
                    self.parts(parts, tail, indent + STEP, inline);
                }
            }
        }
    }

    fn block(&mut self, part: &Part, from: usize, to: usize) {
        let range = &part.value.range;
        self.word(&scalar::header_at_two(scalar::header(self.text, range.start)));
        self.end_line(part);
        for line in self.slice(range).lines().skip(1) {
            let line = line.get(from.min(line.len())..).unwrap_or(line);
            if !line.is_empty() {
                self.pad(to);
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn end_line(&mut self, part: &Part) {
        if let Some(beside) = &part.beside {
            self.out.push(' ');
            self.beside.push(self.out.len());
            self.out.push_str(self.slice(beside).trim_end());
        }
        self.out.push('\n');
    }

    fn comments(&mut self, comments: &[Trivia], indent: usize) {
        for comment in comments {
            self.gap(comment.apart);
            self.comment(comment, indent);
        }
    }

    fn comment(&mut self, comment: &Trivia, indent: usize) {
        self.pad(indent);
        self.out.push_str(self.slice(&comment.comment).trim_end());
        self.out.push('\n');
    }

    /// A space and `word`; nothing for nothing.
    fn word(&mut self, word: &str) {
        if !word.is_empty() {
            self.out.push(' ');
            self.out.push_str(word);
        }
    }

    /// An empty line, but never two.
    fn gap(&mut self, wanted: bool) {
        if wanted && !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn column(&self) -> usize {
        self.out.len() - self.out.rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn slice(&self, range: &Range<usize>) -> &'t str {
        self.text.get(range.clone()).unwrap_or("")
    }

    /// `value` on one line that starts at `column`, where its author wrote it as flow.
    fn flow_that_fits(&self, value: &Value, column: usize) -> Option<String> {
        let (Shape::Sequence { flow: true, .. } | Shape::Mapping { flow: true, .. }) = &value.shape
        else {
            return None;
        };
        flow(value, self.text).filter(|flow| column + flow.chars().count() <= WIDTH)
    }

    /// The first part of a collection that begins behind a `-`, at `column`.
    fn first_inline<'p>(&self, part: &'p Part, column: usize) -> Option<&'p Part> {
        let bare = part.key.is_none() && part.beside.is_none() && part.value.anchor.is_none();
        match &part.value.shape {
            Shape::Sequence { items: parts, .. } | Shape::Mapping { entries: parts, .. }
                if bare && self.flow_that_fits(&part.value, column).is_none() =>
            {
                parts.first()
            }
            _ => None,
        }
    }
}

/// A value without its anchor on one line; `None` where a comment or a line break is in the way.
fn flow(value: &Value, text: &str) -> Option<String> {
    let written = text.get(value.range.clone()).filter(|written| !written.is_empty());
    Some(match &value.shape {
        Shape::Text => written.filter(|written| !written.contains('\n'))?.to_owned(),
        Shape::Block { .. } => return None,
        Shape::Sequence { items, tail, .. } => {
            format!("[{}]", flow_parts(items, tail, text)?.join(", "))
        }
        Shape::Mapping { entries, tail, .. } if entries.is_empty() && tail.is_empty() => {
            "{}".to_owned()
        }
        Shape::Mapping { entries, tail, .. } => {
            format!("{{ {} }}", flow_parts(entries, tail, text)?.join(", "))
        }
    })
}

fn flow_parts(parts: &[Part], tail: &[Trivia], text: &str) -> Option<Vec<String>> {
    if !tail.is_empty() {
        return None;
    }
    parts
        .iter()
        .map(|part| {
            if !part.lead.is_empty() || part.beside.is_some() {
                return None;
            }
            let value = flow(&part.value, text)?;
            let key = part.key.clone().and_then(|key| text.get(key)).map(|key| format!("{key}:"));
            let anchor = part.value.anchor.clone().and_then(|anchor| text.get(anchor));
            let words = [key.as_deref(), anchor, Some(value.as_str())];
            Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// Further lines of a text that is folded anyway, at another indentation.
fn indented(written: &str, indent: usize) -> String {
    let mut lines = written.lines();
    let mut out = lines.next().unwrap_or("").to_owned();
    for line in lines {
        out.push('\n');
        let line = line.trim_start();
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out
}
