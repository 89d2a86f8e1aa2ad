//! `interval`, from ISO 8601 durations (`P1Y2M3DT4H5M6.5S`) and clock text (`[-]HH:MM:SS`).

use runtime::Value;

use super::super::misfit::{Fit, Misfit};
use super::wrong_kind;

#[derive(Default)]
struct Interval {
    months: i32,
    days: i32,
    micros: i64,
}

/// Microseconds (8 bytes), days and months (4 each): PostgreSQL keeps the three apart.
pub(super) fn interval(value: Value<'_>, digits: u32) -> Fit<[u8; 16]> {
    let Value::Text(text) = value else { return Err(wrong_kind(value, "text of an interval")) };
    let parsed = std::str::from_utf8(text).ok().and_then(|text| iso(text).or_else(|| clock(text)));
    let Some(interval) = parsed else {
        return Err(Misfit::new("it is neither an ISO 8601 duration nor `HH:MM:SS`"));
    };
    if digits < 6 && interval.micros % 10_i64.pow(6 - digits) != 0 {
        return Err(Misfit::new(format!("it has more than {digits} digits after the second")));
    }
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&interval.micros.to_be_bytes());
    bytes[8..12].copy_from_slice(&interval.days.to_be_bytes());
    bytes[12..].copy_from_slice(&interval.months.to_be_bytes());
    Ok(bytes)
}

fn iso(text: &str) -> Option<Interval> {
    let text = text.strip_prefix('P')?;
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    if time.is_empty() && (date.is_empty() || text.contains('T')) {
        return None;
    }
    let mut interval = Interval::default();
    for part in parts(date) {
        let (number, unit) = part?;
        let number: i32 = whole(number)?;
        let (field, factor) = match unit {
            'Y' => (&mut interval.months, 12),
            'M' => (&mut interval.months, 1),
            'W' => (&mut interval.days, 7),
            'D' => (&mut interval.days, 1),
            _ => return None,
        };
        *field = field.checked_add(number.checked_mul(factor)?)?;
    }
    for part in parts(time) {
        let (number, unit) = part?;
        let micros = match unit {
            'H' => whole::<i64>(number)?.checked_mul(3_600_000_000)?,
            'M' => whole::<i64>(number)?.checked_mul(60_000_000)?,
            'S' => seconds(number)?,
            _ => return None,
        };
        interval.micros = interval.micros.checked_add(micros)?;
    }
    Some(interval)
}

/// Each number with the letter behind it; `None` for a number without a letter.
fn parts(text: &str) -> impl Iterator<Item = Option<(&str, char)>> {
    text.split_inclusive(|c: char| c.is_ascii_uppercase()).map(|part| {
        let unit = part.chars().next_back().filter(char::is_ascii_uppercase)?;
        Some((&part[..part.len() - 1], unit))
    })
}

fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// `[-]S[.ffffff]` in microseconds; more digits only where they are zeros.
fn seconds(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let kept = fraction.trim_end_matches('0');
    if !digits(seconds) || !digits(fraction) || kept.len() > 6 {
        return None;
    }
    let micros: i64 = whole(&format!("{kept:0<6}"))?;
    let total = whole::<i64>(seconds)?.checked_mul(1_000_000)?.checked_add(micros)?;
    Some(if negative { -total } else { total })
}

fn clock(text: &str) -> Option<Interval> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut fields = text.split(':');
    let (hours, minutes) = (fields.next()?, fields.next()?);
    let second = fields.next().unwrap_or("0");
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) =
        (Some(hours).filter(|h| digits(h))?, Some(minutes).filter(|m| digits(m))?);
    let (minutes, rest) = (whole::<i64>(minutes)?, seconds(second)?);
    if fields.next().is_some() || second.starts_with('-') || minutes > 59 || rest >= 60_000_000 {
        return None;
    }
    let hours = whole::<i64>(hours)?.checked_mul(3_600_000_000)?;
    let micros = hours.checked_add(minutes * 60_000_000 + rest)?;
    Some(Interval { micros: if negative { -micros } else { micros }, ..Interval::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts_of(text: &str) -> Option<(i32, i32, i64)> {
        let bytes = interval(Value::Text(text.as_bytes()), 6).ok()?;
        let word =
            |range: std::ops::Range<usize>| i32::from_be_bytes(bytes[range].try_into().unwrap());
        Some((word(12..16), word(8..12), i64::from_be_bytes(bytes[..8].try_into().unwrap())))
    }

    #[test]
    fn durations() {
        let cases = [
            ("P1Y2M3DT4H5M6.5S", (14, 3, 14_706_500_000)),
            ("P2W", (0, 14, 0)),
            ("PT-0.5S", (0, 0, -500_000)),
            ("P-1D", (0, -1, 0)),
            ("01:02:03", (0, 0, 3_723_000_000)),
            ("-100:00:00.000001", (0, 0, -360_000_000_001)),
            ("00:30", (0, 0, 1_800_000_000)),
        ];
        for (text, expected) in cases {
            assert_eq!(parts_of(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "P1X",
            "P1.5D",
            "1 day",
            "1:60:00",
            "1:2:3:4",
            "P1YT",
            "PT1.0000001S",
        ] {
            assert_eq!(parts_of(text), None, "{text}");
        }
    }
}
