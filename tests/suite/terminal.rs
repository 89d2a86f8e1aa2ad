//! What a terminal gets, and what a file gets: Python's `pty` is the terminal.

use std::path::Path;

use testkit::tool;

use crate::cutover;

/// Runs argv[3:] in the folder argv[1] on a terminal of argv[2] columns and prints what came; stdout
/// goes to the file `out` where argv[2] ends in `>`.
const TERMINAL: &str = r#"
import fcntl, os, pty, struct, sys, termios
columns = sys.argv[2]
child, master = pty.fork()
if child == 0:
    os.chdir(sys.argv[1])
    if columns.endswith('>'):
        os.dup2(os.open('out', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 50, int(columns.rstrip('>')), 0, 0))
    os.execv(sys.argv[3], sys.argv[3:])
data = b''
while True:
    try:
        part = os.read(master, 65536)
    except OSError:
        break
    if not part:
        break
    data += part
os.waitpid(child, 0)
sys.stdout.buffer.write(data.replace(b'\r\n', b'\n'))
"#;

const PLAN: &str = "\
cutover: 1
name: shop
sources: { shop: shop.db }
target: { sqlite: out/new.db }
baseline: schema.sql
components:
  include: [schema.sql]
  indexes:
    users_email_idx: { table: user, columns: [email] }
";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let schema = "create table users (id integer not null primary key, email text not null);\n";
    std::fs::write(folder.path().join("schema.sql"), schema).unwrap();
    std::fs::write(folder.path().join("plan.yaml"), PLAN).unwrap();
    folder
}

/// `variables`: `NAME=value` words for `env`.
fn on_terminal(folder: &Path, columns: &str, variables: &[&str], args: &[&str]) -> String {
    let binary = cutover().binary().to_string_lossy().into_owned();
    let folder = folder.to_string_lossy();
    let base = ["-i", "LC_ALL=C.UTF-8", "TERM=xterm-256color"];
    let mut all = vec!["-c", TERMINAL, &folder, columns, "/usr/bin/env"];
    all.extend(base.iter().chain(variables).copied());
    all.push(&binary);
    all.extend(args);
    tool("python3", &all)
}

#[test]
fn colours_are_for_terminals() {
    let folder = project();
    let check = ["check", "plan.yaml"];
    let colour = |text: &str| text.contains("\x1b[");
    assert!(colour(&on_terminal(folder.path(), "100", &[], &check)));
    assert!(!colour(&on_terminal(folder.path(), "100", &["NO_COLOR=1"], &check)));
    assert!(!colour(&on_terminal(folder.path(), "100", &["TERM=dumb"], &check)));
    let never = ["check", "plan.yaml", "--color", "never"];
    assert!(!colour(&on_terminal(folder.path(), "100", &[], &never)));
    // One stream on the terminal, the other in a file.
    assert!(colour(&on_terminal(folder.path(), "100>", &[], &check)), "stderr is a terminal");
    let out = std::fs::read_to_string(folder.path().join("out")).unwrap();
    assert!(out.contains("not sound") && !colour(&out), "{out:?}");
    let always = cutover().run(folder.path(), &["check", "plan.yaml", "--color", "always"]);
    assert!(colour(&always.stderr) && colour(&always.stdout));
}

#[test]
fn forty_columns_are_enough() {
    let folder = project();
    let check = on_terminal(folder.path(), "40", &["NO_COLOR=1"], &["check", "plan.yaml"]);
    let codes = on_terminal(folder.path(), "40", &["NO_COLOR=1"], &["explain", "REF201"]);
    let help = on_terminal(folder.path(), "40", &["NO_COLOR=1"], &["check", "--help"]);
    for text in [&check, &codes] {
        // Lines of the plan, and what points into them, are shown as wide as they are.
        let source =
            |line: &str| line.contains(" │ ") || line.contains('·') || line.starts_with("    ");
        for line in text.lines().filter(|line| !source(line)) {
            assert!(line.chars().count() <= 40, "{} {line:?} in\n{text}", line.chars().count());
        }
    }
    // What is typed is not broken.
    let typed = |line: &str| line.starts_with("  cutover ") || line.starts_with("Usage: ");
    let longest = help.lines().filter(|line| !typed(line));
    assert!(longest.map(|line| line.chars().count()).max() <= Some(40), "{help}");
}

#[test]
fn screen_readers_get_sentences_without_pictures() {
    let folder = project();
    let plain = |text: &str| !text.chars().any(|c| ('\u{2500}'..='\u{257f}').contains(&c));
    let asked = on_terminal(folder.path(), "80", &[], &["check", "plan.yaml", "--accessible"]);
    assert!(plain(&asked) && asked.contains("Diagnostic severity: error"), "{asked}");
    let set = on_terminal(folder.path(), "80", &["NO_GRAPHICS=1"], &["check", "plan.yaml"]);
    assert!(plain(&set), "{set}");
    let drawn = on_terminal(folder.path(), "80", &[], &["check", "plan.yaml"]);
    assert!(!plain(&drawn), "others see the place drawn");
}
