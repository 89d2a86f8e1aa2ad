//! `cutover diff`: the semantic difference of two schemas, for a reviewer. Exit 0: equal; 3: they
//! differ; anything else: it could not be told, or a baseline loses what nobody retired.

mod input;
mod json;
mod lines;
mod markdown;
mod permissions;
mod read;
mod review;
mod text;

use std::path::Path;

use catalog::Via;
use diagnostics::{Diagnostic, code, has_errors};
use ir::Server;
use plan::model::EngineKind;

use super::Outcome;
use crate::args::{Diff, DiffFormat, SqlEngine};
use crate::failure::Failure;
use crate::io::Io;
use crate::scratch::Engines;
use crate::{exit_code, ui};
use input::Input;
use read::{Read, Reader};
use review::Review;

pub(crate) fn run(args: &Diff, io: &Io) -> Outcome {
    let (from, to) = inputs(args)?;
    let engine = one_engine(args, &from, &to)?;
    let guessed = engine.is_none();
    let engine = engine.unwrap_or(EngineKind::Postgres);
    let mut reader = Reader {
        engine,
        guessed,
        schema: args.schema.as_deref(),
        whole: args.schema.is_none() && is_whole(engine, &from, &to),
        engines: Engines::new(&args.scratch),
    };
    let (from, to) = read_both(&mut reader, from, to)?;
    same_via(&from, &to)?;
    let review = Review::of(from, to, args);
    let exit = match (has_errors(&review.findings), review.is_equal()) {
        (true, _) => exit_code::FINDINGS,
        (false, false) => exit_code::DRIFT,
        (false, true) => exit_code::DONE,
    };
    tell(&review, exit, args.format, io)?;
    Ok(exit)
}

fn tell(review: &Review, exit: u8, format: DiffFormat, io: &Io) -> Result<(), Failure> {
    let shown = match format {
        DiffFormat::Text => text::render(review, io.terminal),
        DiffFormat::Markdown => markdown::render(review),
        DiffFormat::Json => return Ok(io.out(&json::render(review, exit))?),
    };
    io.out(&shown)?;
    for side in [&review.from, &review.to] {
        io.err(&ui::findings::render(&side.notes, &side.sources, io.terminal));
    }
    io.err(&ui::findings::render(&review.findings, &review.to.sources, io.terminal));
    Ok(())
}

/// What was, and what is.
fn inputs(args: &Diff) -> Result<(Input, Input), Failure> {
    if let Some(revision) = &args.against {
        let path = match (&args.baseline, args.sides.as_slice(), args.url_env.as_slice()) {
            (Some(file), [], []) => file.as_path(),
            (None, [path], []) => Path::new(path),
            _ => return Err(how_many("`--against` takes one path")),
        };
        let now = Input::named(&path.to_string_lossy())?;
        if matches!(now, Input::SqliteFile(_) | Input::Server(_)) {
            return Err(how_many("`--against` compares a plan or a SQL file, not a database"));
        }
        return Ok((Input::at(path, revision)?, now));
    }
    let named = args.sides.iter().map(|word| Input::named(word));
    let live = args.url_env.iter().map(|name| Ok(Input::Server(Server::Env(name.clone()))));
    let mut sides = named.chain(live).collect::<Result<Vec<Input>, Failure>>()?.into_iter();
    match (sides.next(), sides.next(), sides.next()) {
        (Some(from), Some(to), None) => Ok((from, to)),
        _ => Err(how_many("a comparison has two sides")),
    }
}

fn how_many(message: &str) -> Failure {
    let help = "`cutover diff OLD NEW`, `cutover diff FILE --url-env NAME` or \
                `cutover diff PATH --against REV`";
    Failure::usage(&code::USAGE, message, help)
}

/// Texts that do not say for which engine they are go with the other side; `None`: neither says it.
fn one_engine(args: &Diff, from: &Input, to: &Input) -> Result<Option<EngineKind>, Failure> {
    let asked = args.engine.map(|engine| match engine {
        SqlEngine::Postgres => EngineKind::Postgres,
        SqlEngine::Sqlite => EngineKind::Sqlite,
    });
    let engine = |input: &Input| match input {
        Input::Sql(_) => asked.or_else(|| input.engine()),
        _ => input.engine(),
    };
    match (engine(from), engine(to)) {
        (Some(from), Some(to)) if from != to => {
            let message = format!("one side is {}, the other {}", from.name(), to.name());
            let diagnostic = Diagnostic::new(&code::DIFFERENT_ENGINES, message)
                .help("compare two schemas of one engine; `--engine` says what a SQL file is");
            Err(Failure::new(diagnostic, exit_code::FINDINGS))
        }
        (from, to) => Ok(from.or(to)),
    }
}

/// A plan is about one schema; without one, files of several are compared with all that they hold.
fn is_whole(engine: EngineKind, from: &Input, to: &Input) -> bool {
    let several = |input: &Input| match input {
        Input::Sql(sql) => compiler::schemas_of_sql(&sql.text, engine).len() > 1,
        Input::Plan(_) | Input::SqliteFile(_) | Input::Server(_) => false,
    };
    let plan = |input: &Input| matches!(input, Input::Plan(_));
    engine == EngineKind::Postgres && !plan(from) && !plan(to) && (several(from) || several(to))
}

/// Which schema of a database or file is meant is known once the other side is read.
fn read_both(reader: &mut Reader<'_>, from: Input, to: Input) -> Result<(Read, Read), Failure> {
    if matches!(from, Input::Server(_)) || matches!(to, Input::Plan(_)) {
        let to = reader.read(to, None)?;
        return Ok((reader.read(from, to.home.as_deref())?, to));
    }
    let from = reader.read(from, None)?;
    let to = reader.read(to, from.home.as_deref())?;
    Ok((from, to))
}

/// Two major versions write the same definition differently, and syntax differently again; such
/// texts are never compared.
fn same_via(from: &Read, to: &Read) -> Result<(), Failure> {
    let major = |via: &Via| match via {
        Via::Engine(name) => {
            let mut words = name.split([' ', '.']);
            match (words.next(), words.next()) {
                (Some("PostgreSQL"), Some(major)) => format!("PostgreSQL {major}"),
                (engine, _) => engine.unwrap_or_default().to_owned(),
            }
        }
        Via::Syntax(_) => "syntax".to_owned(),
    };
    let (left, right) = (major(&from.via), major(&to.via));
    if left == right {
        return Ok(());
    }
    let message = format!("{} was read by {left}, {} by {right}: not compared", from.name, to.name);
    let diagnostic = Diagnostic::new(&code::SCRATCH_VERSION, message)
        .help("give a server of the same major version with `--scratch-url`");
    Err(Failure::new(diagnostic, exit_code::FINDINGS))
}
