//! The narrowest safe type of one column: by its declared type, its place and the values really there.
//!
//! Narrow means that every value fits. Safe means that the next value of the application will too:
//! an integer has room above its greatest, a key may grow to any number, and a type that only a
//! handful of values point to is not taken for their sake.

mod why;

use crate::candidate::{COUNTED, Candidate, Fit};
use crate::evidence::{Column, Values};
use crate::words::{Family, family, sounds_boolean, sounds_temporal};
use ir::Conversion;

/// Where a column stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Role {
    /// In a primary key, or on either side of a foreign key.
    pub(crate) key: bool,
    /// In an index or a unique constraint.
    pub(crate) indexed: bool,
    /// An expression of the schema names it: the expression was written for the values as they are.
    pub(crate) mentioned: bool,
    /// What these expressions say about it as a truth value.
    pub(crate) truth: Truth,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Nothing, or what is said reads the same of a boolean.
    #[default]
    Unsaid,
    /// That it is 0 or 1.
    Checked,
    /// Something that cannot be said of a boolean.
    Denied,
}

/// What was chosen for a column, and what speaks for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) candidate: Candidate,
    /// No type takes every value, so they come as their bytes: `cast(… as blob)`.
    pub(crate) as_bytes: bool,
    /// For the comment: `1,204,331 values, all 0 or 1`.
    pub(crate) why: String,
    /// What a person must decide.
    pub(crate) decide: Vec<String>,
}

/// Values from which a pattern in them is no accident.
const MANY: u64 = 100;
const SOME: u64 = 20;

pub(crate) fn choose(column: &Column, role: Role) -> Choice {
    let wanted = wanted(column, role);
    let storage = by_storage(&column.values);
    let mut tried = wanted.iter().chain(&storage);
    let found = tried.find(|candidate| fits(&column.values, **candidate)).copied();
    let candidate = found.unwrap_or(Candidate::Bytea);
    let mut choice = Choice {
        candidate,
        as_bytes: found.is_none(),
        why: why::why(column, candidate),
        decide: Vec::new(),
    };
    choice.decide.extend(why::outliers(column, &wanted, candidate));
    choice.decide.extend(why::doubts(column, candidate, choice.as_bytes));
    choice
}

/// Whether every value fits. Without values everything does.
pub(crate) fn fits(values: &Values, candidate: Candidate) -> bool {
    match fit(values, candidate) {
        Some(fit) => fit.misfits == 0,
        None => values.count() == 0,
    }
}

pub(crate) fn fit(values: &Values, candidate: Candidate) -> Option<&Fit> {
    values.fits.iter().find(|fit| fit.candidate == candidate)
}

/// What the declared type asks for, and what the values alone point to, the narrowest first.
fn wanted(column: &Column, role: Role) -> Vec<Candidate> {
    let values = &column.values;
    match family(&column.declared) {
        Family::Boolean if !role.key && role.truth != Truth::Denied => vec![Candidate::Boolean],
        Family::Boolean | Family::Integer => integers(column, role),
        Family::SmallInteger if role.key => vec![Candidate::Bigint],
        Family::SmallInteger => [boolean(column, role), vec![Candidate::Smallint]].concat(),
        Family::BigInteger => [boolean(column, role), vec![Candidate::Bigint]].concat(),
        Family::Real => vec![Candidate::DoublePrecision],
        Family::Decimal(None) => vec![Candidate::Numeric],
        Family::Decimal(Some((precision, scale))) => {
            vec![Candidate::Decimal(precision, scale), Candidate::Numeric]
        }
        Family::Date => [vec![Candidate::Date], moments(values), counted(values)].concat(),
        Family::DateTime => [moments(values), counted(values)].concat(),
        Family::Time => vec![Candidate::Time],
        Family::Json => vec![Candidate::Jsonb],
        Family::Uuid => vec![Candidate::Uuid],
        Family::Text => [patterns(column, role), vec![Candidate::Text]].concat(),
        Family::Blob if values.count() == 0 => vec![Candidate::Bytea],
        Family::Unknown if values.count() == 0 => vec![Candidate::Text],
        Family::Unknown if values.texts > 0 => patterns(column, role),
        Family::Blob | Family::Unknown => Vec::new(),
    }
}

