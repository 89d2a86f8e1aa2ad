//! Capture: a live schema as a SQL file that a person reviews and an empty database takes.
//!
//! The file is made from the catalog alone, so that nothing can be in it that a comparison would
//! not see. The same catalog always gives the same bytes.

mod blocks;
mod columns;
mod grants;
mod names;
mod programs;
mod rank;
mod sequences;
mod tables;
mod types;
mod wide;

use std::collections::BTreeSet;

use catalog::capture::Header;
use catalog::{Catalog, Kind, Scope as Facts, fingerprint, properties as p};
use diagnostics::code::{CAPTURE_NOTHING, STATEMENT_FAILED};
use runtime::EngineError;

use crate::connect::Session;
use crate::introspect::{Scope, introspect};
use crate::scratch::engine_name;

/// What to capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// One schema; `None` for the whole database.
    pub schema: Option<String>,
    /// Whether to say who owns what.
    pub owners: bool,
}

/// A captured schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The file.
    pub text: String,
    /// As in its head: of the schema alone where one was captured, else of the database.
    pub fingerprint: String,
    /// `PostgreSQL 15.18`
    pub engine: String,
    pub objects: usize,
    /// What the file does not hold in full, one sentence each; the file says so too.
    pub notes: Vec<String>,
}

/// Settings under which the file is read. Every name in it is qualified; functions may call what
/// comes after them.
const SETTINGS: [&str; 4] = [
    "set client_min_messages = warning",
    "set check_function_bodies = off",
    "set standard_conforming_strings = on",
    "set search_path = ''",
];

/// Reads the schema in one transaction that writes nothing.
///
/// # Errors
/// What the server says; `CAT307` where there is nothing to capture.
pub fn capture(session: &mut Session, options: &Options) -> Result<Captured, EngineError> {
    session.run("begin transaction isolation level repeatable read, read only")?;
    let done = read(session, options);
    let end = session.run("rollback");
    let (whole, fingerprint) = done?;
    end?;
    let engine = engine_name(session)?;
    let (blocks, order) = blocks::arranged(&whole, options);
    let notes = blocks::incomplete(&blocks);
    let header = Header {
        lines: head(&whole, options, session.major(), &fingerprint),
        settings: SETTINGS.iter().map(|setting| (*setting).to_owned()).collect(),
    };
    let text = catalog::capture::write(&header, &blocks, &order);
    Ok(Captured { text, fingerprint, engine, objects: whole.len(), notes })
}

/// The catalog with every name qualified, and the fingerprint of what is in scope.
fn read(session: &mut Session, options: &Options) -> Result<(Catalog, String), EngineError> {
    let facts = Facts { owners: options.owners, ..Facts::default() };
    let mut whole = introspect(session, &Scope::Database)?;
    let Some(schema) = &options.schema else {
        let fingerprint = fingerprint(&whole, facts);
        return Ok((whole, fingerprint));
    };
    let known = "select 1 from pg_catalog.pg_namespace where nspname = $1";
    if session.rows(&STATEMENT_FAILED, known, &[schema])?.is_empty() {
        return Err(EngineError::new(
            &CAPTURE_NOTHING,
            format!("the database has no schema `{schema}`"),
        ));
    }
    whole.objects.retain(|key, _| match key.kind {
        Kind::Extension => true,
        Kind::Schema => key.name == *schema,
        _ => key.schema == *schema,
    });
    let own = introspect(session, &Scope::Schema(schema.clone()))?;
    Ok((whole, fingerprint(&own, facts)))
}

fn head(catalog: &Catalog, options: &Options, major: u32, fingerprint: &str) -> Vec<String> {
    let scope = match &options.schema {
        Some(schema) => format!("schema {}", crate::quote(schema)),
        None => "database".to_owned(),
    };
    let owners = if options.owners { ", owners" } else { "" };
    let mut lines = vec![
        format!("Schema of a PostgreSQL {major} database, written by `cutover baseline capture`."),
        "An empty database takes it with `psql -v ON_ERROR_STOP=1 -f`.".to_owned(),
        String::new(),
        format!("engine: PostgreSQL {major}"),
        format!("scope: {scope}"),
        format!("facts: structure, grants, comments{owners}"),
        format!("fingerprint: {fingerprint}"),
    ];
    let roles = roles(catalog, options);
    if !roles.is_empty() {
        let roles = p::list(roles.iter().map(String::as_str));
        lines.push(format!("roles that must exist: {roles}"));
    }
    lines
}

/// Roles that the file names.
fn roles(catalog: &Catalog, options: &Options) -> BTreeSet<String> {
    let mut roles = BTreeSet::new();
    for (key, object) in &catalog.objects {
        match key.kind {
            Kind::Grant => {
                roles.insert(key.name.clone());
            }
            Kind::DefaultPrivileges => {
                let (creator, grantee) = key.name.split_once(" to ").unwrap_or((&key.name, ""));
                roles.extend([creator.to_owned(), grantee.to_owned()]);
            }
            Kind::Policy => roles.extend(p::names_of(object.get(p::ROLES).unwrap_or_default())),
            Kind::UserMapping => {
                let server = object.get(p::SERVER).unwrap_or_default();
                let user = key.name.strip_suffix(&format!(" on {server}"));
                roles.extend(user.map(str::to_owned));
            }
            _ => {}
        }
        roles.extend(object.owner.clone().filter(|_| options.owners));
    }
    roles.retain(|role| !["", "OWNER", "PUBLIC", "public"].contains(&role.as_str()));
    roles
}
