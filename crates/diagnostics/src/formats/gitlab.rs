//! GitLab's code quality report: a JSON array with the fields that "Code Quality report format" of its
//! manual requires.

use serde_json::{Value, json};

use super::{Findings, Place, in_full};
use crate::{Severity, fingerprint};

pub(super) fn write(findings: &Findings<'_>) -> String {
    let placed: Vec<_> = findings
        .all()
        .map(|(group, one)| {
            let place = findings.place(group, one);
            // The report takes no finding without a path.
            let path = findings.paths.in_repository(group.subject);
            (one, place.unwrap_or(Place { path, region: None }))
        })
        .collect();
    let prints = fingerprint::of(placed.iter().map(|(one, place)| (*one, place.path.clone())));
    let all = placed.iter().zip(prints).map(|((one, place), print)| {
        json!({
            "description": format!("{}: {}", one.code.id, in_full(one)),
            "check_name": one.code.name,
            "fingerprint": print,
            "severity": severity(one.severity()),
            "location": {
                "path": place.path,
                "lines": { "begin": place.region.map_or(1, |region| region.line) },
            },
        })
    });
    format!("{:#}\n", Value::Array(all.collect()))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Note => "info",
    }
}
