//! What the server says about a table and the columns to be loaded.

use std::collections::BTreeMap;

use diagnostics::code;
use ir::OnMisfit;
use postgres::Client;
use runtime::engine::{Fate, LoadInto, Result};
use runtime::{EngineError, Value};

use super::canonical::{Canonical, Rule};
use super::encode::{Encoder, Scratch};
use super::{parse, types};
use crate::sqlstate;

/// A column that rows are loaded into.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// The server's own spelling of the type.
    pub(super) type_name: String,
    pub(super) not_null: bool,
    pub(super) encoder: Encoder,
    pub(super) rule: Rule,
    pub(super) fallback: Fallback,
}

/// What the plan says about values that do not fit a column.
#[derive(Clone, Debug)]
pub(super) enum Fallback {
    Stop,
    Reject,
    /// The field that stands for the value.
    Replace(Vec<u8>, Fate),
}

/// A table and the columns to be loaded, in the order asked for.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) partitioned: bool,
    pub(super) columns: Vec<Column>,
}

/// A type as `pg_type` has it.
#[derive(Clone, Debug)]
pub(super) struct TypeRow {
    /// `b`ase, `d`omain, `e`num, `c`omposite, `r`ange, `m`ultirange, `p`seudo.
    pub(super) kind: String,
    pub(super) base: u32,
    pub(super) base_typmod: i32,
    pub(super) element: u32,
    /// The function that will read the fields, and whether it is PostgreSQL's own.
    pub(super) receive: Option<String>,
    pub(super) builtin: bool,
    pub(super) labels: Vec<String>,
}

pub(super) type Types = BTreeMap<u32, TypeRow>;

/// A column as `pg_attribute` has it.
#[derive(Clone, Debug)]
struct Attribute {
    name: String,
    type_oid: u32,
    typmod: i32,
    type_name: String,
    generated: bool,
    not_null: bool,
}

/// A table as the server has it, before anybody says what goes into which column.
#[derive(Clone, Debug)]
pub(crate) struct Loadable {
    name: String,
    partitioned: bool,
    attributes: Vec<Attribute>,
    types: Types,
}

impl Loadable {
    /// Looks the table up on the search path.
    ///
    /// # Errors
    /// `RUN811`: there is no such table, or none that takes rows.
    pub(crate) fn look_up(client: &mut Client, table: &str) -> Result<Self> {
        let failed = |error: postgres::Error| sqlstate::error(&code::LOAD_FAILED, &error);
        let (oid, kind) = find(client, table)?;
        let attributes = attributes(client, oid).map_err(failed)?;
        let types = types_of(client, oid).map_err(failed)?;
        Ok(Self { name: table.to_owned(), partitioned: kind == "p", attributes, types })
    }

    /// Whether rows can be loaded into these columns.
    ///
    /// # Errors
    /// As [`Table::look_up`].
    pub(crate) fn check(&self, wanted: &[LoadInto]) -> Result<()> {
        self.table(wanted).map(drop)
    }

    fn table(&self, wanted: &[LoadInto]) -> Result<Table> {
        let mut problems = Problems::default();
        let columns = wanted.iter().filter_map(|into| {
            let attribute = self.attributes.iter().find(|found| found.name == into.column);
            problems.keep(column(attribute, into, &self.types))
        });
        let columns = columns.collect();
        problems.into_result(&self.name)?;
        Ok(Table { name: self.name.clone(), partitioned: self.partitioned, columns })
    }
}

impl Table {
    /// Looks the table up on the search path and finds an encoder for each of `wanted`.
    ///
    /// # Errors
    /// All that is wrong in one: the table or columns that are not there or are computed
    /// (`RUN811`), types without a way in, conversions that do not lead to the type and defaults
    /// that do not fit it (`RUN813`).
    pub(super) fn look_up(client: &mut Client, table: &str, wanted: &[LoadInto]) -> Result<Self> {
        Loadable::look_up(client, table)?.table(wanted)
    }
}

/// The oid of a table on the search path.
fn find(client: &mut Client, table: &str) -> Result<(u32, String)> {
    const SQL: &str =
        "select oid, relkind::text from pg_catalog.pg_class where oid = to_regclass($1)";
    let quoted = format!("\"{}\"", table.replace('"', "\"\""));
    let row = client
        .query_opt(SQL, &[&quoted])
        .map_err(|error| sqlstate::error(&code::LOAD_FAILED, &error))?;
    let problem =
        |what: &str| EngineError::new(&code::LOAD_FAILED, what).object(format!("table {table}"));
    let Some(row) = row else {
        return Err(problem("no table of this name is on the search path"));
    };
    let kind: String = row.get(1);
    if kind == "r" || kind == "p" {
        return Ok((row.get(0), kind));
    }
    Err(problem("it is not an ordinary or partitioned table, so no rows can be loaded into it"))
}

