//! Indexes that belong to no constraint.

use catalog::{Kind, Object, properties};
use runtime::EngineError;

use super::relations::{Relation, Relations};
use super::shape::{self, Undefined};
use super::{Comments, Reading};

/// Reads those of the given relations into the catalog.
pub(super) fn read(
    reading: &mut Reading<'_>,
    relations: &Relations,
    numbers: &[u32],
    comments: &Comments,
) -> Result<(), EngineError> {
    let mut found = Vec::new();
    reading.of_numbers(include_str!("indexes.sql"), numbers, |_, layout, row| {
        let relation = relations.get(layout.own(row, "_relation")?)?;
        let (key, mut object) = layout.object(row, relation.of(Kind::Index))?;
        let number = layout.own(row, "_oid")?;
        let (columns, included): (Vec<i16>, Vec<i16>) =
            (layout.own(row, "_columns")?, layout.own(row, "_others")?);
        let said: Option<String> = layout.own(row, "_shape")?;
        let plain = plain(&object, relation, &columns, &included);
        let all = [columns, included].concat();
        let names = relation.names(&all);
        object.properties.extend(names.map(|names| (properties::COLUMNS.to_owned(), names)));
        object.comment = comments.of(number, 0);
        let shape = said.zip(relation.natures(&all));
        found.push(Undefined { number, key, object, plain, shape });
        Ok(())
    })?;
    shape::define(reading, include_str!("index_definitions.sql"), found)
}

/// The definition where nothing is unusual.
fn plain(
    object: &Object,
    relation: &Relation,
    columns: &[i16],
    included: &[i16],
) -> Option<String> {
    let method = object.get(properties::METHOD)?;
    let columns = relation.names(columns)?;
    Some(match relation.names(included)?.as_str() {
        "" => format!("USING {method} ({columns})"),
        included => format!("USING {method} ({columns}) INCLUDE ({included})"),
    })
}
