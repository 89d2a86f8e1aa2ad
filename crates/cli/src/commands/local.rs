//! `cutover local`: the private PostgreSQL server of a plan.

use diagnostics::{Diagnostic, code};
use engine_postgres::server::Local;

use super::Outcome;
use crate::args::{self, LocalAction};
use crate::failure::Failure;
use crate::io::Io;
use crate::{exit_code, folders};

pub(crate) fn run(args: &args::Local, io: &Io) -> Outcome {
    let base = folders::base(&args.plan, &args.place);
    let state = folders::state(&base, &args.place);
    let local = Local::new(&state).map_err(failure)?;
    let text = match args.action {
        LocalAction::Status => status(&local),
        LocalAction::Stop if local.stop().map_err(failure)? => "stopped; its data stays\n".into(),
        LocalAction::Stop => "it was not running\n".to_owned(),
    };
    io.out(&text)?;
    Ok(exit_code::DONE)
}

fn status(local: &Local) -> String {
    let status = local.status();
    match (status.running, status.exists) {
        (true, _) => format!(
            "running\n  folder    {}\n  url       {}\n  connect   {}\n",
            status.folder.display(),
            status.url,
            status.psql
        ),
        (false, true) => {
            format!("stopped; the next run starts it\n  folder    {}\n", status.folder.display())
        }
        (false, false) => {
            "never started; a run of a plan with `postgres: local` starts it\n".to_owned()
        }
    }
}

fn failure(message: String) -> Failure {
    Failure::new(Diagnostic::new(&code::UNREACHABLE, message), exit_code::FINDINGS)
}
