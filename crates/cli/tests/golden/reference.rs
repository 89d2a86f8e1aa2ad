//! `docs/cli.md` is made from the arguments and cannot lie. `UPDATE_EXPECT=1` rewrites it.

use std::fmt::Write as _;
use std::path::Path;

#[test]
fn the_reference_is_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let made = reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == made, "docs/cli.md is stale; UPDATE_EXPECT=1 cargo test -p cli rewrites it");
}

fn reference() -> String {
    let mut root = cli::command().term_width(100).color(clap::ColorChoice::Never);
    root.build();
    let mut out = String::from(
        "# The command line\n\nMade from the program's own arguments by a test; do not edit.\n",
    );
    section(&mut out, "cutover", &mut root);
    sections(&mut out, "cutover", &root);
    out
}

/// The commands below this one, and those below them.
fn sections(out: &mut String, above: &str, command: &clap::Command) {
    for below in command.get_subcommands() {
        let title = format!("{above} {}", below.get_name());
        section(out, &title, &mut below.clone());
        sections(out, &title, below);
    }
}

fn section(out: &mut String, title: &str, command: &mut clap::Command) {
    let help = command.clone().term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(out, "\n## `{title}`\n\n```text\n{}\n```\n", lines.join("\n").trim());
}
