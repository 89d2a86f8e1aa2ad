//! `cutover backup create`: of a file, of a database, of everything that a plan reads or replaces.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backup::manifest::{About, Manifest};
use backup::{Catalog, Keep};
use diagnostics::{Diagnostic, code};
use engine_postgres::connect::{Address, Connector, Pins};
use engine_sqlite::SqliteSources;
use ir::{CompiledPlan, Target};
use runtime::EngineError;
use runtime::engine::SourcePath;
use serde_json::json;

use super::{Outcome, keep, postgres};
use crate::args::{Create, Format, Place, Scratch};
use crate::failure::{Failure, exit_of, from_engine};
use crate::io::Io;
use crate::ui::figures::{bytes, duration, rows};
use crate::ui::prose;
use crate::ui::style::green;
use crate::{exit_code, folders, plan_input, ui};

/// A verified backup with its manifest.
struct Made {
    backup: PathBuf,
    manifest: Manifest,
}

pub(super) fn run(args: &Create, io: &Io) -> Outcome {
    let given = args.keep.as_deref().map(keep::seconds).transpose()?;
    let given = given.map(|seconds| Keep { seconds: Some(seconds), ..Keep::NONE });
    let mut work = Work::of(args)?;
    let rules = given.unwrap_or(work.keep);
    // What lies there already is entered first, by its own rules.
    let mut catalog = super::open(&work.state_dir, Keep::DEFAULT, io)?;
    let (made, errors) = work.carry_out(catalog.folder());
    for one in &made {
        catalog.add(&one.backup, &one.manifest, rules)?;
    }
    let exit = errors.iter().map(exit_of).max().unwrap_or(exit_code::DONE);
    let found: Vec<Diagnostic> = errors.iter().map(from_engine).chain(left_out(&made)).collect();
    let next = next(&made, &catalog, &work.state_dir, io);
    tell(args, &made, &found, (rules, exit), &next, io)?;
    Ok(exit)
}

/// What is to be backed up.
struct Work {
    state_dir: PathBuf,
    files: Vec<SourcePath>,
    database: Option<Database>,
    keep: Keep,
}

struct Database {
    connector: Connector,
    schemas: Vec<String>,
    scratch_url: Option<String>,
}

impl Work {
    fn of(args: &Create) -> Result<Self, Failure> {
        if let Some(plan) = &args.plan {
            return Work::of_plan(args, plan);
        }
        let file = args.sqlite.as_ref().map(|path| file(path, path.display().to_string()));
        let database = args.server.is_given().then(|| {
            Ok::<_, Failure>(Database {
                connector: postgres::connector(&args.server)?,
                schemas: args.schema.clone(),
                scratch_url: args.scratch_url.clone(),
            })
        });
        Ok(Self {
            state_dir: super::state_dir(&args.store),
            files: file.into_iter().collect(),
            database: database.transpose()?,
            keep: Keep::DEFAULT,
        })
    }

    /// Its sources, and the file or schema that it promotes into, where there is one.
    fn of_plan(args: &Create, plan: &Path) -> Result<Self, Failure> {
        let place = Place { base: None, state_dir: args.store.state_dir.clone() };
        let base = folders::base(plan, &place);
        let state_dir = folders::state(&base, &place);
        let scratch = Scratch { scratch_url: args.scratch_url.clone(), offline: false };
        let compiled = plan_input::read(plan, &base, &scratch)?.plan;
        let mut files: Vec<SourcePath> = runtime::source_files(&compiled, &base)
            .into_iter()
            .map(|path| {
                let shown = path.strip_prefix(&base).unwrap_or(&path).display().to_string();
                file(&path, shown)
            })
            .collect();
        let database = match &compiled.target {
            Target::Sqlite(target) => {
                let path = base.join(&target.path);
                files.extend(path.exists().then(|| file(&path, target.path.clone())));
                None
            }
            Target::Postgres(_) => database(&compiled, &base, &state_dir, args)?,
        };
        Ok(Self { state_dir, files, database, keep: super::keep_of(&compiled) })
    }

    /// Everything that can be backed up is; what cannot is told in full.
    fn carry_out(&mut self, folder: &Path) -> (Vec<Made>, Vec<EngineError>) {
        let (mut made, mut errors) = (Vec::new(), Vec::new());
        let mut keep = |done: Result<Made, EngineError>| match done {
            Ok(one) => made.push(one),
            Err(error) => errors.push(error),
        };
        for file in &self.files {
            keep(of_file(file, folder));
        }
        if let Some(database) = &self.database {
            keep(of_database(database, folder));
        }
        (made, errors)
    }
}

fn file(path: &Path, shown: String) -> SourcePath {
    SourcePath { source: String::new(), shown, path: path.to_owned() }
}

