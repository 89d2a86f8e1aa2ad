//! A comment in a pull request: one line that says it all, what is removed on top, SQL folded away.

use std::fmt::Write as _;

use catalog::{Gravity, Kind, Via};
use compiler::review::{Entry, Sort};

use super::lines;
use super::permissions;
use super::review::{Item, Review};
use super::text::{changed_lines, changes, name, places, title};

/// GitHub refuses comments of more than 65,536 characters.
const MOST: usize = 60_000;
/// Characters of a definition in a line.
const LINE: usize = 120;

pub(super) fn render(review: &Review) -> String {
    let mut out = head(review);
    let lost = section("Removed from the baseline", review.lost());
    let sections = Sort::ALL.iter().map(|&sort| {
        section(title_of(sort), review.of_sort(sort).filter(|item| item.loss.is_none()))
    });
    out.push_str(&cut(&(lost + &permissions::markdown(review) + &sections.collect::<String>())));
    let sql = sql(review);
    if out.len() + sql.len() <= MOST {
        out.push_str(&sql);
    } else {
        out.push_str("\nThe SQL is too long for a comment: `cutover diff` shows it.\n");
    }
    out + &format!("\n<sub>{}</sub>\n", compared(review))
}

fn head(review: &Review) -> String {
    let (from, to) = (code(&review.from.name), code(&review.to.name));
    if review.is_equal() && review.permissions.is_empty() && review.findings.is_empty() {
        return format!("**Schema: no difference** between {from} and {to}\n");
    }
    let mut out = format!("**Schema: {}** from {from} to {to}\n", review.count());
    for finding in &review.findings {
        let _ = write!(out, "\n> **{}** {}", finding.code.id, escaped(&finding.message));
        if let Some(help) = &finding.help {
            let _ = write!(out, "  \n> {}", escaped(help));
        }
        out.push('\n');
    }
    out
}

fn title_of(sort: Sort) -> &'static str {
    match sort {
        Sort::Removed => "Removed",
        Sort::Changed => "Changed",
        Sort::Added => "Added",
    }
}

/// Nothing where there is no item.
fn section<'a>(title: &str, items: impl Iterator<Item = &'a Item>) -> String {
    let mut out = String::new();
    let mut group = None;
    for item in items {
        if out.is_empty() {
            let _ = write!(out, "\n#### {title}\n\n");
        }
        let entry = &item.entry;
        if entry.key == entry.group {
            let _ = writeln!(out, "- {}", line(item, &coded(entry.key.kind.word(), entry)));
        } else {
            if group != Some(&entry.group) {
                let _ = writeln!(out, "- {}", heading(entry));
            }
            let _ = writeln!(out, "  - {}", line(item, &short(entry)));
        }
        group = Some(&entry.group);
    }
    out
}

/// `table `orders``
fn heading(entry: &Entry) -> String {
    let title = title(&entry.group);
    match title.strip_prefix(entry.group.kind.word()).map(str::trim_start) {
        Some("") | None => title,
        Some(name) => format!("{} {}", entry.group.kind.word(), code(name)),
    }
}

fn coded(word: &str, entry: &Entry) -> String {
    format!("{word} {}", code(&entry.key.name))
}

/// The object below its heading, its name set as code.
fn short(entry: &Entry) -> String {
    let name = name(entry);
    let word = entry.key.kind.word();
    match name.strip_prefix(word).map(str::trim_start) {
        Some(rest) if entry.key.kind == Kind::Grant => {
            let role = rest.strip_prefix("to ").map(|role| format!("to {}", code(role)));
            format!("{word} {}", role.unwrap_or_else(|| code(rest)))
        }
        Some(rest) => format!("{word} {}", code(rest)),
        None => name,
    }
}

fn line(item: &Item, name: &str) -> String {
    let entry = &item.entry;
    let mut out = name.to_owned();
    let said = match &entry.summary {
        Some(summary) => code(summary),
        None => changes(entry, code),
    };
    if !said.is_empty() {
        let _ = write!(out, ": {said}");
    }
    if entry.with > 0 {
        let _ = write!(out, ", with {} of its own", diagnostics::plural(entry.with, "object"));
    }
    if entry.sort == Sort::Changed && entry.gravity == Gravity::Critical {
        out.push_str(" · **critical**");
    }
    if item.in_baseline_alone {
        out.push_str(" · in the baseline alone");
    }
    if let Some(loss) = &item.loss {
        let _ = match &loss.retired {
            None => write!(out, " · **not retired**"),
            Some(entry) => write!(
                out,
                " · retired by {} from {}: {}",
                escaped(&entry.owner.value),
                entry.date.value,
                escaped(&entry.reason.value)
            ),
        };
    }
    if let Some(places) = places(entry) {
        let _ = write!(out, " <sub>{}</sub>", escaped(&places));
    }
    out
}

/// Statements of what is gone, changed and new, as one diff that can be unfolded.
fn sql(review: &Review) -> String {
    let mut texts: Vec<String> = Vec::new();
    for item in &review.items {
        let text = statements(&item.entry).join("\n");
        // One statement may grant on many tables.
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        return String::new();
    }
    let body = texts.join("\n\n");
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    format!("\n<details><summary>SQL</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n")
}

fn statements(entry: &Entry) -> Vec<String> {
    let ended = |sql: &str| format!("{sql};");
    match (&entry.from_sql, &entry.to_sql, entry.sort) {
        (Some(sql), _, Sort::Removed) => lines::whole('-', &ended(sql)),
        (_, Some(sql), Sort::Added) => lines::whole('+', &ended(sql)),
        _ => named(entry, changed_lines(entry)),
    }
}

/// A title where the lines around a change do not show what is changed.
fn named(entry: &Entry, lines: Vec<String>) -> Vec<String> {
    let starts = |sql: &Option<String>| {
        let first = sql.as_deref().and_then(|sql| sql.lines().next());
        first.is_some_and(|first| lines.iter().any(|line| line[1..].trim().starts_with(first)))
    };
    if lines.is_empty() || starts(&entry.from_sql) {
        return lines;
    }
    std::iter::once(format!("  -- {}", entry.key)).chain(lines).collect()
}

fn compared(review: &Review) -> String {
    match &review.from.via {
        Via::Engine(engine) => format!("compared by {}", escaped(engine)),
        Via::Syntax(reason) => format!(
            "compared by syntax alone, because {}; what is written differently may be equal",
            escaped(reason)
        ),
    }
}

/// Whole lines, as many as a comment takes.
fn cut(text: &str) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        if out.len() + line.len() > MOST {
            let left = text.lines().skip(at).filter(|line| line.contains("- ")).count();
            let _ = writeln!(out, "\nand {left} more");
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// A code span (CommonMark 0.31, 6.1): fenced by more backticks than it holds.
pub(super) fn code(text: &str) -> String {
    let line = lines::one_line(text, LINE);
    let fence = "`".repeat(longest_run(&line) + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Words of people: nothing in them is markup, but code spans of our own messages stay.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        in_code ^= c == '`';
        if !in_code && matches!(c, '\\' | '*' | '_' | '<' | '[' | ']' | '#' | '|' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_markup() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(escaped("a_b <i> `c_d`"), "a\\_b \\<i> `c_d`");
    }

    #[test]
    fn a_comment_has_a_longest_length() {
        let text = "- x\n".repeat(MOST);
        let cut = cut(&text);
        assert!(cut.len() < MOST + 100 && cut.ends_with(" more\n"), "{}", &cut[cut.len() - 20..]);
    }
}
