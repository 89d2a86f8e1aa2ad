//! A small plan with its source in a temporary folder, and the program run on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) const PLAN: &str = "\
cutover: 1
name: shop
description: A very small shop
sources:
  shop: shop.db
target:
  sqlite: out/new.db
baseline: baseline.sql
components:
  tables:
    customers:
      columns:
        id: integer not null
        email: text not null
      primary_key: id
    orders:
      columns:
        id: integer not null
        customer_id: integer not null
        total: numeric not null
      primary_key: id
  indexes:
    orders_customer_idx: { table: orders, columns: [customer_id] }
  constraints:
    orders_customer_fk: { table: orders, foreign_key: [customer_id], references: customers(id) }
checks:
  staged:
    - name: no free orders
      sql: select id from orders where total <= 0
";

pub(crate) const BASELINE: &str = "\
create table customers (
  id integer not null,
  email text not null,
  primary key (id)
);
create table orders (
  id integer not null,
  customer_id integer not null,
  total numeric not null,
  primary key (id),
  constraint orders_customer_fk foreign key (customer_id) references customers (id)
);
create index orders_customer_idx on orders (customer_id);
";

const SOURCE: &str = "
create table customers (id integer primary key, email text not null);
create table orders (id integer primary key, customer_id integer not null, total numeric not null);
insert into customers values (1, 'ada@example.org'), (2, 'bob@example.org');
insert into orders values (1, 1, 10), (2, 1, 20.5), (3, 2, 7);
";

pub(crate) struct Project {
    dir: TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Project { dir: tempfile::tempdir().unwrap() };
        project.write("plan.yaml", PLAN);
        project.write("baseline.sql", BASELINE);
        std::fs::create_dir(project.path("out")).unwrap();
        project.sqlite("shop.db", SOURCE);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The plan with one text replaced, which must be there.
    pub(crate) fn change(&self, from: &str, to: &str) {
        assert!(PLAN.contains(from), "{from}");
        self.write("plan.yaml", &PLAN.replace(from, to));
    }

    pub(crate) fn sqlite(&self, name: &str, sql: &str) {
        rusqlite::Connection::open(self.path(name)).unwrap().execute_batch(sql).unwrap();
    }

    pub(crate) fn count(&self, file: &str, table: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.path(file)).unwrap();
        let sql = format!("select count(*) from {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        cutover(self.dir.path(), args)
    }

    /// Exit code and both streams, with all that changes replaced.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        shown(&self.output(args))
    }

    /// The same with further environment variables.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> String {
        let mut command = command(self.dir.path(), args);
        command.envs(variables.iter().copied());
        shown(&command.output().unwrap())
    }
}

pub(crate) fn cutover(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8");
    command
}

pub(crate) fn shown(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let part = |name: &str, text: &str| match text.trim_end() {
        "" => String::new(),
        text => format!("--- {name}\n{text}\n"),
    };
    let code = output.status.code().unwrap_or(-1);
    format!("exit {code}\n{}{}", part("stdout", &out), part("stderr", &err))
}

/// Compares with the expected file after taking out paths, times, run names and digests.
macro_rules! assert_shown {
    ($text:expr) => {
        insta::with_settings!({ filters => crate::project::FILTERS.to_vec(), prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($text);
        })
    };
}
pub(crate) use assert_shown;

pub(crate) const FILTERS: &[(&str, &str)] = &[
    // Stages overlap, so the order of these lines is not fixed.
    (r"(?m)^  [a-z-]+: (?:\d+ steps?|done in [0-9.]+ s)\n?", ""),
    (r"(?:/private)?(?:/var|/tmp)[^\s`'\x22]*/\.tmp\w+", "[dir]"),
    (r"\d{8}-\d{6}-[0-9a-f]{6}", "[run]"),
    (r"\d{8}T\d{6}[0-9.]*Z?", "[time]"),
    (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]"),
    (r"[0-9a-f]{64}", "[sha256]"),
    (r"\b[0-9a-f]{12}\b", "[digest]"),
    (r"SQLite 3\.\d+\.\d+", "SQLite [version]"),
    (r"\b\d+\.\d s\b", "[duration]"),
    (r" +(\[duration\])", " $1"),
    (r"\b\d+ ms\b", "[duration]"),
    (r#"("(?:\w+_ms|process)": ?)\d+"#, "${1}0"),
];
