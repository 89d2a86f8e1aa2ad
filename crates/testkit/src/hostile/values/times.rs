//! Dates and times, as `jiff` reads the same text.

use jiff::civil::{Date, DateTime, Time};
use runtime::Value;
use tokio_postgres::types::Type;

use super::decode::{Held, read, same, text_of};

/// 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
const DAY: i64 = 86_400_000_000;
const UNIX_TO_2000: i64 = EPOCH_DAYS * DAY;

/// `jiff` reads more forms than ours and fewer years: only where both read a text are they compared.
pub(super) fn date(field: &[u8], value: Value<'_>) -> Held {
    let days = four(field)?;
    let parsed = text_of(value).and_then(|text| text.parse::<Date>().ok());
    parsed.map_or(Ok(()), |wanted| same(days, days_of(wanted)))
}

fn days_of(date: Date) -> i64 {
    let zero = Date::constant(2000, 1, 1);
    i64::from((date - zero).get_days())
}

fn four(field: &[u8]) -> Result<i64, String> {
    let bytes = field.try_into().map_err(|_| "no four bytes")?;
    Ok(i64::from(i32::from_be_bytes(bytes)))
}

pub(super) fn time(field: &[u8], value: Value<'_>) -> Held {
    let micros: i64 = read(&Type::INT8, field)?;
    same((0..=DAY).contains(&micros), true)?;
    let parsed = text_of(value).and_then(|text| text.parse::<Time>().ok());
    parsed.map_or(Ok(()), |wanted| {
        // `24:00` and a second of 60 are the next minute there and not read by ours alone.
        if wanted.second() == 59 { Ok(()) } else { same(micros, micros_of(wanted)) }
    })
}

fn micros_of(time: Time) -> i64 {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60;
    (seconds + i64::from(time.second())) * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1000
}

/// A text with a zone is no timestamp without one, so only those without are compared.
pub(super) fn timestamp(field: &[u8], value: Value<'_>) -> Held {
    let micros: i64 = read(&Type::INT8, field)?;
    let Some(text) = text_of(value) else { return Ok(()) };
    match text.parse::<DateTime>() {
        Ok(wanted) if wanted.second() != 59 => {
            same(micros, days_of(wanted.date()) * DAY + micros_of(wanted.time()))
        }
        _ => Ok(()),
    }
}

/// With an offset the text is an instant; without one it is UTC.
pub(super) fn timestamp_tz(field: &[u8], value: Value<'_>) -> Held {
    let micros: i64 = read(&Type::INT8, field)?;
    let Some(text) = text_of(value) else { return Ok(()) };
    match text.parse::<jiff::Timestamp>() {
        Ok(wanted) if !text.contains(":60") => same(micros, wanted.as_microsecond() - UNIX_TO_2000),
        Ok(_) => Ok(()),
        Err(_) if text.contains(['+', 'Z', 'z']) => Ok(()),
        Err(_) => timestamp(field, value),
    }
}

pub(super) fn seconds(field: &[u8], value: Value<'_>) -> Held {
    counted(field, value, 1_000_000)
}

pub(super) fn microseconds(field: &[u8], value: Value<'_>) -> Held {
    counted(field, value, 1)
}

/// Whole numbers count exactly; reals to the nearest microsecond, as far as a double has them.
fn counted(field: &[u8], value: Value<'_>, factor: i64) -> Held {
    let unix: i64 = read::<i64>(&Type::INT8, field)? + UNIX_TO_2000;
    let integer = match value {
        Value::Integer(integer) => Some(integer),
        value => text_of(value).and_then(|text| text.parse().ok()),
    };
    match (integer, value) {
        (Some(integer), _) => same(i128::from(unix), i128::from(integer) * i128::from(factor)),
        (None, Value::Real(real)) => near(unix as f64, real * factor as f64, 1.0),
        (None, _) => Ok(()),
    }
}

/// Day 2440587.5 is 1970-01-01 00:00; reals of that size are 40 microseconds apart.
pub(super) fn julian_day(field: &[u8], value: Value<'_>) -> Held {
    let unix: i64 = read::<i64>(&Type::INT8, field)? + UNIX_TO_2000;
    match value {
        Value::Real(real) => near(unix as f64, (real - 2_440_587.5) * DAY as f64, 1_000.0),
        Value::Integer(day) => near(unix as f64, (day as f64 - 2_440_587.5) * DAY as f64, 1_000.0),
        _ => Ok(()),
    }
}

fn near(found: f64, wanted: f64, most: f64) -> Held {
    let most = most + wanted.abs() * 1e-15;
    if (found - wanted).abs() <= most {
        Ok(())
    } else {
        Err(format!("{found} was sent, it means {wanted}"))
    }
}
