//! `cutover explain`: a plan's steps with their order and reasons, or what a code means.

mod code_page;
mod exposure;
mod graph;
mod html;
mod measured;
mod text;

use std::path::Path;

use compiler::Explanation;
use diagnostics::{Diagnostic, code, did_you_mean};
use serde_json::json;

use super::Outcome;
use crate::args::{Explain, GraphFormat, Scratch};
use crate::failure::Failure;
use crate::io::Io;
use crate::{exit_code, folders, plan_input, ui};
use measured::Measured;

pub(crate) fn run(args: &Explain, io: &Io) -> Outcome {
    // A file wins over a code of the same name: nobody names a plan `BAS401` by accident.
    let is_file = Path::new(&args.subject).exists();
    match code::find(&args.subject) {
        Some(code) if !is_file => code_page::show(code, args.format, io),
        None if !is_file && !args.subject.contains(['.', '/']) => Err(neither(&args.subject)),
        _ => explain_plan(args, io),
    }
}

fn neither(subject: &str) -> Failure {
    let known = code::ALL.iter().flat_map(|code| [code.id, code.name]);
    let help = match did_you_mean(subject, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cutover codes` lists every code".to_owned(),
    };
    let message = format!("`{subject}` is no code, and there is no plan of this name");
    Failure::new(Diagnostic::new(&code::FILE_UNREADABLE, message).help(help), exit_code::FINDINGS)
}

fn explain_plan(args: &Explain, io: &Io) -> Outcome {
    let path = Path::new(&args.subject);
    let input = plan_input::read(path, &folders::folder_of(path), &Scratch::default())?;
    io.err(&ui::findings::render(&input.findings, &input.texts.shown, io.terminal));
    let plan = &input.plan;
    let base = folders::base(path, &args.place);
    let measured = Measured::last(&folders::state(&base, &args.place), &plan.name);
    let text = match args.format {
        GraphFormat::Text if args.exposure => exposure::render(plan, io.terminal),
        GraphFormat::Text => text::render(plan, &input.digest, &measured, io.terminal),
        GraphFormat::Json => ui::json::answer(
            "explain",
            exit_code::DONE,
            json!({ "explanation": Explanation::of(plan), "measured": measured.json() }),
        ),
        GraphFormat::Dot => graph::dot(plan),
        GraphFormat::Mermaid => graph::mermaid(plan),
        GraphFormat::Html => html::render(plan, &input.digest, &measured),
    };
    io.out(&text)?;
    Ok(exit_code::DONE)
}
