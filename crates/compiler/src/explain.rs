//! A compiled plan as people read it: what happens in which order, why, and what it locks.

use std::collections::BTreeSet;

use catalog::at_home;
use diagnostics::code;
use ir::{
    Action, ColumnSource, CompiledPlan, Existing, LoadSource, LockMode, OnMisfit, Place, Target,
};
use serde::Serialize;
use sql::{Dialect, quote_ident};

/// Version 1 of the JSON that `cutover explain --format json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub version: u32,
    pub name: String,
    pub digest: String,
    pub target: String,
    /// How the new state comes about, in one sentence.
    pub strategy: String,
    /// In the order in which their first steps run.
    pub stages: Vec<String>,
    pub steps: Vec<ExplainedStep>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedStep {
    /// From 1.
    pub number: usize,
    pub id: String,
    pub stage: String,
    /// One sentence without a period.
    pub what: String,
    /// As the engine gets it, the schema under its final name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// Of a load: how columns are filled, and which rows are left out. Of the promote: how long it waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    pub needs: Vec<ExplainedEdge>,
    /// `orders: share`, on the staged tables only.
    pub locks: Vec<String>,
    /// What the locks keep waiting; `nothing` where there are none.
    pub blocks: String,
    /// What commits together: `own` is a transaction of the step alone.
    pub transaction: String,
    /// Who sees what while it runs: `nobody`, or a window.
    pub exposure: String,
    /// Somebody sees something too early, or outside of the target.
    pub window: bool,
    pub hazards: Vec<String>,
    /// `plan.yaml:12:5`
    pub origin: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedEdge {
    pub step: String,
    pub reason: String,
}

impl Explanation {
    pub fn of(plan: &CompiledPlan) -> Self {
        let mut seen = BTreeSet::new();
        let stages = plan.steps.iter().map(|step| step.stage.clone());
        Self {
            version: 1,
            name: plan.name.clone(),
            digest: plan.digest().to_string(),
            target: target(&plan.target),
            strategy: strategy(&plan.target).to_owned(),
            stages: stages.filter(|stage| seen.insert(stage.clone())).collect(),
            steps: plan
                .steps
                .iter()
                .enumerate()
                .map(|(at, step)| explain(plan, at, step))
                .collect(),
        }
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Postgres(postgres) => format!("PostgreSQL, schema {}", postgres.schema),
        Target::Sqlite(sqlite) => format!("SQLite, file {}", sqlite.path),
    }
}

fn explain(plan: &CompiledPlan, at: usize, step: &ir::Step) -> ExplainedStep {
    let needs = step
        .needs
        .iter()
        .map(|edge| ExplainedEdge { step: edge.step.clone(), reason: edge.reason.clone() });
    let locks = step.locks.iter().map(|lock| format!("{}: {}", lock.table, mode(lock.mode)));
    let hazards = step.hazards.iter().map(|hazard| match &hazard.waived_by {
        Some(by) => format!("{}: {} (permitted by {by})", hazard.code, hazard.message),
        None => format!("{}: {}", hazard.code, hazard.message),
    });
    ExplainedStep {
        number: at + 1,
        id: step.id.clone(),
        stage: step.stage.clone(),
        what: what(&step.action),
        sql: statement(plan, &step.action),
        details: details(plan, &step.action),
        needs: needs.collect(),
        locks: locks.collect(),
        blocks: blocks(plan, step),
        transaction: transaction(plan, &step.action).to_owned(),
        exposure: exposure(plan, step),
        window: !windows(step).is_empty(),
        hazards: hazards.collect(),
        origin: format!("{}:{}:{}", step.origin.file, step.origin.line, step.origin.column),
    }
}

fn what(action: &Action) -> String {
    match action {
        Action::Preflight => "checks everything that can be known before the window".to_owned(),
        Action::Backup { source } => {
            format!(
                "backs up source {source}, restores the backup elsewhere and compares every row"
            )
        }
        Action::BackupTarget => "backs up what the promote would replace, restores the backup \
            elsewhere and compares every row"
            .to_owned(),
        Action::CreateStaging => "makes the private place where everything is built".to_owned(),
        Action::Execute { place: Place::Staging, .. } => "runs SQL on the staged schema".to_owned(),
        Action::Execute { place: Place::Promote, .. } => {
            "runs SQL on the schema inside the promote transaction".to_owned()
        }
        Action::Load(load) => match &load.from {
            LoadSource::Table(table) => {
                format!("loads {} from table {table} of source {}", load.table, load.source)
            }
            LoadSource::Query(_) => {
                format!("loads {} from a query on source {}", load.table, load.source)
            }
        },
        Action::SetSequences { table } => {
            format!("sets the sequences of {table} past its highest values")
        }
        Action::Analyze { table } => format!("gathers statistics of {table}"),
        Action::VerifyRows { table } => {
            format!("compares every row of {table} with the source, by count and content digest")
        }
        Action::VerifyCatalog => {
            "checks that every index is valid, every constraint validated, the schema the baseline"
                .to_owned()
        }
        Action::Check(check) => format!("checks: {}", check.name),
        Action::Invariant(invariant) => {
            format!("compares {} on both sides", invariant.name)
        }
        Action::Promote { after } if after.is_empty() => {
            "puts the new state in place in one transaction".to_owned()
        }
        Action::Promote { after } => format!(
            "puts the new state in place in one transaction, if {} in it",
            match after.len() {
                1 => "1 check holds".to_owned(),
                count => format!("{count} checks hold"),
            }
        ),
        Action::Settle => "reports, and keeps what a rollback needs".to_owned(),
    }
}

fn misfit(on_misfit: &OnMisfit) -> String {
    match on_misfit {
        OnMisfit::Stop => String::new(),
        OnMisfit::SetNull => ", null where it does not fit".to_owned(),
        OnMisfit::Default(value) => format!(", `{value}` where it does not fit"),
        OnMisfit::Reject => ", without the row where it does not fit".to_owned(),
    }
}

fn details(plan: &CompiledPlan, action: &Action) -> Vec<String> {
    let load = match action {
        Action::Load(load) => load,
        Action::Promote { .. } => return patience(plan),
        Action::CreateStaging => return resources(plan),
        _ => return Vec::new(),
    };
    let columns = load.columns.iter().map(|column| {
        let how = column.conversion.map(|how| format!(" as {}", how.name()));
        let from = match &column.value {
            ColumnSource::Column(name) => format!("from column {name}"),
            ColumnSource::Sql(sql) => format!("from {sql}"),
            ColumnSource::Omit => "left to the target".to_owned(),
        };
        let misfit = misfit(&column.on_misfit);
        format!("{} {from}{}{misfit}", column.column, how.unwrap_or_default())
    });
    let filter = load.filter.iter().map(|filter| format!("only rows where {filter}"));
    let merge = load.merge.iter().map(|merge| {
        let rule = match merge.conflict {
            ir::Conflict::First => "the first file's row is taken",
            ir::Conflict::Last => "the last file's row is taken",
            ir::Conflict::Equal => "they must be the same",
        };
        format!("rows of several files with one ({}) are one row: {rule}", merge.by.join(", "))
    });
    columns.chain(filter).chain(merge).collect()
}

/// What the loads and builds may use.
fn resources(plan: &CompiledPlan) -> Vec<String> {
    let settings = &plan.settings;
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    let buffers = format!("buffers of {} at most", mebibytes(settings.memory_bytes));
    if matches!(plan.target, Target::Sqlite(_)) {
        return vec![format!("one connection; {buffers}")];
    }
    let connections = match settings.connections {
        1 => "one connection".to_owned(),
        more => format!("{more} connections, the longest path first"),
    };
    let sorts = format!(
        "an index build sorts in {} (`maintenance_work_mem`) and may have {} more processes",
        mebibytes(settings.index_memory()),
        settings.index_workers()
    );
    let chunks = settings.chunk().map(|rows| {
        format!("a table of more than {rows} rows is loaded in chunks, on all connections at once")
    });
    [format!("{connections}; {buffers}")].into_iter().chain(chunks).chain([sorts]).collect()
}

/// How long the promote waits before it gives up and the target stays as it is.
fn patience(plan: &CompiledPlan) -> Vec<String> {
    let seconds = plan.settings.lock_timeout_ms as f64 / 1000.0;
    let times = match plan.settings.promote_attempts {
        1 => "once".to_owned(),
        tries => format!("{tries} times"),
    };
    vec![format!("waits for locks {seconds} s at most, {times}; then all is taken back")]
}

fn statement(plan: &CompiledPlan, action: &Action) -> Option<String> {
    match action {
        Action::Execute { sql, .. } => Some(match &plan.target {
            Target::Postgres(target) => {
                at_home(sql, &quote_ident(&target.schema, Dialect::Postgres))
            }
            Target::Sqlite(_) => sql.clone(),
        }),
        Action::Load(load) => match &load.from {
            LoadSource::Query(sql) => Some(sql.clone()),
            LoadSource::Table(_) => None,
        },
        Action::Check(check) => Some(check.sql.clone()),
        Action::Invariant(invariant) => Some(format!(
            "-- source\n{}\n-- target\n{}",
            invariant.source_sql, invariant.target_sql
        )),
        Action::Preflight
        | Action::Backup { .. }
        | Action::BackupTarget
        | Action::CreateStaging
        | Action::SetSequences { .. }
        | Action::Analyze { .. }
        | Action::VerifyRows { .. }
        | Action::VerifyCatalog
        | Action::Promote { .. }
        | Action::Settle => None,
    }
}

fn mode(mode: LockMode) -> &'static str {
    match mode {
        LockMode::AccessShare => "access share",
        LockMode::RowExclusive => "row exclusive",
        LockMode::ShareUpdateExclusive => "share update exclusive",
        LockMode::Share => "share",
        LockMode::ShareRowExclusive => "share row exclusive",
        LockMode::AccessExclusive => "access exclusive",
    }
}

