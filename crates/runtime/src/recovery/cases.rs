//! The table of recovery: what the journal says, what the target says, what stands beside the live
//! state, and what is to be done then. Every combination has exactly one row; a test asks for each.

use serde::Serialize;

use crate::engine::Area;
use crate::journal::View;
use crate::journal::format::Closing;

/// What the journal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// There is no first record.
    Nothing,
    /// It did not end, and no COMMIT was sent.
    Building,
    /// A COMMIT may have been sent, and nobody has heard how it ended.
    Committing,
    /// It was promoted; the journal does not say that it ended.
    Committed,
    /// It was promoted over a state that is kept.
    Promoted,
    /// It was promoted where nothing was before.
    PromotedFirst,
    /// It failed and was taken back.
    RolledBack,
    /// It ended before anything was touched.
    Stopped,
    /// A rollback began and did not end.
    Restoring,
    /// The previous state was put back.
    Restored,
    /// It was accepted; the journal does not say that the previous state was seen to.
    Accepting,
    Accepted,
    /// It cannot be read.
    Damaged,
}

/// What the target says of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// The state in place is the one that the run promoted.
    Promoted,
    NotPromoted,
    /// It was not asked, or does not answer.
    None,
}

/// What stands beside the live state and belongs to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    Empty,
    Staging,
    Kept,
    /// Nobody could look.
    Unknown,
}

/// What the run is in, named after what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Nothing of it is left anywhere.
    NothingHappened,
    /// It failed and everything is as it was.
    TakenBack,
    /// Its process died; what it built is there.
    Resume,
    /// Its process died; only its backups are there.
    ResumeFromBackups,
    /// Its process died before any COMMIT; what it built was not looked at.
    ResumeUnseen,
    /// The target holds the new state; the run's end is not written.
    FinishPromote,
    /// Only the target knows, and it does not answer.
    AskTarget,
    /// It ended, and something that it built is there still.
    ClearUp,
    /// Promoted, and the way back is open.
    Decide,
    /// Promoted where nothing was before.
    DecideFirst,
    /// Promoted; the previous state is not there any more.
    KeptLost,
    /// Promoted once; the target holds another state now.
    Superseded,
    /// A rollback is to be ended.
    FinishRollback,
    /// The previous state is back.
    RolledBack,
    /// An acceptance is to be ended.
    FinishAccept,
    /// Accepted, and the way back is still open.
    AcceptedKept,
    Accepted,
    /// The journal is damaged; the target says that it took place.
    DamagedPromoted,
    /// The journal is damaged; the target is as it was, and something stands beside it.
    DamagedStaging,
    /// The journal is damaged; the target is as it was.
    DamagedNothing,
    /// The journal is damaged, and the target does not answer.
    DamagedUnasked,
    /// Journal and target exclude each other.
    Contradiction,
}

/// A command of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Run,
    Resume,
    Abort,
    Rollback,
    Accept,
    Verify,
    Status,
    Bundle,
}

/// One row: the combinations that it is for, and their case.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub told: &'static [Told],
    pub answer: &'static [Answer],
    pub beside: &'static [Beside],
    pub case: Case,
}

/// What a case is called and what is to be typed, the most sensible first. In `says`, `{stage}`,
/// `{torn}`, `{why}`, `{rows}`, `{kept}` and `{until}` stand for what the journal says.
#[derive(Clone, Copy, Debug)]
pub struct Advice {
    pub case: Case,
    pub says: &'static str,
    pub acts: &'static [Act],
}

const fn row(
    told: &'static [Told],
    answer: &'static [Answer],
    beside: &'static [Beside],
    case: Case,
) -> Row {
    Row { told, answer, beside, case }
}

const YES: &[Answer] = &[Answer::Promoted];
const NO: &[Answer] = &[Answer::NotPromoted];
const NONE: &[Answer] = &[Answer::None];
const ANY: &[Beside] = &[Beside::Empty, Beside::Staging, Beside::Kept, Beside::Unknown];
const STAGING: &[Beside] = &[Beside::Staging];
const KEPT: &[Beside] = &[Beside::Kept];
const EMPTY: &[Beside] = &[Beside::Empty];
const NOT_STAGING: &[Beside] = &[Beside::Empty, Beside::Kept, Beside::Unknown];
const NO_MORE: &[Beside] = &[Beside::Empty, Beside::Unknown];
const UNSEEN: &[Beside] = &[Beside::Unknown];
const BARE: &[Beside] = &[Beside::Empty, Beside::Kept];

