//! The names PostgreSQL makes for constraints and indexes that were given none.
//!
//! Source: `makeObjectName` and `ChooseConstraintName` in PostgreSQL's `indexcmds.c`: parts joined
//! by `_`, cut to 63 bytes by shortening the longer of the first two parts, then numbered until free.

/// `NAMEDATALEN - 1`.
const MAX: usize = 63;

/// `makeObjectName`: `orders`, `customer_id`, `fkey` give `orders_customer_id_fkey`.
pub fn make(table: &str, columns: Option<&str>, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(columns.is_some());
    let room = MAX.saturating_sub(overhead);
    let (mut first, mut second) = (table.len(), columns.map_or(0, str::len));
    while first + second > room && first + second > 0 {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let first = clip(table, first);
    match columns {
        Some(columns) => format!("{first}_{}_{label}", clip(columns, second)),
        None => format!("{first}_{label}"),
    }
}

/// The name for a constraint or index on `columns`, numbered until `taken` says it is free.
pub fn choose(
    table: &str,
    columns: &[&str],
    label: &str,
    mut taken: impl FnMut(&str) -> bool,
) -> String {
    let joined = join(columns);
    let joined = (!joined.is_empty()).then_some(joined.as_str());
    let mut pass = 0;
    loop {
        let numbered = if pass == 0 { label.to_owned() } else { format!("{label}{pass}") };
        let name = make(table, joined, &numbered);
        if !taken(&name) {
            return name;
        }
        pass += 1;
    }
}

/// Whether `name` is one that `choose` could have given. Constraints' labels: `pkey`, `key`,
/// `fkey`, `check`, `excl`, `not_null`; indexes': `idx`.
pub fn is_generated(name: &str, table: &str, columns: &[&str], label: &str) -> bool {
    let joined = join(columns);
    let joined = (!joined.is_empty()).then_some(joined.as_str());
    // The number is all digits at the end; the label itself ends with none.
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[stem.len()..];
    make(table, joined, label) == name || make(table, joined, &format!("{label}{number}")) == name
}

/// `ChooseIndexNameAddition`: column names joined by `_`, cut where they reach 63 bytes.
fn join(columns: &[&str]) -> String {
    let mut out = String::new();
    for column in columns {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(clip(column, MAX));
        if out.len() >= MAX {
            break;
        }
    }
    out
}

/// The longest prefix of at most `bytes` that ends between characters.
fn clip(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_postgresqls() {
        assert_eq!(make("orders", None, "pkey"), "orders_pkey");
        assert_eq!(
            choose("orders", &["customer_id", "day"], "key", |_| false),
            "orders_customer_id_day_key"
        );
        let mut free = ["orders_total_check", "orders_total_check1"].into_iter();
        let name = choose("orders", &["total"], "check", |_| free.next().is_some());
        assert_eq!(name, "orders_total_check2");
        assert!(is_generated("orders_total_check2", "orders", &["total"], "check"));
        assert!(!is_generated("orders_total_positive", "orders", &["total"], "check"));
        let long = make(&"t".repeat(60), Some(&"c".repeat(60)), "fkey");
        assert_eq!(long, format!("{}_{}_fkey", "t".repeat(29), "c".repeat(28)));
    }
}