fn strategy(target: &Target) -> &'static str {
    match target {
        Target::Postgres(_) => "built in a private schema, put in place by one short transaction",
        Target::Sqlite(_) => "built as a private file, put in place by one rename",
    }
}

/// What waits for the locks of a step, by PostgreSQL's conflict table ("Explicit Locking").
fn blocks(plan: &CompiledPlan, step: &ir::Step) -> String {
    if let (Action::Promote { .. }, Target::Postgres(target)) = (&step.action, &plan.target) {
        return match target.existing {
            Existing::Refuse => "nothing".to_owned(),
            Existing::Replace => "reads and writes, live".to_owned(),
        };
    }
    let strongest = step.locks.iter().map(|lock| lock.mode).max();
    strongest.map_or_else(|| "nothing".to_owned(), |mode| format!("{}, staged", kept_waiting(mode)))
}

/// What people would notice of a lock, were its table live.
fn kept_waiting(mode: LockMode) -> &'static str {
    match mode {
        LockMode::AccessShare => "drops",
        LockMode::RowExclusive => "index builds",
        LockMode::ShareUpdateExclusive => "schema changes",
        LockMode::Share | LockMode::ShareRowExclusive => "writes",
        LockMode::AccessExclusive => "reads and writes",
    }
}

fn transaction(plan: &CompiledPlan, action: &Action) -> &'static str {
    match (action, &plan.target) {
        (Action::Promote { .. } | Action::Execute { place: Place::Promote, .. }, _) => "promote",
        (Action::Preflight, Target::Postgres(_)) => "rolled back",
        (
            Action::Preflight
            | Action::Backup { .. }
            | Action::BackupTarget
            | Action::VerifyRows { .. }
            | Action::VerifyCatalog
            | Action::Check(_)
            | Action::Invariant(_)
            | Action::Settle,
            _,
        ) => "reads",
        (
            Action::CreateStaging
            | Action::Execute { place: Place::Staging, .. }
            | Action::Load(_)
            | Action::SetSequences { .. }
            | Action::Analyze { .. },
            _,
        ) => "own",
    }
}

