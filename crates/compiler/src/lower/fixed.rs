//! The steps that every plan has: preflight, backups, the staging place, verification, checks, the
//! promote, the end.

use diagnostics::{Span, Spanned, code};
use ir::{Action, Check, Expect, Hazard, Invariant, Moment};
use plan::model::{self, CheckMoment, Existing, Target, TargetBackup};

use super::{FoundHazard, Lowering};
use crate::item::Role;
use crate::resolve::Context;
use crate::{origin, stages};

pub(super) const PREFLIGHT: &str = "preflight";
/// No source can have this name.
pub(super) const BACKUP_TARGET: &str = "backup-target";
pub(super) const STAGING: &str = "create-staging";
pub(super) const CATALOG: &str = "verify-catalog";
pub(super) const PROMOTE: &str = "promote";

impl Lowering<'_> {
    /// Everything up to the staging place.
    pub(super) fn before(&mut self, cx: &mut Context<'_>) {
        let place = target_place(cx.plan);
        let (preflight, backup) =
            (self.stages.built_in(stages::PREFLIGHT), self.stages.built_in(stages::BACKUP));
        self.push(PREFLIGHT, preflight, Action::Preflight, place);
        let mut first = vec![PREFLIGHT.to_owned()];
        for check in checks(cx, CheckMoment::Before) {
            let (check, place) = check;
            let id = format!("check/{}", check.name);
            let at = self.push(&id, preflight, Action::Check(check), place);
            self.need(at, PREFLIGHT, "what is known before the window comes first".into(), place);
            first.push(id);
        }
        let mut backups = Vec::new();
        for source in &cx.plan.sources {
            let (name, place) = (source.name.value.clone(), source.name.span);
            let id = format!("backup/{name}");
            let at = self.push(&id, backup, Action::Backup { source: name }, place);
            for need in &first {
                let reason = format!("nothing is read before `{need}` has passed");
                self.need_weakly(at, need, reason, place);
            }
            backups.push(id);
        }
        if saves_target(cx.plan) {
            let at = self.push(BACKUP_TARGET, backup, Action::BackupTarget, place);
            for need in &first {
                let reason = format!("nothing is read before `{need}` has passed");
                self.need_weakly(at, need, reason, place);
            }
            backups.push(BACKUP_TARGET.to_owned());
        }
        let create = self.stages.built_in(stages::CREATE);
        let at = self.push(STAGING, create, Action::CreateStaging, place);
        for need in first.iter().chain(&backups) {
            let reason = match need.strip_prefix("backup/") {
                _ if need == BACKUP_TARGET => {
                    "what the promote replaces has a verified backup first".to_owned()
                }
                Some(source) => format!("source `{source}` has a verified backup first"),
                None => "nothing is built before the preflight has passed".to_owned(),
            };
            self.need_weakly(at, need, reason, place);
        }
    }

    /// Everything from the verification of the catalog on.
    pub(super) fn after(&mut self, cx: &mut Context<'_>) {
        let place = target_place(cx.plan);
        let built: Vec<String> = self
            .drafts
            .iter()
            .filter(|draft| !matches!(draft.action, Action::Preflight | Action::Check(_)))
            .filter(|draft| !self.is_home(draft))
            .map(|draft| draft.id.clone())
            .collect();
        let verify = self.stages.built_in(stages::VERIFY);
        let catalog = self.push(CATALOG, verify, Action::VerifyCatalog, place);
        for need in built {
            self.need_weakly(
                catalog,
                &need,
                "the catalog is compared when everything is built".into(),
                place,
            );
        }
        let verdicts = self.verdicts(cx);
        let after = checks(cx, CheckMoment::After).into_iter().map(|(check, _)| check).collect();
        let stage = self.stages.built_in(stages::PROMOTE);
        let promote = self.push(PROMOTE, stage, Action::Promote { after }, place);
        for need in verdicts {
            self.need(promote, &need, "nothing is promoted unverified".into(), place);
        }
        for id in self.home_steps() {
            self.need(promote, &id, "runs inside the promote transaction".into(), place);
        }
        self.drafts[promote].hazards = hazards(cx);
        let idle = self.policies_without_effect();
        self.drafts[promote].hazards.extend(idle);
        let stage = self.stages.built_in(stages::SETTLE);
        let at = self.push("settle", stage, Action::Settle, place);
        self.need(at, PROMOTE, "the report comes after the promote".into(), place);
    }

    fn home_steps(&self) -> Vec<String> {
        let home = self.drafts.iter().filter(|draft| self.is_home(draft));
        home.map(|draft| draft.id.clone()).collect()
    }

    /// Checks on the staged data and invariants; ids of all that the promote waits for.
    fn verdicts(&mut self, cx: &mut Context<'_>) -> Vec<String> {
        let stage = self.stages.built_in(stages::CHECK);
        let mut verdicts = vec![CATALOG.to_owned()];
        for (check, place) in checks(cx, CheckMoment::Staged) {
            let id = format!("check/{}", check.name);
            let at = self.push(&id, stage, Action::Check(check), place);
            self.need(at, CATALOG, "checks run on the verified schema".into(), place);
            verdicts.push(id);
        }
        for (invariant, place) in invariants(cx) {
            let id = format!("invariant/{}", invariant.name);
            let source = format!("backup/{}", invariant.source);
            let at = self.push(&id, stage, Action::Invariant(invariant), place);
            self.need(at, CATALOG, "invariants hold on the verified schema".into(), place);
            self.need(at, &source, "the source's figure comes from its snapshot".into(), place);
            verdicts.push(id);
        }
        verdicts
    }

    /// Steps that have no other way to wait for the staging place.
    pub(super) fn need_staging(&mut self, at: usize) {
        let place = self.drafts[at].place;
        if self.drafts[at].item.is_some_and(|item| self.item(item).role == Role::Home) {
            return;
        }
        self.need_weakly(
            at,
            STAGING,
            "everything is built apart from the live target".into(),
            place,
        );
    }
}

