//! Single values: texts, SQL, yes/no, numbers, durations, sizes, choices, lists of names.

use std::ops::RangeInclusive;

use diagnostics::{SourceText, Spanned};

use crate::yaml::{Entry, Kind, Node, Scalar, Style};

use super::context::Decoder;

impl Decoder {
    fn scalar<'a>(&mut self, key: &str, node: &'a Node, expected: &str) -> Option<&'a Scalar> {
        match &node.kind {
            Kind::Scalar(scalar) if !scalar.is_nothing() => Some(scalar),
            _ => {
                self.wrong_type(key, node, expected);
                None
            }
        }
    }

    /// The text exactly as written: `no`, `0123` and `~` are texts like any other.
    pub(super) fn text(
        &mut self,
        key: &str,
        node: &Node,
        expected: &str,
    ) -> Option<Spanned<String>> {
        let scalar = self.scalar(key, node, expected)?;
        Some(Spanned::new(scalar.text.text.clone(), node.span))
    }

    pub(super) fn text_of(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        self.text(&entry.key.value, &entry.value, "a text")
    }

    /// A text that says something: not only white space.
    pub(super) fn sentence(&mut self, entry: &Entry, expected: &str) -> Option<Spanned<String>> {
        let text = self.text(&entry.key.value, &entry.value, expected)?;
        if text.value.trim().is_empty() {
            self.wrong_text(&entry.key.value, &entry.value, expected, &text.value);
            return None;
        }
        Some(text)
    }

    pub(super) fn sql(&mut self, key: &str, node: &Node, expected: &str) -> Option<SourceText> {
        let scalar = self.scalar(key, node, expected)?;
        if scalar.text.text.trim().is_empty() {
            self.wrong_text(key, node, expected, &scalar.text.text);
            return None;
        }
        Some(scalar.text.clone())
    }

    pub(super) fn sql_of(&mut self, entry: &Entry) -> Option<SourceText> {
        self.sql(&entry.key.value, &entry.value, "a SQL text")
    }

    fn plain(&mut self, key: &str, node: &Node, expected: &str) -> Option<Spanned<String>> {
        let scalar = self.scalar(key, node, expected)?;
        let text = &scalar.text.text;
        if scalar.style != Style::Plain {
            self.wrong_text(key, node, expected, &format!("\"{text}\""));
            return None;
        }
        Some(Spanned::new(text.clone(), node.span))
    }

    pub(super) fn flag(&mut self, entry: &Entry) -> Option<Spanned<bool>> {
        let expected = "`true` or `false`";
        let text = self.plain(&entry.key.value, &entry.value, expected)?;
        match text.value.as_str() {
            "true" => Some(Spanned::new(true, text.span)),
            "false" => Some(Spanned::new(false, text.span)),
            other => {
                self.wrong_text(&entry.key.value, &entry.value, expected, other);
                None
            }
        }
    }

    /// A number in digits alone.
    pub(super) fn number(
        &mut self,
        key: &str,
        node: &Node,
        expected: &str,
    ) -> Option<Spanned<u64>> {
        let text = self.plain(key, node, expected)?;
        let number = digits(&text.value);
        if number.is_none() {
            self.wrong_text(key, node, expected, &text.value);
        }
        number.map(|number| Spanned::new(number, text.span))
    }

    /// A number from 1 to `most`.
    pub(super) fn count(
        &mut self,
        entry: &Entry,
        range: RangeInclusive<u32>,
    ) -> Option<Spanned<u32>> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let number = self.number(&entry.key.value, &entry.value, &expected)?;
        let count = u32::try_from(number.value).ok().filter(|count| range.contains(count));
        if count.is_none() {
            let found = number.value.to_string();
            self.wrong_text(&entry.key.value, &entry.value, &expected, &found);
        }
        count.map(|count| Spanned::new(count, number.span))
    }

    /// `500ms`, `2s`, `5m`, `1h`, in milliseconds; at least `least`.
    pub(super) fn duration(&mut self, entry: &Entry, least: u64) -> Option<Spanned<u64>> {
        const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
        // PostgreSQL's timeouts are 32-bit milliseconds.
        const MOST: u64 = i32::MAX as u64;
        let value = self.quantity(entry, UNITS, "a duration such as `2s`, `500ms`, `5m`")?;
        if (least..=MOST).contains(&value.value) {
            return Some(value);
        }
        let expected = format!("a duration from {least}ms to 24 days");
        self.wrong_text(&entry.key.value, &entry.value, &expected, &format!("{}ms", value.value));
        None
    }

    /// `30d`, in milliseconds.
    pub(super) fn period(&mut self, entry: &Entry) -> Option<Spanned<u64>> {
        const DAY: u64 = 86_400_000;
        const UNITS: &[(&str, u64)] = &[("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", DAY)];
        let value = self.quantity(entry, UNITS, "a period such as `30d`, `12h`, `0s`")?;
        if value.value <= 3_660 * DAY {
            return Some(value);
        }
        let expected = "a period of ten years or less";
        self.wrong_text(
            &entry.key.value,
            &entry.value,
            expected,
            &format!("{}d", value.value / DAY),
        );
        None
    }

    /// `64MiB`, in bytes; at least `least`.
    pub(super) fn size(&mut self, entry: &Entry, least: u64) -> Option<Spanned<u64>> {
        const UNITS: &[(&str, u64)] =
            &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];
        let value = self.quantity(entry, UNITS, "a size such as `64MiB`, `1GiB`")?;
        if value.value >= least {
            return Some(value);
        }
        let expected = format!("a size of {least} bytes or more");
        self.wrong_text(&entry.key.value, &entry.value, &expected, &value.value.to_string());
        None
    }

    fn quantity(
        &mut self,
        entry: &Entry,
        units: &[(&str, u64)],
        expected: &str,
    ) -> Option<Spanned<u64>> {
        let (key, node) = (&entry.key.value, &entry.value);
        let text = self.text(key, node, expected)?;
        let unit = text.value.trim_start_matches(|c: char| c.is_ascii_digit());
        let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
        let number = digits(&text.value[..text.value.len() - unit.len()]);
        let value = number.zip(factor).and_then(|(number, factor)| number.checked_mul(*factor));
        if value.is_none() {
            self.wrong_text(key, node, expected, &text.value);
        }
        value.map(|value| Spanned::new(value, text.span))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        node: &Node,
        words: &[(&str, T)],
    ) -> Option<Spanned<T>> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let text = self.text(key, node, "a word")?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            self.unknown_value(key, &text.value, text.span, &known);
        }
        found.map(|(_, value)| Spanned::new(*value, text.span))
    }

    /// A list, or a single value that stands for a list of one. At least one.
    pub(super) fn one_or_more<'a>(&mut self, entry: &'a Entry, expected: &str) -> Vec<&'a Node> {
        match &entry.value.kind {
            Kind::Sequence(items) if !items.is_empty() => items.iter().collect(),
            Kind::Scalar(scalar) if !scalar.is_nothing() => vec![&entry.value],
            Kind::Sequence(_) => {
                self.wrong_text(&entry.key.value, &entry.value, expected, "[]");
                Vec::new()
            }
            _ => {
                self.wrong_type(&entry.key.value, &entry.value, expected);
                Vec::new()
            }
        }
    }

    /// A list that may be empty, or a single value.
    pub(super) fn any_number<'a>(&mut self, entry: &'a Entry, expected: &str) -> Vec<&'a Node> {
        match &entry.value.kind {
            Kind::Sequence(items) if items.is_empty() => Vec::new(),
            Kind::Scalar(scalar) if scalar.is_nothing() => Vec::new(),
            _ => self.one_or_more(entry, expected),
        }
    }
}

/// A number written in digits alone, without a sign or a leading zero that could mean octal.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}
