//! SQLite values as the fields of binary COPY: what is sent, decoded by others, is the value.
//!
//! The first byte of the input says which kind of value the rest is, so that corpora read as text:
//! `i42`, `r0.5`, `t2024-02-29`, `b…`. The decoders are `postgres-types`, `jiff`, `uuid`, `serde_json`
//! and the standard library; the server itself judges the same encoders in `engine-postgres`.

mod decode;
mod numbers;
mod times;

use engine_postgres::copy::{Probe, Sent};
use ir::Conversion;
use runtime::Value;

use decode::Decode;

/// A type, a conversion into it, and who decodes its fields.
type Case = (&'static str, Option<Conversion>, Decode);

const CASES: [Case; 45] = [
    ("boolean", None, decode::boolean),
    ("smallint", None, numbers::int2),
    ("integer", None, numbers::int4),
    ("bigint", None, numbers::int8),
    ("oid", None, numbers::oid),
    ("real", None, numbers::float4),
    ("double precision", None, numbers::float8),
    ("numeric", None, numbers::numeric),
    ("numeric(6, 2)", None, numbers::numeric_6_2),
    ("numeric(3, -2)", None, numbers::numeric),
    ("text", None, decode::text),
    ("text", Some(Conversion::ReplaceInvalidText), decode::some_text),
    ("text", Some(Conversion::Uuid), decode::some_text),
    ("varchar(5)", None, decode::text),
    ("char(5)", None, decode::text),
    ("name", None, decode::text),
    ("\"char\"", None, decode::text),
    ("bytea", None, decode::bytea),
    ("bit(4)", None, decode::bits),
    ("varbit", None, decode::bits),
    ("varbit(9)", None, decode::bits),
    ("uuid", None, decode::uuid),
    ("uuid", Some(Conversion::Uuid), decode::uuid),
    ("json", None, decode::json),
    ("jsonb", None, decode::jsonb),
    ("inet", None, decode::inet),
    ("cidr", None, decode::inet),
    ("macaddr", None, decode::mac),
    ("macaddr8", None, decode::any),
    ("date", None, times::date),
    ("time", None, times::time),
    ("time(0)", None, times::time),
    ("timetz", None, decode::any),
    ("timestamp", None, times::timestamp),
    ("timestamp(3)", None, times::timestamp),
    ("timestamptz", None, times::timestamp_tz),
    ("timestamptz", Some(Conversion::UnixSeconds), times::seconds),
    ("timestamptz", Some(Conversion::UnixMicroseconds), times::microseconds),
    ("timestamp", Some(Conversion::JulianDay), times::julian_day),
    ("date", Some(Conversion::UnixMilliseconds), decode::any),
    ("interval", None, decode::any),
    ("integer[]", None, decode::integers),
    ("text[]", Some(Conversion::JsonArray), decode::texts),
    ("jsonb[]", None, decode::any),
    ("numeric[]", None, decode::any),
];

pub(super) fn judge(bytes: &[u8]) {
    let Some(value) = value(bytes) else { return };
    for (type_name, conversion, decode) in CASES {
        let name = || format!("{value:?} into {type_name} by {conversion:?}");
        let mut probe = Probe::new(type_name, conversion).unwrap_or_else(|| panic!("{type_name}"));
        match probe.send(value) {
            Ok(Sent { field, canonical }) => {
                let content = content(field).unwrap_or_else(|| panic!("no field: {}", name()));
                assert!(!canonical.is_empty(), "nothing is digested: {}", name());
                assert_eq!(content.is_none(), value == Value::Null, "null: {}", name());
                if let Some(content) = content
                    && let Err(found) = decode(content, value)
                {
                    panic!("{}: {found}", name());
                }
            }
            Err(why) => assert!(!why.is_empty(), "no reason: {}", name()),
        }
    }
}

fn value(bytes: &[u8]) -> Option<Value<'_>> {
    let (kind, rest) = bytes.split_first()?;
    let written = || std::str::from_utf8(rest).ok();
    Some(match kind {
        b'n' => Value::Null,
        b'i' => Value::Integer(written()?.parse().ok()?),
        // SQLite has no NaN: it stores NULL.
        b'r' => Value::Real(written()?.parse().ok().filter(|real: &f64| !real.is_nan())?),
        b't' => Value::Text(rest),
        b'b' => Value::Blob(rest),
        _ => return None,
    })
}

/// The bytes of exactly one field, `None` for NULL; nothing where it is not one.
#[expect(clippy::option_option)] // a field that is none, and one that is NULL
fn content(field: &[u8]) -> Option<Option<&[u8]>> {
    let (length, content) = field.split_first_chunk::<4>()?;
    match i32::from_be_bytes(*length) {
        -1 if content.is_empty() => Some(None),
        length if usize::try_from(length) == Ok(content.len()) => Some(Some(content)),
        _ => None,
    }
}
