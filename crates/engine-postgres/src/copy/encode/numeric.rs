//! `numeric`: base-10000 digits, as `numeric_recv` takes them, without loss.

use runtime::Value;

use super::super::misfit::{Fit, Misfit};
use super::decimal::Shortest;
use super::{field, field_by, wrong_kind};

/// `numeric(precision, scale)`; the scale may be negative since PostgreSQL 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::copy) struct Precision {
    precision: i64,
    scale: i64,
}

impl Precision {
    /// From `atttypmod` (`make_numeric_typmod` in `numeric.c`); `None`: any precision.
    pub(in crate::copy) fn from_typmod(typmod: i32) -> Option<Self> {
        let packed = typmod.checked_sub(4).filter(|packed| *packed >= 0)?;
        let scale = ((packed & 0x7ff) ^ 1024) - 1024;
        Some(Self { precision: i64::from((packed >> 16) & 0xffff), scale: i64::from(scale) })
    }
}

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;

/// Digits before and after the point that an unconstrained `numeric` holds.
const MAX_WHOLE: i64 = 131_072;
const MAX_SCALE: i64 = 16_383;

const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < 20 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

pub(super) fn put(value: Value<'_>, precision: Option<Precision>, out: &mut Vec<u8>) -> Fit {
    match value {
        Value::Integer(integer) => put_integer(integer, precision, out),
        Value::Real(real) => put_real(real, precision, out),
        Value::Text(text) => put_text(text, precision, out),
        Value::Null | Value::Blob(_) => Err(wrong_kind(value, "a number")),
    }
}

fn put_integer(integer: i64, precision: Option<Precision>, out: &mut Vec<u8>) -> Fit {
    let scale = precision.map_or(0, |precision| precision.scale);
    if scale < 0 {
        return put_text(integer.to_string().as_bytes(), precision, out);
    }
    if let Some(Precision { precision, scale }) = precision {
        let limit = usize::try_from(precision - scale).ok().and_then(|n| POWERS.get(n));
        if limit.is_some_and(|limit| integer.unsigned_abs() >= *limit)
            || precision < scale && integer != 0
        {
            return Err(too_large(precision, scale));
        }
    }
    put_scaled(integer < 0, integer.unsigned_abs(), 0, scale, out);
    Ok(())
}

/// A real means its shortest decimal text. One of at most 15 digits and few decimals, such as a
/// price, is found without printing: if `m / 10^s` is the real, then `m` and `s` are that text.
fn put_real(real: f64, precision: Option<Precision>, out: &mut Vec<u8>) -> Fit {
    let tries: &[usize] = match &precision {
        Some(Precision { scale: 0, .. }) => &[0],
        Some(Precision { scale: 1..=2, .. }) => &[2],
        Some(Precision { scale: 3..=4, .. }) => &[4],
        Some(_) => &[],
        None => &[0, 2, 4],
    };
    for &scale in tries {
        let scaled = (real * POWERS[scale] as f64).round();
        if scaled.abs() < 1e15 && scaled / POWERS[scale] as f64 == real {
            return put_short(real < 0.0, scaled.abs() as u64, scale, precision, out);
        }
    }
    if !real.is_finite() {
        return put_special(if real > 0.0 { INFINITY } else { NEGATIVE_INFINITY }, precision, out);
    }
    let mut shortest = Shortest::new();
    let text = shortest.format(real);
    put_text(text.strip_suffix(".0").unwrap_or(text).as_bytes(), precision, out)
}

fn put_short(
    negative: bool,
    mut mantissa: u64,
    mut scale: usize,
    precision: Option<Precision>,
    out: &mut Vec<u8>,
) -> Fit {
    while scale > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        scale -= 1;
    }
    let mut shown = scale as i64;
    if let Some(Precision { precision, scale: limit }) = precision {
        if shown > limit {
            return Err(would_round(limit));
        }
        // Whole digits are limited to precision - limit, so the mantissa to that and its scale.
        let digits = usize::try_from(precision - limit + shown).ok();
        let most = digits.map_or(Some(&0), |digits| POWERS.get(digits));
        if most.is_some_and(|most| mantissa >= *most) && mantissa != 0 {
            return Err(too_large(precision, limit));
        }
        shown = limit;
    }
    put_scaled(negative, mantissa, scale, shown, out);
    Ok(())
}

