//! What the reader makes of YAML, good and bad.

mod limits;
mod places;

use diagnostics::{Sources, render};

use super::*;

/// The document and the findings as text.
fn read_text(text: &str) -> (Document, String) {
    let mut sources = Sources::default();
    let id = sources.add("plan.yaml", text);
    let document = read(id, text);
    let shown = document.findings.iter().map(|finding| render(finding, &sources)).collect();
    (document, shown)
}

fn findings(text: &str) -> String {
    read_text(text).1
}

/// One line per value: its path, its text, its place in the file.
fn outline(text: &str) -> String {
    fn walk(node: &Node, path: &str, text: &str, out: &mut String) {
        match &node.kind {
            Kind::Scalar(scalar) => {
                let source = &text[node.span.range()];
                out.push_str(&format!("{path} = {:?} from {source:?}\n", scalar.text.text));
            }
            Kind::Sequence(items) => {
                for (nth, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}[{nth}]"), text, out);
                }
            }
            Kind::Mapping(entries) => {
                for entry in entries {
                    walk(&entry.value, &format!("{path}.{}", entry.key.value), text, out);
                }
            }
            Kind::Invalid => out.push_str(&format!("{path} is invalid\n")),
        }
    }
    let (document, shown) = read_text(text);
    let mut out = shown;
    if let Some(root) = &document.root {
        walk(root, "", text, &mut out);
    }
    out
}

#[test]
fn no_text_is_guessed_to_be_something_else() {
    insta::assert_snapshot!(
        outline("a: no\nb: 0123\nc: 1e3\nd: 1_000\ne: ~\nf:\ng: 'é'\nh: \"\\u0041\"\ni: 12:30:45\n"),
        @r#"
    .a = "no" from "no"
    .b = "0123" from "0123"
    .c = "1e3" from "1e3"
    .d = "1_000" from "1_000"
    .e = "~" from "~"
    .f = "" from ""
    .g = "é" from "'é'"
    .h = "A" from "\"\\u0041\""
    .i = "12:30:45" from "12:30:45"
    "#
    );
}

#[test]
fn an_alias_is_the_value_of_its_anchor_with_both_places() {
    insta::assert_snapshot!(
        outline("a: &x {k: v}\nb: [*x, *y]\n"),
        @r#"
    error[PLN101]: no anchor `&y` comes before this
      --> plan.yaml:2:9: `*y` this alias stands for nothing
      help: in YAML a value that starts with `*` is an alias: put a text in quotes
    .a.k = "v" from "v"
    .b[0].k = "v" from "v"
    .b[1] is invalid
    "#
    );
    let (document, _) = read_text("a: &x {k: v}\nb: *x\n");
    let places: Vec<_> =
        document.aliases.iter().map(|a| (a.at.range(), a.definition.range())).collect();
    assert_eq!(places, [(16..18, 6..12)]);
}

#[test]
fn collections_have_the_place_of_their_entries() {
    let text = "a:\n  - x\n  - y: z\n\n# after\nb: { c: d }\n";
    let (document, _) = read_text(text);
    let Some(Node { kind: Kind::Mapping(entries), .. }) = document.root else {
        panic!("a mapping")
    };
    assert_eq!(&text[entries[0].value.span.range()], "- x\n  - y: z");
    assert_eq!(&text[entries[1].value.span.range()], "{ c: d }");
}

