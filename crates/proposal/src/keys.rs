//! Columns that refer to each other have one type.

use std::collections::BTreeMap;

use crate::candidate::Candidate;
use crate::choose::{Choice, fits};
use crate::evidence::{Database, ForeignKey, Table};

/// A column by table and place.
pub(crate) type Place = (usize, usize);

/// The columns on both sides of a foreign key, pair by pair; `None` where a side is not there.
pub(crate) fn pairs(
    database: &Database,
    table: usize,
    key: &ForeignKey,
) -> Option<Vec<(Place, Place)>> {
    let (other, referenced) = referenced(database, key)?;
    if key.columns.len() != referenced.len() {
        return None;
    }
    let place = |at: usize, name: &str| {
        let columns = &database.tables[at].columns;
        columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)).map(|c| (at, c))
    };
    let both = key.columns.iter().zip(&referenced);
    both.map(|(from, to)| Some((place(table, from)?, place(other, to)?))).collect()
}

/// The table that is referred to, and the columns there.
pub(crate) fn referenced(database: &Database, key: &ForeignKey) -> Option<(usize, Vec<String>)> {
    let named = |table: &Table| table.name.eq_ignore_ascii_case(&key.table);
    let at = database.tables.iter().position(named)?;
    let columns = match key.referenced.is_empty() {
        true => database.tables[at].primary_key.clone(),
        false => key.referenced.clone(),
    };
    Some((at, columns))
}

/// Gives the columns of each group of references the widest type among them that all values fit.
/// What no type unites keeps its own, and the foreign key is left to a person.
pub(crate) fn unite(database: &Database, choices: &mut BTreeMap<Place, Choice>) {
    for group in groups(database) {
        let mut own: Vec<Candidate> = group.iter().map(|place| choices[place].candidate).collect();
        own.sort_unstable();
        own.dedup();
        if own.len() < 2 {
            continue;
        }
        let values = |place: &Place| &database.tables[place.0].columns[place.1].values;
        let all = |candidate: &&Candidate| group.iter().all(|at| fits(values(at), **candidate));
        // The order of candidates is that of width.
        let Some(united) = own.iter().rev().find(all).copied() else { continue };
        for place in &group {
            let Some(choice) = choices.get_mut(place) else { continue };
            if choice.candidate != united {
                choice.candidate = united;
                choice.why.push_str("; as the column it refers to");
            }
        }
    }
}

/// Columns that foreign keys join, directly or by others.
fn groups(database: &Database) -> Vec<Vec<Place>> {
    let mut groups: Vec<Vec<Place>> = Vec::new();
    for (at, table) in database.tables.iter().enumerate() {
        for key in &table.foreign_keys {
            for (from, to) in pairs(database, at, key).unwrap_or_default() {
                let (mut joined, others): (Vec<_>, Vec<_>) = groups
                    .into_iter()
                    .partition(|group| group.contains(&from) || group.contains(&to));
                let mut group: Vec<Place> = joined.drain(..).flatten().chain([from, to]).collect();
                group.sort_unstable();
                group.dedup();
                groups = others;
                groups.push(group);
            }
        }
    }
    groups
}
