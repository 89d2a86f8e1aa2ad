//! `cutover explain`: a plan's steps with their order and reasons, or what a code means.

mod code_page;
mod exposure;
mod graph;
mod html;
mod measured;
mod text;

use std::path::Path;

use compiler::Explanation;
use diagnostics::code;
use serde_json::json;

use super::Outcome;
use crate::args::{Explain, GraphFormat, Scratch};
use crate::io::Io;
use crate::{exit_code, folders, plan_input, ui};
use measured::Measured;

pub(crate) fn run(args: &Explain, io: &Io) -> Outcome {
    // A file wins over a code of the same name: nobody names a plan `BAS401` by accident.
    match code::find(&args.subject) {
        Some(code) if !Path::new(&args.subject).exists() => code_page::show(code, args.format, io),
        _ => explain_plan(args, io),
    }
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
