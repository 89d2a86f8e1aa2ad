//! Reading and comparing large schemas. The peer is `pg_dump --schema-only`, which reads
//! the same system catalog; both include starting up and connecting.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use catalog::{Catalog, DiffOptions, diff};
use engine_postgres::connect::{Address, Connector, Pins};
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::server::Cluster;
use testkit::shared;

use super::{Figure, best, milliseconds, quiet, schema, tell};

const TIMES: usize = 5;
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
        [] => "1000,10000",
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
    let times = if sql.len() > 5_000_000 { 2 } else { TIMES };
    let (dump, ()) = best(times, || pg_dump(cluster, &url))?;
    let (time, catalog) = best(times, || introspection(&url))?;
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
    introspect(&mut connector.open("bench").map_err(text)?, &Scope::Database).map_err(text)
}

fn growth(small: &Measured, large: &Measured) -> Figure {
    let wanted = large.tables as f64 / small.tables as f64;
    let found = large.introspection.as_secs_f64() / small.introspection.as_secs_f64();
    Figure {
        what: format!("introspection from {} to {} tables", small.tables, large.tables),
        found: format!("{found:.1} times"),
        // A third more for what no longer fits the caches.
        bar: format!("{:.1} times", wanted * 4.0 / 3.0),
        met: found <= wanted * 4.0 / 3.0,
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
