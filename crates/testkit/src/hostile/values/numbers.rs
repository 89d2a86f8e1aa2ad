//! Integers, floating-point numbers and `numeric`.

use runtime::Value;
use tokio_postgres::types::Type;

use super::decode::{Held, read, same, text_of};

pub(super) fn int2(field: &[u8], value: Value<'_>) -> Held {
    integer(i64::from(read::<i16>(&Type::INT2, field)?), value)
}

pub(super) fn int4(field: &[u8], value: Value<'_>) -> Held {
    integer(i64::from(read::<i32>(&Type::INT4, field)?), value)
}

pub(super) fn int8(field: &[u8], value: Value<'_>) -> Held {
    integer(read(&Type::INT8, field)?, value)
}

pub(super) fn oid(field: &[u8], value: Value<'_>) -> Held {
    integer(i64::from(read::<u32>(&Type::OID, field)?), value)
}

fn integer(found: i64, value: Value<'_>) -> Held {
    match value {
        Value::Integer(wanted) => same(found, wanted),
        // A whole number below 2^127 is exact as an i128.
        Value::Real(wanted) => same((i128::from(found), 0.0), (wanted as i128, wanted.fract())),
        value => same(Some(found), text_of(value).and_then(|text| text.parse().ok())),
    }
}

pub(super) fn float8(field: &[u8], value: Value<'_>) -> Held {
    let found: f64 = read(&Type::FLOAT8, field)?;
    match value {
        Value::Integer(wanted) => same(found as i128, i128::from(wanted)),
        Value::Real(wanted) => same(found.to_bits(), wanted.to_bits()),
        value => same(Some(found.to_bits()), parsed(value).map(f64::to_bits)),
    }
}

pub(super) fn float4(field: &[u8], value: Value<'_>) -> Held {
    let found: f32 = read(&Type::FLOAT4, field)?;
    match value {
        Value::Integer(wanted) => same(found as i128, i128::from(wanted)),
        Value::Real(wanted) => same(f64::from(found).to_bits(), wanted.to_bits()),
        value => {
            let wanted = text_of(value).and_then(|text| text.parse::<f32>().ok());
            same(Some(found.to_bits()), wanted.map(f32::to_bits))
        }
    }
}

fn parsed(value: Value<'_>) -> Option<f64> {
    text_of(value).and_then(|text| text.parse().ok())
}

pub(super) fn numeric_6_2(field: &[u8], value: Value<'_>) -> Held {
    numeric(field, value)?;
    let special = decoded(field)?.special.is_some();
    let scale = field.get(6..8).ok_or("no scale")?;
    if special { Ok(()) } else { same(scale, &[0, 2]) }
}

/// Decoded to digits, the number is the one that the value's own decimal text means.
pub(super) fn numeric(field: &[u8], value: Value<'_>) -> Held {
    let found = decoded(field)?;
    match value {
        Value::Integer(wanted) => same(Some(found), decimal(&wanted.to_string())),
        Value::Real(wanted) if wanted.is_finite() => {
            same(found.to_f64().to_bits(), (wanted + 0.0).to_bits())
        }
        Value::Real(wanted) => same(found.special, Some(if wanted > 0.0 { "inf" } else { "-inf" })),
        value => same(Some(found), text_of(value).and_then(decimal)),
    }
}

/// Digits without zeros at either end, times ten to the exponent.
#[derive(Debug, Default, PartialEq)]
struct Decimal {
    special: Option<&'static str>,
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn new(negative: bool, mut digits: Vec<u8>, mut exponent: i64) -> Self {
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent += 1;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        if digits.is_empty() {
            Self::default()
        } else {
            Self { special: None, negative, digits, exponent }
        }
    }

    fn to_f64(&self) -> f64 {
        let digits =
            if self.digits.is_empty() { "0" } else { std::str::from_utf8(&self.digits).unwrap() };
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{digits}e{}", self.exponent).parse().unwrap()
    }
}

/// Source: `numeric_send` in PostgreSQL's `numeric.c`: count of digits, weight, sign, display scale;
/// then the digits, each of 10,000.
fn decoded(field: &[u8]) -> Result<Decimal, String> {
    let words: Vec<u16> =
        field.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
    let [count, weight, sign, scale, digits @ ..] = words.as_slice() else {
        return Err("no head of a numeric".to_owned());
    };
    same(field.len() % 2 + digits.len(), usize::from(*count))?;
    same(digits.iter().any(|digit| *digit > 9999), false)?;
    let special = |word| Ok(Decimal { special: Some(word), ..Decimal::default() });
    match sign {
        0xc000 => return special("nan"),
        0xd000 => return special("inf"),
        0xf000 => return special("-inf"),
        0 | 0x4000 => {}
        sign => return Err(format!("{sign:x} is no sign")),
    }
    let shown: String = digits.iter().map(|digit| format!("{digit:04}")).collect();
    let exponent = 4 * (i64::from(*weight as i16) + 1) - shown.len() as i64;
    let found = Decimal::new(*sign == 0x4000, shown.into_bytes(), exponent);
    same(found.digits.is_empty() || -found.exponent <= i64::from(*scale), true)?;
    Ok(found)
}

/// Of `-12.50e3`, and of the words that PostgreSQL has.
fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']).to_ascii_lowercase();
    let (negative, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text.as_str()),
    };
    let special = match rest {
        "nan" => Some("nan"),
        "inf" | "infinity" => Some(if negative { "-inf" } else { "inf" }),
        _ => None,
    };
    if special.is_some() {
        return Some(Decimal { special, ..Decimal::default() });
    }
    let (mantissa, exponent) = rest.split_once('e').unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let sound = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(fraction.len() as i64)?;
    sound.then(|| Decimal::new(negative, digits.into_bytes(), exponent))
}