/// Appends `mantissa / 10^scale`, for a mantissa below 10^15 or a scale of 0.
fn put_scaled(negative: bool, mantissa: u64, scale: usize, shown: i64, out: &mut Vec<u8>) {
    let padding = (4 - scale % 4) % 4;
    let mut rest = mantissa * POWERS[padding];
    // 19 digits and 3 of padding are six groups at most.
    let mut groups = [0_u16; 6];
    let mut start = groups.len();
    while rest > 0 {
        start -= 1;
        groups[start] = (rest % 10_000) as u16;
        rest /= 10_000;
    }
    let weight = (groups.len() - start) as i64 - ((scale + padding) / 4) as i64 - 1;
    let groups = &groups[start..];
    let kept = groups.iter().rposition(|group| *group != 0).map_or(0, |last| last + 1);
    let sign = if negative && kept > 0 { NEGATIVE } else { POSITIVE };
    let weight = if kept > 0 { weight } else { 0 };
    out.extend_from_slice(&(8 + 2 * kept as u32).to_be_bytes());
    put_head(kept, weight, sign, shown, out);
    for group in &groups[..kept] {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

/// The bounds that callers keep (131072 digits before the point, 16383 after) fit 16 bits each.
fn put_head(groups: usize, weight: i64, sign: u16, shown: i64, out: &mut Vec<u8>) {
    let mut head = [0; 8];
    head[..2].copy_from_slice(&(groups as u16).to_be_bytes());
    head[2..4].copy_from_slice(&(weight as i16).to_be_bytes());
    head[4..6].copy_from_slice(&sign.to_be_bytes());
    head[6..].copy_from_slice(&(shown.max(0) as u16).to_be_bytes());
    out.extend_from_slice(&head);
}

fn put_special(sign: u16, precision: Option<Precision>, out: &mut Vec<u8>) -> Fit {
    if sign != NOT_A_NUMBER && precision.is_some() {
        return Err(Misfit::new("infinity has no place in a `numeric` with a precision"));
    }
    let [high, low] = sign.to_be_bytes();
    field(out, [0, 0, 0, 0, high, low, 0, 0]);
    Ok(())
}

fn special(text: &[u8]) -> Option<u16> {
    const NAMES: [(&[u8], u16); 7] = [
        (b"nan", NOT_A_NUMBER),
        (b"infinity", INFINITY),
        (b"inf", INFINITY),
        (b"+infinity", INFINITY),
        (b"+inf", INFINITY),
        (b"-infinity", NEGATIVE_INFINITY),
        (b"-inf", NEGATIVE_INFINITY),
    ];
    NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, sign)| *sign)
}

fn put_text(text: &[u8], precision: Option<Precision>, out: &mut Vec<u8>) -> Fit {
    if let Some(sign) = special(text) {
        return put_special(sign, precision, out);
    }
    let decimal = Decimal::parse(text)
        .ok_or_else(|| Misfit::new("it is not the text of a decimal number"))?;
    decimal.check(precision)?;
    field_by(out, |out| {
        decimal.put(precision, out);
        Ok(())
    })
}

/// Decimal text taken apart; the digits stay where they are.
struct Decimal<'t> {
    negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
    exponent: i64,
    /// Index of the first and behind the last digit that is not zero, over whole and fraction.
    significant: std::ops::Range<usize>,
}

