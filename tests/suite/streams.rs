//! Data goes to stdout and errors go to stderr, for every command; help begins with examples.

use crate::cutover;

/// Every command with its path: `baseline capture`.
fn commands() -> Vec<Vec<String>> {
    let mut root = cli::command();
    root.build();
    let mut found = Vec::new();
    let mut open: Vec<(Vec<String>, clap::Command)> = vec![(Vec::new(), root)];
    while let Some((path, command)) = open.pop() {
        for below in command.get_subcommands() {
            let path = [&path[..], &[below.get_name().to_owned()]].concat();
            found.push(path.clone());
            open.push((path, below.clone()));
        }
    }
    assert!(found.len() > 12, "{found:?}");
    found
}

#[test]
fn help_is_data_and_begins_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    for path in commands() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let done = cutover().run(folder.path(), &args).expect(0);
        assert_eq!(done.stderr, "", "{path:?}");
        let (examples, usage) = (done.stdout.find("Examples:"), done.stdout.find("Usage:"));
        assert!(examples.is_some() && examples < usage, "{path:?}\n{}", done.stdout);
        let example = format!("  cutover {}", path.join(" "));
        assert!(
            done.stdout.contains(&example),
            "{path:?} has no example of itself\n{}",
            done.stdout
        );
    }
}

#[test]
fn mistakes_go_to_stderr_alone() {
    let folder = tempfile::tempdir().unwrap();
    for path in commands() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--no-such-flag"]).collect();
        let done = cutover().run(folder.path(), &args).expect(2);
        assert_eq!(done.stdout, "", "{path:?}");
        assert!(done.stderr.contains("--no-such-flag"), "{path:?}: {}", done.stderr);
    }
}

#[test]
fn a_file_that_is_not_there_is_told_on_stderr_alone() {
    let folder = tempfile::tempdir().unwrap();
    let missing: &[&[&str]] = &[
        &["explain", "none.yaml"],
        &["compile", "none.yaml", "-o", "-"],
        &["run", "none.yaml", "--yes"],
        &["verify", "none.yaml"],
        &["status", "none.yaml"],
        &["drift", "none.yaml"],
        &["diff", "none.yaml", "none.sql"],
        &["baseline", "capture", "--sqlite", "none.db"],
    ];
    for args in missing {
        let done = cutover().run(folder.path(), args);
        assert!(done.code.is_some_and(|code| code != 0), "{args:?}");
        assert_eq!(done.stdout, "", "{args:?}");
        assert!(done.stderr.contains("error["), "{args:?}: {}", done.stderr);
    }
    // Several plans are judged one by one, and each has its verdict.
    let done = cutover().run(folder.path(), &["check", "none.yaml"]).expect(1);
    assert!(done.stdout.starts_with("none.yaml: not sound") && done.stderr.contains("PLN113"));
}

#[test]
fn data_of_a_success_leaves_stderr_empty() {
    let folder = tempfile::tempdir().unwrap();
    for args in
        [&["codes"][..], &["schema"], &["man"], &["completions", "bash"], &["explain", "BAS401"]]
    {
        let done = cutover().run(folder.path(), args).expect(0);
        assert!(done.stderr.is_empty() && !done.stdout.is_empty(), "{args:?}: {}", done.stderr);
    }
}

/// `-o /dev/null` and `-o /dev/stdout` are written into; a file renamed over a device would take it
/// from every program of the machine. A named pipe stands for them: no test may touch a device.
#[test]
fn a_device_or_a_pipe_is_written_into_and_stays_what_it_is() {
    use std::os::unix::fs::FileTypeExt as _;

    let (_kept, folder) = testkit::example("quickstart");
    let database = folder.join("known.db");
    let made = rusqlite::Connection::open(&database).unwrap();
    made.execute_batch("create table t (a)").unwrap();
    drop(made);
    for args in [
        &["compile", "plan.yaml", "-o", "pipe"][..],
        &["baseline", "capture", "--sqlite", "known.db", "-o", "pipe"],
    ] {
        let pipe = folder.join("pipe");
        testkit::tool("mkfifo", &[pipe.to_str().unwrap()]);
        let link = folder.join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for output in ["pipe", "link"] {
            let path = folder.join(output);
            let reader = std::thread::spawn(move || std::fs::read(path).unwrap());
            let args: Vec<&str> =
                args.iter().map(|arg| if *arg == "pipe" { output } else { arg }).collect();
            cutover().run(&folder, &args).expect(0);
            let kind = std::fs::symlink_metadata(&pipe).unwrap().file_type();
            assert!(kind.is_fifo(), "{args:?} made {kind:?} of the pipe");
            assert!(!reader.join().unwrap().is_empty(), "{args:?}");
        }
        std::fs::remove_file(&link).unwrap();
        std::fs::remove_file(&pipe).unwrap();
    }
}
