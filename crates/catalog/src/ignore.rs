//! Leaving partitions out of a comparison: whoever makes one a day has others tomorrow.

use std::collections::BTreeSet;

use crate::properties::PARTITION_OF;
use crate::{Catalog, Kind, ObjectKey};

impl Catalog {
    /// Takes out the partitions whose names match one of the patterns, with all that is on them;
    /// `*` stands for any characters, `?` for one.
    pub fn ignore_partitions(&mut self, patterns: &[String]) {
        let matches = |name: &str| patterns.iter().any(|pattern| glob(pattern, name));
        let partitions: BTreeSet<(String, String)> = self
            .objects
            .iter()
            .filter(|(key, object)| {
                matches!(key.kind, Kind::Table | Kind::ForeignTable)
                    && object.get(PARTITION_OF).is_some()
                    && matches(&key.name)
            })
            .map(|(key, _)| (key.schema.clone(), key.name.clone()))
            .collect();
        if partitions.is_empty() {
            return;
        }
        self.objects.retain(|key, _| !belongs(key, &partitions));
    }
}

fn belongs(key: &ObjectKey, partitions: &BTreeSet<(String, String)>) -> bool {
    let is_one = |name: &str| partitions.contains(&(key.schema.clone(), name.to_owned()));
    match key.kind {
        Kind::Table | Kind::ForeignTable => is_one(&key.name),
        Kind::Grant => match key.parent.split_once(' ') {
            Some(("table", table)) => is_one(table),
            Some(("column", path)) => path.match_indices('.').any(|(dot, _)| is_one(&path[..dot])),
            _ => false,
        },
        _ => !key.parent.is_empty() && is_one(&key.parent),
    }
}

/// Whether the whole text is what the pattern says.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place, mut star) = (0, 0, None);
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[place] => {
                at += 1;
                place += 1;
            }
            // The last star takes one character more.
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    place = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Object;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, text, expected) in [
            ("events_*", "events_2026", true),
            ("events_*", "events", false),
            ("*_p????_??", "log_p2026_01", true),
            ("*_p????_??", "log_p2026_1", false),
            ("a*b*c", "axxbxbxc", true),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn partitions_go_with_all_that_is_on_them_and_tables_stay() {
        let mut catalog = Catalog::default();
        let partition = Object::default().with(PARTITION_OF, "events");
        let table = |name| ObjectKey::new(Kind::Table, name);
        catalog.insert(table("events_default_table"), Object::default());
        catalog.insert(table("events_2026"), partition);
        catalog.insert(ObjectKey::new(Kind::Column, "at").on("events_2026"), Object::default());
        catalog
            .insert(ObjectKey::new(Kind::Grant, "app").on("table events_2026"), Object::default());
        catalog.insert(
            ObjectKey::new(Kind::Grant, "app").on("column events_2026.at"),
            Object::default(),
        );
        catalog.ignore_partitions(&["events_*".to_owned()]);
        assert_eq!(
            catalog.objects.into_keys().collect::<Vec<_>>(),
            [table("events_default_table")]
        );
    }
}
