//! From a column's type to its encoder and its canonical form.

use ir::Conversion;

use super::canonical::Rule;
use super::columns::{TypeRow, Types};
use super::encode::{ArrayOf, Encoder, Epoch, Instant, Limit, Precision, Text};

/// Length of the header of a varlena, which the typmods of text types include.
const VARHDRSZ: i32 = 4;

/// The encoder of a type; `None`: no value of SQLite has a way in.
///
/// Domains go in as their base type: the server checks their constraints. Otherwise the function
/// that reads the bytes decides, because that is what an encoder has to please.
pub(super) fn choose(types: &Types, oid: u32, typmod: i32) -> Option<(Encoder, Rule)> {
    let found = types.get(&oid)?;
    match found.kind.as_str() {
        // A domain's own typmod counts: a column of a domain has none.
        "d" => choose(types, found.base, found.base_typmod),
        "e" => {
            let mut labels: Vec<Box<[u8]>> =
                found.labels.iter().map(|label| label.as_bytes().into()).collect();
            labels.sort_unstable();
            Some((Encoder::Enum(labels), Rule::AsSent))
        }
        "b" if found.receive.as_deref() == Some("array_recv") => array(types, found, typmod),
        "b" => {
            let encoder = base(found, typmod)?;
            let rule = rule(&encoder);
            Some((encoder, rule))
        }
        _ => None,
    }
}

fn array(types: &Types, found: &TypeRow, typmod: i32) -> Option<(Encoder, Rule)> {
    let (encoder, rule) = choose(types, found.element, typmod)?;
    let rule = if rule == Rule::AsSent { rule } else { Rule::ArrayOf(Box::new(rule)) };
    let array = ArrayOf { element: found.element, encoder };
    Some((Encoder::Array(Box::new(array)), rule))
}

fn rule(encoder: &Encoder) -> Rule {
    match encoder {
        Encoder::Numeric(_) => Rule::Numeric,
        Encoder::Jsonb => Rule::Jsonb,
        Encoder::Text(Text { limit: Limit::Padded(_), .. }) => Rule::PaddedText,
        _ => Rule::AsSent,
    }
}

fn base(found: &TypeRow, typmod: i32) -> Option<Encoder> {
    let receive = found.receive.as_deref()?;
    if !found.builtin {
        // Of the extensions' types only citext is read like text.
        return (receive == "citextrecv").then(|| text(Limit::None));
    }
    Some(match receive {
        "boolrecv" => Encoder::Bool,
        "int2recv" => Encoder::Int2,
        "int4recv" => Encoder::Int4,
        "int8recv" => Encoder::Int8,
        "oidrecv" => Encoder::Oid,
        "float4recv" => Encoder::Float4,
        "float8recv" => Encoder::Float8,
        "numeric_recv" => Encoder::Numeric(Precision::from_typmod(typmod)),
        "textrecv" => text(Limit::None),
        "varcharrecv" => text(characters(typmod).map_or(Limit::None, Limit::Characters)),
        "bpcharrecv" => text(Limit::Padded(characters(typmod).unwrap_or(usize::MAX))),
        // NAMEDATALEN less its closing NUL.
        "namerecv" => text(Limit::Bytes(63)),
        "charrecv" => Encoder::Char,
        "bytearecv" => Encoder::Bytea,
        "bit_recv" => Encoder::Bits { length: u32::try_from(typmod).ok(), varying: false },
        "varbit_recv" => Encoder::Bits { length: u32::try_from(typmod).ok(), varying: true },
        "uuid_recv" => Encoder::Uuid,
        "json_recv" => Encoder::Json,
        "jsonb_recv" => Encoder::Jsonb,
        "inet_recv" => Encoder::Inet,
        "cidr_recv" => Encoder::Cidr,
        "macaddr_recv" => Encoder::MacAddress(6),
        "macaddr8_recv" => Encoder::MacAddress(8),
        _ => return of_time(receive, typmod),
    })
}

fn of_time(receive: &str, typmod: i32) -> Option<Encoder> {
    let digits = u32::try_from(typmod).unwrap_or(6);
    let instant = |zone| Encoder::Instant(Instant { zone, digits, epoch: None });
    Some(match receive {
        "date_recv" => Encoder::Date(None),
        "time_recv" => Encoder::Time(digits),
        "timetz_recv" => Encoder::TimeTz(digits),
        "timestamp_recv" => instant(false),
        "timestamptz_recv" => instant(true),
        "interval_recv" => Encoder::Interval(interval_digits(typmod)?),
        _ => return None,
    })
}

/// INTERVAL_PRECISION and INTERVAL_RANGE of `utils/timestamp.h`. An interval of certain fields
/// (`interval year to month`) would drop the others, so it has no way in.
fn interval_digits(typmod: i32) -> Option<u32> {
    const FULL: i32 = 0x7fff;
    match (typmod, typmod >> 16 & FULL, typmod & 0xffff) {
        (-1, _, _) | (_, FULL, 0xffff) => Some(6),
        (_, FULL, digits) => u32::try_from(digits).ok(),
        _ => None,
    }
}

fn text(limit: Limit) -> Encoder {
    Encoder::Text(Text { limit, replace: false, uuid: false })
}

fn characters(typmod: i32) -> Option<usize> {
    typmod.checked_sub(VARHDRSZ).and_then(|length| usize::try_from(length).ok())
}

/// The encoder with the plan's conversion in it; `None`: the conversion does not lead to the type.
pub(super) fn convert(encoder: Encoder, conversion: Conversion) -> Option<Encoder> {
    let epoch = match conversion {
        Conversion::UnixSeconds => Epoch::Seconds,
        Conversion::UnixMilliseconds => Epoch::Milliseconds,
        Conversion::UnixMicroseconds => Epoch::Microseconds,
        Conversion::JulianDay => Epoch::JulianDay,
        Conversion::ReplaceInvalidText | Conversion::Uuid | Conversion::JsonArray => {
            return convert_text(encoder, conversion);
        }
    };
    match encoder {
        Encoder::Instant(instant) => {
            Some(Encoder::Instant(Instant { epoch: Some(epoch), ..instant }))
        }
        Encoder::Date(_) => Some(Encoder::Date(Some(epoch))),
        _ => None,
    }
}

fn convert_text(encoder: Encoder, conversion: Conversion) -> Option<Encoder> {
    match (encoder, conversion) {
        (Encoder::Text(text), Conversion::ReplaceInvalidText) => {
            Some(Encoder::Text(Text { replace: true, ..text }))
        }
        (Encoder::Text(text), Conversion::Uuid) => Some(Encoder::Text(Text { uuid: true, ..text })),
        (encoder @ Encoder::Uuid, Conversion::Uuid)
        | (encoder @ Encoder::Array(_), Conversion::JsonArray) => Some(encoder),
        _ => None,
    }
}