#[test]
fn duplicate_keys_show_both_places() {
    insta::assert_snapshot!(findings("a: 1\nb: {c: 1, \"c\": 2}\na: 3\n"), @r#"
    error[PLN105]: `c` is given twice
      --> plan.yaml:2:11: `"c"` given again here
      --> plan.yaml:2:5: `c` first given here
    error[PLN105]: `a` is given twice
      --> plan.yaml:3:1: `a` given again here
      --> plan.yaml:1:1: `a` first given here
    "#);
}

#[test]
fn what_is_not_part_of_the_language_has_its_own_finding() {
    insta::assert_snapshot!(
        findings("a: &x {k: v}\nb: {<<: *x}\nc: !!python/object x\n---\nd: 1\n"),
        @r"
    error[PLN104]: merge keys are not part of the plan language
      --> plan.yaml:2:5: `<<` YAML 1.2 has no merge keys
      help: give each key here, each with an alias (`key: *name`) where it repeats
    error[PLN101]: the tag `!!python/object` is not part of the plan language
      --> plan.yaml:3:4: `!!python/object` a value has the type that its key takes
      help: leave the tag out; put a text that starts with `!` in quotes
    error[PLN103]: the file holds more than one YAML document
      --> plan.yaml:4:1: `---` a second document starts here
      help: give each plan its own file
    "
    );
    insta::assert_snapshot!(findings("{a: 1}: b\n"), @r"
    error[PLN101]: a list or mapping cannot be a key
      --> plan.yaml:1:1: `{` a key is a single word or text
      help: put a text that starts with `{`, `[` or `*` in quotes
    ");
    insta::assert_snapshot!(findings("a: &x b\n*x : c\n"), @r"
    error[PLN101]: an alias cannot be a key
      --> plan.yaml:2:1: `*x` a key is a single word or text
      help: put a text that starts with `{`, `[` or `*` in quotes
    ");
}

#[test]
fn broken_yaml_has_its_place_and_a_way_out() {
    let shown: String = [
        "a: b: c\n",
        "a: 'b\n",
        "a:\n\t- b\n",
        "a: \"\\d\"\n",
        "a: [1, 2\n",
        "a: @b\n",
        "a: [}\n",
        "- a\nb: c\n",
    ]
    .iter()
    .map(|text| findings(text))
    .collect();
    insta::assert_snapshot!(shown, @r#"
    error[PLN101]: the plan is not valid YAML: mapping values are not allowed in this context
      --> plan.yaml:1:5: `:` at this place
      help: put a text that holds `: ` in quotes, or indent the line like its neighbours
    error[PLN101]: the plan is not valid YAML: invalid indentation in multiline quoted scalar
      --> plan.yaml:2:1: `` at this place
    error[PLN101]: the plan is not valid YAML: tabs disallowed within this context (block indentation)
      --> plan.yaml:2:2: `-` at this place
      help: indent with spaces
    error[PLN101]: the plan is not valid YAML: while parsing a quoted scalar, found unknown escape character
      --> plan.yaml:1:4: `"` at this place
      help: write `\\` for a backslash, or put the text in single quotes
    error[PLN101]: the plan is not valid YAML: unclosed bracket `[`
      --> plan.yaml:1:4: `[` at this place
      help: close the bracket
    error[PLN101]: the plan is not valid YAML: unexpected character: `@`
      --> plan.yaml:1:4: `@` at this place
      help: put the text in quotes
    error[PLN101]: the plan is not valid YAML: mismatched bracket `[` closed by `}`
      --> plan.yaml:1:4: `[` at this place
    error[PLN101]: the plan is not valid YAML: while parsing a block collection, did not find expected `-` indicator
      --> plan.yaml:2:1: `b` at this place
    "#);
}

#[test]
fn bytes_that_are_not_text_are_shown_where_they_are() {
    let bytes = b"a: caf\xe9\n";
    let error = utf8(SourceId(0), bytes).expect_err("not UTF-8");
    let mut sources = Sources::default();
    sources.add("plan.yaml", String::from_utf8_lossy(bytes).into_owned());
    insta::assert_snapshot!(render(&error, &sources), @"
    error[PLN101]: the plan is not UTF-8 text
      --> plan.yaml:1:7: `�` byte 0xe9 is not UTF-8 here
      help: save the file as UTF-8
    ");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    insta::assert_snapshot!(outline("\u{feff}a: b\r\nc: |\r\n  d\r\n  e\r\nf: g\r\n  h\r\n"), @r#"
    .a = "b" from "b"
    .c = "d\ne\n" from "d\r\n  e"
    .f = "g h" from "g\r\n  h"
    "#);
}

#[test]
fn a_comma_that_cuts_sql_in_two_is_found() {
    insta::assert_snapshot!(
        outline("a: { b: files(repo, id, x), c: numeric(12, 2) not null, d: (e) }\nf: [lower(g), max(h, i), 'j(', k]\n"),
        @r#"
        error[PLN101]: a comma cuts a text with parentheses in two
          --> plan.yaml:1:9: `files(repo, id, x)` inside braces and brackets a comma ends the value
          help: put the text in quotes
        error[PLN101]: a comma cuts a text with parentheses in two
          --> plan.yaml:1:32: `numeric(12, 2) not null` inside braces and brackets a comma ends the value
          help: put the text in quotes
        error[PLN101]: a comma cuts a text with parentheses in two
          --> plan.yaml:2:15: `max(h, i)` inside braces and brackets a comma ends the value
          help: put the text in quotes
        .a.b is invalid
        .a.c is invalid
        .a.d = "(e)" from "(e)"
        .f[0] = "lower(g)" from "lower(g)"
        .f[1] is invalid
        .f[2] = "j(" from "'j('"
        .f[3] = "k" from "k"
        "#
    );
}
