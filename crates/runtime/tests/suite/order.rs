//! Steps on several workers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use runtime::run::RunOutcome;
use serde_json::json;

use crate::case::{Case, assert_ended};

const MODES: [&str; 4] = ["share", "share-row-exclusive", "row-exclusive", "access-exclusive"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random statements with random needs and locks, on four connections.
    #[test]
    fn edges_and_locks_are_respected(
        steps in proptest::collection::vec((any::<u16>(), 0_usize..4, 0_usize..3), 1..14),
    ) {
        let mut case = Case::new();
        case.plan["settings"]["connections"] = 4.into();
        let mut edges = Vec::new();
        for (at, (needs, mode, table)) in steps.iter().enumerate() {
            let (id, sql) = (format!("s{at}"), format!("{} t{table}-{at}", MODES[*mode]));
            let lock = format!("{} t{table}", MODES[*mode]);
            let needs: Vec<_> = (0..at).filter(|need| needs & (1 << need) != 0).collect();
            edges.extend(needs.iter().map(|need| (*need, at)));
            let names: Vec<_> = needs.iter().map(|need| format!("s{need}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            case.step(&id, json!({ "execute": { "sql": sql, "place": "staging" } }), &names, &[&lock]);
        }
        let report = case.run();
        assert_ended(&report, RunOutcome::Done);
        let world = case.sim.world();
        prop_assert!(world.conflicts.is_empty(), "{:?}", world.conflicts);
        let ended: BTreeMap<_, _> = world.executed.iter().enumerate().map(|(at, sql)| {
            (sql.rsplit('-').next().unwrap_or_default().to_owned(), at)
        }).collect();
        for (first, second) in edges {
            prop_assert!(ended[&first.to_string()] < ended[&second.to_string()]);
        }
    }
}
