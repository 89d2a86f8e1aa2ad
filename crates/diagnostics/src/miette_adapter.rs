//! A [`Diagnostic`] as miette sees it. miette shows one source per report, so labels in other
//! files become related reports of their own.

use std::fmt;

use miette::{LabeledSpan, NamedSource, SourceCode};

use crate::{Diagnostic, Severity, SourceId, Sources};

/// One diagnostic with the text of the file it speaks of, ready for any miette handler.
#[derive(Debug)]
pub struct Report {
    /// With severity and code in front: meaning must not be in a symbol or a colour alone.
    message: String,
    severity: Severity,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Report>,
    notes: Vec<String>,
}

impl Report {
    pub fn new(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let main = diagnostic.span().map(|span| span.source);
        let mut others: Vec<SourceId> = Vec::new();
        for label in &diagnostic.labels {
            if Some(label.span.source) != main && !others.contains(&label.span.source) {
                others.push(label.span.source);
            }
        }
        let labels_in = |id: SourceId| -> Vec<LabeledSpan> {
            let inside = diagnostic.labels.iter().filter(|label| label.span.source == id);
            inside
                .map(|label| LabeledSpan::new_with_span(text_of(&label.text), label.span.range()))
                .collect()
        };
        let related = others.into_iter().map(|id| Report {
            message: format!("related place in {}", sources.file(id).name),
            severity: Severity::Note,
            help: None,
            source: Some(named(sources, id)),
            labels: labels_in(id),
            related: Vec::new(),
            notes: Vec::new(),
        });
        Report {
            message: format!(
                "{}[{}]: {}",
                diagnostic.severity(),
                diagnostic.code.id,
                diagnostic.message
            ),
            severity: diagnostic.severity(),
            help: diagnostic.help.clone(),
            source: main.map(|id| named(sources, id)),
            labels: main.map(labels_in).unwrap_or_default(),
            related: related.collect(),
            notes: diagnostic.notes.clone(),
        }
    }

    /// Labels in other files, one report per file; miette would put a bare `Advice:` above each.
    pub fn related(&self) -> &[Report] {
        &self.related
    }

    /// What gives context; miette has no place for it, so whoever prints adds it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn text_of(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn named(sources: &Sources, id: SourceId) -> NamedSource<String> {
    let file = sources.file(id);
    NamedSource::new(&file.name, file.text.clone())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}
