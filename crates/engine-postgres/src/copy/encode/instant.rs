//! `date`, `time`, `timetz`, `timestamp` and `timestamptz`, from text, or from numbers where the plan
//! says what the numbers count.

use runtime::Value;

use super::super::misfit::{Fit, Misfit};
use super::number;
use super::time::{DAY, Stamp, stamp, time_of_day};
use super::wrong_kind;

/// What a number in a date column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::copy) enum Epoch {
    Seconds,
    Milliseconds,
    Microseconds,
    JulianDay,
}

/// A column of `timestamp` or `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::copy) struct Instant {
    /// Text without an offset is UTC; without a zone, text with another offset does not fit.
    pub(in crate::copy) zone: bool,
    /// Digits after the second.
    pub(in crate::copy) digits: u32,
    pub(in crate::copy) epoch: Option<Epoch>,
}

/// 1970-01-01 to 2000-01-01, in microseconds.
const UNIX_TO_2000: i64 = 946_684_800_000_000;
/// Milliseconds from the Julian epoch to 1970-01-01, as SQLite counts them.
const JULIAN_TO_UNIX_MS: f64 = 210_866_760_000_000.0;
/// Bounds of `timestamp` (MIN_TIMESTAMP, END_TIMESTAMP in `datatype/timestamp.h`).
const MIN_MICROS: i64 = -211_813_488_000_000_000;
const END_MICROS: i64 = 9_223_371_331_200_000_000;
/// Days from 2000-01-01 to the first after the last `date`, 5874897-12-31.
const END_DAYS: i64 = 2_145_031_949;

impl Instant {
    /// Microseconds since 2000-01-01 (UTC, where there is a zone).
    pub(super) fn micros(&self, value: Value<'_>) -> Fit<i64> {
        let micros = match (value, self.epoch) {
            (Value::Text(text), None) => return self.parse(text),
            (_, Some(epoch)) => epoch.micros(value)?,
            (_, None) => return Err(needs_epoch(value)),
        };
        in_range(micros)?;
        keep_digits(micros, self.digits)?;
        Ok(micros)
    }

    fn parse(&self, text: &[u8]) -> Fit<i64> {
        let Stamp { days, micros, offset } = match stamp(text) {
            Ok(stamp) => stamp,
            Err(misfit) => return infinity(text).ok_or(misfit),
        };
        let offset =
            match (offset, self.zone) {
                (Some(offset), false) if offset != 0 => return Err(Misfit::new(
                    "it has an offset from UTC, which a timestamp without time zone does not keep",
                )
                .help("give the column the type `timestamptz`")),
                (offset, _) => i64::from(offset.unwrap_or(0)),
            };
        keep_digits(micros, self.digits)?;
        // 8-digit years times microseconds leave 64 bits, so it is checked before and after.
        let total =
            days.checked_mul(DAY).and_then(|day| day.checked_add(micros - offset * 1_000_000));
        in_range(total.unwrap_or(i64::MAX))?;
        Ok(total.unwrap_or(i64::MAX))
    }
}

fn in_range(micros: i64) -> Fit {
    if (MIN_MICROS..END_MICROS).contains(&micros) {
        return Ok(());
    }
    Err(Misfit::new("it is outside the years that a timestamp holds (4713 BC to 294276)"))
}

/// DT_NOBEGIN and DT_NOEND.
fn infinity(text: &[u8]) -> Option<i64> {
    match text {
        b"infinity" => Some(i64::MAX),
        b"-infinity" => Some(i64::MIN),
        _ => None,
    }
}

fn keep_digits(micros: i64, digits: u32) -> Fit {
    if digits < 6 && micros % 10_i64.pow(6 - digits) != 0 {
        return Err(Misfit::new(format!("it has more than {digits} digits after the second"))
            .help("give the column a finer precision, or cut the value by a `sql:` expression"));
    }
    Ok(())
}

#[cold]
fn needs_epoch(value: Value<'_>) -> Misfit {
    wrong_kind(value, "ISO text of a date and time").help(
        "say what the number counts: `as: unix-seconds`, `as: unix-milliseconds`, \
         `as: unix-microseconds` or `as: julian-day`",
    )
}

impl Epoch {
    /// Microseconds since 2000-01-01.
    fn micros(self, value: Value<'_>) -> Fit<i64> {
        let whole = match self {
            Epoch::JulianDay => None,
            _ => number::integer(value).ok(),
        };
        let unix = match whole {
            Some(count) => count.checked_mul(self.factor()),
            None => self.round(number::float8(value)?),
        };
        let micros = unix.and_then(|unix| unix.checked_sub(UNIX_TO_2000));
        micros.ok_or_else(|| Misfit::new("it is outside the years that a timestamp holds"))
    }

    /// Microseconds in one.
    fn factor(self) -> i64 {
        match self {
            Epoch::Seconds => 1_000_000,
            Epoch::Milliseconds => 1_000,
            Epoch::Microseconds => 1,
            Epoch::JulianDay => DAY,
        }
    }

    /// A real has no exact decimals, so it means the nearest microsecond; a Julian day, whose reals
    /// are 40 microseconds apart, the nearest millisecond, as in SQLite's `computeYMD_HMS`.
    fn round(self, real: f64) -> Option<i64> {
        let (scaled, factor) = match self {
            Epoch::JulianDay => ((real * 86_400_000.0).round() - JULIAN_TO_UNIX_MS, 1_000),
            _ => ((real * self.factor() as f64).round(), 1),
        };
        let inside = scaled.abs() < 9.2e18;
        inside.then_some(scaled as i64).and_then(|scaled| scaled.checked_mul(factor))
    }
}

