//! The files of a source, grouped by their schema: what differs is said once, not for each file.

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnostics::{Code, code, grouped, plural};

use crate::engine::SourceSchema;
use crate::events::SourceGroup;
use crate::sources::SourceFile;

/// Files with one schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub schema: Arc<SourceSchema>,
    /// Positions in the source, ascending.
    pub files: Vec<usize>,
}

/// The largest first; equally large ones by their first file.
pub(crate) fn groups(files: &[SourceFile]) -> Vec<Group> {
    let mut by_schema: BTreeMap<Arc<SourceSchema>, Vec<usize>> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        by_schema.entry(Arc::clone(&file.state.schema)).or_default().push(position);
    }
    let mut groups: Vec<_> =
        by_schema.into_iter().map(|(schema, files)| Group { schema, files }).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.files.len()), group.files[0]));
    groups
}

/// Names of files by the code of what is wrong with them.
pub(crate) type FaultNames = BTreeMap<&'static str, (&'static Code, Vec<String>)>;

/// The groups of a source, then the files that could not be read by what is wrong with them.
pub(crate) fn told(files: &[SourceFile], unreadable: &FaultNames) -> Vec<SourceGroup> {
    let groups = groups(files);
    let most = groups.first().map(|group| Arc::clone(&group.schema));
    let of_schema = groups.iter().enumerate().map(|(at, group)| {
        let what = match &most {
            Some(most) if at > 0 => differences(most, &group.schema, group.files.len()),
            _ => matches(group),
        };
        let shown = |position: &usize| files[*position].state.path.shown.clone();
        SourceGroup {
            what: format!("{} {what}", grouped(group.files.len() as u64)),
            files: group.files.iter().map(shown).collect(),
        }
    });
    let unread = unreadable.values().map(|(code, files)| SourceGroup {
        what: format!("{} {}", grouped(files.len() as u64), fault(code, files.len())),
        files: files.clone(),
    });
    of_schema.chain(unread).collect()
}

fn matches(group: &Group) -> String {
    let verb = if group.files.len() == 1 { "file matches" } else { "files match" };
    format!("{verb} A ({})", plural(group.schema.tables.len(), "table"))
}

/// How many differences are named; the others are counted.
const NAMED: usize = 3;

fn differences(most: &SourceSchema, other: &SourceSchema, files: usize) -> String {
    let (lack, have) = if files == 1 { ("lacks", "has") } else { ("lack", "have") };
    let parts =
        [(lack, missing(most, other)), (have, missing(other, most)), (have, retyped(most, other))];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(verb, names)| format!("{verb} {}", listed(&names)))
        .collect();
    parts.join(" and ")
}

/// Whole tables that `other` lacks, then columns of tables that both have.
fn missing(all: &SourceSchema, other: &SourceSchema) -> Vec<String> {
    let lost =
        |(table, columns): (&String, &BTreeMap<String, String>)| match other.tables.get(table) {
            None => vec![format!("`{table}`")],
            Some(found) => {
                let lost = columns.keys().filter(|column| !found.contains_key(*column));
                lost.map(|column| format!("`{table}.{column}`")).collect()
            }
        };
    all.tables.iter().flat_map(lost).collect()
}

/// Columns that both have with other declared types.
fn retyped(most: &SourceSchema, other: &SourceSchema) -> Vec<String> {
    let both = most.tables.iter().filter_map(|(table, columns)| {
        other.tables.get(table).map(|found| (table, columns, found))
    });
    let retyped = both.flat_map(|(table, columns, found)| {
        columns.iter().filter_map(move |(column, declared)| {
            let now = found.get(column).filter(|now| *now != declared)?;
            Some(match now.as_str() {
                _ if column.is_empty() => format!("another definition of `{table}`"),
                "" => format!("`{table}.{column}` without a type"),
                now => format!("`{table}.{column}` as {now}"),
            })
        })
    });
    retyped.collect()
}

fn listed(names: &[String]) -> String {
    let named = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn fault(code: &Code, files: usize) -> String {
    let one = files == 1;
    let word = |single: &'static str, several: &'static str| if one { single } else { several };
    let text = match code.id {
        id if id == code::SOURCE_NOT_SQLITE.id => word("is not a database", "are not databases"),
        id if id == code::SOURCE_ENCRYPTED.id => word("looks encrypted", "look encrypted"),
        id if id == code::SOURCE_EMPTY.id => word("is empty", "are empty"),
        id if id == code::SOURCE_CORRUPT.id => word("is corrupt", "are corrupt"),
        id if id == code::SOURCE_LOCKED.id => word("is locked", "are locked"),
        id if id == code::SOURCE_HOT_JOURNAL.id => word("has a hot journal", "have a hot journal"),
        id if id == code::SQLITE_UNSUPPORTED_SCHEMA.id => {
            word("is of a newer format", "are of a newer format")
        }
        id if id == code::SOURCE_MISSING.id => word("is gone", "are gone"),
        _ => word("cannot be read", "cannot be read"),
    };
    text.to_owned()
}

/// Up to three names, and how many more there are: `a.db, b.db, c.db and 14 more files`.
pub(crate) fn few(files: &[String]) -> String {
    let named = files[..files.len().min(NAMED)].join(", ");
    match files.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {}", plural(more, "more file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(tables: &[(&str, &[(&str, &str)])]) -> SourceSchema {
        let columns = |columns: &[(&str, &str)]| {
            columns
                .iter()
                .map(|(name, declared)| ((*name).to_owned(), (*declared).to_owned()))
                .collect()
        };
        SourceSchema {
            tables: tables.iter().map(|(table, of)| ((*table).to_owned(), columns(of))).collect(),
        }
    }

    #[test]
    fn what_a_group_lacks_and_has_is_said_in_a_few_words() {
        let most = schema(&[
            ("files", &[("id", "INTEGER")]),
            ("symbols", &[("id", ""), ("kind", "TEXT")]),
        ]);
        let cases = [
            (
                schema(&[("files", &[("id", "INTEGER")]), ("symbols", &[("id", "")])]),
                17,
                "lack `symbols.kind`",
            ),
            (schema(&[("symbols", &[("id", ""), ("kind", "TEXT")])]), 1, "lacks `files`"),
            (
                schema(&[
                    ("files", &[("id", "TEXT")]),
                    ("symbols", &[("id", ""), ("kind", "TEXT")]),
                    ("x", &[]),
                ]),
                2,
                "have `x` and have `files.id` as TEXT",
            ),
        ];
        for (other, files, sentence) in cases {
            assert_eq!(differences(&most, &other, files), sentence);
        }
    }

    #[test]
    fn long_lists_are_cut_and_large_numbers_are_readable() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert_eq!(few(&names), "a, b, c and 2 more files");
        assert_eq!(few(&names[..2]), "a, b");
    }
}
