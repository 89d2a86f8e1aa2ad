//! Conversions that a plan asks for, as SQLite has them: times become the text of SQLite's own
//! `datetime()`, UUIDs their usual text.

use std::borrow::Cow;

use diagnostics::plural;
use ir::Conversion;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use runtime::Value;

use crate::affinity::Affinity;

/// Why a conversion cannot be for a column of this kind; `None` where it can.
pub(crate) fn unsuitable(conversion: Conversion, affinity: Affinity) -> Option<String> {
    let times = "SQLite has no type for times; the conversion gives text such as \
                 `2026-11-21 05:35:01`, and this column would hold a number";
    match conversion {
        Conversion::JsonArray => Some("SQLite has no arrays; leave the conversion out".to_owned()),
        Conversion::UnixSeconds
        | Conversion::UnixMilliseconds
        | Conversion::UnixMicroseconds
        | Conversion::JulianDay => {
            matches!(affinity, Affinity::Integer | Affinity::Real).then(|| times.to_owned())
        }
        Conversion::ReplaceInvalidText | Conversion::Uuid => None,
    }
}

/// The text that the value becomes; `None` where it stays as it is.
///
/// # Errors
/// Why it cannot be converted, without the value.
pub(crate) fn convert(conversion: Conversion, value: Value<'_>) -> Result<Option<String>, String> {
    if value == Value::Null {
        return Ok(None);
    }
    match conversion {
        Conversion::UnixSeconds => since_1970(value, 1_000_000_000).map(Some),
        Conversion::UnixMilliseconds => since_1970(value, 1_000_000).map(Some),
        Conversion::UnixMicroseconds => since_1970(value, 1_000).map(Some),
        Conversion::JulianDay => julian_day(value).map(Some),
        Conversion::ReplaceInvalidText => Ok(replace_invalid(value)),
        Conversion::Uuid => uuid(value).map(Some),
        Conversion::JsonArray => Err("SQLite has no arrays".to_owned()),
    }
}

fn since_1970(value: Value<'_>, unit_ns: i128) -> Result<String, String> {
    let ns = match value {
        Value::Integer(i) => i128::from(i) * unit_ns,
        Value::Real(r) if r.abs() < 1e18 => (r * unit_ns as f64).round() as i128,
        other => return Err(format!("{} is no number of a time", kind(other))),
    };
    time(ns)
}

/// Day 2440587.5 is 1970-01-01 00:00; to the millisecond, as SQLite has it.
fn julian_day(value: Value<'_>) -> Result<String, String> {
    let day = match value {
        Value::Integer(i) => i as f64,
        Value::Real(r) => r,
        other => return Err(format!("{} is no Julian day", kind(other))),
    };
    time(((day - 2_440_587.5) * 86_400_000.0).round() as i128 * 1_000_000)
}

fn time(ns: i128) -> Result<String, String> {
    let stamp =
        Timestamp::from_nanosecond(ns).map_err(|_| "the time is out of range".to_owned())?;
    let at = stamp.to_zoned(TimeZone::UTC).datetime();
    if at.year() < 0 {
        return Err("the time is before the year 0".to_owned());
    }
    let (date, time) = (at.date(), at.time());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let text = format!("{date} {hour:02}:{minute:02}:{second:02}");
    let micros = time.subsec_nanosecond() / 1_000;
    if micros == 0 {
        return Ok(text);
    }
    let fraction = format!("{micros:06}");
    Ok(format!("{text}.{}", fraction.trim_end_matches('0')))
}

/// U+FFFD for invalid UTF-8 and NUL.
fn replace_invalid(value: Value<'_>) -> Option<String> {
    let Value::Text(text) = value else { return None };
    match String::from_utf8_lossy(text) {
        Cow::Borrowed(whole) if !whole.contains('\0') => None,
        repaired => Some(repaired.replace('\0', "\u{fffd}")),
    }
}

fn uuid(value: Value<'_>) -> Result<String, String> {
    let parsed = match value {
        Value::Blob(bytes) => uuid::Uuid::from_slice(bytes).ok(),
        Value::Text(text) => uuid::Uuid::try_parse_ascii(text).ok(),
        _ => None,
    };
    parsed
        .map(|uuid| uuid.hyphenated().to_string())
        .ok_or_else(|| format!("{} is no UUID", kind(value)))
}

/// `text of 5 bytes`: what may be said of a value.
pub(crate) fn kind(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(_) => "an integer".to_owned(),
        Value::Real(_) => "a real number".to_owned(),
        Value::Text(text) => format!("text of {}", plural(text.len(), "byte")),
        Value::Blob(bytes) => format!("a blob of {}", plural(bytes.len(), "byte")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Conversion::{
        JulianDay, ReplaceInvalidText, UnixMicroseconds, UnixMilliseconds, UnixSeconds,
    };

    #[test]
    fn times_are_those_of_sqlite() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let cases = [
            (UnixSeconds, Value::Integer(1_700_000_000), "datetime(1700000000, 'unixepoch')"),
            (UnixSeconds, Value::Integer(-62_167_219_200), "datetime(-62167219200, 'unixepoch')"),
            (
                UnixMilliseconds,
                Value::Integer(1_700_000_000_000),
                "datetime(1700000000, 'unixepoch')",
            ),
            (JulianDay, Value::Real(2_460_000.5), "datetime(2460000.5)"),
            (UnixSeconds, Value::Real(1.5), "'1970-01-01 00:00:01.5'"),
            (UnixMicroseconds, Value::Integer(1_000_001), "'1970-01-01 00:00:01.000001'"),
        ];
        for (conversion, value, sql) in cases {
            let expected: String =
                conn.query_row(&format!("SELECT {sql}"), [], |row| row.get(0)).unwrap();
            assert_eq!(convert(conversion, value), Ok(Some(expected)));
        }
        assert!(convert(UnixSeconds, Value::Integer(i64::MAX)).is_err());
        assert!(convert(UnixSeconds, Value::Text(b"noon")).is_err());
        assert_eq!(convert(UnixSeconds, Value::Null), Ok(None));
    }

    #[test]
    fn uuids_and_texts() {
        let text = "6f1d3c2e-0000-4000-8000-0123456789ab";
        let bytes = uuid::Uuid::parse_str(text).unwrap().into_bytes();
        for value in [Value::Blob(&bytes), Value::Text(b"{6F1D3C2E-0000-4000-8000-0123456789AB}")] {
            assert_eq!(convert(Conversion::Uuid, value), Ok(Some(text.to_owned())));
        }
        assert_eq!(
            convert(Conversion::Uuid, Value::Text(b"x")),
            Err("text of 1 byte is no UUID".into())
        );
        let repaired = convert(ReplaceInvalidText, Value::Text(b"a\0b\xff"));
        assert_eq!(repaired, Ok(Some("a\u{fffd}b\u{fffd}".to_owned())));
        assert_eq!(convert(ReplaceInvalidText, Value::Text(b"fine")), Ok(None));
    }
}