/// Days since 2000-01-01.
pub(super) fn date(value: Value<'_>, epoch: Option<Epoch>) -> Fit<i32> {
    let (days, micros) = match (value, epoch) {
        (Value::Text(b"infinity"), None) => return Ok(i32::MAX),
        (Value::Text(b"-infinity"), None) => return Ok(i32::MIN),
        (Value::Text(text), None) => stamp(text).map(|stamp| (stamp.days, stamp.micros))?,
        (_, Some(epoch)) => {
            let micros = epoch.micros(value)?;
            (micros.div_euclid(DAY), micros.rem_euclid(DAY))
        }
        (_, None) => return Err(needs_epoch(value)),
    };
    if micros != 0 {
        return Err(Misfit::new("it has a time of day, which a date does not keep")
            .help("give the column the type `timestamp`, or load it by `sql:` with `date(…)`"));
    }
    match i32::try_from(days) {
        Ok(days) if i64::from(days) < END_DAYS => Ok(days),
        _ => Err(Misfit::new("it is outside the years that a date holds")),
    }
}

/// Microseconds since midnight.
pub(super) fn time(value: Value<'_>, digits: u32) -> Fit<i64> {
    let (micros, offset) = clock_text(value, digits)?;
    if offset.is_some_and(|offset| offset != 0) {
        return Err(Misfit::new("it has an offset from UTC, which a time does not keep"));
    }
    Ok(micros)
}

/// Microseconds since midnight, and seconds *west* of Greenwich. Without an offset it is UTC.
pub(super) fn time_tz(value: Value<'_>, digits: u32) -> Fit<[u8; 12]> {
    let (micros, offset) = clock_text(value, digits)?;
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&micros.to_be_bytes());
    bytes[8..].copy_from_slice(&(-offset.unwrap_or(0)).to_be_bytes());
    Ok(bytes)
}

fn clock_text(value: Value<'_>, digits: u32) -> Fit<(i64, Option<i32>)> {
    let Value::Text(text) = value else {
        return Err(wrong_kind(value, "ISO text of a time of day"));
    };
    let (micros, offset) = time_of_day(text)?;
    keep_digits(micros, digits)?;
    Ok((micros, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: bool, epoch: Option<Epoch>) -> Instant {
        Instant { zone, digits: 6, epoch }
    }

    #[test]
    fn the_same_moment_in_every_spelling() {
        let expected = Ok(1_700_000_000_123_000 - UNIX_TO_2000);
        let cases = [
            (Value::Text(b"2023-11-14T22:13:20.123Z"), None),
            (Value::Text(b"2023-11-14 22:13:20.123"), None),
            (Value::Text(b"2023-11-15 00:13:20.123+02:00"), None),
            (Value::Real(1_700_000_000.123), Some(Epoch::Seconds)),
            (Value::Text(b"1700000000.123"), Some(Epoch::Seconds)),
            (Value::Integer(1_700_000_000_123), Some(Epoch::Milliseconds)),
            (Value::Text(b"1700000000123000"), Some(Epoch::Microseconds)),
            (Value::Real(2_460_263.425_927_349_4), Some(Epoch::JulianDay)),
        ];
        for (value, epoch) in cases {
            assert_eq!(at(true, epoch).micros(value), expected, "{value:?}");
        }
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        let cases = [
            (at(false, None), Value::Text(b"2023-11-15 00:13:20+02:00")),
            (at(true, None), Value::Integer(1_700_000_000)),
            (at(true, None), Value::Text(b"1700000000")),
            (at(true, Some(Epoch::Seconds)), Value::Text(b"2023-11-15")),
            (at(true, Some(Epoch::Seconds)), Value::Integer(i64::MAX)),
            (at(true, Some(Epoch::Seconds)), Value::Real(1e30)),
            (at(true, None), Value::Text(b"294277-01-01")),
            (Instant { digits: 0, ..at(true, None) }, Value::Text(b"2023-11-15 00:13:20.5")),
        ];
        for (instant, value) in cases {
            assert!(instant.micros(value).is_err(), "{value:?}");
        }
        assert!(at(false, None).micros(Value::Text(b"2023-11-15 00:13:20Z")).is_ok());
        assert!(at(false, None).micros(Value::Text(b"294276-12-31 23:59:59")).is_ok());
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(date(Value::Text(b"2000-01-11 00:00:00"), None), Ok(10));
        assert_eq!(date(Value::Integer(946_684_800), Some(Epoch::Seconds)), Ok(0));
        assert_eq!(date(Value::Text(b"5874897-12-31"), None), Ok(2_145_031_948));
        assert!(date(Value::Text(b"5874898-01-01"), None).is_err());
        assert!(date(Value::Text(b"2000-01-11 00:00:01"), None).is_err());
        assert!(date(Value::Integer(1), Some(Epoch::Seconds)).is_err());
        assert_eq!(time(Value::Text(b"24:00"), 6), Ok(DAY));
        assert_eq!(time_tz(Value::Text(b"00:00+01"), 0).unwrap()[8..], (-3600_i32).to_be_bytes());
        assert!(time(Value::Text(b"10:00+01"), 6).is_err());
        assert!(time(Value::Text(b"10:00:00.12"), 1).is_err());
    }
}
