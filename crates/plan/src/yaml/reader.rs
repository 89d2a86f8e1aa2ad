//! Parser events to nodes, with the findings about YAML itself.

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, SourceId, Span, Spanned, code};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use crate::findings::Findings;

use super::cut::{mend_mapping, mend_sequence};
use super::limits::{MAX_DEPTH, MAX_WEIGHT, too_large, weight};
use super::{AliasUse, Document, Entry, Kind, Node, Scalar, Style, scalar_map};

/// Ends the reading; its finding has been written down.
struct Stop;

/// A collection whose end has not come yet.
struct Open {
    start: Span,
    anchor: usize,
    content: Content,
    height: usize,
    weight: usize,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        /// The key whose value comes next.
        key: Option<Spanned<String>>,
        first_places: BTreeMap<String, Span>,
    },
}

/// A finished node with what it costs to use it again.
#[derive(Clone)]
struct Sized {
    node: Node,
    height: usize,
    weight: usize,
}

pub(super) struct Reader<'a> {
    source: SourceId,
    text: &'a str,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Sized>,
    weight: usize,
    documents: usize,
    out: Document,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: SourceId, text: &'a str) -> Self {
        Self {
            source,
            text,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            weight: 0,
            documents: 0,
            out: Document::default(),
        }
    }

    pub(super) fn read(mut self) -> Document {
        let options =
            granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true };
        for item in Parser::new_from_str_with_options(self.text, options) {
            let step = match item {
                Ok((event, span)) => self.event(&event, &span),
                Err(error) => self.syntax_error(&error),
            };
            if step.is_err() {
                break;
            }
        }
        self.out
    }

    fn event(&mut self, event: &Event<'_>, at: &granit_parser::Span) -> Result<(), Stop> {
        let span = self.span(at);
        self.refuse_tag(event, at);
        match event {
            Event::DocumentStart(..) => self.document(span),
            Event::Scalar(text, style, anchor, _) => self.scalar(text, *style, *anchor, span),
            Event::SequenceStart(_, anchor, _) => {
                self.open(span, *anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                let first_places = BTreeMap::new();
                let content = Content::Mapping { entries: Vec::new(), key: None, first_places };
                self.open(span, *anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(*anchor, span),
            Event::UnresolvedAlias(name) => self.unknown_alias(name, span),
            _ => Ok(()),
        }
    }

    fn span(&self, at: &granit_parser::Span) -> Span {
        // Offsets are always given for input from a string; the clamp keeps a span inside the file
        // whatever the parser says.
        let range = at.byte_range().unwrap_or(0..0);
        let end = range.end.min(self.text.len());
        Span::new(self.source, range.start.min(end)..end)
    }

    fn document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        self.out.findings.push(
            Diagnostic::new(&code::SEVERAL_DOCUMENTS, "the file holds more than one YAML document")
                .label(span, "a second document starts here")
                .help("give each plan its own file"),
        );
        Err(Stop)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Stop> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // A value that is not there comes as `~` of no width.
        let text = if style == Style::Plain && span.range().is_empty() { "" } else { text };
        if let Some(key) = self.expects_key() {
            *key = Some(Spanned::new(text.to_owned(), span));
            return self.spend(weight(text.len()), span);
        }
        let text = scalar_map::mapped(style, text, self.text, span);
        let weight = weight(text.text.len());
        self.spend(weight, span)?;
        let node = Node { span: text.span, kind: Kind::Scalar(Scalar { style, text }) };
        self.finish(Sized { node, height: 0, weight }, anchor);
        Ok(())
    }

    /// The empty place for a key, where the next event is a key.
    fn expects_key(&mut self) -> Option<&mut Option<Spanned<String>>> {
        match &mut self.open.last_mut()?.content {
            Content::Mapping { key, .. } if key.is_none() => Some(key),
            _ => None,
        }
    }

    fn open(&mut self, start: Span, anchor: usize, content: Content) -> Result<(), Stop> {
        if self.expects_key().is_some() {
            return self.refuse_key(start, "a list or mapping cannot be a key");
        }
        if self.open.len() >= MAX_DEPTH {
            return self.too_deep(start);
        }
        self.spend(weight(0), start)?;
        self.open.push(Open { start, anchor, content, height: 0, weight: weight(0) });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Stop> {
        // The parser balances its events; without an open collection there is nothing to do.
        let Some(open) = self.open.pop() else { return Ok(()) };
        let findings = &mut self.out.findings;
        // Only `]` and `}` have a width.
        let flow = !end.range().is_empty();
        let (kind, last) = match open.content {
            Content::Sequence(items) => {
                let last = items.last().map(|node| node.span);
                let items = if flow { mend_sequence(items, findings) } else { items };
                (Kind::Sequence(items), last)
            }
            Content::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.key.span.to(entry.value.span));
                let entries = if flow { mend_mapping(entries, findings) } else { entries };
                (Kind::Mapping(entries), last)
            }
        };
        // A block collection "ends" where the next token begins: its last entry is its end.
        let span = if flow { end } else { last.unwrap_or(open.start) };
        let node = Node { span: forward(open.start, span), kind };
        self.finish(Sized { node, height: open.height + 1, weight: open.weight }, open.anchor);
        Ok(())
    }

    /// Puts a finished node into what is open, and remembers it by its anchor.
    fn finish(&mut self, sized: Sized, anchor: usize) {
        if anchor != 0 {
            // The copy is paid for too; the next value notices where it was too much.
            self.weight += sized.weight;
            self.anchors.insert(anchor, sized.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.out.root.get_or_insert(sized.node);
            return;
        };
        parent.height = parent.height.max(sized.height);
        parent.weight += sized.weight;
        match &mut parent.content {
            Content::Sequence(items) => items.push(sized.node),
            Content::Mapping { entries, key, first_places } => {
                let Some(key) = key.take() else { return };
                let findings = &mut self.out.findings;
                if accept_key(&key, first_places, findings) {
                    entries.push(Entry { key, value: sized.node });
                }
            }
        }
    }

    fn alias(&mut self, anchor: usize, at: Span) -> Result<(), Stop> {
        if self.expects_key().is_some() {
            return self.refuse_key(at, "an alias cannot be a key");
        }
        let Some(sized) = self.anchors.get(&anchor) else {
            return self.fatal(
                Diagnostic::new(&code::YAML_SYNTAX, "an alias stands inside its own anchor")
                    .label(at, "this value would contain itself"),
            );
        };
        let (height, cost, definition) = (sized.height, sized.weight, sized.node.span);
        if self.open.len() + height > MAX_DEPTH {
            return self.too_deep(at);
        }
        if self.weight + cost > MAX_WEIGHT {
            return self.fatal(
                too_large("the plan is too large once its aliases are expanded")
                    .label(at, "this alias goes over the limit")
                    .label(definition, "it stands for this value"),
            );
        }
        self.weight += cost;
        self.out.aliases.push(AliasUse { at, definition });
        let copy = sized.clone();
        self.finish(copy, 0);
        Ok(())
    }

    fn unknown_alias(&mut self, name: &str, at: Span) -> Result<(), Stop> {
        self.out.findings.push(
            Diagnostic::new(&code::YAML_SYNTAX, format!("no anchor `&{name}` comes before this"))
                .label(at, "this alias stands for nothing")
                .help("in YAML a value that starts with `*` is an alias: put a text in quotes"),
        );
        if let Some(key) = self.expects_key() {
            *key = Some(Spanned::new(format!("*{name}"), at));
        } else {
            let node = Node { span: at, kind: Kind::Invalid };
            self.finish(Sized { node, height: 0, weight: 0 }, 0);
        }
        Ok(())
    }

    fn refuse_tag(&mut self, event: &Event<'_>, at: &granit_parser::Span) {
        let Some(tag) = event.tag() else { return };
        let place = at.tag_span().map_or(self.span(at), |span| self.span(&span));
        let message = format!("the tag `{}` is not part of the plan language", tag.original());
        self.out.findings.push(
            Diagnostic::new(&code::YAML_SYNTAX, message)
                .label(place, "a value has the type that its key takes")
                .help("leave the tag out; put a text that starts with `!` in quotes"),
        );
    }

    fn refuse_key(&mut self, at: Span, message: &str) -> Result<(), Stop> {
        self.fatal(
            Diagnostic::new(&code::YAML_SYNTAX, message)
                .label(at, "a key is a single word or text")
                .help("put a text that starts with `{`, `[` or `*` in quotes"),
        )
    }

    fn too_deep(&mut self, at: Span) -> Result<(), Stop> {
        let message = format!("lists and mappings are nested more than {MAX_DEPTH} deep");
        self.fatal(too_large(message).label(at, "this one is too deep"))
    }

    fn spend(&mut self, cost: usize, at: Span) -> Result<(), Stop> {
        self.weight += cost;
        if self.weight <= MAX_WEIGHT {
            return Ok(());
        }
        self.fatal(too_large("the plan holds too many values").label(at, "the limit is here"))
    }

    /// A finding after which the rest of the file says nothing reliable.
    fn fatal(&mut self, finding: Diagnostic) -> Result<(), Stop> {
        self.out.findings.push(finding);
        self.out.root = None;
        Err(Stop)
    }

    fn syntax_error(&mut self, error: &ScanError) -> Result<(), Stop> {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let width = self.text.get(at..).and_then(|rest| rest.chars().next());
        let end = at + width.filter(|&c| c != '\n').map_or(0, char::len_utf8);
        let place = Span::new(self.source, at..end);
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return self.too_deep(place);
        }
        let message = format!("the plan is not valid YAML: {}", in_backticks(&error.info()));
        let mut finding =
            Diagnostic::new(&code::YAML_SYNTAX, message).label(place, "at this place");
        finding.help = way_out(error.kind()).map(str::to_owned);
        self.fatal(finding)
    }
}

