//! Why a command could not do what was asked: findings with the sources they speak of, and the
//! exit code that goes with them.

use std::io;

use diagnostics::{Code, Diagnostic, Sources, code};
use runtime::EngineError;

use crate::exit_code;

#[derive(Debug)]
pub(crate) enum Failure {
    Findings(Box<Findings>),
    /// Whoever read stdout went away.
    BrokenPipe,
}

#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: Sources,
    pub(crate) exit: u8,
}

impl Failure {
    pub(crate) fn new(diagnostic: Diagnostic, exit: u8) -> Self {
        Self::findings(vec![diagnostic], Sources::default(), exit)
    }

    pub(crate) fn findings(diagnostics: Vec<Diagnostic>, sources: Sources, exit: u8) -> Self {
        Failure::Findings(Box::new(Findings { diagnostics, sources, exit }))
    }

    /// A command line that cannot be meant.
    pub(crate) fn usage(code: &'static Code, message: impl Into<String>, help: &str) -> Self {
        Self::new(Diagnostic::new(code, message).help(help), exit_code::USAGE)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::BrokenPipe;
        }
        let message = format!("stdout cannot be written: {error}");
        Failure::new(Diagnostic::new(&code::OUTPUT, message), exit_code::FINDINGS)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let exit = exit_of(&error);
        Failure::new(from_engine(&error), exit)
    }
}

/// The exit code of an error that came before anything was touched.
pub(crate) fn exit_of(error: &EngineError) -> u8 {
    match error.code.id {
        id if id == code::RUN_IN_PROGRESS.id => exit_code::HELD,
        id if id == code::INTERNAL.id => exit_code::INTERNAL,
        _ => exit_code::FINDINGS,
    }
}

/// An engine's error as a finding; the place in the plan is added by whoever knows it.
pub(crate) fn from_engine(error: &EngineError) -> Diagnostic {
    let named = error.object.as_ref().is_some_and(|object| error.message.contains(object));
    let message = if named { error.message.clone() } else { error.to_string() };
    let mut diagnostic = Diagnostic::new(error.code, message);
    if let Some(state) = &error.sqlstate {
        diagnostic = diagnostic.note(format!("SQLSTATE {state}"));
    }
    diagnostic.help.clone_from(&error.help);
    diagnostic
}
