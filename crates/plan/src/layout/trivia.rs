//! Comments and empty lines: which value each belongs to.
//!
//! A comment on a line of its own belongs to what follows it, as far as it is indented like that;
//! one that is indented deeper closes the collection before it. A comment behind something on its
//! line stays there.

use std::ops::Range;

use super::tree::{Part, Shape, Tree, Value};

#[derive(Clone)]
pub(super) struct Comment {
    /// `#` to the end of the line.
    pub(super) range: Range<usize>,
    /// Nothing else stands on its line.
    own_line: bool,
    column: usize,
}

impl Comment {
    pub(super) fn new(range: Range<usize>, text: &str) -> Self {
        let column = column(text, range.start);
        let own_line = text[range.start - column..range.start].trim().is_empty();
        Self { column, own_line, range }
    }
}

/// A comment on a line of its own.
pub(super) struct Trivia {
    pub(super) comment: Range<usize>,
    /// An empty line before it.
    pub(super) apart: bool,
}

/// What stands outside the root value.
#[derive(Default)]
pub(super) struct Outside {
    /// The head of the file stays on top, whatever entry comes first.
    pub(super) head: Vec<Trivia>,
    /// An empty line between the head and the first entry.
    pub(super) head_apart: bool,
    pub(super) foot: Vec<Trivia>,
}

/// Hands the comments of `tree` to its parts.
pub(super) fn attach(tree: &mut Tree, text: &str) -> Outside {
    let all = tree.comments.clone();
    let mut walk = Walk { text, comments: all.into_iter().peekable(), last: None };
    walk.value(&mut tree.root, None, text.len());
    let mut outside = Outside { foot: walk.before(text.len(), 0), ..Outside::default() };
    if let Some(first) = first_part(&mut tree.root) {
        outside.head = std::mem::take(&mut first.lead);
        outside.head_apart = std::mem::take(&mut first.apart);
    }
    outside
}

fn first_part(root: &mut Value) -> Option<&mut Part> {
    match &mut root.shape {
        Shape::Sequence { items: parts, .. } | Shape::Mapping { entries: parts, .. } => {
            parts.first_mut()
        }
        Shape::Text | Shape::Block { .. } => None,
    }
}

struct Walk<'a> {
    text: &'a str,
    comments: std::iter::Peekable<std::vec::IntoIter<Comment>>,
    /// End of what was passed last.
    last: Option<usize>,
}

impl Walk<'_> {
    /// Comments on lines of their own before `limit`, as long as they are indented by `column`.
    fn before(&mut self, limit: usize, column: usize) -> Vec<Trivia> {
        let mut found = Vec::new();
        let wanted = |next: &Comment| next.range.start < limit && next.column >= column;
        while let Some(next) = self.comments.next_if(wanted) {
            let apart = self.apart(next.range.start);
            self.last = Some(next.range.end);
            found.push(Trivia { comment: next.range, apart });
        }
        found
    }

    /// Whether an empty line lies between what was passed last and `at`.
    fn apart(&self, at: usize) -> bool {
        let between = self.last.and_then(|last| self.text.get(last..at)).unwrap_or("");
        let lines: Vec<&str> = between.split('\n').collect();
        // The first is the end of a line and the last the beginning of one.
        lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty())
    }

    /// A comment on the line of `at`, before `limit`.
    fn beside(&mut self, at: usize, limit: usize) -> Option<Range<usize>> {
        let end = line_end(self.text, at).min(limit);
        let next = self.comments.next_if(|next| !next.own_line && next.range.start < end)?;
        self.last = Some(next.range.end);
        Some(next.range)
    }

    /// `limit`: where the next thing outside `value` begins. `outer`: the column of what `value`
    /// stands in; a comment that is not deeper belongs to what follows.
    fn value(&mut self, value: &mut Value, outer: Option<usize>, limit: usize) {
        let Range { start, end } = value.range;
        let is_list = matches!(value.shape, Shape::Sequence { .. });
        let (Shape::Sequence { items: parts, tail, flow }
        | Shape::Mapping { entries: parts, tail, flow }) = &mut value.shape
        else {
            self.last = Some(end);
            return;
        };
        let limit = if *flow { end } else { limit };
        // A list stands where its dashes do, not where what is behind them does.
        let first = if is_list { Some(start) } else { parts.first().map(Part::start) };
        let own = first.map_or(0, |first| column(self.text, first));
        let starts: Vec<usize> = parts.iter().skip(1).map(Part::start).collect();
        for (nth, part) in parts.iter_mut().enumerate() {
            self.part(part, own, starts.get(nth).copied().unwrap_or(limit));
        }
        let deeper = own.max(outer.map_or(0, |outer| outer + 1));
        *tail = self.before(limit, if *flow { 0 } else { deeper });
        if *flow {
            self.last = Some(end);
        }
    }

    fn part(&mut self, part: &mut Part, column: usize, limit: usize) {
        let start = part.start();
        part.lead = self.before(start, 0);
        part.apart = self.apart(start);
        if let Some(key) = &part.key {
            self.last = Some(key.end);
            part.beside = self.beside_key(key.end, &part.value, limit);
        }
        self.value(&mut part.value, Some(column), limit);
        if part.beside.is_none() {
            part.beside = self.beside(self.last.unwrap_or(start), limit);
        }
    }

    /// `key: # comment` before a collection or a text block on the next lines.
    fn beside_key(&mut self, key_end: usize, value: &Value, limit: usize) -> Option<Range<usize>> {
        let end = line_end(self.text, key_end);
        let below = match &value.shape {
            Shape::Block { .. } => true,
            Shape::Sequence { flow, .. } | Shape::Mapping { flow, .. } => {
                !flow && value.range.start > end
            }
            Shape::Text => value.range.start > end,
        };
        if below { self.beside(key_end, limit) } else { None }
    }
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Bytes before `at` on its line; YAML indents with spaces.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline)
}
