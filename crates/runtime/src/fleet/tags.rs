//! What SQL on a file may name besides its columns: tags from its path or from a query on it, and
//! what is added to its keys so that those of other files stay apart.
//!
//! All of it follows from the paths and bytes of the files and their order, so that every process of
//! a run, and `cutover verify` years later, finds the same.

use diagnostics::code;
use ir::{CompiledPlan, Load, LoadSource, Source, offset_parameter};
use regex::Regex;

use crate::engine::{FileParameters, Parameter, Result, Snapshot};
use crate::{EngineError, binding, parallel};

/// A file whose parameters are to be found.
pub(crate) struct Tagged<'a> {
    /// As the plan names it.
    pub shown: &'a str,
    pub parameters: &'a mut FileParameters,
}

/// Opens the file at this position with the parameters that it has until now.
pub(crate) type Open<'a> = dyn Fn(usize, &FileParameters) -> Result<Box<dyn Snapshot>> + Sync + 'a;

/// Finds the parameters of all files of a source, which are in their order. The errors come with the
/// positions of their files.
pub(crate) fn find(
    plan: &CompiledPlan,
    source: &Source,
    files: &mut [Tagged<'_>],
    open: &Open<'_>,
) -> Vec<(usize, EngineError)> {
    let mut errors = from_paths(source, files);
    let threads = plan.settings.connections as usize;
    let keys: Vec<_> = binding::loads(plan)
        .filter_map(|(_, load)| Some((load, load.offset.as_deref()?)))
        .filter(|(load, _)| load.source == source.name)
        .collect();
    if source.tags.queries.is_empty() && keys.is_empty() {
        return errors;
    }
    let positions: Vec<_> = files.iter().map(|file| file.parameters.clone()).enumerate().collect();
    let asked = parallel::each(&positions, threads, |(position, parameters)| {
        ask(source, &keys, open(*position, parameters)?.as_mut())
    });
    let mut next = vec![0_i64; keys.len()];
    for (position, (file, asked)) in files.iter_mut().zip(asked).enumerate() {
        let asked = asked.and_then(|(tags, highest)| {
            file.parameters.named.extend(tags);
            offsets(&keys, &highest, &mut next, file.parameters)
        });
        errors.extend(asked.err().map(|error| (position, error)));
    }
    errors
}

/// Named groups of the pattern.
fn from_paths(source: &Source, files: &mut [Tagged<'_>]) -> Vec<(usize, EngineError)> {
    for file in files.iter_mut() {
        let path = Parameter::Text(file.shown.to_owned());
        file.parameters.named.insert("file_path".to_owned(), path);
    }
    let Some(pattern) = &source.tags.pattern else { return Vec::new() };
    let regex = match Regex::new(pattern) {
        Ok(regex) => regex,
        Err(error) => return vec![(0, EngineError::new(&code::INTERNAL, error.to_string()))],
    };
    let mut errors = Vec::new();
    for (position, file) in files.iter_mut().enumerate() {
        let Some(found) = regex.captures(file.shown) else {
            let message = format!("the path does not match the pattern of its tags, `{pattern}`");
            let help = "change `tags.pattern`, or take the file out of the source";
            errors.push((position, EngineError::new(&code::SOURCE_TAG, message).help(help)));
            continue;
        };
        for name in regex.capture_names().flatten() {
            let value = found
                .name(name)
                .map_or(Parameter::Null, |part| Parameter::Text(part.as_str().to_owned()));
            file.parameters.named.insert(name.to_owned(), value);
        }
    }
    errors
}

type Tags = Vec<(String, Parameter)>;

/// The tags by query, and the highest key of each table that is offset.
fn ask(
    source: &Source,
    keys: &[(&Load, &str)],
    file: &mut dyn Snapshot,
) -> Result<(Tags, Vec<Option<i64>>)> {
    let tags = source.tags.queries.iter().map(|(name, sql)| {
        let rows = file.query(sql)?;
        Ok((name.clone(), one_value(name, rows)?))
    });
    let tags = tags.collect::<Result<_>>()?;
    let highest = keys.iter().map(|(load, column)| highest(load, column, file));
    Ok((tags, highest.collect::<Result<_>>()?))
}

fn one_value(tag: &str, rows: Vec<Vec<Option<String>>>) -> Result<Parameter> {
    let count = rows.len();
    match rows.into_iter().next().map(|row| (row.len(), row.into_iter().next().flatten())) {
        Some((1, Some(value))) if count == 1 => Ok(Parameter::Text(value)),
        found => {
            let what = match found {
                None => "no row".to_owned(),
                Some((1, None)) if count == 1 => "null".to_owned(),
                Some((columns, _)) => format!("{count} rows of {columns} columns"),
            };
            let message = format!("the query of tag `{tag}` gives {what}, not one value");
            let help = "a tag is one value of the file, the same in all its rows";
            Err(EngineError::new(&code::SOURCE_TAG, message).help(help))
        }
    }
}

/// `None`: no rows.
fn highest(load: &Load, column: &str, file: &mut dyn Snapshot) -> Result<Option<i64>> {
    let from = match &load.from {
        LoadSource::Table(table) => quoted(table),
        LoadSource::Query(query) => format!("({query})"),
    };
    let column = quoted(column);
    let sql = format!(
        "SELECT sum(typeof({column}) <> 'integer'), min({column}), max({column}) FROM {from} \
         WHERE {column} IS NOT NULL"
    );
    let rows = file.query(&sql)?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut number = || row.next().flatten().map(|text| text.parse::<i64>());
    let (others, lowest, highest) = (number(), number(), number());
    match (others, lowest, highest) {
        (None, ..) => Ok(None),
        (Some(Ok(0)), Some(Ok(0..)), Some(Ok(highest))) => Ok(Some(highest)),
        _ => {
            let message = format!(
                "the keys of `{}` cannot be offset: {column} has negative values or such that are \
                 no integers",
                load.table
            );
            let help = "make the key of the tag and the id, or use `uuid:`";
            Err(EngineError::new(&code::SOURCE_TAG, message).help(help))
        }
    }
}

/// Each file's keys begin past the highest of the file before.
fn offsets(
    keys: &[(&Load, &str)],
    highest: &[Option<i64>],
    next: &mut [i64],
    parameters: &mut FileParameters,
) -> Result<()> {
    for (((load, _), highest), next) in keys.iter().zip(highest).zip(next) {
        let name = offset_parameter(&load.table);
        parameters.named.insert(name, Parameter::Integer(*next));
        let Some(highest) = highest else { continue };
        *next = next.checked_add(*highest).and_then(|sum| sum.checked_add(1)).ok_or_else(|| {
            let message = format!("the keys of `{}` run out of 64 bits", load.table);
            EngineError::new(&code::SOURCE_TAG, message)
                .help("make the key of the tag and the id, or use `uuid:`")
        })?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
