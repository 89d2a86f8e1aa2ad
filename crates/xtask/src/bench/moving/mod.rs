//! Moving SQLite into PostgreSQL beside raw COPY and the peers that are installed.
//!
//! For each case: the sources are made (once; they stay under `target/bench`), a throw-away server
//! with the settings of an ordinary one is started, and in the same run are measured our load of the
//! bare tables, raw COPY of the same rows from memory, our whole run with everything in it, and the
//! peers. Ratios are what is held against the bars: seconds belong to a machine.

mod cases;
mod measure;
mod ours;
mod peers;
mod rows;

use std::process::ExitCode;
use std::time::Duration;

use engine_postgres::server::{Binaries, Cluster};
use testkit::root;

use super::{Figure, tell};
use cases::{ALL, Case, Sources};
use measure::Finished;
use ours::Ours;
use peers::Rows;

const ORDINARY: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=replica",
    "max_wal_senders=10",
    "shared_buffers=128MB",
    "autovacuum=on",
    "max_connections=100",
];

/// Most memory of the client, whatever it moves.
const MEMORY: u64 = 96 * 1000 * 1000;

struct Options {
    cases: Vec<Case>,
    scale: f64,
    times: usize,
    connections: u32,
    peers: Vec<String>,
}

/// # Errors
/// A sentence, where something cannot be measured.
pub(super) fn run(args: &[String]) -> Result<ExitCode, String> {
    let options = options(args)?;
    let folder = root().join("target/bench");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut figures = Vec::new();
    for case in &options.cases {
        let sources = case.sources(&folder, options.scale)?;
        let cluster = Cluster::with_settings(&Binaries::find(None)?, ORDINARY)?;
        println!("{}, scale {}, {} file(s)", case.name(), options.scale, sources.files.len());
        let bench = Bench { case: *case, sources, cluster, options: &options };
        figures.extend(bench.measure()?);
    }
    println!();
    Ok(tell(&figures))
}

fn options(args: &[String]) -> Result<Options, String> {
    let mut options = Options {
        cases: Vec::new(),
        scale: 1.0,
        times: 1,
        connections: 2,
        peers: vec!["pgloader".to_owned(), "duckdb".to_owned()],
    };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if let Some(case) = ALL.into_iter().find(|case| case.name() == word) {
            options.cases.push(case);
            continue;
        }
        let value = words.next().map(String::as_str).unwrap_or_default();
        let bad = |why: &dyn std::fmt::Display| format!("`{word} {value}`: {why}");
        match word.as_str() {
            "--scale" => options.scale = value.parse().map_err(|why| bad(&why))?,
            "--times" => options.times = value.parse().map_err(|why| bad(&why))?,
            "--connections" => options.connections = value.parse().map_err(|why| bad(&why))?,
            "--peers" => {
                options.peers =
                    value.split(',').filter(|peer| *peer != "none").map(str::to_owned).collect();
            }
            _ => return Err(format!("`{word}` is not known\n\n{}", super::HELP)),
        }
    }
    if options.cases.is_empty() {
        options.cases = ALL.to_vec();
    }
    Ok(options)
}

struct Bench<'a> {
    case: Case,
    sources: Sources,
    cluster: Cluster,
    options: &'a Options,
}

/// What a peer took, or why it was not measured.
type Peer<T> = Result<T, String>;

