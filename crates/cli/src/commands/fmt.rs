//! `cutover fmt`: plans in the one layout.

use std::io::Read as _;
use std::path::Path;

use diagnostics::{Diagnostic, SourceId, Sources, code, plural};
use similar::TextDiff;

use super::Outcome;
use crate::args::Fmt;
use crate::failure::Failure;
use crate::io::Io;
use crate::{exit_code, output_file, plan_input, ui};

pub(crate) fn run(args: &Fmt, io: &Io) -> Outcome {
    let mut count = Count::default();
    for path in &args.plan {
        match file(path, args.check, io) {
            Ok(changed) if changed => count.changed += 1,
            Ok(_) => count.same += 1,
            Err(Failure::Findings(found)) => {
                io.err(&ui::findings::render(&found.diagnostics, &found.sources, io.terminal));
                count.refused += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
    io.err(&count.sentence(args.check));
    let failed = count.refused > 0 || args.check && count.changed > 0;
    Ok(if failed { exit_code::FINDINGS } else { exit_code::DONE })
}

#[derive(Default)]
struct Count {
    changed: usize,
    same: usize,
    refused: usize,
}

impl Count {
    /// `1 plan laid out, 2 plans laid out already`, without what there is none of.
    fn sentence(&self, check: bool) -> String {
        let changed = if check { "would be laid out" } else { "laid out" };
        let counts =
            [(self.changed, changed), (self.same, "laid out already"), (self.refused, "refused")];
        let some = counts.iter().filter(|(count, _)| *count > 0);
        let parts = some.map(|(count, done)| format!("{} {done}", plural(*count, "plan")));
        format!("{}\n", parts.collect::<Vec<_>>().join(", "))
    }
}

/// Whether the file was, or would be, changed.
fn file(path: &Path, check: bool, io: &Io) -> Result<bool, Failure> {
    let is_stream = path.as_os_str() == "-";
    let before = if is_stream { stdin()? } else { read(path)? };
    let mut sources = Sources::default();
    let id = sources.add(path.to_string_lossy(), plan::redact(&before));
    let after = plan::lay_out(id, &before)
        .map_err(|found| Failure::findings(found, sources, exit_code::FINDINGS))?;
    let changed = before != after;
    if check {
        show_change(path, &before, &after, io)?;
    } else if is_stream {
        io.out(&after)?;
    } else if changed {
        output_file::replace(path, after.as_bytes())?;
    }
    Ok(changed)
}

/// As `patch` takes it, but for passwords, which are not shown.
fn show_change(path: &Path, before: &str, after: &str, io: &Io) -> Result<(), Failure> {
    let (before, after) = (plan::redact(before), plan::redact(after));
    let diff = TextDiff::from_lines(&before, &after);
    let name = path.display().to_string();
    io.out(&diff.unified_diff().header(&name, &name).to_string())?;
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    text(path, plan_input::read_file(path)?)
}

fn stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let most = plan::MAX_BYTES as u64 + 1;
    std::io::stdin().take(most).read_to_end(&mut bytes).map_err(|error| {
        let message = format!("stdin cannot be read: {error}");
        Failure::new(Diagnostic::new(&code::FILE_UNREADABLE, message), exit_code::FINDINGS)
    })?;
    text(Path::new("-"), bytes)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let mut sources = Sources::default();
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let id: SourceId = sources.add(path.to_string_lossy(), shown);
        let (_, found) = plan::parse_bytes(id, error.as_bytes());
        Failure::findings(found, sources, exit_code::FINDINGS)
    })
}
