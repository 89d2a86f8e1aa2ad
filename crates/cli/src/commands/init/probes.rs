//! The values of a column, held against the encoders of PostgreSQL's types.

use engine_postgres::copy::Probe;
use engine_sqlite::evidence::{Judge, Tally};
use proposal::evidence::Column;
use proposal::{Fit, candidates};
use runtime::Value;

/// One probe for each type that the column may get.
struct Probes(Vec<(Tally, Probe)>);

pub(super) fn of(column: &Column) -> Box<dyn Judge> {
    let probe = |candidate: proposal::Candidate| {
        let probe = Probe::new(&candidate.type_name(), candidate.conversion())?;
        Some((Tally::new(candidate), probe))
    };
    Box::new(Probes(candidates(column).into_iter().filter_map(probe).collect()))
}

impl Judge for Probes {
    fn see(&mut self, rowid: Option<i64>, value: Value<'_>) {
        for (tally, probe) in self.0.iter_mut().filter(|(tally, _)| !tally.is_out()) {
            if let Err(reason) = probe.fits(value) {
                tally.misfit(rowid, || reason);
            }
        }
    }

    fn verdict(&self) -> Vec<Fit> {
        self.0.iter().map(|(tally, _)| tally.fit()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_a_proposal_is_asked() {
        for declared in ["TEXT", "DATETIME", "DECIMAL(10, 2)"] {
            let column = Column { declared: declared.to_owned(), ..Column::default() };
            assert_eq!(of(&column).verdict().len(), candidates(&column).len(), "{declared}");
        }
    }
}
