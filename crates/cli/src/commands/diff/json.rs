//! For programs.

use catalog::Via;
use compiler::review::Entry;
use ir::Origin;
use serde_json::{Value, json};

use super::read::Read;
use super::review::{Item, Review};
use super::text::gravity;
use crate::ui;

pub(super) fn render(review: &Review, exit: u8) -> String {
    let fields = json!({
        "equal": review.items.is_empty(),
        "from": side(&review.from),
        "to": side(&review.to),
        "differences": review.items.iter().map(item).collect::<Vec<_>>(),
        "diagnostics": ui::json::diagnostics(&review.findings, &review.to.sources),
    });
    ui::json::answer("diff", exit, fields)
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
    let changes = entry.changes.iter().map(|change| {
        json!({
            "property": change.property,
            "from": change.from,
            "to": change.to,
            "gravity": gravity(change.gravity),
        })
    });
    let mut value = json!({
        "change": entry.sort.word(),
        "component": key.to_string(),
        "key": key,
        "group": super::text::title(group),
        "gravity": gravity(entry.gravity),
        "changes": changes.collect::<Vec<_>>(),
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

/// `null` where there is no file.
fn place(at: Option<&Origin>, sql: Option<&str>) -> Value {
    at.map_or(
        Value::Null,
        |at| json!({ "file": at.file, "line": at.line, "column": at.column, "sql": sql }),
    )
}
