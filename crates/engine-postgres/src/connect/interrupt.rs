//! How a person ends what a connector is used for at once: a backup has sessions and programs of its
//! own (`pg_dump`), which the session of the run knows nothing of.

use std::io::{self, Read};
use std::process::{Child, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use diagnostics::code::INTERRUPTED;
use runtime::engine::Cancel;
use runtime::{EngineError, ErrorClass};

/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Shared by a connector and everything that is made of it.
#[derive(Default)]
pub(crate) struct Interrupt {
    asked: AtomicBool,
    sessions: Mutex<Vec<Box<dyn Cancel>>>,
}

impl Interrupt {
    /// Cancels the session's statement too, when it is asked for.
    pub(crate) fn watch(&self, session: Box<dyn Cancel>) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// What is asked for stays asked for: the run ends.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().for_each(|session| session.cancel());
    }

    /// Runs the program to its end, or until somebody wants it to end. Its streams are read meanwhile,
    /// so that it never waits for us.
    pub(crate) fn output(&self, mut child: Child) -> io::Result<Result<Output, EngineError>> {
        let (stdout, stderr) = (reading(child.stdout.take()), reading(child.stderr.take()));
        let mut stopped = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if self.asked.load(Ordering::SeqCst) && !stopped {
                stopped = true;
                terminate(&child);
            }
            std::thread::sleep(LOOK);
        };
        let output = Output { status, stdout: read(stdout)?, stderr: read(stderr)? };
        Ok(if stopped { Err(interrupted()) } else { Ok(output) })
    }
}

type Reading = JoinHandle<io::Result<Vec<u8>>>;

fn reading(stream: Option<impl Read + Send + 'static>) -> Reading {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.map_or(Ok(0), |mut stream| stream.read_to_end(&mut bytes))?;
        Ok(bytes)
    })
}

fn read(reading: Reading) -> io::Result<Vec<u8>> {
    reading.join().map_err(|_| io::Error::other("its reader panicked"))?
}

/// Only who holds the child waits for it, so the number is still its own.
fn terminate(child: &Child) {
    let process = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process {
        // It may have ended by itself.
        rustix::process::kill_process(process, rustix::process::Signal::TERM).ok();
    }
}

fn interrupted() -> EngineError {
    let message = "it was stopped at a person's request";
    EngineError::new(&INTERRUPTED, message).class(ErrorClass::Interrupted)
}

/// Cancels the lead session, and what the connector is used for besides.
pub(crate) struct Everything {
    pub(crate) lead: Box<dyn Cancel>,
    pub(crate) interrupt: std::sync::Arc<Interrupt>,
}

impl Cancel for Everything {
    fn cancel(&self) {
        self.lead.cancel();
        self.interrupt.ask();
    }
}
