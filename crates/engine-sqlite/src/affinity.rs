//! What a column does to a value, and whether something is lost by it.
//!
//! SQLite converts values on their way into a column ("Datatypes In SQLite", 3). What it makes of a
//! value is asked, never computed: a table in memory with the same affinities takes the value and
//! gives it back. The rule then is: a stored value is equal to the sent one if
//! - it is the same value of the same type, or
//! - it is a number of the other type with exactly the same value (`2` and `2.0`), or
//! - it is the text of the number, or the number of the text, and the text says no more than the
//!   number: the same decimal digits, no leading zeros, sign or space that would go.
//!
//! Everything else is a loss, and an error. `'1.10'` may become `1.1`; `'007'` may not become `7`.

use runtime::Value;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Result};

use crate::canonical;
use crate::connect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// By the declared type ("Datatypes In SQLite", 3.1). In a `STRICT` table `ANY` keeps all.
    pub(crate) fn of(declared: &str, strict: bool) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        match () {
            () if strict && declared == "ANY" => Affinity::Blob,
            () if has(&["INT"]) => Affinity::Integer,
            () if has(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
            () if declared.is_empty() || has(&["BLOB"]) => Affinity::Blob,
            () if has(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
            () => Affinity::Numeric,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Affinity::Integer => "INTEGER",
            Affinity::Text => "TEXT",
            Affinity::Blob => "BLOB",
            Affinity::Real => "REAL",
            Affinity::Numeric => "NUMERIC",
        }
    }

    /// Whether a `STRICT` table takes what the column makes of a value, by its canonical bytes: a
    /// value of the column's own type, or null.
    pub(crate) fn is_strictly(self, canonical: &[u8]) -> bool {
        let own = match self {
            Affinity::Integer => Value::Integer(0),
            Affinity::Real => Value::Real(0.0),
            Affinity::Text => Value::Text(b""),
            Affinity::Blob => Value::Blob(b""),
            Affinity::Numeric => return true,
        };
        let tag = canonical.first().copied();
        [Value::Null, own].iter().any(|value| tag == Some(canonical::tag(*value)))
    }

    /// Whether the value is certainly stored as it is. A wrong `true` cannot hide anything: the
    /// digest of what is read back would differ.
    pub(crate) fn keeps(self, value: Value<'_>) -> bool {
        match (self, value) {
            (_, Value::Null | Value::Blob(_))
            | (Affinity::Blob, _)
            | (Affinity::Text, Value::Text(_))
            | (Affinity::Integer | Affinity::Numeric, Value::Integer(_)) => true,
            (Affinity::Real, Value::Real(real)) => real.is_finite(),
            (Affinity::Integer | Affinity::Numeric, Value::Real(real)) => real.fract() != 0.0,
            (Affinity::Integer | Affinity::Numeric | Affinity::Real, Value::Text(text)) => {
                !may_be_number(text)
            }
            (Affinity::Text, _) | (Affinity::Real, Value::Integer(_)) => false,
        }
    }
}

/// Only signs, digits, points, exponents and space, and one digit at least.
fn may_be_number(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let dash = text
        .iter()
        .skip(1)
        .zip(text)
        .any(|(b, before)| matches!(b, b'-' | b'+') && !matches!(before, b'e' | b'E'));
    !dash
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b))
}

/// Asks SQLite what columns make of values.
pub(crate) struct Asker {
    conn: Connection,
}

impl Asker {
    pub(crate) fn new(columns: &[Affinity]) -> Result<Self> {
        let conn = connect::in_memory()?;
        let columns: Vec<_> = columns
            .iter()
            .enumerate()
            .map(|(index, affinity)| format!("c{index} {}", affinity.word()))
            .collect();
        let sql = format!("CREATE TABLE asked (id INTEGER PRIMARY KEY, {})", columns.join(", "));
        conn.execute_batch(&sql)?;
        conn.set_prepared_statement_cache_capacity(columns.len());
        Ok(Self { conn })
    }

    /// Adds the canonical bytes of what the column stores; `false`: something is lost.
    pub(crate) fn stored(&self, column: usize, sent: Value<'_>, out: &mut Vec<u8>) -> Result<bool> {
        let sql = format!("REPLACE INTO asked (id, c{column}) VALUES (1, ?1) RETURNING c{column}");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([ToSqlOutput::Borrowed(canonical::reference(sent))])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        let stored = canonical::value(row.get_ref(0)?);
        canonical::push(out, stored);
        let same = says_the_same(sent, stored);
        // A statement with RETURNING has done its work only when it is read to its end.
        while rows.next()?.is_some() {}
        Ok(same)
    }
}

