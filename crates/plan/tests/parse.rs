//! Plans from text to model and findings.

use diagnostics::{Sources, render};

/// The findings of `text` as a person reads them.
fn findings(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("plan.yaml", plan::redact(text).into_owned());
    let (_, findings) = plan::parse(id, text);
    findings.iter().map(|finding| render(finding, &sources)).collect()
}

#[test]
fn a_plan_with_every_key_has_no_finding() {
    assert_eq!(findings(include_str!("corpus/good/everything.yaml")), "");
}
