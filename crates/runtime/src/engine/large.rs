//! Values that are too large to be held, on their way from a source to a target.

use super::{Result, RowSink};
use crate::{Row, Value};

/// A value of a row that is read piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Large {
    /// Position among the values of the row; there it is NULL.
    pub column: usize,
    /// Text, else a blob.
    pub text: bool,
    /// In bytes.
    pub length: u64,
}

/// The large values of one row.
pub trait LargeValues {
    /// In the order of the columns.
    fn list(&self) -> &[Large];

    /// Fills `into` with what begins at byte `offset` of the nth of them.
    ///
    /// # Errors
    /// What the source says.
    fn read(&mut self, nth: usize, offset: u64, into: &mut [u8]) -> Result<()>;
}

/// Gives the row to the sink with its large values in memory, where there is no other way.
///
/// # Errors
/// As [`RowSink::row`].
pub fn row_in_memory<S: RowSink + ?Sized>(
    sink: &mut S,
    row: Row<'_>,
    large: &mut dyn LargeValues,
) -> Result<()> {
    let list = large.list().to_vec();
    let mut held = Vec::with_capacity(list.len());
    for (nth, value) in list.iter().enumerate() {
        let mut bytes = vec![0; usize::try_from(value.length).unwrap_or(usize::MAX)];
        large.read(nth, 0, &mut bytes)?;
        held.push(bytes);
    }
    let mut values = row.values.to_vec();
    for (value, bytes) in list.iter().zip(&held) {
        values[value.column] = if value.text { Value::Text(bytes) } else { Value::Blob(bytes) };
    }
    sink.row(Row { values: &values, ..row })
}