/// A promote and its end in one act leave nothing between; what a row calls a contradiction has been
/// made from outside, or by a fault that nobody should build on.
pub static ROWS: &[Row] = &[
    // Before the promote.
    row(&[Told::Nothing], NO, NOT_STAGING, Case::NothingHappened),
    row(&[Told::Nothing], NO, STAGING, Case::DamagedStaging),
    row(&[Told::Nothing], YES, ANY, Case::DamagedPromoted),
    row(&[Told::Nothing], NONE, ANY, Case::NothingHappened),
    row(&[Told::Building, Told::Committing], NO, STAGING, Case::Resume),
    row(&[Told::Building, Told::Committing], NO, BARE, Case::ResumeFromBackups),
    row(&[Told::Building, Told::Committing], NO, UNSEEN, Case::ResumeUnseen),
    row(&[Told::Building, Told::Committing, Told::Committed], YES, ANY, Case::FinishPromote),
    row(&[Told::Building], NONE, ANY, Case::ResumeUnseen),
    row(&[Told::Committing], NONE, ANY, Case::AskTarget),
    row(&[Told::Committed], NONE, ANY, Case::FinishPromote),
    row(&[Told::Committed], NO, ANY, Case::Superseded),
    // Ended without a promote.
    row(&[Told::RolledBack], NO, NOT_STAGING, Case::TakenBack),
    row(&[Told::RolledBack], NONE, ANY, Case::TakenBack),
    row(&[Told::Stopped], NO, NOT_STAGING, Case::NothingHappened),
    row(&[Told::Stopped], NONE, ANY, Case::NothingHappened),
    row(&[Told::RolledBack, Told::Stopped], NO, STAGING, Case::ClearUp),
    row(&[Told::RolledBack, Told::Stopped], YES, ANY, Case::Contradiction),
    // After the promote.
    row(&[Told::Promoted], YES, KEPT, Case::Decide),
    row(&[Told::Promoted], YES, UNSEEN, Case::Decide),
    row(&[Told::Promoted], YES, EMPTY, Case::KeptLost),
    row(&[Told::Promoted], NONE, ANY, Case::Decide),
    row(&[Told::PromotedFirst], YES, NOT_STAGING, Case::DecideFirst),
    row(&[Told::PromotedFirst], NONE, ANY, Case::DecideFirst),
    row(&[Told::Promoted, Told::PromotedFirst], YES, STAGING, Case::FinishPromote),
    row(&[Told::Promoted, Told::PromotedFirst], NO, ANY, Case::Superseded),
    // The way back.
    row(&[Told::Restoring], YES, ANY, Case::FinishRollback),
    row(
        &[Told::Restoring],
        NO,
        &[Beside::Empty, Beside::Staging, Beside::Unknown],
        Case::FinishRollback,
    ),
    row(&[Told::Restoring], NO, KEPT, Case::Contradiction),
    row(&[Told::Restoring], NONE, ANY, Case::FinishRollback),
    row(&[Told::Restored], NO, NO_MORE, Case::RolledBack),
    row(&[Told::Restored], NO, STAGING, Case::ClearUp),
    row(&[Told::Restored], NO, KEPT, Case::Contradiction),
    row(&[Told::Restored], NONE, ANY, Case::RolledBack),
    row(&[Told::Restored], YES, ANY, Case::Contradiction),
    // Accepted.
    row(&[Told::Accepting], YES, ANY, Case::FinishAccept),
    row(&[Told::Accepting], NONE, ANY, Case::FinishAccept),
    row(&[Told::Accepting], NO, ANY, Case::Superseded),
    row(&[Told::Accepted], YES, KEPT, Case::AcceptedKept),
    row(&[Told::Accepted], YES, NO_MORE, Case::Accepted),
    row(&[Told::Accepted], YES, STAGING, Case::FinishPromote),
    row(&[Told::Accepted], NONE, ANY, Case::Accepted),
    row(&[Told::Accepted], NO, ANY, Case::Superseded),
    // A journal that cannot be read.
    row(&[Told::Damaged], YES, ANY, Case::DamagedPromoted),
    row(&[Told::Damaged], NO, STAGING, Case::DamagedStaging),
    row(&[Told::Damaged], NO, NOT_STAGING, Case::DamagedNothing),
    row(&[Told::Damaged], NONE, ANY, Case::DamagedUnasked),
];

const fn advice(case: Case, says: &'static str, acts: &'static [Act]) -> Advice {
    Advice { case, says, acts }
}

