//! The canonical bytes of a row: what the digest covers, equal for what was sent and what came back.
//!
//! A row is its fields in order, each a length (4 bytes, big-endian, -1 for NULL) and its bytes, so
//! no two rows share their canonical bytes. Both sides start from PostgreSQL's binary form and go
//! through the same function, so a rule can be too strict but never differ between them:
//!
//! | type | canonical form |
//! |---|---|
//! | `numeric` | weight, sign and base-10000 digits; the display scale goes, because the column's type sets it anew. Senders and the server both strip zero digits at either end |
//! | `character(n)` | without trailing spaces: the server pads |
//! | `jsonb` | the parsed document ([`Json`]): keys sorted as `jsonb` sorts them, the last of equal keys, escapes resolved, numbers by value |
//! | arrays of these | header as sent, each element by its rule |
//! | all others | the bytes themselves: `float4`/`float8` keep -0.0 and every NaN payload, times are integers (microseconds in UTC), `json` keeps its text, text its bytes |
//!
//! What a trigger, a generated column or a domain changes on its way in is meant to show as a
//! difference: the digest speaks of the bytes in the table.

use super::columns::Table;
use super::json::{Event, Events, Str};
use super::misfit::{Fit, Misfit};

/// Room that one long row has taken beyond this is given back.
const KEEP: usize = 1024 * 1024;

/// How the fields of one column become canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    AsSent,
    Numeric,
    PaddedText,
    Jsonb,
    ArrayOf(Box<Rule>),
}

/// The rules of a table's columns with the room they need, reused from row to row.
pub(super) struct Canonical {
    rules: Vec<Rule>,
    all_as_sent: bool,
    row: Vec<u8>,
    json: Json,
}

impl Canonical {
    /// Of the columns of a table.
    pub(super) fn of(table: &Table) -> Self {
        Self::new(table.columns.iter().map(|column| column.rule.clone()).collect())
    }

    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let all_as_sent = rules.iter().all(|rule| *rule == Rule::AsSent);
        Self { rules, all_as_sent, row: Vec::new(), json: Json::default() }
    }

    /// Canonical bytes of a row given as binary COPY fields (without the field count).
    ///
    /// # Errors
    /// The index of a field that has no canonical form (a `jsonb` text that is not JSON), and why.
    pub(super) fn row<'r>(&'r mut self, fields: &'r [u8]) -> Result<&'r [u8], (usize, Misfit)> {
        if self.all_as_sent {
            return Ok(fields);
        }
        self.row.clear();
        self.row.shrink_to(KEEP);
        // Most columns are as sent: neighbours among them are copied in one piece.
        let (mut rest, mut kept) = (fields, fields);
        for (index, rule) in self.rules.iter().enumerate() {
            let (field, after) = split_field(rest).map_err(|misfit| (index, misfit))?;
            if *rule != Rule::AsSent && field.is_some() {
                self.row.extend_from_slice(&kept[..kept.len() - rest.len()]);
                put(rule, field, &mut self.row, &mut self.json)
                    .map_err(|misfit| (index, misfit))?;
                kept = after;
            }
            rest = after;
        }
        self.row.extend_from_slice(&kept[..kept.len() - rest.len()]);
        Ok(&self.row)
    }
}

impl Canonical {
    /// Canonical bytes of the field of one column; those of a row are its fields' one after another.
    ///
    /// # Errors
    /// Why the field has no canonical form.
    pub(super) fn one<'r>(&'r mut self, index: usize, field: &'r [u8]) -> Fit<&'r [u8]> {
        let (value, _) = split_field(field)?;
        match &self.rules[index] {
            Rule::AsSent => Ok(field),
            rule => {
                self.row.clear();
                put(rule, value, &mut self.row, &mut self.json)?;
                Ok(&self.row)
            }
        }
    }
}

/// The first field (`None`: NULL) and what follows it.
#[inline]
pub(super) fn split_field(bytes: &[u8]) -> Fit<(Option<&[u8]>, &[u8])> {
    let short = || Misfit::new("the binary form of the row is cut off");
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
        return Ok((None, rest));
    };
    let (field, rest) = rest.split_at_checked(length).ok_or_else(short)?;
    Ok((Some(field), rest))
}

fn put(rule: &Rule, field: Option<&[u8]>, out: &mut Vec<u8>, json: &mut Json) -> Fit {
    let Some(field) = field else {
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        return Ok(());
    };
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    match rule {
        Rule::AsSent => out.extend_from_slice(field),
        Rule::Numeric => put_numeric(field, out)?,
        Rule::PaddedText => out.extend_from_slice(trimmed(field)),
        Rule::Jsonb => json.put(field.strip_prefix(&[1]).unwrap_or(field), out)?,
        Rule::ArrayOf(element) => put_array(element, field, out, json)?,
    }
    // A canonical form is not much longer than its field, which COPY keeps under 1 GiB.
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// digit count, weight, sign, display scale (2 bytes each), digits: all but the display scale.
fn put_numeric(field: &[u8], out: &mut Vec<u8>) -> Fit {
    let (Some(head), Some(digits)) = (field.get(..6), field.get(8..)) else {
        return Err(Misfit::new("the binary form of the number is cut off"));
    };
    out.extend_from_slice(head);
    out.extend_from_slice(digits);
    Ok(())
}

fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    &text[..end]
}

