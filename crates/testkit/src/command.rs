//! Programs as processes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::files::sources;

/// Runs a tool that must succeed and returns its standard output.
///
/// # Panics
/// When it cannot be started or fails.
pub fn tool(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output();
    let out = out.unwrap_or_else(|error| panic!("{program}: {error}"));
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{program} {args:?}: {}\n{error}", out.status);
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// The program under test with its arguments and environment.
///
/// Whatever it is told to do, the sources below the folder (`data`) are the same before and after (L1):
/// bytes, times and names.
#[derive(Clone)]
pub struct Program {
    binary: PathBuf,
    envs: Vec<(String, String)>,
    sources_change: bool,
}

/// How a process ended.
#[derive(Debug)]
pub struct Finished {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Finished {
    /// # Panics
    /// With both streams, when the exit code is another one.
    pub fn expect(self, code: i32) -> Finished {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Program {
    pub fn new(binary: impl AsRef<Path>) -> Self {
        Self { binary: binary.as_ref().to_owned(), envs: Vec::new(), sources_change: false }
    }

    /// The test itself writes to the sources while the program runs.
    #[must_use]
    pub fn while_sources_change(mut self) -> Self {
        self.sources_change = true;
        self
    }

    /// # Panics
    /// When a source is not as it was before.
    fn watched<T>(&self, folder: &Path, args: &[&str], act: impl FnOnce() -> T) -> T {
        let states = || sources(folder);
        let before = (!self.sources_change).then(states);
        let done = act();
        if let Some(before) = before {
            let after = states();
            let changed: Vec<_> = before.symmetric_difference(&after).collect();
            assert!(changed.is_empty(), "L1: {args:?} changed {changed:?}");
        }
        done
    }

    pub fn binary(&self) -> &Path {
        &self.binary
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.envs.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).current_dir(folder).stdin(Stdio::null());
        command.envs(self.envs.iter().map(|(name, value)| (name, value)));
        // What findings look like must not depend on where the tests run.
        command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env_remove("NO_GRAPHICS");
        command
    }

    /// # Panics
    /// When the program cannot be started.
    pub fn run(&self, folder: &Path, args: &[&str]) -> Finished {
        let started = Instant::now();
        let out = self.watched(folder, args, || self.command(folder, args).output().unwrap());
        Finished {
            code: out.status.code(),
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
            elapsed: started.elapsed(),
        }
    }

    /// Starts the program and gives its process; what it prints is lost.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn spawn(&self, folder: &Path, args: &[&str]) -> Child {
        let mut command = self.command(folder, args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Kills the program (SIGKILL) after `delay`, if it is still there; says whether it was.
    ///
    /// # Panics
    /// When the program cannot be started or waited for.
    pub fn kill_after(&self, folder: &Path, args: &[&str], delay: Duration) -> bool {
        let end = Instant::now() + delay;
        self.kill_when(folder, args, &|| Instant::now() >= end)
    }

    /// Kills the program as soon as `now` says so, if it is still there; says whether it was.
    ///
    /// # Panics
    /// When the program cannot be started or waited for.
    pub fn kill_when(&self, folder: &Path, args: &[&str], now: &dyn Fn() -> bool) -> bool {
        self.watched(folder, args, || self.kill(folder, args, now))
    }

    fn kill(&self, folder: &Path, args: &[&str], now: &dyn Fn() -> bool) -> bool {
        let mut command = self.command(folder, args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !now() {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let alive = child.try_wait().unwrap().is_none();
        if alive {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        alive
    }
}
