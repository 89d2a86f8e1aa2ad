//! Rows as objects, by the names of their columns.
//!
//! `kind`, `schema`, `parent` and `name` make the key; `comment` and `owner` are what they say;
//! `properties` is a JSON object of strings, for kinds whose properties differ from row to row; a
//! column whose name begins with `_` is for whoever reads the rows; every other column is the
//! property of its name, absent where it is null.

use std::collections::BTreeMap;

use catalog::{Kind, Object, ObjectKey};
use diagnostics::code::INTERNAL;
use postgres::types::FromSql;
use postgres::{Column, Row};
use runtime::EngineError;
use serde::Deserialize as _;
use serde::de::value::{Error as ValueError, StrDeserializer};

/// What the columns of a result are; made once for all its rows.
pub(super) struct Layout {
    columns: Vec<(usize, Part)>,
    own: BTreeMap<String, usize>,
}

enum Part {
    Kind,
    Schema,
    Parent,
    Name,
    Comment,
    Owner,
    Properties,
    Property(String),
}

impl Layout {
    pub(super) fn of(columns: &[Column]) -> Self {
        let (own, shared): (Vec<_>, Vec<_>) =
            columns.iter().enumerate().partition(|(_, column)| column.name().starts_with('_'));
        Self {
            columns: shared.into_iter().map(|(at, column)| (at, Part::of(column))).collect(),
            own: own.into_iter().map(|(at, column)| (column.name().to_owned(), at)).collect(),
        }
    }

    /// The object of a row; what the row does not say of the key is as given.
    pub(super) fn object(
        &self,
        row: &Row,
        mut key: ObjectKey,
    ) -> Result<(ObjectKey, Object), EngineError> {
        let mut object = Object::default();
        for (at, part) in &self.columns {
            let Some(text) = value::<Option<&str>>(row, *at)? else { continue };
            match part {
                Part::Kind => key.kind = kind(text)?,
                Part::Schema => text.clone_into(&mut key.schema),
                Part::Parent => text.clone_into(&mut key.parent),
                Part::Name => text.clone_into(&mut key.name),
                Part::Comment => object.comment = Some(text.to_owned()),
                Part::Owner => object.owner = Some(text.to_owned()),
                Part::Properties => object.properties.append(&mut listed(text)?),
                Part::Property(name) => {
                    object.properties.insert(name.clone(), text.to_owned());
                }
            }
        }
        Ok((key, object))
    }

    /// The value of a column whose name begins with `_`.
    pub(super) fn own<'a, T: FromSql<'a>>(
        &self,
        row: &'a Row,
        name: &str,
    ) -> Result<T, EngineError> {
        let missing = || EngineError::new(&INTERNAL, format!("the query has no column `{name}`"));
        value(row, *self.own.get(name).ok_or_else(missing)?)
    }
}

impl Part {
    fn of(column: &Column) -> Self {
        match column.name() {
            "kind" => Part::Kind,
            "schema" => Part::Schema,
            "parent" => Part::Parent,
            "name" => Part::Name,
            "comment" => Part::Comment,
            "owner" => Part::Owner,
            "properties" => Part::Properties,
            name => Part::Property(name.to_owned()),
        }
    }
}

fn value<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, EngineError> {
    row.try_get(at).map_err(|error| crate::sqlstate::error(&INTERNAL, &error))
}

fn kind(word: &str) -> Result<Kind, EngineError> {
    let from: StrDeserializer<'_, ValueError> =
        serde::de::IntoDeserializer::into_deserializer(word);
    Kind::deserialize(from).map_err(|error| EngineError::new(&INTERNAL, error.to_string()))
}

fn listed(json: &str) -> Result<BTreeMap<String, String>, EngineError> {
    serde_json::from_str(json).map_err(|error| EngineError::new(&INTERNAL, error.to_string()))
}
