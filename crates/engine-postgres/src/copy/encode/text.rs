//! Text and bytes: `text` and its relatives, `"char"`, enums, `bytea`, `bit`, `json`.

use std::io::Write;

use runtime::Value;

use super::super::json;
use super::super::misfit::{Fit, Misfit};
use super::decimal::put_sqlite_text;
use super::{Scratch, field, field_by, field_of, wrong_kind};

/// How long a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::copy) enum Limit {
    None,
    /// `varchar(n)`: characters.
    Characters(usize),
    /// `character(n)`: characters, trailing spaces do not count.
    Padded(usize),
    /// `name`.
    Bytes(usize),
}

/// A column of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::copy) struct Text {
    pub(in crate::copy) limit: Limit,
    /// `replace-invalid-text`: U+FFFD instead of bytes that no text holds.
    pub(in crate::copy) replace: bool,
    /// `uuid`: 16 bytes become the text of the UUID.
    pub(in crate::copy) uuid: bool,
}

impl Text {
    /// Its bytes are the field, however long it is.
    pub(in crate::copy) fn takes_any_length(&self) -> bool {
        self.limit == Limit::None
    }

    pub(super) fn put(&self, value: Value<'_>, out: &mut Vec<u8>) -> Fit {
        match value {
            Value::Text(text) => self.put_text(text, out),
            Value::Blob(blob) if self.uuid => self.put_uuid(blob, out),
            // Numbers are printed into place and then checked like any text.
            _ => {
                let at = out.len();
                field_by(out, |out| put_number(value, out))?;
                fits(&out[at + 4..], self.limit)
            }
        }
    }

    fn put_text(&self, text: &[u8], out: &mut Vec<u8>) -> Fit {
        match check_text(text) {
            Ok(()) => {
                fits(text, self.limit)?;
                field_of(out, text);
                Ok(())
            }
            Err(_) if self.replace => {
                let text = String::from_utf8_lossy(text).replace('\0', "\u{fffd}");
                fits(text.as_bytes(), self.limit)?;
                field_by(out, |out| {
                    out.extend_from_slice(text.as_bytes());
                    Ok(())
                })
            }
            Err(misfit) => Err(misfit.help(
                "say `as: replace-invalid-text` for this column, or give it the type `bytea`",
            )),
        }
    }

    fn put_uuid(&self, blob: &[u8], out: &mut Vec<u8>) -> Fit {
        let text = super::network::uuid(Value::Blob(blob))
            .map(|bytes| uuid::Uuid::from_bytes(bytes).hyphenated().to_string())?;
        self.put_text(text.as_bytes(), out)
    }
}

/// UTF-8 without NUL: what PostgreSQL takes as text (22021 otherwise).
fn check_text(text: &[u8]) -> Fit {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(Misfit::new(format!("byte {} is not UTF-8", error.valid_up_to())));
    }
    match memchr::memchr(0, text) {
        None => Ok(()),
        Some(at) => Err(Misfit::new(format!("byte {at} is NUL, which no text holds"))),
    }
}

fn fits(text: &[u8], limit: Limit) -> Fit {
    let (text, most) = match limit {
        Limit::None => return Ok(()),
        Limit::Bytes(most) if text.len() > most => {
            return Err(Misfit::new(format!("it is longer than {most} bytes")));
        }
        Limit::Bytes(_) => return Ok(()),
        Limit::Characters(most) => (text, most),
        Limit::Padded(most) => {
            let spaces = text.iter().rev().take_while(|&&byte| byte == b' ').count();
            (&text[..text.len() - spaces], most)
        }
    };
    // No text has more characters than bytes, so the short ones need no count.
    if text.len() <= most {
        return Ok(());
    }
    let characters = text.iter().filter(|byte| *byte & 0xc0 != 0x80).count();
    if characters <= most {
        return Ok(());
    }
    Err(Misfit::new(format!("it has {characters} characters, more than {most}")))
}

/// As SQLite's `cast(… as text)` prints it.
fn put_number(value: Value<'_>, out: &mut Vec<u8>) -> Fit {
    match value {
        Value::Integer(integer) => {
            write!(out, "{integer}").map_err(|_| Misfit::new("it cannot be printed"))
        }
        Value::Real(real) => {
            put_sqlite_text(real, out);
            Ok(())
        }
        _ => Err(wrong_kind(value, "text").help(
            "give the column the type `bytea`, or load it by `sql:` with `cast(… as text)` or `hex(…)`",
        )),
    }
}

/// One byte of ASCII: more cannot be written in UTF-8.
pub(super) fn put_char(value: Value<'_>, out: &mut Vec<u8>) -> Fit {
    match value {
        Value::Text(&[byte]) if byte.is_ascii() && byte != 0 => field(out, [byte]),
        _ => return Err(wrong_kind(value, "one ASCII character")),
    }
    Ok(())
}

pub(super) fn put_label(value: Value<'_>, labels: &[Box<[u8]>], out: &mut Vec<u8>) -> Fit {
    let Value::Text(text) = value else { return Err(wrong_kind(value, "a label of the enum")) };
    if labels.binary_search_by(|label| label.as_ref().cmp(text)).is_err() {
        return Err(Misfit::new("it is no label of the enum")
            .help("add the label to the type, or map the value by a `sql:` expression"));
    }
    field_of(out, text);
    Ok(())
}

/// A blob, or the bytes of a text whatever they are.
pub(super) fn put_bytea(value: Value<'_>, out: &mut Vec<u8>) -> Fit {
    match value {
        Value::Blob(bytes) | Value::Text(bytes) => field_of(out, bytes),
        _ => return Err(wrong_kind(value, "a blob")),
    }
    Ok(())
}

