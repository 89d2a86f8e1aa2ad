//! Values that several keys take, and the mapping that keeps its order.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// The version of the plan language: 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version(pub u32);

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "const": 1 })
    }
}

/// A text, exactly as it is written: `no` and `0123` are texts like any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text(pub String);

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
}

/// Declares texts of a fixed shape.
macro_rules! shaped {
    ($($(#[doc = $doc:literal])* $name:ident = $pattern:literal, $example:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[schemars(extend("examples" = [$example]))]
        pub struct $name(#[schemars(regex(pattern = $pattern))] pub String);
    )*};
}

shaped! {
    /// A lower-case letter, then lower-case letters, digits, `_` and `-`; at most 63.
    PlanName = r"^[a-z][a-z0-9_-]{0,62}$", "shop";
    /// How long: a number and `ms`, `s`, `m` or `h`.
    Duration = r"^(0|[1-9][0-9]*)(ms|s|m|h)$", "2s";
    /// How long something is kept: a number and `s`, `m`, `h` or `d`.
    Period = r"^(0|[1-9][0-9]*)(s|m|h|d)$", "30d";
    /// How many bytes: a number and `B`, `KiB`, `MiB` or `GiB`.
    Size = r"^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$", "64MiB";
    /// A day: `YYYY-MM-DD`.
    Day = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2027-01-31";
    /// The name of an environment variable.
    Variable = r"^[A-Za-z0-9_]+$", "SHOP_DATABASE_URL";
}

/// One value, or a list of at least one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    One(T),
    More(#[schemars(length(min = 1))] Vec<T>),
}

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Postgres,
    Sqlite,
}

/// Names to values, in the order written. A name that comes twice is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping<T>(pub Vec<(String, T)>);

impl<T: JsonSchema> JsonSchema for Mapping<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("MappingOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "type": "object",
            "propertyNames": { "minLength": 1 },
            "additionalProperties": value,
        })
    }
}

impl<T: Serialize> Serialize for Mapping<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Mapping<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MappingVisitor(PhantomData))
    }
}

struct MappingVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MappingVisitor<T> {
    type Value = Mapping<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping<T>, A::Error> {
        let mut entries: Vec<(String, T)> = Vec::new();
        while let Some((Text(name), value)) = map.next_entry::<Text, T>()? {
            if entries.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format_args!("`{name}` is given twice")));
            }
            entries.push((name, value));
        }
        Ok(Mapping(entries))
    }
}
