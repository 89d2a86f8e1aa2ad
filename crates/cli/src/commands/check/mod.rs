//! `cutover check`: every mistake in every plan, in one go.

mod plans;

use std::path::{Path, PathBuf};

use catalog::Via;
use diagnostics::formats::{Form, Group};
use diagnostics::{has_errors, plural};
use ir::CompiledPlan;
use serde_json::{Value, json};

use super::Outcome;
use crate::args::{Check, FindingsFormat};
use crate::failure::{Failure, Findings};
use crate::io::Io;
use crate::plan_input::{self, Judged};
use crate::scratch::Engines;
use crate::ui::prose;
use crate::ui::style::{green, red};
use crate::{exit_code, ui};
use plans::Selection;

pub(crate) fn run(args: &Check, io: &Io) -> Outcome {
    let today = crate::today().to_string();
    let Selection { plans, unchanged } = plans::select(args)?;
    let mut engines = Engines::new(&args.scratch);
    let mut answers = Vec::new();
    for path in &plans {
        let checked = check(path, &mut engines, &today)?;
        if args.format == FindingsFormat::Text {
            print(path, &checked, io)?;
        }
        answers.push(checked);
    }
    let exit = answers.iter().fold(exit_code::DONE, |exit, checked| worse(exit, checked.exit));
    match args.format {
        FindingsFormat::Text => io.out(&summary(args, &answers, unchanged, io))?,
        FindingsFormat::Json => {
            let fields = as_json(args, &plans, &answers, unchanged);
            io.out(&ui::json::answer("check", exit, fields))?;
        }
        FindingsFormat::Form(form) => io.out(&as_form(form, exit, &plans, &answers))?,
    }
    Ok(exit)
}

/// One plan with what there is to say about it.
struct Checked {
    found: Findings,
    plan: Option<CompiledPlan>,
    via: Option<Via>,
    exit: u8,
}

/// A file that cannot be read is a finding about that file; the others are still checked.
fn check(path: &Path, engines: &mut Engines<'_>, today: &str) -> Result<Checked, Failure> {
    match plan_input::judge(path, engines, today) {
        Ok(Judged { plan, findings, texts, via }) => {
            let exit = plan_input::exit_code_of(&findings);
            let found = Findings { diagnostics: findings, sources: texts.shown, exit };
            Ok(Checked { found, plan, via, exit })
        }
        Err(Failure::Findings(found)) if found.exit != exit_code::USAGE => {
            let exit = found.exit;
            Ok(Checked { found: *found, plan: None, via: None, exit })
        }
        Err(failure) => Err(failure),
    }
}

/// Findings outrank a mismatch: what is not sound cannot be compared.
fn worse(a: u8, b: u8) -> u8 {
    [exit_code::INTERNAL, exit_code::FINDINGS, exit_code::DRIFT]
        .into_iter()
        .find(|exit| [a, b].contains(exit))
        .unwrap_or(exit_code::DONE)
}

fn print(path: &Path, checked: &Checked, io: &Io) -> Result<(), Failure> {
    let found = &checked.found;
    io.err(&ui::findings::render(&found.diagnostics, &found.sources, io.terminal));
    let line = format!("{}: {}", path.display(), verdict(checked, io));
    io.out(&prose::hanging(&line, "", "  ", io.terminal))?;
    Ok(())
}

/// `ok (2 tables, 1 index; digest 3f9a0c41b7d2; compared by SQLite 3.54.1)`.
fn verdict(checked: &Checked, io: &Io) -> String {
    let count = ui::findings::count(&checked.found.diagnostics);
    match &checked.plan {
        None => red(&format!("not sound: {count}"), io.terminal),
        Some(plan) => {
            let mut facts = vec![
                ui::plan::components(plan),
                plural(plan.steps.len(), "step"),
                format!("digest {}", plan.digest().short()),
            ];
            facts.extend(checked.via.as_ref().map(compared));
            let count = if count.is_empty() { count } else { format!(", {count}") };
            format!("{}{count} ({})", green("ok", io.terminal), facts.join("; "))
        }
    }
}

/// Of several plans, or where some were not looked at; nothing for one.
fn summary(args: &Check, answers: &[Checked], unchanged: usize, io: &Io) -> String {
    let mut parts = Vec::new();
    let failed = answers.iter().filter(|checked| checked.exit != exit_code::DONE).count();
    let ok = answers.len() - failed;
    if answers.len() > 1 {
        parts.extend((ok > 0).then(|| green(&format!("{ok} ok"), io.terminal)));
        parts.extend((failed > 0).then(|| red(&format!("{failed} not"), io.terminal)));
    }
    if let Some(revision) = &args.since {
        parts.push(format!("{unchanged} unchanged since {revision}"));
    }
    if parts.is_empty() {
        return String::new();
    }
    let all = plural(answers.len() + unchanged, "plan");
    format!("{all}: {}\n", parts.join(", "))
}

fn compared(via: &Via) -> String {
    match via {
        Via::Engine(engine) => format!("compared by {engine}"),
        Via::Syntax(_) => "compared by syntax".to_owned(),
    }
}

fn as_form(form: Form, exit: u8, paths: &[PathBuf], answers: &[Checked]) -> String {
    let subjects: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let groups: Vec<Group<'_>> = subjects
        .iter()
        .zip(answers)
        .map(|(subject, checked)| {
            let Findings { diagnostics, sources, .. } = &checked.found;
            Group { subject, is_file: true, diagnostics, sources }
        })
        .collect();
    ui::publish::as_form(form, "check", exit, &groups)
}

fn as_json(args: &Check, paths: &[PathBuf], answers: &[Checked], unchanged: usize) -> Value {
    let plans: Vec<Value> = paths
        .iter()
        .zip(answers)
        .map(|(path, checked)| {
            json!({
                "plan": path,
                "ok": !has_errors(&checked.found.diagnostics),
                "digest": checked.plan.as_ref().map(|plan| plan.digest().to_string()),
                "compared_by": checked.via.as_ref().map(|via| match via {
                    Via::Engine(engine) => json!({ "engine": engine }),
                    Via::Syntax(reason) => json!({ "syntax": reason }),
                }),
                "exit_code": checked.exit,
            })
        })
        .collect();
    let all = answers.iter().flat_map(|checked| {
        let found = &checked.found;
        match ui::json::diagnostics(&found.diagnostics, &found.sources) {
            Value::Array(all) => all,
            other => vec![other],
        }
    });
    let mut fields = json!({ "plans": plans, "diagnostics": all.collect::<Vec<_>>() });
    if let Some(revision) = &args.since {
        fields["since"] = json!({ "revision": revision, "unchanged": unchanged });
    }
    fields
}
