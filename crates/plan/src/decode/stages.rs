//! `stages:`.

use crate::model::Stage;
use crate::yaml::{Entry, Kind};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const STAGE: &[&str] = &["needs", "sql", "components", "tables", "skip"];

impl Decoder {
    pub(super) fn stages(&mut self, fields: &Fields<'_>) -> Vec<Stage> {
        let Some(entry) = fields.get("stages") else { return Vec::new() };
        self.entries(entry, "a mapping of names to stages")
            .iter()
            .filter_map(|stage| self.stage(stage))
            .collect()
    }

    /// A text alone is the stage's SQL.
    fn stage(&mut self, entry: &Entry) -> Option<Stage> {
        let valid = self.check_word(&entry.key, "a stage");
        let mut stage = Stage {
            name: entry.key.clone(),
            span: entry.key.span.to(entry.value.span),
            needs: Vec::new(),
            sql: None,
            components: Vec::new(),
            tables: Vec::new(),
            skip: None,
        };
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            stage.sql = self.sql(&entry.key.value, &entry.value, "SQL or a mapping");
            return (valid && stage.sql.is_some()).then_some(stage);
        }
        let fields = self.fields(&entry.value, entry.key.span, "a stage", STAGE)?;
        if let Some(needs) = fields.get("needs") {
            let nodes = self.any_number(needs, "a list of stages");
            stage.needs =
                nodes.into_iter().filter_map(|node| self.text("needs", node, "a stage")).collect();
        }
        stage.sql = fields.get("sql").and_then(|entry| self.sql_of(entry));
        if let Some(components) = fields.get("components") {
            stage.components = self.component_names(components);
        }
        if let Some(tables) = fields.get("tables") {
            let nodes = self.any_number(tables, "a list of tables");
            stage.tables = nodes.into_iter().filter_map(|n| self.name("tables", n)).collect();
        }
        stage.skip = fields.get("skip").and_then(|entry| self.flag(entry));
        valid.then_some(stage)
    }
}
