//! What was read, what was written, and what is left to a person.

use diagnostics::plural;
use proposal::evidence::Database;
use proposal::{Decision, Plan, Schema};

use super::place::Place;
use crate::io::Terminal;
use crate::ui::style::bold;
use crate::ui::{figures, prose};

/// Decisions shown; the plan has them all.
const SHOWN: usize = 12;

pub(super) struct Report {
    read: String,
    built: String,
    decisions: Vec<Decision>,
}

impl Report {
    pub(super) fn of_postgres(database: &Database, schema: &Schema) -> Self {
        let built = [
            plural(schema.tables(), "table"),
            plural(schema.constraints(), "constraint"),
            plural(schema.indexes(), "index"),
        ];
        let decisions = schema.decisions().to_vec();
        Self { read: read(database), built: built.join(", "), decisions }
    }

    pub(super) fn of_sqlite(database: &Database) -> Self {
        let (left, moved): (Vec<_>, Vec<_>) =
            database.others.iter().partition(|other| other.kind == "virtual table");
        let indexes: usize = database.tables.iter().map(|table| table.indexes.len()).sum();
        let decisions = left.into_iter().map(|other| Decision {
            about: format!("{} {}", other.kind, other.name),
            question: "a plan builds none: create it after the run".to_owned(),
        });
        Self {
            read: read(database),
            built: plural(database.tables.len() + indexes + moved.len(), "object"),
            decisions: decisions.collect(),
        }
    }

    pub(super) fn render(&self, place: &Place, plan: &Plan, terminal: Terminal) -> String {
        let files: Vec<&str> = plan.files.iter().map(|(name, _)| *name).collect();
        let folder = place.folder.display();
        let mut out =
            prose::sentence(&format!("{folder}: a plan that builds {}", self.built), terminal);
        out += &prose::facts(
            [
                ("read", self.read.clone()),
                ("wrote", format!("{}, plan.schema.json", files.join(", "))),
            ],
            terminal,
        );
        out += &self.questions(terminal);
        let plan = format!("{folder}/plan.yaml");
        out + &prose::next(
            &[
                format!("cutover check {plan}"),
                format!("cutover rehearse {plan}"),
                format!("cutover run {plan}"),
            ],
            terminal,
        )
    }

    fn questions(&self, terminal: Terminal) -> String {
        if self.decisions.is_empty() {
            return String::new();
        }
        let shown = self.decisions.iter().take(SHOWN);
        let lines = shown.map(|Decision { about, question }| {
            prose::sentence(&format!("  {about}: {question}"), terminal)
        });
        let mut out = format!("\n{}\n{}", bold("decide", terminal), lines.collect::<String>());
        if let Some(more) = self.decisions.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            out += &format!("  and {more} more, each marked DECIDE in the plan\n");
        }
        out
    }
}

fn read(database: &Database) -> String {
    let rows = database.tables.iter().map(|table| table.rows).sum();
    format!("{} in {}", figures::rows(rows), plural(database.tables.len(), "table"))
}
