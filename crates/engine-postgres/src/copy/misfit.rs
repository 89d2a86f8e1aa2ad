//! A value that does not fit its target column: why, what to do, and how it is shown.

use std::borrow::Cow;

use diagnostics::code;
use runtime::engine::Fate;
use runtime::{EngineError, Row, Value};

use super::columns::Column;

/// Why one value does not fit. Made on the cold path only; the box keeps `Fit` one word wide.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit(Box<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    reason: Cow<'static, str>,
    help: Option<Cow<'static, str>>,
}

pub(super) type Fit<T = ()> = Result<T, Misfit>;

impl Misfit {
    #[cold]
    pub(super) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { reason: reason.into(), help: None }))
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    pub(super) fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What the run reports where the plan says what becomes of the value.
    pub(super) fn report(
        &self,
        column: &Column,
        row: Row<'_>,
        value: Value<'_>,
        nth: u64,
        fate: Fate,
    ) -> runtime::engine::Misfit {
        runtime::engine::Misfit {
            file: row.file.to_owned(),
            row: place(row, nth),
            column: column.name.clone(),
            value: shown(value),
            type_name: column.type_name.clone(),
            reason: self.0.reason.clone().into_owned(),
            fate,
        }
    }

    /// The diagnostic. It shows the value, shortened: without it nobody finds the fault.
    pub(super) fn into_error(
        self,
        table: &str,
        column: &Column,
        row: Row<'_>,
        value: Value<'_>,
        nth: u64,
    ) -> EngineError {
        let message = format!(
            "`{}`, {}, column `{}`: {} does not fit `{}`: {}",
            row.file,
            place(row, nth),
            column.name,
            shown(value),
            column.type_name,
            self.0.reason
        );
        let help = self.0.help.unwrap_or(Cow::Borrowed(
            "correct it in the source, load the column by a `sql:` expression that maps it, give the \
             column a type that holds it, or say what becomes of it by `misfit:`",
        ));
        EngineError::new(&code::VALUE_DOES_NOT_FIT, message)
            .object(format!("table {table}"))
            .help(help)
    }
}

fn place(row: Row<'_>, nth: u64) -> String {
    match row.rowid {
        Some(rowid) => format!("rowid {rowid}"),
        None => format!("row {nth} of the scan"),
    }
}

/// How many characters of a value a message shows.
const SHOWN: usize = 40;

/// Kind and shortened form of a value, control characters escaped.
fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) => format!("the integer `{integer}`"),
        Value::Real(real) => format!("the real `{real:?}`"),
        Value::Text(text) => format!("the text {}", shortened(text)),
        Value::Blob(blob) => shown_blob(blob),
    }
}

fn shortened(text: &[u8]) -> String {
    // A character has at most 4 bytes, so this prefix holds enough of them.
    let head = String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN + 4)]);
    let mut shown: String = head.chars().take(SHOWN).flat_map(escaped).collect();
    if head.chars().nth(SHOWN).is_some() {
        shown = format!("{shown}…` ({} bytes)", text.len());
        return format!("`{shown}");
    }
    format!("`{shown}`")
}

fn escaped(c: char) -> impl Iterator<Item = char> {
    let escape = c.is_control().then(|| c.escape_default());
    let plain = escape.is_none().then_some(c);
    escape.into_iter().flatten().chain(plain)
}

fn shown_blob(blob: &[u8]) -> String {
    let head: String = blob.iter().take(SHOWN / 2).map(|byte| format!("{byte:02x}")).collect();
    let more = if blob.len() > SHOWN / 2 { "…" } else { "" };
    format!("the blob `x'{head}{more}'` ({} bytes)", blob.len())
}

#[cfg(test)]
mod tests {
    use super::shown;
    use runtime::Value;

    #[test]
    fn values_are_shown_short_and_without_control_characters() {
        let long = "ä".repeat(50);
        let cases = [
            (Value::Null, "NULL".to_owned()),
            (Value::Integer(-5), "the integer `-5`".to_owned()),
            (Value::Real(0.5), "the real `0.5`".to_owned()),
            (Value::Text(b"a\x1b[31m\n\0"), r"the text `a\u{1b}[31m\n\u{0}`".to_owned()),
            (Value::Text(b"\xff"), "the text `\u{fffd}`".to_owned()),
            (Value::Text(long.as_bytes()), format!("the text `{}…` (100 bytes)", "ä".repeat(40))),
            (Value::Blob(&[0, 255]), "the blob `x'00ff'` (2 bytes)".to_owned()),
        ];
        for (value, text) in cases {
            assert_eq!(shown(value), text);
        }
    }
}
