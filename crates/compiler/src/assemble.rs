//! Ordered steps and everything around them, as the compiled plan.

use std::collections::BTreeSet;

use diagnostics::{SourceId, SourceText, Spanned};
use ir::{CompiledPlan, Edge, FORMAT_VERSION, Step};
use plan::model::{self, ComponentKind};

use crate::graph::{self, Node, Order};
use crate::lower::Draft;
use crate::origin;
use crate::resolve::{Context, Resolved};
use crate::stages::Stages;

/// Sorts the steps; cycles are findings.
pub(crate) fn order(cx: &mut Context<'_>, stages: &Stages<'_>, drafts: &mut [Draft]) -> Order {
    // The needs are lent: a plan of thousands of steps has tens of thousands of them.
    let mut nodes: Vec<Node> = drafts
        .iter_mut()
        .map(|draft| Node {
            id: draft.id.clone(),
            rank: stages.list[draft.stage].rank,
            needs: std::mem::take(&mut draft.needs),
        })
        .collect();
    let mut order = graph::order(&nodes, "step");
    cx.findings.append(&mut order.cycles);
    graph::thin(&mut nodes, &order.order);
    for (draft, node) in drafts.iter_mut().zip(nodes) {
        draft.needs = node.needs;
    }
    order
}

/// `None` where the plan has no target.
pub(crate) fn plan(
    cx: &Context<'_>,
    plan_source: SourceId,
    resolved: &Resolved,
    stages: &Stages<'_>,
    drafts: Vec<Draft>,
    order: &[usize],
    baseline: ir::Baseline,
) -> Option<CompiledPlan> {
    let plan = cx.plan;
    let mut sources: Vec<ir::Source> = plan
        .sources
        .iter()
        .map(|source| ir::Source {
            name: source.name.value.clone(),
            paths: source.paths.iter().map(|path| path.value.clone()).collect(),
            tags: tags(&source.tags),
            origin: origin(cx.sources, source.name.span),
        })
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let steps = order.iter().filter_map(|&at| drafts[at].take());
    Some(CompiledPlan {
        format: FORMAT_VERSION,
        name: plan.name.value.clone(),
        description: plan.description.as_ref().map(|text| text.value.clone()),
        file: cx.sources.file(plan_source).name.clone(),
        sources,
        target: target(cx, resolved, plan.target.as_ref()?),
        baseline,
        components: components(cx, resolved),
        steps: steps.map(|draft| step(cx, stages, draft)).collect(),
        waivers: plan.waivers.iter().map(|waiver| lower_waiver(cx, waiver)).collect(),
        settings: settings(&plan.settings),
        backups: backups(cx, &plan.backup),
    })
}

fn step(cx: &Context<'_>, stages: &Stages<'_>, draft: Draft) -> Step {
    let edges = draft.needs.into_iter().map(|need| Edge { step: need.on, reason: need.reason });
    let mut needs: Vec<Edge> = edges.collect();
    needs.sort();
    Step {
        id: draft.id,
        stage: stages.list[draft.stage].name.to_owned(),
        action: draft.action,
        needs,
        locks: draft.locks,
        hazards: draft.hazards.into_iter().map(|found| found.hazard).collect(),
        origin: origin(cx.sources, draft.place),
    }
}

fn components(cx: &Context<'_>, resolved: &Resolved) -> Vec<ir::Component> {
    let own = resolved.items.iter().filter(|item| !item.change);
    let mut components: Vec<ir::Component> = own
        .map(|item| ir::Component {
            kind: item.key.kind.word().to_owned(),
            name: item.key.name.clone(),
            table: item.table.clone().filter(|_| item.key.kind != ComponentKind::Table),
            origin: origin(cx.sources, item.place),
        })
        .collect();
    components.sort();
    components
}

fn lower_waiver(cx: &Context<'_>, waiver: &model::Waiver) -> ir::Waiver {
    ir::Waiver {
        allow: waiver.allow.value.clone(),
        on: waiver.on.as_ref().map(|on| on.value.clone()),
        reason: waiver.reason.value.clone(),
        owner: waiver.owner.value.clone(),
        expires: waiver.expires.value.clone(),
        origin: origin(cx.sources, waiver.span),
    }
}

fn target(cx: &Context<'_>, resolved: &Resolved, target: &model::Target) -> ir::Target {
    match target {
        model::Target::Sqlite(sqlite) => ir::Target::Sqlite(ir::SqliteTarget {
            path: sqlite.path.value.clone(),
            existing: existing(sqlite.existing.as_ref().map(|existing| existing.value)),
        }),
        model::Target::Postgres(postgres) => ir::Target::Postgres(ir::PostgresTarget {
            server: server(&postgres.server),
            schema: cx.schema.clone(),
            tls: tls(postgres.tls.as_ref().map(|tls| tls.value)),
            existing: existing(postgres.existing.as_ref().map(|existing| existing.value)),
            inbound: match postgres.inbound.as_ref().map(|inbound| inbound.value) {
                Some(model::Inbound::Carry) => ir::Inbound::Carry,
                Some(model::Inbound::Refuse) | None => ir::Inbound::Refuse,
            },
            environment: postgres.environment.as_ref().map(|name| name.value.clone()),
            database: postgres.database.as_ref().map(|name| name.value.clone()),
            owner: postgres.owner.as_ref().map(|name| name.value.clone()),
            roles: roles(resolved),
            extensions: extensions(resolved),
        }),
    }
}

