//! The list of findings of one plan. Bounded, because its text may be anything: a file of a million
//! mistakes is read in the time of a thousand.

use diagnostics::{Diagnostic, plural};

const MOST: usize = 1000;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    /// How many came after the list was full.
    dropped: usize,
}

impl Findings {
    pub(crate) fn push(&mut self, finding: Diagnostic) {
        if self.list.len() < MOST {
            self.list.push(finding);
        } else {
            self.dropped += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// In the order of their places. The last one says how many are missing.
    pub(crate) fn sorted(self) -> Vec<Diagnostic> {
        let mut list = self.list;
        diagnostics::sort(&mut list);
        if let (true, Some(last)) = (self.dropped > 0, list.last_mut()) {
            last.notes.push(format!("{} are not listed", plural(self.dropped, "more finding")));
        }
        list
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use diagnostics::code;

    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let mut findings = Findings::default();
        for nth in 0..MOST + 2 {
            findings.push(Diagnostic::new(&code::UNKNOWN_KEY, format!("finding {nth:04}")));
        }
        let list = findings.sorted();
        assert_eq!(list.len(), MOST);
        assert_eq!(list[MOST - 1].notes, ["2 more findings are not listed"]);
    }
}
