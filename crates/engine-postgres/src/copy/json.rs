//! JSON as PostgreSQL reads it: one event at a time, over borrowed text, without allocation.
//!
//! `serde_json` would build a tree for each value and lose how numbers are written; the row path can
//! afford neither. The grammar is RFC 8259, which is also what `json_in` takes (`common/jsonapi.c`).

use super::misfit::{Fit, Misfit};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Event<'t> {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Key(Str<'t>),
    String(Str<'t>),
    /// As written.
    Number(&'t [u8]),
    True,
    False,
    Null,
}

/// What stands between the quotes; valid escapes only, but possibly `\u0000` or half a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Str<'t> {
    pub(super) raw: &'t [u8],
    pub(super) escaped: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    /// After `[`.
    ValueOrEnd,
    /// After `{`.
    KeyOrEnd,
    /// After `,` in an object.
    Key,
    CommaOrEnd,
    Nothing,
}

/// A pull parser. `open` holds the closing byte of each container that is open; the caller lends it,
/// so that it is allocated once for all rows.
pub(super) struct Events<'t, 's> {
    text: &'t [u8],
    at: usize,
    open: &'s mut Vec<u8>,
    expect: Expect,
}

impl<'t, 's> Events<'t, 's> {
    /// `text` must be valid UTF-8: the caller has checked it as for any text.
    pub(super) fn new(text: &'t [u8], open: &'s mut Vec<u8>) -> Self {
        open.clear();
        Self { text, at: 0, open, expect: Expect::Value }
    }

    /// Containers that are open now.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Byte offset behind the last event.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from `from` to behind the last event, without the comma and space before it.
    pub(super) fn text_from(&self, from: usize) -> &'t [u8] {
        let text = &self.text[from..self.at];
        let blank = |byte: &u8| matches!(byte, b',' | b' ' | b'\t' | b'\n' | b'\r');
        &text[text.iter().take_while(|byte| blank(byte)).count()..]
    }

    /// The next event; `None` at the end of a complete document.
    pub(super) fn next(&mut self) -> Fit<Option<Event<'t>>> {
        self.skip_space();
        let Some(&byte) = self.text.get(self.at) else {
            return if self.expect == Expect::Nothing { Ok(None) } else { Err(self.wrong()) };
        };
        match self.expect {
            Expect::Value => self.value(byte),
            Expect::ValueOrEnd if byte == b']' => Ok(Some(self.close(byte))),
            Expect::ValueOrEnd => self.value(byte),
            Expect::KeyOrEnd if byte == b'}' => Ok(Some(self.close(byte))),
            Expect::KeyOrEnd | Expect::Key => self.key(byte),
            Expect::CommaOrEnd => self.comma_or_end(byte),
            Expect::Nothing => Err(self.wrong()),
        }
    }

    fn comma_or_end(&mut self, byte: u8) -> Fit<Option<Event<'t>>> {
        let closing = self.open.last().copied();
        if closing == Some(byte) {
            return Ok(Some(self.close(byte)));
        }
        if byte != b',' {
            return Err(self.wrong());
        }
        self.at += 1;
        self.expect = if closing == Some(b'}') { Expect::Key } else { Expect::Value };
        self.next()
    }

    fn close(&mut self, closing: u8) -> Event<'t> {
        self.at += 1;
        self.open.pop();
        self.after_value();
        if closing == b'}' { Event::EndObject } else { Event::EndArray }
    }

    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn key(&mut self, byte: u8) -> Fit<Option<Event<'t>>> {
        if byte != b'"' {
            return Err(self.wrong());
        }
        let key = self.string()?;
        self.skip_space();
        if self.text.get(self.at) != Some(&b':') {
            return Err(self.wrong());
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Some(Event::Key(key)))
    }

    fn value(&mut self, byte: u8) -> Fit<Option<Event<'t>>> {
        let event = match byte {
            b'{' => return Ok(Some(self.begin(b'}', Expect::KeyOrEnd, Event::BeginObject))),
            b'[' => return Ok(Some(self.begin(b']', Expect::ValueOrEnd, Event::BeginArray))),
            b'"' => Event::String(self.string()?),
            b't' => self.word(b"true", Event::True)?,
            b'f' => self.word(b"false", Event::False)?,
            b'n' => self.word(b"null", Event::Null)?,
            b'-' | b'0'..=b'9' => Event::Number(self.number()?),
            _ => return Err(self.wrong()),
        };
        self.after_value();
        Ok(Some(event))
    }

    fn begin(&mut self, closing: u8, expect: Expect, event: Event<'t>) -> Event<'t> {
        self.at += 1;
        self.open.push(closing);
        self.expect = expect;
        event
    }

    fn word(&mut self, word: &[u8], event: Event<'t>) -> Fit<Event<'t>> {
        let found = self.text[self.at..].starts_with(word);
        if !found {
            return Err(self.wrong());
        }
        self.at += word.len();
        Ok(event)
    }

    /// From the opening quote to behind the closing one.
    fn string(&mut self) -> Fit<Str<'t>> {
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += self.escape(at)?;
                }
                Some(0x20..) => at += 1,
                Some(_) | None => {
                    self.at = at;
                    return Err(self.wrong());
                }
            }
        }
        self.at = at + 1;
        Ok(Str { raw: &self.text[start..at], escaped })
    }

    /// Length of the escape at `at`.
    fn escape(&mut self, at: usize) -> Fit<usize> {
        match self.text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') if hex4(&self.text[at + 2..]).is_some() => Ok(6),
            _ => {
                self.at = at;
                Err(self.wrong())
            }
        }
    }

    fn number(&mut self) -> Fit<&'t [u8]> {
        let start = self.at;
        self.at += usize::from(self.text[start] == b'-');
        match self.text.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Fit {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong()) } else { Ok(()) }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    #[cold]
    fn wrong(&self) -> Misfit {
        if self.at >= self.text.len() {
            return Misfit::new("it is not JSON: it ends too early");
        }
        Misfit::new(format!("it is not JSON at byte {}", self.at))
    }
}

