//! The stages of a plan: the built-in ones, what the plan changes in them, and its own.

use std::collections::BTreeSet;

use diagnostics::{Diagnostic, Span, Spanned, code, did_you_mean};
use plan::model::{self, Plan};

use crate::graph::{self, Need, Node};

/// In the order in which they come when nothing says otherwise.
pub(crate) const BUILT_IN: [&str; 13] = [
    PREFLIGHT,
    BACKUP,
    CREATE,
    LOAD,
    BUILD_INDEXES,
    BUILD_CONSTRAINTS,
    BUILD_VIEWS,
    GRANTS,
    ANALYZE,
    VERIFY,
    CHECK,
    PROMOTE,
    SETTLE,
];
pub(crate) const PREFLIGHT: &str = "preflight";
pub(crate) const BACKUP: &str = "backup";
pub(crate) const CREATE: &str = "create";
pub(crate) const LOAD: &str = "load";
pub(crate) const BUILD_INDEXES: &str = "build-indexes";
pub(crate) const BUILD_CONSTRAINTS: &str = "build-constraints";
pub(crate) const BUILD_VIEWS: &str = "build-views";
pub(crate) const GRANTS: &str = "grants";
pub(crate) const ANALYZE: &str = "analyze";
pub(crate) const VERIFY: &str = "verify";
pub(crate) const CHECK: &str = "check";
pub(crate) const PROMOTE: &str = "promote";
pub(crate) const SETTLE: &str = "settle";

/// Stages that a plan may switch off, once they have nothing to do.
const OPTIONAL: [&str; 4] = [BUILD_INDEXES, BUILD_CONSTRAINTS, BUILD_VIEWS, GRANTS];
/// Stages that have staged data and no verdict on it yet: own SQL may run in them.
const CHANGEABLE: [&str; 6] = [CREATE, LOAD, BUILD_INDEXES, BUILD_CONSTRAINTS, BUILD_VIEWS, GRANTS];
/// Room for the plan's own stages between two built-in ones.
const GAP: u32 = 1_000;

pub(crate) struct Stage<'p> {
    pub(crate) name: &'p str,
    pub(crate) entry: Option<&'p model::Stage>,
    pub(crate) built_in: bool,
    /// Sorts steps that have no other order.
    pub(crate) rank: u32,
    /// Resolved `needs:`; for a stage of the plan's own without any, `load`.
    pub(crate) needs: Vec<Spanned<usize>>,
}

impl Stage<'_> {
    pub(crate) fn is_skipped(&self) -> bool {
        self.entry.and_then(|entry| entry.skip.as_ref()).is_some_and(|skip| skip.value)
    }

    /// Its own SQL, unless it is skipped.
    pub(crate) fn sql(&self) -> Option<&diagnostics::SourceText> {
        self.entry.and_then(|entry| entry.sql.as_ref()).filter(|_| !self.is_skipped())
    }
}

pub(crate) struct Stages<'p> {
    /// The built-in ones in their order, then the plan's own as written.
    pub(crate) list: Vec<Stage<'p>>,
    /// Per stage, what comes before it: by `needs:` and by the order of the built-in stages.
    before: Vec<BTreeSet<usize>>,
    /// (later, earlier) of stages with own SQL that nothing else orders: they run as written,
    /// never at the same time.
    pub(crate) chained: Vec<(usize, usize)>,
}

impl<'p> Stages<'p> {
    pub(crate) fn new(plan: &'p Plan, findings: &mut Vec<Diagnostic>) -> Self {
        let mut stages = Self { list: list(plan), before: Vec::new(), chained: Vec::new() };
        stages.resolve_needs(findings);
        stages.find_cycles(plan.name.span, findings);
        stages.close();
        stages.rank();
        stages.check(findings);
        stages
    }

    /// Position of a built-in stage.
    pub(crate) fn built_in(&self, name: &str) -> usize {
        BUILT_IN.iter().position(|built_in| *built_in == name).unwrap_or(0)
    }

    /// Whether `first` comes before `second` whatever else the plan says.
    pub(crate) fn is_before(&self, first: usize, second: usize) -> bool {
        self.before[second].contains(&first)
    }

