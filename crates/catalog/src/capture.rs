//! A captured schema as text: blocks in an order in which an empty database takes them, each under
//! the name of its object, below a header that says what the file is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::ObjectKey;

/// One object with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its place among the kinds; within a kind the key decides.
    pub rank: u8,
    pub key: ObjectKey,
    /// Sentences for the reader, each on a line of its own.
    pub notes: Vec<String>,
    /// Without the semicolon.
    pub statements: Vec<String>,
}

impl Block {
    pub fn new(rank: u8, key: &ObjectKey) -> Self {
        Self { rank, key: key.clone(), notes: Vec::new(), statements: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, statement: impl Into<String>) -> Self {
        self.statements.push(statement.into());
        self
    }
}

/// What stands at the head of a captured file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Lines of the comment, without `--`.
    pub lines: Vec<String>,
    /// Settings under which the rest is read, without the semicolon.
    pub settings: Vec<String>,
}

/// What [`arrange`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Indexes of the blocks, what is needed before what needs it.
    pub order: Vec<usize>,
    /// Blocks that need each other, so that no order is right for all of them.
    pub circular: BTreeSet<usize>,
}

/// Sorts blocks by rank and key, and pulls what a block needs to the place just before it, so that
/// a new object moves no other one. `needs[i]` lists what block `i` needs.
pub fn arrange(blocks: &[Block], needs: &[Vec<usize>]) -> Order {
    let mut sorted: Vec<usize> = (0..blocks.len()).collect();
    let place = |at: &usize| (blocks[*at].rank, &blocks[*at].key);
    sorted.sort_by(|a, b| place(a).cmp(&place(b)));
    let mut walk = Walk {
        needs: needs
            .iter()
            .map(|needed| {
                let mut needed = needed.clone();
                needed.sort_by(|a, b| place(a).cmp(&place(b)));
                needed.dedup();
                needed
            })
            .collect(),
        state: vec![State::New; blocks.len()],
        found: Order { order: Vec::with_capacity(blocks.len()), circular: BTreeSet::new() },
    };
    for at in sorted {
        walk.visit(at);
    }
    walk.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk {
    needs: Vec<Vec<usize>>,
    state: Vec<State>,
    found: Order,
}

impl Walk {
    /// Depth first, with a stack of its own: a chain of views may be longer than ours.
    fn visit(&mut self, start: usize) {
        let mut open = vec![(start, 0)];
        while let Some((at, next)) = open.pop() {
            if next == 0 {
                if self.state[at] != State::New {
                    continue;
                }
                self.state[at] = State::Open;
            }
            let Some(&needed) = self.needs[at].get(next) else {
                self.state[at] = State::Done;
                self.found.order.push(at);
                continue;
            };
            open.push((at, next + 1));
            match self.state[needed] {
                State::New => open.push((needed, 0)),
                State::Open if needed != at => self.close_circle(&open, needed),
                State::Open | State::Done => {}
            }
        }
    }

    fn close_circle(&mut self, open: &[(usize, usize)], first: usize) {
        let from = open.iter().position(|(at, _)| *at == first).unwrap_or(0);
        self.found.circular.extend(open[from..].iter().map(|(at, _)| *at));
    }
}

/// The file.
pub fn write(header: &Header, blocks: &[Block], order: &[usize]) -> String {
    let mut out = String::new();
    for line in &header.lines {
        comment(&mut out, line);
    }
    if !header.settings.is_empty() {
        out.push('\n');
    }
    for setting in &header.settings {
        let _ = writeln!(out, "{setting};");
    }
    for &at in order {
        let block = &blocks[at];
        out.push('\n');
        comment(&mut out, &block.key.to_string());
        for note in &block.notes {
            comment(&mut out, note);
        }
        for statement in &block.statements {
            let _ = writeln!(out, "{statement};");
        }
    }
    out
}

/// Every line of the text as a comment: a name with a line break in it must not end one.
fn comment(out: &mut String, text: &str) {
    for line in text.trim_end().split(['\n', '\r']) {
        let _ = writeln!(out, "{}", format!("-- {line}").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn block(rank: u8, name: &str) -> Block {
        let key = ObjectKey::new(Kind::Table, name);
        Block::new(rank, &key).with(format!("create {name}"))
    }

    #[test]
    fn what_is_needed_comes_just_before_and_nothing_else_moves() {
        let blocks = [block(1, "b"), block(1, "a"), block(2, "f"), block(1, "c"), block(2, "e")];
        let needs = [vec![2], vec![], vec![], vec![], vec![]];
        let order = arrange(&blocks, &needs);
        let names: Vec<_> = order.order.iter().map(|&at| blocks[at].key.name.as_str()).collect();
        assert_eq!(names, ["a", "f", "b", "c", "e"]);
        assert!(order.circular.is_empty());
    }

    #[test]
    fn circles_are_told_and_nothing_is_lost() {
        let blocks = [block(1, "a"), block(1, "b"), block(1, "c")];
        let order = arrange(&blocks, &[vec![1], vec![0], vec![2]]);
        assert_eq!(order.order.len(), 3);
        assert_eq!(order.circular, BTreeSet::from([0, 1]));
    }

    #[test]
    fn a_line_break_in_a_name_stays_in_its_comment() {
        let header = Header { lines: vec!["head".into()], settings: vec!["set a = 1".into()] };
        let blocks = [block(1, "x\ndrop table y")];
        let text = write(&header, &blocks, &[0]);
        assert!(text.starts_with("-- head\n\nset a = 1;\n\n-- table x\n-- drop table y\ncreate "));
    }
}
