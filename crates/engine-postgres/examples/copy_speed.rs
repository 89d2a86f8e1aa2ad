//! How fast the row path is, against raw COPY of the same bytes in the same run.
//!
//! `cargo run --release -p engine-postgres --example copy_speed [ROWS | FILE.sqlite]`
//!
//! Without a file, a table of orders is made. Each table goes five ways: the scan alone; scan, encode
//! and digest; the load; raw COPY of the bytes it came to, from memory; the read-back. Times are
//! seconds on the clock, then of the client's processor; the server is a throw-away cluster with the
//! settings of an ordinary one.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use engine_postgres::copy;
use engine_postgres::server::{Binaries, Cluster};
use postgres::Client;
use runtime::engine::{LoadInto, LoadSink, Loaded, RowSink};
use runtime::{EngineError, Row, Value};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

type Done<T = ()> = Result<T, Box<dyn Error>>;

const ORDINARY: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=replica",
    "shared_buffers=128MB",
    "autovacuum=on",
];

const MAX_COLUMNS: usize = 16;

fn main() -> Done {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "1000000".to_owned());
    let sqlite = match argument.parse::<u64>() {
        Ok(rows) => orders(rows)?,
        Err(_) => Connection::open(Path::new(&argument))?,
    };
    let cluster = Cluster::with_settings(&Binaries::find(None)?, ORDINARY)?;
    let mut client = Client::connect(&cluster.url("postgres"), postgres::NoTls)?;
    println!(
        "{:14} {:>9} {:>6} {}",
        "table",
        "rows",
        "MB",
        WAYS.map(|way| format!("{way:>12}")).concat()
    );
    let mut total = Times::default();
    for table in tables(&sqlite)? {
        let times = measure(&sqlite, &mut client, &table)?;
        times.print(&table);
        total.add(&times);
    }
    total.print("all");
    Ok(())
}

const WAYS: [&str; 5] = ["scan", "encode", "load", "raw COPY", "read back"];

/// Seconds on the clock and of this thread's processor, per way.
#[derive(Default)]
struct Times {
    rows: u64,
    bytes: u64,
    ways: [(f64, f64); WAYS.len()],
}

impl Times {
    fn add(&mut self, other: &Times) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        for (own, other) in self.ways.iter_mut().zip(other.ways) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
    }

    fn print(&self, table: &str) {
        let ways = self.ways.map(|(clock, cpu)| format!("{clock:6.2}/{cpu:5.2}")).concat();
        let ratio = self.ways[2].0 / self.ways[3].0;
        let megabytes = self.bytes / 1_000_000;
        println!("{table:14} {:>9} {megabytes:>6} {ways}  load/raw {ratio:.2}", self.rows);
    }
}

/// One table all ways; the digests must agree.
fn measure(sqlite: &Connection, client: &mut Client, table: &str) -> Done<Times> {
    let columns = create(sqlite, client, table)?;
    let into: Vec<_> = columns
        .iter()
        .map(|column| LoadInto {
            column: column.clone(),
            conversion: None,
            on_misfit: ir::OnMisfit::Stop,
        })
        .collect();
    let (scanned, _) = timed(|| scan(sqlite, table, Box::new(Nothing)))?;
    let (encode, dry) = timed(|| scan(sqlite, table, copy::digest_sink(client, table, &into)?))?;
    let (load, loaded) = timed(|| scan(sqlite, table, copy::load(client, table, &into)?))?;
    let (read_back, digest) = timed(|| Ok(copy::row_digest(client, table, &into)?))?;
    if dry.digest != loaded.digest || digest != loaded.digest {
        return Err(format!("the digests of {table} differ").into());
    }
    let mut bytes = Vec::new();
    client.copy_out(&format!("copy {table} to stdout (format binary)"))?.read_to_end(&mut bytes)?;
    let (raw, ()) = timed(|| raw_copy(client, table, &bytes))?;
    client.batch_execute(&format!("drop table {table}"))?;
    let ways = [scanned, encode, load, raw, read_back];
    Ok(Times { rows: digest.rows, bytes: loaded.bytes, ways })
}