    fn resolve_needs(&mut self, findings: &mut Vec<Diagnostic>) {
        let names: Vec<&str> = self.list.iter().map(|stage| stage.name).collect();
        let load = self.built_in(LOAD);
        for stage in &mut self.list {
            let Some(entry) = stage.entry else { continue };
            for need in &entry.needs {
                match names.iter().position(|name| *name == need.value) {
                    Some(at) => stage.needs.push(Spanned::new(at, need.span)),
                    None => findings.push(unknown_stage(need, &names)),
                }
            }
            if !stage.built_in && entry.needs.is_empty() {
                stage.needs.push(Spanned::new(load, entry.name.span));
            }
        }
    }

    /// Needs on a cycle are reported and then left out, so that everything else still compiles.
    fn find_cycles(&mut self, fallback: Span, findings: &mut Vec<Diagnostic>) {
        let nodes: Vec<Node> = (0..self.list.len()).map(|at| self.node(at, fallback)).collect();
        let order = graph::order(&nodes, "stage");
        findings.extend(order.cycles);
        let circular: Vec<bool> =
            self.list.iter().map(|stage| order.circular.contains(stage.name)).collect();
        for (at, stage) in self.list.iter_mut().enumerate() {
            stage.needs.retain(|need| !(circular[at] && circular[need.value]));
        }
    }

    /// A built-in stage also needs the built-in ones before it.
    fn node(&self, at: usize, fallback: Span) -> Node {
        let stage = &self.list[at];
        let mut needs: Vec<Need> = Vec::new();
        for need in &stage.needs {
            let on = self.list[need.value].name;
            let reason = format!("stage `{}` needs stage `{on}`", stage.name);
            needs.push(Need { on: on.to_owned(), reason, place: need.span, weak: false });
        }
        let earlier = if stage.built_in { &BUILT_IN[..at] } else { &[] };
        for on in earlier {
            let reason = format!("built-in stage `{}` comes after `{on}`", stage.name);
            let place = stage.entry.map_or(fallback, |entry| entry.name.span);
            needs.push(Need { on: (*on).to_owned(), reason, place, weak: false });
        }
        Node { id: stage.name.to_owned(), rank: 0, needs }
    }

    /// Declared needs and the built-in order first; then what own SQL adds to them.
    fn close(&mut self) {
        let mut direct: Vec<BTreeSet<usize>> = (0..self.list.len())
            .map(|at| {
                let mut set: BTreeSet<usize> =
                    self.list[at].needs.iter().map(|need| need.value).collect();
                set.extend((at > 0 && self.list[at].built_in).then(|| at - 1));
                set
            })
            .collect();
        self.reach(&direct);
        let load = self.built_in(LOAD);
        let own: Vec<usize> =
            (0..self.list.len()).filter(|&at| self.list[at].sql().is_some()).collect();
        for (position, &stage) in own.iter().enumerate() {
            for (built_in, needs) in direct.iter_mut().enumerate().take(BUILT_IN.len()).skip(load) {
                if built_in != stage && !self.before[stage].contains(&built_in) {
                    needs.insert(stage);
                }
            }
            self.reach(&direct);
            for &earlier in &own[..position] {
                if !self.is_before(earlier, stage) && !self.is_before(stage, earlier) {
                    self.chained.push((stage, earlier));
                    direct[stage].insert(earlier);
                    self.reach(&direct);
                }
            }
        }
    }

    fn reach(&mut self, direct: &[BTreeSet<usize>]) {
        self.before = (0..direct.len()).map(|at| reach(direct, at)).collect();
    }

    fn rank(&mut self) {
        let count = u32::try_from(BUILT_IN.len()).unwrap_or(u32::MAX);
        for at in 0..self.list.len() {
            // Right after the last built-in stage before it; own stages by how much they need.
            let last = self.before[at].iter().copied().filter(|b| self.list[*b].built_in).max();
            let own = self.before[at].iter().filter(|b| !self.list[**b].built_in).count();
            let base = if self.list[at].built_in { at } else { last.unwrap_or(0) };
            let base = u32::try_from(base).unwrap_or(count);
            let own = u32::try_from(own + 1).unwrap_or(GAP).min(GAP - 1);
            self.list[at].rank = base * GAP + if self.list[at].built_in { 0 } else { own };
        }
    }