impl<'t> Decimal<'t> {
    /// Sign, digits with at most one point, exponent.
    fn parse(text: &'t [u8]) -> Option<Self> {
        let (negative, rest) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        let e = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = rest.split_at(e.unwrap_or(rest.len()));
        let exponent = if e.is_some() { parse_exponent(&exponent[1..])? } else { 0 };
        let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
        let (whole, fraction) = mantissa.split_at(point);
        let fraction = fraction.get(1..).unwrap_or_default();
        let count = whole.len() + fraction.len();
        let digits = whole.iter().chain(fraction);
        if count == 0 || !digits.clone().all(u8::is_ascii_digit) {
            return None;
        }
        let first = digits.clone().position(|&digit| digit != b'0').unwrap_or(count);
        let zeros = digits.clone().rev().take_while(|&&digit| digit == b'0').count();
        let last = (count - zeros).max(first);
        Some(Self { negative, whole, fraction, exponent, significant: first..last })
    }

    /// Decimal places between the digit at `index` and the point; at least 1 after it.
    fn places_before(&self, index: usize) -> i64 {
        self.whole.len() as i64 - index as i64 + self.exponent
    }

    fn is_zero(&self) -> bool {
        self.significant.is_empty()
    }

    fn shown_scale(&self) -> i64 {
        (self.fraction.len() as i64 - self.exponent).max(0)
    }

    fn check(&self, precision: Option<Precision>) -> Fit {
        let (whole, lowest) = if self.is_zero() {
            (0, 0)
        } else {
            (self.places_before(self.significant.start), self.places_before(self.significant.end))
        };
        match precision {
            Some(Precision { scale, .. }) if -lowest > scale => Err(would_round(scale)),
            Some(Precision { precision, scale }) if whole > precision - scale => {
                Err(too_large(precision, scale))
            }
            None if whole > MAX_WHOLE || self.shown_scale() > MAX_SCALE => {
                Err(Misfit::new("it is beyond the range of `numeric`"))
            }
            _ => Ok(()),
        }
    }

    fn put(&self, precision: Option<Precision>, out: &mut Vec<u8>) {
        let shown = precision.map_or(self.shown_scale(), |precision| precision.scale);
        if self.is_zero() {
            return put_head(0, 0, POSITIVE, shown, out);
        }
        let whole = self.places_before(self.significant.start);
        let lowest = self.places_before(self.significant.end);
        let weight = (whole - 1).div_euclid(4);
        let groups = weight - lowest.div_euclid(4) + 1;
        let sign = if self.negative { NEGATIVE } else { POSITIVE };
        put_head(groups as usize, weight, sign, shown, out);
        // The place of the first group's first digit is 4 * weight + 4 before the point.
        let mut place = 4 * weight + 4;
        for _ in 0..groups {
            let group = (0..4).fold(0, |group, at| group * 10 + self.digit(place - at));
            out.extend_from_slice(&group.to_be_bytes());
            place -= 4;
        }
    }

    /// The digit that has `place` places between its left edge and the point.
    fn digit(&self, place: i64) -> u16 {
        let Ok(index) = usize::try_from(self.whole.len() as i64 + self.exponent - place) else {
            return 0;
        };
        let digit = match index.checked_sub(self.whole.len()) {
            None => self.whole.get(index),
            Some(index) => self.fraction.get(index),
        };
        digit.map_or(0, |digit| u16::from(digit - b'0'))
    }
}

/// `None`: not an exponent; saturated far outside of every range.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(1_000_000_000));
    Some(if negative { -value } else { value })
}

#[cold]
fn would_round(scale: i64) -> Misfit {
    Misfit::new(format!("it has more than {scale} decimals and would be rounded"))
        .help("give the column a larger scale, or round it by a `sql:` expression")
}

