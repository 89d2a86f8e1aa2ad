//! The cutover of a file: complete it, sync it, keep the old one, rename.
//!
//! At every instant a complete file stands at the target's path: the old one gets a second name by
//! a hard link, then one rename puts the new one in its place. Where a file system has no hard
//! links, one exchange of the two names does the same, and the old file gets its name afterwards.
//! A program that keeps the old file open goes on with the old file: that is why preflight refuses
//! a target that somebody has open, and the swap holds SQLite's exclusive lock on it.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use diagnostics::code;
use ir::{Action, Check, CompiledPlan, Place as StepPlace};
use runtime::engine::{PromoteHooks, Promotion, Result, RunInfo};
use runtime::{EngineError, ErrorClass, faults};
use rusqlite::Connection;
use rustix::fs::{AtFlags, CWD, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;

use crate::cage::Cage;
use crate::connect::{self, Access};
use crate::error_code::{engine_error, io_error};
use crate::execute::execute;
use crate::preflight::live_fingerprint;
use crate::source::file::{beside, has_journal_header};
use crate::source::{Integrity, integrity_messages, name_of};
use crate::target::{SqliteTarget, Staged, check, leftovers, marker, report, sync_file};

pub(crate) fn promote(
    target: &SqliteTarget,
    plan: &CompiledPlan,
    run: &RunInfo,
    hooks: &mut dyn PromoteHooks,
    after: &[Check],
) -> Result<Promotion> {
    let staged = target.staged()?;
    let fingerprint = complete(target, plan, run, hooks, after)?;
    sync_file(&staged.path)
        .map_err(|error| io_error(&code::STATEMENT_FAILED, &target.place.shown, &error))?;
    let wait = Duration::from_millis(plan.settings.lock_timeout_ms);
    let (mut before, mut attempt) = (target.before.clone(), 1);
    loop {
        match swap(target, &staged, run, hooks, wait, &mut before) {
            Ok((locked, kept)) => {
                let locked_ms = u64::try_from(locked.as_millis()).unwrap_or(u64::MAX);
                return Ok(Promotion { attempts: attempt, locked_ms, kept, fingerprint });
            }
            Err(error) if error.class == ErrorClass::Transient => {
                if attempt >= plan.settings.promote_attempts {
                    return Err(EngineError { code: &code::LOCK_TIMEOUT, ..error }
                        .class(ErrorClass::Permanent)
                        .help("stop the programs that use the target, then run the plan again"));
                }
                let pause = 100 * u64::from(attempt);
                hooks.retrying(attempt, pause, &error.message);
                std::thread::sleep(Duration::from_millis(pause));
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The last statements, the checks of the moment `After`, SQLite's own checks, the record of the
/// run: what is renamed later is finished here.
fn complete(
    target: &SqliteTarget,
    plan: &CompiledPlan,
    run: &RunInfo,
    hooks: &mut dyn PromoteHooks,
    after: &[Check],
) -> Result<String> {
    let mut conn = target.build_connection()?;
    let failed = |error| target.failed(&error);
    conn.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    // One transaction: a promote that is repeated finds all of it or nothing.
    if !marker::is_complete(&conn, &run.run_id).map_err(failed)? {
        last_statements(target, &mut conn, plan)?;
    }
    check_after(target, &conn, hooks, after)?;
    let report = report(target, &conn, plan)?;
    let wrong = report.differences.iter().map(|(_, text)| text).chain(&report.defects).next();
    if let Some(wrong) = wrong {
        let message = format!("the new file is not what the plan says: {wrong}");
        return Err(EngineError::new(&code::CATALOG_DIFFERS, message).object(&target.place.shown));
    }
    marker::write(&conn, run, &report.fingerprint).map_err(failed)?;
    let point = |what| faults::io(what).map_err(|error| target.broken(&error));
    point("commit the new file")?;
    conn.execute_batch("COMMIT").map_err(failed)?;
    point("check the new file")?;
    check_integrity(target, &conn)?;
    // The plan's own SQL may have chosen another one.
    conn.execute_batch("PRAGMA journal_mode = delete").map_err(failed)?;
    Ok(report.fingerprint)
}

fn check_after(
    target: &SqliteTarget,
    conn: &Connection,
    hooks: &mut dyn PromoteHooks,
    after: &[Check],
) -> Result<()> {
    for check in after {
        let outcome = check::run(conn, check)?;
        hooks.check_done(check, &outcome);
        if !outcome.passed {
            let message = format!("check `{}` fails: {}", check.name, outcome.found);
            return Err(EngineError::new(&code::CHECK_FAILED, message).object(&target.place.shown));
        }
    }
    Ok(())
}

fn check_integrity(target: &SqliteTarget, conn: &Connection) -> Result<()> {
    let messages =
        integrity_messages(conn, Integrity::Full).map_err(|error| target.failed(&error))?;
    match messages.first() {
        None => Ok(()),
        Some(first) => {
            let message = format!("the new file fails its integrity check: {first}");
            Err(EngineError::new(&code::INTEGRITY_FAILED, message).object(&target.place.shown))
        }
    }
}

fn last_statements(
    target: &SqliteTarget,
    conn: &mut Connection,
    plan: &CompiledPlan,
) -> Result<()> {
    let cage = Cage::for_building(conn).map_err(|error| target.failed(&error))?;
    for step in &plan.steps {
        if let Action::Execute { sql, place: StepPlace::Promote } = &step.action {
            execute(conn, &cage, &catalog::at_home(sql, "main"))
                .map_err(|error| error.object(&step.id))?;
        }
    }
    // What follows is ours.
    let free = None::<fn(rusqlite::hooks::AuthContext<'_>) -> rusqlite::hooks::Authorization>;
    conn.authorizer(free).map_err(|error| target.failed(&error))
}

/// One try. Gives how long the old target was locked, and where it is kept.
fn swap(
    target: &SqliteTarget,
    staged: &Staged,
    run: &RunInfo,
    hooks: &mut dyn PromoteHooks,
    wait: Duration,
    before: &mut Option<String>,
) -> Result<(Duration, Option<String>)> {
    let place = &target.place;
    let (live, kept) = (place.live(), place.kept(&run.run_id));
    let failed = |error: io::Error| io_error(&code::STATEMENT_FAILED, &place.shown, &error);
    unchanged(target, before)?;
    let old = live.exists();
    if old && empty_wal(target, wait)? {
        // Other bytes, the same content: a further try must not take it for a change.
        *before = Some(live_fingerprint(place)?);
    }
    let start = Instant::now();
    let _locked = if old { lock_old(target, wait)? } else { None };
    hooks.guard()?;
    own_like_old(staged, &live).and_then(|()| sync_file(&staged.path)).map_err(failed)?;
    let (from, to) = (name_of(&staged.path), name_of(&live));
    hooks.before_commit(&format!("rename {from} to {to}"))?;
    if old {
        replace(&staged.path, &live, &kept).map_err(failed)?;
        return Ok((start.elapsed(), Some(kept.to_string_lossy().into_owned())));
    }
    if let Some(orphan) = place.orphan() {
        let message = format!("`{}` has come to the target's path", name_of(&orphan));
        return Err(EngineError::new(&code::TARGET_CHANGED, message).object(&place.shown));
    }
    rename_new(&staged.path, &live).map_err(failed)?;
    Ok((start.elapsed(), None))
}

/// Taken with no connection open: closing a descriptor would release SQLite's locks.
fn unchanged(target: &SqliteTarget, before: &Option<String>) -> Result<()> {
    if before.as_ref() == Some(&live_fingerprint(&target.place)?) {
        return Ok(());
    }
    let message = "the file at the target's path is not the one that preflight saw";
    Err(EngineError::new(&code::TARGET_CHANGED, message)
        .object(&target.place.shown)
        .help("find out what wrote it, then run the plan again"))
}

/// Brings the rows of a `-wal` into the old file, as its own last closing would: a stale `-wal`
/// beside the new file would be read as the new file's own. What the old target says is unchanged.
/// `false`: there was nothing to do.
pub(crate) fn empty_wal(target: &SqliteTarget, wait: Duration) -> Result<bool> {
    let live = target.place.live();
    if !beside(&live, "-wal").exists() {
        return Ok(false);
    }
    let busy = |message: &str| {
        EngineError::new(&code::LOCK_TIMEOUT, message)
            .object(&target.place.shown)
            .class(ErrorClass::Transient)
    };
    let checkpoint = || {
        let conn = connect::open(&live, Access::ReadWrite, wait)?;
        let busy =
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))?;
        // Closing it as the last connection removes the `-wal` and the `-shm`.
        conn.close().map_err(|(_, error)| error)?;
        Ok(busy)
    };
    match checkpoint() {
        Ok(0) if !beside(&live, "-wal").exists() => Ok(true),
        Ok(_) => Err(busy("another program has the target open")),
        Err(error) => {
            Err(engine_error(&code::STATEMENT_FAILED, &error).object(&target.place.shown))
        }
    }
}

/// Keeps readers and writers away from the old file while it changes its name. A file in WAL mode
/// is let go again at once: a connection to it would make a new `-wal` beside the new file.
pub(crate) fn lock_old(target: &SqliteTarget, wait: Duration) -> Result<Option<Connection>> {
    let live = target.place.live();
    let lock = || {
        let conn = connect::open(&live, Access::ReadWrite, wait)?;
        let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        if mode == "wal" {
            conn.close().map_err(|(_, error)| error)?;
            return Ok(None);
        }
        conn.execute_batch("BEGIN EXCLUSIVE")?;
        Ok(Some(conn))
    };
    let locked = lock()
        .map_err(|error| engine_error(&code::LOCK_TIMEOUT, &error).object(&target.place.shown))?;
    // A journal without a header is void (`journal_mode = persist` leaves it there).
    if !beside(&live, "-wal").exists() && !has_journal_header(&beside(&live, "-journal")) {
        return Ok(locked);
    }
    let message = "another program is writing the target";
    Err(EngineError::new(&code::LOCK_TIMEOUT, message)
        .object(&target.place.shown)
        .class(ErrorClass::Transient))
}

/// The new file belongs to whom the old one belonged, with the same rights.
fn own_like_old(staged: &Staged, live: &Path) -> io::Result<()> {
    let mode = match live.metadata() {
        Ok(old) => {
            let new = staged.path.metadata()?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                std::os::unix::fs::chown(&staged.path, Some(old.uid()), Some(old.gid()))?;
            }
            old.permissions().mode() & 0o7777
        }
        Err(_) => staged.mode,
    };
    fs::set_permissions(&staged.path, fs::Permissions::from_mode(mode))
}

/// The new file gets the live name, the old one `kept`.
fn replace(staged: &Path, live: &Path, kept: &Path) -> io::Result<()> {
    faults::io("link the old file")?;
    match link(live, kept) {
        Ok(()) => put_in_place(staged, live, kept),
        Err(Errno::EXIST) => Err(Errno::EXIST.into()),
        Err(_) => {
            exchange(staged, live)?;
            rename_new(staged, kept)
        }
    }
}

/// The old file's second name, durable before the first one goes. A promote that was killed may have
/// given it already.
fn link(live: &Path, kept: &Path) -> rustix::io::Result<()> {
    match linkat(CWD, live, CWD, kept, AtFlags::empty()) {
        Err(Errno::EXIST) if leftovers::same_file(live, kept) => {}
        linked => linked?,
    }
    sync_folder(live).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

fn put_in_place(staged: &Path, live: &Path, kept: &Path) -> io::Result<()> {
    match faults::io("rename over the old file").and_then(|()| fs::rename(staged, live)) {
        Ok(()) => faults::io("sync the folder of the target").and_then(|()| sync_folder(live)),
        Err(error) => {
            // The old file keeps its first name; the second one says nothing any more.
            fs::remove_file(kept).ok();
            Err(error)
        }
    }
}

fn exchange(staged: &Path, live: &Path) -> io::Result<()> {
    renameat_with(CWD, staged, CWD, live, RenameFlags::EXCHANGE)?;
    sync_folder(live)
}

/// Renames to a name that must be free.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    faults::io("rename the new file")?;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => sync_folder(to),
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(CWD, from, CWD, to, AtFlags::empty())?;
            fs::remove_file(from)?;
            sync_folder(to)
        }
        Err(errno) => Err(errno.into()),
    }
}

pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    sync_file(file.parent().unwrap_or(Path::new("/")))
}

#[cfg(test)]
mod tests;
