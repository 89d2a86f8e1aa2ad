//! Findings in the forms that other tools read: code scanning (SARIF), annotations (GitHub), code
//! quality (GitLab), test reports (JUnit) and comments (Markdown). Text and JSON have more to say
//! than findings alone, so the commands make them.
//!
//! Pure functions: findings in, the text of a file out. The same findings give the same bytes.

mod github;
mod gitlab;
mod junit;
pub mod markdown;
mod paths;
mod sarif;

use crate::{Diagnostic, Severity, Sources, Span};
pub use paths::Paths;

/// What was looked at, with what was found there.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// A file where there is one, as the reader would name it.
    pub subject: &'a str,
    /// Whether the subject is a file of the repository, so that findings without a place are put there.
    pub is_file: bool,
    pub diagnostics: &'a [Diagnostic],
    pub sources: &'a Sources,
}

/// All that was found by one command.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// As it was typed: `check`.
    pub command: &'a str,
    pub exit_code: u8,
    /// Version of the program.
    pub version: &'a str,
    pub groups: &'a [Group<'a>],
    pub paths: &'a Paths,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// The code quality report of GitLab.
    Gitlab,
    Junit,
    /// A comment in a pull request.
    Markdown,
}

/// The findings as the text of a file, with its last newline.
pub fn write(form: Form, findings: &Findings<'_>) -> String {
    match form {
        Form::Sarif => sarif::write(findings),
        Form::Github => github::write(findings),
        Form::Gitlab => gitlab::write(findings),
        Form::Junit => junit::write(findings),
        Form::Markdown => markdown::write(findings),
    }
}

/// Where a finding is: a file by its path in the repository, and lines and columns from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    path: String,
    /// `None`: the file as a whole.
    region: Option<Region>,
}

/// Columns count characters; the end is the place after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Region {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

impl<'a> Findings<'a> {
    fn all(&self) -> impl Iterator<Item = (&'a Group<'a>, &'a Diagnostic)> {
        self.groups.iter().flat_map(|group| group.diagnostics.iter().map(move |one| (group, one)))
    }

    /// The place of the finding; without one of its own, the file that was looked at.
    fn place(&self, group: &Group<'_>, diagnostic: &Diagnostic) -> Option<Place> {
        let own = diagnostic.span().map(|span| self.place_of(group, span));
        let file = || Place { path: self.paths.in_repository(group.subject), region: None };
        own.or_else(|| group.is_file.then(file))
    }

    fn place_of(&self, group: &Group<'_>, span: Span) -> Place {
        let file = group.sources.file(span.source);
        let (at, end) = (file.position(span.start), file.position(span.end));
        let region =
            Region { line: at.line, column: at.column, end_line: end.line, end_column: end.column };
        Place { path: self.paths.in_repository(&file.name), region: Some(region) }
    }

    fn count(&self, severity: Severity) -> usize {
        self.all().filter(|(_, one)| one.severity() == severity).count()
    }
}

/// The message with its notes and its help, one per line.
fn in_full(diagnostic: &Diagnostic) -> String {
    let notes = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
    let all: String =
        std::iter::once(diagnostic.message.clone()).chain(notes).chain(help).collect();
    printable(&all)
}

/// A message quotes the plan, and nobody's log is to be coloured or cleared by a plan.
fn printable(text: &str) -> String {
    let seen = |c: char| if c.is_control() && !"\n\r\t".contains(c) { '\u{fffd}' } else { c };
    text.chars().map(seen).collect()
}

#[cfg(test)]
mod tests;
