//! L8: whatever a bundle holds, no secret is in it, wherever one was planted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use testkit::{Database, example, tool};

use crate::{cutover, cutover_on};

/// Each is planted at one place of its own.
const IN_URL: &str = "canary-in-url";
const IN_ENVIRONMENT: &str = "canary-in-environment";
const IN_PASSFILE: &str = "canary-in-passfile";
const IN_PLAN: &str = "canary-in-plan";
const IN_SERVER_ERROR: &str = "canary-in-server-error";

fn extracted(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tool("tar", &["-xf", &archive.to_string_lossy(), "-C", &folder.path().to_string_lossy()]);
    folder
}

fn names(archive: &Path) -> Vec<String> {
    let listed = tool("tar", &["-tf", &archive.to_string_lossy()]);
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn no_secret_is_in_a_bundle_wherever_one_was_planted() {
    let Some(database) = Database::create() else { return };
    database.roles(&["shop_app"]);
    let (_keep, plan) = example("shop-postgres");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    // The server itself repeats a URL with a password: in the message of a check that fails.
    let check = format!(
        "checks:\n  before:\n    - name: planted\n      sql: select 1/0 as \"postgres://me:{IN_SERVER_ERROR}@h/d\"\n"
    );
    let text = text.replace("server: local", "url: { env: CUTOVER_TEST_URL }");
    let text = if text.contains("\nchecks:\n") {
        text.replace("\nchecks:\n", &format!("\n{check}"))
    } else {
        format!("{text}\n{check}")
    };
    std::fs::write(&file, text).unwrap();
    let passfile = plan.join("pgpass");
    std::fs::write(&passfile, format!("*:*:*:*:{IN_PASSFILE}\n")).unwrap();
    std::fs::set_permissions(&passfile, std::fs::Permissions::from_mode(0o600)).unwrap();
    // The server trusts its socket, so that a password is taken along and not asked for.
    let url = database.url.replacen("postgres@", &format!("postgres:{IN_URL}@"), 1);
    assert_ne!(url, database.url);
    let program = cutover_on(&database)
        .env("CUTOVER_TEST_URL", &url)
        .env("CUTOVER_SCRATCH_URL", &database.url)
        .env("SHOP_PASSWORD", IN_ENVIRONMENT)
        .env("PGPASSFILE", &passfile.to_string_lossy());
    program.run(&plan, &["run", "plan.yaml", "--yes"]);
    // What a hand has left in the files of the run.
    let text = std::fs::read_to_string(&file).unwrap();
    let planted = format!(
        "# postgres://me:{IN_PLAN}@h/d host=h password={IN_PLAN} {IN_ENVIRONMENT} {IN_PASSFILE} {IN_URL}\n{text}"
    );
    std::fs::write(&file, planted).unwrap();
    let archive = plan.join("out.tar");
    program.run(&plan, &["bundle", "plan.yaml", "-o", "out.tar"]).expect(0);
    assert_eq!(std::fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
    for part in ["journal.jsonl", "journal.json", "compiled-plan.json", "plan.yaml", "status.json"]
    {
        assert!(names(&archive).iter().any(|name| name == part), "{part}: {:?}", names(&archive));
    }
    let folder = extracted(&archive);
    let plan_text = std::fs::read_to_string(folder.path().join("plan.yaml")).unwrap();
    assert!(plan_text.starts_with("# postgres://me:****@h/d"), "{plan_text}");
    for secret in [IN_URL, IN_ENVIRONMENT, IN_PASSFILE, IN_PLAN, IN_SERVER_ERROR] {
        let bytes = std::fs::read(&archive).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "`{secret}` is in the bundle");
    }
}

#[test]
fn a_bundle_has_the_manifests_and_the_files_where_asked_and_overwrites_nothing() {
    let (_keep, plan) = example("quickstart");
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    cutover().run(&plan, &["bundle", "plan.yaml", "-o", "a.tar"]).expect(0);
    let found = names(&plan.join("a.tar"));
    assert!(found.iter().any(|name| name.ends_with(".manifest.json")), "{found:?}");
    assert!(!found.iter().any(|name| name.starts_with("databases/")), "{found:?}");
    let again = cutover().run(&plan, &["bundle", "plan.yaml", "-o", "a.tar"]).expect(1);
    assert!(again.stderr.contains("CLI002"), "{}", again.stderr);
}

/// What a dead run built, with the files that SQLite keeps beside it, byte for byte and for nobody else.
#[test]
fn a_bundle_with_databases_has_what_a_dead_run_built() {
    let (_keep, plan) = example("quickstart");
    let faulty = cutover().env("CUTOVER_FAULT", "kill:before promote");
    assert_eq!(faulty.run(&plan, &["run", "plan.yaml", "--yes"]).code, None, "killed");
    let built =
        testkit::states(&plan.join("out")).into_keys().find(|name| name.contains("cutover"));
    let built = plan.join("out").join(built.expect("what it built"));
    let beside = |suffix: &str| {
        let mut name = built.clone().into_os_string();
        name.push(suffix);
        std::path::PathBuf::from(name)
    };
    for suffix in ["-wal", "-shm"] {
        std::fs::write(beside(suffix), format!("bytes of the {suffix}")).unwrap();
    }
    let before = testkit::states(&plan.join("out"));
    cutover().run(&plan, &["bundle", "plan.yaml", "--with-databases", "-o", "a.tar"]).expect(0);
    assert_eq!(before, testkit::states(&plan.join("out")), "nothing is opened for writing");
    let archive = plan.join("a.tar");
    assert_eq!(std::fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
    let listed = tool("tar", &["-tvf", &archive.to_string_lossy()]);
    assert!(listed.lines().all(|line| line.starts_with("-rw-------")), "{listed}");
    let folder = extracted(&archive);
    for path in [built.clone(), beside("-wal"), beside("-shm")] {
        let name = path.file_name().unwrap();
        let packed = std::fs::read(folder.path().join("databases").join(name)).unwrap();
        assert_eq!(packed, std::fs::read(&path).unwrap(), "{name:?}");
    }
    cutover().run(&plan, &["abort", "plan.yaml"]).expect(0);
}

/// The private server's log says what it refused; a secret in the refused statement is masked.
#[test]
fn a_bundle_has_the_end_of_the_servers_log_without_secrets() {
    if testkit::cluster().is_none() {
        return;
    }
    let (_keep, plan) = example("shop-postgres");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let planted = format!("select 1/0 as \"postgres://me:{IN_SERVER_ERROR}@h/d\"");
    let check = format!("\nchecks:\n  before:\n    - {{ name: planted, sql: '{planted}' }}\n");
    assert_eq!(text.matches("\nchecks:\n").count(), 1);
    std::fs::write(&file, text.replace("\nchecks:\n", &check)).unwrap();
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(1);
    cutover().run(&plan, &["bundle", "plan.yaml", "-o", "a.tar"]).expect(0);
    cutover().run(&plan, &["local", "stop", "plan.yaml"]).expect(0);
    let folder = extracted(&plan.join("a.tar"));
    let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert!(log.contains("division by zero"), "{log}");
    let bytes = std::fs::read(plan.join("a.tar")).unwrap();
    let found = bytes.windows(IN_SERVER_ERROR.len()).any(|it| it == IN_SERVER_ERROR.as_bytes());
    assert!(!found, "the secret is in the bundle");
}
