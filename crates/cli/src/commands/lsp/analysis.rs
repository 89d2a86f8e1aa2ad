//! One plan as it stands: what the compiler finds, and where everything is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compiler::{Inputs, PlanSchemas};
use diagnostics::{Diagnostic, Severity, SourceId, Sources, Span};
use lsp_types::{DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString};
use plan::Plan;

use super::documents::{Documents, Overlay, normal, uri_of};
use super::text;
use crate::failure::Failure;
use crate::folders;
use crate::scratch::Engines;

pub(super) struct Analysis {
    pub(super) path: PathBuf,
    pub(super) findings: Vec<Diagnostic>,
    sources: Sources,
    /// What the plan and its baseline hold, with the sources that their places are in; wherever
    /// names could be resolved, errors or not.
    pub(super) outline: Option<Outline>,
}

pub(super) struct Outline {
    pub(super) plan: Plan,
    pub(super) schemas: PlanSchemas,
    pub(super) sources: Sources,
}

impl Analysis {
    pub(super) fn of(
        path: &Path,
        documents: &Documents,
        engines: &mut Engines<'_>,
    ) -> Result<Self, Failure> {
        let folder = folders::folder_of(path);
        let files = Overlay { documents, folder: &folder };
        let text = documents.read(path).unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut sources = Sources::default();
        let plan_source = sources.add(name.clone(), text.as_str());
        let (plan, mut findings) = plan::parse(plan_source, &text);
        if let Some(plan) = &plan {
            let normaliser = engines.of(compiler::engine_of(plan))?;
            let today = crate::today().to_string();
            let today = Some(today.as_str());
            let inputs = Inputs {
                sources: &mut sources,
                plan,
                plan_source,
                files: &files,
                normaliser,
                today,
            };
            findings = compiler::compile_with(inputs, findings).diagnostics;
        }
        let mut outlined = Sources::default();
        let outline = compiler::outline(&mut outlined, &name, &text, &files)
            .map(|(schemas, plan)| Outline { plan, schemas, sources: outlined });
        Ok(Self { path: path.to_path_buf(), findings, sources, outline })
    }

    /// The plan's own file and those it names.
    pub(super) fn files(&self) -> BTreeSet<PathBuf> {
        self.sources.iter().map(|(_, file)| self.file(&file.name)).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        normal(&folders::folder_of(&self.path).join(name))
    }

    /// The plan's text.
    pub(super) fn text(&self) -> &str {
        self.sources.iter().next().map_or("", |(_, file)| file.text.as_str())
    }

    /// A place of a finding among the sources of the outline.
    pub(super) fn same_place(&self, span: Span) -> Option<Span> {
        let name = &self.sources.file(span.source).name;
        let outlined = &self.outline.as_ref()?.sources;
        let source = outlined.iter().find(|(_, file)| file.name == *name)?.0;
        Some(Span { source, ..span })
    }

    pub(super) fn findings_in(&self, file: &Path) -> Vec<lsp_types::Diagnostic> {
        let here = self.findings.iter().filter(|finding| self.is_in(finding, file));
        here.map(|finding| self.shown(finding)).collect()
    }

    /// A finding without a place belongs to the plan.
    pub(super) fn is_in(&self, finding: &Diagnostic, file: &Path) -> bool {
        match finding.span() {
            Some(span) => self.file(&self.sources.file(span.source).name) == file,
            None => file == self.path,
        }
    }

    pub(super) fn range_of(&self, finding: &Diagnostic) -> lsp_types::Range {
        let range = |span: Span| text::range(&self.sources.file(span.source).text, span.range());
        finding.span().map(range).unwrap_or_default()
    }

    /// The name that a finding stands at.
    pub(super) fn name_at(&self, finding: &Diagnostic) -> Option<&str> {
        let written = self.sources.snippet(finding.span()?);
        let is_name = !written.is_empty() && text::word(written, 0) == (0..written.len());
        is_name.then_some(written)
    }

    pub(super) fn shown(&self, finding: &Diagnostic) -> lsp_types::Diagnostic {
        let severity = match finding.severity() {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        };
        let labels = finding.labels.iter();
        let related = labels.filter_map(|label| {
            let location = location(&self.path, &self.sources, label.span)?;
            Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
        });
        let help = finding.help.iter().map(|help| format!("help: {help}"));
        let parts = std::iter::once(finding.message.clone()).chain(finding.notes.clone());
        lsp_types::Diagnostic {
            range: self.range_of(finding),
            severity: Some(severity),
            code: Some(NumberOrString::String(finding.code.id.to_owned())),
            source: Some("cutover".to_owned()),
            message: parts.chain(help).collect::<Vec<_>>().join("\n"),
            related_information: Some(related.collect()),
            ..lsp_types::Diagnostic::default()
        }
    }
}

/// Where a span of one of the plan's files is.
pub(super) fn location(plan: &Path, sources: &Sources, span: Span) -> Option<Location> {
    let file = sources.file(span.source);
    let uri = uri_of(&normal(&folders::folder_of(plan).join(&file.name)))?;
    Some(Location::new(uri, text::range(&file.text, span.range())))
}

/// The source of `file` among `sources`.
pub(super) fn source_of(plan: &Path, sources: &Sources, file: &Path) -> Option<SourceId> {
    let folder = folders::folder_of(plan);
    let is_it = |name: &str| normal(&folder.join(name)) == file;
    sources.iter().find(|(_, it)| is_it(&it.name)).map(|(id, _)| id)
}
