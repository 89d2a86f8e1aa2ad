//! Whether values fit a type and what would be sent of them, asked of the encoder that would load
//! them: for whoever proposes types, and for tests without a server.

use ir::Conversion;
use runtime::Value;

use super::canonical::Canonical;
use super::columns::{TypeRow, Types};
use super::encode::Scratch;
use super::types;

/// One type, ready to be asked.
pub struct Probe {
    encoder: super::encode::Encoder,
    canonical: Canonical,
    scratch: Scratch,
    field: Vec<u8>,
}

/// Types by the name that SQL gives them, with the function that reads their values.
const RECEIVE: [(&str, &str); 29] = [
    ("boolean", "boolrecv"),
    ("smallint", "int2recv"),
    ("integer", "int4recv"),
    ("bigint", "int8recv"),
    ("oid", "oidrecv"),
    ("real", "float4recv"),
    ("double precision", "float8recv"),
    ("numeric", "numeric_recv"),
    ("date", "date_recv"),
    ("time", "time_recv"),
    ("timetz", "timetz_recv"),
    ("timestamp", "timestamp_recv"),
    ("timestamptz", "timestamptz_recv"),
    ("interval", "interval_recv"),
    ("uuid", "uuid_recv"),
    ("json", "json_recv"),
    ("jsonb", "jsonb_recv"),
    ("text", "textrecv"),
    ("varchar", "varcharrecv"),
    ("char", "bpcharrecv"),
    ("name", "namerecv"),
    ("bytea", "bytearecv"),
    ("bit", "bit_recv"),
    ("varbit", "varbit_recv"),
    ("inet", "inet_recv"),
    ("cidr", "cidr_recv"),
    ("macaddr", "macaddr_recv"),
    ("macaddr8", "macaddr8_recv"),
    ("\"char\"", "charrecv"),
];

/// Numbers by which the type and its array are found here; no server is asked.
const ELEMENT: u32 = 1;
const ARRAY: u32 = 2;

/// One value as it would be sent.
#[derive(Debug)]
pub struct Sent<'a> {
    /// Length and bytes of the field.
    pub field: &'a [u8],
    /// What is digested of it.
    pub canonical: &'a [u8],
}

impl Probe {
    /// `None` for a type that is not among those asked for here, or a conversion that does not lead
    /// to it. `numeric(10, 2)`, `varchar(5)` and `integer[]` are among them.
    pub fn new(type_name: &str, conversion: Option<Conversion>) -> Option<Self> {
        let (element, oid) = match type_name.strip_suffix("[]") {
            Some(element) => (element, ARRAY),
            None => (type_name, ELEMENT),
        };
        let (name, modifier) = element.split_once('(').unwrap_or((element, ""));
        let (_, receive) = RECEIVE.iter().find(|(known, _)| *known == name.trim())?;
        let types =
            Types::from([(ELEMENT, base(receive, 0)), (ARRAY, base("array_recv", ELEMENT))]);
        let (encoder, rule) = types::choose(&types, oid, typmod(name.trim(), modifier)?)?;
        let encoder = match conversion {
            Some(conversion) => types::convert(encoder, conversion)?,
            None => encoder,
        };
        let canonical = Canonical::new(vec![rule]);
        Some(Self { encoder, canonical, scratch: Scratch::default(), field: Vec::new() })
    }

    /// # Errors
    /// Why the value does not fit.
    pub fn fits(&mut self, value: Value<'_>) -> Result<(), String> {
        self.send(value).map(drop)
    }

    /// The field for a value.
    ///
    /// # Errors
    /// Why the value does not fit.
    pub fn send(&mut self, value: Value<'_>) -> Result<Sent<'_>, String> {
        self.field.clear();
        let put = self.encoder.put(value, &mut self.field, &mut self.scratch);
        put.map_err(|misfit| misfit.reason().to_owned())?;
        match self.canonical.row(&self.field) {
            Ok(canonical) => Ok(Sent { field: &self.field, canonical }),
            Err((_, misfit)) => Err(misfit.reason().to_owned()),
        }
    }
}

fn base(receive: &str, element: u32) -> TypeRow {
    TypeRow {
        kind: "b".to_owned(),
        base: 0,
        base_typmod: -1,
        element,
        receive: Some(receive.to_owned()),
        builtin: true,
        labels: Vec::new(),
    }
}

/// `10, 2)` or `5)` as the type packs it (`make_numeric_typmod`, `anychar_typmodin`); -1 for nothing.
fn typmod(name: &str, modifier: &str) -> Option<i32> {
    if modifier.is_empty() {
        return Some(-1);
    }
    let modifier = modifier.trim_end_matches(')');
    let number = |text: &str| text.trim().parse::<i32>().ok();
    match (name, modifier.split_once(',')) {
        ("numeric", Some((precision, scale))) => {
            Some((number(precision)? << 16 | number(scale)? & 0x7ff) + 4)
        }
        (_, Some(_)) => None,
        ("numeric", None) => Some((number(modifier)? << 16) + 4),
        ("varchar" | "char", None) => Some(number(modifier)? + 4),
        (_, None) => number(modifier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoders_are_asked() {
        let fits = |name: &str, conversion, value| {
            Probe::new(name, conversion).unwrap().fits(value).map_err(|why| why.to_owned())
        };
        let yes = [
            ("boolean", None, Value::Integer(1)),
            ("numeric(4, 2)", None, Value::Real(12.34)),
            ("numeric", None, Value::Real(1e300)),
            ("timestamptz", Some(Conversion::UnixSeconds), Value::Integer(1_700_000_000)),
            ("jsonb", None, Value::Text(b"{\"a\": [1, 2]}")),
            ("uuid", None, Value::Blob(&[7; 16])),
        ];
        for (name, conversion, value) in yes {
            assert_eq!(fits(name, conversion, value), Ok(()), "{name}");
        }
        let no = [
            ("boolean", Value::Integer(2)),
            ("numeric(4, 2)", Value::Real(12.345)),
            ("numeric(4, 2)", Value::Integer(100)),
            ("jsonb", Value::Text(b"{")),
            ("jsonb", Value::Text(b"\"\\u0000\"")),
            ("text", Value::Text(b"a\0")),
            ("date", Value::Text(b"2000-13-01")),
        ];
        for (name, value) in no {
            assert!(fits(name, None, value).is_err(), "{name}");
        }
        assert!(Probe::new("int4range", None).is_none());
        assert!(Probe::new("bytea", Some(Conversion::UnixSeconds)).is_none());
    }

    #[test]
    fn modifiers_and_arrays_are_the_types_own() {
        let fits = |name: &str, value| Probe::new(name, None).unwrap().fits(value).is_ok();
        for (name, good, bad) in [
            ("varchar(2)", "ab", "abc"),
            ("char(2)", "ab  ", "abc"),
            ("bit(2)", "01", "0"),
            ("time(0)", "12:00", "12:00:00.5"),
            ("integer[]", "[1,null]", "[1.5]"),
            ("numeric(2)", "12", "123"),
        ] {
            assert!(fits(name, Value::Text(good.as_bytes())), "{name}: {good}");
            assert!(!fits(name, Value::Text(bad.as_bytes())), "{name}: {bad}");
        }
        assert!(Probe::new("time(1, 2)", None).is_none());
    }

    #[test]
    fn every_candidate_of_a_proposal_has_a_probe() {
        for (name, _) in RECEIVE {
            assert!(Probe::new(name, None).is_some(), "{name}");
        }
    }
}
