//! How long backups are kept. Pure: what is known about them and the time come in as arguments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A backup is kept for as long as one of the rules keeps it. No rule at all keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Younger than this, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// So many of the newest of one origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
    /// The newest of each of the last so many days that have one (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<u32>,
}

impl Keep {
    /// 90 days, where nobody says otherwise.
    pub const DEFAULT: Keep = Keep { seconds: Some(90 * 86_400), last: None, daily: None };

    pub const NONE: Keep = Keep { seconds: None, last: None, daily: None };

    fn keeps_all(self) -> bool {
        self == Keep::NONE
    }
}

/// `30 days, the last 28, one of each of the last 14 days`
impl std::fmt::Display for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            self.seconds.map(age),
            self.last.map(|last| format!("the last {last}")),
            self.daily.map(|days| format!("one of each of the last {days} days")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "everything" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// `30 days`, `12 hours`: whole units where they are whole.
pub fn age(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole =
        units.into_iter().find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size));
    let (size, word) = whole.unwrap_or((1, "second"));
    let n = seconds / size;
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// What retention needs to know of one backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub name: String,
    pub origin: String,
    pub taken_at: Timestamp,
    /// Its last test passed.
    pub verified: bool,
    pub run: Option<String>,
    pub keep: Keep,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub name: String,
    pub remove: bool,
    /// Why it stays, or why it may go.
    pub why: String,
}

/// Judges all backups, in their order. `needed`: runs that may still want their backups, with the
/// reason. A backup is judged by its own rules unless `keep` gives others.
pub fn judge(
    all: &[Known],
    keep: Option<Keep>,
    needed: &BTreeMap<String, String>,
    now: Timestamp,
) -> Vec<Verdict> {
    let last_verified = last_verified(all);
    let one = |known: &Known| {
        let verdict = |remove, why: String| Verdict { name: known.name.clone(), remove, why };
        if let Some(why) = known.run.as_ref().and_then(|run| needed.get(run)) {
            return verdict(false, why.clone());
        }
        let keep = keep.unwrap_or(known.keep);
        match rule(known, all, keep, now) {
            Some(why) => verdict(false, why),
            None if last_verified.contains(known.name.as_str()) => {
                verdict(false, format!("the last verified backup of {}", known.origin))
            }
            None => verdict(true, format!("kept: {keep}")),
        }
    };
    all.iter().map(one).collect()
}

/// The newest verified backup of each origin.
fn last_verified(all: &[Known]) -> BTreeSet<&str> {
    let mut newest: BTreeMap<&str, &Known> = BTreeMap::new();
    for known in all.iter().filter(|known| known.verified) {
        let best = newest.entry(&known.origin).or_insert(known);
        if (known.taken_at, &known.name) > (best.taken_at, &best.name) {
            *best = known;
        }
    }
    newest.into_values().map(|known| known.name.as_str()).collect()
}

