//! What the environment asks for, and the count.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The point is the one that fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault;

enum Mode {
    Fail,
    Kill,
    /// Every point only says what it is.
    Count,
}

/// The nth point of all, or the first of a name.
enum At {
    Number(u64),
    Name(String),
}

struct Plan {
    mode: Mode,
    at: At,
    /// Opened before anything else: a thread may be confined to folders that do not have it.
    file: Option<File>,
}

static PASSED: AtomicU64 = AtomicU64::new(0);

fn plan() -> Option<&'static Plan> {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let read = || {
        let text = std::env::var("CUTOVER_FAULT").ok()?;
        let (mode, at) = text.split_once(':')?;
        let mode = match mode {
            "fail" => Mode::Fail,
            "kill" => Mode::Kill,
            "count" => Mode::Count,
            _ => return None,
        };
        let file = std::env::var_os("CUTOVER_FAULT_FILE")
            .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        let at = at.parse().map_or_else(|_| At::Name(at.to_owned()), At::Number);
        Some(Plan { mode, at, file })
    };
    PLAN.get_or_init(read).as_ref()
}

pub(super) fn is_armed() -> bool {
    plan().is_some()
}

pub(super) fn pass(what: &str) -> Result<(), Fault> {
    let Some(plan) = plan() else { return Ok(()) };
    let is_meant = match &plan.at {
        At::Number(at) => PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *at,
        At::Name(at) => at == what && PASSED.fetch_add(1, Ordering::SeqCst) == 0,
    };
    match plan.mode {
        Mode::Count => tell(plan, what),
        Mode::Fail | Mode::Kill if !is_meant => {}
        Mode::Fail => {
            tell(plan, what);
            return Err(Fault);
        }
        Mode::Kill => {
            tell(plan, what);
            die();
        }
    }
    Ok(())
}

/// A point that cannot tell is one that was never reached: the test says so.
fn tell(plan: &Plan, what: &str) {
    let Some(mut file) = plan.file.as_ref() else { return };
    // In one call: threads tell at the same time.
    drop(file.write_all(format!("{what}\n").as_bytes()));
}

/// Shifted by so many seconds, from so many looks at the clock on.
pub(super) fn clock(now: Timestamp) -> Timestamp {
    static JUMP: OnceLock<Option<(u64, i64)>> = OnceLock::new();
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    let read = || {
        let text = std::env::var("CUTOVER_CLOCK").ok()?;
        let (look, seconds) = text.split_once(':')?;
        Some((look.parse().ok()?, seconds.parse().ok()?))
    };
    let looks = LOOKS.fetch_add(1, Ordering::SeqCst) + 1;
    match JUMP.get_or_init(read) {
        Some((look, seconds)) if looks >= *look => now + SignedDuration::from_secs(*seconds),
        Some(_) | None => now,
    }
}

fn die() -> ! {
    let own = rustix::process::getpid();
    loop {
        // It does not return; until the kernel has ended all threads, this one waits.
        rustix::process::kill_process(own, rustix::process::Signal::KILL).ok();
        std::thread::park();
    }
}
