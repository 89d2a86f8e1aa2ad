//! One plan's findings in every form, held to the byte. `UPDATE_EXPECT=1` writes the files anew.

use std::path::Path;

use super::*;
use crate::code;

/// What no form may take for its own markup.
const TEXT: &str = "cutover: 1\nname: \"a, b: 100% <&>\"\ncolour: blue\n";

fn check(form: Form, file: &str) {
    let mut sources = Sources::default();
    let plan = sources.add("plans/a b/plan.yaml", TEXT);
    let sql = sources.add("schemas/a.sql", "create table t (a);\n");
    let at = |text: &str| {
        let start = TEXT.find(text).unwrap();
        Span::new(plan, start..start + text.len())
    };
    let found = [
        Diagnostic::new(&code::UNKNOWN_KEY, "`colour` is not a key of a plan")
            .label(at("colour"), "no such key")
            .help("did you mean `columns`?"),
        Diagnostic::new(
            &code::BASELINE_MISSING_COMPONENT,
            "the name is a, b: 100% <&>\nreally | *so*",
        )
        .label(at("\"a, b: 100% <&>\"\ncolour"), "")
        .label(Span::new(sql, 13..14), "the baseline \"has\" it here")
        .note("over ]]> two lines\r\nof text"),
        Diagnostic::new(&code::REPLACES_TABLE, "what is there is replaced"),
        Diagnostic::new(&code::REPLACES_TABLE, "what is there is replaced"),
        Diagnostic::new(&code::PASSED_OVER, "\u{1b}[31mnot used").label(at("blue"), ""),
    ];
    let sound = Sources::default();
    let groups = [
        Group {
            subject: "plans/a b/plan.yaml",
            is_file: true,
            diagnostics: &found,
            sources: &sources,
        },
        Group { subject: "plans/sound.yaml", is_file: true, diagnostics: &[], sources: &sound },
    ];
    let findings = Findings {
        command: "check",
        exit_code: 1,
        version: "0.1.0",
        groups: &groups,
        paths: &Paths::new("/srv/code/shop", Some("/srv/code".to_owned())),
    };
    let made = write(form, &findings);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(made, std::fs::read_to_string(&path).unwrap_or_default(), "{file}");
}

#[test]
fn sarif() {
    check(Form::Sarif, "findings.sarif");
}

/// The schema is an independent judge: see tests/formats/README.md.
#[test]
fn sarif_is_valid_by_its_schema() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let schema = jsonschema::validator_for(&read("sarif-2.1.0.schema.json")).unwrap();
    let log = read("findings.sarif");
    let errors: Vec<String> = schema
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut broken = log;
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!schema.is_valid(&broken), "a judge that refuses nothing is none");
}

#[test]
fn github() {
    check(Form::Github, "github.txt");
}

#[test]
fn gitlab() {
    check(Form::Gitlab, "gitlab.json");
}

#[test]
fn junit() {
    check(Form::Junit, "junit.xml");
}

#[test]
fn markdown_comment() {
    check(Form::Markdown, "comment.md");
}

#[test]
fn names_are_never_markup() {
    assert_eq!(markdown::code("a`b"), "``a`b``");
    assert_eq!(markdown::code("`"), "`` ` ``");
    assert_eq!(markdown::escaped("a_b <i> `c_d`"), "a\\_b \\<i> `c_d`");
    assert_eq!(markdown::escaped("one ` alone*"), "one \\` alone\\*");
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let mut sources = Sources::default();
    let plan = sources.add("plan.yaml", "a\nb\nc\n");
    let at = |start| {
        Diagnostic::new(&code::UNKNOWN_KEY, "x").label(Span::new(plan, start..start + 1), "")
    };
    let prints = |found: &[Diagnostic]| {
        crate::fingerprint::of(found.iter().map(|one| (one, "plan.yaml".to_owned())))
    };
    assert_eq!(prints(&[at(0), at(2)]), prints(&[at(2), at(4)]));
    let both = prints(&[at(0), at(2)]);
    assert_ne!(both[0], both[1], "each finding has its own");
}