/// The parser quotes signs as `x' and 'x'; a lone apostrophe is one.
fn in_backticks(message: &str) -> String {
    let quotes = message.matches(['`', '\'']).count();
    if quotes.is_multiple_of(2) { message.replace('\'', "`") } else { message.to_owned() }
}

/// What to change, for the slips that people make.
fn way_out(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            Some("put a text that holds `: ` in quotes, or indent the line like its neighbours")
        }
        ErrorKind::UnclosedQuotedScalar => Some("close the quote, or double it inside the text"),
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart => Some("indent with spaces"),
        ErrorKind::UnknownQuotedScalarEscape => {
            Some("write `\\\\` for a backslash, or put the text in single quotes")
        }
        ErrorKind::UnexpectedCharacter { .. } => Some("put the text in quotes"),
        ErrorKind::UnclosedFlowCollection { .. } => Some("close the bracket"),
        _ => None,
    }
}

/// `start` to the end of `end`, in this order even where an alias points backwards.
fn forward(start: Span, end: Span) -> Span {
    Span { end: end.end.max(start.end), ..start }
}

fn accept_key(
    key: &Spanned<String>,
    first_places: &mut BTreeMap<String, Span>,
    findings: &mut Findings,
) -> bool {
    if key.value == "<<" {
        findings.push(
            Diagnostic::new(&code::UNKNOWN_KEY, "merge keys are not part of the plan language")
                .label(key.span, "YAML 1.2 has no merge keys")
                .help("give each key here, each with an alias (`key: *name`) where it repeats"),
        );
        return false;
    }
    if let Some(&first) = first_places.get(&key.value) {
        findings.push(
            Diagnostic::new(&code::DUPLICATE_KEY, format!("`{}` is given twice", key.value))
                .label(key.span, "given again here")
                .label(first, "first given here"),
        );
        return false;
    }
    first_places.insert(key.value.clone(), key.span);
    true
}
