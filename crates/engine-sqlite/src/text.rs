//! SQL and message text made here: quoting of names, counts, values as text.

use rusqlite::types::ValueRef;

/// A name in double quotes, whatever it is.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a SQLite literal (SQLite knows no backslash escapes).
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value as PostgreSQL writes it, so that figures of both engines compare as text.
pub(crate) fn shown(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(i) => Some(i.to_string()),
        ValueRef::Real(r) => Some(real(r)),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(format!("\\x{}", hex(bytes))),
    }
}

/// The shortest text that reads back as the same number, in PostgreSQL's `float8out` form.
fn real(r: f64) -> String {
    let size = r.abs();
    if r.is_infinite() {
        return if r > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    if size == 0.0 || (1e-4..1e15).contains(&size) {
        return r.to_string();
    }
    let text = format!("{r:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_are_written_as_postgresql_writes_them() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (1.5e-7, "1.5e-07"),
            (f64::INFINITY, "Infinity"),
        ];
        for (r, text) in cases {
            assert_eq!(real(r), text);
        }
    }

    #[test]
    fn names_and_literals_are_quoted() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's \\"), "'it''s \\'");
    }
}
