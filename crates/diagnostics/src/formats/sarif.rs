//! SARIF 2.1.0 (OASIS). Paths are relative to `%SRCROOT%`, as GitHub's code scanning asks for; codes
//! are rules, with their pages as help.

use serde_json::{Value, json};

use super::paths::uri;
use super::{Findings, Group, Place, in_full};
use crate::{Code, Diagnostic, Severity, fingerprint};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const ROOT: &str = "%SRCROOT%";

pub(super) fn write(findings: &Findings<'_>) -> String {
    let rules = rules(findings);
    let prints = fingerprint::of(findings.all().map(|(group, one)| {
        let place = findings.place(group, one);
        (one, place.map(|place| place.path).unwrap_or_default())
    }));
    let results: Vec<Value> = findings
        .all()
        .zip(prints)
        .map(|((group, one), print)| result(findings, group, one, &rules, &print))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cutover",
                "semanticVersion": findings.version,
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": findings.count(Severity::Error) == 0,
                "exitCode": findings.exit_code,
            }],
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": { "text": "the root of the repository" } } },
            "automationDetails": { "id": format!("cutover/{}/", findings.command) },
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// The codes that occur, in the order of their ids.
fn rules(findings: &Findings<'_>) -> Vec<&'static Code> {
    let mut rules: Vec<&'static Code> = findings.all().map(|(_, one)| one.code).collect();
    rules.sort_by_key(|code| code.id);
    rules.dedup();
    rules
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": { "text": code.what },
        "help": {
            "text": format!("{}\n\n`cutover explain {}` tells more", code.what, code.id),
            "markdown": code.page_text(),
        },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(
    findings: &Findings<'_>,
    group: &Group<'_>,
    one: &Diagnostic,
    rules: &[&'static Code],
    print: &str,
) -> Value {
    let mut result = json!({
        "ruleId": one.code.id,
        "ruleIndex": rules.iter().position(|code| code.id == one.code.id),
        "level": level(one.severity()),
        "message": { "text": in_full(one) },
        "partialFingerprints": { "cutover/v1": print },
    });
    if let Some(place) = findings.place(group, one) {
        result["locations"] = json!([location(&place)]);
    }
    let related = one.labels.iter().enumerate().skip(1).map(|(id, label)| {
        let mut location = location(&findings.place_of(group, label.span));
        location["id"] = json!(id);
        if !label.text.is_empty() {
            location["message"] = json!({ "text": label.text });
        }
        location
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn location(place: &Place) -> Value {
    let artifact = if place.path.starts_with('/') {
        json!({ "uri": format!("file://{}", uri(&place.path)) })
    } else {
        json!({ "uri": uri(&place.path), "uriBaseId": ROOT })
    };
    let mut physical = json!({ "artifactLocation": artifact });
    if let Some(region) = place.region {
        physical["region"] = json!({
            "startLine": region.line, "startColumn": region.column,
            "endLine": region.end_line, "endColumn": region.end_column,
        });
    }
    json!({ "physicalLocation": physical })
}
