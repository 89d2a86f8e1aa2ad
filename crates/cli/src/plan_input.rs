//! From a file on the command line to a compiled plan: a YAML plan is compiled here and now, a
//! compiled plan is taken as it is. The compile crates do no IO; all reading happens here.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use catalog::Via;
use compiler::{Compiled, Files, Inputs};
use diagnostics::{Diagnostic, SourceId, Sources, code};
use ir::{CompiledPlan, Digest};
use plan::model::EngineKind;

use crate::args::Scratch;
use crate::exit_code;
use crate::failure::Failure;
use crate::folders;
use crate::scratch::Engines;

/// SQL files that a plan names: dumps of large schemas have a few megabytes.
pub(crate) const MAX_FILE_BYTES: u64 = 64 << 20;
/// A compiled plan holds the SQL of plan and baseline once each.
const MAX_COMPILED_BYTES: u64 = 512 << 20;

/// A plan that was judged, with or without errors.
pub(crate) struct Judged {
    /// `None` where there is an error.
    pub(crate) plan: Option<CompiledPlan>,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) texts: Texts,
    /// Who compared the schemas.
    pub(crate) via: Option<Via>,
}

/// A plan that can run.
pub(crate) struct Input {
    pub(crate) plan: CompiledPlan,
    pub(crate) digest: Digest,
    /// SHA-256 of the plan file's bytes; `None` for a compiled plan.
    pub(crate) plan_digest: Option<String>,
    /// Notes and warnings.
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) texts: Texts,
}

/// The files of one plan, as they may be shown: passwords are hidden, and paths start where the
/// reader stands and not where the plan is.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) shown: Sources,
    /// By the index of a [`SourceId`]: the name in the compiled plan's origins.
    recorded: Vec<String>,
    folder: PathBuf,
}

impl Texts {
    /// Nothing read yet; what a finding points at is read when it is needed.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Texts { folder: folder.to_path_buf(), ..Texts::default() }
    }

    fn of(sources: &Sources, folder: &Path) -> Self {
        let mut texts = Texts::in_folder(folder);
        for (_, file) in sources.iter() {
            texts.add(&file.name, &file.text);
        }
        texts
    }

    fn add(&mut self, name: &str, text: &str) -> SourceId {
        self.recorded.push(name.to_owned());
        let path = tidy(&self.folder.join(name));
        self.shown.add(crate::commands::next::shown(Path::new(&path)), plan::redact(text))
    }

    /// The file that an origin names; read now where the compile did not.
    pub(crate) fn find(&mut self, name: &str) -> Option<SourceId> {
        if let Some(at) = self.recorded.iter().position(|recorded| recorded == name) {
            return self.shown.iter().nth(at).map(|(id, _)| id);
        }
        let bytes = read_limited(&self.folder.join(name), MAX_FILE_BYTES).ok()?;
        Some(self.add(name, &String::from_utf8(bytes).ok()?))
    }
}

/// `plans/shop/../../schemas/shop.sql` is `schemas/shop.sql`: for showing only.
pub(crate) fn tidy(path: &Path) -> String {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.iter().collect::<PathBuf>().display().to_string()
}

/// Reads and compiles what must be able to run.
///
/// # Errors
/// All findings, where one of them is an error.
pub(crate) fn read(path: &Path, base: &Path, scratch: &Scratch) -> Result<Input, Failure> {
    let bytes = read_limited(path, MAX_COMPILED_BYTES).map_err(|error| unreadable(path, &error))?;
    if is_compiled(&bytes) {
        return compiled(path, base, &bytes);
    }
    let plan_digest = Digest::of(&bytes).to_string();
    let judged = judge_bytes(path, bytes, &mut Engines::new(scratch), None)?;
    let Some(plan) = judged.plan else {
        let exit = exit_code_of(&judged.findings);
        return Err(Failure::findings(judged.findings, judged.texts.shown, exit));
    };
    Ok(Input {
        digest: plan.digest(),
        plan,
        plan_digest: Some(plan_digest),
        findings: judged.findings,
        texts: judged.texts,
    })
}

/// Reads and judges a YAML plan. `today` (`YYYY-MM-DD`) judges its waivers.
///
/// # Errors
/// Where the file cannot be read at all, or no scratch database can be had where one was named.
pub(crate) fn judge(
    path: &Path,
    engines: &mut Engines<'_>,
    today: &str,
) -> Result<Judged, Failure> {
    let bytes = read_limited(path, MAX_FILE_BYTES).map_err(|error| unreadable(path, &error))?;
    judge_bytes(path, bytes, engines, Some(today))
}

fn judge_bytes(
    path: &Path,
    bytes: Vec<u8>,
    engines: &mut Engines<'_>,
    today: Option<&str>,
) -> Result<Judged, Failure> {
    let folder = folders::folder_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut sources = Sources::default();
    let plan_source = sources.add(name, String::from_utf8_lossy(&bytes));
    let (plan, findings) = plan::parse_bytes(plan_source, &bytes);
    let Compiled { plan, diagnostics, via } = match plan {
        None => Compiled { plan: None, diagnostics: findings, via: None },
        Some(plan) => {
            let normaliser = engines.of(compiler::engine_of(&plan))?;
            let files = PlanFiles { folder: &folder };
            let inputs = Inputs {
                sources: &mut sources,
                plan: &plan,
                plan_source,
                files: &files,
                normaliser,
                today,
            };
            compiler::compile_with(inputs, findings)
        }
    };
    let texts = Texts::of(&sources, &folder);
    Ok(Judged { plan, findings: diagnostics, texts, via })
}

