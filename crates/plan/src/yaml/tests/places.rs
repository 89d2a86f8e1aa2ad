//! Whatever the style of a scalar, a word of its text maps back to the same word in the file.

use proptest::prelude::*;

use super::*;

/// The only scalar under `a:`, and the file.
fn scalar(text: &str) -> Scalar {
    let (document, shown) = read_text(text);
    let root = document.root.unwrap_or_else(|| panic!("{shown}\n{text}"));
    let Kind::Mapping(mut entries) = root.kind else { panic!("a mapping: {text}") };
    let Kind::Scalar(scalar) = entries.remove(0).value.kind else { panic!("a scalar: {text}") };
    scalar
}

/// Each word `mark<n>` of the decoded text stands at its own place in the file, in order.
fn check_marks(file: &str) -> Result<(), String> {
    let scalar = scalar(file);
    let text = &scalar.text.text;
    let mut from = 0;
    let mut count = 0;
    for (at, _) in text.match_indices("mark") {
        let end = text[at..].find('z').map_or(text.len(), |end| at + end + 1);
        let word = &text[at..end];
        let place = scalar.text.span_of(at..end).range();
        let found = &file[place.clone()];
        if found != word || place.start < from {
            return Err(format!("{word:?} of {text:?} maps to {found:?} at {place:?} in\n{file}"));
        }
        from = place.end;
        count += 1;
    }
    let expected = file.matches("mark").count();
    if count == expected { Ok(()) } else { Err(format!("{count} of {expected} marks in\n{file}")) }
}

#[test]
fn every_style_by_example() {
    for file in [
        "a: mark0z\n",
        "a: é mark0z mark1z # no mark\n".trim_end_matches("# no mark\n"),
        "a: mark0z\n  é mark1z\n\n\n  mark2z\nb: c\n",
        "a: 'it''s mark0z ''''  mark1z\n\n  mark2z é'\n",
        "a: \"\\u0041 mark0z \\x41\\U0001F600 mark1z\\n\\\"mark2z\\\" é \\t mark3z\"\n",
        "a: \"one \\\n     mark0z\\\n  \\ mark1z\n\n  mark2z \\\n\n  mark3z\"\n",
        "a: \"\\N\\_\\L\\P mark0z \\/ \\0 \\e mark1z \\ud83d\\ude00 mark2z\"\n",
        "a: |\n  mark0z\n    é mark1z\n\n  mark2z\nb: c\n",
        "a: |2-\n    mark0z\n  mark1z\n",
        "a: |+\n\n\n  mark0z\n\n\nb: c\n",
        "a: >-\n  mark0z\n  mark1z\n\n  mark2z\n    mark3z\n\n  mark4z  mark5z\n\n\n",
        "a: >2\n\n    mark0z\n  mark1z  \n  mark2z\n",
        "a: |  \n  mark0z\n",
        "a: | # note\n  mark0z\n",
        "{a: mark0z mark1z, b: c}\n",
        "{a: 'mark0z', b: c}\n",
        "{a: \"é\n  mark0z\", b: c}\n",
        "{\"a\":mark0z}\n",
        "a: |\r\n  mark0z\r\n  é mark1z\r\n",
        "a: >\r\n  mark0z\r\n  mark1z\r\n\r\n  mark2z\r\n",
        "a: \"mark0z \\\r\n  mark1z\r\n\r\n  mark2z\"\r\n",
        "a:\n  mark0z\n  mark1z\n",
        "a: !!str mark0z\n",
        "a: &x 'mark0z'\n",
        "? a\n: mark0z\n",
    ] {
        check_marks(file).unwrap_or_else(|problem| panic!("{problem}"));
    }
}

#[test]
fn a_character_from_an_escape_maps_to_its_backslash() {
    let file = "a: \"x\\u0041y\"\n";
    let scalar = scalar(file);
    assert_eq!(scalar.text.text, "xAy");
    assert_eq!(&file[scalar.text.span_of(1..2).range()], "\\");
    assert_eq!(&file[scalar.text.span_of(2..3).range()], "y");
}

/// Words and what may stand between them, each piece as it is written in the style.
fn pieces(special: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        4 => Just("mark".to_owned()),
        2 => prop::sample::select(special).prop_map(str::to_owned),
        1 => Just("é日本😀".to_owned()),
    ];
    prop::collection::vec(piece, 1..12)
}

fn numbered(pieces: &[String]) -> Vec<String> {
    let name = |(nth, piece): (usize, &String)| match piece.as_str() {
        "mark" => format!("mark{nth}z"),
        other => other.to_owned(),
    };
    pieces.iter().enumerate().map(name).collect()
}

fn joined(pieces: &[String], gaps: &[&str]) -> String {
    let mut out = String::new();
    for (nth, piece) in numbered(pieces).iter().enumerate() {
        if nth > 0 {
            out.push_str(gaps[nth % gaps.len()]);
        }
        out.push_str(piece);
    }
    out
}

/// White space between words inside a flow scalar.
fn gaps() -> impl Strategy<Value = Vec<&'static str>> {
    let gap =
        prop::sample::select(&[" ", "  ", "\n   ", " \n\n   ", "\n\n\n     ", " \t ", "\r\n  "]);
    prop::collection::vec(gap, 1..5)
}

/// Lines of a block scalar: what comes before a word on a new line.
fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    let gap = prop::sample::select(&[
        " ",
        "\n  ",
        "\n    ",
        "\n\n  ",
        "  \n  ",
        "\n   \n  ",
        "\n\n\n      ",
        "\t",
    ]);
    prop::collection::vec(gap, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn plain(pieces in pieces(&["x", "a-b", "c:d", "(1)"]), gaps in gaps()) {
        check_marks(&format!("a: {}\nb: c\n", joined(&pieces, &gaps))).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn single_quoted(pieces in pieces(&["''", "x''y", "#", "\\n", ": "]), gaps in gaps()) {
        check_marks(&format!("a: '{}'\nb: c\n", joined(&pieces, &gaps))).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn double_quoted(
        pieces in pieces(&["\\n", "\\\"", "\\x41", "\\u00e9", "\\U0001F600", "\\\\", "\\ ", "'", "\\\n  ", "\\\n\n  \\  ", "\\t"]),
        gaps in gaps(),
    ) {
        check_marks(&format!("a: \"{}\"\nb: c\n", joined(&pieces, &gaps))).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn block(
        header in prop::sample::select(&["|", "|-", "|+", "|2", "|2-", "|-2", ">", ">-", ">+", ">2", ">2-"]),
        first in prop::sample::select(&["  ", "\n  ", "  \n\n  "]),
        pieces in pieces(&["x", "#", "'", "\"", "a: b", "\\n", "- -"]),
        gaps in lines(),
        end in prop::sample::select(&["\n", "\n\n\n", "  \n", ""]),
    ) {
        let next = if end.is_empty() { "" } else { "b: c\n" };
        let file = format!("a: {header}\n{first}{}{end}{next}", joined(&pieces, &gaps));
        check_marks(&file).map_err(TestCaseError::fail)?;
    }
}
