//! Every row is compared, and those that differ are told (L5).

use testkit::{Database, Finished, Program};

use crate::cutover_on;

const SCHEMA: &str = "\
create table app.orders (id bigint primary key, buyer text not null, total numeric(10, 2), note text);
create table app.tags (name text not null);
";

const SOURCE: &str = "\
create table orders (id integer primary key, buyer text, total real, note text);
create table tags (name text);
with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
insert into orders select i, 'buyer ' || i % 97, i / 4.0, null from n;
insert into tags values ('new'), ('new'), ('old');
";

const PLAN: &str = "\
cutover: 1
name: app
sources: { app: data/app.db }
target: { postgres: { url: { env: CUTOVER_TEST_URL }, schema: app } }
baseline: schema.sql
components: { include: [schema.sql] }
";

struct Moved {
    folder: tempfile::TempDir,
    database: Database,
}

impl Moved {
    /// `None` where no server can be had.
    fn new() -> Option<Moved> {
        let database = Database::create()?;
        let moved = Moved { folder: tempfile::tempdir().unwrap(), database };
        let path = |name: &str| moved.folder.path().join(name);
        std::fs::create_dir(path("data")).unwrap();
        rusqlite::Connection::open(path("data/app.db")).unwrap().execute_batch(SOURCE).unwrap();
        std::fs::write(path("schema.sql"), SCHEMA).unwrap();
        std::fs::write(path("plan.yaml"), PLAN).unwrap();
        moved.program().run(moved.folder.path(), &["run", "plan.yaml", "--yes"]).expect(0);
        Some(moved)
    }

    fn program(&self) -> Program {
        cutover_on(&self.database).env("CUTOVER_SCRATCH_URL", &self.database.url)
    }

    /// Ends the connection that is loading; `false`: none is.
    fn end_copy(&self) -> bool {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_progress_copy
            where datname = current_database() and command = 'COPY FROM' and tuples_processed > 1000";
        self.database.psql(sql) != "0\n"
    }

    fn verify(&self) -> Finished {
        self.program().run(self.folder.path(), &["verify", "plan.yaml"])
    }
}

#[test]
fn l5_changed_lost_and_added_rows_are_told_with_their_columns() {
    let Some(moved) = Moved::new() else { return };
    moved.verify().expect(0);
    moved.database.psql(
        "update app.orders set total = total + 1, note = 'x' where id = 7;
         delete from app.orders where id = 4000;
         insert into app.orders values (9001, 'nobody', 1, null);
         update app.tags set name = 'older' where name = 'old';",
    );
    let found = moved.verify();
    assert_ne!(found.code, Some(0));
    let said = format!("{}{}", found.stdout, found.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "`app.db`, rowid 7: `total`, `note` otherwise in the target (id = 7)",
        "`app.db`, rowid 4000: not in the target",
        "id = 9001: in the target, but nobody sent it so",
        "`app.db`, rowid 3: not in the target",
        "name = older: in the target, but nobody sent it so",
    ] {
        assert!(said.contains(line), "`{line}` in\n{said}");
    }
}

#[test]
fn a_load_whose_connection_is_lost_begins_again() {
    let Some(moved) = Moved::new() else { return };
    let file = moved.folder.path().join("data/app.db");
    let more =
        "with recursive n (i) as (select 5001 union all select i + 1 from n where i < 400000)
        insert into orders select i, 'buyer ' || i, i / 4.0, hex(zeroblob(100)) from n";
    rusqlite::Connection::open(file).unwrap().execute_batch(more).unwrap();
    let plan = PLAN.replace("schema: app }", "schema: app, existing: replace }")
        + "waivers:\n  - { allow: replaces-table, reason: a test, owner: tests, expires: 2999-01-01 }\n";
    std::fs::write(moved.folder.path().join("plan.yaml"), plan).unwrap();
    let args = ["run", "plan.yaml", "--yes", "--format", "json"];
    let done = std::sync::atomic::AtomicBool::new(false);
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Each look is a statement on the server, and as long as one.
            while !done.load(std::sync::atomic::Ordering::SeqCst) && !moved.end_copy() {
                std::thread::yield_now();
            }
        });
        let run = moved.program().run(moved.folder.path(), &args);
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        run.expect(0)
    });
    assert_eq!(run.stdout.matches("\"event\":\"load-again\"").count(), 1, "{}", run.stdout);
    assert_eq!(moved.database.psql("select count(*) from app.orders"), "400000\n");
    moved.verify().expect(0);
}

/// `VmHWM` of the program while it runs the plan.
fn peak_of_run(moved: &Moved) -> u64 {
    let (peak, look) = (std::cell::Cell::new(0), std::cell::Cell::new(0_u32));
    let own = std::process::id();
    let watch = || {
        look.set(look.get() + 1);
        if look.get().is_multiple_of(20) {
            peak.set(peak.get().max(peak_of_children(own)));
        }
        false
    };
    moved.program().kill_when(moved.folder.path(), &["run", "plan.yaml", "--yes"], &watch);
    peak.get()
}

/// The highest peak among the children of a process that are the program, in bytes.
fn peak_of_children(parent: u32) -> u64 {
    let of = |entry: std::fs::DirEntry| {
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().trim_end_matches(" kB").to_owned())
        };
        let ours = field("Name:")?.starts_with("cutover") && field("PPid:")? == parent.to_string();
        ours.then(|| field("VmHWM:")?.parse::<u64>().ok()).flatten()
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(of).max().unwrap_or(0) * 1024
}

#[test]
fn large_values_go_over_without_being_held() {
    let Some(moved) = Moved::new() else { return };
    let file = moved.folder.path().join("data/app.db");
    let source = rusqlite::Connection::open(file).unwrap();
    source
        .execute_batch(
            "create table files (id integer primary key, name text, data blob, words text);
             insert into files values (1, 'small', x'0102', 'é'), (2, 'large', null, null), (3, 'none', null, null);
             update files set data = zeroblob(150000000), words = hex(randomblob(20000000)) where id = 2;",
        )
        .unwrap();
    drop(source);
    let schema = format!(
        "{SCHEMA}create table app.files (id bigint primary key, name text, data bytea, words text);\n\
         alter table app.files alter column data set storage external;\n"
    );
    std::fs::write(moved.folder.path().join("schema.sql"), schema).unwrap();
    let plan = PLAN.replace("schema: app }", "schema: app, existing: replace }")
        + "waivers:\n  - { allow: replaces-table, reason: a test, owner: tests, expires: 2999-01-01 }\n";
    std::fs::write(moved.folder.path().join("plan.yaml"), plan).unwrap();
    let peak = peak_of_run(&moved);
    let sql = "select id, octet_length(data), octet_length(words) from app.files order by id";
    assert_eq!(moved.database.psql(sql), "1|2|2\n2|150000000|40000000\n3||\n");
    moved.verify().expect(0);
    assert!(peak > 0 && peak < 96_000_000, "{} MB", peak / 1_000_000);
}
