//! Values as SQLite holds them, borrowed from its row buffers.

/// One SQLite value. Text is bytes: SQLite does not promise UTF-8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

/// One row on its way, with what a message needs to name it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// File of the source, as the plan names it.
    pub file: &'a str,
    /// SQLite's rowid, where the scanned thing has one.
    pub rowid: Option<i64>,
    /// In the order of the scan's columns.
    pub values: &'a [Value<'a>],
}