impl Bench<'_> {
    fn measure(&self) -> Result<Vec<Figure>, String> {
        let bare = self.ours("bare", false)?;
        let rows = Rows::take(self.case, &self.cluster, &self.cluster.url("bare"))?;
        self.cluster.drop_database("bare")?;
        let raw = self.best(|database, url| {
            let finished = rows.copy_raw(self.case, &self.cluster, url);
            self.cluster.drop_database(database)?;
            finished
        })?;
        let megabytes = rows.bytes / 1_000_000;
        drop(rows);
        let whole = self.ours("whole", true)?;
        self.cluster.drop_database("whole")?;
        show("raw COPY from memory, tables alone", &raw);
        println!("    {megabytes} MB of binary rows");
        self.show_ours("cutover, tables alone", &bare);
        self.show_ours("cutover, whole", &whole);
        let mut figures = self.own_figures(&bare, &raw, &whole);
        figures.extend(self.peer_figures(&bare, &whole)?);
        Ok(figures)
    }

    /// The best of several runs by its load, each into a new database; the last one stays.
    fn ours(&self, database: &str, keys: bool) -> Result<Ours, String> {
        let mut best: Option<Ours> = None;
        for time in 0..self.options.times.max(1) {
            if time > 0 {
                self.cluster.drop_database(database)?;
            }
            let url = self.cluster.create_database(database)?;
            peers::checkpoint(&self.cluster)?;
            let found = ours::run(self.case, &self.sources, &url, keys, self.options.connections)?;
            if best.as_ref().is_none_or(|best| found.finished.took < best.finished.took) {
                best = Some(found);
            }
        }
        best.ok_or_else(|| "nothing was measured".to_owned())
    }

    fn best(
        &self,
        work: impl Fn(&str, &str) -> Result<Finished, String>,
    ) -> Result<Finished, String> {
        let mut best: Option<Finished> = None;
        for _ in 0..self.options.times.max(1) {
            let url = self.cluster.create_database("peer")?;
            peers::checkpoint(&self.cluster)?;
            let found = work("peer", &url)?;
            if best.as_ref().is_none_or(|best| found.took < best.took) {
                best = Some(found);
            }
        }
        best.ok_or_else(|| "nothing was measured".to_owned())
    }

    fn show_ours(&self, what: &str, ours: &Ours) {
        show(what, &ours.finished);
        let stages = ours.stages.iter().filter(|(_, took)| took.as_millis() > 0);
        let stages: Vec<_> =
            stages.map(|(stage, took)| format!("{stage} {:.2}", took.as_secs_f64())).collect();
        println!("    {}", stages.join(", "));
    }

    fn own_figures(&self, bare: &Ours, raw: &Finished, whole: &Ours) -> Vec<Figure> {
        let case = self.case.name();
        let peak = bare.finished.peak.max(whole.finished.peak);
        vec![
            ratio(&format!("{case}: loads to raw COPY"), bare.loads, raw.took, 1.3),
            ratio(
                &format!("{case}: verification to load, all tables"),
                bare.verify_steps(),
                bare.load_steps(),
                1.0,
            ),
            Figure {
                what: format!("{case}: peak memory of the client"),
                found: format!("{} MB", peak / 1_000_000),
                bar: "96 MB".to_owned(),
                met: peak < MEMORY,
            },
        ]
    }

    fn peer_figures(&self, bare: &Ours, whole: &Ours) -> Result<Vec<Figure>, String> {
        let mut figures = Vec::new();
        for peer in &self.options.peers {
            let measured = match peers::missing(peer) {
                Some(why) => Err(why),
                None if peer == "pgloader" && self.case == Case::Fleet => {
                    self.fleet_of_pgloader(whole)
                }
                None if peer == "pgloader" => self.pgloader(whole),
                None if self.case == Case::Fleet => Err("it has no fleets".to_owned()),
                None => self.duckdb(bare),
            };
            match measured {
                Ok(figure) => figures.push(figure),
                Err(why) => println!("  {peer}: not measured: {why}"),
            }
        }
        Ok(figures)
    }

    fn pgloader(&self, whole: &Ours) -> Peer<Figure> {
        let finished = self.best(|database, _| {
            let finished = peers::pgloader(&self.cluster, database, &self.sources.files[0]);
            self.cluster.drop_database(database)?;
            finished
        })?;
        show("pgloader", &finished);
        let bar = if self.case == Case::Wide { 0.4 } else { 1.0 };
        let what = format!("{}: end to end to pgloader", self.case.name());
        Ok(ratio(&what, whole.finished.took, finished.took, bar))
    }

    /// Its load alone, so it is held against ours alone.
    fn duckdb(&self, bare: &Ours) -> Peer<Figure> {
        let finished = self.best(|database, url| {
            let finished = peers::duckdb(self.case, &self.cluster, url, &self.sources);
            self.cluster.drop_database(database)?;
            finished
        })?;
        show("DuckDB, load alone", &finished);
        let what = format!("{}: loads to DuckDB's load", self.case.name());
        Ok(ratio(&what, bare.loads, finished.took, 1.0))
    }

    fn fleet_of_pgloader(&self, whole: &Ours) -> Peer<Figure> {
        self.cluster.create_database("peer")?;
        let (files, took) = peers::pgloader_per_file(&self.cluster, "peer", &self.sources)?;
        self.cluster.drop_database("peer")?;
        let per_file = took.as_secs_f64() / files as f64;
        let own = whole.finished.took.as_secs_f64() / self.sources.files.len() as f64;
        println!("  pgloader, per file of {files}: {per_file:.2} s; cutover: {own:.4} s");
        Ok(Figure {
            what: "fleet: files per second to pgloader's".to_owned(),
            found: format!("{:.1} times", per_file / own),
            bar: "20 times".to_owned(),
            met: per_file / own >= 20.0,
        })
    }
}

fn show(what: &str, finished: &Finished) {
    let (took, peak) = (finished.took.as_secs_f64(), finished.peak / 1_000_000);
    println!("  {what}: {took:.2} s, {peak} MB at most");
}

fn ratio(what: &str, ours: Duration, other: Duration, bar: f64) -> Figure {
    let (ours, other) = (ours.as_secs_f64(), other.as_secs_f64());
    Figure {
        what: what.to_owned(),
        found: format!("{ours:.2} s of {other:.2} s, {:.2}", ours / other),
        bar: format!("{bar:.2}"),
        met: ours <= bar * other,
    }
}
