//! Where literals, comments and words begin and end, byte by byte.
//!
//! `sqlparser`'s tokenizer reads a whole text or nothing: one open quote or one block of COPY data
//! would hide all other statements of a file. So statements and their tokens are found here. Sources
//! of the rules: PostgreSQL "Lexical Structure" and `psqlscan.l`, SQLite `tokenize.c`.

use std::ops::Range;

use crate::Dialect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An unquoted name or keyword.
    Word,
    /// A quoted name, a string in any form, a dollar-quoted body.
    Literal,
    Comment,
    /// Any other character but white space.
    Symbol(u8),
}

/// A literal or comment that is never closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    /// Where it was opened.
    pub(crate) start: usize,
    pub(crate) what: Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    Quote(char),
    Dollar,
    Comment,
}

pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, at: usize, dialect: Dialect) -> Self {
        Self { text, at, dialect }
    }

    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The next item with its bytes; white space is passed over.
    pub(crate) fn next(&mut self) -> Option<Result<(Item, Range<usize>), Unclosed>> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let item = match self.item(*bytes.get(start)?) {
            Ok((item, end)) => {
                self.at = end;
                Ok((item, start..end))
            }
            Err(what) => Err(Unclosed { start, what }),
        };
        Some(item)
    }

    fn item(&self, first: u8) -> Result<(Item, usize), Open> {
        let (at, postgres) = (self.at, self.dialect == Dialect::Postgres);
        let rest = &self.text.as_bytes()[at..];
        match first {
            b'-' if rest.starts_with(b"--") => Ok((Item::Comment, self.line_end(at))),
            b'/' if rest.starts_with(b"/*") => self.comment().map(|end| (Item::Comment, end)),
            b'\'' => self.quoted(at, b'\'', false).map(|end| (Item::Literal, end)),
            b'"' => self.quoted(at, b'"', false).map(|end| (Item::Literal, end)),
            b'`' if !postgres => self.quoted(at, b'`', false).map(|end| (Item::Literal, end)),
            b'[' if !postgres => self.bracketed().map(|end| (Item::Literal, end)),
            b'$' if postgres => self.dollar(),
            _ if is_word_start(first) => self.word(),
            _ => Ok((Item::Symbol(first), at + 1)),
        }
    }

    /// A word; `E'…'` is one literal, because a backslash escapes in it.
    fn word(&self) -> Result<(Item, usize), Open> {
        let bytes = self.text.as_bytes();
        let length = bytes[self.at..].iter().take_while(|&&b| is_word_part(b)).count();
        let end = self.at + length;
        let escapes = self.dialect == Dialect::Postgres
            && length == 1
            && bytes[self.at].eq_ignore_ascii_case(&b'e')
            && bytes.get(end) == Some(&b'\'');
        if escapes {
            return self.quoted(end, b'\'', true).map(|end| (Item::Literal, end));
        }
        Ok((Item::Word, end))
    }

    /// From an opening quote to after the closing one; a doubled quote is part of the text.
    fn quoted(&self, open: usize, quote: u8, escapes: bool) -> Result<usize, Open> {
        let bytes = self.text.as_bytes();
        let mut at = open + 1;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' if escapes => at += 2,
                _ if byte != quote => at += 1,
                _ if bytes.get(at + 1) == Some(&quote) => at += 2,
                _ => return Ok(at + 1),
            }
        }
        Err(Open::Quote(quote as char))
    }

    fn bracketed(&self) -> Result<usize, Open> {
        self.text[self.at..].find(']').map(|length| self.at + length + 1).ok_or(Open::Quote('['))
    }

    /// PostgreSQL's comments nest, SQLite's do not and may stay open at the end of the text.
    fn comment(&self) -> Result<usize, Open> {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (self.at + 2, 1);
        while at + 1 < bytes.len() {
            match &bytes[at..at + 2] {
                b"*/" => (at, depth) = (at + 2, depth - 1),
                b"/*" if self.dialect == Dialect::Postgres => (at, depth) = (at + 2, depth + 1),
                _ => at += 1,
            }
            if depth == 0 {
                return Ok(at);
            }
        }
        if self.dialect == Dialect::Sqlite { Ok(bytes.len()) } else { Err(Open::Comment) }
    }

    /// `$tag$ … $tag$`, or a lone `$` (of a parameter such as `$1`).
    fn dollar(&self) -> Result<(Item, usize), Open> {
        let bytes = &self.text.as_bytes()[self.at..];
        let tag = bytes[1..].iter().take_while(|&&b| is_word_part(b) && b != b'$').count();
        let is_tag = bytes.get(tag + 1) == Some(&b'$') && !bytes[1].is_ascii_digit();
        if !is_tag {
            return Ok((Item::Symbol(b'$'), self.at + 1));
        }
        let body = self.at + tag + 2;
        let delimiter = &self.text[self.at..body];
        let length = self.text[body..].find(delimiter).ok_or(Open::Dollar)?;
        Ok((Item::Literal, body + length + delimiter.len()))
    }

    /// The offset of the line break that ends the line of `at`, or the end of the text.
    pub(crate) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |length| at + length)
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}