/// Text of zeros and ones: the number of bits, then the bits from the highest down.
pub(super) fn put_bits(
    value: Value<'_>,
    length: Option<u32>,
    varying: bool,
    out: &mut Vec<u8>,
) -> Fit {
    let Value::Text(text) = value else { return Err(wrong_kind(value, "text of zeros and ones")) };
    if !text.iter().all(|byte| matches!(byte, b'0' | b'1')) {
        return Err(Misfit::new("it is not text of zeros and ones"));
    }
    let long = length.is_some_and(|length| {
        let length = length as usize;
        if varying { text.len() > length } else { text.len() != length }
    });
    if long {
        return Err(Misfit::new(format!("it has {} bits", text.len())));
    }
    field_by(out, |out| {
        out.extend_from_slice(&(text.len() as u32).to_be_bytes());
        for eight in text.chunks(8) {
            let bit = |(at, byte): (usize, &u8)| (byte - b'0') << (7 - at);
            out.push(eight.iter().enumerate().map(bit).sum());
        }
        Ok(())
    })
}

/// `json` keeps the text; it is checked here because the server's refusal names no row.
pub(super) fn put_json(value: Value<'_>, out: &mut Vec<u8>, scratch: &mut Scratch) -> Fit {
    let at = out.len();
    put_json_text(value, out, None)?;
    json::check(&out[at + 4..], &mut scratch.open)
}

/// The text behind a version byte. Its canonical form, which every row gets, is its check.
pub(super) fn put_jsonb(value: Value<'_>, out: &mut Vec<u8>) -> Fit {
    put_json_text(value, out, Some(1))
}

fn put_json_text(value: Value<'_>, out: &mut Vec<u8>, version: Option<u8>) -> Fit {
    field_by(out, |out| {
        out.extend(version);
        match value {
            Value::Text(text) => {
                check_text(text)?;
                out.extend_from_slice(text);
                Ok(())
            }
            Value::Real(real) if !real.is_finite() => Err(Misfit::new("JSON has no infinity")),
            Value::Integer(_) | Value::Real(_) => put_number(value, out),
            Value::Null | Value::Blob(_) => Err(wrong_kind(value, "the text of JSON")
                .help("SQLite's JSONB is text by a `sql:` expression: `json(…)`")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value<'_>, limit: Limit, replace: bool) -> Result<String, String> {
        let mut out = Vec::new();
        let column = Text { limit, replace, uuid: false };
        column.put(value, &mut out).map_err(|misfit| misfit.reason().to_owned())?;
        assert_eq!(out[..4], u32::try_from(out.len() - 4).unwrap().to_be_bytes());
        Ok(String::from_utf8(out[4..].to_vec()).unwrap())
    }

    #[test]
    fn text_fits_whole_or_not_at_all() {
        let fits = [
            (Value::Text("äöü".as_bytes()), Limit::Characters(3), "äöü"),
            (Value::Text(b"ab   "), Limit::Padded(2), "ab   "),
            (Value::Integer(-42), Limit::Characters(3), "-42"),
            (Value::Real(1.5), Limit::None, "1.5"),
            (Value::Text(b""), Limit::Characters(0), ""),
        ];
        for (value, limit, expected) in fits {
            assert_eq!(text(value, limit, false).as_deref(), Ok(expected));
        }
        let refused = [
            (
                Value::Text("äöüß".as_bytes()),
                Limit::Characters(3),
                "it has 4 characters, more than 3",
            ),
            (Value::Text(b"ab "), Limit::Characters(2), "it has 3 characters, more than 2"),
            (Value::Text(b"abc"), Limit::Padded(2), "it has 3 characters, more than 2"),
            (Value::Text(b"abcd"), Limit::Bytes(3), "it is longer than 3 bytes"),
            (Value::Integer(1234), Limit::Characters(3), "it has 4 characters, more than 3"),
            (Value::Text(b"a\xffb"), Limit::None, "byte 1 is not UTF-8"),
            (Value::Text(b"ab\0"), Limit::None, "byte 2 is NUL, which no text holds"),
            (Value::Blob(b"ab"), Limit::None, "a blob is not text"),
        ];
        for (value, limit, reason) in refused {
            assert_eq!(text(value, limit, false), Err(reason.to_owned()));
        }
        let replaced = text(Value::Text(b"a\xff\0b"), Limit::Characters(4), true);
        assert_eq!(replaced.as_deref(), Ok("a\u{fffd}\u{fffd}b"));
    }

    #[test]
    fn labels_bits_and_single_bytes() {
        let labels: Vec<Box<[u8]>> = [b"a".as_slice(), b"bc"].map(Into::into).into();
        let mut out = Vec::new();
        assert_eq!(put_label(Value::Text(b"bc"), &labels, &mut out), Ok(()));
        assert_eq!(out, [0, 0, 0, 2, b'b', b'c']);
        assert!(put_label(Value::Text(b"b"), &labels, &mut out).is_err());
        out.clear();
        assert_eq!(put_bits(Value::Text(b"1010000011"), Some(10), false, &mut out), Ok(()));
        assert_eq!(out, [0, 0, 0, 6, 0, 0, 0, 10, 0b1010_0000, 0b1100_0000]);
        assert!(put_bits(Value::Text(b"101"), Some(4), false, &mut out).is_err());
        assert!(put_bits(Value::Text(b"102"), None, true, &mut out).is_err());
        assert!(put_char(Value::Text("ä".as_bytes()), &mut out).is_err());
    }
}
