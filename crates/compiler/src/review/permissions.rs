//! What a plan permits beyond its schema: windows of exposure, and waivers. A reviewer reads both before
//! anything else, because neither can be seen in what is built.

use diagnostics::{Sources, Span};
use ir::Origin;
use plan::model::Waiver;

use super::PropertyChange;
use catalog::Gravity;

/// A moment in which somebody sees what is not complete, found in a plan, waived or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub step: String,
    /// `exposed to whoever listens: …`
    pub message: String,
    pub place: Span,
}

/// What one side permits; spans are in `sources`.
#[derive(Clone, Copy)]
pub struct Permits<'a> {
    pub windows: &'a [Window],
    pub waivers: &'a [Waiver],
    pub sources: &'a Sources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Window,
    Waiver,
}

/// In the order in which a reviewer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    Added,
    Changed,
    /// Its last day is over. It stands in the newer plan, whether that changed it or not.
    Expired,
    Removed,
}

impl Turn {
    pub const ALL: [Turn; 4] = [Turn::Added, Turn::Changed, Turn::Expired, Turn::Removed];

    pub fn word(self) -> &'static str {
        match self {
            Turn::Added => "added",
            Turn::Changed => "changed",
            Turn::Expired => "expired",
            Turn::Removed => "removed",
        }
    }
}

/// A window or waiver that a reviewer must look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    pub subject: Subject,
    pub turn: Turn,
    /// `sql/export/1`; `exposes-data on export`
    pub name: String,
    /// Who is let see what; until when, by whom and why it is permitted.
    pub says: String,
    /// What is otherwise in a waiver of the same hazard, sorted by property.
    pub changes: Vec<PropertyChange>,
    pub from: Option<Origin>,
    pub to: Option<Origin>,
}

/// What the newer side permits otherwise than the older, and which of its waivers have expired;
/// `today` is `YYYY-MM-DD`.
pub fn permissions(from: Permits<'_>, to: Permits<'_>, today: &str) -> Vec<Permission> {
    let mut all = matched(&windows(from), &windows(to), today);
    all.extend(matched(&waivers(from), &waivers(to), today));
    all.sort_by(|a, b| (a.subject, a.turn, &a.name).cmp(&(b.subject, b.turn, &b.name)));
    all
}

/// One of a side, in a form in which both kinds are compared.
struct Fact {
    subject: Subject,
    /// What stays where it is changed: of a window what it shows, wherever its step stands.
    identity: String,
    name: String,
    says: String,
    properties: Vec<(&'static str, String)>,
    expires: Option<String>,
    place: Origin,
}

fn windows(side: Permits<'_>) -> Vec<Fact> {
    let fact = |window: &Window| Fact {
        subject: Subject::Window,
        identity: window.message.clone(),
        name: window.step.clone(),
        says: window.message.clone(),
        properties: Vec::new(),
        expires: None,
        place: crate::origin(side.sources, window.place),
    };
    side.windows.iter().map(fact).collect()
}

fn waivers(side: Permits<'_>) -> Vec<Fact> {
    let fact = |waiver: &Waiver| {
        let Waiver { span, allow, on, reason, owner, expires } = waiver;
        let on = on.as_ref().map(|on| format!(" on {}", on.value)).unwrap_or_default();
        let name = format!("{}{on}", allow.value);
        Fact {
            subject: Subject::Waiver,
            identity: name.clone(),
            name,
            says: format!("until {}, by {}: {}", expires.value, owner.value, reason.value),
            properties: vec![
                ("expires", expires.value.clone()),
                ("owner", owner.value.clone()),
                ("reason", reason.value.clone()),
            ],
            expires: Some(expires.value.clone()),
            place: crate::origin(side.sources, *span),
        }
    };
    side.waivers.iter().map(fact).collect()
}

impl Fact {
    fn is(&self, other: &Fact) -> bool {
        self.identity == other.identity && self.properties == other.properties
    }
}

/// Facts of one identity belong together: those that did not change, then the others as they stand.
fn matched(from: &[Fact], to: &[Fact], today: &str) -> Vec<Permission> {
    let mut left: Vec<&Fact> = from.iter().collect();
    let mut all = Vec::new();
    for now in to {
        let same = left.iter().position(|was| was.is(now));
        let free =
            |was: &&Fact| was.identity == now.identity && !to.iter().any(|other| other.is(was));
        let was = same.or_else(|| left.iter().position(free)).map(|at| left.remove(at));
        all.extend(turned(was, now, today));
    }
    let gone = left.into_iter().map(|was| Permission {
        from: Some(was.place.clone()),
        to: None,
        ..permission(was, Turn::Removed)
    });
    all.extend(gone);
    all
}

/// `None`: as it was, and in force.
fn turned(was: Option<&Fact>, now: &Fact, today: &str) -> Option<Permission> {
    let changes = was.map(|was| changes(was, now)).unwrap_or_default();
    // Dates in this form sort as text.
    let is_over = now.expires.as_deref().is_some_and(|last| last < today);
    let turn = match was {
        _ if is_over => Turn::Expired,
        None => Turn::Added,
        Some(_) if changes.is_empty() => return None,
        Some(_) => Turn::Changed,
    };
    let from = was.map(|was| was.place.clone());
    Some(Permission { changes, from, ..permission(now, turn) })
}

fn permission(fact: &Fact, turn: Turn) -> Permission {
    Permission {
        subject: fact.subject,
        turn,
        name: fact.name.clone(),
        says: fact.says.clone(),
        changes: Vec::new(),
        from: None,
        to: Some(fact.place.clone()),
    }
}

fn changes(was: &Fact, now: &Fact) -> Vec<PropertyChange> {
    let both = was.properties.iter().zip(&now.properties);
    let differ = both.filter(|((_, was), (_, now))| was != now);
    differ
        .map(|((property, was), (_, now))| PropertyChange {
            property: (*property).to_owned(),
            from: Some(was.clone()),
            to: Some(now.clone()),
            gravity: Gravity::Major,
        })
        .collect()
}
