//! The PostgreSQL types among which a column's is chosen, and what its values said to each.

use ir::Conversion;

use crate::evidence::Column;
use crate::words::{Family, family};

/// A type, with the conversion that leads to it where the type alone does not say how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Candidate {
    Boolean,
    Smallint,
    Integer,
    Bigint,
    DoublePrecision,
    /// `numeric(precision, scale)`
    Decimal(u32, u32),
    Numeric,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    /// A number in a `timestamptz` that counts these since 1970, or days since the Julian epoch.
    Counted(Conversion),
    Uuid,
    Jsonb,
    Text,
    Bytea,
}

impl Candidate {
    /// As SQL writes it.
    pub fn type_name(self) -> String {
        let name = match self {
            Candidate::Decimal(precision, scale) => {
                return format!("numeric({precision}, {scale})");
            }
            Candidate::Boolean => "boolean",
            Candidate::Smallint => "smallint",
            Candidate::Integer => "integer",
            Candidate::Bigint => "bigint",
            Candidate::DoublePrecision => "double precision",
            Candidate::Numeric => "numeric",
            Candidate::Date => "date",
            Candidate::Time => "time",
            Candidate::Timestamp => "timestamp",
            Candidate::Timestamptz | Candidate::Counted(_) => "timestamptz",
            Candidate::Uuid => "uuid",
            Candidate::Jsonb => "jsonb",
            Candidate::Text => "text",
            Candidate::Bytea => "bytea",
        };
        name.to_owned()
    }

    pub fn conversion(self) -> Option<Conversion> {
        match self {
            Candidate::Counted(conversion) => Some(conversion),
            _ => None,
        }
    }

    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Candidate::Smallint | Candidate::Integer | Candidate::Bigint)
    }

    pub(crate) fn is_number(self) -> bool {
        let exact = matches!(self, Candidate::Decimal(..) | Candidate::Numeric);
        self.is_integer() || exact || self == Candidate::DoublePrecision
    }
}

/// What the values of a column said to one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    pub candidate: Candidate,
    /// Values that do not fit. Counting ends at [`Fit::ENOUGH`]: the type is out by then.
    pub misfits: u64,
    pub first: Option<Misfit>,
}

impl Fit {
    pub const ENOUGH: u64 = 10;
}

/// Where the first value that does not fit is. The value itself is not kept: a plan is shown around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub rowid: Option<i64>,
    pub reason: String,
}

/// The types that the values of a column are held against.
pub fn candidates(column: &Column) -> Vec<Candidate> {
    let mut all = vec![
        Candidate::Boolean,
        Candidate::Smallint,
        Candidate::Integer,
        Candidate::Bigint,
        Candidate::DoublePrecision,
        Candidate::Numeric,
        Candidate::Date,
        Candidate::Time,
        Candidate::Timestamp,
        Candidate::Timestamptz,
        Candidate::Uuid,
        Candidate::Jsonb,
        Candidate::Text,
        Candidate::Bytea,
    ];
    match family(&column.declared) {
        Family::Decimal(Some((precision, scale))) => all.push(Candidate::Decimal(precision, scale)),
        Family::Date | Family::DateTime => all.extend(COUNTED),
        _ => {}
    }
    all
}

pub(crate) const COUNTED: [Candidate; 4] = [
    Candidate::Counted(Conversion::UnixSeconds),
    Candidate::Counted(Conversion::UnixMilliseconds),
    Candidate::Counted(Conversion::UnixMicroseconds),
    Candidate::Counted(Conversion::JulianDay),
];