fn attributes(
    client: &mut Client,
    table: u32,
) -> std::result::Result<Vec<Attribute>, postgres::Error> {
    let rows = client.query(include_str!("columns.sql"), &[&table])?;
    let attribute = |row: &postgres::Row| Attribute {
        name: row.get(0),
        type_oid: row.get(1),
        typmod: row.get(2),
        type_name: row.get(3),
        generated: row.get(4),
        not_null: row.get(5),
    };
    Ok(rows.iter().map(attribute).collect())
}

fn types_of(client: &mut Client, table: u32) -> std::result::Result<Types, postgres::Error> {
    let rows = client.query(include_str!("types.sql"), &[&table])?;
    let type_row = |row: &postgres::Row| {
        let found = TypeRow {
            kind: row.get(1),
            base: row.get(2),
            base_typmod: row.get(3),
            element: row.get(4),
            receive: row.get(5),
            builtin: row.get::<_, Option<bool>>(6).unwrap_or(false),
            labels: row.get(7),
        };
        (row.get(0), found)
    };
    Ok(rows.iter().map(type_row).collect())
}

fn column(
    attribute: Option<&Attribute>,
    into: &LoadInto,
    types: &Types,
) -> std::result::Result<Column, Problem> {
    let name = &into.column;
    let attribute =
        attribute.ok_or_else(|| Problem::Column(format!("the table has no column `{name}`")))?;
    if attribute.generated {
        let text = format!("column `{name}` is computed by the server");
        return Err(Problem::Column(text));
    }
    let (encoder, rule) =
        types::choose(types, attribute.type_oid, attribute.typmod).ok_or_else(|| {
            Problem::Type(format!(
                "column `{name}`: no value of SQLite has a way into `{}`",
                attribute.type_name
            ))
        })?;
    let encoder = match into.conversion {
        None => encoder,
        Some(conversion) => types::convert(encoder, conversion).ok_or_else(|| {
            let conversion = conversion.name();
            Problem::Type(format!(
                "column `{name}`: the conversion `{conversion}` does not lead to `{}`",
                attribute.type_name
            ))
        })?,
    };
    let fallback = fallback(attribute, into, &encoder, &rule)?;
    Ok(Column {
        name: name.clone(),
        type_name: attribute.type_name.clone(),
        not_null: attribute.not_null,
        encoder,
        rule,
        fallback,
    })
}

/// A default is encoded once, so that one that does not fit is known before a row is read.
fn fallback(
    attribute: &Attribute,
    into: &LoadInto,
    encoder: &Encoder,
    rule: &Rule,
) -> std::result::Result<Fallback, Problem> {
    let text = match &into.on_misfit {
        OnMisfit::Stop => return Ok(Fallback::Stop),
        OnMisfit::Reject => return Ok(Fallback::Reject),
        OnMisfit::SetNull if attribute.not_null => {
            let text =
                format!("column `{}` is not null, so nothing can be set to null", into.column);
            return Err(Problem::Column(text));
        }
        OnMisfit::SetNull => return Ok(Fallback::Replace(parse::NULL.to_vec(), Fate::SetNull)),
        OnMisfit::Default(text) => text,
    };
    let mut field = Vec::new();
    encoder
        .put(Value::Text(text.as_bytes()), &mut field, &mut Scratch::default())
        .and_then(|()| Canonical::new(vec![rule.clone()]).row(&field).map(drop).map_err(|(_, m)| m))
        .map_err(|misfit| {
            Problem::Type(format!(
                "column `{}`: the default `{text}` for what does not fit does not fit `{}` either: {}",
                into.column,
                attribute.type_name,
                misfit.reason()
            ))
        })?;
    Ok(Fallback::Replace(field, Fate::Default))
}

enum Problem {
    /// The column cannot be loaded into.
    Column(String),
    /// Its type, or the conversion to it, has no way in.
    Type(String),
}

#[derive(Default)]
struct Problems {
    columns: Vec<String>,
    types: Vec<String>,
}

impl Problems {
    fn keep<T>(&mut self, result: std::result::Result<T, Problem>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(Problem::Column(text)) => self.columns.push(text),
            Err(Problem::Type(text)) => self.types.push(text),
        }
        None
    }

    fn into_result(self, table: &str) -> Result<()> {
        let code = match (self.columns.is_empty(), self.types.is_empty()) {
            (true, true) => return Ok(()),
            (true, false) => &code::UNSUPPORTED_TYPE,
            (false, _) => &code::LOAD_FAILED,
        };
        let text = [self.columns, self.types].concat().join("; ");
        let error = EngineError::new(code, text).object(format!("table {table}"));
        Err(error.help(
            "name the columns as the table has them, `omit` what the server computes, or load into \
             `text` and convert in a `sql` stage",
        ))
    }
}
