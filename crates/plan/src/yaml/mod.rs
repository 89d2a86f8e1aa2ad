//! YAML text to nodes with a byte span for every key and value. The only module that knows the
//! YAML parser.
//!
//! The parser is granit-parser, the one beneath serde-saphyr, used at its event level: events say
//! how a scalar was written (plain, quoted, block), where an alias stands and where its anchor
//! does, which a serde data model cannot. Nothing is guessed here: a scalar is its text, and the
//! decoder that wants a number or a yes/no reads it as one.

mod cut;
mod limits;
mod reader;
mod scalar_map;

#[cfg(test)]
mod tests;

use diagnostics::{Diagnostic, SourceId, SourceText, Span, Spanned, code};

pub use limits::MAX_BYTES;

use crate::findings::Findings;

/// One YAML value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The value as written, quotes included. Of a value that came through an alias: the place of
    /// the anchor's value.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// Reported already (an unknown alias); decoders pass over it.
    Invalid,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Node,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// A scalar: the text that the author wrote, after escapes and folding and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) style: Style,
    /// The text with the way back from each byte to its place in the file.
    pub(crate) text: SourceText,
}

impl Scalar {
    /// `key:` with nothing behind it.
    pub(crate) fn is_nothing(&self) -> bool {
        self.style == Style::Plain && self.text.text.is_empty()
    }

    /// Nothing, or YAML's words for it. Only where no text can be meant.
    pub(crate) fn is_null(&self) -> bool {
        let word = matches!(self.text.text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        self.style == Style::Plain && word
    }
}

impl Node {
    /// `key:` with nothing behind it.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.is_nothing())
    }

    /// What the value is, for "expected …, found …".
    pub(crate) fn found(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.is_nothing() => "nothing",
            Kind::Scalar(_) => "a text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            Kind::Invalid => "an invalid value",
        }
    }
}

/// Where a value is used again: `*name` at `at` stands for the value at `definition`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AliasUse {
    pub(crate) at: Span,
    pub(crate) definition: Span,
}

/// What was read. `root` is `None` where the text is no YAML, too large, or empty.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) root: Option<Node>,
    pub(crate) aliases: Vec<AliasUse>,
    pub(crate) findings: Findings,
}

/// Reads the one document of `text`.
pub(crate) fn read(source: SourceId, text: &str) -> Document {
    if text.len() > MAX_BYTES {
        let finding = limits::too_large(format!(
            "the plan has {} bytes, over the limit of 4 MiB",
            text.len()
        ))
        .label(Span::new(source, 0..0), "this file")
        .help("keep the schema in SQL files and name them under `components.include`");
        let mut document = Document::default();
        document.findings.push(finding);
        return document;
    }
    reader::Reader::new(source, text).read()
}

/// The bytes of a plan file as text.
///
/// # Errors
/// The finding for bytes that are not UTF-8, with the place of the first of them in
/// [`String::from_utf8_lossy`] of `bytes`, which is what a caller can show.
pub(crate) fn utf8(source: SourceId, bytes: &[u8]) -> Result<&str, Box<Diagnostic>> {
    std::str::from_utf8(bytes).map_err(|error| {
        // The text before the first invalid byte is the same in the lossy form, which has U+FFFD
        // (3 bytes) there.
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        let finding = Diagnostic::new(&code::YAML_SYNTAX, "the plan is not UTF-8 text")
            .label(Span::new(source, at..at + 3), format!("byte 0x{byte:02x} is not UTF-8 here"))
            .help("save the file as UTF-8");
        Box::new(finding)
    })
}