/// Who sees what while the step runs. A window is what the step's hazards say; all other steps work
/// where nobody else may look.
fn exposure(plan: &CompiledPlan, step: &ir::Step) -> String {
    let windows: Vec<&str> = windows(step).iter().map(|hazard| hazard.message.as_str()).collect();
    if windows.is_empty() { closed(plan, &step.action).to_owned() } else { windows.join("; ") }
}

fn windows(step: &ir::Step) -> Vec<&ir::Hazard> {
    step.hazards.iter().filter(|hazard| hazard.code == code::EXPOSES_DATA.id).collect()
}

fn closed(plan: &CompiledPlan, action: &Action) -> &'static str {
    match (action, &plan.target) {
        (Action::Preflight | Action::Settle, _) => "nobody: reads only",
        (Action::Backup { .. }, _) => "nobody: the source is only read; backups are private files",
        (Action::BackupTarget, _) => "nobody: the live target is only read",
        (Action::Check(check), _) if check.moment == ir::Moment::Before => {
            "nobody: reads the live target"
        }
        (
            Action::Promote { .. } | Action::Execute { place: Place::Promote, .. },
            Target::Postgres(_),
        ) => "nobody until the commit, then everything at once",
        (
            Action::Promote { .. } | Action::Execute { place: Place::Promote, .. },
            Target::Sqlite(_),
        ) => "nobody until the rename, then whoever the mode of the old file, or the umask, lets",
        (Action::Execute { sql, .. }, Target::Postgres(_)) if is_block(sql) => {
            "nobody, as far as its text tells: a block may do what the owner may"
        }
        (_, Target::Postgres(_)) => "nobody: the staging schema is granted to nobody",
        (_, Target::Sqlite(_)) => "nobody: the staged file has mode 0600",
    }
}

/// `DO $$ … $$`: what runs is in a text that only the server reads.
fn is_block(sql: &str) -> bool {
    sql.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("do"))
}
