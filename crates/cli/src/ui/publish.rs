//! Findings for other tools: the one place that knows where the repository starts and who we are.

use std::path::Path;

use diagnostics::formats::{self, Findings, Form, Group, Paths};

/// The findings of `command` as the text of a file.
pub(crate) fn as_form(form: Form, command: &str, exit: u8, groups: &[Group<'_>]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let paths = paths();
    formats::write(form, &Findings { command, exit_code: exit, version, groups, paths: &paths })
}

/// The root is the folder above that holds `.git`, a folder or, in a linked working tree, a file.
fn paths() -> Paths {
    let here = std::env::current_dir().unwrap_or_default();
    let root = here.ancestors().find(|folder| folder.join(".git").exists());
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    Paths::new(shown(&here), root.map(shown))
}