/// The rule that keeps the backup, as the reason.
fn rule(known: &Known, all: &[Known], keep: Keep, now: Timestamp) -> Option<String> {
    if keep.keeps_all() {
        return Some("nothing says how long it is kept".to_owned());
    }
    let young = keep.seconds.filter(|seconds| {
        // A clock that went back makes no backup old.
        let taken = known.taken_at.duration_until(now).as_secs();
        u64::try_from(taken).is_ok_and(|taken| taken < *seconds) || taken < 0
    });
    if let Some(seconds) = young {
        return Some(format!("younger than {}", age(seconds)));
    }
    let ahead = all.iter().find(|other| other.origin == known.origin && other.taken_at > now);
    if let Some(ahead) = ahead {
        return Some(format!("the clock is behind: {} says {}", ahead.name, ahead.taken_at));
    }
    let newer = |other: &&Known| {
        other.origin == known.origin
            && (other.taken_at, &other.name) > (known.taken_at, &known.name)
    };
    let newer: Vec<&Known> = all.iter().filter(newer).collect();
    if let Some(last) = keep.last.filter(|last| newer.len() < *last as usize) {
        return Some(format!("one of the last {last}"));
    }
    let day = day_of(known.taken_at);
    let days: BTreeSet<Date> = newer.iter().map(|other| day_of(other.taken_at)).collect();
    let kept = keep.daily.filter(|daily| !days.contains(&day) && days.len() < *daily as usize);
    kept.map(|_| format!("the last of {day}"))
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// How long ago, for people: `3 days ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = u64::try_from(at.duration_until(now).as_secs()).unwrap_or(0);
    if seconds < 2 {
        return "just now".to_owned();
    }
    let unit = [86_400, 3_600, 60, 1].into_iter().find(|unit| seconds >= 2 * unit).unwrap_or(1);
    format!("{} ago", age(seconds / unit * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn at(text: &str) -> Timestamp {
        format!("2026-{text}:00Z").parse().unwrap()
    }

    fn known(name: &str, taken: &str) -> Known {
        Known {
            name: name.to_owned(),
            origin: "shop.db".to_owned(),
            taken_at: at(taken),
            verified: true,
            run: None,
            keep: Keep { seconds: Some(30 * DAY), ..Keep::NONE },
        }
    }

    fn removed(all: &[Known], keep: Option<Keep>) -> Vec<String> {
        let verdicts = judge(all, keep, &BTreeMap::new(), at("11-21T12:00"));
        verdicts.into_iter().filter(|it| it.remove).map(|it| it.name).collect()
    }

    #[test]
    fn age_count_and_day_each_keep() {
        let taken = [
            "11-21T10:00",
            "11-21T09:00",
            "11-20T10:00",
            "11-10T10:00",
            "10-01T10:00",
            "09-01T10:00",
        ];
        let all: Vec<Known> =
            taken.iter().enumerate().map(|(at, taken)| known(&at.to_string(), taken)).collect();
        assert_eq!(removed(&all, None), ["4", "5"]);
        let keep = |last, daily| Some(Keep { seconds: None, last, daily });
        assert_eq!(removed(&all, keep(Some(2), None)), ["2", "3", "4", "5"]);
        assert_eq!(removed(&all, keep(None, Some(3))), ["1", "4", "5"]);
        assert_eq!(removed(&all, keep(Some(2), Some(3))), ["4", "5"]);
        assert!(removed(&all, Some(Keep::NONE)).is_empty());
    }

    #[test]
    fn l2_the_last_verified_backup_of_each_origin_stays() {
        let mut all = vec![known("old", "01-01T10:00"), known("older", "01-01T09:00")];
        assert_eq!(removed(&all, None), ["older"]);
        all.push(Known { verified: false, ..known("bad", "02-01T10:00") });
        assert_eq!(removed(&all, None), ["older", "bad"], "what fails its test replaces nothing");
        all.push(Known { origin: "other.db".to_owned(), ..known("other", "01-01T10:00") });
        assert_eq!(removed(&all, None), ["older", "bad"]);
        let verdicts = judge(&all, None, &BTreeMap::new(), at("11-21T12:00"));
        assert_eq!(verdicts[0].why, "the last verified backup of shop.db");
    }

    #[test]
    fn l2_what_a_run_needs_stays_whatever_its_age() {
        let run = Some("r1".to_owned());
        let all = [known("new", "11-21T10:00"), Known { run, ..known("old", "01-01T10:00") }];
        let needed = BTreeMap::from([("r1".to_owned(), "run r1 is not accepted".to_owned())]);
        let keep = Some(Keep { seconds: Some(0), ..Keep::NONE });
        let verdicts = judge(&all, keep, &needed, at("11-21T12:00"));
        assert_eq!(verdicts[1].why, "run r1 is not accepted");
        assert!(!verdicts[1].remove);
        assert_eq!(removed(&all, keep), ["old"]);
    }

    #[test]
    fn a_clock_that_went_back_removes_nothing() {
        assert!(
            removed(&[known("a", "11-21T11:00"), known("future", "12-24T10:00")], None).is_empty()
        );
        // Which of them is the last cannot be known: all stay, those of other origins do not.
        let other = Known { origin: "other.db".to_owned(), ..known("other", "01-02T10:00") };
        let older =
            Known { name: "older".to_owned(), taken_at: at("01-01T10:00"), ..other.clone() };
        let all = [known("old", "01-01T10:00"), known("future", "12-24T10:00"), other, older];
        let last = Some(Keep { last: Some(1), ..Keep::NONE });
        assert_eq!(removed(&all, last), ["older"]);
        let verdicts = judge(&all, last, &BTreeMap::new(), at("11-21T12:00"));
        assert!(verdicts[0].why.starts_with("the clock is behind: future says 2026-12-24"));
    }

    #[test]
    fn rules_read_well() {
        let keep = Keep { seconds: Some(30 * DAY), last: Some(28), daily: Some(14) };
        assert_eq!(keep.to_string(), "30 days, the last 28, one of each of the last 14 days");
        assert_eq!(Keep::NONE.to_string(), "everything");
        assert_eq!([age(0), age(90), age(7_200)], ["0 seconds", "90 seconds", "2 hours"]);
        assert_eq!(ago(at("11-21T12:00"), at("11-21T12:00")), "just now");
        assert_eq!(ago(at("11-18T10:00"), at("11-21T12:00")), "3 days ago");
        assert_eq!(ago(at("11-21T11:59"), at("11-21T12:00")), "1 minute ago");
    }
}
