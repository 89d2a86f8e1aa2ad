//! The evidence for a choice in a few words, and what it leaves to a person.

use ir::Conversion;

use super::{fit, is_recent};
use crate::candidate::{COUNTED, Candidate, Fit};
use crate::evidence::{Column, Values};
use crate::words::sounds_temporal;
use diagnostics::{grouped, plural};

/// `1,204,331 values, all 0 or 1`
pub(super) fn why(column: &Column, chosen: Candidate) -> String {
    let values = &column.values;
    let nulls = match values.nulls {
        0 => String::new(),
        nulls => format!(", {} null", grouped(nulls)),
    };
    let declared = if column.declared.is_empty() { "without a type" } else { &column.declared };
    if values.count() == 0 {
        return match values.nulls {
            0 => format!("no values; {declared}"),
            _ => format!("all {} null; {declared}", grouped(values.nulls)),
        };
    }
    format!("{}, {}{nulls}", plural(values.count(), "value"), what(values, chosen))
}

fn what(values: &Values, chosen: Candidate) -> String {
    let mixed = kinds(values);
    if mixed.len() > 1 && !chosen.is_number() {
        return mixed.join(" and ");
    }
    match chosen {
        Candidate::Boolean if values.texts > 0 => "all true or false".to_owned(),
        Candidate::Boolean if values.least == values.greatest => format!("all {}", values.least),
        Candidate::Boolean => "all 0 or 1".to_owned(),
        Candidate::Smallint | Candidate::Integer | Candidate::Bigint if values.integers > 0 => {
            format!("{} to {}", values.least, values.greatest)
        }
        Candidate::DoublePrecision if values.integers > 0 => "numbers, some whole".to_owned(),
        Candidate::DoublePrecision => "numbers".to_owned(),
        Candidate::Decimal(_, scale) => format!("numbers of at most {scale} decimals"),
        Candidate::Smallint | Candidate::Integer | Candidate::Bigint | Candidate::Numeric => {
            "numbers".to_owned()
        }
        Candidate::Date => "all ISO dates".to_owned(),
        Candidate::Time => "all ISO times".to_owned(),
        Candidate::Timestamp => "all ISO dates and times without a zone".to_owned(),
        Candidate::Timestamptz => "all ISO dates and times, with a zone or in UTC".to_owned(),
        Candidate::Counted(conversion) => format!("all {}", unit(conversion)),
        Candidate::Uuid => "all UUIDs".to_owned(),
        Candidate::Jsonb => "all JSON".to_owned(),
        Candidate::Text if values.integers + values.reals > 0 => "numbers".to_owned(),
        Candidate::Text | Candidate::Bytea if values.texts > 0 => {
            format!("text of up to {}", plural(values.longest, "byte"))
        }
        Candidate::Text | Candidate::Bytea => {
            format!("blobs of up to {}", plural(values.longest, "byte"))
        }
    }
}

pub(crate) fn unit(conversion: Conversion) -> &'static str {
    match conversion {
        Conversion::UnixSeconds => "Unix seconds",
        Conversion::UnixMilliseconds => "Unix milliseconds",
        Conversion::UnixMicroseconds => "Unix microseconds",
        Conversion::JulianDay => "Julian days",
        _ => "moments",
    }
}

/// `3 integers`, `17 texts`
fn kinds(values: &Values) -> Vec<String> {
    let numbers = [(values.integers, "integer"), (values.reals, "real")];
    let bytes = [(values.texts, "text"), (values.blobs, "blob")];
    let some = |kinds: &[(u64, &str)]| -> Vec<String> {
        let there = kinds.iter().filter(|(n, _)| *n > 0);
        there.map(|(n, noun)| plural(*n, noun)).collect()
    };
    [some(&numbers), some(&bytes)].concat()
}

/// A few values that keep a column from the type that the others have.
pub(super) fn outliers(column: &Column, wanted: &[Candidate], chosen: Candidate) -> Option<String> {
    let values = &column.values;
    let few = |fit: &&Fit| {
        fit.misfits > 0 && fit.misfits < Fit::ENOUGH && fit.misfits * 20 <= values.count()
    };
    let passed = wanted.iter().take_while(|candidate| **candidate != chosen);
    let fit = passed.filter_map(|candidate| fit(values, *candidate)).find(few)?;
    let name = fit.candidate.type_name();
    let first = fit.first.as_ref()?;
    let place = first.rowid.map_or_else(String::new, |rowid| format!(", rowid {rowid} first"));
    Some(format!(
        "all but {} of {} fit `{name}`{place} ({}): mend them, or take `{name}` and say what becomes \
         of the others by `misfit: set-null` or `misfit: reject`",
        fit.misfits,
        plural(values.count(), "value"),
        first.reason
    ))
}

pub(super) fn doubts(column: &Column, chosen: Candidate, as_bytes: bool) -> Vec<String> {
    let values = &column.values;
    let mut doubts = Vec::new();
    if as_bytes {
        doubts.push(format!(
            "no type takes {} as they are: they come as bytes by `cast(… as blob)`",
            kinds(values).join(" and ")
        ));
    } else if chosen == Candidate::Bytea && values.not_text > 0 {
        doubts.push(format!(
            "{} no text (NUL, or not UTF-8), so all come as bytes: take `text` with \
             `as: replace-invalid-text` or `misfit: reject` if they should be text",
            is_are(values.not_text, "value")
        ));
    } else if kinds(values).len() > 1 && !chosen.is_number() {
        doubts.push(format!(
            "{} stand in one column: `{}` takes them all",
            kinds(values).join(" and "),
            chosen.type_name()
        ));
    }
    doubts.extend(moments(column, chosen));
    doubts
}

fn is_are(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun} is") } else { format!("{} {noun}s are", grouped(n)) }
}

/// Integers that may well be times, in a column whose name says so: the application knows.
fn moments(column: &Column, chosen: Candidate) -> Option<String> {
    if !chosen.is_integer() || !sounds_temporal(&column.name) {
        return None;
    }
    let found = COUNTED.into_iter().find(|candidate| is_recent(&column.values, *candidate))?;
    let conversion = found.conversion()?;
    let unit = unit(conversion);
    let word = conversion.name();
    Some(format!("if these are {unit}, take `timestamptz` and load them by `as: {word}`"))
}
