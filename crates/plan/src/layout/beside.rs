//! Comments behind lines that follow one another begin in one column, so that they read as a table.

/// Lines that end behind this column have their comment two blanks behind them and move no other.
const FARTHEST: usize = 72;
const APART: usize = 2;

/// `text` with its comments moved right; `starts` are the places of the `#` of those behind something,
/// in order, each one blank or more behind what is before it.
pub(super) fn aligned(text: &str, starts: &[usize]) -> String {
    let mut out = String::with_capacity(text.len() + starts.len() * APART);
    let mut from = 0;
    for run in runs(text, starts) {
        let widths: Vec<usize> = run.iter().map(|&start| width(text, start)).collect();
        let widest = widths.iter().copied().filter(|width| *width <= FARTHEST).max().unwrap_or(0);
        for (&start, width) in run.iter().zip(widths) {
            let before = text[from..start].trim_end_matches(' ');
            out.push_str(before);
            out.extend(std::iter::repeat_n(' ', widest.saturating_sub(width) + APART));
            from = start;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Those on neighbouring lines.
fn runs<'s>(text: &str, starts: &'s [usize]) -> impl Iterator<Item = &'s [usize]> {
    starts.chunk_by(|&one, &next| text[one..next].matches('\n').count() == 1)
}

/// Characters before the comment on its line.
fn width(text: &str, start: usize) -> usize {
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    text[line..start].trim_end_matches(' ').chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_column_and_long_lines_move_nobody() {
        let long = "x".repeat(FARTHEST + 1);
        let text =
            format!("a: 1 # one\nbcd: 2 # ü\ne: {long} # long\n\nf: 3 # alone\n# own\ng: 4\n");
        let starts: Vec<usize> = ["# one", "# ü", "# long", "# alone"]
            .iter()
            .filter_map(|comment| text.find(comment))
            .collect();
        let expected = format!(
            "a: 1    # one\nbcd: 2  # ü\ne: {long}  # long\n\nf: 3  # alone\n# own\ng: 4\n"
        );
        assert_eq!(aligned(&text, &starts), expected);
    }
}
