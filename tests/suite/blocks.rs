//! The fenced blocks of a page, for the tests that run them.

/// A block between lines of three backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// `yaml`, `console`, …
    pub(crate) language: String,
    pub(crate) text: String,
    /// Of its first line of text.
    pub(crate) line: usize,
}

impl Block {
    /// The file that its first line names in a comment: `# plans/a/plan.yaml`, `-- schema.sql`.
    pub(crate) fn file(&self) -> Option<&str> {
        let first = self.text.lines().next()?;
        let name = first.strip_prefix("# ").or_else(|| first.strip_prefix("-- "))?;
        (name.contains('.') && !name.contains(' ')).then_some(name)
    }

    /// The file that `# in FILE` names: the block takes the place of its keys there.
    pub(crate) fn part_of(&self) -> Option<&str> {
        self.text.lines().next()?.strip_prefix("# in ")
    }
}

pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut all = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => all.extend(open.take()),
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some(Block { language, text: String::new(), line: at + 2 });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block has no end");
    all
}

#[test]
fn blocks_know_their_language_place_and_file() {
    let found = blocks("text\n```yaml\n# plans/a/plan.yaml\na: 1\n```\n```console\n$ ls\n```\n");
    let told: Vec<_> = found.iter().map(|b| (b.language.as_str(), b.line, b.file())).collect();
    assert_eq!(told, [("yaml", 3, Some("plans/a/plan.yaml")), ("console", 7, None)]);
    assert_eq!(found[1].text, "$ ls\n");
}
