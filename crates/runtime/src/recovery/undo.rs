//! `abort`, `rollback`, `accept`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Act, Case, Held, Recovered, Request, Stopped, Told, begun};
use crate::clock::stamp;
use crate::engine::{Outcome, Restore, Restored, WrittenSince};
use crate::journal::Record;
use crate::journal::format::Closing;
use crate::run::SNAPSHOTS;
use crate::{EngineError, RowDigest, faults};

/// Takes back what an unfinished run built, and closes its journal.
///
/// # Errors
/// Where the run is not one to be aborted, or the target cannot be reached.
pub fn abort(request: Request<'_>) -> Result<Recovered, Stopped> {
    let mut held = Held::take(request, Act::Abort)?;
    held.request.target.discard_staging(&held.info).map_err(begun)?;
    held.record(Record::StagingDiscarded).map_err(begun)?;
    remove_copies(&held);
    let outcome = match held.evidence.told {
        Told::Stopped => Closing::Stopped,
        Told::Restored => Closing::Restored,
        _ => Closing::RolledBack,
    };
    let next_actions = vec!["run again when it suits; the target is as it was".to_owned()];
    held.close(outcome, &next_actions).map_err(begun)?;
    let mut done = vec!["what the run built is removed".to_owned()];
    if held.journal.is_none() {
        done.push(format!(
            "there is no journal to close: keep `{}` as it is",
            held.info.run_dir.display()
        ));
    }
    Ok(held.recovered("aborted: the target is as it was before the run", done, next_actions))
}

/// Private copies of the sources are of no use any more; whatever keeps one from being removed, the
/// run is aborted.
fn remove_copies(held: &Held<'_>) {
    let copies = held.info.run_dir.join(SNAPSHOTS);
    drop(faults::io("remove private copies").and_then(|()| std::fs::remove_dir_all(copies)));
}

pub struct Rollback<'a> {
    pub request: Request<'a>,
    /// Rows that were written since the promote may be lost.
    pub discard_new_rows: bool,
}

/// Puts the state that the run replaced back in its place, in one act.
///
/// # Errors
/// `RUN840` where rows were written since, and what [`crate::engine::Recover::restore`] says.
pub fn rollback(rollback: Rollback<'_>) -> Result<Recovered, Stopped> {
    let mut held = Held::take(rollback.request, Act::Rollback)?;
    let discard_new_rows = rollback.discard_new_rows;
    if held.evidence.told != Told::Restoring {
        held.record(Record::Restoring { discard_new_rows })?;
    }
    let restored = match held.request.target.outcome(&held.info.run_id).map_err(begun)? {
        Outcome::NotPromoted => Restored::default(),
        Outcome::Promoted => restore(&mut held, discard_new_rows)?,
    };
    // The promoted objects stand aside until they are removed.
    held.request.target.discard_staging(&held.info).map_err(begun)?;
    let discarded: Vec<_> = restored.discarded.iter().map(WrittenSince::sentence).collect();
    held.record(Record::Restored { discarded: discarded.clone() }).map_err(begun)?;
    let next_actions = vec![
        "point the application at the previous state".to_owned(),
        "mend what was wrong, then run again".to_owned(),
    ];
    let outcome = Closing::Restored;
    held.close(outcome, &next_actions).map_err(begun)?;
    let done = discarded.into_iter().map(|what| format!("discarded: {what}")).collect();
    Ok(held.recovered("rolled back: the previous state is in place", done, next_actions))
}

/// A failure leaves the run as it was; where the answer was lost, the target is asked.
fn restore(held: &mut Held<'_>, discard_new_rows: bool) -> Result<Restored, Stopped> {
    let promoted = promoted_rows(held);
    let kept = held.view.kept.clone();
    let request = Restore {
        plan: &held.request.plan,
        run: &held.info,
        promoted: &promoted,
        kept: kept.as_deref(),
        discard_new_rows,
    };
    let error = match held.request.target.restore(&request) {
        Ok(restored) => return Ok(restored),
        Err(error) => error,
    };
    match held.request.target.outcome(&held.info.run_id) {
        Ok(Outcome::NotPromoted) => Ok(Restored::default()),
        Ok(Outcome::Promoted) => {
            let outcome = if held.view.accepted { Closing::Accepted } else { Closing::Promoted };
            let next_actions = held.view.next_actions.clone();
            held.close(outcome, &next_actions).map_err(begun)?;
            Err(error.into())
        }
        // It stays open: the next rollback asks again.
        Err(_) => Err(begun(error)),
    }
}

/// What the loaded tables held when they were promoted.
fn promoted_rows(held: &Held<'_>) -> BTreeMap<String, RowDigest> {
    let digest = |(table, digest): (&String, &String)| Some((table.clone(), digest.parse().ok()?));
    held.view.verified.iter().filter_map(digest).collect()
}

pub struct Accept<'a> {
    pub request: Request<'a>,
    /// The previous state goes now, whatever the plan says.
    pub remove_kept: bool,
}

/// Ends the way back: the previous state goes when the plan's time is over.
///
/// # Errors
/// Where the run is not one to be accepted, or the previous state cannot be removed.
pub fn accept(accept: Accept<'_>) -> Result<Recovered, Stopped> {
    let mut held = Held::take(accept.request, Act::Accept)?;
    let now = held.request.clock.now();
    let until = if accept.remove_kept { now } else { kept_until(&held, now) };
    let due = until <= now || held.view.kept.is_none();
    if held.evidence.case() != Case::AcceptedKept {
        let kept_until = (!due).then(|| stamp(until));
        held.record(Record::Accepted { kept_until })?;
    }
    let done = if due { remove_kept(&mut held).map_err(begun)? } else { vec![kept_note(until)] };
    let next_actions = vec!["`cutover verify` at any time".to_owned()];
    let outcome = Closing::Accepted;
    held.close(outcome, &next_actions).map_err(begun)?;
    Ok(held.recovered("accepted: the run has ended", done, next_actions))
}

fn kept_note(until: Timestamp) -> String {
    format!(
        "the previous state is kept until {}: until then `cutover rollback` works",
        stamp(until)
    )
}

/// The time that an earlier acceptance fixed, or the plan's from now on.
fn kept_until(held: &Held<'_>, now: Timestamp) -> Timestamp {
    let fixed = held.view.kept_until.as_ref().and_then(|at| at.parse().ok());
    let keep_ms = i64::try_from(held.request.plan.settings.keep_ms).unwrap_or(i64::MAX);
    // A clock that went back must not shorten what the plan promises.
    let last = held.view.updated_at.parse().unwrap_or(now);
    let planned = || now.max(last).checked_add(jiff::SignedDuration::from_millis(keep_ms));
    fixed.unwrap_or_else(|| planned().unwrap_or(Timestamp::MAX))
}

fn remove_kept(held: &mut Held<'_>) -> Result<Vec<String>, EngineError> {
    held.request.target.release(&held.info)?;
    held.record(Record::KeptRemoved)?;
    let kept = held.view.kept.iter();
    Ok(kept.map(|kept| format!("the previous state, {kept}, is removed")).collect())
}
