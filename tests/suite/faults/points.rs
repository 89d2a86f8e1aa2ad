//! The points of a command, and one of them hit.

use std::path::Path;

use testkit::{Finished, Program, Seeded};

/// How many points of a loop are tried where nobody asks for more.
const SAMPLE: u64 = 3;

/// Runs the command with one fault; the point that it hit, if it was reached.
pub(super) fn with_fault(
    program: &Program,
    folder: &Path,
    command: &[&str],
    fault: &str,
) -> (Finished, Option<String>) {
    // The program may write there and, confined as it is, in few other places.
    let state = folder.join(".cutover");
    std::fs::create_dir_all(&state).unwrap();
    let file = state.join("fault");
    let armed = program
        .clone()
        .env("CUTOVER_FAULT", fault)
        .env("CUTOVER_FAULT_FILE", &file.to_string_lossy());
    let done = armed.run(folder, command);
    let hit = std::fs::read_to_string(&file).ok();
    drop(std::fs::remove_file(&file));
    let hit = hit.map(|text| text.trim_end().to_owned()).filter(|text| !text.is_empty());
    (done, hit)
}

/// What the command passes, in its order.
pub(super) fn names(program: &Program, folder: &Path, command: &[&str]) -> Vec<String> {
    let (done, listed) = with_fault(program, folder, command, "count:0");
    done.expect(0);
    listed.unwrap_or_default().lines().map(str::to_owned).collect()
}

pub(super) fn count(program: &Program, folder: &Path, command: &[&str]) -> u64 {
    names(program, folder, command).len() as u64
}

/// Tries the points that are asked for, and then others until one stopped the command before the
/// change and one after it: what the first ones fail may be of no consequence, and where threads race
/// the last ones that were counted are not always passed. The attempt says whether the change was
/// there, and nothing where its point was not passed.
pub(super) fn each(points: u64, mut attempt: impl FnMut(u64) -> Option<bool>) {
    let (mut before, mut after) = (false, false);
    let mut one = |number: u64, before: &mut bool, after: &mut bool| match attempt(number) {
        Some(true) => *after = true,
        Some(false) => *before = true,
        None => {}
    };
    for number in Numbers::asked_for().of(points) {
        one(number, &mut before, &mut after);
    }
    for number in (1..points).take(60) {
        if !before {
            one(number, &mut before, &mut after);
        }
    }
    for number in (1..points).rev().take(60) {
        if !after {
            one(number, &mut before, &mut after);
        }
    }
}

/// Which points are tried: `FAULTS=all`, `FAULTS=every:9`, else a seeded sample.
enum Numbers {
    All,
    Every(usize),
    Sample,
}

impl Numbers {
    fn asked_for() -> Numbers {
        match std::env::var("FAULTS").ok().as_deref() {
            None => Numbers::Sample,
            Some("all") => Numbers::All,
            Some(text) => {
                let step = text.strip_prefix("every:").and_then(|step| step.parse().ok());
                Numbers::Every(step.unwrap_or(1))
            }
        }
    }

    /// The numbers to be tried, of so many points.
    fn of(&self, points: u64) -> Vec<u64> {
        // The loop must stop the command and reach "after".
        let ends = [1, points];
        match self {
            // For the same reason some more than were counted.
            Numbers::All => (1..points + 20).collect(),
            Numbers::Every(step) => (1..=points).step_by(*step).chain(ends).collect(),
            Numbers::Sample => {
                let mut random = Seeded::new(crate::kills::seed() ^ points);
                (0..SAMPLE).map(|_| random.below(points) + 1).chain(ends).collect()
            }
        }
    }
}