/// dimensions, flags, element type, then length and lower bound per dimension; then the elements.
fn put_array(element: &Rule, field: &[u8], out: &mut Vec<u8>, json: &mut Json) -> Fit {
    let short = || Misfit::new("the binary form of the array is cut off");
    let dimensions = field.first_chunk::<4>().map(|bytes| i32::from_be_bytes(*bytes));
    let dimensions = dimensions.and_then(|n| usize::try_from(n).ok()).ok_or_else(short)?;
    let (head, mut rest) = field.split_at_checked(12 + 8 * dimensions).ok_or_else(short)?;
    out.extend_from_slice(head);
    while !rest.is_empty() {
        let (item, after) = split_field(rest)?;
        put(element, item, out, json)?;
        rest = after;
    }
    Ok(())
}

/// Writes the canonical form of JSON documents: a tag per value, strings and keys with their
/// length, numbers as sign, digits and exponent without zeros at either end.
#[derive(Default)]
pub(super) struct Json {
    closing: Vec<u8>,
    objects: Vec<Object>,
    members: Vec<Member>,
    swap: Vec<u8>,
}

/// An open object: where its members begin, in the output and in the list of members.
struct Object {
    start: usize,
    first: usize,
}

/// Where a member begins and where its key ends, in the output; its end is the next one's start.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    key_end: usize,
    end: usize,
}

impl Json {
    fn put(&mut self, text: &[u8], out: &mut Vec<u8>) -> Fit {
        let mut closing = std::mem::take(&mut self.closing);
        let done = self.put_events(&mut Events::new(text, &mut closing), out);
        self.closing = closing;
        self.objects.clear();
        self.members.clear();
        done
    }

    fn put_events(&mut self, events: &mut Events<'_, '_>, out: &mut Vec<u8>) -> Fit {
        while let Some(event) = events.next()? {
            match event {
                Event::BeginArray => out.push(b'['),
                Event::EndArray => out.push(b']'),
                Event::BeginObject => {
                    out.push(b'{');
                    self.objects.push(Object { start: out.len(), first: self.members.len() });
                }
                Event::EndObject => self.end_object(out),
                Event::Key(key) => self.put_key(key, out)?,
                Event::String(text) => {
                    out.push(b's');
                    put_string(text, out)?;
                }
                Event::Number(number) => put_number(number, out)?,
                Event::True => out.push(b't'),
                Event::False => out.push(b'f'),
                Event::Null => out.push(b'n'),
            }
        }
        Ok(())
    }

    fn put_key(&mut self, key: Str<'_>, out: &mut Vec<u8>) -> Fit {
        let start = out.len();
        put_string(key, out)?;
        self.members.push(Member { start, key_end: out.len(), end: 0 });
        Ok(())
    }

    /// Puts the members in the order of `jsonb`: by length of the key, then by its bytes, which is
    /// the order of keys written with their length first. What the server sends is so already.
    fn end_object(&mut self, out: &mut Vec<u8>) {
        let Some(Object { start, first }) = self.objects.pop() else { return };
        let members = &mut self.members[first..];
        let mut end = out.len();
        for member in members.iter_mut().rev() {
            member.end = end;
            end = member.start;
        }
        let key = |member: &Member| &out[member.start..member.key_end];
        if !members.is_sorted_by(|a, b| key(a) < key(b)) {
            members.sort_unstable_by(|a, b| key(a).cmp(key(b)).then(a.start.cmp(&b.start)));
            self.swap.clear();
            for (index, member) in members.iter().enumerate() {
                let replaced = members.get(index + 1).is_some_and(|next| key(next) == key(member));
                if !replaced {
                    self.swap.extend_from_slice(&out[member.start..member.end]);
                }
            }
            out.truncate(start);
            out.extend_from_slice(&self.swap);
        }
        self.members.truncate(first);
        out.push(b'}');
    }
}

fn put_string(text: Str<'_>, out: &mut Vec<u8>) -> Fit {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    if text.escaped {
        text.unescape(out)?;
    } else {
        out.extend_from_slice(text.raw);
    }
    let length = out.len() - at - 4;
    // JENTRY_OFFLENMASK, the longest string or key in a `jsonb`.
    if length > 0x0fff_ffff {
        return Err(Misfit::new("a string in the JSON is longer than 256 MiB"));
    }
    out[at..at + 4].copy_from_slice(&u32::try_from(length).unwrap_or(0).to_be_bytes());
    Ok(())
}

