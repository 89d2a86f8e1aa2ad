//! Every console block of the README and of the cookbook is typed here, in order, in one folder for each
//! page; what it prints must be what the page shows, but for durations, digests, run ids and folders.
//!
//! A line `…` in a page stands for any lines. A block that names a file is written to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{LocalServers, example, root};

use crate::blocks::{Block, blocks};

struct Typed {
    command: String,
    shown: Vec<String>,
    line: usize,
}

/// The commands of a console block, each with the lines below it.
fn typed(block: &Block) -> Vec<Typed> {
    let mut all = Vec::<Typed>::new();
    for (at, line) in block.text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let line = block.line + at;
            all.push(Typed { command: command.to_owned(), shown: Vec::new(), line });
        } else if let Some(last) = all.last_mut() {
            last.shown.push(line.to_owned());
        }
    }
    all
}

/// Replaces what differs from run to run.
fn steady(line: &str, folder: &Path) -> String {
    let line = line.replace(&folder.to_string_lossy().into_owned(), "DIR");
    let mut out = String::new();
    for word in line.split_inclusive([' ', '(', ')', ',', ':', ';', '/', '`']) {
        let core = word.trim_end_matches([' ', '(', ')', ',', ':', ';', '/', '`']);
        let rest = &word[core.len()..];
        let hex = core.len() >= 12 && core.chars().all(|c| c.is_ascii_hexdigit());
        let run =
            core.len() >= 20 && core.chars().all(|c| c.is_ascii_hexdigit() || c == '-' || c == '_');
        let number = core.trim_end_matches("ms").trim_end_matches('s');
        let time = number.parse::<f64>().is_ok() && (core.contains('.') || core.ends_with('s'));
        out.push_str(if hex || run {
            "ID"
        } else if time {
            "TIME"
        } else {
            core
        });
        out.push_str(rest);
    }
    // Durations change their width, tables their padding.
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn matches(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((any, rest)) if any == "…" => {
            (0..=printed.len()).any(|skip| matches(rest, &printed[skip..]))
        }
        Some((line, rest)) => printed.first() == Some(line) && matches(rest, &printed[1..]),
    }
}

/// A folder with a `cutover` in it, for the PATH.
fn bin(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(crate::cutover().binary(), bin.join("cutover")).unwrap();
    bin
}

/// A page that is played in a folder.
struct Player<'a> {
    page: &'a str,
    folder: &'a Path,
    path: String,
}

impl<'a> Player<'a> {
    fn new(page: &'a str, folder: &'a Path) -> Self {
        let path = format!("{}:{}", bin(folder).display(), std::env::var("PATH").unwrap());
        Player { page, folder, path }
    }

    /// Types the command, which must print what stands below it.
    fn check(&self, typed: &Typed) {
        let out = Command::new("sh")
            .args(["-c", &format!("{{ {}\n}} 2>&1", typed.command)])
            .current_dir(self.folder)
            .env("PATH", &self.path)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        let lines = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            let steady = lines.map(|line| steady(line.trim_end(), self.folder));
            steady.filter(|line| !line.is_empty()).collect()
        };
        let shown = lines(&mut typed.shown.iter().map(String::as_str));
        let got = lines(&mut printed.lines());
        assert!(
            shown.is_empty() || matches(&shown, &got),
            "{}:{}: `{}` prints\n{printed}\n--- steady\n{got:#?}\n--- shown\n{shown:#?}",
            self.page,
            typed.line,
            typed.command
        );
    }

    /// Writes the file that the block is, or is a part of.
    fn write(&self, block: &Block) {
        if let Some(file) = block.part_of() {
            let file = self.folder.join(file);
            let text = std::fs::read_to_string(&file).unwrap();
            return std::fs::write(file, with_keys(&text, &block.text)).unwrap();
        }
        let file = block.file().unwrap_or_else(|| panic!("{}:{}: no file", self.page, block.line));
        let file = self.folder.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &block.text).unwrap();
    }
}

/// The top-level keys of a YAML text, each with its lines.
fn keys(text: &str) -> Vec<(String, String)> {
    let mut all = vec![(String::new(), String::new())];
    for line in text.lines() {
        if let Some((key, _)) = line.split_once(':').filter(|(key, _)| !key.starts_with([' ', '#']))
        {
            all.push((key.to_owned(), String::new()));
        }
        let last = all.last_mut().unwrap();
        last.1.push_str(&format!("{line}\n"));
    }
    all
}

