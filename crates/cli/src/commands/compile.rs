//! `cutover compile`: the bytes that are reviewed and run.

use std::fs;
use std::io;
use std::path::Path;

use diagnostics::formats::Group;
use diagnostics::{Diagnostic, code};
use ir::CompiledPlan;

use super::Outcome;
use crate::args::{Compile, FindingsFormat};
use crate::failure::Failure;
use crate::io::Io;
use crate::plan_input::Input;
use crate::{exit_code, folders, output_file, plan_input, ui};

pub(crate) fn run(args: &Compile, io: &Io) -> Outcome {
    one_answer(args)?;
    let base = folders::folder_of(&args.plan);
    let input = plan_input::read(&args.plan, &base, &args.scratch)?;
    let bytes = input.plan.to_bytes();
    if args.output.as_os_str() == "-" {
        io.err(&ui::findings::render(&input.findings, &input.texts.shown, io.terminal));
        io.out_bytes(&bytes)?;
        return Ok(exit_code::DONE);
    }
    refuse_other_files(&args.output)?;
    output_file::replace(&args.output, &bytes)?;
    io.out(&answer(args, &input, io))?;
    Ok(exit_code::DONE)
}

/// Stdout holds one thing: where it is the compiled plan, findings are text on stderr.
fn one_answer(args: &Compile) -> Result<(), Failure> {
    if args.output.as_os_str() != "-" || args.format == FindingsFormat::Text {
        return Ok(());
    }
    let message = "`-o -` writes the compiled plan to stdout, and `--format` the findings";
    Err(Failure::usage(&code::USAGE, message, "name a file with `-o`, or leave `--format` out"))
}

fn answer(args: &Compile, input: &Input, io: &Io) -> String {
    let (diagnostics, sources) = (&input.findings, &input.texts.shown);
    match args.format {
        FindingsFormat::Text => {
            io.err(&ui::findings::render(diagnostics, sources, io.terminal));
            let steps = diagnostics::plural(input.plan.steps.len(), "step");
            let components = ui::plan::components(&input.plan);
            let file = args.output.display();
            format!("{file}: {components}, {steps}\ndigest {}\n", input.digest)
        }
        FindingsFormat::Json => {
            let fields = serde_json::json!({
                "output": args.output,
                "digest": input.digest.to_string(),
                "diagnostics": ui::json::diagnostics(diagnostics, sources),
            });
            ui::json::answer("compile", exit_code::DONE, fields)
        }
        FindingsFormat::Form(form) => {
            let subject = args.plan.display().to_string();
            let group = Group { subject: &subject, is_file: true, diagnostics, sources };
            ui::publish::as_form(form, "compile", exit_code::DONE, &[group])
        }
    }
}

/// A slip of the fingers (`-o shop.db`) must not cost a database: only what was a compiled plan
/// before is written over.
fn refuse_other_files(path: &Path) -> Result<(), Failure> {
    if output_file::is_stream(path) {
        return Ok(());
    }
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(output_file::unwritable(path, &error)),
        Ok(bytes) if bytes.is_empty() || CompiledPlan::from_bytes(&bytes).is_ok() => Ok(()),
        Ok(_) => {
            let message = format!("`{}` is there and is not a compiled plan", path.display());
            let diagnostic = Diagnostic::new(&code::OUTPUT, message)
                .help("choose another name, or remove the file first");
            Err(Failure::new(diagnostic, exit_code::FINDINGS))
        }
    }
}
