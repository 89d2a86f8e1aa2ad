//! The loop: a command fails and dies at its points, and what `status` says is typed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use testkit::{Finished, Program};

use super::points;

/// What the command that fails is there for: which cases end it, and what may be typed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// `run`, and a `resume` of one that died.
    Promoted,
    /// `rollback`
    Restored,
    /// `abort`
    Removed,
    /// `accept`
    Accepted,
}

/// A plan, its target as an independent program sees it, and the means to put it back.
pub(super) struct Bench<'a> {
    pub(super) name: &'a str,
    pub(super) program: Program,
    pub(super) folder: &'a Path,
    /// The state "before".
    pub(super) reset: &'a dyn Fn(),
    pub(super) state: &'a dyn Fn() -> String,
    /// What a run builds in; empty where nothing is left of any.
    pub(super) left: &'a dyn Fn() -> String,
    /// The command that fails or dies, on the state that `reset` makes.
    pub(super) command: &'a [&'a str],
    pub(super) goal: Goal,
}

#[derive(Default)]
struct Tally {
    tries: u64,
    before: u64,
    after: u64,
    cases: BTreeMap<String, u64>,
    points: BTreeSet<String>,
}

/// What the states are called: a rollback goes from "after" to "before".
struct States {
    start: String,
    end: String,
    /// What a resume leads to where an abort was asked for.
    other: Option<String>,
}