/// `None` where the schema is not there yet: then the plan replaces nothing.
fn database(
    plan: &CompiledPlan,
    base: &Path,
    state_dir: &Path,
    args: &Create,
) -> Result<Option<Database>, EngineError> {
    let Target::Postgres(target) = &plan.target else { return Ok(None) };
    let address = Address::resolve(target, base, state_dir)?;
    let connector = Connector::new(address, target.tls, Pins::default())?;
    let there = "select exists (select from pg_catalog.pg_namespace where nspname = $1)";
    let there: bool =
        connector.open("backup")?.value(&code::BACKUP_FAILED, there, &[&target.schema])?;
    Ok(there.then(|| Database {
        connector,
        schemas: vec![target.schema.clone()],
        scratch_url: args.scratch_url.clone(),
    }))
}

fn of_file(file: &SourcePath, folder: &Path) -> Result<Made, EngineError> {
    let report = SqliteSources::new(folder.join(".work")).create_backup(file, folder)?;
    let manifest = Manifest::read(&report.backup)?;
    Ok(Made { backup: report.backup, manifest })
}

fn of_database(database: &Database, folder: &Path) -> Result<Made, EngineError> {
    let trial = postgres::trial_beside(database.scratch_url.as_deref(), &database.connector)?;
    let taken =
        engine_postgres::backup::create(&database.connector, &database.schemas, folder, &trial)?;
    Ok(Made { backup: taken.backup, manifest: taken.manifest })
}

/// What is no part of a dump is said every time it is taken.
fn left_out(made: &[Made]) -> Vec<Diagnostic> {
    let all = made.iter().flat_map(|one| match &one.manifest.about {
        About::Postgres(about) => about.left_out.clone(),
        About::Sqlite(_) => Vec::new(),
    });
    all.map(|what| Diagnostic::new(&code::BACKUP_INCOMPLETE, what)).collect()
}

fn tell(
    args: &Create,
    made: &[Made],
    found: &[Diagnostic],
    (rules, exit): (Keep, u8),
    next: &str,
    io: &Io,
) -> Result<(), Failure> {
    let sources = diagnostics::Sources::default();
    match args.store.format {
        Format::Text => {
            io.err(&ui::findings::render(found, &sources, io.terminal));
            let blocks: String = made.iter().map(|one| text(one, rules, io)).collect();
            io.out(&format!("{blocks}{next}"))?;
        }
        Format::Json => {
            let all: Vec<_> = made.iter().map(as_json).collect();
            let diagnostics = ui::json::diagnostics(found, &sources);
            let fields = json!({ "backups": all, "keep": rules, "diagnostics": diagnostics });
            io.out(&ui::json::answer("backup create", exit, fields))?;
        }
    }
    Ok(())
}

fn text(made: &Made, rules: Keep, io: &Io) -> String {
    let Manifest { origin, size, sha256, timings, .. } = &made.manifest;
    let head = green(&format!("backed up and restored: {origin}"), io.terminal);
    let took = |ms| duration(Duration::from_millis(ms));
    let mut facts = vec![
        ("backup", super::super::next::shown(&made.backup)),
        ("holds", format!("{}, {}", rows(made.manifest.rows()), bytes(*size))),
        ("taken in", took(timings.taken_ms)),
        ("restored", format!("in {}, every row compared", took(timings.drill_ms))),
        ("sha-256", sha256.clone()),
        ("kept", rules.to_string()),
    ];
    if let About::Postgres(about) = &made.manifest.about {
        facts.insert(4, ("on", about.restored_on.clone()));
    }
    format!("{head}\n{}", prose::facts(facts, io.terminal))
}

/// The command that comes back from it, as it works from here.
fn next(made: &[Made], catalog: &Catalog, state_dir: &Path, io: &Io) -> String {
    let Some(first) = made.first() else { return String::new() };
    let short = first.manifest.sha256.get(..12).unwrap_or_default();
    // Two backups of a file that has not changed have the same digest.
    let name = catalog.find(short).map_or(first.manifest.file.as_str(), |_| short);
    let here = std::path::absolute(".cutover").is_ok_and(|here| here == state_dir);
    let place = match here || io.process && std::env::var_os("CUTOVER_STATE_DIR").is_some() {
        true => String::new(),
        false => format!(" --state-dir {}", super::super::next::shown(state_dir)),
    };
    let server = match &first.manifest.about {
        About::Sqlite(_) => "",
        About::Postgres(_) => " --url-env NAME",
    };
    let action = format!(
        "`cutover backup restore {name}{server}{place} --dry-run` shows what a restore would replace"
    );
    prose::next(&[action], io.terminal)
}

fn as_json(made: &Made) -> serde_json::Value {
    json!({ "path": made.backup, "manifest": made.manifest })
}
