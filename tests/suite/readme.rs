//! Every console block of the README is typed here, in order, in one copy of the example plans; what
//! it prints must be what the README shows, but for durations, digests, run ids and folders.
//!
//! A line `…` in the README stands for any lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{example, root};

struct Typed {
    command: String,
    shown: Vec<String>,
    line: usize,
}

/// The commands of the ```console blocks, each with the lines below it.
fn typed(text: &str) -> Vec<Typed> {
    let (mut inside, mut all) = (false, Vec::<Typed>::new());
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            all.push(Typed { command: command.to_owned(), shown: Vec::new(), line: at + 1 });
        } else if let (true, Some(last)) = (inside, all.last_mut()) {
            last.shown.push(line.to_owned());
        }
    }
    all
}

/// Replaces what differs from run to run.
fn steady(line: &str, folder: &Path) -> String {
    let line = line.replace(&folder.to_string_lossy().into_owned(), "DIR");
    let mut out = String::new();
    for word in line.split_inclusive([' ', '(', ')', ',', ':', '/', '`']) {
        let core = word.trim_end_matches([' ', '(', ')', ',', ':', '/', '`']);
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

#[test]
fn every_console_block_prints_what_it_shows() {
    if testkit::cluster().is_none() {
        return;
    }
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (keep, _) = example("quickstart");
    let folder = keep.path();
    let path = format!("{}:{}", bin(folder).display(), std::env::var("PATH").unwrap());
    let commands = typed(&text);
    assert!(commands.len() >= 6, "the README has a tour");
    for typed in &commands {
        // These two build. The test is inside one; what the other types stands below it.
        let command = match typed.command.as_str() {
            "cargo xtask test" => continue,
            "cargo xtask quickstart" => continue,
            command => command,
        };
        let out = Command::new("sh")
            .args(["-c", &format!("{command} 2>&1")])
            .current_dir(folder)
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        let lines = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            let steady = lines.map(|line| steady(line.trim_end(), folder));
            steady.filter(|line| !line.is_empty()).collect()
        };
        let shown = lines(&mut typed.shown.iter().map(String::as_str));
        let got = lines(&mut printed.lines());
        assert!(
            shown.is_empty() || matches(&shown, &got),
            "README.md:{}: `{}` prints\n{printed}\n--- steady\n{got:#?}\n--- shown\n{shown:#?}",
            typed.line,
            typed.command
        );
    }
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
    let all = crate::blocks::blocks(&text).into_iter();
    // Those with a file's name are the workflows, which have their own tests.
    let plans = all.filter(|block| block.language == "yaml" && block.file().is_none());
    let blocks: Vec<String> = plans.map(|block| block.text).collect();
    assert_eq!(blocks.len(), 2);
    let (_keep, plan) = example("quickstart");
    let file = plan.join("plan.yaml");
    let whole = std::fs::read_to_string(&file).unwrap();
    assert!(whole.contains(&blocks[0]), "the README shows another plan\n{}", blocks[0]);
    let changed = whole.replace("target:\n  sqlite: out/shop.sqlite\n", &blocks[1]);
    assert_ne!(whole, changed);
    // The block's schema is not the quickstart's, whose baseline grants on its own.
    std::fs::write(&file, changed.replace("schema: shop", "schema: quickstart")).unwrap();
    crate::cutover().run(&plan, &["check", "plan.yaml"]).expect(0);
}
