//! Dates and times of day as ISO 8601 text, in the forms that SQLite's own functions write.

use super::super::misfit::{Fit, Misfit};

/// A point on the calendar and clock that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Days since 2000-01-01, PostgreSQL's epoch.
    pub(super) days: i64,
    /// Microseconds since midnight, up to and with 24:00.
    pub(super) micros: i64,
    /// Seconds east of Greenwich.
    pub(super) offset: Option<i32>,
}

pub(super) const DAY: i64 = 86_400_000_000;

/// Reads one text from left to right.
struct Cursor<'t> {
    rest: &'t [u8],
}

impl Cursor<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        self.rest = &self.rest[usize::from(found)..];
        found
    }

    /// Exactly `count` digits.
    fn number(&mut self, count: usize) -> Option<i64> {
        let digits = self.rest.get(..count)?;
        self.rest = &self.rest[count..];
        digits.iter().try_fold(0, |value, digit| {
            digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
        })
    }

    fn digits_ahead(&self) -> usize {
        self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }
}

/// `YYYY-MM-DD`, or with a time of day behind a space or `T`, with or without an offset.
pub(super) fn stamp(text: &[u8]) -> Fit<Stamp> {
    if let Some(stamp) = text.try_into().ok().and_then(usual) {
        return Ok(stamp);
    }
    let mut cursor = Cursor { rest: text };
    let days = date(&mut cursor)?;
    let (mut micros, mut offset) = (0, None);
    if !cursor.rest.is_empty() {
        if !cursor.eat(b' ') && !cursor.eat(b'T') && !cursor.eat(b't') {
            return Err(not("a date and time"));
        }
        micros = clock(&mut cursor)?;
        offset = zone(&mut cursor)?;
    }
    if cursor.rest.is_empty() {
        return Ok(Stamp { days, micros, offset });
    }
    Err(not("a date and time"))
}

/// `YYYY-MM-DD HH:MM:SS`, what `datetime()` writes and most columns hold, without a cursor. `None`
/// also for what is wrong: the long way finds out why.
fn usual(text: &[u8; 19]) -> Option<Stamp> {
    let mut wrong = false;
    let mut two = |at: usize| {
        let (high, low) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        wrong |= high > 9 || low > 9;
        i64::from(high) * 10 + i64::from(low)
    };
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let marks =
        [text[4], text[7], text[13], text[16]] == *b"--::" && matches!(text[10], b' ' | b'T');
    let date = year > 0 && (1..=12).contains(&month) && day > 0 && day <= days_in(year, month);
    if wrong || !marks || !date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
    Some(Stamp { days: days_from_civil(year, month, day), micros, offset: None })
}

/// `HH:MM`, `HH:MM:SS`, `HH:MM:SS.ffffff`, with or without an offset: microseconds and offset.
pub(super) fn time_of_day(text: &[u8]) -> Fit<(i64, Option<i32>)> {
    let mut cursor = Cursor { rest: text };
    let micros = clock(&mut cursor)?;
    let offset = zone(&mut cursor)?;
    if cursor.rest.is_empty() { Ok((micros, offset)) } else { Err(not("a time of day")) }
}

fn date(cursor: &mut Cursor<'_>) -> Fit<i64> {
    // Years have at least four digits; more than seven are beyond every type.
    let width = cursor.digits_ahead().clamp(4, 8);
    let year = cursor.number(width);
    let dash = cursor.eat(b'-');
    let month = cursor.number(2);
    let second_dash = cursor.eat(b'-');
    let (Some(year), true, Some(month), true, Some(day)) =
        (year, dash, month, second_dash, cursor.number(2))
    else {
        return Err(not("a date"));
    };
    if year == 0 {
        return Err(Misfit::new("there is no year 0"));
    }
    if !(1..=12).contains(&month) {
        return Err(Misfit::new(format!("there is no month {month}")));
    }
    if day < 1 || day > days_in(year, month) {
        return Err(Misfit::new(format!("there is no day {day} in that month")));
    }
    Ok(days_from_civil(year, month, day))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 2000-01-01 in the Gregorian calendar, by Howard Hinnant's `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730_425
}

fn clock(cursor: &mut Cursor<'_>) -> Fit<i64> {
    let hour = cursor.number(2);
    let colon = cursor.eat(b':');
    let (Some(hour), true, Some(minute)) = (hour, colon, cursor.number(2)) else {
        return Err(not("a time of day"));
    };
    let (mut second, mut micros) = (0, 0);
    if cursor.eat(b':') {
        second = cursor.number(2).ok_or_else(|| not("a time of day"))?;
        micros = fraction(cursor)?;
    }
    let total = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros;
    if minute > 59 || second > 59 || total > DAY {
        return Err(Misfit::new("there is no such time of day"));
    }
    Ok(total)
}

