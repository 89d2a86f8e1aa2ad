//! What goes wrong is told in one run with its place and its reason, the exit code says how it
//! ended, and the target is as it was (L2, L3).

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::case::{Case, REPLACE, SCHEMA, SLOW, assert_says};

#[test]
fn rows_that_break_a_rule_are_named_and_leave_nothing_behind() {
    let cases: [(&str, &str, &[&str]); 6] = [
        (
            "update customers set age = 'old' where id = 2",
            "write-target",
            &["RUN812", "`app.db`, rowid 2, column `age`: the text `old` does not fit `integer`"],
        ),
        (
            "update customers set email = null where id = 2",
            "write-target",
            &["RUN812", "`app.db`, rowid 2, column `email`: NULL does not fit", "coalesce"],
        ),
        (
            "update orders set total = 0.125 where id = 2",
            "write-target",
            &["RUN812", "rowid 2, column `total`: the real `0.125` does not fit `numeric(10,2)`"],
        ),
        (
            "update customers set email = 'a@x'",
            "add-constraints",
            &[
                "constraint customers_email_key of table customers",
                "select email, count(*) from customers group by email having count(*) > 1",
                "schema.sql:11:42",
            ],
        ),
        (
            "update orders set customer_id = 99 where id = 2",
            "add-constraints",
            &["constraint orders_customer_fk of table orders", "have a (customer_id) that"],
        ),
        (
            "update orders set total = -1 where id = 2",
            "add-constraints",
            &["constraint orders_total_check of table orders", "schema.sql:13:39"],
        ),
    ];
    for (change, stage, says) in cases {
        let Some(case) = Case::new("", "", change) else { return };
        let found = case.run().expect(4);
        assert_says(&found.stderr, says);
        assert_eq!(case.schemas(), "public\n", "{change}");
        let status = case.status();
        assert_says(&status, &[&format!("it failed in `{stage}` and was taken back")]);
        assert_eq!(case.journal()["current_stage"], stage, "{change}");
        assert_eq!(case.journal()["temporary_path"], Value::Null, "{change}");
    }
}

#[test]
fn a_check_that_fails_inside_the_promote_takes_everything_back() {
    let tail = "checks:\n  after:\n    - name: one order\n      sql: select count(*) = 1 from orders\n      expect: true\n";
    let Some(case) = Case::new("", tail, "") else { return };
    let found = case.run().expect(4);
    assert_says(
        &found.stderr,
        &["RUN822", "check `one order` does not hold: f", "plan.yaml:10:12"],
    );
    assert_eq!(case.schemas(), "public\n");
}

/// Requirements R13 to R20: what other programs read in a journal.
#[test]
fn journals_have_every_field() {
    let Some(case) = Case::new("", "", "") else { return };
    case.run().expect(0);
    let journal = case.journal();
    for field in ["source_root", "target", "backup_path", "started_at", "updated_at", "seq"] {
        assert!(!journal[field].is_null(), "{field}");
    }
    assert_eq!(journal["current_stage"], "completed");
    for stage in ["scan-source", "create-backup", "restore-drill", "promote-database", "completed"]
    {
        assert!(journal["completed_stages"].as_array().unwrap().contains(&stage.into()), "{stage}");
    }
    for (count, number) in [("scanned", 3), ("written", 3), ("rejected", 0)] {
        assert_eq!(journal["tables"]["orders"][count], number, "{count}");
    }
    assert_eq!(journal["safe_mode"], "use-target");
    assert_eq!(journal["warnings"], Value::Array(Vec::new()));
    assert_eq!(journal["failure"], Value::Null);
    let backup = journal["preserve"][0].as_str().unwrap();
    assert!(Path::new(backup).exists(), "{backup}");

    let Some(case) = Case::new("", "", "update orders set total = -1") else { return };
    case.run().expect(4);
    let journal = case.journal();
    assert!(journal.as_object().unwrap().contains_key("temporary_path"));
    assert_eq!(journal["failure"]["name"], "statement-failed");
    assert_eq!(journal["failure"]["failed_stage"], "build-constraints");
    assert!(journal["failure"]["message"].as_str().unwrap().contains("orders_total_check"));
    assert_eq!(journal["safe_mode"], "stay-on-source");
    assert!(!journal["next_actions"].as_array().unwrap().is_empty());
    assert!(Path::new(journal["preserve"][0].as_str().unwrap()).exists());
}

