//! Texts line by line: `-` goes, `+` comes, a blank stays.

use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown with it.
const AROUND: usize = 2;

pub(super) fn changed(from: &str, to: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(from, to);
    let mut out = Vec::new();
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            out.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            out.push(format!("{sign} {}", change.value().trim_end()));
        }
    }
    out
}

/// Every line with the sign.
pub(super) fn whole(sign: char, text: &str) -> Vec<String> {
    text.lines().map(|line| format!("{sign} {}", line.trim_end())).collect()
}

/// Whether a value reads well inside a sentence.
pub(super) fn is_short(text: &str) -> bool {
    text.chars().count() <= 80 && !text.contains('\n')
}

/// One line of at most `most` characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_keep_what_is_around_them() {
        let (from, to) = ("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nD\ne\nf\ng\nh\n");
        assert_eq!(changed(from, to), ["  b", "  c", "- d", "+ D", "  e", "  f"]);
        assert!(changed(from, from).is_empty());
        assert_eq!(whole('+', "x\ny"), ["+ x", "+ y"]);
        assert_eq!(one_line("a  b\nc", 4), "a b…");
    }
}
