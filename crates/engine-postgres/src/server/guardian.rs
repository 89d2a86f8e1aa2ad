//! Keeps a server process alive exactly as long as its owner.
//!
//! Linux ends the server with us through `setpriv --pdeathsig` (util-linux). That signal comes when
//! the *thread* that started the child ends, so a thread of its own starts the server and waits.

use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::account::{Account, command};

const READY_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Guardian {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Guardian {
    /// Starts `program` with `arguments` and returns when `ready` says so.
    pub(super) fn start(
        program: &Path,
        arguments: Vec<String>,
        account: Option<Account>,
        log: &Path,
        ready: impl Fn() -> bool + Send + 'static,
    ) -> Result<Guardian, String> {
        let file = std::fs::File::create(log)
            .map_err(|error| format!("cannot write `{}`: {error}", log.display()))?;
        let mut command = with_death_signal(program, account);
        command.args(arguments).stderr(file).stdout(std::process::Stdio::null());
        let (stop, stopped) = channel();
        let (report, reported) = channel();
        let thread = thread::Builder::new()
            .name("postgres-guardian".to_owned())
            .spawn(move || guard(command, &report, &stopped, &ready))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        let guardian = Guardian { stop: Some(stop), thread: Some(thread) };
        match reported.recv() {
            Ok(Ok(())) => Ok(guardian),
            Ok(Err(error)) => Err(format!("PostgreSQL does not start: {error}{}", tail(log))),
            Err(_) => Err("PostgreSQL does not start".to_owned()),
        }
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the guardian leaves nothing to do here; the server is gone with its thread.
            drop(thread.join());
        }
    }
}

fn guard(
    mut command: Command,
    report: &Sender<Result<(), String>>,
    stopped: &Receiver<()>,
    ready: &dyn Fn() -> bool,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            drop(report.send(Err(error.to_string())));
            return;
        }
    };
    let answer = wait_ready(&mut child, ready);
    let failed = answer.is_err();
    drop(report.send(answer));
    if !failed {
        // Returns with an error when the owner lets go of the sender.
        stopped.recv().ok();
    }
    quit(&mut child);
}

fn wait_ready(child: &mut Child, ready: &dyn Fn() -> bool) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < READY_WITHIN {
        match child.try_wait() {
            Ok(Some(status)) => return Err(format!("it ended with {status}")),
            Ok(None) if ready() => return Ok(()),
            Ok(None) => thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("it was not ready within {} s", READY_WITHIN.as_secs()))
}

/// SIGQUIT is PostgreSQL's immediate shutdown: nothing in a throw-away cluster is worth a checkpoint.
fn quit(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process(pid, Signal::QUIT).ok();
    }
    drop(child.wait());
}

fn with_death_signal(program: &Path, account: Option<Account>) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.is_file() {
        return command(program, account);
    }
    let mut wrapped = command(setpriv, account);
    wrapped.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    wrapped
}

/// The end of the server's log, which says why it did not start.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    lines.into_iter().rev().map(|line| format!("; {line}")).collect()
}
