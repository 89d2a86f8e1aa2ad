//! The way back from the text of a YAML scalar to the bytes of the file.
//!
//! The parser gives the text and the span of its source, not how they belong together. Each style
//! is walked here once more, byte by byte, which yields the text anew: where it is not the
//! parser's text, the map would lie, and a plain one is used.

use diagnostics::{SourceText, Span};

use super::Style;

/// `text`, decoded by the parser from `file` at `span`, with its map.
pub(super) fn mapped(style: Style, text: &str, file: &str, span: Span) -> SourceText {
    let raw = file.get(span.range()).unwrap_or("");
    // A block scalar's span runs up to the next key; its last line is its end.
    let kept = raw.trim_end().len().max(usize::from(!raw.is_empty()));
    let span = Span::new(span.source, span.range().start..span.range().start + kept);
    let walked = match style {
        Style::Plain => flow(raw, 0, Escapes::None),
        Style::SingleQuoted => flow(unquoted(raw), 1, Escapes::DoubledQuote),
        Style::DoubleQuoted => flow(unquoted(raw), 1, Escapes::Backslash),
        Style::Literal | Style::Folded => block(text, raw),
    };
    if walked.text != text {
        return SourceText::verbatim(text, span);
    }
    let map = walked.map.into_iter().map(|(at, from)| (at, span.start + from)).collect();
    SourceText::mapped(walked.text, span, map)
}

fn unquoted(raw: &str) -> &str {
    let inner = raw.get(1..).unwrap_or("");
    inner.strip_suffix(['"', '\'']).unwrap_or(inner)
}

/// The text so far and where its bytes come from: (offset in the text, offset in the raw source).
#[derive(Default)]
struct Walk {
    text: String,
    map: Vec<(u32, u32)>,
}

impl Walk {
    /// Adds `part`, which stands (or begins) at `from` of the raw source.
    fn push(&mut self, part: &str, from: usize) {
        let (at, from) = (small(self.text.len()), small(from));
        let follows = self.map.last().is_some_and(|&(t, f)| at - t == from.wrapping_sub(f));
        if !follows && !part.is_empty() {
            self.map.push((at, from));
        }
        self.text.push_str(part);
    }

    /// After an escape both sides have moved by different lengths, so the next part gets its own
    /// entry even where it happens to line up.
    fn push_char(&mut self, c: char, from: usize) {
        self.push(c.encode_utf8(&mut [0; 4]), from);
    }
}

fn small(n: usize) -> u32 {
    // A plan has at most 4 MiB; saturating keeps this total.
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    None,
    DoubledQuote,
    Backslash,
}

/// Plain and quoted scalars: lines are folded, quotes and backslashes are escapes. `shift` is the
/// length of the opening quote, which `raw` lacks.
fn flow(raw: &str, shift: usize, escapes: Escapes) -> Walk {
    let mut walk = Walk::default();
    let mut at = 0;
    while let Some(c) = raw[at..].chars().next() {
        let from = at + shift;
        let rest = &raw[at..];
        if let Some(fold) = line_fold(rest) {
            walk.push(&fold.text, from);
            at += fold.length;
        } else if escapes == Escapes::DoubledQuote && rest.starts_with("''") {
            walk.push("'", from);
            at += 2;
        } else if escapes == Escapes::Backslash && c == '\\' {
            let (escaped, length) = escape(rest);
            if let Some(escaped) = escaped {
                walk.push_char(escaped, from);
            } else {
                // A line continuation gives no text, but empty lines after it do.
                let lines = rest[1..length].matches('\n').count().saturating_sub(1);
                walk.push(&"\n".repeat(lines), from);
            }
            at += length;
        } else {
            walk.push_char(c, from);
            at += c.len_utf8();
        }
    }
    walk
}

struct Fold {
    text: String,
    length: usize,
}

/// White space around one or more line breaks: a space, or a line break for each empty line.
fn line_fold(rest: &str) -> Option<Fold> {
    let length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let breaks = rest[..length].matches('\n').count();
    let text = match breaks {
        0 => return None,
        1 => " ".to_owned(),
        more => "\n".repeat(more - 1),
    };
    Some(Fold { text, length })
}

/// The character of the escape at the start of `rest` (none for a line continuation) and the
/// length of the escape; YAML 1.2.2, section 5.7.
fn escape(rest: &str) -> (Option<char>, usize) {
    let Some(letter) = rest[1..].chars().next() else { return (Some('\\'), 1) };
    match letter {
        'x' => hex(rest, 2),
        'u' => hex(rest, 4),
        'U' => hex(rest, 8),
        '\n' | '\r' => {
            let gap = rest[1..].len() - rest[1..].trim_start_matches([' ', '\t', '\n', '\r']).len();
            (None, 1 + gap)
        }
        _ => (Some(named(letter)), 1 + letter.len_utf8()),
    }
}

fn named(letter: char) -> char {
    match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        same => same,
    }
}

fn hex(rest: &str, digits: usize) -> (Option<char>, usize) {
    let unit = |from: usize| {
        rest.get(from..from + digits).and_then(|text| u32::from_str_radix(text, 16).ok())
    };
    let length = 2 + digits;
    match unit(2) {
        // A pair of surrogates, as JSON has it, is one character.
        Some(high @ 0xD800..=0xDBFF) => {
            let low = unit(length + 2).unwrap_or(0xDC00);
            let value = 0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
            (char::from_u32(value), 2 * length)
        }
        Some(value) => (Some(char::from_u32(value).unwrap_or('\u{FFFD}')), length),
        None => (Some('\u{FFFD}'), length.min(rest.len())),
    }
}

/// Block scalars. Every line's text is a suffix of its source line, and what the style changes is
/// white space alone: the blanks between two lines' texts belong to the blanks in the source.
fn block(text: &str, raw: &str) -> Walk {
    let mut walk = Walk::default();
    let mut at = 0;
    let mut from = 0;
    while at < text.len() {
        let blank = blank_run(&text[at..]);
        let raw_blank = blank_run(&raw[from..]);
        if blank > 0 {
            push_blanks(&mut walk, &text[at..at + blank], &raw[from..from + raw_blank], from);
            at += blank;
        }
        from += raw_blank;
        let word = text[at..].len() - text[at..].trim_start_matches(not_blank).len();
        if !raw[from..].starts_with(&text[at..at + word]) {
            return Walk::default();
        }
        walk.push(&text[at..at + word], from);
        at += word;
        from += word;
    }
    walk
}

/// The blanks before a word on its own line are the last of both sides, those after a word on its
/// line the first.
fn push_blanks(walk: &mut Walk, blanks: &str, raw: &str, from: usize) {
    let head = blanks.bytes().zip(raw.bytes()).take_while(|(a, b)| a == b).count();
    let (head_blanks, tail_blanks) = blanks.split_at(head);
    walk.push(head_blanks, from);
    let same = tail_blanks.bytes().rev().zip(raw.bytes().rev());
    let tail = same.take_while(|(a, b)| a == b).count();
    let (middle, end) = tail_blanks.split_at(tail_blanks.len() - tail);
    for (nth, blank) in middle.chars().enumerate() {
        // Line breaks that the style made from others: anywhere among the source's blanks.
        walk.push_char(blank, from + (head + nth).min(raw.len()));
    }
    walk.push(end, from + raw.len().saturating_sub(end.len()));
}

fn blank_run(text: &str) -> usize {
    text.len() - text.trim_start_matches(blank).len()
}

fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn not_blank(c: char) -> bool {
    !blank(c)
}
