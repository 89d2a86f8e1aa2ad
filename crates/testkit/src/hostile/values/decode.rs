//! Text, bytes, documents, addresses and arrays.

use std::net::IpAddr;

use runtime::Value;
use tokio_postgres::types::{FromSql, Type};

/// What was found instead, where a field does not hold the value.
pub(super) type Held = Result<(), String>;

/// Whether a field's bytes hold the value that they were made of.
pub(super) type Decode = fn(&[u8], Value<'_>) -> Held;

pub(super) fn same<T: PartialEq + std::fmt::Debug>(found: T, wanted: T) -> Held {
    if found == wanted { Ok(()) } else { Err(format!("{found:?} was sent, it means {wanted:?}")) }
}

/// The field as its type's own decoder reads it.
pub(super) fn read<'a, T: FromSql<'a>>(kind: &Type, field: &'a [u8]) -> Result<T, String> {
    T::from_sql(kind, field).map_err(|error| format!("no {kind}: {error}"))
}

/// The text of a value, where it is one.
pub(super) fn text_of(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

/// No decoder but ours reads this type: that it is one whole field is all that is asked.
pub(super) fn any(_: &[u8], _: Value<'_>) -> Held {
    Ok(())
}

pub(super) fn boolean(field: &[u8], value: Value<'_>) -> Held {
    let truth = read::<bool>(&Type::BOOL, field)?;
    match value {
        Value::Integer(integer) => same(i64::from(truth), integer),
        Value::Real(real) => same(f64::from(u8::from(truth)), real),
        Value::Text(text) => {
            let first = text.first().map(u8::to_ascii_lowercase);
            let on = text.eq_ignore_ascii_case(b"on");
            same(truth, on || matches!(first, Some(b'1' | b't' | b'y')))
        }
        _ => Err("it is no truth value".to_owned()),
    }
}

/// Text as it is; numbers so that they mean the same.
pub(super) fn text(field: &[u8], value: Value<'_>) -> Held {
    let text = read::<&str>(&Type::TEXT, field)?;
    some_text(field, value)?;
    match value {
        Value::Text(wanted) => same(text.as_bytes(), wanted),
        Value::Integer(integer) => same(text, &integer.to_string()),
        Value::Real(real) if real.is_finite() => same(text.parse().ok(), Some(real)),
        Value::Real(real) => same(text, if real > 0.0 { "Inf" } else { "-Inf" }),
        _ => Err("it is no text".to_owned()),
    }
}

/// What PostgreSQL takes as text.
pub(super) fn some_text(field: &[u8], _: Value<'_>) -> Held {
    same(read::<&str>(&Type::TEXT, field)?.contains('\0'), false)
}

pub(super) fn bytea(field: &[u8], value: Value<'_>) -> Held {
    match value {
        Value::Text(bytes) | Value::Blob(bytes) => same(field, bytes),
        _ => Err("it is no bytes".to_owned()),
    }
}

/// A count of bits, then the bits, the rest of the last byte empty.
pub(super) fn bits(field: &[u8], value: Value<'_>) -> Held {
    let (count, bits) = field.split_first_chunk::<4>().ok_or("no count of bits")?;
    let count = u32::from_be_bytes(*count) as usize;
    let mut shown: String = bits.iter().map(|byte| format!("{byte:08b}")).collect();
    same(shown.len(), count.div_ceil(8) * 8)?;
    same(shown.split_off(count).contains('1'), false)?;
    same(Some(shown.as_str()), text_of(value))
}

pub(super) fn uuid(field: &[u8], value: Value<'_>) -> Held {
    let digits = |text: &str| -> String {
        let text = text.strip_prefix("urn:uuid:").unwrap_or(text).to_ascii_lowercase();
        text.chars().filter(char::is_ascii_hexdigit).collect()
    };
    let sent: String = field.iter().map(|byte| format!("{byte:02x}")).collect();
    match value {
        Value::Blob(blob) => same(field, blob),
        value => same(Some(sent), text_of(value).map(digits)),
    }
}

pub(super) fn json(field: &[u8], value: Value<'_>) -> Held {
    text(field, value)?;
    written(read(&Type::TEXT, field)?)
}

pub(super) fn jsonb(field: &[u8], value: Value<'_>) -> Held {
    match field.split_first() {
        Some((1, field)) => {
            text(field, value)?;
            document(read(&Type::TEXT, field)?).map(drop)
        }
        version => Err(format!("{version:?} is no jsonb")),
    }
}

/// `json` keeps its text, also an escape of half a character, which nobody can decode ("JSON Types").
fn written(text: &str) -> Held {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Err(error) if !error.to_string().contains("recursion limit") => {
            Err(format!("no document: {error}"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// As an independent reader has it, which goes less deep and holds no number beyond a double.
fn document(text: &str) -> Result<serde_json::Value, String> {
    match serde_json::from_str(text) {
        Ok(document) => Ok(document),
        Err(error)
            if ["recursion limit", "out of range"]
                .iter()
                .any(|limit| error.to_string().contains(limit)) =>
        {
            Ok(serde_json::Value::Null)
        }
        Err(error) => Err(format!("no document: {error}")),
    }
}

/// Family, bits, whether it is a network, length, address.
pub(super) fn inet(field: &[u8], value: Value<'_>) -> Held {
    let text = text_of(value).ok_or("it is no address")?;
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
    if let Some(bits) = bits {
        same(bits.parse().ok(), field.get(1).copied())?;
    }
    same(Ok(read::<IpAddr>(&Type::INET, field)?), address.parse())
}

pub(super) fn mac(field: &[u8], value: Value<'_>) -> Held {
    let sent: String = field.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    same(Some(sent), text_of(value).map(|text| hex(text).to_ascii_lowercase()))
}

pub(super) fn integers(field: &[u8], value: Value<'_>) -> Held {
    // As in a column, a text that is a number is that number.
    array::<i32>(&Type::INT4_ARRAY, &Type::INT4, field, value, &|item| match item {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        item => item.as_i64().and_then(|item| i32::try_from(item).ok()),
    })
}

pub(super) fn texts(field: &[u8], value: Value<'_>) -> Held {
    array::<String>(&Type::TEXT_ARRAY, &Type::TEXT, field, value, &|item| match item {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Null => None,
        // What is no string goes in as it is written, which an independent reader has forgotten.
        _ => Some("as written".to_owned()),
    })
}

/// Arrays of one dimension, element by element; the element type is a number of the probe's own.
fn array<T: for<'a> FromSql<'a> + PartialEq + std::fmt::Debug>(
    kind: &Type,
    element: &Type,
    field: &[u8],
    value: Value<'_>,
    of: &dyn Fn(&serde_json::Value) -> Option<T>,
) -> Held {
    let mut field = field.to_vec();
    field
        .get_mut(8..12)
        .ok_or("no head of an array")?
        .copy_from_slice(&element.oid().to_be_bytes());
    if field.first_chunk() != Some(&1_i32.to_be_bytes()) {
        return Ok(());
    }
    let found: Vec<Option<T>> = read(kind, &field)?;
    let serde_json::Value::Array(wanted) = document(text_of(value).ok_or("it is no text")?)? else {
        return Ok(());
    };
    same(found.len(), wanted.len())?;
    let plain = |item: &serde_json::Value| !item.is_number() || item.is_i64();
    let pairs = found.into_iter().zip(&wanted).filter(|(_, wanted)| plain(wanted));
    let as_text = |wanted: &serde_json::Value| *element == Type::TEXT && !wanted.is_string();
    for (found, wanted) in pairs.filter(|(_, wanted)| !as_text(wanted)) {
        same(found, of(wanted))?;
    }
    Ok(())
}
