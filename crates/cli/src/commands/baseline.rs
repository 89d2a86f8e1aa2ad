//! `cutover baseline capture`: a live schema as the reviewed file that others are held against.

use std::path::Path;

use diagnostics::{Diagnostic, Sources, code};
use engine_postgres::capture::Options;
use engine_postgres::connect::{Address, Connector, Pins};
use engine_sqlite::capture as sqlite;
use ir::{PostgresTarget, Server, TlsMode};
use runtime::EngineError;

use super::Outcome;
use crate::args::{Baseline, BaselineAction, Capture};
use crate::failure::Failure;
use crate::io::Io;
use crate::{exit_code, output_file, ui};

pub(crate) fn run(args: &Baseline, io: &Io) -> Outcome {
    match &args.action {
        BaselineAction::Capture(args) => capture(args, io),
    }
}

/// What was captured, of either engine.
struct Captured {
    text: String,
    fingerprint: String,
    engine: String,
    objects: usize,
    notes: Vec<String>,
}

fn capture(args: &Capture, io: &Io) -> Outcome {
    // Before the database is asked: a file that may not be written is known now.
    let output = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let force = args.force || output.is_some_and(output_file::is_stream);
    if let Some(path) = output.filter(|path| !force && path.exists()) {
        return Err(output_file::is_there(path, WRITE_OVER));
    }
    let captured = match &args.sqlite {
        Some(path) => of_sqlite(path)?,
        None => of_postgres(args)?,
    };
    let notes = captured.notes.iter().map(|note| Diagnostic::new(&code::OPAQUE_OBJECT, note));
    let notes: Vec<Diagnostic> = notes.collect();
    io.err(&ui::findings::render(&notes, &Sources::default(), io.terminal));
    match output {
        None => io.out_bytes(captured.text.as_bytes())?,
        Some(path) => {
            write(path, captured.text.as_bytes(), force)?;
            io.out(&summary(path, &captured))?;
        }
    }
    Ok(exit_code::DONE)
}

fn summary(path: &Path, captured: &Captured) -> String {
    format!(
        "{}: {}, {}\nfingerprint {}\n",
        path.display(),
        captured.engine,
        diagnostics::plural(captured.objects, "object"),
        captured.fingerprint
    )
}

fn of_sqlite(path: &Path) -> Result<Captured, EngineError> {
    let found = sqlite::capture(path, &path.display().to_string())?;
    let sqlite::Captured { text, fingerprint, engine, objects } = found;
    Ok(Captured { text, fingerprint, engine, objects, notes: Vec::new() })
}

fn of_postgres(args: &Capture) -> Result<Captured, Failure> {
    // A path in `--url-file` starts at the working folder; no local server is ever started here.
    let here = Path::new(".");
    let address = Address::resolve(&PostgresTarget::only_read(server(args)?), here, here)?;
    let connector = Connector::new(address, TlsMode::VerifyFull, Pins::default())?;
    let mut session = connector.open("capture")?;
    let options = Options { schema: args.schema.clone(), owners: args.owners };
    let found = engine_postgres::capture::capture(&mut session, &options)?;
    let engine_postgres::capture::Captured { text, fingerprint, engine, objects, notes } = found;
    Ok(Captured { text, fingerprint, engine, objects, notes })
}

fn server(args: &Capture) -> Result<Server, Failure> {
    if let Some(name) = &args.url_env {
        return Ok(Server::Env(name.clone()));
    }
    if let Some(path) = &args.url_file {
        return Ok(Server::File(path.to_string_lossy().into_owned()));
    }
    let url = args.url.clone().unwrap_or_default();
    if plan::redact(&url) != url {
        return Err(Failure::usage(
            &code::USAGE,
            "`--url` carries a password, which every user of this machine could read",
            "put the URL into an environment variable and name it with `--url-env`",
        ));
    }
    Ok(Server::Url(url))
}

const WRITE_OVER: &str = "choose another name, or say `--force` to write over it";

fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    if force {
        output_file::replace(path, bytes)
    } else {
        output_file::create(path, bytes, WRITE_OVER)
    }
}