#[test]
fn every_right_that_is_missing_is_found_before_the_run() {
    let Some(case) = Case::new("", "", "") else { return };
    let database = &case.database;
    let role = format!("mover_{}", database.name);
    database.psql(&format!("create role {role} login"));
    let url = database.url.replacen("postgres@", &format!("{role}@"), 1);
    assert_ne!(url, database.url);
    let run = || {
        case.program()
            .env("CUTOVER_TEST_URL", &url)
            .run(case.path(), &["run", "plan.yaml", "--yes"])
    };
    let name = &database.name;
    let found = run().expect(1);
    assert_says(&found.stderr, &["RUN804", &format!("grant create on database {name} to {role}")]);
    database.psql(&format!("grant create on database {name} to {role}; create schema app"));
    let found = run().expect(1);
    assert_says(
        &found.stderr,
        &[
            &format!("grant create on schema app to {role}"),
            &format!("grant usage on schema app to {role}"),
        ],
    );
    database.psql(&format!("grant create, usage on schema app to {role}"));
    case.write("schema.sql", &format!("create extension file_fdw;\n{SCHEMA}"));
    let found = run().expect(1);
    assert_says(&found.stderr, &["let a superuser run `create extension file_fdw`"]);
    assert_eq!(found.stderr.matches("error[").count(), 1, "{}", found.stderr);
    case.write("schema.sql", &SCHEMA.replace("app_reader", "no_such_role"));
    assert_says(&run().expect(1).stderr, &["role `no_such_role` does not exist"]);
    case.write("schema.sql", SCHEMA);
    database.psql("create table app.orders (id int)");
    case.plan(", existing: replace", REPLACE);
    assert_says(
        &run().expect(1).stderr,
        &["table orders is to be replaced and belongs to another"],
    );
    database.psql("drop table app.orders");
    database.psql(&format!("alter role {role} connection limit 3"));
    assert_says(&run().expect(1).stderr, &["or raise the connection limit of role"]);
    database.psql(&format!("alter role {role} connection limit -1"));
    assert_eq!(case.schemas(), "app\npublic\n");
    run().expect(0);
    database.psql(&format!("drop owned by {role}; drop role {role}"));
}

/// Both sides of the comparison would have such a grant, and nobody would see it.
#[test]
fn default_privileges_that_would_grant_unseen_are_refused() {
    let Some(case) = Case::new("", "", "") else { return };
    let grant = "alter default privileges for role postgres grant select on tables to app_reader";
    case.database.psql(grant);
    let found = case.run().expect(1);
    assert_says(&found.stderr, &["grant select on all new tables to `app_reader`"]);
    case.database.psql(&grant.replace("grant", "revoke").replace(" to ", " from "));
    case.database.psql(
        "create schema app; alter default privileges for role postgres in schema app \
         grant select on tables to app_reader",
    );
    case.run().expect(0);
    let granted = "select has_table_privilege('app_reader', 'app.customers', 'select')";
    assert_eq!(case.database.psql(granted), "f\n");
}