fn roles(resolved: &Resolved) -> Vec<String> {
    let roles: BTreeSet<String> =
        resolved.items.iter().flat_map(|item| sql::roles(&item.statement)).collect();
    roles.into_iter().collect()
}

fn extensions(resolved: &Resolved) -> Vec<String> {
    let own = resolved
        .items
        .iter()
        .filter(|item| item.key.kind == ComponentKind::Extension && !item.change);
    let names: BTreeSet<String> = own.map(|item| item.key.name.clone()).collect();
    names.into_iter().collect()
}

fn server(server: &model::Server) -> ir::Server {
    match server {
        model::Server::Local => ir::Server::Local,
        model::Server::Env(name) => ir::Server::Env(name.value.clone()),
        model::Server::File(path) => ir::Server::File(path.value.clone()),
        model::Server::Url(url) => ir::Server::Url(url.value.clone()),
    }
}

fn tls(mode: Option<model::TlsMode>) -> ir::TlsMode {
    match mode {
        Some(model::TlsMode::VerifyFull) | None => ir::TlsMode::VerifyFull,
        Some(model::TlsMode::InsecureNoHostname) => ir::TlsMode::InsecureNoHostname,
        Some(model::TlsMode::InsecureNoVerify) => ir::TlsMode::InsecureNoVerify,
        Some(model::TlsMode::InsecureDisable) => ir::TlsMode::InsecureDisable,
    }
}

fn existing(existing: Option<model::Existing>) -> ir::Existing {
    match existing {
        Some(model::Existing::Replace) => ir::Existing::Replace,
        Some(model::Existing::Refuse) | None => ir::Existing::Refuse,
    }
}

/// Every default is written out, so that the digest fixes it.
fn settings(given: &model::Settings) -> ir::Settings {
    let default = ir::Settings::default();
    let or = |given: Option<diagnostics::Spanned<u64>>, default| given.map_or(default, |g| g.value);
    let or32 =
        |given: Option<diagnostics::Spanned<u32>>, default| given.map_or(default, |g| g.value);
    ir::Settings {
        connections: or32(given.connections, default.connections),
        lock_timeout_ms: or(given.lock_timeout_ms, default.lock_timeout_ms),
        promote_attempts: or32(given.promote_attempts, default.promote_attempts),
        statement_timeout_ms: or(given.statement_timeout_ms, default.statement_timeout_ms),
        on_source_change: match given.on_source_change.map(|change| change.value) {
            Some(model::OnSourceChange::Stop) => ir::OnSourceChange::Stop,
            Some(model::OnSourceChange::Warn) => ir::OnSourceChange::Warn,
            None => default.on_source_change,
        },
        memory_bytes: or(given.memory_bytes, default.memory_bytes),
        chunk_rows: given.chunk_rows.map(|rows| rows.value),
        index_memory_bytes: or(given.index_memory_bytes, default.index_memory_bytes),
        index_workers: given.index_workers.map(|workers| workers.value),
        keep_ms: or(given.keep_ms, default.keep_ms),
    }
}

/// How old an external backup may be, and how long ago a restore of one, where nobody says so.
const MAX_AGE_MS: u64 = 24 * 3_600_000;
const MAX_RESTORE_AGE_MS: u64 = 30 * 24 * 3_600_000;
const ATTEST_TIMEOUT_MS: u64 = 60_000;

fn backups(cx: &Context<'_>, given: &model::Backup) -> ir::Backups {
    let or = |given: Option<diagnostics::Spanned<u64>>, default| given.map_or(default, |g| g.value);
    ir::Backups {
        keep: given.keep.as_ref().map(|keep| ir::KeepRules {
            seconds: keep.period_ms.map(|period| period.value / 1000),
            last: keep.last.map(|last| last.value),
            daily: keep.daily.map(|daily| daily.value),
        }),
        attest: given.attest.as_ref().map(|attest| ir::Attest {
            command: attest.command.iter().map(|word| word.value.clone()).collect(),
            max_age_seconds: or(attest.max_age_ms, MAX_AGE_MS) / 1000,
            max_restore_age_seconds: or(attest.max_restore_age_ms, MAX_RESTORE_AGE_MS) / 1000,
            timeout_ms: or(attest.timeout_ms, ATTEST_TIMEOUT_MS),
            origin: origin(cx.sources, attest.span),
        }),
    }
}

fn tags(tags: &model::Tags) -> ir::Tags {
    let query =
        |(name, sql): &(Spanned<String>, SourceText)| (name.value.clone(), sql.text.clone());
    let mut queries: Vec<_> = tags.queries.iter().map(query).collect();
    queries.sort();
    ir::Tags { pattern: tags.pattern.as_ref().map(|pattern| pattern.value.clone()), queries }
}