/// Microseconds of `.ffffff`; more digits only where they are zeros.
fn fraction(cursor: &mut Cursor<'_>) -> Fit<i64> {
    if !cursor.eat(b'.') {
        return Ok(0);
    }
    let count = cursor.digits_ahead();
    let (digits, rest) = cursor.rest.split_at(count);
    cursor.rest = rest;
    if count == 0 {
        return Err(not("a time of day"));
    }
    let (kept, lost) = digits.split_at(count.min(6));
    if lost.iter().any(|&digit| digit != b'0') {
        return Err(Misfit::new("it is finer than a microsecond and would be rounded")
            .help("cut it by a `sql:` expression, or keep it as text"));
    }
    let value = kept.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Ok(value * 10_i64.pow(6 - kept.len() as u32))
}

/// `Z`, `±hh`, `±hhmm`, `±hh:mm` or `±hh:mm:ss`, after an optional space.
fn zone(cursor: &mut Cursor<'_>) -> Fit<Option<i32>> {
    cursor.eat(b' ');
    if cursor.eat(b'Z') || cursor.eat(b'z') {
        return Ok(Some(0));
    }
    let sign = if cursor.eat(b'+') {
        1
    } else if cursor.eat(b'-') {
        -1
    } else {
        return Ok(None);
    };
    let hours = cursor.number(2);
    let mut part = || {
        let more = cursor.eat(b':') || cursor.digits_ahead() == 2;
        if more { cursor.number(2) } else { Some(0) }
    };
    let (Some(hours), Some(minutes), Some(seconds)) = (hours, part(), part()) else {
        return Err(not("an offset from UTC"));
    };
    // MAX_TZDISP_HOUR of PostgreSQL.
    if hours > 15 || minutes > 59 || seconds > 59 {
        return Err(Misfit::new("there is no such offset from UTC"));
    }
    Ok(i32::try_from(sign * (hours * 3600 + minutes * 60 + seconds)).ok())
}

#[cold]
fn not(what: &str) -> Misfit {
    Misfit::new(format!("it is not ISO text of {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_the_day_after_the_one_before() {
        let mut expected = days_from_civil(1, 1, 1);
        assert_eq!((expected, days_from_civil(2000, 1, 1)), (-730_119, 0));
        for year in 1..=2800 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_from_civil(year, month, day), expected);
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn forms_of_text() {
        let at = |days, micros, offset| Ok(Stamp { days, micros, offset });
        let noon = 12 * 3_600_000_000;
        let cases: [(&str, Fit<Stamp>); 10] = [
            ("2000-01-02", at(1, 0, None)),
            ("2000-01-02T12:00", at(1, noon, None)),
            ("2000-01-02 12:00:00", at(1, noon, None)),
            ("2000-01-02 12:00:00.5", at(1, noon + 500_000, None)),
            ("2000-01-02 12:00:00.123456000Z", at(1, noon + 123_456, Some(0))),
            ("2000-01-02T12:00:00+02", at(1, noon, Some(7200))),
            ("2000-01-02T12:00:00-0330", at(1, noon, Some(-12_600))),
            ("2000-01-02 12:00:00 +05:45:30", at(1, noon, Some(20_730))),
            ("2000-01-02 24:00:00", at(1, DAY, None)),
            ("10000-01-01", at(2_921_940, 0, None)),
        ];
        for (text, expected) in cases {
            assert_eq!(stamp(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let texts = [
            "",
            "2000",
            "2000-1-1",
            "2000-13-01",
            "2000-02-30",
            "1900-02-29",
            "0000-01-01",
            "20000101",
            "2000-01-01 ",
            "2000-01-01 1",
            "2000-01-01 25:00",
            "2000-01-01 24:00:01",
            "2000-01-01 10:60",
            "2000-01-01 10:00:60",
            "2000-01-01 10:00:00.",
            "2000-01-01 10:00:00.0000001",
            "2000-01-01 10:00:00 UTC",
            "2000-01-01 10:00:00+1",
            "2000-01-01 10:00:00+16:00",
            "-2000-01-01",
            "2000-01-01x",
            "2000/01/01",
            "2000-01-01 10:00:00+02:",
        ];
        for text in texts {
            assert!(stamp(text.as_bytes()).is_err(), "{text}");
        }
    }
}
