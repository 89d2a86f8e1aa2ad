//! `cutover backup prune`: removes what retention lets go, and says why everything else stays.

use std::collections::BTreeMap;
use std::path::Path;

use backup::prune::{self, Judged};
use runtime::status::{self, RunState, RunStatus};
use serde_json::{Value, json};

use super::{Outcome, keep};
use crate::args::{Format, Prune};
use crate::io::Io;
use crate::ui::figures::bytes;
use crate::ui::style::bold;
use crate::ui::table::{self, Align};
use crate::{exit_code, ui};

pub(super) fn run(args: &Prune, io: &Io) -> Outcome {
    let rules = keep::rules(args.keep.as_ref(), args.keep_last, args.keep_daily)?;
    let state_dir = super::state_dir(&args.store);
    let catalog = super::existing(&args.store, io)?;
    let now = runtime::clock::now();
    let judged = prune::judge(&catalog, rules, &needed(&state_dir), now)?;
    let freed = match args.dry_run {
        true => would_free(&judged),
        false => prune::carry_out(&catalog, &judged, now)?,
    };
    match args.store.format {
        Format::Text => io.out(&text(&judged, freed, args.dry_run, io))?,
        Format::Json => {
            let fields = json!({
                "dry_run": args.dry_run,
                "freed": freed,
                "backups": judged.iter().map(as_json).collect::<Vec<_>>(),
            });
            io.out(&ui::json::answer("backup prune", exit_code::DONE, fields))?;
        }
    }
    Ok(exit_code::DONE)
}

fn would_free(judged: &[Judged]) -> u64 {
    judged.iter().filter(|it| it.verdict.remove).map(|it| it.entry.size).sum()
}

/// Runs that may still want their backups, with the reason. A run whose journal cannot be read
/// keeps them.
fn needed(state_dir: &Path) -> BTreeMap<String, String> {
    let runs = status::list(state_dir).into_iter();
    runs.filter_map(|run| why_needed(&run).map(|why| (run.run_id, why))).collect()
}

fn why_needed(run: &RunStatus) -> Option<String> {
    let why = match run.state {
        // The target is as it was and the sources were never written.
        RunState::RolledBack | RunState::Stopped | RunState::Restored => return None,
        RunState::Accepted => return None,
        RunState::Running => "is going on",
        RunState::Done => "is not accepted yet",
        RunState::Unfinished => "did not end by itself",
        RunState::Undecided => "is undecided",
        RunState::Unreadable => "has a journal that cannot be read",
    };
    Some(format!("run {} {why}", run.run_id))
}

fn text(judged: &[Judged], freed: u64, dry_run: bool, io: &Io) -> String {
    let removed = judged.iter().filter(|it| it.verdict.remove).count();
    let kept = judged.len() - removed;
    let verb = if dry_run { "would be removed" } else { "removed" };
    let title = format!(
        "{} {verb} ({}), {kept} kept",
        diagnostics::plural(removed, "backup"),
        bytes(freed)
    );
    let header = [("backup", Align::Left), ("", Align::Left), ("why", Align::Left)];
    let rows: Vec<Vec<String>> = judged
        .iter()
        .map(|it| {
            let word = if it.verdict.remove { verb } else { "kept" };
            vec![it.entry.name.clone(), word.to_owned(), reason(it)]
        })
        .collect();
    let table =
        if rows.is_empty() { String::new() } else { table::fitted(&header, &rows, io.terminal) };
    format!("{}\n{table}", bold(&title, io.terminal))
}

fn reason(judged: &Judged) -> String {
    match judged.verdict.remove {
        true => format!("no rule keeps it ({})", judged.verdict.why),
        false => judged.verdict.why.clone(),
    }
}

fn as_json(judged: &Judged) -> Value {
    json!({ "name": judged.entry.name, "removed": judged.verdict.remove, "why": judged.verdict.why })
}
