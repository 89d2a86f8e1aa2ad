//! For a terminal: one line per object under the table it is on.

use catalog::{Gravity, ObjectKey};
use compiler::review::{Entry, PropertyChange, Sort, change_in_words};
use ir::Origin;

use super::lines;
use super::permissions;
use super::review::{Item, Review};
use crate::io::Terminal;
use crate::ui::prose;
use crate::ui::style::{bold, dim, green, red, yellow};

/// Characters of a definition in a line.
const MOST: usize = 100;

pub(super) fn render(review: &Review, terminal: Terminal) -> String {
    // Colours were decided by stderr, this goes to stdout.
    let colour = terminal.colour && (terminal.stdout || !terminal.stderr);
    let terminal = Terminal { colour, ..terminal };
    let mut out = head(review, terminal);
    out.push_str(&lost(review, terminal));
    out.push_str(&permissions::text(review, terminal));
    let mut group = None;
    for item in review.items.iter().filter(|item| item.loss.is_none()) {
        let entry = &item.entry;
        if group != Some(&entry.group) {
            out.push_str(&format!("\n{}\n", bold(&title(&entry.group), terminal)));
            group = Some(&entry.group);
        }
        out.push_str(&one(item, &name(entry), terminal));
    }
    out + &format!("\n{}", prose::facts(facts(review), terminal))
}

fn head(review: &Review, terminal: Terminal) -> String {
    if review.is_equal() {
        let text = format!("equal: {} and {}", review.from.name, review.to.name);
        return green(&text, terminal) + "\n";
    }
    let count = bold(&review.count(), terminal);
    let line = format!("{} → {}: {count}", review.from.name, review.to.name);
    prose::hanging(&line, "", "  ", terminal)
}

/// What a baseline loses stands before everything else, each with its table.
fn lost(review: &Review, terminal: Terminal) -> String {
    let lost = review.lost().map(|item| one(item, &item.entry.key.to_string(), terminal));
    let lost: String = lost.collect();
    if lost.is_empty() {
        return lost;
    }
    format!("\n{}\n{lost}", bold("removed from the baseline", terminal))
}

fn facts(review: &Review) -> Vec<(&'static str, String)> {
    let compared = match &review.from.via {
        catalog::Via::Engine(engine) => format!("by {engine}"),
        catalog::Via::Syntax(reason) => {
            format!("by syntax alone, because {reason}; what is written differently may be equal")
        }
    };
    vec![("compared", compared)]
}

fn one(item: &Item, name: &str, terminal: Terminal) -> String {
    let entry = &item.entry;
    let (sign, colour): (_, fn(&str, Terminal) -> String) = match entry.sort {
        Sort::Removed => ("-", red),
        Sort::Changed => ("~", yellow),
        Sort::Added => ("+", green),
    };
    let (said, remarks) = (sentence(entry, name), format!("({})", remarks(item)));
    let head = format!("  {} ", colour(sign, terminal));
    let fits = 6 + said.chars().count() + remarks.chars().count() <= terminal.width;
    let remarks = dim(&remarks, terminal);
    let mut out = match fits || !terminal.stdout {
        true => format!("{head}{said}  {remarks}\n"),
        false => {
            prose::hanging(&said, &head, "    ", terminal)
                + &prose::hanging(&remarks, "      ", "      ", terminal)
        }
    };
    if let Some(loss) = &item.loss {
        let text = match &loss.retired {
            Some(entry) => format!(
                "retired by {} from {}: {}",
                entry.owner.value, entry.date.value, entry.reason.value
            ),
            None => red("not retired: the baseline must keep it", terminal),
        };
        out.push_str(&format!("      {text}\n"));
    }
    for line in long_changes(entry) {
        let line = match line.as_bytes().first() {
            Some(b'-') => red(&line, terminal),
            Some(b'+') => green(&line, terminal),
            _ => line,
        };
        out.push_str(&format!("      {line}\n"));
    }
    out
}

