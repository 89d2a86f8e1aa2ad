//! Reading and comparing large schemas. The peer is `pg_dump --schema-only`, which reads the same
//! system catalog. Both pay for connecting, `pg_dump` also for starting and writing its text; the
//! catalog is read as `drift` reads it, in a transaction that sees one moment. They take turns, and
//! the shortest time of each counts.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use catalog::{Catalog, DiffOptions, diff};
use engine_postgres::connect::{Address, Connector, Pins};
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::server::Cluster;
use testkit::shared;

use super::{Figure, best, milliseconds, quiet, schema, tell};

const TIMES: usize = 7;
/// Of what takes seconds.
const FEW_TIMES: usize = 3;
/// The largest schema of the shared data.
const REAL: &str = "data/postgres/netbox.schema.sql";
/// Statements are sent in pieces, so that no transaction holds the locks of all tables.
const PIECE: usize = 100;

struct Measured {
    tables: usize,
    introspection: Duration,
    catalog: Catalog,
}

/// # Errors
/// A sentence, where something cannot be measured.
pub(super) fn run(args: &[String]) -> Result<ExitCode, String> {
    let sizes = sizes(args)?;
    let cluster = Cluster::throwaway()?;
    let mut figures = Vec::new();
    if let Some(file) = shared(REAL) {
        let sql = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        read(&cluster, "netbox", &sql, &mut figures)?;
    }
    let mut measured = Vec::new();
    for tables in sizes {
        let (name, sql) = (format!("{tables} tables"), schema::made(tables));
        let (introspection, catalog) = read(&cluster, &name, &sql, &mut figures)?;
        measured.push(Measured { tables, introspection, catalog });
    }
    for pair in measured.windows(2) {
        figures.push(growth(&pair[0], &pair[1]));
    }
    if let Some(last) = measured.last() {
        figures.extend(comparisons(last)?);
    }
    Ok(tell(&figures))
}

fn sizes(args: &[String]) -> Result<Vec<usize>, String> {
    let listed = match args {
        [] => "1000,3000,10000",
        [option, listed] if option == "--tables" => listed,
        _ => return Err(format!("only `--tables N,N` is known\n\n{}", super::HELP)),
    };
    let parsed: Result<Vec<usize>, _> = listed.split(',').map(str::parse).collect();
    parsed.map_err(|error| format!("`--tables {listed}`: {error}"))
}

/// Loads the schema; measures introspection beside `pg_dump`.
fn read(
    cluster: &Cluster,
    name: &str,
    sql: &str,
    figures: &mut Vec<Figure>,
) -> Result<(Duration, Catalog), String> {
    let url = cluster.create_database(name)?;
    load(cluster, &url, sql)?;
    let times = if sql.len() > 5_000_000 { FEW_TIMES } else { TIMES };
    let (mut dump, mut time) = (Duration::MAX, Duration::MAX);
    let mut catalog = Catalog::default();
    for _ in 0..times {
        dump = dump.min(best(1, || pg_dump(cluster, &url))?.0);
        let (took, found) = best(1, || introspection(&url))?;
        (time, catalog) = (time.min(took), found);
    }
    let part = time.as_secs_f64() / dump.as_secs_f64();
    let found = format!("{} of pg_dump's {}, {:.2}", milliseconds(time), milliseconds(dump), part);
    let what = format!("introspection of {name}, {} objects", catalog.len());
    figures.push(Figure { what, found, bar: "0.33".to_owned(), met: part <= 1.0 / 3.0 });
    cluster.drop_database(name)?;
    Ok((time, catalog))
}

fn load(cluster: &Cluster, url: &str, sql: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("schema.sql");
    let mut pieces = String::new();
    for (at, line) in sql.lines().enumerate() {
        if at % (PIECE * 10) == 0 && line.starts_with("create table app_") {
            pieces.push_str("commit; begin;\n");
        }
        pieces.push_str(line);
        pieces.push('\n');
    }
    fs::write(&file, format!("begin;\n{pieces}commit;\n")).map_err(|error| error.to_string())?;
    let file = file.to_string_lossy().into_owned();
    let args = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", &file];
    quiet(&cluster.binaries().program("psql"), &args)
}

fn pg_dump(cluster: &Cluster, url: &str) -> Result<(), String> {
    quiet(&cluster.binaries().program("pg_dump"), &["--schema-only", "-d", url])
}

fn introspection(url: &str) -> Result<Catalog, String> {
    let text = |error: runtime::EngineError| error.to_string();
    let address = Address::from_url(url).map_err(text)?;
    let connector =
        Connector::new(address, ir::TlsMode::VerifyFull, Pins::default()).map_err(text)?;
    let mut session = connector.open("bench").map_err(text)?;
    session.run("begin transaction isolation level repeatable read, read only").map_err(text)?;
    introspect(&mut session, &Scope::Database).map_err(text)
}

fn growth(small: &Measured, large: &Measured) -> Figure {
    let each = |of: &Measured| of.introspection.as_secs_f64() * 1e6 / of.tables as f64;
    let (before, after) = (each(small), each(large));
    // A third more for what no longer fits the caches.
    let most = before * 4.0 / 3.0;
    Figure {
        what: format!("introspection per table, {} to {} tables", small.tables, large.tables),
        found: format!("{before:.0} to {after:.0} µs"),
        bar: format!("{most:.0} µs"),
        met: after <= most,
    }
}

/// Equal catalogs, and catalogs of which every hundredth object was taken out.
fn comparisons(of: &Measured) -> Result<Vec<Figure>, String> {
    let mut other = of.catalog.clone();
    let mut at = 0;
    other.objects.retain(|_, _| {
        at += 1;
        at % 100 != 0
    });
    let equal = of.catalog.clone();
    let mut figures = Vec::new();
    for (words, actual) in [("equal", &equal), ("1 % missing", &other)] {
        let options = DiffOptions::default();
        let (time, found) = best(TIMES, || Ok(diff(&of.catalog, actual, &options)))?;
        figures.push(Figure {
            what: format!("diff of {} tables, {words}, {} differences", of.tables, found.len()),
            found: milliseconds(time),
            bar: "200 ms".to_owned(),
            met: time <= Duration::from_millis(200),
        });
    }
    Ok(figures)
}
