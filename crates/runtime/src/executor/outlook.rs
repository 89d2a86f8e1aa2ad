//! How long a run still takes, from the estimated cost of its steps and the time that those which are
//! done took. Pure: no clock.

use std::time::Duration;

/// Before that an estimate would jump about.
const EARLIEST: Duration = Duration::from_secs(2);
/// Of the whole cost, in parts of a hundred.
const LEAST_DONE: u64 = 3;

#[derive(Clone, Debug)]
pub(super) struct Outlook {
    /// When the work began.
    since: Duration,
    /// Per step, nothing for those that were done then.
    weights: Vec<u64>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Progress {
    Done,
    /// From 0 to 1.
    Running(f64),
    Waiting,
}

impl Outlook {
    pub(super) fn new(
        since: Duration,
        weights: Vec<u64>,
        was_done: impl Fn(usize) -> bool,
    ) -> Self {
        let weight = |(at, weight): (usize, u64)| if was_done(at) { 0 } else { weight };
        Self { since, weights: weights.into_iter().enumerate().map(weight).collect() }
    }

    /// `None` while too little is done to say.
    pub(super) fn left(
        &self,
        now: Duration,
        progress: impl Fn(usize) -> Progress,
    ) -> Option<Duration> {
        let took = now.checked_sub(self.since).filter(|took| *took >= EARLIEST)?;
        let share = |(at, weight): (usize, &u64)| match progress(at) {
            Progress::Done => *weight as f64,
            Progress::Running(share) => *weight as f64 * share.clamp(0.0, 1.0),
            Progress::Waiting => 0.0,
        };
        let done: f64 = self.weights.iter().enumerate().map(share).sum();
        let all = self.weights.iter().sum::<u64>() as f64;
        let enough = done * 100.0 >= all * LEAST_DONE as f64 && done > 0.0;
        enough.then(|| took.mul_f64((all - done).max(0.0) / done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_left_follows_from_the_cost_that_is_left() {
        let outlook = Outlook::new(10 * SECOND, vec![1_000, 100, 100, 200], |at| at == 0);
        let halfway = |at: usize| match at {
            1 => Progress::Done,
            2 => Progress::Waiting,
            _ => Progress::Running(0.5),
        };
        // What was done before counts on neither side: 200 of 400 took 6 s.
        assert_eq!(outlook.left(16 * SECOND, halfway), Some(6 * SECOND));
        assert_eq!(outlook.left(16 * SECOND, |_| Progress::Done), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_is_said_too_early() {
        let outlook = Outlook::new(SECOND, vec![1_000, 10], |_| false);
        let little = |at| if at == 1 { Progress::Done } else { Progress::Waiting };
        assert_eq!(outlook.left(20 * SECOND, little), None);
        assert_eq!(outlook.left(2 * SECOND, |_| Progress::Done), None);
        assert_eq!(Outlook::new(SECOND, vec![0], |_| true).left(9 * SECOND, little), None);
    }
}
