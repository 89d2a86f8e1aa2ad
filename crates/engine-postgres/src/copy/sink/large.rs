//! Rows with values that are too large to be held: they go from the source to the server, and into
//! the digest, piece by piece.

use runtime::Row;
use runtime::engine::{Large, LargeValues, Result, row_in_memory};
use xxhash_rust::xxh3::Xxh3;

use super::super::canonical::Rule;
use super::super::encode::{Encoder, MAX_FIELD, Utf8};
use super::{CHUNK, Sink, parse};

impl Sink<'_> {
    /// What cannot be sent piece by piece is held after all: another type than text or bytes, a text
    /// that is not one, a row with a value that does not fit.
    pub(super) fn put_large(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<()> {
        let list = large.list().to_vec();
        let streams = list.iter().all(|value| self.streams(value)) && are_texts(&list, large)?;
        match streams.then(|| self.small_fields(row, &list)).flatten() {
            Some(small) => self.send_large(&small, &list, large),
            None => row_in_memory(self, row, large),
        }
    }

    fn streams(&self, value: &Large) -> bool {
        let column = &self.table.columns[value.column];
        let fits = match &column.encoder {
            Encoder::Bytea => !value.text,
            Encoder::Text(text) => value.text && text.takes_any_length(),
            _ => false,
        };
        fits && column.rule == Rule::AsSent
            && value.length <= MAX_FIELD as u64
            && self.watch.is_none()
    }

    /// The encoded fields, empty for large ones; `None` where a value does not fit.
    fn small_fields(&mut self, row: Row<'_>, list: &[Large]) -> Option<Vec<Vec<u8>>> {
        let mut fields = Vec::with_capacity(row.values.len());
        for (index, (column, value)) in self.table.columns.iter().zip(row.values).enumerate() {
            let mut field = Vec::new();
            if !list.iter().any(|large| large.column == index) {
                column.encoder.put(*value, &mut field, &mut self.scratch).ok()?;
                if column.not_null && field == parse::NULL {
                    return None;
                }
            }
            fields.push(field);
        }
        Some(fields)
    }

    fn send_large(
        &mut self,
        small: &[Vec<u8>],
        list: &[Large],
        large: &mut dyn LargeValues,
    ) -> Result<()> {
        let mut hash = Xxh3::new();
        self.buffer.extend_from_slice(&self.count);
        for (index, field) in small.iter().enumerate() {
            match list.iter().position(|value| value.column == index) {
                Some(nth) => self.send_value(nth, list[nth].length, large, &mut hash)?,
                None => {
                    let canonical = self.canonical.one(index, field);
                    hash.update(canonical.map_err(|_| super::ended(&self.table.name))?);
                    self.buffer.extend_from_slice(field);
                }
            }
        }
        self.digest.add_hash(hash.digest128());
        Ok(())
    }

    fn send_value(
        &mut self,
        nth: usize,
        length: u64,
        large: &mut dyn LargeValues,
        hash: &mut Xxh3,
    ) -> Result<()> {
        // At most `MAX_FIELD`, see `streams`.
        let head = (length as u32).to_be_bytes();
        hash.update(&head);
        self.buffer.extend_from_slice(&head);
        pieces(nth, length, large, &mut |piece| {
            hash.update(piece);
            self.buffer.extend_from_slice(piece);
            self.send().map(|()| true)
        })
        .map(drop)
    }
}

/// Gives a value piece by piece for as long as `take` wants more; whether it wanted all.
fn pieces(
    nth: usize,
    length: u64,
    large: &mut dyn LargeValues,
    take: &mut dyn FnMut(&[u8]) -> Result<bool>,
) -> Result<bool> {
    let (mut buffer, mut offset) = (vec![0; CHUNK], 0);
    while offset < length {
        let piece = CHUNK.min(usize::try_from(length - offset).unwrap_or(CHUNK));
        large.read(nth, offset, &mut buffer[..piece])?;
        if !take(&buffer[..piece])? {
            return Ok(false);
        }
        offset += piece as u64;
    }
    Ok(true)
}

/// Whether all that claims to be text is UTF-8 without NUL. What was sent cannot be taken back.
fn are_texts(list: &[Large], large: &mut dyn LargeValues) -> Result<bool> {
    for (nth, value) in list.iter().enumerate().filter(|(_, value)| value.text) {
        let mut utf8 = Utf8::default();
        let valid = pieces(nth, value.length, large, &mut |piece| Ok(utf8.takes(piece)))?;
        if !valid || !utf8.is_complete() {
            return Ok(false);
        }
    }
    Ok(true)
}
