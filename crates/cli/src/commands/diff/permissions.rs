//! Windows of exposure and waivers that a change opens, alters or ends, in each form of the answer.

use std::fmt::Write as _;

use compiler::review::{Permission, Subject, Turn, change_in_words};
use serde_json::{Value, json};

use super::review::Review;
use super::text::sides;
use super::{json as machine, markdown};
use crate::io::Terminal;
use crate::ui::prose;
use crate::ui::style::{bold, dim, green, red, yellow};

/// What stands under an entry begins here.
const INDENT: &str = "      ";

/// Nothing where the review has none of them.
pub(super) fn text(review: &Review, terminal: Terminal) -> String {
    let mut out = String::new();
    let mut heading = None;
    for one in &review.permissions {
        if heading.replace(one.subject) != Some(one.subject) {
            let _ = write!(out, "\n{}\n", bold(title(one.subject), terminal));
        }
        let (sign, colour): (_, fn(&str, Terminal) -> String) = match one.turn {
            Turn::Added => ("+", yellow),
            Turn::Changed => ("~", yellow),
            Turn::Expired => ("!", red),
            Turn::Removed => ("-", green),
        };
        let place = places(one).map(|at| format!("  {}", dim(&format!("({at})"), terminal)));
        let expired = if one.turn == Turn::Expired { " has expired" } else { "" };
        let name = format!("{}{expired}{}", one.name, place.unwrap_or_default());
        let _ = writeln!(out, "  {} {name}", colour(sign, terminal));
        out.push_str(&prose::below(&said(one, |value| format!("`{value}`")), INDENT, terminal));
    }
    out
}

pub(super) fn markdown(review: &Review) -> String {
    let mut out = String::new();
    let mut heading = None;
    for one in &review.permissions {
        if heading.replace(one.subject) != Some(one.subject) {
            let title = title(one.subject);
            let _ = write!(out, "\n#### {}{}\n\n", title[..1].to_uppercase(), &title[1..]);
        }
        let said = match one.turn {
            Turn::Changed => said(one, markdown::code),
            Turn::Added | Turn::Expired | Turn::Removed => markdown::escaped(&one.says),
        };
        let _ = write!(out, "- {} **{}**: {said}", markdown::code(&one.name), one.turn.word());
        if let Some(places) = places(one) {
            let _ = write!(out, " <sub>{}</sub>", markdown::escaped(&places));
        }
        out.push('\n');
    }
    out
}

pub(super) fn json(review: &Review, subject: Subject) -> Vec<Value> {
    let of_subject = review.permissions.iter().filter(|one| one.subject == subject);
    let value = |one: &Permission| {
        json!({
            "change": one.turn.word(),
            "name": one.name,
            "says": one.says,
            "changes": machine::changes(&one.changes),
            "from": machine::place(one.from.as_ref(), None),
            "to": machine::place(one.to.as_ref(), None),
        })
    };
    of_subject.map(value).collect()
}

fn title(subject: Subject) -> &'static str {
    match subject {
        Subject::Window => "windows of exposure",
        Subject::Waiver => "waivers",
    }
}

fn said(one: &Permission, quote: impl Fn(&str) -> String) -> String {
    if one.changes.is_empty() {
        return one.says.clone();
    }
    let words = one.changes.iter().map(|change| {
        change_in_words(&change.property, change.from.as_deref(), change.to.as_deref(), &quote)
    });
    words.collect::<Vec<_>>().join("; ")
}

fn places(one: &Permission) -> Option<String> {
    sides(one.from.as_ref(), one.to.as_ref())
}
