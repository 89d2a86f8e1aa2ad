//! Definitions that the server is asked for once per shape.
//!
//! To tell what one index is, `pg_get_indexdef` looks through all operator classes for each of its
//! columns; a constraint takes a dozen look-ups. In a large schema that is most of the time, and
//! nearly all of them are alike. So the server is asked about one of each shape. Where its answer
//! begins with what a plain one would have there, what follows (`DEFERRABLE`, `ON DELETE CASCADE`,
//! storage parameters) is the same for all of that shape; else it is asked about each.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Object, ObjectKey, properties};
use runtime::EngineError;

use super::Reading;

/// All that a definition depends on beside names: what the query says, and the types and collations
/// of columns.
type Shape = (String, Vec<(u32, u32)>);

/// An object without its definition.
pub(super) struct Undefined {
    pub(super) number: u32,
    pub(super) key: ObjectKey,
    pub(super) object: Object,
    /// `None` where nothing else is like it.
    pub(super) shape: Option<Shape>,
    /// What the definition begins with, if it is as plain as can be.
    pub(super) plain: Option<String>,
}

impl Undefined {
    fn like_others(&self) -> Option<(&Shape, &str)> {
        self.shape.as_ref().zip(self.plain.as_deref())
    }
}

/// Puts the objects into the catalog, with their definitions.
pub(super) fn define(
    reading: &mut Reading<'_>,
    query: &str,
    objects: Vec<Undefined>,
) -> Result<(), EngineError> {
    let mut told = ask(reading, query, &ones_of_each_shape(&objects))?;
    let ends = ends(&objects, &told);
    let end = |it: &Undefined| {
        let (shape, plain) = it.like_others()?;
        Some(format!("{plain}{}", ends.get(shape)?))
    };
    let unlike = objects.iter().filter(|it| !told.contains_key(&it.number) && end(it).is_none());
    let unlike: Vec<u32> = unlike.map(|it| it.number).collect();
    told.append(&mut ask(reading, query, &unlike)?);
    for mut it in objects {
        let definition = told.remove(&it.number).or_else(|| end(&it));
        let definition = definition.map(|text| (properties::DEFINITION.to_owned(), text));
        it.object.properties.extend(definition);
        reading.into.add(it.key, it.object);
    }
    Ok(())
}

/// The first of each shape, and all that have none.
fn ones_of_each_shape(objects: &[Undefined]) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    let first = objects.iter().filter(|it| match it.like_others() {
        Some((shape, _)) => seen.insert(shape),
        None => true,
    });
    first.map(|it| it.number).collect()
}

/// What follows the plain beginning, for each shape that has one.
fn ends(objects: &[Undefined], told: &BTreeMap<u32, String>) -> BTreeMap<Shape, String> {
    let end = |it: &Undefined| {
        let (shape, plain) = it.like_others()?;
        Some((shape.clone(), told.get(&it.number)?.strip_prefix(plain)?.to_owned()))
    };
    objects.iter().filter_map(end).collect()
}

fn ask(
    reading: &mut Reading<'_>,
    query: &str,
    numbers: &[u32],
) -> Result<BTreeMap<u32, String>, EngineError> {
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut told = BTreeMap::new();
    reading.of_numbers(query, numbers, |_, layout, row| {
        if let Some(text) = layout.own(row, "_definition")? {
            told.insert(layout.own(row, "_oid")?, text);
        }
        Ok(())
    })?;
    Ok(told)
}
