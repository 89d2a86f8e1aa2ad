//! The layout of plans: what it changes, and that it changes nothing else.
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

use std::fs;
use std::path::{Path, PathBuf};

use diagnostics::{Sources, code};
use plan::lay_out;
use proptest::prelude::*;

fn laid_out(text: &str) -> String {
    let id = Sources::default().add("plan.yaml", text);
    lay_out(id, text).unwrap_or_else(|findings| panic!("{findings:?}\n{text}"))
}

#[track_caller]
fn becomes(before: &str, after: &str) {
    let once = laid_out(before);
    assert_eq!(once, after, "laid out:\n{once}");
    assert_eq!(laid_out(&once), once, "not the same when laid out again");
}

#[test]
fn known_keys_take_the_order_of_the_reference_and_names_keep_theirs() {
    becomes(
        "run: {lock_timeout: 2s,connections: 2}\n\
         components:\n    tables:\n        b: {primary_key: id, columns: {z: int, a: int}}\n        \
         a:\n            primary_key: id\n            columns:\n                id: bigint\n    include: [x.sql]\n\
         name:   shop\ncutover: 1\n",
        "cutover: 1\nname: shop\n\
         \ncomponents:\n  include: [x.sql]\n  tables:\n    b: { columns: { z: int, a: int }, primary_key: id }\n    \
         a:\n      columns:\n        id: bigint\n      primary_key: id\n\
         \nrun: { connections: 2, lock_timeout: 2s }\n",
    );
}

#[test]
fn comments_go_with_what_they_belong_to() {
    becomes(
        "# the head stays on top\nname: shop   # beside\n\n\n# of the version\ncutover: 1\n\
         components:\n  # of the tables\n  tables:\n    a: x\n    # closes the tables\n\n  # of the include\n  \
         include: y.sql\nload:   # beside a mapping\n    a: none\n# foot\n",
        "# the head stays on top\n\n# of the version\ncutover: 1\nname: shop  # beside\n\
         \ncomponents:\n  # of the include\n  include: y.sql\n  # of the tables\n  tables:\n    a: x\n    \
         # closes the tables\n\nload:  # beside a mapping\n  a: none\n# foot\n",
    );
}

#[test]
fn texts_of_every_style_keep_their_words() {
    becomes(
        "stages:\n      one:\n            sql: |-\n                 select 1\n                   , 2\n\n                 -- end\n      \
         two: >+\n          folded\n          text\n\n      three: \"a\n         b\"\n      four: plain\n         words # beside\n",
        "stages:\n  one:\n    sql: |-\n      select 1\n        , 2\n\n      -- end\n  \
         two: >+\n    folded\n    text\n\n  three: \"a\n    b\"\n  four: plain\n    words  # beside\n",
    );
    becomes(
        "a: |1\n   x\n  y\nb: 'it''s'\n",
        "a: |2\n    x\n   y\n\nb: 'it''s'\n".replace("\n\n", "\n").as_str(),
    );
}

#[test]
fn lists_are_indented_and_long_ones_are_broken() {
    becomes(
        "checks:\n  after:\n  - # why\n    sql: select 1\n    name: one\n  - {name: two, sql: select 2}\nwaivers: []\n",
        "checks:\n  after:\n    # why\n    - name: one\n      sql: select 1\n    - { name: two, sql: select 2 }\n\nwaivers: []\n",
    );
    let long = "x".repeat(80);
    becomes(
        &format!("constraints:\n  c: {{ table: {long}, unique: [{long}] }}\n"),
        &format!("constraints:\n  c:\n    table: {long}\n    unique: [{long}]\n"),
    );
}

#[test]
fn anchors_stay_before_their_aliases() {
    becomes(
        "load: &none {a: none}\ncomponents:\n    tables: &t\n        a: x\nname: *none\n",
        "load: &none { a: none }\n\ncomponents:\n  tables: &t\n    a: x\n\nname: *none\n",
    );
}

#[test]
fn what_is_no_yaml_is_said_and_what_cannot_be_laid_out_is_left() {
    let refused = |text: &str| {
        let id = Sources::default().add("plan.yaml", text);
        lay_out(id, text).expect_err(text).remove(0).code
    };
    assert_eq!(refused("a: [1\n").id, code::YAML_SYNTAX.id);
    assert_eq!(refused("a: 1\na: 2\n").id, code::DUPLICATE_KEY.id);
    assert_eq!(refused("? a\n# between\n: 1\n? [b]\n: 2\n").id, code::YAML_SYNTAX.id);
    assert_eq!(refused("x: 1\n&name: select: 2\n").id, code::LAYOUT_REFUSED.id);
    assert_eq!(refused("key: |+\n  x\nlist:\n  - a\n").id, code::LAYOUT_REFUSED.id);
}

fn plans_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            plans_under(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

/// Its dash is where an item of a list begins, wherever its keys are.
#[test]
fn a_comment_below_the_keys_of_an_item_stays_with_them() {
    let once = laid_out("- b: 1\n    # c\n- a\n");
    assert_eq!(once, "- b: 1\n  # c\n\n- a\n");
    assert_eq!(laid_out(&once), once);
}

/// None is refused but for what is no YAML.
#[test]
fn every_plan_of_the_repository_is_laid_out_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut plans = Vec::new();
    for folder in ["plans", "tests/plans", "crates/compiler/tests", "crates/plan/tests"] {
        plans_under(&root.join(folder), &mut plans);
    }
    assert!(plans.len() > 20, "{plans:?}");
    for path in plans {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let id = Sources::default().add("plan.yaml", text.as_str());
        match lay_out(id, &text) {
            Ok(once) => assert_eq!(laid_out(&once), once, "{}", path.display()),
            Err(findings) => {
                assert_ne!(findings[0].code.id, code::LAYOUT_REFUSED.id, "{}", path.display());
            }
        }
    }
}

proptest! {
    /// Whatever the text: no panic, and what comes out comes out again.
    #[test]
    fn any_text_is_laid_out_once_or_refused(lines in prop::collection::vec(line(), 0..14)) {
        let text = lines.join("\n");
        let id = Sources::default().add("plan.yaml", text.as_str());
        if let Ok(once) = lay_out(id, &text) {
            prop_assert_eq!(laid_out(&once), once);
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "name: x",
        "tables:",
        "- a",
        "- b: 1",
        "# c",
        "",
        "sql: |",
        "text",
        "b: { c: [d, 'e'] }",
        "d: [",
        "]",
        "e: \"f",
        "g\"",
        "&a x",
        "*a",
        "f: >-",
        "  g",
        "k: # l",
        "run: {a: 1, # m",
    ]);
    (0usize..4, piece).prop_map(|(depth, piece)| format!("{}{piece}", "  ".repeat(depth)))
}
