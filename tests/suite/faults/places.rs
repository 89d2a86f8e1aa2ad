//! Where an example goes: a file or a schema that holds something older, and how it is put back.

use std::path::{Path, PathBuf};

use testkit::{Database, Program, example, tool};

use super::bench::{Bench, Goal};
use super::points;
use crate::{cutover, cutover_on};

pub(super) const RUN: &[&str] = &["run", "plan.yaml", "--yes"];

/// Changes the plan; what is to be changed must be there.
pub(super) fn rewrite(plan: &Path, from: &str, to: &str) {
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    std::fs::write(&file, text.replace(from, to)).unwrap();
}

/// The number of the first point of this name in the second half of a run: something is built there.
fn halfway(program: &Program, plan: &Path, name: &str) -> u64 {
    let names = points::names(program, plan, RUN);
    let at = (names.len() / 2..names.len()).find(|at| names[*at] == name);
    at.unwrap_or_else(|| panic!("no `{name}` in {names:?}")) as u64 + 1
}

/// An example with a SQLite file as its target, which holds an older table before.
pub(super) struct OnSqlite {
    _keep: tempfile::TempDir,
    pub(super) plan: PathBuf,
    target: PathBuf,
    table: &'static str,
}

impl OnSqlite {
    /// `table` is the one that is older there, and that the plan replaces.
    pub(super) fn of(name: &str, target: &str, table: &'static str) -> OnSqlite {
        let (keep, plan) = example(name);
        let target = plan.join(target);
        OnSqlite { _keep: keep, plan, target, table }
    }

    /// The quickstart, over an older file.
    pub(super) fn quickstart() -> OnSqlite {
        let quickstart = OnSqlite::of("quickstart", "out/shop.sqlite", "customers");
        let target = "  sqlite: { path: out/shop.sqlite, existing: replace }";
        rewrite(&quickstart.plan, "  sqlite: out/shop.sqlite", target);
        quickstart
    }

    fn out(&self) -> &Path {
        self.target.parent().unwrap()
    }

    pub(super) fn reset(&self) {
        drop(std::fs::remove_dir_all(self.out()));
        drop(std::fs::remove_dir_all(self.plan.join(".cutover")));
        std::fs::create_dir_all(self.out()).unwrap();
        let table = self.table;
        let sql = format!("create table {table}(old text); insert into {table} values ('row')");
        tool("sqlite3", &[&self.target.to_string_lossy(), &sql]);
    }

    /// Without our own record of the run, which names the run.
    fn dump(&self) -> String {
        let dump = tool("sqlite3", &[&self.target.to_string_lossy(), ".dump"]);
        dump.lines()
            .filter(|line| !line.contains("cutover_run"))
            .flat_map(|line| [line, "\n"])
            .collect()
    }

    fn names(&self, part: &str) -> Vec<String> {
        let names = std::fs::read_dir(self.out()).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name.contains(part)).collect()
    }

    pub(super) fn state(&self) -> String {
        format!("{}{} files are kept", self.dump(), self.names(".before-").len())
    }

    /// After a run that was killed halfway, when its process built something.
    pub(super) fn killed_run(&self) -> impl Fn() {
        self.reset();
        let number = halfway(&cutover(), &self.plan, "before execute_once");
        move || {
            self.reset();
            let kill = format!("kill:{number}");
            let (_, hit) = points::with_fault(&cutover(), &self.plan, RUN, &kill);
            assert!(hit.is_some() && !self.names(".cutover-").is_empty(), "{hit:?}");
        }
    }

    pub(super) fn go(&self, name: &str, goal: Goal, reset: &dyn Fn(), command: &[&str]) {
        Bench {
            name,
            program: cutover(),
            folder: &self.plan,
            reset,
            state: &|| self.state(),
            left: &|| self.names(".cutover-").join(", "),
            command,
            goal,
        }
        .go();
    }
}

/// An example on a test database, whose schema holds an older table before.
pub(super) struct OnPostgres {
    _keep: tempfile::TempDir,
    pub(super) plan: PathBuf,
    database: Database,
    schema: &'static str,
    old: &'static str,
}

impl OnPostgres {
    /// `old` makes what is there before, in the schema.
    pub(super) fn of(
        name: &str,
        schema: &'static str,
        role: &str,
        old: &'static str,
    ) -> Option<OnPostgres> {
        let database = Database::create()?;
        database.roles(&[role]);
        let (keep, plan) = example(name);
        Some(OnPostgres { _keep: keep, plan, database, schema, old })
    }

    /// The target's server becomes the tests' own.
    pub(super) fn targets(self, from: &str, to: &str) -> OnPostgres {
        rewrite(&self.plan, from, to);
        self
    }

    pub(super) fn shop() -> Option<OnPostgres> {
        let old =
            "create table shop.customers (old text); insert into shop.customers values ('row')";
        let shop = OnPostgres::of("shop-postgres", "shop", "shop_app", old)?;
        Some(shop.targets("server: local", "url: { env: CUTOVER_TEST_URL }"))
    }

    pub(super) fn program(&self) -> Program {
        // A scratch database on the same server: no server of its own for every run.
        cutover_on(&self.database).env("CUTOVER_SCRATCH_URL", &self.database.url)
    }

    pub(super) fn reset(&self) {
        drop(std::fs::remove_dir_all(self.plan.join(".cutover")));
        let Self { schema, old, .. } = self;
        self.database.psql(&format!(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database();
             drop schema if exists {schema} cascade;
             do $$ declare s text; begin for s in select nspname from pg_namespace where nspname like 'cutover%'
             loop execute format('drop schema %I cascade', s); end loop; end $$;
             drop extension if exists pg_trgm;
             create schema {schema}; {old}"
        ));
    }

    /// The schema, and how many kept ones stand beside it.
    pub(super) fn state(&self) -> String {
        // Until no backend of the killed run is left, its last statement may still be going on.
        self.database.psql(
            "do $$ begin while exists (select from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database())
             loop perform pg_sleep(0.02); perform pg_stat_clear_snapshot(); end loop; end $$",
        );
        let kept = self.schemas("^cutover_(?!stage|steps|ledger)");
        let dump = self.database.dump(&[&format!("--schema={}", self.schema)]);
        format!("{dump}{} schemas are kept", kept.lines().count())
    }

    fn schemas(&self, pattern: &str) -> String {
        self.database.psql(&format!(
            "select nspname from pg_namespace where nspname ~ '{pattern}' order by 1"
        ))
    }

    pub(super) fn left(&self) -> String {
        self.schemas("^cutover_(stage|steps|ledger)_")
    }

    /// After a run that was killed halfway, when its process built something.
    pub(super) fn killed_run(&self) -> impl Fn() {
        self.reset();
        let number = halfway(&self.program(), &self.plan, "before execute_once");
        move || {
            self.reset();
            let kill = format!("kill:{number}");
            let (_, hit) = points::with_fault(&self.program(), &self.plan, RUN, &kill);
            assert!(hit.is_some() && !self.left().is_empty(), "{hit:?}");
        }
    }

    pub(super) fn go(&self, name: &str, goal: Goal, reset: &dyn Fn(), command: &[&str]) {
        Bench {
            name,
            program: self.program(),
            folder: &self.plan,
            reset,
            state: &|| self.state(),
            left: &|| self.left(),
            command,
            goal,
        }
        .go();
    }
}
