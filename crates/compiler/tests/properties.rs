//! What holds for any plan: steps come after what they need, whatever the order in which the
//! components are written, and the same text gives the same bytes.

use std::collections::BTreeMap;

use catalog::offline::SyntaxNormaliser;
use compiler::Files;
use diagnostics::Sources;
use ir::CompiledPlan;
use proptest::prelude::*;
use sql::Dialect;

struct Schema {
    included: String,
    baseline: String,
}

impl Files for Schema {
    fn read(&self, path: &str) -> Result<String, String> {
        Ok(if path == "baseline.sql" { self.baseline.clone() } else { self.included.clone() })
    }
}

/// Statements of a schema: tables, foreign keys to earlier tables, indexes, views on earlier views.
fn statements(tables: usize, references: &[(usize, usize)], views: usize) -> Vec<String> {
    let mut all = Vec::new();
    for table in 0..tables {
        all.push(format!("CREATE TABLE t{table} (id bigint PRIMARY KEY, other bigint, word text)"));
        all.push(format!("CREATE INDEX t{table}_other ON t{table} (other)"));
        all.push(format!("GRANT SELECT ON t{table} TO reader"));
    }
    for (number, (from, to)) in references.iter().enumerate() {
        let (from, to) = (from % tables, to % tables);
        all.push(format!(
            "ALTER TABLE t{from} ADD CONSTRAINT fk{number} FOREIGN KEY (other) REFERENCES t{to} (id)"
        ));
    }
    for view in 0..views {
        let from = if view == 0 { "t0".to_owned() } else { format!("v{}", view - 1) };
        all.push(format!("CREATE VIEW v{view} AS SELECT id FROM {from}"));
    }
    all
}

/// The baseline has the statements in an order that can be run.
fn compile(included: &[String], baseline: &[String]) -> CompiledPlan {
    let plan = "cutover: 1\nname: any\nsources: { app: app.db }\ntarget: { postgres: local }\n\
                baseline: baseline.sql\ncomponents:\n  include: [schema.sql]\n";
    let mut sources = Sources::default();
    let dialect = Dialect::Postgres;
    let mut normaliser = SyntaxNormaliser { dialect, reason: "tests ask no engine".to_owned() };
    let files = Schema { included: included.join(";\n"), baseline: baseline.join(";\n") };
    let compiled = compiler::compile_text(&mut sources, "plan.yaml", plan, &files, &mut normaliser);
    let shown = |finding: &diagnostics::Diagnostic| diagnostics::render(finding, &sources);
    let findings: String = compiled.diagnostics.iter().map(shown).collect();
    compiled.plan.unwrap_or_else(|| panic!("{findings}"))
}

/// Everything but where it was written.
fn steps(plan: &CompiledPlan) -> Vec<(String, String)> {
    let shown = |step: &ir::Step| (step.id.clone(), format!("{:?} {:?}", step.action, step.needs));
    plan.steps.iter().map(shown).collect()
}

/// Without files of failed cases: a failure prints its case.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn steps_come_after_what_they_need(
        tables in 1usize..6,
        references in prop::collection::vec((0usize..6, 0usize..6), 0..6),
        views in 0usize..4,
        seed in any::<u64>(),
    ) {
        let written = statements(tables, &references, views);
        let mut mixed = written.clone();
        // The same seed gives the same order; which one does not matter.
        mixed.sort_by_key(|text| {
            text.bytes().fold(seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        });
        let (plan, other) = (compile(&written, &written), compile(&mixed, &written));
        prop_assert_eq!(steps(&plan), steps(&other));
        let position: BTreeMap<&str, usize> =
            plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
        for step in &plan.steps {
            for need in &step.needs {
                prop_assert!(position[need.step.as_str()] < position[step.id.as_str()]);
            }
        }
    }

    #[test]
    fn the_same_text_gives_the_same_bytes(
        tables in 1usize..6,
        references in prop::collection::vec((0usize..6, 0usize..6), 0..6),
    ) {
        let written = statements(tables, &references, 1);
        let (plan, again) = (compile(&written, &written), compile(&written, &written));
        prop_assert_eq!(plan.digest(), again.digest());
        let stored = CompiledPlan::from_bytes(&plan.to_bytes());
        prop_assert_eq!(stored.as_ref(), Ok(&plan));
    }
}
