//! `cutover check` without an engine, as a user runs it: one large schema, schemas that grow, and a
//! repository of many plans.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{root, shared};

use super::{Figure, best, milliseconds, quiet, schema, tell};

const TIMES: usize = 7;
/// The largest schema of the shared data.
const REAL: &str = "data/postgres/netbox.schema.sql";
const ONE_SCHEMA: Duration = Duration::from_millis(150);
const PLANS: usize = 200;
const TABLES_OF_A_PLAN: usize = 10;
const ALL_PLANS: Duration = Duration::from_secs(1);

/// # Errors
/// A sentence, where something cannot be measured.
pub(super) fn run() -> Result<ExitCode, String> {
    let mut figures = Vec::new();
    match shared(REAL) {
        Some(file) => {
            let sql = fs::read_to_string(&file).map_err(|error| error.to_string())?;
            figures.push(of_schema("netbox", check(&sql)?));
        }
        None => println!("SKIPPED: {REAL} is not there"),
    }
    let thousand = check(&schema::made(1_000))?;
    figures.push(of_schema("1,000 tables", thousand));
    figures.push(growth(thousand, check(&schema::made(10_000))?));
    figures.push(many()?);
    Ok(tell(&figures))
}

fn of_schema(name: &str, time: Duration) -> Figure {
    Figure {
        what: format!("offline check of {name}"),
        found: milliseconds(time),
        bar: milliseconds(ONE_SCHEMA),
        met: time <= ONE_SCHEMA,
    }
}

fn growth(thousand: Duration, ten_thousand: Duration) -> Figure {
    let found = ten_thousand.as_secs_f64() / thousand.as_secs_f64();
    // A third more for what no longer fits the caches.
    let most = 10.0 * 4.0 / 3.0;
    Figure {
        what: "offline check from 1,000 to 10,000 tables".to_owned(),
        found: format!(
            "{} to {}, {found:.1} times",
            milliseconds(thousand),
            milliseconds(ten_thousand)
        ),
        bar: format!("{most:.1} times"),
        met: found <= most,
    }
}

/// A schema as plan and as baseline, in two files as people have them.
fn check(sql: &str) -> Result<Duration, String> {
    let folder = temporary()?;
    write_plan(folder.path(), "bench", sql)?;
    measured(&folder.path().join("plan.yaml"))
}

fn many() -> Result<Figure, String> {
    let folder = temporary()?;
    let sql = schema::made(TABLES_OF_A_PLAN);
    for at in 0..PLANS {
        let name = format!("plan_{at:03}");
        let plan = folder.path().join(&name);
        fs::create_dir(&plan).map_err(|error| error.to_string())?;
        write_plan(&plan, &name, &sql)?;
    }
    let time = measured(folder.path())?;
    Ok(Figure {
        what: format!("offline check of {PLANS} plans of {TABLES_OF_A_PLAN} tables"),
        found: milliseconds(time),
        bar: milliseconds(ALL_PLANS),
        met: time <= ALL_PLANS,
    })
}

fn measured(path: &Path) -> Result<Duration, String> {
    let (program, path) = (root().join("target/release/cutover"), path.to_string_lossy());
    best(TIMES, || quiet(&program, &["check", &path, "--offline"])).map(|(time, ())| time)
}

fn write_plan(folder: &Path, name: &str, sql: &str) -> Result<(), String> {
    let mut plan = format!(
        "cutover: 1\nname: {name}\ntarget: {{ postgres: local }}\nbaseline: baseline.sql\n\
         components: {{ include: [schema.sql] }}\nload:\n"
    );
    for table in sql.lines().filter_map(table_of) {
        plan.push_str(&format!("  {table}: none\n"));
    }
    for (file, text) in [("plan.yaml", plan.as_str()), ("schema.sql", sql), ("baseline.sql", sql)] {
        fs::write(folder.join(file), text).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// `CREATE TABLE public.site (` makes `site`.
fn table_of(line: &str) -> Option<&str> {
    let name =
        line.strip_prefix("CREATE TABLE public.").or_else(|| line.strip_prefix("create table "));
    name?.split(' ').next()
}

fn temporary() -> Result<TempDir, String> {
    tempfile::tempdir().map_err(|error| error.to_string())
}
