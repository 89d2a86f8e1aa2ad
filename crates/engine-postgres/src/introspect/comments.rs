//! Comments on relations and what belongs to them.

use std::collections::BTreeMap;

use runtime::EngineError;

use super::Reading;

/// By whether it is a constraint, its number (OID), and the number of the column or 0.
pub(super) struct Comments(BTreeMap<(bool, u32, i32), String>);

impl Comments {
    /// Those of the given relations, their columns, constraints and indexes.
    pub(super) fn read(reading: &mut Reading<'_>, numbers: &[u32]) -> Result<Self, EngineError> {
        let mut found = BTreeMap::new();
        reading.of_numbers(include_str!("comments.sql"), numbers, |_, layout, row| {
            let constraint = layout.own(row, "_constraint")?;
            let place = (constraint, layout.own(row, "_oid")?, layout.own(row, "_number")?);
            found.insert(place, layout.own(row, "_comment")?);
            Ok(())
        })?;
        Ok(Self(found))
    }

    /// On a relation or index (column 0), or a column.
    pub(super) fn of(&self, relation: u32, column: i16) -> Option<String> {
        self.0.get(&(false, relation, column.into())).cloned()
    }

    pub(super) fn of_constraint(&self, number: u32) -> Option<String> {
        self.0.get(&(true, number, 0)).cloned()
    }
}
