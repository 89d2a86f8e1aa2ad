//! The schema that stands for the plan's own: staging while it is built, the target after.

use catalog::HOME_SCHEMA;
use runtime::EngineError;

use crate::connect::Session;
use crate::introspect::{search_path, set_search_path};
use crate::quote;

/// How the schema is spelled in SQL now.
pub(crate) struct Home {
    pub(crate) quoted: String,
}

impl Home {
    pub(crate) fn new(schema: &str) -> Self {
        Self { quoted: quote(schema) }
    }

    /// The offset in the text with the schema's name back to one in the plan's own text.
    pub(crate) fn mend(&self, mut error: EngineError, sql: &str) -> EngineError {
        error.offset = error.offset.map(|offset| self.offset(sql, offset));
        error
    }

    fn offset(&self, sql: &str, offset: usize) -> usize {
        let (mut plan, mut sent, mut rest) = (0, 0, sql);
        while let Some(at) = rest.find(HOME_SCHEMA) {
            if offset < sent + at + self.quoted.len() {
                return (plan + offset - sent).min(plan + at);
            }
            plan += at + HOME_SCHEMA.len();
            sent += at + self.quoted.len();
            rest = &rest[at + HOME_SCHEMA.len()..];
        }
        plan + offset.saturating_sub(sent)
    }
}

/// Puts the schema first on the search path, extensions' schemas after it.
pub(crate) fn enter(session: &mut Session, schema: &str) -> Result<(), EngineError> {
    let path = search_path(session, schema)?;
    set_search_path(session, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_go_back_to_the_plans_text() {
        let sql = format!("grant x on {HOME_SCHEMA} to y, {HOME_SCHEMA} z");
        let home = Home::new("s");
        let sent = catalog::at_home(&sql, &home.quoted);
        for word in ["grant", " to", " y", " z"] {
            let (there, here) = (sent.find(word).unwrap(), sql.find(word).unwrap());
            assert_eq!(home.offset(&sql, there), here, "{word}");
        }
    }
}