fn hex4(text: &[u8]) -> Option<u16> {
    let digits = text.get(..4)?;
    digits.iter().try_fold(0_u16, |value, &digit| {
        let nibble = char::from(digit).to_digit(16)?;
        u16::try_from(nibble).ok().map(|nibble| value << 4 | nibble)
    })
}

impl Str<'_> {
    /// Appends the text with its escapes resolved, as `jsonb` keeps it.
    ///
    /// # Errors
    /// `\u0000` (22P05 in PostgreSQL) and half of a surrogate pair (22P02), which no text holds.
    pub(super) fn unescape(self, out: &mut Vec<u8>) -> Fit {
        let mut rest = self.raw;
        while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
            out.extend_from_slice(&rest[..at]);
            let used = unescape_one(&rest[at..], out)?;
            rest = &rest[at + used..];
        }
        out.extend_from_slice(rest);
        Ok(())
    }
}

/// Resolves the (valid) escape that `text` begins with; returns its length.
fn unescape_one(text: &[u8], out: &mut Vec<u8>) -> Fit<usize> {
    let simple = match text.get(1) {
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unescape_unicode(text, out),
        Some(&other) => other,
        None => return Err(Misfit::new("a JSON escape is cut off")),
    };
    out.push(simple);
    Ok(2)
}

fn unescape_unicode(text: &[u8], out: &mut Vec<u8>) -> Fit<usize> {
    let high = text.get(2..).and_then(hex4).unwrap_or(0);
    let low = text.get(6..).filter(|rest| rest.starts_with(b"\\u")).and_then(|r| hex4(&r[2..]));
    let (units, used) = match (high, low) {
        (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => ([high, low], 12),
        _ => ([high, 0], 6),
    };
    let decoded = char::decode_utf16(units[..used / 6].iter().copied()).next();
    match decoded {
        Some(Ok('\0')) => Err(Misfit::new("`\\u0000` in JSON is a character that no text holds")),
        Some(Ok(c)) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            Ok(used)
        }
        Some(Err(_)) | None => Err(Misfit::new("JSON has half of a surrogate pair")),
    }
}

/// Whether `text` is one JSON document, for columns of type `json`, which keep the text itself.
pub(super) fn check(text: &[u8], open: &mut Vec<u8>) -> Fit {
    let mut events = Events::new(text, open);
    while events.next()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(text: &str) -> bool {
        check(text.as_bytes(), &mut Vec::new()).is_ok()
    }

    #[test]
    fn the_grammar_is_serde_jsons() {
        let texts = [
            "1",
            "-0",
            "01",
            "1.",
            ".5",
            "1e5",
            "1E+05",
            "1e",
            "-",
            "+1",
            "\"a\"",
            "\"a",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u1234\"",
            "[]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{}",
            "{\"a\":1}",
            "{\"a\"}",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\":1 \"b\":2}",
            "nul",
            "null",
            "true",
            "truex",
            "",
            " ",
            "[[[]]]",
            "[[}",
            "]",
            "1 1",
            "{\"a\":[1,{\"b\":null}]}",
            "\u{feff}1",
            "NaN",
            "[1}",
            "{\"a\":1]",
            "\t[\r\n1 , 2 ]\n",
            "\"\\",
            "\"\\u12",
        ];
        for text in texts {
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(takes(text), theirs, "{text:?}");
        }
    }

    #[test]
    fn depth_is_no_limit() {
        assert!(takes(&("[".repeat(100_000) + &"]".repeat(100_000))));
    }

    #[test]
    fn escapes_are_resolved_or_refused() {
        let unescape = |raw: &str| {
            let mut out = Vec::new();
            Str { raw: raw.as_bytes(), escaped: true }
                .unescape(&mut out)
                .map(|()| String::from_utf8(out).unwrap())
                .map_err(|misfit| misfit.reason().to_owned())
        };
        assert_eq!(unescape(r#"a\n\"\/\\\u00e9\ud83d\ude00z"#).unwrap(), "a\n\"/\\é😀z");
        for bad in [r"\u0000", r"\ud83d", r"\ude00x", r"\ud83dA"] {
            assert!(unescape(bad).is_err(), "{bad}");
        }
    }
}