/// A key may grow to any number; elsewhere the greatest value has room for a tenfold.
fn integers(column: &Column, role: Role) -> Vec<Candidate> {
    const ROOM: u64 = i32::MAX as u64 / 10;
    let values = &column.values;
    let greatest = values.least.unsigned_abs().max(values.greatest.unsigned_abs());
    let narrow = !role.key && values.count() > 0 && greatest <= ROOM;
    let integer = if narrow { Candidate::Integer } else { Candidate::Bigint };
    [boolean(column, role), vec![integer, Candidate::Bigint]].concat()
}

/// 0 and 1, both seen and often, or checked, or in a column whose name asks a question.
fn boolean(column: &Column, role: Role) -> Vec<Candidate> {
    let values = &column.values;
    let both = (values.least, values.greatest) == (0, 1) && values.count() >= MANY;
    let said = sounds_boolean(&column.name) && values.count() > 0 || role.truth == Truth::Checked;
    let numbers = values.integers == values.count();
    let take = numbers && (both || said) && !role.key && role.truth != Truth::Denied;
    if take { vec![Candidate::Boolean] } else { Vec::new() }
}

/// Of texts: a zone is kept only where one was written.
fn moments(values: &Values) -> Vec<Candidate> {
    if values.offsets > 0 {
        vec![Candidate::Timestamptz]
    } else {
        vec![Candidate::Timestamp, Candidate::Timestamptz]
    }
}

/// Of numbers that are moments of these centuries in one way of counting.
fn counted(values: &Values) -> Vec<Candidate> {
    let numbers = values.integers + values.reals == values.count() && values.count() > 0;
    let plausible = |candidate: &Candidate| is_recent(values, *candidate);
    if numbers { COUNTED.into_iter().filter(plausible).collect() } else { Vec::new() }
}

/// Whether the integers are moments from 1980 to 2100. Zero often stands for none and is let pass.
pub(crate) fn is_recent(values: &Values, candidate: Candidate) -> bool {
    const FROM: i64 = 315_532_800;
    const TO: i64 = 4_102_444_800;
    let range = match candidate {
        Candidate::Counted(Conversion::UnixSeconds) => FROM..TO,
        Candidate::Counted(Conversion::UnixMilliseconds) => FROM * 1_000..TO * 1_000,
        Candidate::Counted(Conversion::UnixMicroseconds) => FROM * 1_000_000..TO * 1_000_000,
        // Days since 4714 BC; the reals of Julian days are not in the range of the integers.
        Candidate::Counted(_) => return values.integers == 0 && values.reals > 0,
        _ => return false,
    };
    values.integers > 0
        && (values.least == 0 || range.contains(&values.least))
        && range.contains(&values.greatest)
}

/// What texts are where all of them are: only if there are enough, and nothing in the schema
/// compares them as texts.
fn patterns(column: &Column, role: Role) -> Vec<Candidate> {
    let values = &column.values;
    if role.mentioned || values.texts != values.count() || column.collation.is_some() {
        return Vec::new();
    }
    let some = values.count() >= SOME;
    let mut found = Vec::new();
    if some {
        found.push(Candidate::Uuid);
    }
    if !role.key && (values.count() >= MANY || values.count() > 0 && sounds_boolean(&column.name)) {
        found.push(Candidate::Boolean);
    }
    if !role.key && (some || values.count() > 0 && sounds_temporal(&column.name)) {
        found.push(Candidate::Date);
        found.extend(moments(values));
    }
    if !role.key && !role.indexed && some && values.documents == values.count() {
        found.push(Candidate::Jsonb);
    }
    found
}

/// What takes the values whatever was declared.
fn by_storage(values: &Values) -> Vec<Candidate> {
    let bytes = if values.blobs > 0 {
        [Candidate::Bytea, Candidate::Text]
    } else {
        [Candidate::Text, Candidate::Bytea]
    };
    if values.texts + values.blobs > 0 {
        return bytes.to_vec();
    }
    let numbers = [Candidate::Bigint, Candidate::DoublePrecision, Candidate::Numeric];
    numbers.into_iter().chain(bytes).collect()
}

#[cfg(test)]
mod tests;
