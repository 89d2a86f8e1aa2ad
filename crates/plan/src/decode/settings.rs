//! `run:`, `waivers:` and `retire:`.

use std::ops::RangeInclusive;

use diagnostics::Spanned;
use jiff::civil::Date;

use crate::model::{OnSourceChange, Retired, Settings, Waiver};
use crate::yaml::Node;

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const RUN: &[&str] = &[
    "connections",
    "lock_timeout",
    "promote_attempts",
    "statement_timeout",
    "on_source_change",
    "memory",
    "chunk_rows",
    "index_memory",
    "index_workers",
    "keep",
];
pub(crate) const WAIVER: &[&str] = &["allow", "on", "reason", "owner", "expires"];
pub(crate) const RETIRE: &[&str] = &["component", "reason", "owner", "date"];

/// More connections than this help no load and exhaust servers.
pub(crate) const MAX_CONNECTIONS: u32 = 64;
/// The promote never waits for its locks without end.
pub(crate) const MAX_PROMOTE_ATTEMPTS: u32 = 100;

/// Below this the buffers of one connection do not fit.
const MIN_MEMORY: u64 = 1 << 20;

/// Chunks of fewer rows cost more than they save.
pub(crate) const CHUNK_ROWS: RangeInclusive<u32> = 1_000..=u32::MAX;

/// PostgreSQL's own least value of `maintenance_work_mem`.
const MIN_INDEX_MEMORY: u64 = 1 << 20;
/// PostgreSQL's own bound of `max_parallel_maintenance_workers`.
pub(crate) const MAX_INDEX_WORKERS: u32 = 1024;

const ON_SOURCE_CHANGE: &[(&str, OnSourceChange)] =
    &[("stop", OnSourceChange::Stop), ("warn", OnSourceChange::Warn)];

impl Decoder {
    pub(super) fn settings(&mut self, fields: &Fields<'_>) -> Settings {
        let run = fields
            .section("run")
            .and_then(|entry| self.fields(&entry.value, entry.key.span, "`run`", RUN));
        let Some(run) = run else { return Settings::default() };
        Settings {
            connections: run
                .get("connections")
                .and_then(|entry| self.count(entry, 1..=MAX_CONNECTIONS)),
            // Without a timeout the promote would wait for its locks without end.
            lock_timeout_ms: run.get("lock_timeout").and_then(|entry| self.duration(entry, 1)),
            promote_attempts: run
                .get("promote_attempts")
                .and_then(|entry| self.count(entry, 1..=MAX_PROMOTE_ATTEMPTS)),
            statement_timeout_ms: run
                .get("statement_timeout")
                .and_then(|entry| self.duration(entry, 0)),
            on_source_change: self.choice_at(&run, "on_source_change", ON_SOURCE_CHANGE),
            memory_bytes: run.get("memory").and_then(|entry| self.size(entry, MIN_MEMORY)),
            chunk_rows: run.get("chunk_rows").and_then(|entry| self.count(entry, CHUNK_ROWS)),
            index_memory_bytes: run
                .get("index_memory")
                .and_then(|entry| self.size(entry, MIN_INDEX_MEMORY)),
            index_workers: run
                .get("index_workers")
                .and_then(|entry| self.count(entry, 1..=MAX_INDEX_WORKERS)),
            keep_ms: run.get("keep").and_then(|entry| self.period(entry)),
        }
    }

    pub(super) fn waivers(&mut self, fields: &Fields<'_>) -> Vec<Waiver> {
        let Some(entry) = fields.get("waivers") else { return Vec::new() };
        self.items(entry, "a list of waivers").iter().filter_map(|node| self.waiver(node)).collect()
    }

    fn waiver(&mut self, node: &Node) -> Option<Waiver> {
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "a waiver", WAIVER)?;
        let mut part = |key, help: &str, expected: &str| {
            let entry = fields.required(self, key, help)?;
            self.sentence(entry, expected)
        };
        let allow =
            part("allow", "name the hazard or lint: `allow: replaces-table`", "a hazard or lint");
        let reason = part("reason", "say why it is acceptable here", "a reason");
        let person = part("owner", "name who answers for it", "a person or team");
        let expires = part("expires", "give its last day: `expires: 2027-01-31`", "a date");
        let expires = expires.filter(|date| self.check_date("expires", &fields, date));
        let on = fields.get("on").and_then(|entry| self.sentence(entry, "a component"));
        Some(Waiver {
            span: node.span,
            allow: allow?,
            on,
            reason: reason?,
            owner: person?,
            expires: expires?,
        })
    }

    pub(super) fn retired(&mut self, fields: &Fields<'_>) -> Vec<Retired> {
        let Some(entry) = fields.get("retire") else { return Vec::new() };
        let nodes = self.items(entry, "a list of components that the baseline loses");
        nodes.iter().filter_map(|node| self.retire(node)).collect()
    }

    fn retire(&mut self, node: &Node) -> Option<Retired> {
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "a retired component", RETIRE)?;
        let component = fields
            .required(self, "component", "name it: `component: index orders_old_idx`")
            .and_then(|entry| self.component_name("component", &entry.value));
        let mut part = |key, help: &str, expected: &str| {
            let entry = fields.required(self, key, help)?;
            self.sentence(entry, expected)
        };
        let reason = part("reason", "say why nothing needs it any more", "a reason");
        let person = part("owner", "name who answers for it", "a person or team");
        let date = part("date", "give the day it is gone from: `date: 2027-01-31`", "a date");
        let date = date.filter(|date| self.check_date("date", &fields, date));
        Some(Retired {
            span: node.span,
            component: component?,
            reason: reason?,
            owner: person?,
            date: date?,
        })
    }

    fn check_date(&mut self, key: &str, fields: &Fields<'_>, date: &Spanned<String>) -> bool {
        let valid = date.value.len() == "YYYY-MM-DD".len() && date.value.parse::<Date>().is_ok();
        if let (false, Some(entry)) = (valid, fields.get(key)) {
            let expected = "a day of the calendar as YYYY-MM-DD";
            self.wrong_text(key, &entry.value, expected, &date.value);
        }
        valid
    }
}
