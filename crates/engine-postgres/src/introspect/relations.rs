//! Tables and views, and their columns: most objects of most databases.
//!
//! The relations are read first; their numbers in the queries for the rest let the server see how
//! many rows there will be, also where the system catalog has no statistics yet. Names of columns,
//! comments and defaults are put together here, because the server would sort and hash all
//! attributes again for each query.

use std::collections::BTreeMap;

use catalog::{Kind, Object, ObjectKey, properties};
use diagnostics::code::INTERNAL;
use runtime::EngineError;

use super::sequences::{self, Identities};
use super::{Comments, Reading, constraints, indexes};

/// Relations by the number (OID) the server has for them.
pub(super) struct Relations(BTreeMap<u32, Relation>);

pub(super) struct Relation {
    key: ObjectKey,
    sort: Sort,
    attributes: BTreeMap<i16, Attribute>,
}

/// What `pg_class.relkind` says. Foreign tables are tables here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Table,
    Partition,
    View,
    MaterializedView,
    CompositeType,
}

struct Attribute {
    quoted: String,
    /// Type and collation.
    nature: (u32, u32),
}

/// Reads them and all that belongs to them into the catalog.
pub(super) fn read(reading: &mut Reading<'_>) -> Result<(), EngineError> {
    let identities = sequences::read(reading)?;
    let (mut relations, objects) = heads(reading)?;
    let numbers: Vec<u32> = relations.0.keys().copied().collect();
    let comments = Comments::read(reading, &numbers)?;
    columns(reading, &mut relations, &numbers, &comments, identities)?;
    for (number, mut object) in objects {
        let relation = relations.get(number)?;
        relation.put_columns(&mut object);
        object.comment = comments.of(number, 0);
        reading.into.add(relation.key.clone(), object);
    }
    constraints::read(reading, &relations, &numbers, &comments)?;
    indexes::read(reading, &relations, &numbers, &comments)
}

/// Each relation; and the object that it is, unless it is a type's.
fn heads(reading: &mut Reading<'_>) -> Result<(Relations, Vec<(u32, Object)>), EngineError> {
    let (mut relations, mut objects) = (BTreeMap::new(), Vec::new());
    reading.of_schemas(include_str!("relations.sql"), |_, layout, row| {
        let (key, object) = layout.object(row, ObjectKey::new(Kind::Table, ""))?;
        let number = layout.own(row, "_oid")?;
        let sort = Sort::of(layout.own(row, "_kind")?, &object);
        relations.insert(number, Relation { key, sort, attributes: BTreeMap::new() });
        objects.extend((sort != Sort::CompositeType).then_some((number, object)));
        Ok(())
    })?;
    Ok((Relations(relations), objects))
}

fn columns(
    reading: &mut Reading<'_>,
    relations: &mut Relations,
    numbers: &[u32],
    comments: &Comments,
    mut identities: Identities,
) -> Result<(), EngineError> {
    let mut expressions = expressions(reading, numbers)?;
    reading.of_numbers(include_str!("columns.sql"), numbers, |into, layout, row| {
        let place: (u32, i16) = (layout.own(row, "_relation")?, layout.own(row, "_number")?);
        let relation = relations.get_mut(place.0)?;
        let (key, mut object) = layout.object(row, relation.of(Kind::Column))?;
        let attribute = Attribute {
            quoted: layout.own(row, "_quoted")?,
            nature: (layout.own(row, "_type")?, layout.own(row, "_collation")?),
        };
        relation.attributes.insert(place.1, attribute);
        object.comment = comments.of(place.0, place.1);
        put_expression(&mut object, expressions.remove(&place));
        if let Some(identity) = identities.remove(&place) {
            identity.put_into(&mut object);
        }
        if relation.sort == Sort::Partition {
            object.properties.remove(properties::INHERITED);
        }
        if relation.sort.has_to_say(&object) {
            into.add(key, object);
        }
        Ok(())
    })
}

/// Defaults and what is generated, by relation and number of the column.
fn expressions(
    reading: &mut Reading<'_>,
    numbers: &[u32],
) -> Result<BTreeMap<(u32, i16), String>, EngineError> {
    let mut found = BTreeMap::new();
    reading.of_numbers(include_str!("defaults.sql"), numbers, |_, layout, row| {
        let place = (layout.own(row, "_relation")?, layout.own(row, "_number")?);
        found.insert(place, layout.own(row, "_expression")?);
        Ok(())
    })?;
    Ok(found)
}

fn put_expression(column: &mut Object, expression: Option<String>) {
    let generated = column.get(properties::GENERATED_KIND).is_some();
    let name = if generated { properties::GENERATED } else { properties::DEFAULT };
    column.properties.extend(expression.map(|text| (name.to_owned(), text)));
}

impl Relations {
    /// One that the queries were asked about.
    pub(super) fn get(&self, number: u32) -> Result<&Relation, EngineError> {
        self.find(number).ok_or_else(not_asked_for)
    }

    fn get_mut(&mut self, number: u32) -> Result<&mut Relation, EngineError> {
        self.0.get_mut(&number).ok_or_else(not_asked_for)
    }

    /// `None` where it is not in scope.
    pub(super) fn find(&self, number: u32) -> Option<&Relation> {
        self.0.get(&number)
    }
}

fn not_asked_for() -> EngineError {
    EngineError::new(&INTERNAL, "the server named a relation that was not asked for")
}

impl Relation {
    /// The key of something that belongs to it, still without a name.
    pub(super) fn of(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(kind, "").in_schema(self.key.schema.as_str()).on(self.key.name.as_str())
    }

    /// Quoted names in one text; `None` where one is an expression or the whole row.
    pub(super) fn names(&self, numbers: &[i16]) -> Option<String> {
        let quoted = |number| Some(self.attributes.get(number)?.quoted.as_str());
        Some(numbers.iter().map(quoted).collect::<Option<Vec<_>>>()?.join(", "))
    }

    /// Types and collations.
    pub(super) fn natures(&self, numbers: &[i16]) -> Option<Vec<(u32, u32)>> {
        numbers.iter().map(|number| Some(self.attributes.get(number)?.nature)).collect()
    }

    fn put_columns(&self, object: &mut Object) {
        if self.sort.is_table() && !self.attributes.is_empty() {
            let names: Vec<&str> = self.attributes.values().map(|it| it.quoted.as_str()).collect();
            object.properties.insert(properties::COLUMNS.to_owned(), names.join(", "));
        }
    }
}

impl Sort {
    fn of(relkind: i8, object: &Object) -> Self {
        match u8::try_from(relkind).unwrap_or_default() {
            b'v' => Sort::View,
            b'm' => Sort::MaterializedView,
            b'c' => Sort::CompositeType,
            _ if object.get(properties::PARTITION_OF).is_some() => Sort::Partition,
            _ => Sort::Table,
        }
    }

    fn is_table(self) -> bool {
        matches!(self, Sort::Table | Sort::Partition)
    }

    /// Whether a column is an object: of a table always, else where it has something that the query
    /// or the type does not say.
    fn has_to_say(self, column: &Object) -> bool {
        let has = |names: &[&str]| names.iter().any(|name| column.get(name).is_some());
        let stored = [properties::OPTIONS, properties::STATISTICS, properties::STORAGE];
        self.is_table()
            || column.comment.is_some()
            || has(&[properties::DEFAULT, properties::GENERATED])
            || self == Sort::MaterializedView && has(&stored)
    }
}
