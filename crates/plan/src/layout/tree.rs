//! The text of a plan as a tree of ranges: how each value was written, and where.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::scalar;
use super::trivia::{Comment, Trivia, column};

/// A whole file.
pub(super) struct Tree {
    pub(super) root: Value,
    /// In the order of the file.
    pub(super) comments: Vec<Comment>,
    /// An alias must stand behind its anchor, so entries of such a file stay in their order.
    pub(super) has_anchors: bool,
}

pub(super) struct Value {
    /// From its first byte to its last. Of a block collection: to the end of its last entry.
    pub(super) range: Range<usize>,
    /// `&name`, where the value has one.
    pub(super) anchor: Option<Range<usize>>,
    pub(super) shape: Shape,
}

pub(super) enum Shape {
    /// As written: plain and quoted texts, aliases, nothing.
    Text,
    /// `|` and `>`; its lines are indented by `indent`.
    Block {
        indent: usize,
    },
    Sequence {
        flow: bool,
        items: Vec<Part>,
        tail: Vec<Trivia>,
    },
    Mapping {
        flow: bool,
        entries: Vec<Part>,
        tail: Vec<Trivia>,
    },
}

/// An item of a list, or an entry of a mapping.
pub(super) struct Part {
    /// `None` in a list.
    pub(super) key: Option<Range<usize>>,
    pub(super) value: Value,
    /// Comments on lines of their own before it.
    pub(super) lead: Vec<Trivia>,
    /// An empty line between it and what is before it (its lead included).
    pub(super) apart: bool,
    /// A comment behind it on its line.
    pub(super) beside: Option<Range<usize>>,
}

impl Part {
    pub(super) fn start(&self) -> usize {
        self.key.as_ref().map_or(self.value.range.start, |key| key.start)
    }
}

impl Tree {
    /// Every comment, without the blanks around it.
    pub(super) fn comment_texts(&self, text: &str) -> Vec<String> {
        self.comments.iter().map(|comment| text[comment.range.clone()].trim().to_owned()).collect()
    }
}

/// An open collection.
struct Open {
    start: usize,
    anchor: Option<Range<usize>>,
    flow: bool,
    mapping: bool,
    parts: Vec<Part>,
    key: Option<Range<usize>>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Value>,
    comments: Vec<Comment>,
    has_anchors: bool,
    /// An anchor stands on a key.
    anchored_key: bool,
}

/// `None` for what the reader has refused, an empty file, or an anchor on a key, which has no place
/// in the tree.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let options = granit_parser::options! {
        emit_comments: true,
        emit_anchor_events: true,
    };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.ok()?;
        let range = span.byte_range()?;
        builder.event(&event, range.start.min(text.len())..range.end.min(text.len()), text);
    }
    let mut comments = builder.comments;
    comments.sort_by_key(|comment| comment.range.start);
    if builder.anchored_key {
        return None;
    }
    Some(Tree { root: builder.root?, comments, has_anchors: builder.has_anchors })
}

impl Builder {
    fn event(&mut self, event: &Event<'_>, range: Range<usize>, text: &str) {
        match event {
            Event::Comment(..) => self.comments.push(Comment::new(range, text)),
            Event::Anchor(..) => self.anchor(range),
            Event::Scalar(_, style, ..) => self.scalar(*style, range, text),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.leaf(range, Shape::Text),
            Event::SequenceStart(style, ..) => self.begin(range, *style, false),
            Event::MappingStart(style, ..) => self.begin(range, *style, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(&range),
            _ => {}
        }
    }

    fn scalar(&mut self, style: ScalarStyle, range: Range<usize>, text: &str) {
        if let Some(Open { mapping: true, key: key @ None, .. }) = self.open.last_mut() {
            *key = Some(range);
            return;
        }
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let parent = self.open.last().map_or(0, |open| column(text, open.start));
            let start = scalar::header_start(text, range.start);
            let extent = scalar::extent(text, start, parent);
            self.leaf(start..extent.end, Shape::Block { indent: extent.indent });
        } else {
            self.leaf(trimmed(range, text), Shape::Text);
        }
    }

    fn leaf(&mut self, range: Range<usize>, shape: Shape) {
        self.finish(Value { range, anchor: None, shape });
    }

    fn begin(&mut self, range: Range<usize>, style: StructureStyle, mapping: bool) {
        let flow = matches!(style, StructureStyle::Flow);
        let (start, parts) = (range.start, Vec::new());
        self.open.push(Open { start, anchor: None, flow, mapping, parts, key: None });
    }

    fn end(&mut self, end: &Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        let last = open.parts.last().map_or(open.start, |part| part.value.range.end);
        let stop = if open.flow { end.end } else { last };
        let (flow, tail) = (open.flow, Vec::new());
        let shape = if open.mapping {
            Shape::Mapping { flow, entries: open.parts, tail }
        } else {
            Shape::Sequence { flow, items: open.parts, tail }
        };
        let start = open.start;
        self.finish(Value { range: start..stop.max(start), anchor: open.anchor, shape });
    }

    /// The event comes directly behind that of the value it names.
    fn anchor(&mut self, range: Range<usize>) {
        self.has_anchors = true;
        if self.open.last().is_some_and(|open| open.key.is_some()) {
            self.anchored_key = true;
            return;
        }
        let fresh = self.open.last_mut().filter(|open| open.parts.is_empty() && open.key.is_none());
        if let Some(open) = fresh {
            open.anchor = Some(range);
        } else if let Some(part) = self.open.last_mut().and_then(|open| open.parts.last_mut()) {
            part.value.anchor = Some(range);
        }
    }

    fn finish(&mut self, value: Value) {
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(value);
            return;
        };
        let key = parent.key.take();
        parent.parts.push(Part { key, value, lead: Vec::new(), apart: false, beside: None });
    }
}

fn trimmed(range: Range<usize>, text: &str) -> Range<usize> {
    let kept = text.get(range.clone()).unwrap_or("").trim_end().len();
    range.start..range.start + kept
}