/// The text with the keys of the other in the place of its own.
fn with_keys(text: &str, part: &str) -> String {
    let mut all = keys(text);
    for (key, lines) in keys(part).into_iter().filter(|(key, _)| !key.is_empty()) {
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => {
                let gap = if known.1.ends_with("\n\n") { "\n" } else { "" };
                known.1 = format!("{}\n{gap}", lines.trim_end());
            }
            None => all.push((key, format!("\n{}\n", lines.trim_end()))),
        }
    }
    all.into_iter().map(|(_, lines)| lines).collect()
}

#[test]
fn every_console_block_prints_what_it_shows() {
    if testkit::cluster().is_none() {
        return;
    }
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (keep, _) = example("quickstart");
    let _servers = LocalServers::below(keep.path());
    let player = Player::new("README.md", keep.path());
    let consoles = blocks(&text).into_iter().filter(|block| block.language == "console");
    let commands: Vec<Typed> = consoles.flat_map(|block| typed(&block)).collect();
    assert!(commands.len() >= 6, "the README has a tour");
    // These two build. The test is inside one; what the other types stands below it.
    let builds = ["cargo xtask test", "cargo xtask quickstart"];
    for typed in commands.iter().filter(|typed| !builds.contains(&typed.command.as_str())) {
        player.check(typed);
    }
}

#[test]
fn every_block_of_the_cookbook_is_typed() {
    if testkit::cluster().is_none() {
        return;
    }
    let page = "crates/cli/docs/cookbook.md";
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let _servers = LocalServers::below(folder.path());
    let player = Player::new(page, folder.path());
    for block in blocks(&text) {
        match block.language.as_str() {
            "console" => typed(&block).iter().for_each(|typed| player.check(typed)),
            "yaml" | "sql" => player.write(&block),
            other => panic!("{page}:{}: nothing runs `{other}`", block.line),
        }
    }
}

#[test]
fn a_part_takes_the_place_of_its_keys() {
    let text = "# head\na: 1\nb:\n  c: 2\n\nd: 3\n";
    let expected = "# head\na: 1\nb: 4\n\nd: 3\n\ne: 5\n";
    assert_eq!(with_keys(text, "# in x.yaml\nb: 4\n\ne: 5\n"), expected);
}

#[test]
fn a_line_of_dots_stands_for_any_lines() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(matches(&lines("a\n…\nd"), &lines("a\nb\nc\nd")));
    assert!(!matches(&lines("a\n…\nd"), &lines("a\nb\nc")));
    assert_eq!(
        steady("run 20261121-053501-8c1f20 took 0.42 s, 3 rows", Path::new("/x")),
        "run ID took TIME s, 3 rows"
    );
}

/// The YAML blocks: the beginning of the quickstart's plan, and a target to put into it.
#[test]
fn every_yaml_block_is_of_a_plan_that_compiles() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let all = blocks(&text).into_iter();
    // Those with a file's name are the workflows, which have their own tests.
    let plans = all.filter(|block| block.language == "yaml" && block.file().is_none());
    let shown: Vec<String> = plans.map(|block| block.text).collect();
    assert_eq!(shown.len(), 2);
    let (_keep, plan) = example("quickstart");
    let file = plan.join("plan.yaml");
    let whole = std::fs::read_to_string(&file).unwrap();
    assert!(whole.contains(&shown[0]), "the README shows another plan\n{}", shown[0]);
    let changed = whole.replace("target:\n  sqlite: out/shop.sqlite\n", &shown[1]);
    assert_ne!(whole, changed);
    // The block's schema is not the quickstart's, whose baseline grants on its own.
    std::fs::write(&file, changed.replace("schema: shop", "schema: quickstart")).unwrap();
    crate::cutover().run(&plan, &["check", "plan.yaml"]).expect(0);
}

/// The tests that the README names as its evidence are there.
#[test]
fn every_test_that_is_named_is_there() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = text.split_once("## What survives what").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    // What has a space is a command that is typed.
    let is_test = |part: &&str| part.contains("::") && !part.contains(' ');
    let named: Vec<&str> = section.split('`').filter(is_test).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        let (modules, function) = name.rsplit_once("::").unwrap();
        let path = modules.replace("::", "/").replace("incidents/", "../incidents/");
        let folder = root().join("tests/suite");
        let files = [format!("{path}.rs"), format!("{}/test.rs", path.replace('_', "-"))];
        let found = files.iter().find_map(|file| std::fs::read_to_string(folder.join(file)).ok());
        let found = found.unwrap_or_else(|| panic!("`{name}`: no such file"));
        assert!(found.contains(&format!("#[test]\nfn {function}() {{")), "`{name}` is no test");
    }
}
