//! SQLite values to the fields of binary COPY, one function per target type.
//!
//! Each appends a field (4 bytes of length, then the bytes of the type's `recv` function) straight to
//! the row buffer and allocates nothing where the value fits. A value fits only if nothing of it is
//! lost: what PostgreSQL's own input would round, cut or pad on the way in is a [`Misfit`].
//! After a misfit the buffer holds a part of the field; the caller cuts it back.

mod array;
mod decimal;
mod instant;
mod interval;
mod network;
mod number;
mod numeric;
mod text;
mod time;
mod utf8;

use runtime::Value;

use super::misfit::{Fit, Misfit};

pub(super) use array::ArrayOf;
pub(super) use instant::{Epoch, Instant};
pub(super) use numeric::Precision;
pub(super) use text::{Limit, Text};
pub(super) use utf8::Utf8;

/// How the values of one column are encoded.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Encoder {
    Bool,
    Int2,
    Int4,
    Int8,
    /// Also `xid`-like types: 32 bits without a sign.
    Oid,
    Float4,
    Float8,
    Numeric(Option<Precision>),
    Text(Text),
    /// PostgreSQL's one-byte `"char"`.
    Char,
    /// Labels, sorted.
    Enum(Vec<Box<[u8]>>),
    Bytea,
    /// `bit(n)` has a length, `bit varying(n)` a limit.
    Bits {
        length: Option<u32>,
        varying: bool,
    },
    Uuid,
    Json,
    Jsonb,
    Date(Option<Epoch>),
    /// Digits after the second.
    Time(u32),
    TimeTz(u32),
    Instant(Instant),
    Interval(u32),
    Inet,
    Cidr,
    /// 6 bytes, or 8 for `macaddr8`.
    MacAddress(usize),
    Array(Box<ArrayOf>),
}

/// Room that encoders need, reused from value to value.
#[derive(Default)]
pub(super) struct Scratch {
    /// Closing bytes of the JSON containers that are open.
    pub(super) open: Vec<u8>,
    /// A JSON string with its escapes resolved.
    text: Vec<u8>,
}

/// The longest field that `bytea` and text take: `MaxAllocSize` less the header of a varlena.
pub(super) const MAX_FIELD: usize = 0x3fff_ffff - 4;

impl Encoder {
    /// Appends the field for `value`.
    pub(super) fn put(&self, value: Value<'_>, out: &mut Vec<u8>, scratch: &mut Scratch) -> Fit {
        match value {
            Value::Null => {
                out.extend_from_slice(&(-1_i32).to_be_bytes());
                return Ok(());
            }
            Value::Text(bytes) | Value::Blob(bytes) if bytes.len() > MAX_FIELD => {
                return Err(Misfit::new("it is longer than 1 GiB, the most that a field holds"));
            }
            _ => {}
        }
        match self {
            Encoder::Int8 => field(out, number::integer(value)?.to_be_bytes()),
            Encoder::Int4 => field(out, number::narrow::<i32>(value, "integer")?.to_be_bytes()),
            Encoder::Int2 => field(out, number::narrow::<i16>(value, "smallint")?.to_be_bytes()),
            Encoder::Oid => field(out, number::narrow::<u32>(value, "oid")?.to_be_bytes()),
            Encoder::Bool => field(out, [u8::from(number::boolean(value)?)]),
            Encoder::Float8 => field(out, number::float8(value)?.to_be_bytes()),
            Encoder::Float4 => field(out, number::float4(value)?.to_be_bytes()),
            Encoder::Numeric(precision) => return numeric::put(value, *precision, out),
            Encoder::Text(text) => return text.put(value, out),
            Encoder::Char => return text::put_char(value, out),
            Encoder::Enum(labels) => return text::put_label(value, labels, out),
            Encoder::Bytea => return text::put_bytea(value, out),
            Encoder::Bits { length, varying } => {
                return text::put_bits(value, *length, *varying, out);
            }
            Encoder::Uuid => field(out, network::uuid(value)?),
            Encoder::Json => return text::put_json(value, out, scratch),
            Encoder::Jsonb => return text::put_jsonb(value, out),
            Encoder::Date(epoch) => field(out, instant::date(value, *epoch)?.to_be_bytes()),
            Encoder::Time(digits) => field(out, instant::time(value, *digits)?.to_be_bytes()),
            Encoder::TimeTz(digits) => field(out, instant::time_tz(value, *digits)?),
            Encoder::Instant(instant) => field(out, instant.micros(value)?.to_be_bytes()),
            Encoder::Interval(digits) => field(out, interval::interval(value, *digits)?),
            Encoder::Inet => return network::put_inet(value, false, out),
            Encoder::Cidr => return network::put_inet(value, true, out),
            Encoder::MacAddress(length) => return network::put_mac(value, *length, out),
            Encoder::Array(array) => return array.put(value, out, scratch),
        }
        Ok(())
    }
}

/// Appends a field of a fixed length, at most 16 bytes, in one piece.
#[inline]
fn field<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    const { assert!(N <= 16) };
    let mut whole = [0; 20];
    whole[..4].copy_from_slice(&(N as u32).to_be_bytes());
    whole[4..4 + N].copy_from_slice(&bytes);
    out.extend_from_slice(&whole[..4 + N]);
}

/// Appends a field of at most [`MAX_FIELD`] bytes.
#[inline]
fn field_of(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a field whose length is known when `fill` is done.
fn field_by(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> Fit) -> Fit {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out)?;
    let length = out.len() - at - 4;
    if length > MAX_FIELD {
        return Err(Misfit::new("it is longer than 1 GiB, the most that a field holds"));
    }
    out[at..at + 4].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(())
}

/// Why a kind of value has no way into a type.
#[cold]
fn wrong_kind(value: Value<'_>, wanted: &'static str) -> Misfit {
    let kind = match value {
        Value::Null => "NULL",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a real",
        Value::Text(_) => "text",
        Value::Blob(_) => "a blob",
    };
    Misfit::new(format!("{kind} is not {wanted}"))
}