    /// Needs that cannot be are reported and then left out.
    fn check(&mut self, findings: &mut Vec<Diagnostic>) {
        let (verify, promote) = (self.built_in(VERIFY), self.built_in(PROMOTE));
        let mut impossible = Vec::new();
        for (at, stage) in self.list.iter().enumerate() {
            let Some(entry) = stage.entry else { continue };
            if stage.built_in {
                check_built_in(stage, entry, findings);
                continue;
            }
            let changes =
                entry.sql.is_some() || !entry.components.is_empty() || !entry.tables.is_empty();
            if self.is_before(promote, at) {
                findings.push(self.after_promote(at, entry, changes));
                impossible.push(at);
            } else if changes && self.is_before(verify, at) {
                findings.push(after_verify(entry));
                impossible.push(at);
            }
        }
        for at in impossible {
            self.list[at].needs.clear();
            self.before[at].clear();
        }
    }

    fn after_promote(&self, at: usize, entry: &model::Stage, changes: bool) -> Diagnostic {
        let promote = self.built_in(PROMOTE);
        let direct = self.list[at].needs.iter().find(|need| need.value >= promote);
        let direct = direct.filter(|need| self.list[need.value].built_in);
        let name = &entry.name.value;
        match direct {
            Some(need) if changes => Diagnostic::new(
                &code::STAGE_AFTER_PROMOTE,
                format!("stage `{name}` would change the target after the promote"),
            )
            .label(need.span, "this comes after everything else")
            .label(entry.name.span, "the stage")
            .help("need a stage before `promote`, such as `load` or `build-constraints`"),
            _ => Diagnostic::new(
                &code::UNREACHABLE_STAGE,
                format!("stage `{name}` can never run before the promote"),
            )
            .label(entry.name.span, "what it needs comes after the promote")
            .help("need a stage before `promote`, or take the stage out"),
        }
    }
}

fn list(plan: &Plan) -> Vec<Stage<'_>> {
    let entry = |name: &str| plan.stages.iter().find(|stage| stage.name.value == name);
    let stage = |name, entry, built_in| Stage { name, entry, built_in, rank: 0, needs: Vec::new() };
    let built_in = BUILT_IN.iter().map(|name| stage(*name, entry(name), true));
    let own = plan.stages.iter().filter(|stage| !BUILT_IN.contains(&stage.name.value.as_str()));
    built_in.chain(own.map(|own| stage(own.name.value.as_str(), Some(own), false))).collect()
}

fn reach(direct: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = direct[from].iter().copied().collect();
    while let Some(at) = open.pop() {
        if seen.insert(at) {
            open.extend(&direct[at]);
        }
    }
    seen
}

fn unknown_stage(need: &Spanned<String>, names: &[&str]) -> Diagnostic {
    let finding =
        Diagnostic::new(&code::UNKNOWN_STAGE, format!("there is no stage `{}`", need.value))
            .label(need.span, "needed here");
    match did_you_mean(&need.value, names.iter().copied()) {
        Some(name) => finding.help(format!("did you mean `{name}`?")),
        None => finding.help(format!("the stages are {}", names.join(", "))),
    }
}

fn check_built_in(stage: &Stage<'_>, entry: &model::Stage, findings: &mut Vec<Diagnostic>) {
    let skip = entry.skip.as_ref().filter(|skip| skip.value);
    if let Some(skip) = skip.filter(|_| !OPTIONAL.contains(&stage.name)) {
        let message = format!("stage `{}` cannot be left out", stage.name);
        findings.push(
            Diagnostic::new(&code::BUILT_IN_STAGE, message)
                .label(skip.span, "without it nobody could trust the result")
                .help("take `skip` out"),
        );
    }
    let given = entry.sql.as_ref().map(|sql| sql.span);
    let given = given.or(entry.components.first().map(|component| component.span));
    let given = given.or(entry.tables.first().map(|table| table.span));
    if let Some(span) = given.filter(|_| !CHANGEABLE.contains(&stage.name)) {
        let message = format!("stage `{}` cannot change the staged data", stage.name);
        findings.push(
            Diagnostic::new(&code::BUILT_IN_STAGE, message)
                .label(span, "this belongs into a stage between `create` and `grants`")
                .help("move it to a stage of its own"),
        );
    }
}

fn after_verify(entry: &model::Stage) -> Diagnostic {
    let message =
        format!("stage `{}` would change the staged data after it was verified", entry.name.value);
    Diagnostic::new(&code::BUILT_IN_STAGE, message)
        .label(entry.name.span, "needs `verify`, directly or not")
        .help("need `analyze` or an earlier stage instead")
}
