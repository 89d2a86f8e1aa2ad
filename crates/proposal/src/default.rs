//! The default of a column, in PostgreSQL's words.

use sql::quote_literal;

use crate::candidate::Candidate;
use crate::evidence::{Column, Constant};

/// What becomes of a default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Translated {
    None,
    Sql(String),
    /// A person must write it; the sentence says why.
    Decide(String),
}

pub(crate) fn translate(column: &Column, candidate: Candidate) -> Translated {
    let Some(default) = &column.default else { return Translated::None };
    let by_value = default.value.as_ref().map(|value| match value {
        Constant::Null => Some(Translated::None),
        value => {
            let fits = default.fits.iter().any(|f| f.candidate == candidate && f.misfits == 0);
            let sql = if fits { literal(value, candidate) } else { None };
            sql.map(Translated::Sql)
        }
    });
    let found = by_value.unwrap_or_else(|| moment(&default.sql, candidate).map(Translated::Sql));
    found.unwrap_or_else(|| {
        let type_name = candidate.type_name();
        Translated::Decide(format!(
            "its default `{}` is left out: write it for `{type_name}`",
            one_line(&default.sql)
        ))
    })
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn literal(value: &Constant, candidate: Candidate) -> Option<String> {
    let number = || match value {
        Constant::Integer(integer) => Some(integer.to_string()),
        Constant::Real(real) if real.is_finite() => Some(format!("{real}")),
        Constant::Text(text) => text.parse::<f64>().ok().map(|_| text.clone()),
        _ => None,
    };
    match candidate {
        Candidate::Boolean => truth(value).map(str::to_owned),
        Candidate::Bytea => match value {
            Constant::Blob(bytes) => Some(blob(bytes)),
            Constant::Text(text) => Some(blob(text.as_bytes())),
            _ => None,
        },
        _ if candidate.is_number() => number(),
        // A number that counts from an epoch has no literal of its own.
        Candidate::Counted(_) => None,
        _ => match value {
            Constant::Text(text) => Some(quote_literal(text)),
            Constant::Integer(integer) => Some(quote_literal(&integer.to_string())),
            Constant::Real(real) => Some(quote_literal(&format!("{real}"))),
            _ => None,
        },
    }
}

fn truth(value: &Constant) -> Option<&'static str> {
    const TRUE: [&str; 6] = ["1", "t", "true", "y", "yes", "on"];
    match value {
        Constant::Integer(0) => Some("false"),
        Constant::Integer(1) => Some("true"),
        Constant::Text(text) if TRUE.contains(&text.to_ascii_lowercase().as_str()) => Some("true"),
        Constant::Text(_) => Some("false"),
        _ => None,
    }
}

fn blob(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("'\\x{hex}'")
}

/// The moment of the insert, which SQLite has in UTC and as text.
fn moment(sql: &str, candidate: Candidate) -> Option<String> {
    let word: String = sql.to_ascii_lowercase().split_whitespace().collect();
    let word = word.trim_start_matches('(').trim_end_matches(')');
    let known = match word {
        "current_timestamp" | "datetime('now'" => Moment::Stamp,
        "current_date" | "date('now'" => Moment::Date,
        "current_time" | "time('now'" => Moment::Time,
        "strftime('%s','now'" | "unixepoch(" | "unixepoch('now'" => Moment::Seconds,
        _ => return None,
    };
    let utc = "now() at time zone 'utc'";
    let form = |form: &str| format!("to_char({utc}, '{form}')");
    Some(match (known, candidate) {
        (Moment::Stamp, Candidate::Timestamptz) => "now()".to_owned(),
        (Moment::Stamp, Candidate::Timestamp) => format!("({utc})"),
        (Moment::Stamp, Candidate::Text) => form("YYYY-MM-DD HH24:MI:SS"),
        (Moment::Date, Candidate::Date) => format!("({utc})::date"),
        (Moment::Date, Candidate::Text) => form("YYYY-MM-DD"),
        (Moment::Time, Candidate::Time) => format!("({utc})::time"),
        (Moment::Time, Candidate::Text) => form("HH24:MI:SS"),
        (Moment::Seconds, Candidate::Bigint) => "extract(epoch from now())::bigint".to_owned(),
        (Moment::Seconds | Moment::Stamp, Candidate::Counted(_)) => "now()".to_owned(),
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Moment {
    Stamp,
    Date,
    Time,
    Seconds,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Fit;
    use crate::evidence::Default;

    fn of(sql: &str, value: Option<Constant>, candidate: Candidate) -> Translated {
        let fits = vec![Fit { candidate, misfits: 0, first: None }];
        let default = Some(Default { sql: sql.to_owned(), value, fits });
        translate(&Column { default, ..Column::default() }, candidate)
    }

    #[test]
    fn defaults_in_postgresqls_words() {
        let text = |text: &str| Some(Constant::Text(text.to_owned()));
        let cases = [
            ("0", Some(Constant::Integer(0)), Candidate::Boolean, "false"),
            ("'true'", text("true"), Candidate::Boolean, "true"),
            ("1.5", Some(Constant::Real(1.5)), Candidate::Numeric, "1.5"),
            ("'it''s'", text("it's"), Candidate::Text, "'it''s'"),
            ("7", Some(Constant::Integer(7)), Candidate::Text, "'7'"),
            ("x'00ff'", Some(Constant::Blob(vec![0, 255])), Candidate::Bytea, "'\\x00ff'"),
            ("CURRENT_TIMESTAMP", None, Candidate::Timestamptz, "now()"),
            ("(datetime( 'now' ))", None, Candidate::Timestamp, "(now() at time zone 'utc')"),
            (
                "(strftime('%s','now'))",
                None,
                Candidate::Bigint,
                "extract(epoch from now())::bigint",
            ),
        ];
        for (sql, value, candidate, expected) in cases {
            assert_eq!(of(sql, value, candidate), Translated::Sql(expected.to_owned()), "{sql}");
        }
        assert_eq!(of("NULL", Some(Constant::Null), Candidate::Date), Translated::None);
        assert!(matches!(of("(random())", None, Candidate::Bigint), Translated::Decide(_)));
    }

    #[test]
    fn a_default_that_does_not_fit_is_left_to_a_person() {
        let default = Default {
            sql: "''".to_owned(),
            value: Some(Constant::Text(String::new())),
            fits: Vec::new(),
        };
        let column = Column { default: Some(default), ..Column::default() };
        assert!(matches!(translate(&column, Candidate::Date), Translated::Decide(_)));
    }
}
