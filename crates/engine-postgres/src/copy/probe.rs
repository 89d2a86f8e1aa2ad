//! Whether values fit a type, asked of the encoder that would load them: for whoever proposes types.

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
const RECEIVE: [(&str, &str); 14] = [
    ("boolean", "boolrecv"),
    ("smallint", "int2recv"),
    ("integer", "int4recv"),
    ("bigint", "int8recv"),
    ("double precision", "float8recv"),
    ("numeric", "numeric_recv"),
    ("date", "date_recv"),
    ("time", "time_recv"),
    ("timestamp", "timestamp_recv"),
    ("timestamptz", "timestamptz_recv"),
    ("uuid", "uuid_recv"),
    ("jsonb", "jsonb_recv"),
    ("text", "textrecv"),
    ("bytea", "bytearecv"),
];

impl Probe {
    /// `None` for a type that is not among those asked for here, or a conversion that does not lead
    /// to it. `numeric(10, 2)` is one of them.
    pub fn new(type_name: &str, conversion: Option<Conversion>) -> Option<Self> {
        let (name, modifier) = type_name.split_once('(').unwrap_or((type_name, ""));
        let (_, receive) = RECEIVE.iter().find(|(known, _)| *known == name.trim())?;
        let row = TypeRow {
            kind: "b".to_owned(),
            base: 0,
            base_typmod: -1,
            element: 0,
            receive: Some((*receive).to_owned()),
            builtin: true,
            labels: Vec::new(),
        };
        let (encoder, rule) = types::choose(&Types::from([(0, row)]), 0, typmod(modifier)?)?;
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
        self.field.clear();
        let put = self.encoder.put(value, &mut self.field, &mut self.scratch);
        let reason = match put {
            Ok(()) => self.canonical.row(&self.field).err().map(|(_, misfit)| misfit),
            Err(misfit) => Some(misfit),
        };
        reason.map_or(Ok(()), |misfit| Err(misfit.reason().to_owned()))
    }
}

/// `10, 2)` as `make_numeric_typmod` packs it; -1 for nothing.
fn typmod(modifier: &str) -> Option<i32> {
    if modifier.is_empty() {
        return Some(-1);
    }
    let (precision, scale) = modifier.trim_end_matches(')').split_once(',')?;
    let (precision, scale): (i32, i32) =
        (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    Some((precision << 16 | scale & 0x7ff) + 4)
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
    fn every_candidate_of_a_proposal_has_a_probe() {
        for (name, _) in RECEIVE {
            assert!(Probe::new(name, None).is_some(), "{name}");
        }
    }
}
