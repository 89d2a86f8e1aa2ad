//! JUnit's XML as CI servers read it: a suite per thing that was looked at, a failed test per error.
//! What is no error is a passed test with output, so that it is seen and fails nothing.

use std::fmt::Write as _;

use super::{Findings, Group, in_full};
use crate::Diagnostic;

pub(super) fn write(findings: &Findings<'_>) -> String {
    let suites: String = findings.groups.iter().map(|group| suite(findings, group)).collect();
    let tests: usize = findings.groups.iter().map(|group| tests(group)).sum();
    let failures: usize = findings.groups.iter().map(failures).sum();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"cutover {}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n\
         {suites}</testsuites>\n",
        escaped(findings.command)
    )
}

/// Where nothing was found, that is the one test.
fn tests(group: &Group<'_>) -> usize {
    group.diagnostics.len().max(1)
}

fn failures(group: &Group<'_>) -> usize {
    group.diagnostics.iter().filter(|one| one.is_error()).count()
}

fn suite(findings: &Findings<'_>, group: &Group<'_>) -> String {
    let name = escaped(group.subject);
    let mut out = format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
        tests(group),
        failures(group)
    );
    if group.diagnostics.is_empty() {
        let command = escaped(findings.command);
        let _ = writeln!(out, "    <testcase classname=\"{name}\" name=\"{command}\"/>");
    }
    for one in group.diagnostics {
        out.push_str(&case(findings, group, one));
    }
    out + "  </testsuite>\n"
}

fn case(findings: &Findings<'_>, group: &Group<'_>, one: &Diagnostic) -> String {
    let place = findings.place(group, one);
    let file = place.as_ref().map(|it| format!(" file=\"{}\"", escaped(&it.path)));
    let line = place.as_ref().and_then(|it| it.region).map(|it| format!(" line=\"{}\"", it.line));
    let at = match (&place, place.as_ref().and_then(|it| it.region)) {
        (Some(it), Some(region)) => format!("\n{}:{}:{}", it.path, region.line, region.column),
        (Some(it), None) => format!("\n{}", it.path),
        (None, _) => String::new(),
    };
    let text = escaped(&format!("{}{at}", in_full(one)));
    let body = if one.is_error() {
        let (message, kind) = (escaped(&one.message), one.code.name);
        format!("<failure message=\"{message}\" type=\"{kind}\">{text}</failure>")
    } else {
        format!("<system-out>{}: {text}</system-out>", one.severity())
    };
    format!(
        "    <testcase classname=\"{}\" name=\"{} {}\"{}{}>{body}</testcase>\n",
        escaped(group.subject),
        one.code.id,
        escaped(&one.message),
        file.unwrap_or_default(),
        line.unwrap_or_default(),
    )
}

/// XML 1.0: markup is escaped; in attributes line ends would become blanks, so they are escaped too;
/// characters outside of production 2 (`Char`) cannot be written at all.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\u{0}'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