/// A baseline file that was read by itself.
pub(crate) struct ReadBaseline {
    /// `None` where there is an error.
    pub(crate) file: Option<compiler::SchemaFile>,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) texts: Texts,
}

pub(crate) fn read_baseline(path: &Path, engine: EngineKind, schema: Option<&str>) -> ReadBaseline {
    let mut sources = Sources::default();
    let folder = Path::new("");
    let name = path.to_string_lossy();
    let (file, findings) =
        compiler::schema_file(&mut sources, &PlanFiles { folder }, engine, &name, schema);
    ReadBaseline { file, findings, texts: Texts::of(&sources, folder) }
}

/// A plan that only falls short of its baseline is a mismatch (3); any other error is a finding (1).
pub(crate) fn exit_code_of(findings: &[Diagnostic]) -> u8 {
    let mismatch = [
        &code::BASELINE_MISSING_COMPONENT,
        &code::BASELINE_DIFFERENT,
        &code::BASELINE_EXTRA_COMPONENT,
    ];
    let mut errors = findings.iter().filter(|finding| finding.is_error()).peekable();
    if errors.peek().is_none() {
        return exit_code::DONE;
    }
    if errors.all(|error| mismatch.contains(&error.code)) {
        exit_code::DRIFT
    } else {
        exit_code::FINDINGS
    }
}

/// Plans are YAML mappings in block style; a compiled plan is a JSON object with a format.
fn is_compiled(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    head.trim_start().starts_with('{') && head.contains("\"format\"")
}

fn compiled(path: &Path, base: &Path, bytes: &[u8]) -> Result<Input, Failure> {
    let plan = CompiledPlan::from_bytes(bytes).map_err(|error| {
        let message = format!("`{}`: {error}", path.display());
        let diagnostic = Diagnostic::new(&code::NOT_A_COMPILED_PLAN, message)
            .help("`cutover compile PLAN -o FILE` writes one");
        Failure::new(diagnostic, exit_code::FINDINGS)
    })?;
    Ok(Input {
        // The digest of the bytes that were reviewed, not of what this program makes of them.
        digest: Digest::of(bytes),
        plan,
        plan_digest: None,
        findings: Vec::new(),
        texts: Texts::in_folder(base),
    })
}

/// Files beside a plan, in the working tree.
pub(crate) struct PlanFiles<'a> {
    pub(crate) folder: &'a Path,
}

impl Files for PlanFiles<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let bytes =
            read_limited(&self.folder.join(path), MAX_FILE_BYTES).map_err(|e| reason(&e))?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }

    fn leads_outside(&self, path: &str) -> bool {
        let real = |path: &Path| std::path::absolute(path).and_then(|path| path.canonicalize());
        match (real(self.folder), real(&self.folder.join(path))) {
            (Ok(folder), Ok(file)) => !file.starts_with(folder),
            // It cannot be read either, and that is what is said then.
            _ => false,
        }
    }
}

/// The bytes of a file that the command line names.
///
/// # Errors
/// A finding that names it.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MAX_FILE_BYTES).map_err(|error| unreadable(path, &error))
}

fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Opening a pipe would wait for somebody who writes to it.
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::other("it is a pipe or a device, and no file"));
    }
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {}", crate::ui::figures::bytes(limit)),
        ));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("`{}` cannot be read: {}", path.display(), reason(error));
    Failure::new(Diagnostic::new(&code::FILE_UNREADABLE, message), exit_code::FINDINGS)
}

/// Plain words for what happens often; `(os error 2)` helps nobody.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_paths_are_short() {
        let tidied = |path: &str| tidy(Path::new(path));
        assert_eq!(tidied("plans/shop/../../schemas/a.sql"), "schemas/a.sql");
        assert_eq!(tidied("./plan.yaml"), "plan.yaml");
        assert_eq!(tidied("../x/plan.yaml"), "../x/plan.yaml");
        assert_eq!(tidied("../../a.sql"), "../../a.sql");
    }

    #[test]
    fn only_baseline_errors_are_a_mismatch() {
        let of = |codes: &[&'static diagnostics::Code]| {
            let findings: Vec<_> = codes.iter().map(|code| Diagnostic::new(code, "x")).collect();
            exit_code_of(&findings)
        };
        assert_eq!(of(&[&code::COMPARED_BY_SYNTAX]), exit_code::DONE);
        assert_eq!(of(&[&code::BASELINE_DIFFERENT]), exit_code::DRIFT);
        assert_eq!(of(&[&code::BASELINE_DIFFERENT, &code::UNKNOWN_KEY]), exit_code::FINDINGS);
    }
}
