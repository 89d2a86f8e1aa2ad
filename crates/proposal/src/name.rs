//! Names for PostgreSQL from those of SQLite.
//!
//! PostgreSQL folds what is not quoted to lower case, and SQLite ignores case, so a plain name in
//! lower case is what the application's own SQL finds in both. A name that only quotes can write
//! (`Order Details`) is quoted there too, and stays as it is.

use std::collections::BTreeSet;

/// The longest name that PostgreSQL keeps whole.
const LONGEST: usize = 63;

/// Columns that every table has already ("System Columns").
const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Names of one namespace that are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// Of the columns of one table.
    pub(crate) fn of_columns() -> Self {
        Self(SYSTEM.into_iter().map(str::to_owned).collect())
    }

    /// The name for `wanted`: folded, cut and numbered where it must be.
    pub(crate) fn take(&mut self, wanted: &str) -> String {
        let folded = fold(wanted);
        let mut name = shortened(&folded, "");
        let mut nth = 2;
        while self.0.contains(&name) {
            name = shortened(&folded, &format!("_{nth}"));
            nth += 1;
        }
        self.0.insert(name.clone());
        name
    }
}

/// In lower case where it needs no quotes for another reason.
fn fold(name: &str) -> String {
    let head = |c: char| c.is_ascii_alphabetic() || c == '_';
    let plain = name.starts_with(head) && name.chars().all(|c| head(c) || c.is_ascii_digit());
    match name {
        "" => "unnamed".to_owned(),
        _ if plain => name.to_ascii_lowercase(),
        _ => name.replace('\0', ""),
    }
}

fn shortened(name: &str, end: &str) -> String {
    let mut cut = name.len().min(LONGEST - end.len());
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{end}", &name[..cut])
}

/// A plan's name from a file's: `My Shop (2).db` gives `my_shop_2`.
pub fn plan_name(stem: &str) -> String {
    let mut out = String::new();
    for char in stem.chars().flat_map(char::to_lowercase) {
        let plain = char.is_ascii_lowercase() || char.is_ascii_digit();
        if plain {
            out.push(char);
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
    }
    let name = out.trim_end_matches('_');
    let name = if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.to_owned()
    } else {
        format!("db_{name}").trim_end_matches('_').to_owned()
    };
    // Schemas of this beginning are the server's own (42939).
    let name = if name.starts_with("pg_") { format!("db_{name}") } else { name };
    shortened(&name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_fold_and_others_stay() {
        let mut names = Names::default();
        let long = "x".repeat(70);
        let cases = [
            ("InvoiceLine", "invoiceline"),
            ("invoiceline", "invoiceline_2"),
            ("Order Details", "Order Details"),
            ("größe", "größe"),
            ("", "unnamed"),
            (&long, &"x".repeat(63)),
            (&format!("{long}y"), &format!("{}_2", "x".repeat(61))),
        ];
        for (wanted, expected) in cases {
            assert_eq!(names.take(wanted), expected);
        }
        assert_eq!(Names::of_columns().take("CTID"), "ctid_2");
    }

    #[test]
    fn a_plan_has_a_name_whatever_the_file_is_called() {
        let cases = [
            ("app", "app"),
            ("My Shop (2)", "my_shop_2"),
            ("2024-backup", "db_2024_backup"),
            ("pg_stats", "db_pg_stats"),
            ("äöü", "db"),
            ("", "db"),
        ];
        for (stem, expected) in cases {
            assert_eq!(plan_name(stem), expected);
        }
    }
}
