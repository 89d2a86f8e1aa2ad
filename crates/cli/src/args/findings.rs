//! `--format` of the commands that print findings.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use diagnostics::formats::Form;

use super::Format;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingsFormat {
    /// Findings on stderr, the answer on stdout.
    Text,
    /// One JSON object with the findings in it.
    Json,
    /// The findings alone, for another tool.
    Form(Form),
}

impl FindingsFormat {
    /// The form of what is shown while a run goes on: only JSON has events of its own.
    pub(crate) fn of_progress(self) -> Format {
        match self {
            FindingsFormat::Json => Format::Json,
            FindingsFormat::Text | FindingsFormat::Form(_) => Format::Text,
        }
    }
}

impl From<Format> for FindingsFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => FindingsFormat::Text,
            Format::Json => FindingsFormat::Json,
        }
    }
}

impl ValueEnum for FindingsFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            FindingsFormat::Text,
            FindingsFormat::Json,
            FindingsFormat::Form(Form::Sarif),
            FindingsFormat::Form(Form::Github),
            FindingsFormat::Form(Form::Gitlab),
            FindingsFormat::Form(Form::Junit),
            FindingsFormat::Form(Form::Markdown),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            FindingsFormat::Text => ("text", "For people"),
            FindingsFormat::Json => ("json", "All that there is to say, for programs"),
            FindingsFormat::Form(Form::Sarif) => ("sarif", "SARIF 2.1.0, for code scanning"),
            FindingsFormat::Form(Form::Github) => ("github", "Annotations of GitHub Actions"),
            FindingsFormat::Form(Form::Gitlab) => ("gitlab", "Code quality report of GitLab"),
            FindingsFormat::Form(Form::Junit) => ("junit", "JUnit XML, for CI servers"),
            FindingsFormat::Form(Form::Markdown) => ("markdown", "A comment in a pull request"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
