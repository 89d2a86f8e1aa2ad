//! Sequences: objects, or what belongs to an identity column.

use std::collections::BTreeMap;

use catalog::{Kind, Object, ObjectKey, properties};
use runtime::EngineError;

use super::Reading;

/// The sequences of identity columns, by the numbers of the relation and the column.
pub(super) type Identities = BTreeMap<(u32, i16), Identity>;

pub(super) struct Identity {
    name: String,
    settings: String,
}

impl Identity {
    pub(super) fn put_into(self, column: &mut Object) {
        let mut put = |name: &str, value| column.properties.insert(name.to_owned(), value);
        put(properties::IDENTITY_SEQUENCE, self.settings);
        put(properties::IDENTITY_SEQUENCE_NAME, self.name);
    }
}

/// Reads them into the catalog, and returns the others.
pub(super) fn read(reading: &mut Reading<'_>) -> Result<Identities, EngineError> {
    let mut identities = Identities::new();
    reading.of_schemas(include_str!("sequences.sql"), |into, layout, row| {
        let (key, object) = layout.object(row, ObjectKey::new(Kind::Sequence, ""))?;
        let Some(relation) = layout.own(row, "_relation")? else {
            into.add(key, object);
            return Ok(());
        };
        let identity = Identity { name: key.name, settings: layout.own(row, "_settings")? };
        identities.insert((relation, layout.own(row, "_number")?), identity);
        Ok(())
    })?;
    Ok(identities)
}
