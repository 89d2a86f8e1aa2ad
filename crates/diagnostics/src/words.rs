//! Counts in sentences.

/// `1 table`, `2 tables`, `2 indexes`, `0 rows`, `1,204,331 rows`.
pub fn plural(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    if count == 1 {
        return format!("1 {noun}");
    }
    let count = grouped(count);
    let suffix =
        if noun.ends_with('x') || noun.ends_with('s') || noun.ends_with("ch") { "es" } else { "s" };
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}{suffix}"),
    }
}

/// `1,204,331`
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_as_people_write_them() {
        let of = |count: u64, noun| plural(count, noun);
        assert_eq!(of(0, "row"), "0 rows");
        assert_eq!(of(1, "index"), "1 index");
        assert_eq!(of(2, "index"), "2 indexes");
        assert_eq!(of(999, "policy"), "999 policies");
        assert_eq!(of(1_204_331, "key"), "1,204,331 keys");
        assert_eq!(plural(u64::MAX, "row"), "18,446,744,073,709,551,615 rows");
    }
}
