//! `backup:`.

use crate::model::{Attest, Backup, Keep, TargetBackup};
use crate::yaml::{Entry, Kind};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const BACKUP: &[&str] = &["keep", "target", "attest"];
pub(crate) const KEEP: &[&str] = &["for", "last", "daily"];
pub(crate) const ATTEST: &[&str] = &["command", "max_age", "max_restore_age", "timeout"];

/// More backups than this are no rule that anybody means.
const MOST: u32 = 10_000;

const TARGET: &[(&str, TargetBackup)] =
    &[("take", TargetBackup::Take), ("none", TargetBackup::None)];

impl Decoder {
    pub(super) fn backup(&mut self, fields: &Fields<'_>) -> Backup {
        let backup = fields
            .section("backup")
            .and_then(|entry| self.fields(&entry.value, entry.key.span, "`backup`", BACKUP));
        let Some(backup) = backup else { return Backup::default() };
        Backup {
            keep: backup.get("keep").and_then(|entry| self.keep(entry)),
            target: self.choice_at(&backup, "target", TARGET),
            attest: backup.get("attest").and_then(|entry| self.attest(entry)),
        }
    }

    fn keep(&mut self, entry: &Entry) -> Option<Keep> {
        if !matches!(entry.value.kind, Kind::Mapping(_)) {
            let period = self.period(entry)?;
            return Some(Keep { period_ms: Some(period), last: None, daily: None });
        }
        let rules = self.fields(&entry.value, entry.key.span, "`keep`", KEEP)?;
        let keep = Keep {
            period_ms: rules.get("for").and_then(|entry| self.period(entry)),
            last: rules.get("last").and_then(|entry| self.count(entry, 1..=MOST)),
            daily: rules.get("daily").and_then(|entry| self.count(entry, 1..=MOST)),
        };
        if KEEP.iter().all(|key| rules.get(key).is_none()) {
            self.wrong_text("keep", &entry.value, "a period such as `30d`, or rules", "{}");
        }
        Some(keep)
    }

    fn attest(&mut self, entry: &Entry) -> Option<Attest> {
        let attest = self.fields(&entry.value, entry.key.span, "`attest`", ATTEST)?;
        let command =
            attest.required(self, "command", "name the program: `command: [prove-it]`")?;
        let expected = "a program and its arguments";
        let words: Vec<_> = self
            .one_or_more(command, expected)
            .into_iter()
            .filter_map(|node| self.text("command", node, expected))
            .collect();
        if words.first().is_some_and(|program| program.value.trim().is_empty()) {
            self.wrong_text("command", &command.value, expected, "");
            return None;
        }
        Some(Attest {
            span: entry.key.span.to(entry.value.span),
            command: words,
            max_age_ms: attest.get("max_age").and_then(|entry| self.period(entry)),
            max_restore_age_ms: attest.get("max_restore_age").and_then(|entry| self.period(entry)),
            timeout_ms: attest.get("timeout").and_then(|entry| self.duration(entry, 1)),
        })
    }
}
