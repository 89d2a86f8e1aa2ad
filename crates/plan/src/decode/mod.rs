//! Nodes to the plan model, by hand: every finding of a plan in one run, each at its place.

mod backup;
mod checks;
mod components;
mod constraints;
mod context;
mod fields;
mod grants;
mod load;
mod names;
mod relations;
mod settings;
mod sources;
mod stages;
mod target;
mod url;
mod values;

#[cfg(test)]
mod tests;

use diagnostics::{Diagnostic, SourceId, Span, Spanned, code};

use crate::model::{EngineKind, Plan, Target};
use crate::yaml::{Document, Kind, Node};

use context::Decoder;
use fields::Fields;

pub use names::plan_name_is_valid as is_plan_name;
pub use url::redact;

/// The version of the plan language that this program reads.
pub const VERSION: u32 = 1;

pub(crate) const TOP: &[&str] = &[
    "cutover",
    "name",
    "description",
    "sources",
    "target",
    "baseline",
    "components",
    "stages",
    "load",
    "checks",
    "backup",
    "waivers",
    "retire",
    "run",
];

const ENGINES: &[(&str, EngineKind)] =
    &[("postgres", EngineKind::Postgres), ("sqlite", EngineKind::Sqlite)];

/// The plan as far as it could be read, and every finding in the order of the file.
pub(crate) fn plan(source: SourceId, document: Document) -> (Option<Plan>, Vec<Diagnostic>) {
    let Document { root, aliases, mut findings } = document;
    if root.is_none() && findings.is_empty() {
        findings.push(empty(source));
    }
    let mut decoder = Decoder::new(findings);
    let plan = root.and_then(|root| decoder.plan(&root));
    (plan, decoder.finish(&aliases))
}

fn empty(source: SourceId) -> Diagnostic {
    Diagnostic::new(&code::WRONG_TYPE, "the plan is empty")
        .label(Span::new(source, 0..0), "expected a mapping with the key `cutover`")
        .help("start with `cutover: 1` and `name: …`")
}

impl Decoder {
    fn plan(&mut self, root: &Node) -> Option<Plan> {
        if !matches!(root.kind, Kind::Mapping(_)) {
            self.wrong_type("a plan file", root, "a mapping with the key `cutover`");
            return None;
        }
        let start = Span { end: root.span.start, ..root.span };
        let owner = self.first_key(root).unwrap_or(start);
        let fields = self.fields(root, owner, "a plan", TOP)?;
        self.version(&fields);
        let name = self.plan_name(&fields, start);
        let target = self.target(&fields);
        self.engine = target.as_ref().map(Target::engine);
        let mut plan = Plan {
            span: root.span,
            name,
            description: fields.get("description").and_then(|entry| self.text_of(entry)),
            sources: self.sources(&fields),
            target,
            baseline: self.baseline(&fields),
            includes: Vec::new(),
            components: Vec::new(),
            stages: self.stages(&fields),
            loads: self.loads(&fields),
            checks: Vec::new(),
            invariants: Vec::new(),
            waivers: self.waivers(&fields),
            retired: self.retired(&fields),
            settings: self.settings(&fields),
            backup: self.backup(&fields),
        };
        self.components(&fields, &mut plan);
        self.checks(&fields, &mut plan);
        Some(plan)
    }

    fn version(&mut self, fields: &Fields<'_>) {
        let Some(entry) = fields.required(self, "cutover", "add `cutover: 1` as the first line")
        else {
            return;
        };
        let Some(version) = self.number(&entry.key.value, &entry.value, "the number 1") else {
            return;
        };
        if version.value == u64::from(VERSION) {
            return;
        }
        self.report(
            Diagnostic::new(
                &code::UNSUPPORTED_VERSION,
                format!("version {} of the plan language is not supported", version.value),
            )
            .label(version.span, "this program reads version 1")
            .help("write `cutover: 1`, or use the program that the plan was written for"),
        );
    }

    /// The plan's name; an empty one where none could be read, which has a finding.
    fn plan_name(&mut self, fields: &Fields<'_>, start: Span) -> Spanned<String> {
        fields
            .required(self, "name", "add a name such as `name: shop`")
            .and_then(|entry| self.text_of(entry))
            .inspect(|name| self.check_plan_name(name))
            .unwrap_or(Spanned::new(String::new(), start))
    }

    pub(super) fn engine_choice(&mut self, fields: &Fields<'_>) -> Option<Spanned<EngineKind>> {
        let entry = fields.get("engine")?;
        self.choice(&entry.key.value, &entry.value, ENGINES)
    }
}
