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