#[test]
fn no_secret_reaches_an_output_or_a_file() {
    let Some(case) = Case::new("", "", "") else { return };
    // The server trusts its socket, so that a password is taken along and not asked for.
    let url = case.database.url.replacen("postgres@", "postgres:canary@", 1);
    let urls =
        ["postgres://me:canary@127.0.0.1:1/app", "canary", "postgres://me:canary@h:x/d", &url];
    for url in urls {
        for format in ["text", "json"] {
            let args = ["run", "plan.yaml", "--yes", "--format", format];
            let found = case.program().env("CUTOVER_TEST_URL", url).run(case.path(), &args);
            assert_ne!(found.code, Some(70));
            assert!(!found.stdout.contains("canary"), "{}", found.stdout);
            assert!(!found.stderr.contains("canary"), "{}", found.stderr);
        }
    }
    let found = std::process::Command::new("grep")
        .args(["-rl", "canary", &case.path().to_string_lossy()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
    let down = case
        .program()
        .env("CUTOVER_TEST_URL", urls[0])
        .run(case.path(), &["run", "plan.yaml", "--yes"]);
    assert_says(&down.expect(1).stderr, &["RUN802", "server 127.0.0.1:1"]);
}

#[test]
fn a_target_that_does_not_answer_is_in_the_journal() {
    let Some(case) = Case::new("", "", "") else { return };
    let run = |url: &str, more: &[&str]| {
        let args = [&["run", "plan.yaml", "--yes"], more].concat();
        case.program().env("CUTOVER_TEST_URL", url).run(case.path(), &args)
    };
    let down = "postgres://me:canary@127.0.0.1:1/app";
    run(down, &["--dry-run"]).expect(1);
    assert!(!case.path().join(".cutover").exists(), "a dry run leaves nothing");
    let found = run(down, &[]).expect(1);
    assert_says(&found.stdout, &["stopped: nothing was touched", "journal"]);
    let journal = case.journal();
    assert_eq!(journal["failure"]["code"], "RUN802");
    assert_eq!(journal["failure"]["failed_stage"], "preflight");
    assert_eq!(
        (&journal["closed"], &journal["safe_mode"]),
        (&"stopped".into(), &"stay-on-source".into())
    );
    assert_says(&journal["next_actions"][0].to_string(), &["mend what was found, then run again"]);
    assert!(!journal.to_string().contains("canary"));
    assert_says(
        &case.status(),
        &["it stopped before anything was touched", "[RUN802]", "run again"],
    );
    case.run().expect(0);
    assert_says(&case.status(), &["promoted and verified", "earlier runs", "[RUN802]"]);
}

#[test]
fn a_lock_that_is_not_given_ends_the_run_in_bounded_time_and_names_its_holder() {
    let run = "run: { lock_timeout: 200ms, promote_attempts: 2 }\n";
    let Some(case) = Case::new(", existing: replace", &format!("{REPLACE}{run}"), "") else {
        return;
    };
    case.run().expect(0);
    let psql = testkit::cluster().unwrap().binaries().program("psql");
    let hold = "begin; lock table app.orders in access share mode; select pg_sleep(60)";
    let mut holder = std::process::Command::new(psql)
        .args(["-X", "-q", "-d", &case.database.url, "-c", hold])
        .env("PGAPPNAME", "night shift")
        .spawn()
        .unwrap();
    let locked = "select count(*) from pg_locks where relation = 'app.orders'::regclass";
    while case.database.psql(locked) == "0\n" {
        std::thread::sleep(Duration::from_millis(10));
    }
    let before = case.schemas();
    let found = case.run().expect(4);
    assert_says(&found.stderr, &["RUN815", "night shift", "holds orders", "try 1 of the promote"]);
    assert_eq!(case.schemas(), before);
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn a_lock_of_the_run_that_is_lost_stops_the_promote() {
    let Some(case) = Case::new("", SLOW, "") else { return };
    case.meanwhile(&|| {
        case.database.psql(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where application_name like 'cutover:%:lock' and datname = current_database()",
        );
    });
    assert_says(&case.status(), &["the session that held the target's lock has ended"]);
    assert_eq!(case.schemas(), "public\n");
}

#[test]
fn a_second_run_is_told_who_holds_the_target() {
    let Some(case) = Case::new("", SLOW, "") else { return };
    case.meanwhile(&|| {
        let second = case.run().expect(6);
        assert_says(&second.stderr, &["RUN801", "holds the target schema"]);
        assert_eq!(case.journal()["failure"]["code"], "RUN801");
        assert_says(&case.status(), &["it is running"]);
    });
    let earlier = "the target was promoted and verified, 6 rows in 2 tables";
    assert_says(&case.status(), &["it stopped before anything was touched", "RUN801", earlier]);
}

#[test]
fn a_source_that_changes_stops_the_promote_or_is_told_once() {
    let Some(case) = Case::new("", SLOW, "") else { return };
    case.meanwhile(&|| case.source("insert into orders values (4, 1, 1)"));
    assert_says(&case.status(), &["SRC106", "it failed in `promote-database`"]);
    assert_eq!(case.schemas(), "public\n");
    case.plan("", &format!("{SLOW}run: {{ on_source_change: warn }}\n"));
    case.meanwhile(&|| case.source("insert into orders values (5, 1, 1)"));
    assert_says(&case.status(), &["the target was promoted and verified, 7 rows in 2 tables"]);
    let warnings = case.journal()["warnings"].clone();
    assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
    assert_eq!(warnings[0]["code"], "SRC117");
}

#[test]
fn a_target_that_changes_meanwhile_is_not_replaced() {
    let tail = format!("{REPLACE}{SLOW}");
    let Some(case) = Case::new(", existing: replace", &tail, "") else { return };
    case.run().expect(0);
    case.meanwhile(&|| {
        case.database.psql("update app.orders set total = 1 where id = 1");
    });
    assert_says(&case.status(), &["RUN825", "it failed in `promote-database`"]);
    assert_eq!(case.database.psql("select total from app.orders where id = 1"), "1.00\n");
}

/// Bodies are executed as they are written: one that names the target schema means the live one.
#[test]
fn nothing_is_written_to_the_live_target_while_the_run_builds() {
    let Some(case) = Case::new(", existing: replace", REPLACE, "") else { return };
    let function = "create function app.bump() returns void language plpgsql as \
        $$ begin update app.orders set total = 0; end $$;\n";
    case.write("schema.sql", &format!("{SCHEMA}{function}"));
    case.run().expect(0);
    let tail = format!("{REPLACE}stages:\n  bump:\n    sql: select bump() from customers\n");
    case.plan(", existing: replace", &tail);
    let found = case.run().expect(4);
    assert_says(
        &found.stderr,
        &["RUN829", "write to orders of the live target", "plan.yaml:11:10"],
    );
    assert_eq!(case.database.psql("select sum(total) from app.orders"), "21.75\n");
}

#[test]
fn a_dry_run_writes_nothing_anywhere() {
    let Some(case) = Case::new("", "", "") else { return };
    let files =
        || testkit::tool("find", &[&case.path().to_string_lossy(), "-printf", "%p %s %T@ %m\n"]);
    let (before, dump) = (files(), case.database.dump(&[]));
    case.program().run(case.path(), &["run", "plan.yaml", "--dry-run"]).expect(0);
    assert_eq!(files(), before);
    assert_eq!(case.database.dump(&[]), dump);
}

#[test]
fn what_runs_is_what_was_compiled_and_expected() {
    let Some(case) = Case::new("", "", "") else { return };
    let program = case.program();
    let run = |args: &[&str]| program.run(case.path(), args);
    run(&["compile", "plan.yaml", "-o", "a.json"]).expect(0);
    let again = program.clone().env("TZ", "Asia/Tokyo").env("CUTOVER_TEST_URL", "");
    again.run(case.path(), &["compile", "plan.yaml", "-o", "b.json"]).expect(0);
    let text = std::fs::read_to_string(case.path().join("a.json")).unwrap();
    assert_eq!(text, std::fs::read_to_string(case.path().join("b.json")).unwrap());
    run(&["run", "a.json", "--yes", "--expect", "0123456789ab"]).expect(1);
    case.write("tampered.json", &text.replace("total >= 0", "total >= 1"));
    let shown = run(&["compile", "plan.yaml", "-o", "c.json"]).expect(0).stdout;
    let digest = shown.lines().find_map(|line| line.strip_prefix("digest ")).unwrap();
    run(&["run", "tampered.json", "--yes", "--expect", digest]).expect(1);
    case.write("cut.json", &text[..text.len() / 2]);
    run(&["run", "cut.json", "--yes"]).expect(1);
    assert_eq!(case.schemas(), "public\n");
    std::fs::create_dir(case.path().join("else")).unwrap();
    case.write("else/a.json", &text);
    run(&["run", "else/a.json", "--yes", "--base", ".", "--expect", digest]).expect(0);
}

/// A compiled plan says by itself that it is not what was written; nothing of it is run.
#[test]
fn a_compiled_plan_that_was_changed_or_cut_anywhere_is_damaged() {
    let (_keep, plan) = testkit::example("quickstart");
    let program = crate::cutover();
    program.run(&plan, &["compile", "plan.yaml", "-o", "a.json"]).expect(0);
    let whole = std::fs::read(plan.join("a.json")).unwrap();
    let seed = crate::kills::seed();
    println!("SEED={seed}");
    let mut random = testkit::Seeded::new(seed);
    for number in 0..24 {
        let at = usize::try_from(random.below(whole.len() as u64)).unwrap();
        let mut bytes = whole.clone();
        match number % 3 {
            0 => bytes.truncate(at),
            _ => bytes[at] ^= 1 << random.below(8),
        }
        std::fs::write(plan.join("b.json"), bytes).unwrap();
        let found = program.run(&plan, &["run", "b.json", "--yes"]);
        assert_eq!(found.code, Some(1), "{number} at {at}\n{}{}", found.stdout, found.stderr);
        assert!(!found.stderr.contains("panicked"), "{}", found.stderr);
        assert!(!plan.join("out/shop.sqlite").exists(), "{number} at {at}");
    }
}

#[test]
fn a_pipe_is_no_plan_and_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    testkit::tool("mkfifo", &[&folder.path().join("plan.yaml").to_string_lossy()]);
    for command in ["check", "run", "explain"] {
        let minute = Duration::from_secs(60);
        let waits = crate::cutover().kill_after(folder.path(), &[command, "plan.yaml"], minute);
        assert!(!waits, "`{command}` waits for somebody who writes");
    }
    let told = crate::cutover().run(folder.path(), &["check", "plan.yaml"]).expect(1);
    assert_says(&told.stderr, &["it is a pipe or a device, and no file"]);
}

#[test]
fn defaults_that_call_functions_find_their_sequences() {
    let Some(case) = Case::new("", "load: { customers: { columns: { code: omit } } }\n", "") else {
        return;
    };
    let function = "create function app.next_code() returns text language plpgsql as \
        $$ begin return 'c' || nextval('codes'); end $$;\ncreate sequence app.codes start 10;\n";
    let table =
        SCHEMA.replace("  age integer\n", "  age integer,\n  code text default app.next_code()\n");
    case.write("schema.sql", &format!("{function}{table}"));
    case.run().expect(0);
    assert_eq!(case.database.psql("select min(code) from app.customers"), "c10\n");
}
