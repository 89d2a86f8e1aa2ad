//! A panic is a defect of this program. The user gets a short report with the exit code 70; the
//! backtrace is for whoever sets RUST_BACKTRACE.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, Once, PoisonError};

use diagnostics::{Diagnostic, Sources, code};

use crate::{Io, exit_code, ui};

/// What the last panic said, and where.
static LAST: Mutex<Option<String>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// Runs `body`; a panic in it is reported and becomes an exit code.
pub(crate) fn caught(io: &Io, body: impl FnOnce() -> u8) -> u8 {
    if io.process && std::env::var_os("RUST_BACKTRACE").is_none() {
        HOOK.call_once(|| panic::set_hook(Box::new(remember)));
    }
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let what = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        io.err(&ui::findings::render(&[report(what)], &Sources::default(), io.terminal));
        exit_code::INTERNAL
    })
}

fn remember(info: &panic::PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line()));
    let text = format!("{what}{}", place.unwrap_or_default());
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

fn report(what: Option<String>) -> Diagnostic {
    let message = "cutover stopped on a defect of its own; this is not your plan's fault";
    let diagnostic = Diagnostic::new(&code::INTERNAL, message)
        .help("run `cutover status` to see what state a run left, and report this message");
    match what {
        Some(what) => diagnostic.note(what),
        None => diagnostic.note("set RUST_BACKTRACE=1 to see where"),
    }
}
