//! Every code has a page, and a page does what it says: its bad example raises exactly this code, its
//! good one does not. Where only a run on a server can raise it, the page names the test that does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use diagnostics::{Code, code};
use testkit::root;

/// What an example leaves out of its plan; a text that begins with `cutover:` is a whole plan.
const HEAD: [(&str, &str); 6] = [
    ("cutover", "cutover: 1"),
    ("name", "name: shop"),
    ("sources", "sources: { shop: shop.db }"),
    ("target", "target: { sqlite: out/new.db }"),
    ("baseline", "baseline: baseline.sql"),
    (
        "components",
        "components:\n  include: [tables.sql]\n  indexes:\n    \
         orders_user_idx: { table: orders, columns: [user_id] }",
    ),
];

/// `tables.sql`; `baseline.sql` has the index, too, and `shop.db` these tables with two rows each.
const TABLES: &str = "\
create table users (
  id integer not null primary key,
  email text not null
);
create table orders (
  id integer not null primary key,
  user_id integer not null references users (id),
  total integer not null
);
";

const ROWS: &str = "
insert into users values (1, 'ada@example.org'), (2, 'bob@example.org');
insert into orders values (1, 1, 10), (2, 2, 20);
";

#[test]
fn every_page_does_what_it_says() {
    let wrong = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(code) = code::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(why) = page(code) {
                wrong.lock().unwrap().push(format!("{}: {why}", code.id));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A line of an example that a page shows and does not run was once printed: some of its words stand
/// in the program in this order. The rest of it are values.
#[test]
fn lines_of_examples_are_the_programs_own() {
    let program = program();
    let mut wrong = Vec::new();
    for code in code::ALL {
        for word in ["error", "warning"] {
            let head = format!("\n{word}[{}]: ", code.id);
            let Some((_, rest)) = code.page.split_once(&head) else { continue };
            let text = rest.split("\n```").next().unwrap_or(rest);
            let words: Vec<&str> = text.split_whitespace().collect();
            let own = |run: &[&str]| program.contains(&run.join(" "));
            if !words.windows(3.min(words.len())).any(own) || text.contains('…') {
                wrong.push(format!("{}: {text}", code.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text of every crate, with literals that go on in the next line joined.
fn program() -> String {
    let files = sources_in(&root().join("crates"));
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let joined = texts.flat_map(|text| {
        text.split("\\\n").map(|part| part.trim_start().to_owned()).collect::<Vec<_>>()
    });
    joined.collect()
}

fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| match path.is_dir() {
        true => sources_in(&path),
        false if path.extension().is_some_and(|it| it == "rs") => vec![path],
        false => Vec::new(),
    });
    found.collect()
}

fn page(code: &Code) -> Result<(), String> {
    let title = format!("# {} {}\n\n", code.id, code.name);
    let rest = code.page.strip_prefix(&title).ok_or("the title is another one")?;
    let (what, rest) = rest.split_once("\n## Why\n").ok_or("there is no Why")?;
    let (why, rest) = rest.split_once("\n## Bad\n").ok_or("there is no bad example")?;
    let (bad, good) = rest.split_once("\n## Good\n").ok_or("there is no good example")?;
    if [what, why].iter().any(|text| text.trim().len() < 20) || !good.contains("```") {
        return Err("it says too little".to_owned());
    }
    let runs = |text: &str| text.contains("```console") || text.contains("```yaml");
    match (runs(bad) && runs(good), proof(code.page)) {
        (true, None) => examples(code, bad, good),
        (false, Some((file, test))) => named(code, file, test),
        (false, None) => Err("nothing shows that the page is right".to_owned()),
        (true, Some(_)) => Err("examples that run need no other test".to_owned()),
    }
}

/// `<!-- tested by: tests/suite/failures.rs a_test -->`
fn proof(page: &str) -> Option<(&str, &str)> {
    let rest = page.split_once("<!-- tested by: ")?.1;
    rest.split_once(" -->")?.0.split_once(' ')
}

/// The test is there and speaks of the code.
fn named(code: &Code, file: &str, test: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(root().join(file)).map_err(|e| format!("{file}: {e}"))?;
    let (before, body) = text.split_once(&format!("fn {test}() ")).unwrap_or_default();
    if !before.trim_end().ends_with("#[test]") {
        return Err(format!("{file} has no test {test}"));
    }
    // To the next function of the file, or of its module of tests.
    let body =
        body.split("\n}\n").next().unwrap_or(body).split("\n    }\n\n").next().unwrap_or(body);
    let constant = constant(code);
    if body.contains(code.id) || body.contains(&format!("code::{constant}")) {
        return Ok(());
    }
    // A helper of the same file may look the code up.
    let found = text.contains(code.id) || text.contains(&format!("code::{constant}"));
    Err(format!("{file}: {test} does not speak of it{}", if found { ", another does" } else { "" }))
}

/// The name of the static in the table.
fn constant(code: &Code) -> String {
    let table = std::fs::read_to_string(root().join("crates/diagnostics/src/code.rs")).unwrap();
    let line = table.lines().find(|line| line.contains(&format!("= \"{}\"", code.id))).unwrap();
    line.trim().split(' ').next().unwrap().to_owned()
}

fn examples(code: &Code, bad: &str, good: &str) -> Result<(), String> {
    let (_, text) = play(bad);
    let codes = codes_in(&text);
    // Offline, every comparison says that it was one.
    let others: Vec<_> = codes.iter().filter(|it| **it != code.id && **it != "CAT303").collect();
    if !codes.contains(code.id) || !others.is_empty() {
        return Err(format!("the bad example raises {codes:?}\n{text}"));
    }
    let (done, text) = play(good);
    if codes_in(&text).contains(code.id) || !done {
        return Err(format!("the good example is not good\n{text}"));
    }
    Ok(())
}

fn codes_in(text: &str) -> BTreeSet<&str> {
    let starts = text.match_indices('[').map(|(at, _)| at + 1);
    let ids =
        starts.filter_map(|at| text.get(at..at + 6).filter(|_| text[at + 6..].starts_with(']')));
    ids.filter(|id| code::find(id).is_some()).collect()
}

/// Whether the last command ended with 0, and all that it printed.
fn play(example: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let commands = set_up(folder.path(), example);
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(crate::cutover().binary(), bin.join("cutover")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut last = (false, String::new());
    for command in commands {
        let out = Command::new("sh")
            .args(["-c", &format!("{command} 2>&1")])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("HOME", folder.path())
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        last = (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned());
    }
    last
}

/// Writes the files of an example; returns what is typed, by default a check.
fn set_up(folder: &Path, example: &str) -> Vec<String> {
    let mut plan = String::new();
    let mut commands = Vec::new();
    let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).unwrap();
    write("tables.sql", TABLES);
    let index = "create index orders_user_idx on orders (user_id);\n";
    write("baseline.sql", &format!("{TABLES}{index}"));
    let blocks = example.split("```").skip(1).step_by(2);
    for (info, text) in blocks.filter_map(|block| block.split_once('\n')) {
        match info.split_once(' ') {
            Some((_, file)) => write(file, text),
            None if info == "console" => {
                commands
                    .extend(text.lines().filter_map(|it| it.strip_prefix("$ ")).map(str::to_owned));
            }
            None => plan = text.to_owned(),
        }
    }
    write("plan.yaml", &whole(&plan));
    std::fs::create_dir(folder.join("out")).unwrap();
    let source = rusqlite::Connection::open(folder.join("shop.db")).unwrap();
    source.execute_batch(&format!("{TABLES}{ROWS}")).unwrap();
    if commands.is_empty() {
        commands.push("cutover check plan.yaml --offline".to_owned());
    }
    commands
}

fn whole(plan: &str) -> String {
    if plan.starts_with("cutover:") {
        return plan.to_owned();
    }
    let missing = HEAD.iter().filter(|(key, _)| {
        !plan.lines().any(|line| line.split_once(':').is_some_and(|(it, _)| it == *key))
    });
    missing.map(|(_, text)| format!("{text}\n")).chain([plan.to_owned()]).collect()
}

#[test]
fn a_page_that_lies_is_found() {
    let bad = "```yaml\ncolour: blue\n```\n";
    let good = "```yaml\ndescription: blue\n```\n";
    assert_eq!(examples(&code::UNKNOWN_KEY, bad, good), Ok(()));
    assert!(examples(&code::UNKNOWN_KEY, good, good).is_err(), "the bad one raises nothing");
    assert!(examples(&code::UNKNOWN_KEY, bad, bad).is_err(), "the good one raises it");
    assert!(examples(&code::WRONG_TYPE, bad, good).is_err(), "it raises another");
    let test = "a_second_run_is_told_who_holds_the_target";
    assert_eq!(named(&code::RUN_IN_PROGRESS, "tests/suite/failures.rs", test), Ok(()));
    assert!(named(&code::USAGE, "tests/suite/failures.rs", test).is_err());
}
