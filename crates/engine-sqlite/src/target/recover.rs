//! Going on with a file that a dead run built, and going back to the file that a run replaced.

use std::fs;
use std::path::Path;
use std::time::Duration;

use diagnostics::code;
use ir::CompiledPlan;
use runtime::engine::{
    Adopted, Area, Recover, Restore, Restored, Result, RunInfo, Staging, WrittenSince,
};
use runtime::{EngineError, faults};

use super::{SqliteTarget, Staged, leftovers, marker};
use crate::connect;
use crate::error_code::io_error;
use crate::preflight::{live_fingerprint, usable};
use crate::promote::{empty_wal, lock_old, sync_folder};

impl Recover for SqliteTarget {
    fn area(&mut self, run: &RunInfo) -> Result<Area> {
        let (staging, kept) = (self.place.staging(&run.run_id), self.place.kept(&run.run_id));
        // A promote that was killed before its rename has given the live file a second name.
        let is_old = kept.exists() && !leftovers::same_file(&kept, &self.place.live());
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Ok(Area {
            staging: staging.exists().then(|| text(&staging)),
            kept: is_old.then(|| text(&kept)),
        })
    }

    fn adopt_staging(&mut self, _: &CompiledPlan, run: &RunInfo) -> Result<Option<Adopted>> {
        let path = self.place.staging(&run.run_id);
        if !path.exists() {
            return Ok(None);
        }
        if self.before.is_none() {
            self.before = Some(live_fingerprint(&self.place)?);
        }
        self.staged = Some(Staged { mode: self.mode_of_new_files(run)?, path: path.clone() });
        // Opening it rolls back what the dead process was in the middle of.
        let conn = self.build_connection()?;
        let executed = marker::executed(&conn).map_err(|error| self.failed(&error))?;
        drop(conn);
        let Some(executed) = executed else {
            self.discard(&path)?;
            return Ok(None);
        };
        let staging = Staging { name: path.to_string_lossy().into_owned() };
        Ok(Some(Adopted { staging, executed }))
    }

    fn restore(&mut self, request: &Restore<'_>) -> Result<Restored> {
        let (live, kept) = (self.place.live(), self.place.kept(&request.run.run_id));
        self.holds(&live, &request.run.run_id)?;
        if request.kept.is_some() && !kept.exists() {
            return Err(self.nothing_kept(&kept));
        }
        usable(self, &live)?;
        let wait = Duration::from_millis(request.plan.settings.lock_timeout_ms);
        empty_wal(self, wait)?;
        let discarded = self.written_since(&live)?;
        if !discarded.is_empty() && !request.discard_new_rows {
            return Err(runtime::engine::new_rows(&discarded).object(&self.place.shown));
        }
        let _locked = lock_old(self, wait)?;
        let replaced = || match request.kept {
            Some(_) => fs::rename(&kept, &live),
            None => fs::remove_file(&live),
        };
        faults::io("put the old file back")
            .and_then(|()| replaced())
            .and_then(|()| faults::io("sync the folder of the target"))
            .and_then(|()| sync_folder(&live))
            .map_err(|error| io_error(&code::STATEMENT_FAILED, &self.place.shown, &error))?;
        Ok(Restored { discarded })
    }

    fn release(&mut self, run: &RunInfo) -> Result<()> {
        let kept = self.place.kept(&run.run_id);
        if leftovers::same_file(&kept, &self.place.live()) {
            let message = "the kept file is the live one: the run was not promoted";
            return Err(EngineError::new(&code::WRONG_TARGET, message).object(&self.place.shown));
        }
        self.discard(&kept)
    }
}

impl SqliteTarget {
    fn discard(&mut self, path: &Path) -> Result<()> {
        self.staged = None;
        leftovers::remove_database(path)
            .map_err(|error| io_error(&code::LEFT_BEHIND, &path.display().to_string(), &error))
    }

    /// What the user's umask makes of a new file: only a new file tells without changing it.
    fn mode_of_new_files(&self, run: &RunInfo) -> Result<u32> {
        let probe = self.place.staging(&format!("{}.mode", run.run_id));
        let failed =
            |error: std::io::Error| io_error(&code::NO_PRIVILEGE, &self.place.shown, &error);
        leftovers::remove_database(&probe).map_err(failed)?;
        let made = self.create(&probe).map_err(failed)?;
        leftovers::remove_database(&probe).map_err(failed)?;
        Ok(made.mode)
    }

    /// The live file is the one that this run promoted, and no later one.
    fn holds(&self, live: &Path, run_id: &str) -> Result<()> {
        let found = match live.exists() {
            true => marker::run_of(live, &self.place.shown)?,
            false => None,
        };
        let message = match found {
            Some(found) if found == run_id => return Ok(()),
            Some(found) => format!("run {found} was promoted after run {run_id}"),
            None => {
                format!("the file at the target's path is not the one that run {run_id} promoted")
            }
        };
        Err(EngineError::new(&code::PROMOTED_SINCE, message)
            .object(&self.place.shown)
            .help("only the state that the last promote replaced can be put back"))
    }

    fn nothing_kept(&self, kept: &Path) -> EngineError {
        EngineError::new(&code::NOTHING_KEPT, "the previous file is not there any more")
            .object(kept.display().to_string())
            .help("restore a backup instead: `cutover status` names them")
    }

    fn written_since(&self, live: &Path) -> Result<Vec<WrittenSince>> {
        let before = marker::read(live, &self.place.shown)?.unwrap_or_default().tables;
        let conn = connect::open_to_read(live, super::BUSY).map_err(|e| self.failed(&e))?;
        let now = marker::tables(&conn).map_err(|error| self.failed(&error))?;
        let names = before.keys().chain(now.keys()).collect::<std::collections::BTreeSet<_>>();
        let differs = |table: &&String| {
            // SQLite keeps its own statistics and counters there.
            !table.starts_with("sqlite_") && before.get(*table) != now.get(*table)
        };
        let since = |table: &String| {
            let (before, now) = (rows(before.get(table)), rows(now.get(table)));
            let (written, removed) = (now.saturating_sub(before), before.saturating_sub(now));
            WrittenSince { table: table.clone(), written, removed }
        };
        Ok(names.into_iter().filter(differs).map(since).collect())
    }
}

/// The count in front of `rows:digest`.
fn rows(digest: Option<&String>) -> u64 {
    let count = digest.and_then(|digest| digest.split_once(':'));
    count.and_then(|(rows, _)| rows.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
