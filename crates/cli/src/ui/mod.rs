//! How things look: findings, progress, figures, tables. Meaning is never only in colour.

pub(crate) mod figures;
pub(crate) mod findings;
pub(crate) mod json;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod prose;
pub(crate) mod publish;
pub(crate) mod style;
pub(crate) mod table;