/// `column total: data type `integer` → `bigint``
fn sentence(entry: &Entry, name: &str) -> String {
    let with = match entry.with {
        0 => String::new(),
        count => format!(", with {} of its own", diagnostics::plural(count, "object")),
    };
    let said = match &entry.summary {
        Some(summary) => lines::one_line(summary, MOST),
        None => changes(entry, |value| format!("`{value}`")),
    };
    let colon = if said.is_empty() { "" } else { ": " };
    format!("{name}{colon}{said}{with}")
}

/// What changed; long values are shown apart.
pub(super) fn changes(entry: &Entry, quote: impl Fn(&str) -> String) -> String {
    let words = entry.changes.iter().map(|change| {
        if is_long(change) {
            return format!("{} changed", change.property);
        }
        change_in_words(&change.property, change.from.as_deref(), change.to.as_deref(), &quote)
    });
    words.collect::<Vec<_>>().join("; ")
}

fn is_long(change: &PropertyChange) -> bool {
    let long = |value: &Option<String>| value.as_deref().is_some_and(|v| !lines::is_short(v));
    long(&change.from) || long(&change.to)
}

/// What is too long for a sentence, line by line.
fn long_changes(entry: &Entry) -> Vec<String> {
    if entry.changes.iter().any(is_long) { changed_lines(entry) } else { Vec::new() }
}

/// The statements as they were written; where there are none, or both say the same, the engine's
/// own words.
pub(super) fn changed_lines(entry: &Entry) -> Vec<String> {
    if let (Some(from), Some(to)) = (&entry.from_sql, &entry.to_sql)
        && from != to
    {
        return lines::changed(&format!("{from};"), &format!("{to};"));
    }
    let value = |side: &Option<String>| side.clone().unwrap_or_default();
    let long = entry.changes.iter().filter(|change| is_long(change));
    long.flat_map(|change| lines::changed(&value(&change.from), &value(&change.to))).collect()
}

/// `critical; main:schemas/shop.sql:12 → schemas/shop.sql:14`
fn remarks(item: &Item) -> String {
    let mut remarks = vec![gravity(item.entry.gravity).to_owned()];
    remarks.extend(places(&item.entry));
    if item.in_baseline_alone {
        remarks.push("in the baseline alone".to_owned());
    }
    remarks.join("; ")
}

pub(super) fn gravity(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Critical => "critical",
        Gravity::Major => "major",
        Gravity::Minor => "minor",
    }
}

/// Where it was and is, as far as there are files: `old.sql:12 → new.sql:14`, and `new.sql:12 → 14`
/// where it is one file at two revisions.
pub(super) fn places(entry: &Entry) -> Option<String> {
    sides(entry.from.as_ref(), entry.to.as_ref())
}

pub(super) fn sides(from: Option<&Origin>, to: Option<&Origin>) -> Option<String> {
    let place = |at: &Origin| format!("{}:{}", at.file, at.line);
    Some(match (from, to) {
        (Some(from), Some(to)) if is_revision(&from.file, &to.file) && from.line == to.line => {
            place(to)
        }
        (Some(from), Some(to)) if is_revision(&from.file, &to.file) => {
            format!("{}:{} → {}", to.file, from.line, to.line)
        }
        (Some(from), Some(to)) => format!("{} → {}", place(from), place(to)),
        (Some(one), None) | (None, Some(one)) => place(one),
        (None, None) => return None,
    })
}

/// `main:a.sql` of `a.sql`.
fn is_revision(old: &str, new: &str) -> bool {
    old.strip_suffix(new).is_some_and(|before| before.is_empty() || before.ends_with(':'))
}

/// A heading: `table orders`; `schema` for the one under comparison.
pub(super) fn title(group: &ObjectKey) -> String {
    group.to_string().trim_end().to_owned()
}

/// The object below its heading.
pub(super) fn name(entry: &Entry) -> String {
    let key = &entry.key;
    if *key == entry.group {
        return format!("the {}", key.kind.word());
    }
    match key.kind {
        catalog::Kind::Grant if key.parent.starts_with("column ") => key.to_string(),
        catalog::Kind::Grant => format!("grant to {}", key.name),
        _ => format!("{} {}", key.kind.word(), key.name),
    }
}