pub static ADVICE: &[Advice] = &[
    advice(Case::NothingHappened, "it stopped before anything was touched{why}", &[Act::Run]),
    advice(
        Case::TakenBack,
        "it failed in `{stage}` and was taken back; the target is as it was{why}",
        &[Act::Run],
    ),
    advice(
        Case::Resume,
        "its process ended in `{stage}`{torn}; the target is as it was, and what the run built is \
         kept",
        &[Act::Resume, Act::Abort],
    ),
    advice(
        Case::ResumeFromBackups,
        "its process ended in `{stage}`{torn}; the target is as it was, and nothing was built that \
         is still there",
        &[Act::Resume, Act::Abort],
    ),
    advice(
        Case::ResumeUnseen,
        "its process ended in `{stage}`{torn}; the target is as it was",
        &[Act::Resume, Act::Abort],
    ),
    advice(
        Case::FinishPromote,
        "its promote is complete; only its end was not written",
        &[Act::Resume],
    ),
    advice(
        Case::AskTarget,
        "whether its last act took place is not known here; the target knows",
        &[Act::Status, Act::Resume],
    ),
    advice(
        Case::ClearUp,
        "it has ended, the target is as it was, and something that the run built is still there",
        &[Act::Abort],
    ),
    advice(
        Case::Decide,
        "the target was promoted and verified, {rows}",
        &[Act::Verify, Act::Accept, Act::Rollback],
    ),
    advice(
        Case::DecideFirst,
        "the target was promoted and verified, {rows}",
        &[Act::Verify, Act::Accept, Act::Rollback],
    ),
    advice(
        Case::KeptLost,
        "the target was promoted and verified, {rows}; the state before it, {kept}, is not there \
         any more",
        &[Act::Verify, Act::Accept],
    ),
    advice(
        Case::Superseded,
        "it was promoted, and the target holds another state now: a later run or a restore took its \
         place",
        &[Act::Status],
    ),
    advice(
        Case::FinishRollback,
        "a rollback of its promote has begun and not ended",
        &[Act::Rollback],
    ),
    advice(
        Case::RolledBack,
        "its promote was rolled back; the previous state is in place",
        &[Act::Run],
    ),
    advice(Case::FinishAccept, "it was accepted, and that has not ended", &[Act::Accept]),
    advice(
        Case::AcceptedKept,
        "the target was promoted, verified and accepted, {rows}; the state before it is kept until \
         {until}",
        &[Act::Verify, Act::Rollback, Act::Accept],
    ),
    advice(
        Case::Accepted,
        "the target was promoted, verified and accepted, {rows}",
        &[Act::Verify],
    ),
    advice(
        Case::DamagedPromoted,
        "its journal says nothing that can be trusted; the target says that it was promoted",
        &[Act::Bundle],
    ),
    advice(
        Case::DamagedStaging,
        "its journal says nothing that can be trusted; the target is as it was, and what the run \
         built is still there",
        &[Act::Abort, Act::Bundle],
    ),
    advice(
        Case::DamagedNothing,
        "its journal says nothing that can be trusted; the target is as it was",
        &[Act::Run, Act::Bundle],
    ),
    advice(
        Case::DamagedUnasked,
        "its journal says nothing that can be trusted, and the target was not asked",
        &[Act::Status, Act::Bundle],
    ),
    advice(
        Case::Contradiction,
        "journal and target exclude each other: one of them was changed from outside",
        &[Act::Bundle],
    ),
];

/// The case of a combination.
pub fn case_of(told: Told, answer: Answer, beside: Beside) -> Case {
    let fits = |row: &&Row| {
        row.told.contains(&told) && row.answer.contains(&answer) && row.beside.contains(&beside)
    };
    // Every combination has its row: tested.
    ROWS.iter().find(fits).map_or(Case::Contradiction, |row| row.case)
}

impl Case {
    pub fn advice(self) -> &'static Advice {
        // Every case has its advice: tested.
        ADVICE.iter().find(|advice| advice.case == self).unwrap_or(&ADVICE[0])
    }
}

impl Told {
    pub fn of(view: &View) -> Told {
        let first = view.kept.is_none() && !view.accepted;
        match view.closed {
            _ if view.begun.is_none() => Told::Nothing,
            None if view.restoring => Told::Restoring,
            None => Told::of_open(view),
            Some(Closing::Undecided) => Told::Committing,
            Some(Closing::Promoted) if view.accepted => Told::Accepting,
            Some(Closing::Promoted) if first => Told::PromotedFirst,
            Some(Closing::Promoted) => Told::Promoted,
            Some(Closing::RolledBack) => Told::RolledBack,
            Some(Closing::Stopped) => Told::Stopped,
            Some(Closing::Restored) => Told::Restored,
            Some(Closing::Accepted) => Told::Accepted,
        }
    }

    fn of_open(view: &View) -> Told {
        match (view.promoted, &view.transaction) {
            (Some(true), _) => Told::Committed,
            (Some(false), _) | (None, None) => Told::Building,
            (None, Some(_)) => Told::Committing,
        }
    }
}

impl Beside {
    pub fn of(area: &Area) -> Beside {
        match (&area.staging, &area.kept) {
            (Some(_), _) => Beside::Staging,
            (None, Some(_)) => Beside::Kept,
            (None, None) => Beside::Empty,
        }
    }
}
