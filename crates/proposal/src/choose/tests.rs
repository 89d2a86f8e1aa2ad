use super::*;
use crate::candidate::{Misfit, candidates};

/// A column whose values fit only the given types.
fn column(name: &str, declared: &str, values: Values, takes: &[Candidate]) -> Column {
    let mut column =
        Column { name: name.to_owned(), declared: declared.to_owned(), ..Column::default() };
    let fits = candidates(&column).into_iter().map(|candidate| {
        let misfits = if takes.contains(&candidate) { 0 } else { Fit::ENOUGH };
        Fit { candidate, misfits, first: None }
    });
    column.values = Values { fits: fits.collect(), ..values };
    column
}

fn integers_of(n: u64, least: i64, greatest: i64) -> Values {
    Values { integers: n, least, greatest, ..Values::default() }
}

fn texts(n: u64) -> Values {
    Values { texts: n, longest: 20, ..Values::default() }
}

use Candidate::*;

#[test]
fn numbers_are_as_narrow_as_is_safe() {
    let numbers = [Boolean, Smallint, Integer, Bigint, DoublePrecision, Numeric, Text];
    let key = Role { key: true, ..Role::default() };
    let checked = Role { truth: Truth::Checked, mentioned: true, ..Role::default() };
    let denied = Role { truth: Truth::Denied, mentioned: true, ..Role::default() };
    let cases = [
        ("flag", "INTEGER", integers_of(1_204_331, 0, 1), Role::default(), Boolean),
        ("flag", "INTEGER", integers_of(5, 0, 1), Role::default(), Integer),
        ("is_open", "INTEGER", integers_of(5, 0, 1), Role::default(), Boolean),
        ("is_open", "INTEGER", integers_of(500, 0, 1), key, Bigint),
        ("flag", "INTEGER", integers_of(5, 0, 1), checked, Boolean),
        ("is_open", "INTEGER", integers_of(5, 0, 1), denied, Integer),
        ("flag", "BOOLEAN", integers_of(1, 1, 1), Role::default(), Boolean),
        ("n", "INTEGER", integers_of(9, 1, 1_000), Role::default(), Integer),
        ("n", "INTEGER", integers_of(9, 1, 2_000_000_000), Role::default(), Bigint),
        ("n", "BIGINT", integers_of(9, 1, 2), Role::default(), Bigint),
        ("n", "TINYINT", integers_of(9, 1, 2), Role::default(), Smallint),
        ("id", "INTEGER", integers_of(9, 1, 9), key, Bigint),
        ("n", "DECIMAL(10,2)", integers_of(9, 1, 9), Role::default(), Numeric),
        ("n", "", integers_of(9, 1, 9), Role::default(), Bigint),
    ];
    for (name, declared, values, role, expected) in cases {
        let choice = choose(&column(name, declared, values, &numbers), role);
        assert_eq!(choice.candidate, expected, "{name} {declared}");
    }
}

#[test]
fn texts_are_more_than_texts_where_all_of_them_are() {
    let moments = [Timestamp, Timestamptz, Text, Bytea];
    let cases = [
        ("x", "TEXT", 20, Timestamp),
        ("x", "TEXT", 19, Text),
        ("created_at", "TEXT", 1, Timestamp),
        ("x", "DATETIME", 1, Timestamp),
    ];
    for (name, declared, n, expected) in cases {
        let choice = choose(&column(name, declared, texts(n), &moments), Role::default());
        assert_eq!(choice.candidate, expected, "{name} {n}");
    }
    let zoned = Values { offsets: 1, ..texts(30) };
    let choice = choose(&column("x", "TEXT", zoned, &moments), Role::default());
    assert_eq!(choice.candidate, Timestamptz);
    let mentioned = Role { mentioned: true, ..Role::default() };
    assert_eq!(choose(&column("x", "TEXT", texts(30), &moments), mentioned).candidate, Text);
}

#[test]
fn numbers_in_a_date_column_are_counted_from_an_epoch() {
    let takes = [COUNTED.as_slice(), &[Integer, Bigint, Numeric]].concat();
    let seconds = integers_of(9, 1_500_000_000, 1_700_000_000);
    let choice = choose(&column("at", "DATETIME", seconds.clone(), &takes), Role::default());
    assert_eq!(choice.candidate, Counted(Conversion::UnixSeconds));
    let choice = choose(&column("at", "INTEGER", seconds, &takes), Role::default());
    assert_eq!(choice.candidate, Bigint, "only the application knows");
    assert!(choice.decide[0].contains("as: unix-seconds"), "{:?}", choice.decide);
    let webkit = integers_of(9, 13_000_000_000_000_000, 13_100_000_000_000_000);
    let choice = choose(&column("at", "DATETIME", webkit, &takes), Role::default());
    assert_eq!(choice.candidate, Bigint);
}

#[test]
fn what_keeps_a_column_from_its_type_is_said() {
    let mut mixed = column("d", "DATE", texts(1_000), &[Text, Bytea]);
    for fit in &mut mixed.values.fits {
        if fit.candidate == Date {
            fit.misfits = 2;
            fit.first = Some(Misfit { rowid: Some(17), reason: "it is not a date".to_owned() });
        }
    }
    let choice = choose(&mixed, Role::default());
    assert_eq!(choice.candidate, Text);
    assert!(choice.decide[0].starts_with("all but 2 of 1,000 values fit `date`, rowid 17 first"));

    let nothing = Values { blobs: 1, integers: 1, texts: 1, ..Values::default() };
    let choice = choose(&column("x", "", nothing, &[]), Role::default());
    assert!(choice.as_bytes && choice.candidate == Bytea && choice.decide.len() == 1);
}

#[test]
fn the_evidence_reads_well() {
    let why = |values, takes: &[Candidate], declared| {
        choose(&column("flag", declared, values, takes), Role::default()).why
    };
    assert_eq!(
        why(integers_of(1_204_331, 0, 1), &[Boolean], "INTEGER"),
        "1,204,331 values, all 0 or 1"
    );
    let nulls = Values { nulls: 2, ..integers_of(1, 7, 7) };
    assert_eq!(why(nulls, &[Integer], "INT"), "1 value, 7 to 7, 2 null");
    assert_eq!(why(Values::default(), &[], "VARCHAR(9)"), "no values; VARCHAR(9)");
    assert_eq!(why(texts(3), &[Text], "TEXT"), "3 values, text of up to 20 bytes");
}