#[cold]
fn too_large(precision: i64, scale: i64) -> Misfit {
    Misfit::new(format!("it has more than {} digits before the point", (precision - scale).max(0)))
        .help("give the column a larger precision")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digits, weight, sign and scale of the encoded field.
    fn encoded(value: Value<'_>, precision: Option<(i64, i64)>) -> Result<String, String> {
        let precision = precision.map(|(precision, scale)| Precision { precision, scale });
        let mut out = Vec::new();
        put(value, precision, &mut out).map_err(|misfit| misfit.reason().to_owned())?;
        assert_eq!(out[..4], u32::try_from(out.len() - 4).unwrap().to_be_bytes());
        let words: Vec<i16> =
            out[4..].chunks(2).map(|word| i16::from_be_bytes([word[0], word[1]])).collect();
        assert_eq!(usize::try_from(words[0]).unwrap(), words.len() - 4);
        Ok(format!("{:?} w{} s{:x} d{}", &words[4..], words[1], words[2], words[3]))
    }

    #[test]
    fn groups_weight_and_scale() {
        let cases = [
            (Value::Integer(0), None, "[] w0 s0 d0"),
            (Value::Integer(12_340_000), None, "[1234] w1 s0 d0"),
            (Value::Integer(i64::MIN), None, "[922, 3372, 368, 5477, 5808] w4 s4000 d0"),
            (Value::Real(-0.0), None, "[] w0 s0 d0"),
            (Value::Real(12.5), None, "[12, 5000] w0 s0 d1"),
            (Value::Real(0.01), Some((10, 2)), "[100] w-1 s0 d2"),
            (Value::Real(99.99), Some((4, 2)), "[99, 9900] w0 s0 d2"),
            (Value::Real(1e-7), None, "[10] w-2 s0 d7"),
            (Value::Real(1e20), None, "[1] w5 s0 d0"),
            (Value::Text(b"-00123.4500"), None, "[123, 4500] w0 s4000 d4"),
            (Value::Text(b"1.50e1"), None, "[15] w0 s0 d1"),
            (Value::Text(b".5"), None, "[5000] w-1 s0 d1"),
            (Value::Text(b"0.00"), None, "[] w0 s0 d2"),
            (Value::Text(b"10000.0001"), Some((20, 4)), "[1, 0, 1] w1 s0 d4"),
            (Value::Text(b"nan"), Some((3, 1)), "[] w0 sc000 d0"),
            (Value::Integer(1200), Some((2, -2)), "[1200] w0 s0 d0"),
            (Value::Real(0.001), Some((2, 4)), "[10] w-1 s0 d4"),
        ];
        for (value, precision, text) in cases {
            assert_eq!(encoded(value, precision).as_deref(), Ok(text), "{value:?} {precision:?}");
        }
    }

    #[test]
    fn what_would_be_rounded_or_is_too_large_is_refused() {
        let cases = [
            (Value::Real(0.125), (10, 2)),
            (Value::Real(0.1 + 0.2), (10, 2)),
            (Value::Real(100.0), (4, 2)),
            (Value::Real(1e14), (10, 2)),
            (Value::Integer(100), (4, 2)),
            (Value::Integer(i64::MAX), (18, 0)),
            (Value::Integer(1250), (3, -2)),
            (Value::Integer(1), (2, 4)),
            (Value::Real(0.01), (2, 4)),
            (Value::Text(b"1.005"), (10, 2)),
            (Value::Text(b"123"), (2, 0)),
            (Value::Text(b"inf"), (5, 0)),
        ];
        for (value, precision) in cases {
            assert!(encoded(value, Some(precision)).is_err(), "{value:?} {precision:?}");
        }
        let texts: [&[u8]; 9] =
            [b"", b".", b"1e", b"1e+", b"--1", b"1.2.3", b" 1", b"1e131072", b"1e-16384"];
        for text in texts {
            assert!(encoded(Value::Text(text), None).is_err(), "{text:?}");
        }
        assert!(encoded(Value::Text(b"1e131071"), None).is_ok());
        assert!(encoded(Value::Blob(b"1"), None).is_err());
    }

    #[test]
    fn the_short_way_and_the_long_way_agree() {
        for n in 0..20_000_i64 {
            let real =
                (n * 7919 % 1_000_003) as f64 / [1.0, 10.0, 100.0, 1000.0, 7.0][n as usize % 5];
            let text = Shortest::new().format(real).to_owned();
            let text = text.strip_suffix(".0").unwrap_or(&text);
            for precision in [None, Some((12, 2)), Some((9, 4)), Some((20, 17))] {
                let long = encoded(Value::Text(text.as_bytes()), precision);
                assert_eq!(encoded(Value::Real(real), precision), long, "{real} {precision:?}");
            }
        }
    }
}