/// Digits before the point that `numeric` holds, and after it.
const MAX_WHOLE: i64 = 131_072;
const MAX_FRACTION: i64 = 16_383;

/// `jsonb` keeps numbers as `numeric`, so 1.0, 1 and 10e-1 are one number and -0 is 0.
fn put_number(number: &[u8], out: &mut Vec<u8>) -> Fit {
    out.push(b'#');
    let (negative, rest) = match number.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, number),
    };
    let e = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = rest.split_at(e.unwrap_or(rest.len()));
    let whole = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let fraction = i64::try_from(mantissa.len().saturating_sub(whole + 1)).unwrap_or(i64::MAX);
    let written = exponent_of(exponent);
    let mut exponent = written - fraction;
    if exponent < -MAX_FRACTION || i64::try_from(whole).unwrap_or(i64::MAX) + written > MAX_WHOLE {
        return Err(Misfit::new("a number in the JSON is beyond the range of `numeric`"));
    }
    let sign_at = out.len();
    out.push(b'+');
    let digits_at = out.len();
    let digits = mantissa.iter().filter(|&&byte| byte != b'.').skip_while(|&&byte| byte == b'0');
    out.extend(digits);
    while out.len() > digits_at && out.last() == Some(&b'0') {
        out.pop();
        exponent += 1;
    }
    if out.len() == digits_at {
        exponent = 0;
    } else if negative {
        out[sign_at] = b'-';
    }
    out.push(b'e');
    out.extend_from_slice(&exponent.to_be_bytes());
    Ok(())
}

/// Of `e+12`; a value far outside of every range where it does not fit a word.
fn exponent_of(written: &[u8]) -> i64 {
    let digits = written.get(1..).unwrap_or_default();
    let (negative, digits) = match digits.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, digits),
    };
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(i64::MAX / 100));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(rule: &Rule, field: &[u8]) -> Result<Vec<u8>, String> {
        let mut fields = u32::try_from(field.len()).unwrap().to_be_bytes().to_vec();
        fields.extend_from_slice(field);
        let mut canonical = Canonical::new(vec![rule.clone()]);
        canonical.row(&fields).map(<[u8]>::to_vec).map_err(|(_, m)| m.reason().to_owned())
    }

    fn json(text: &str) -> Result<Vec<u8>, String> {
        canonical(&Rule::Jsonb, format!("\u{1}{text}").as_bytes())
    }

    #[test]
    fn equal_documents_are_equal() {
        let same = [
            ("1.0", "1"),
            ("10e-1", "1"),
            ("-0.00", "0"),
            ("1e3", "1000"),
            ("0.00120", "12e-4"),
            (r#"{"bb":1,"a":2}"#, r#"{"a": 2, "bb": 1}"#),
            (r#"{"b":1,"a":2,"b":{"z":1,"y":[]}}"#, r#"{"a":2,"b":{"y":[],"z":1}}"#),
            (r#"["\u0061\n"]"#, "[ \"a\\u000a\" ]"),
            (r#"{"a\u0062":1,"ab":2}"#, r#"{"ab":2}"#),
            ("{\"a\":{}, \"a\":[]}", "{\"a\":[]}"),
        ];
        for (one, other) in same {
            assert_eq!(json(one), json(other), "{one} and {other}");
            assert!(json(one).is_ok(), "{one}");
        }
    }

    #[test]
    fn different_documents_are_different() {
        let texts = [
            "1",
            "-1",
            "10",
            "0.1",
            "0",
            "\"1\"",
            "[1]",
            "[[1]]",
            "[]",
            "{}",
            "null",
            "true",
            "false",
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"["a",1]"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":{},"b":1}"#,
            r#"{"a":null}"#,
            "12",
            "[1,2]",
            "\"\"",
            "[\"a\",\"b\"]",
            "[\"ab\"]",
        ];
        for one in texts {
            for other in texts.iter().filter(|other| **other != one) {
                assert_ne!(json(one), json(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn what_jsonb_refuses_is_refused() {
        for text in [
            "1e131073",
            "1e-16384",
            "\"\\u0000\"",
            "{\"\\ud800\":1}",
            "{",
            "1e99999999999999999999",
        ] {
            assert!(json(text).is_err(), "{text}");
        }
        for text in ["1e131071", "1e-16383", "0.5e-16382"] {
            assert!(json(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn padding_and_display_scale_do_not_count() {
        let text = |field: &str| canonical(&Rule::PaddedText, field.as_bytes()).unwrap();
        assert_eq!(text("ab  "), text("ab"));
        assert_eq!(text("   "), text(""));
        assert_ne!(text(" ab"), text("ab"));
        let numeric = |scale: u8, digit: u8| {
            canonical(&Rule::Numeric, &[0, 1, 0, 0, 0, 0, 0, scale, 0, digit]).unwrap()
        };
        assert_eq!(numeric(0, 5), numeric(9, 5));
        assert_ne!(numeric(0, 5), numeric(0, 6));
    }
}
