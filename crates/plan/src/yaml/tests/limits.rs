//! Bombs: each is refused at its place, at once. A bomb that goes off takes minutes and gigabytes,
//! which no assertion on time is needed to notice.

use super::*;

#[test]
fn a_file_over_the_size_limit_is_not_read() {
    let text = "a".repeat(MAX_BYTES + 1);
    insta::assert_snapshot!(findings(&text).replace(&"a".repeat(20), ""), @"
    error[PLN102]: the plan has 4194305 bytes, over the limit of 4 MiB
      --> plan.yaml:1:1: `` this file
      help: keep the schema in SQL files and name them under `components.include`
    ");
}

#[test]
fn deep_nesting_is_refused_in_every_form() {
    let flow = "[".repeat(100_000);
    let maps = "{a: ".repeat(100_000);
    let block: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let dashes = "- ".repeat(100_000);
    for text in [&flow, &maps, &block, &dashes] {
        let shown = findings(text);
        assert!(
            shown.starts_with("error[PLN102]: lists and mappings are nested more than 64 deep"),
            "{shown}"
        );
        assert!(shown.contains("plan.yaml:"), "{shown}");
    }
}

#[test]
fn a_bomb_of_aliases_shows_use_and_definition() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let before = format!("*a{}", level - 1);
        let uses = vec![before; 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{uses}]\n"));
    }
    insta::assert_snapshot!(findings(&text), @"
    error[PLN102]: the plan is too large once its aliases are expanded
      --> plan.yaml:6:35: `*a4` this alias goes over the limit
      --> plan.yaml:5:9: `[*a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3]` it stands for this value
    ");
}

#[test]
fn a_long_text_used_often_is_a_bomb_too() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 1000].join(","));
    let shown = findings(&text);
    assert!(shown.starts_with("error[PLN102]: the plan is too large once its aliases"), "{shown}");
}

#[test]
fn an_alias_cannot_hold_itself() {
    insta::assert_snapshot!(findings("a: &a [*a]\n"), @"
    error[PLN101]: an alias stands inside its own anchor
      --> plan.yaml:1:8: `*a` this value would contain itself
    ");
}

#[test]
fn aliases_cannot_nest_deeper_than_collections() {
    let mut text = "a0: &a0 x\n".to_owned();
    for level in 1..100 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(findings(&text).starts_with("error[PLN102]: lists and mappings are nested"), "{text}");
}

#[test]
fn millions_of_small_values_are_refused() {
    let shown = findings(&"- a\n".repeat(1_000_000));
    assert!(shown.starts_with("error[PLN102]: the plan holds too many values"), "{shown}");
}

#[test]
fn a_plan_of_five_thousand_tables_is_read() {
    let table = |nth| format!("  t{nth}: {{ columns: {{ id: bigint not null, note: text }} }}\n");
    let text: String =
        std::iter::once("tables:\n".to_owned()).chain((0..5000).map(table)).collect();
    assert_eq!(findings(&text), "");
}

#[test]
fn any_piece_over_and_over_takes_linear_time() {
    const PIECES: &[&str] = &[
        "a: 1\n",
        "&a b: *a\n",
        "'",
        "\"\\\n",
        "- - ",
        "? ",
        "!!x y\n",
        "*a ",
        "{a: ",
        "a: |\n",
        "# x\n",
        "%T\n",
        "---\n",
        "a b ",
        "\u{feff}",
        "\t",
        "[a, ",
        "a: &a b\n",
        "- &a a\n- *a\n",
    ];
    // A sixteenth of the largest plan: a quadratic step would still take minutes.
    for piece in PIECES {
        let text = piece.repeat(MAX_BYTES / 16 / piece.len());
        let (document, shown) = (read(SourceId(0), &text), findings(&text));
        let only_blanks = text.trim().trim_matches('\u{feff}').is_empty() || piece.starts_with('#');
        assert!(document.root.is_some() || !shown.is_empty() || only_blanks, "{piece:?}");
    }
}