fn says_the_same(sent: Value<'_>, stored: Value<'_>) -> bool {
    match (sent, stored) {
        (Value::Integer(i), Value::Real(r)) | (Value::Real(r), Value::Integer(i)) => {
            r.fract() == 0.0 && r.abs() < 1e19 && r as i128 == i128::from(i)
        }
        (Value::Text(text), Value::Integer(i)) => same_number(text, &i.to_string()),
        (Value::Text(text), Value::Real(r)) => same_number(text, &format!("{r:e}")),
        (Value::Integer(i), Value::Text(text)) => text == i.to_string().as_bytes(),
        (Value::Real(r), Value::Text(text)) => {
            std::str::from_utf8(text).is_ok_and(|text| text.parse() == Ok(r))
        }
        (sent, stored) => sent == stored,
    }
}

fn same_number(text: &[u8], number: &str) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let plain = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && !(unsigned.starts_with('0') && unsigned[1..].starts_with(|c: char| c.is_ascii_digit()));
    plain && decimal(text).is_some() && decimal(text) == decimal(number)
}

/// Sign, significant digits without zeros at either end, and the power of ten of the last one.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(fraction.len() as i64)?;
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((negative, short.to_owned(), exponent + (digits.len() - short.len()) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Value::{Blob, Integer, Null, Real, Text};

    fn lossless(affinity: Affinity, sent: Value<'_>) -> bool {
        let asker = Asker::new(&[affinity]).unwrap();
        let (mut stored, mut as_is) = (Vec::new(), Vec::new());
        let same = asker.stored(0, sent, &mut stored).unwrap();
        canonical::push(&mut as_is, sent);
        assert!(!affinity.keeps(sent) || stored == as_is, "{affinity:?} {sent:?}");
        same
    }

    #[test]
    fn conversions_without_loss_are_equal_and_others_are_not() {
        let equal = [
            (Affinity::Integer, Text(b"12")),
            (Affinity::Integer, Real(2.0)),
            (Affinity::Integer, Text(b"abc")),
            (Affinity::Integer, Blob(b"12")),
            (Affinity::Numeric, Text(b"2020-01-01 10:00:00")),
            (Affinity::Numeric, Text(b"1.10")),
            (Affinity::Numeric, Text(b"1e3")),
            (Affinity::Numeric, Text(b"-0.5")),
            (Affinity::Real, Integer(7)),
            (Affinity::Real, Text(b"0.1")),
            (Affinity::Text, Integer(-5)),
            (Affinity::Text, Real(0.1)),
            (Affinity::Text, Real(1e300)),
            (Affinity::Blob, Text(b"007")),
            (Affinity::Text, Null),
        ];
        for (affinity, sent) in equal {
            assert!(lossless(affinity, sent), "{affinity:?} {sent:?}");
        }
        let lost = [
            (Affinity::Integer, Text(b"007")),
            (Affinity::Integer, Text(b" 7")),
            (Affinity::Numeric, Text(b"+7")),
            (Affinity::Numeric, Text(b"12345678901234567890")),
            (Affinity::Real, Integer(i64::MAX)),
            (Affinity::Real, Text(b"0.12345678901234567890")),
        ];
        for (affinity, sent) in lost {
            assert!(!lossless(affinity, sent), "{affinity:?} {sent:?}");
        }
    }

    #[test]
    fn affinities_are_sqlites() {
        let cases = [
            "INT",
            "VARCHAR(20)",
            "BLOB",
            "",
            "DOUBLE PRECISION",
            "DATETIME",
            "CHARINT",
            "FLOATING POINT",
            "DECIMAL(10,5)",
            "STRING",
            "any",
        ];
        for declared in cases {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch(&format!("CREATE TABLE t (c {declared})")).unwrap();
            let asker = Asker::new(&[Affinity::of(declared, false)]).unwrap();
            for sent in [Text(b"12"), Text(b"1.5"), Integer(3), Real(3.0), Real(3.5)] {
                let mut stored = Vec::new();
                asker.stored(0, sent, &mut stored).unwrap();
                let mut expected = Vec::new();
                let sent = ToSqlOutput::Borrowed(canonical::reference(sent));
                let sql = "INSERT INTO t VALUES (?1) RETURNING c";
                conn.query_row(sql, [sent], |row| {
                    canonical::push(&mut expected, canonical::value(row.get_ref(0)?));
                    Ok(())
                })
                .unwrap();
                assert_eq!(stored, expected, "{declared}");
            }
        }
    }
}
