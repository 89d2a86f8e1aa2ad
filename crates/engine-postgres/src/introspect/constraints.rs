//! Constraints of tables.

use catalog::{Kind, Object, properties};
use runtime::EngineError;

use super::relations::Relations;
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
    reading.of_numbers(include_str!("constraints.sql"), numbers, |_, layout, row| {
        let relation = relations.get(layout.own(row, "_relation")?)?;
        let (key, mut object) = layout.object(row, relation.of(Kind::Constraint))?;
        let number = layout.own(row, "_oid")?;
        let said: Option<String> = layout.own(row, "_shape")?;
        let columns: Option<Vec<i16>> = layout.own(row, "_columns")?;
        let names = columns.and_then(|columns| relation.names(&columns));
        object.properties.extend(names.map(|names| (properties::COLUMNS.to_owned(), names)));
        object.comment = comments.of_constraint(number);
        let others: Option<Vec<i16>> = layout.own(row, "_others")?;
        let other = match layout.own(row, "_references")? {
            0 => Some(relation),
            referred => relations.find(referred),
        };
        let plain = others.and_then(|others| plain(&object, &other?.names(&others)?));
        found.push(Undefined {
            number,
            key,
            object,
            plain,
            shape: said.map(|it| (it, Vec::new())),
        });
        Ok(())
    })?;
    shape::define(reading, include_str!("constraint_definitions.sql"), found)
}

/// The definition where nothing is unusual.
fn plain(object: &Object, others: &str) -> Option<String> {
    let columns = object.get(properties::COLUMNS)?;
    let included = |word: &str| match others {
        "" => format!("{word} ({columns})"),
        _ => format!("{word} ({columns}) INCLUDE ({others})"),
    };
    match object.get(properties::TYPE)? {
        "primary key" => Some(included("PRIMARY KEY")),
        "unique" => Some(included("UNIQUE")),
        "foreign key" => {
            let table = object.get(properties::REFERENCES)?;
            Some(format!("FOREIGN KEY ({columns}) REFERENCES {table}({others})"))
        }
        _ => None,
    }
}