fn timed<T>(work: impl FnOnce() -> Done<T>) -> Done<((f64, f64), T)> {
    let (clock, cpu) = (Instant::now(), processor());
    let result = work()?;
    Ok(((clock.elapsed().as_secs_f64(), processor() - cpu), result))
}

fn processor() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// Looks at the values and lets them go.
struct Nothing;

impl RowSink for Nothing {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        std::hint::black_box(row);
        Ok(())
    }
}

impl LoadSink for Nothing {
    fn finish(self: Box<Self>) -> Result<Loaded, EngineError> {
        Ok(Loaded::default())
    }
}

fn scan(sqlite: &Connection, table: &str, mut sink: Box<dyn LoadSink + '_>) -> Done<Loaded> {
    let mut statement = sqlite.prepare(&format!("select * from {table}"))?;
    let count = statement.column_count();
    let mut rows = statement.query([])?;
    let mut rowid = 0;
    while let Some(row) = rows.next()? {
        rowid += 1;
        let mut values = [Value::Null; MAX_COLUMNS];
        for (index, value) in values[..count].iter_mut().enumerate() {
            *value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(integer) => Value::Integer(integer),
                ValueRef::Real(real) => Value::Real(real),
                ValueRef::Text(text) => Value::Text(text),
                ValueRef::Blob(blob) => Value::Blob(blob),
            };
        }
        sink.row(Row { file: "copy_speed", rowid: Some(rowid), values: &values[..count] })?;
    }
    Ok(sink.finish()?)
}

/// As `load` does it, with the bytes at hand.
fn raw_copy(client: &mut Client, table: &str, bytes: &[u8]) -> Done {
    client.batch_execute(&format!("begin; truncate {table}"))?;
    let mut writer = client.copy_in(&format!("copy {table} from stdin (format binary, freeze)"))?;
    for chunk in bytes.chunks(64 * 1024) {
        writer.write_all(chunk)?;
    }
    writer.finish()?;
    Ok(client.batch_execute("commit")?)
}

fn tables(sqlite: &Connection) -> Done<Vec<String>> {
    let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite%' order by 1";
    let mut statement = sqlite.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The twin of a table in PostgreSQL; returns its columns.
fn create(sqlite: &Connection, client: &mut Client, table: &str) -> Done<Vec<String>> {
    let mut statement = sqlite.prepare("select name, lower(type) from pragma_table_info(?1)")?;
    let columns: Vec<(String, String)> = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let column = |(name, declared): &(String, String)| {
        let kind = match declared.as_str() {
            "integer" => "bigint",
            "real" => "double precision",
            "blob" => "bytea",
            other => other,
        };
        format!("{name} {kind}")
    };
    let list: Vec<_> = columns.iter().map(column).collect();
    client.batch_execute(&format!("create table {table} ({})", list.join(", ")))?;
    Ok(columns.into_iter().map(|(name, _)| name).collect())
}

/// A table of orders in memory, each row a function of its number.
fn orders(rows: u64) -> Done<Connection> {
    let sqlite = Connection::open_in_memory()?;
    sqlite.execute_batch(&format!(
        "create table orders (id integer primary key, customer integer, status text, total numeric(12,2),
            placed_at timestamp, shipped_at timestamp, gift boolean, note text, meta jsonb, seal blob);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
         insert into orders select i, i * 7919 % 100003, 'packed', (i * 31 % 10000000) / 100.0,
            datetime(1500000000 + i * 37, 'unixepoch'),
            case when i % 3 then datetime(1500000000 + i * 41, 'unixepoch') end, i % 2,
            case when i % 5 = 0 then 'left at the neighbour''s door, number ' || i end,
            '{{\"ip\":\"10.1.2.' || (i % 250) || '\",\"tags\":[\"a\",\"b\"],\"n\":' || i || '}}',
            case when i % 4 = 0 then randomblob(40) end
         from n"
    ))?;
    Ok(sqlite)
}
