//! What is moved: the sources of each case, made once and kept, and the plan that moves them.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::rows::Makings;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// 4 tables, 5 M rows, about 1 GB, 8 indexes, 3 foreign keys.
    Wide,
    /// 10 M rows of 3 integers.
    Narrow,
    /// 20,000 blobs of 32 KB.
    Blob,
    /// 2,000 files of 5 tables of 200 rows.
    Fleet,
}

pub(super) const ALL: [Case; 4] = [Case::Wide, Case::Narrow, Case::Blob, Case::Fleet];

/// Rows of a table of a small file.
const SMALL: u64 = 200;
const BLOB: u64 = 32 * 1024;

impl Case {
    pub(super) fn name(self) -> &'static str {
        match self {
            Case::Wide => "wide",
            Case::Narrow => "narrow",
            Case::Blob => "blob",
            Case::Fleet => "fleet",
        }
    }

    /// Tables of the target without keys and indexes.
    pub(super) fn tables(self) -> &'static str {
        match self {
            Case::Wide => include_str!("wide.tables.sql"),
            Case::Narrow => {
                "CREATE TABLE t (a bigint NOT NULL, b bigint NOT NULL, c bigint NOT NULL);\n"
            }
            Case::Blob => {
                "CREATE TABLE files (id bigint NOT NULL, name text NOT NULL, sha text NOT NULL, data bytea NOT NULL);\n"
            }
            Case::Fleet => include_str!("fleet.tables.sql"),
        }
    }

    /// Keys, indexes and foreign keys.
    pub(super) fn keys(self) -> &'static str {
        match self {
            Case::Wide => include_str!("wide.keys.sql"),
            Case::Narrow => "",
            Case::Blob => "ALTER TABLE files ADD PRIMARY KEY (id);\n",
            Case::Fleet => include_str!("fleet.keys.sql"),
        }
    }

    /// In an order in which nothing refers to what follows.
    pub(super) fn table_names(self) -> Vec<&'static str> {
        let names = self.tables().lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
        names.filter_map(|rest| rest.split([' ', '(']).next()).collect()
    }

    fn load(self) -> String {
        if self != Case::Fleet {
            return String::new();
        }
        let rule = |table: &&str| {
            format!("  {table}: {{ columns: {{ file: {{ sql: \":file_stem\" }} }} }}\n")
        };
        format!("load:\n{}", self.table_names().iter().map(rule).collect::<String>())
    }

    /// The plan's text. The target's URL is in the environment variable `BENCH_URL`.
    pub(super) fn plan(self, connections: u32) -> String {
        let source = if self == Case::Fleet { "{ glob: data/*.db }" } else { "data/source.db" };
        format!(
            "cutover: 1\nname: bench-{name}\nsources: {{ main: {source} }}\n\
             target: {{ postgres: {{ url: {{ env: BENCH_URL }}, schema: bench }} }}\n\
             baseline: schema.sql\ncomponents: {{ include: [schema.sql] }}\n\
             run: {{ connections: {connections} }}\n{load}",
            name = self.name(),
            load = self.load(),
        )
    }

    /// The folder with the sources, made where it is not there.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn sources(self, folder: &Path, scale: f64) -> Result<Sources, String> {
        let data = folder.join(format!("{}-{scale}", self.name()));
        if !data.is_dir() {
            let partial = folder.join(format!("{}-{scale}.partial", self.name()));
            fs::remove_dir_all(&partial).ok();
            fs::create_dir_all(&partial).map_err(|error| error.to_string())?;
            self.make(&partial, scale).map_err(|error| error.to_string())?;
            fs::rename(&partial, &data).map_err(|error| error.to_string())?;
        }
        Sources::of(&data)
    }

    fn make(self, folder: &Path, scale: f64) -> rusqlite::Result<()> {
        let of = |count: u64| ((count as f64 * scale) as u64).max(1);
        let (with, one) = (Makings::new(), folder.join("source.db"));
        match self {
            Case::Wide => {
                let (customers, products) = (of(400_000), of(100_000));
                let (orders, items) = (of(1_500_000), of(3_000_000));
                let file = database(&one, include_str!("wide.source.sql"))?;
                insert(&file, "customers", 1..=customers, |id| with.customer(id))?;
                insert(&file, "products", 1..=products, |id| with.product(id))?;
                insert(&file, "orders", 1..=orders, |id| with.order(id, customers))?;
                insert(&file, "order_items", 1..=items, |id| with.item(id, orders, products))
            }
            Case::Narrow => {
                let table =
                    "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL)";
                insert(&database(&one, table)?, "t", 1..=of(10_000_000), |id| with.integers(id))
            }
            Case::Blob => {
                let table = "CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, \
                             sha TEXT NOT NULL, data BLOB NOT NULL)";
                insert(&database(&one, table)?, "files", 1..=of(20_000), |id| with.file(id, BLOB))
            }
            Case::Fleet => (0..of(2_000)).try_for_each(|file| {
                let path = folder.join(format!("{file:05}.db"));
                let made = database(&path, include_str!("fleet.source.sql"))?;
                self.table_names().iter().enumerate().try_for_each(|(nth, table)| {
                    insert(&made, table, 1..=SMALL, |id| with.small(file, nth, id, SMALL))
                })
            }),
        }
    }
}

/// Files that are moved.
pub(super) struct Sources {
    pub(super) folder: PathBuf,
    pub(super) files: Vec<PathBuf>,
}

impl Sources {
    fn of(folder: &Path) -> Result<Self, String> {
        let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        Ok(Self { folder: folder.to_owned(), files })
    }
}

/// Nothing of it need survive a crash while it is made.
fn database(path: &Path, schema: &str) -> rusqlite::Result<Connection> {
    let file = Connection::open(path)?;
    file.execute_batch(
        "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -100000",
    )?;
    file.execute_batch(schema)?;
    Ok(file)
}

fn insert(
    file: &Connection,
    table: &str,
    ids: std::ops::RangeInclusive<u64>,
    row: impl Fn(u64) -> Vec<Value>,
) -> rusqlite::Result<()> {
    file.execute_batch("BEGIN")?;
    let marks = vec!["?"; row(*ids.start()).len()].join(", ");
    let mut statement = file.prepare(&format!("INSERT INTO {table} VALUES ({marks})"))?;
    for id in ids {
        statement.execute(params_from_iter(row(id)))?;
    }
    file.execute_batch("COMMIT")
}
