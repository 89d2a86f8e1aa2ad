//! Booleans, integers and floating-point numbers.

use std::str::FromStr;

use runtime::Value;

use super::super::misfit::{Fit, Misfit};
use super::wrong_kind;

/// 2^63: the first real above every `i64`.
const ABOVE_I64: f64 = 9_223_372_036_854_775_808.0;

/// An integer, a real that is integral, or text that is exactly an integer.
pub(super) fn integer(value: Value<'_>) -> Fit<i64> {
    match value {
        Value::Integer(integer) => Ok(integer),
        Value::Real(real) => integral(real),
        Value::Text(text) => integer_text(text),
        Value::Null | Value::Blob(_) => Err(wrong_kind(value, "an integer")),
    }
}

fn integral(real: f64) -> Fit<i64> {
    if real.fract() != 0.0 {
        return Err(Misfit::new("it has a fraction"));
    }
    if !(-ABOVE_I64..ABOVE_I64).contains(&real) {
        return Err(Misfit::new("it is outside the range of `bigint`"));
    }
    Ok(real as i64)
}

/// The decimal digits of an `i64` after an optional sign, nothing else.
pub(super) fn integer_text(text: &[u8]) -> Fit<i64> {
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| Misfit::new("it is not the text of a 64-bit integer"))
}

pub(super) fn narrow<T: TryFrom<i64>>(value: Value<'_>, name: &str) -> Fit<T> {
    T::try_from(integer(value)?)
        .map_err(|_| Misfit::new(format!("it is outside the range of `{name}`")))
}

/// What SQLite applications write for a truth value: 0 and 1 and the words PostgreSQL takes.
pub(super) fn boolean(value: Value<'_>) -> Fit<bool> {
    let known = match value {
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        Value::Real(0.0) => Some(false),
        Value::Real(1.0) => Some(true),
        Value::Text(text) => boolean_text(text),
        _ => None,
    };
    known.ok_or_else(|| {
        Misfit::new("it is none of 0, 1, t, f, true, false, y, n, yes, no, on, off")
            .help("map it by a `sql:` expression, such as `value <> 0`")
    })
}

fn boolean_text(text: &[u8]) -> Option<bool> {
    const TRUE: [&[u8]; 6] = [b"1", b"t", b"true", b"y", b"yes", b"on"];
    const FALSE: [&[u8]; 6] = [b"0", b"f", b"false", b"n", b"no", b"off"];
    let among = |words: &[&[u8]]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if among(&TRUE) { Some(true) } else { among(&FALSE).then_some(false) }
}

/// A real, an integer that a double holds exactly, or the text of a number.
pub(super) fn float8(value: Value<'_>) -> Fit<f64> {
    match value {
        Value::Real(real) => Ok(real),
        Value::Integer(integer) => {
            let real = integer as f64;
            // i64::MAX rounds to 2^63, which saturates back to i64::MAX: so the bound is asked too.
            if real as i64 == integer && real < ABOVE_I64 {
                return Ok(real);
            }
            Err(Misfit::new("a double has 53 bits, too few for it")
                .help("use `numeric` or `bigint`"))
        }
        Value::Text(text) => float_text(text),
        Value::Null | Value::Blob(_) => Err(wrong_kind(value, "a number")),
    }
}

/// A number that a single holds exactly, or text, which means the single nearest to it.
pub(super) fn float4(value: Value<'_>) -> Fit<f32> {
    if let Value::Text(text) = value {
        return float_text(text);
    }
    let double = float8(value)?;
    let single = double as f32;
    if f64::from(single) == double {
        return Ok(single);
    }
    Err(Misfit::new("a `real` has 24 bits, too few for it").help("use `double precision`"))
}

/// The text of a decimal number, `NaN`, or a spelling of infinity; not a number so large or small
/// that it would turn into infinity or zero.
fn float_text<F: FromStr + Copy + Into<f64>>(text: &[u8]) -> Fit<F> {
    let text = std::str::from_utf8(text).ok();
    let parsed = text.and_then(|text| Some((text, text.parse::<F>().ok()?)));
    match parsed {
        Some((text, number)) if kept(text, number.into()) => Ok(number),
        _ => Err(Misfit::new("it is not the text of a number that the type holds")),
    }
}

fn kept(text: &str, number: f64) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().any(|byte| byte.is_ascii_digit());
    let zero = !mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    !digits || (number.is_finite() && (number != 0.0 || zero))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_or_refused() {
        let fits = [
            (Value::Integer(i64::MIN), i64::MIN),
            (Value::Real(-3.0), -3),
            (Value::Real(-ABOVE_I64), i64::MIN),
            (Value::Text(b"-0042"), -42),
            (Value::Text(b"+7"), 7),
        ];
        for (value, integer_value) in fits {
            assert_eq!(integer(value), Ok(integer_value), "{value:?}");
        }
        let texts: [&[u8]; 8] =
            [b"", b"1.0", b" 1", b"1 ", b"0x1", b"9223372036854775808", b"\xff", b"1_000"];
        let others = [
            Value::Real(0.5),
            Value::Real(ABOVE_I64),
            Value::Real(f64::INFINITY),
            Value::Blob(b"1"),
        ];
        for value in texts.map(Value::Text).into_iter().chain(others) {
            assert!(integer(value).is_err(), "{value:?}");
        }
        assert!(narrow::<i16>(Value::Integer(32_768), "smallint").is_err());
        assert_eq!(narrow::<u32>(Value::Integer(4_294_967_295), "oid"), Ok(u32::MAX));
    }

    #[test]
    fn booleans_in_their_spellings() {
        for text in ["T", "true", "YES", "y", "On", "1"] {
            assert_eq!(boolean(Value::Text(text.as_bytes())), Ok(true), "{text}");
        }
        for text in ["F", "False", "no", "N", "off", "0"] {
            assert_eq!(boolean(Value::Text(text.as_bytes())), Ok(false), "{text}");
        }
        assert_eq!(boolean(Value::Real(1.0)), Ok(true));
        for value in [Value::Integer(2), Value::Text(b"tru"), Value::Text(b""), Value::Real(0.5)] {
            assert!(boolean(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn floats_keep_what_they_are_given() {
        let eighth = Value::Real(0.125);
        assert_eq!((float8(eighth), float4(eighth)), (Ok(0.125), Ok(0.125)));
        assert_eq!(float8(Value::Integer(1 << 53)), Ok(9_007_199_254_740_992.0));
        assert_eq!(float4(Value::Text(b"0.1")), Ok(0.1));
        assert_eq!(float8(Value::Text(b"-Infinity")), Ok(f64::NEG_INFINITY));
        assert!(float8(Value::Text(b"nan")).unwrap().is_nan());
        assert!(float8(Value::Real(-0.0)).unwrap().is_sign_negative());
        assert_eq!(float8(Value::Text(b"0e5")), Ok(0.0));
        let wide = [Value::Integer((1 << 53) + 1), Value::Integer(i64::MAX)];
        let texts =
            [Value::Text(b"1e999"), Value::Text(b"1e-999"), Value::Text(b"1,5"), Value::Text(b"")];
        for value in wide.into_iter().chain(texts) {
            assert!(float8(value).is_err(), "{value:?}");
        }
        for value in
            [Value::Real(0.1), Value::Text(b"1e300"), Value::Text(b"1e-60"), Value::Real(1e300)]
        {
            assert!(float4(value).is_err(), "{value:?}");
        }
    }
}
