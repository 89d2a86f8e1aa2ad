//! Rows one by one, for where two digests differ.

use super::{LoadInto, LoadSink, Result};

/// Is shown every row that a digest covers.
pub trait Watch {
    /// `canonical`: the bytes whose hash went into the digest. `at`: the engine's own handle to the
    /// row in its table; empty for a row on its way there.
    fn row(&self, canonical: &[u8], at: &dyn Fn() -> String);
}

/// Tells rows apart. Part of [`super::Worker`].
pub trait Tell {
    /// As [`super::Worker::digest_sink`], with every row shown.
    fn watch_sent<'a>(
        &'a mut self,
        table: &str,
        columns: &[LoadInto],
        watch: &'a dyn Watch,
    ) -> Result<Box<dyn LoadSink + 'a>>;

    /// As [`super::Worker::row_digest`], with every row shown.
    fn watch_found(&mut self, table: &str, columns: &[LoadInto], watch: &dyn Watch) -> Result<()>;

    /// What the rows with these handles are called: `id = 7`, by their key where there is one.
    fn names(&mut self, table: &str, columns: &[LoadInto], at: &[String]) -> Result<Vec<String>>;

    /// Which of the columns are not the same in two rows.
    fn differing(&self, one: &[u8], other: &[u8]) -> Vec<usize>;
}
