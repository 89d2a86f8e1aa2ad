//! For programs.

use catalog::Via;
use compiler::review::{Entry, PropertyChange, Subject};
use diagnostics::{Diagnostic, JsonDiagnostic};
use ir::Origin;
use serde_json::{Value, json};

use super::permissions;
use super::read::Read;
use super::review::{Item, Review};
use super::text::gravity;
use crate::ui;

pub(super) fn render(review: &Review, exit: u8) -> String {
    let fields = json!({
        "equal": review.is_equal(),
        "from": side(&review.from),
        "to": side(&review.to),
        "differences": review.items.iter().map(item).collect::<Vec<_>>(),
        "windows": permissions::json(review, Subject::Window),
        "waivers": permissions::json(review, Subject::Waiver),
        "diagnostics": diagnostics(review),
    });
    ui::json::answer("diff", exit, fields)
}

/// What was left out of each side, then what is wrong.
fn diagnostics(review: &Review) -> Vec<JsonDiagnostic> {
    let of = |list: &[Diagnostic], sources| -> Vec<JsonDiagnostic> {
        list.iter().map(|one| JsonDiagnostic::new(one, sources)).collect()
    };
    let Review { from, to, findings, .. } = review;
    [of(&from.notes, &from.sources), of(&to.notes, &to.sources), of(findings, &to.sources)]
        .into_iter()
        .flatten()
        .collect()
}

fn side(read: &Read) -> Value {
    let compared_by = match &read.via {
        Via::Engine(engine) => json!({ "engine": engine }),
        Via::Syntax(reason) => json!({ "syntax": reason }),
    };
    json!({ "name": read.name, "compared_by": compared_by })
}

fn item(item: &Item) -> Value {
    let Entry { key, group, .. } = &item.entry;
    let entry = &item.entry;
    let mut value = json!({
        "change": entry.sort.word(),
        "component": key.to_string(),
        "key": key,
        "group": super::text::title(group),
        "gravity": gravity(entry.gravity),
        "changes": changes(&entry.changes),
        "with": entry.with,
        "summary": entry.summary,
        "from": place(entry.from.as_ref(), entry.from_sql.as_deref()),
        "to": place(entry.to.as_ref(), entry.to_sql.as_deref()),
        "in_baseline_alone": item.in_baseline_alone,
    });
    if let Some(loss) = &item.loss {
        value["lost_by_baseline"] = json!({
            "retired": loss.retired.as_ref().map(|entry| json!({
                "reason": entry.reason.value,
                "owner": entry.owner.value,
                "date": entry.date.value,
            })),
        });
    }
    value
}

pub(super) fn changes(changes: &[PropertyChange]) -> Vec<Value> {
    let change = |change: &PropertyChange| {
        json!({
            "property": change.property,
            "from": change.from,
            "to": change.to,
            "gravity": gravity(change.gravity),
        })
    };
    changes.iter().map(change).collect()
}

/// `null` where there is no file.
pub(super) fn place(at: Option<&Origin>, sql: Option<&str>) -> Value {
    at.map_or(
        Value::Null,
        |at| json!({ "file": at.file, "line": at.line, "column": at.column, "sql": sql }),
    )
}
