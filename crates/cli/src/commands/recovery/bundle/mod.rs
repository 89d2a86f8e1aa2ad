//! `cutover bundle`: everything that is known of a run in one archive, for somebody who helps, and
//! without a secret.

mod contents;
mod secrets;

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, code, plural};
use runtime::{faults, status};

use crate::args::Bundle;
use crate::commands::{Outcome, next};
use crate::failure::Failure;
use crate::io::Io;
use crate::{exit_code, folders};
use contents::{Contents, Gathered};
use secrets::Secrets;

pub(in crate::commands) fn run(args: &Bundle, io: &Io) -> Outcome {
    let named = args.plan.clone().unwrap_or_else(|| PathBuf::from("plan.yaml"));
    let base = folders::base(&named, &args.place);
    let state_dir = folders::state(&base, &args.place);
    let run = status::read(&state_dir, args.run.as_deref())?;
    let contents = Contents {
        folder: state_dir.join("runs").join(&run.run_id),
        state_dir,
        base,
        plan: named,
        run,
        with_databases: args.with_databases,
    };
    let secrets = contents.secrets();
    let gathered = contents.gather();
    let path = args.output.clone().unwrap_or_else(|| contents.file_name());
    pack(&path, &gathered, &secrets).map_err(|error| unwritable(&path, &error))?;
    io.out(&text(&path, &gathered, &secrets))?;
    Ok(exit_code::DONE)
}

/// Never over another file; for its owner alone. Half a bundle is none.
fn pack(path: &Path, gathered: &Gathered, secrets: &Secrets) -> io::Result<()> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let written = archive(&file, gathered, secrets).and_then(|()| {
        faults::io("sync the bundle")?;
        file.sync_all()
    });
    if written.is_err() {
        std::fs::remove_file(path).ok();
    }
    written
}

/// Every text redacted, in the order of the names; database files can be larger than memory.
fn archive(file: &File, gathered: &Gathered, secrets: &Secrets) -> io::Result<()> {
    let mut tar = tar::Builder::new(file);
    for (name, text) in &gathered.texts {
        let text = secrets.redact(text);
        append(&mut tar, name, text.len() as u64, text.as_bytes())?;
    }
    for (name, path) in &gathered.databases {
        let database = File::open(path)?;
        let size = database.metadata()?.len();
        // One that grows meanwhile is cut where it ended.
        append(&mut tar, name, size, database.take(size))?;
    }
    tar.finish()
}

fn append(
    tar: &mut tar::Builder<&File>,
    name: &str,
    size: u64,
    bytes: impl io::Read,
) -> io::Result<()> {
    faults::io("write to the bundle")?;
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    tar.append_data(&mut header, name, bytes)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("`{}` cannot be written: {error}", path.display());
    let diagnostic =
        Diagnostic::new(&code::OUTPUT, message).help("name another file with `--output`");
    Failure::new(diagnostic, exit_code::FINDINGS)
}

fn text(path: &Path, gathered: &Gathered, secrets: &Secrets) -> String {
    let mut out = format!("bundled: {}\n", next::shown(path));
    for name in gathered.texts.keys().chain(gathered.databases.keys()) {
        out.push_str(&format!("  {name}\n"));
    }
    for missing in &gathered.missing {
        out.push_str(&format!("  not in it: {missing}\n"));
    }
    let known = plural(secrets.len(), "known secret");
    out.push_str(&format!("\n{known} and every password in a URL were looked for and masked\n"));
    if !gathered.databases.is_empty() {
        out.push_str("the database files hold the rows themselves: mind who gets the archive\n");
    }
    out
}