/// The place of findings about the run as such.
fn target_place(plan: &model::Plan) -> Span {
    match &plan.target {
        Some(Target::Postgres(target)) => target.span,
        Some(Target::Sqlite(target)) => target.span,
        None => plan.name.span,
    }
}

fn checks(cx: &mut Context<'_>, moment: CheckMoment) -> Vec<(Check, Span)> {
    let here = cx.plan.checks.iter().filter(|check| {
        check.moment == moment
            && check.engine.as_ref().is_none_or(|engine| engine.value == cx.engine)
    });
    let here = here.map(|check| {
        let lowered = Check {
            name: check.name.value.clone(),
            moment: match moment {
                CheckMoment::Before => Moment::Before,
                CheckMoment::Staged => Moment::Staged,
                CheckMoment::After => Moment::After,
            },
            sql: check.sql.text.clone(),
            expect: match &check.expect {
                model::Expect::NoRows => Expect::NoRows,
                model::Expect::True => Expect::True,
                model::Expect::Value(value) => Expect::Value(value.clone()),
            },
            origin: origin(cx.sources, check.sql.span),
        };
        (lowered, check.name.span)
    });
    here.collect()
}

fn invariants(cx: &mut Context<'_>) -> Vec<(Invariant, Span)> {
    let plan = cx.plan;
    let mut lowered = Vec::new();
    for invariant in &plan.invariants {
        let Some(source) = super::data::source(cx, invariant.source.as_ref(), invariant.name.span)
        else {
            continue;
        };
        let lower = Invariant {
            name: invariant.name.value.clone(),
            source,
            source_sql: invariant.source_sql.text.clone(),
            target_sql: invariant.target_sql.text.clone(),
        };
        lowered.push((lower, invariant.name.span));
    }
    lowered
}

/// `existing: replace`, where it is written.
fn replaces(plan: &model::Plan) -> Option<&Spanned<Existing>> {
    let existing = match &plan.target {
        Some(Target::Postgres(target)) => target.existing.as_ref(),
        Some(Target::Sqlite(target)) => target.existing.as_ref(),
        None => None,
    };
    existing.filter(|existing| existing.value == Existing::Replace)
}

/// Whether a step backs up what the promote replaces. An external backup that is proved stands in
/// for it, unless the plan wants both.
fn saves_target(plan: &model::Plan) -> bool {
    let wanted = plan.backup.target.as_ref().map(|target| target.value);
    let by_default = plan.backup.attest.is_none();
    replaces(plan).is_some() && wanted.map_or(by_default, |wanted| wanted == TargetBackup::Take)
}

/// `target: none`, and nothing that proves another backup.
fn without_backup(plan: &model::Plan) -> Option<FoundHazard> {
    replaces(plan)?;
    let none = plan.backup.target.as_ref().filter(|it| it.value == TargetBackup::None)?;
    plan.backup.attest.is_none().then(|| FoundHazard {
        hazard: Hazard {
            code: code::REPLACES_WITHOUT_BACKUP.id.to_owned(),
            message: "what is in the target under the plan's names is replaced without a backup \
                      that was restored and compared"
                .to_owned(),
            waived_by: None,
        },
        code: &code::REPLACES_WITHOUT_BACKUP,
        subjects: Vec::new(),
        place: none.span,
    })
}

fn hazards(cx: &Context<'_>) -> Vec<FoundHazard> {
    let replace = replaces(cx.plan);
    let replaced = replace.map(|replace| FoundHazard {
        hazard: Hazard {
            code: code::REPLACES_TABLE.id.to_owned(),
            message: "what is in the target under the plan's names is replaced; the old state is \
                      kept for rollback"
                .to_owned(),
            waived_by: None,
        },
        code: &code::REPLACES_TABLE,
        subjects: Vec::new(),
        place: replace.span,
    });
    replaced.into_iter().chain(without_backup(cx.plan)).chain(weak_tls(cx)).collect()
}

fn weak_tls(cx: &Context<'_>) -> Option<FoundHazard> {
    let Some(Target::Postgres(target)) = &cx.plan.target else { return None };
    let tls = target.tls.as_ref().filter(|tls| tls.value != model::TlsMode::VerifyFull)?;
    let message = match tls.value {
        model::TlsMode::InsecureNoHostname => "the server's host name is not verified",
        model::TlsMode::InsecureNoVerify => "the server's certificate is not verified",
        _ => "the connection is not encrypted",
    };
    Some(FoundHazard {
        hazard: Hazard {
            code: code::WEAK_TLS.id.to_owned(),
            message: message.to_owned(),
            waived_by: None,
        },
        code: &code::WEAK_TLS,
        subjects: Vec::new(),
        place: tls.span,
    })
}