impl Bench<'_> {
    fn run(&self, args: &[&str]) -> Finished {
        self.program.run(self.folder, args)
    }

    /// The target, and for commands that change only what lies beside it, that too.
    fn found(&self) -> String {
        match self.goal {
            Goal::Promoted | Goal::Restored | Goal::Accepted => (self.state)(),
            Goal::Removed => {
                // Its name has the run's id, which differs from try to try.
                let left = if (self.left)().is_empty() { "nothing" } else { "something" };
                format!("{}{left} is beside it", (self.state)())
            }
        }
    }

    fn states(&self) -> States {
        (self.reset)();
        let start = self.found();
        self.run(self.command).expect(0);
        let end = self.found();
        assert_ne!(start, end, "{}: the command changes nothing", self.name);
        let other = (self.goal == Goal::Removed).then(|| {
            (self.reset)();
            self.run(&["resume", "plan.yaml"]).expect(0);
            self.found()
        });
        States { start, end, other }
    }

    pub(super) fn go(&self) {
        let states = self.states();
        (self.reset)();
        let points = points::count(&self.program, self.folder, self.command);
        assert!(points > 5, "{}: {points} points", self.name);
        for mode in ["fail", "kill"] {
            let mut tally = Tally::default();
            points::each(points, |number| {
                self.attempt(&format!("{mode}:{number}"), number, &states, &mut tally)
            });
            println!(
                "{} {mode}: {points} points, {} tried ({} kinds), {} before, {} after, 0 between; cases {:?}",
                self.name,
                tally.tries,
                tally.points.len(),
                tally.before,
                tally.after,
                tally.cases
            );
            assert!(tally.before > 0, "{} {mode} never stopped the command", self.name);
            assert!(tally.after > 0, "{} {mode} never reached the end", self.name);
        }
    }

    /// Whether the command had changed the target when it stopped; `None` where the fault was not
    /// reached.
    fn attempt(
        &self,
        fault: &str,
        number: u64,
        states: &States,
        tally: &mut Tally,
    ) -> Option<bool> {
        (self.reset)();
        let sources = testkit::states(&self.folder.join("data"));
        let (done, hit) = points::with_fault(&self.program, self.folder, self.command, fault);
        let Some(point) = hit else {
            done.expect(0);
            return None;
        };
        let what = format!("{} {fault} at `{point}`", self.name);
        let found = self.found();
        let at_end = found == states.end;
        assert!(at_end || found == states.start, "{what} left\n{found}\n{}", done.stderr);
        self.exit_tells(&done, at_end, &what);
        tally.tries += 1;
        tally.points.insert(point);
        *(if at_end { &mut tally.after } else { &mut tally.before }) += 1;
        let case = self.recover(number, at_end, states, &what);
        *tally.cases.entry(case).or_default() += 1;
        let found = self.found();
        let is_end = found == states.end || states.other.as_ref() == Some(&found);
        assert!(is_end, "{what}: recovery leads elsewhere\n{found}");
        assert_eq!((self.left)(), "", "{what}: something is left");
        assert_eq!(sources, testkit::states(&self.folder.join("data")), "{what}: L1");
        self.all_closed(&what);
        Some(at_end)
    }

    /// What the exit code says about the target is true.
    fn exit_tells(&self, done: &Finished, at_end: bool, what: &str) {
        match done.code {
            Some(0) => assert!(at_end, "{what}: exit 0\n{}", done.stderr),
            Some(1 | 2 | 3 | 4 | 6) => {
                assert!(!at_end, "{what}: exit {:?}\n{}", done.code, done.stderr);
            }
            Some(5) | None => {}
            Some(other) => panic!("{what}: exit {other}\n{}", done.stderr),
        }
    }

    /// Types what `status` says until the run has ended well; gives the first case.
    fn recover(&self, number: u64, at_end: bool, states: &States, what: &str) -> String {
        let mut first = None;
        for round in 0..5 {
            let status = self.run(&["status", "plan.yaml", "--format", "json"]);
            let json: Value = serde_json::from_str(&status.stdout)
                .unwrap_or_else(|error| panic!("{what}: {error}\n{}", status.stderr));
            let case = json["run"]["case"].as_str().unwrap_or("no-run").to_owned();
            if round == 0 {
                self.names_the_state(&case, at_end, what);
            }
            first.get_or_insert(case.clone());
            if self.is_over(&case, states) {
                break;
            }
            let command = self.command_for(&case, number, &json);
            let done = self.run(&command.split(' ').collect::<Vec<_>>());
            assert_eq!(
                done.code,
                Some(0),
                "{what}: `{command}` in case {case}\n{}\n{}",
                done.stdout,
                done.stderr
            );
        }
        first.unwrap_or_default()
    }

    fn is_over(&self, case: &str, states: &States) -> bool {
        let found = self.found();
        let there = found == states.end;
        match self.goal {
            Goal::Promoted => there && ["decide", "decide-first"].contains(&case),
            Goal::Restored => there && case == "rolled-back",
            Goal::Accepted => there && case == "accepted",
            Goal::Removed if there => ["taken-back", "nothing-happened"].contains(&case),
            Goal::Removed => states.other.as_ref() == Some(&found) && case.starts_with("decide"),
        }
    }

    /// The case against what psql or sqlite3 saw.
    fn names_the_state(&self, case: &str, at_end: bool, what: &str) {
        let promoted = [
            "decide",
            "decide-first",
            "finish-promote",
            "finish-accept",
            "accepted",
            "accepted-kept",
            "kept-lost",
        ]
        .contains(&case);
        let says = format!("{what}: `status` says {case}");
        match self.goal {
            Goal::Promoted => assert_eq!(promoted, at_end, "{says}"),
            Goal::Restored => assert!(!at_end || !promoted, "{says}"),
            Goal::Removed => assert!(!promoted, "{says}"),
            Goal::Accepted => assert!(promoted, "{says}"),
        }
    }

    /// A command that `status` names; where there are two, both get their turn.
    fn command_for(&self, case: &str, number: u64, status: &Value) -> String {
        let said = status["run"]["next_actions"].to_string();
        let offers = |command: &str| said.contains(&format!("`cutover {command} "));
        let aborts = number.is_multiple_of(2) || !offers("resume");
        let command = match (self.goal, case) {
            (Goal::Promoted, "no-run" | "nothing-happened" | "taken-back") => {
                return "run plan.yaml --yes".to_owned();
            }
            (Goal::Restored, _) => "rollback plan.yaml --yes",
            (Goal::Accepted, _) => "accept plan.yaml --yes --remove-kept",
            (Goal::Promoted | Goal::Removed, _) if offers("abort") && aborts => "abort plan.yaml",
            (Goal::Promoted | Goal::Removed, _) => "resume plan.yaml",
        };
        let there = self.found();
        let offered = offers(command.split(' ').next().unwrap());
        assert!(offered, "{}: {case} does not offer `{command}`: {said}\n{there}", self.name);
        command.to_owned()
    }

    fn all_closed(&self, what: &str) {
        let runs = std::fs::read_dir(self.folder.join(".cutover/runs")).unwrap();
        for run in runs.map(|run| run.unwrap().path()) {
            // A process that died before its first record has nothing to close.
            let Ok(text) = std::fs::read_to_string(run.join("journal.jsonl")) else { continue };
            let last = text.lines().last().unwrap_or("\"kind\":\"closed\"");
            assert!(last.contains("\"kind\":\"closed\""), "{what}: {} is open", run.display());
        }
    }
}
