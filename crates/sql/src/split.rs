//! A text to its statements.

use std::ops::Range;

use diagnostics::{Diagnostic, SourceText, code};

use crate::scan::{Item, Open, Scanner, Unclosed};
use crate::{Dialect, Statement};

/// After so many open literals and comments the rest of a text says nothing; each search for an end
/// reads all of it.
const MOST_OPEN: usize = 20;

/// No longer than most statements: a text has fewer statements than that, and fewer than semicolons.
const SHORT: usize = 40;

/// Splits and classifies. A statement with an open quote or parenthesis is a finding and is left
/// out; the search goes on at the next line that begins with a statement.
pub fn split(text: &SourceText, dialect: Dialect) -> (Vec<Statement>, Vec<Diagnostic>) {
    let mut splitter = Splitter::new(text, dialect);
    splitter.run();
    (splitter.statements, splitter.findings)
}

struct Splitter<'a> {
    source: &'a SourceText,
    text: &'a str,
    dialect: Dialect,
    scanner: Scanner<'a>,
    statements: Vec<Statement>,
    findings: Vec<Diagnostic>,
    /// The first comment since the last statement, up to the last one.
    comments: Option<Range<usize>>,
    current: Current,
    /// Literals and comments found open.
    open: usize,
}

/// What is known of the statement that is being read.
#[derive(Default)]
struct Current {
    start: Option<usize>,
    /// End of its last item, so that trailing comments stay outside.
    end: usize,
    /// Its first words, in lower case.
    first: Vec<String>,
    last_word: String,
    copy_from_stdin: bool,
    /// Open parentheses, outermost first.
    parens: Vec<usize>,
    body: Body,
    last: Option<Item>,
}

/// Bodies in which a semicolon does not end the statement.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Body {
    #[default]
    None,
    /// SQLite's trigger body; it ends with `; END`, as in `sqlite3_complete`.
    Trigger,
    /// `BEGIN ATOMIC`: the number of `BEGIN` and `CASE` not yet closed by `END`, as in `psqlscan.l`.
    Atomic(u32),
}

impl<'a> Splitter<'a> {
    fn new(source: &'a SourceText, dialect: Dialect) -> Self {
        let text = source.text.as_str();
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            source,
            text,
            dialect,
            scanner: Scanner::new(text, start, dialect),
            statements: Vec::with_capacity(text.matches(';').count().min(text.len() / SHORT)),
            findings: Vec::new(),
            comments: None,
            current: Current::default(),
            open: 0,
        }
    }

    fn run(&mut self) {
        loop {
            match self.scanner.next() {
                Some(Ok((item, range))) => self.item(item, range),
                Some(Err(unclosed)) => self.recover(unclosed),
                None if self.current.start.is_some() => self.finish(self.text.len()),
                None => return,
            }
        }
    }

    fn item(&mut self, item: Item, range: Range<usize>) {
        match item {
            Item::Comment if self.current.start.is_none() => {
                let start = self.comments.as_ref().map_or(range.start, |all| all.start);
                self.comments = Some(start..range.end);
            }
            Item::Comment => {}
            Item::Symbol(b';') if self.ends_here() => self.finish(range.end),
            Item::Symbol(b'\\') if self.is_meta() => self.meta(range.start),
            _ => self.extend(item, range),
        }
    }

    fn extend(&mut self, item: Item, range: Range<usize>) {
        let current = &mut self.current;
        current.start.get_or_insert(range.start);
        current.end = range.end;
        match item {
            Item::Symbol(b'(') => current.parens.push(range.start),
            Item::Symbol(b')') if current.parens.pop().is_none() => return self.extra_paren(range),
            Item::Word => current.word(self.text[range].to_ascii_lowercase(), self.dialect),
            _ => {}
        }
        current.last = Some(item);
    }

    /// Inside parentheses a semicolon stands only in the actions of a rule; anywhere else a
    /// parenthesis was forgotten, and waiting for it would hide what follows.
    fn ends_here(&self) -> bool {
        let in_rule = self.current.creates(&["rule"]) && !self.current.parens.is_empty();
        self.current.body == Body::None && !in_rule
    }

    /// A backslash command stands between statements, also behind one on its line (psql's manual,
    /// "Meta-Commands").
    fn is_meta(&self) -> bool {
        self.dialect == Dialect::Postgres && self.current.start.is_none()
    }

    fn meta(&mut self, start: usize) {
        let end = self.scanner.line_end(start);
        let text = self.source.slice(start..start + self.text[start..end].trim_end().len());
        let statement = Statement::psql_meta(text, self.dialect);
        self.push(statement);
        self.scanner.seek(end);
    }

    /// The statement ends; `after` is the end of its semicolon.
    fn finish(&mut self, after: usize) {
        let current = std::mem::take(&mut self.current);
        let Some(start) = current.start else { return };
        if let Some(&open) = current.parens.first() {
            return self.open_paren(start, open, after);
        }
        if current.body != Body::None {
            return self.open_body(start..after);
        }
        if current.copy_from_stdin {
            return self.copy(start, after);
        }
        let text = self.source.slice(start..current.end);
        let statement = Statement::new(text, self.dialect, None);
        self.push(statement);
    }

    /// `COPY … FROM stdin;` is followed by its data, up to a line `\.`.
    fn copy(&mut self, start: usize, after: usize) {
        let data = (self.scanner.line_end(after) + 1).min(self.text.len());
        let mut end = data;
        for line in self.text[data..].split_inclusive('\n') {
            if line.trim_end() == "\\." {
                let text = self.source.slice(start..end + 2);
                let data = data - start..end + 2 - start;
                let statement = Statement::new(text, self.dialect, Some(data));
                self.push(statement);
                return self.scanner.seek(end + line.len());
            }
            end += line.len();
        }
        self.findings.push(
            Diagnostic::new(&code::SQL_SYNTAX, "the data of `COPY … FROM stdin` has no end")
                .label(self.source.span_of(start..after), "the data of this command")
                .help("end the data with a line `\\.`"),
        );
        self.comments = None;
        self.scanner.seek(self.text.len());
    }

    fn push(&mut self, mut statement: Statement) {
        statement.comments = self.comments.take().map(|range| self.source.slice(range));
        self.statements.push(statement);
    }

    fn open_paren(&mut self, start: usize, open: usize, after: usize) {
        self.comments = None;
        self.findings.push(
            Diagnostic::new(&code::SQL_SYNTAX, "a parenthesis is not closed in its statement")
                .label(self.source.span_of(open..open + 1), "opened here"),
        );
        // Only a rule reads on to the end of the text; what follows it is looked for from its start.
        self.scanner.seek(after.min(next_start(self.text, start)));
    }

    /// The text ended inside a body.
    fn open_body(&mut self, all: Range<usize>) {
        self.comments = None;
        let next = next_start(self.text, all.start);
        self.findings.push(
            Diagnostic::new(&code::SQL_SYNTAX, "the body of the statement has no `END`")
                .label(self.source.span_of(all.start..next.min(all.end)), "this statement")
                .help("close the body with `END;`"),
        );
        self.scanner.seek(next);
    }

    /// Nothing after the parenthesis can be told apart, so the statement is passed over.
    fn extra_paren(&mut self, range: Range<usize>) {
        self.comments = None;
        self.findings.push(
            Diagnostic::new(&code::SQL_SYNTAX, "a parenthesis closes none")
                .label(self.source.span_of(range.clone()), "nothing is open here"),
        );
        self.current = Current::default();
        self.scanner.seek(next_start(self.text, range.end));
    }

    /// An open quote turns all text after it inside out, so the place where the scanner noticed it
    /// says nothing. The statement is cut before the next line that begins one: if the quote is
    /// open in that part too, it is the one, and the search goes on behind it.
    fn recover(&mut self, noticed: Unclosed) {
        let from = self.current.start.unwrap_or(noticed.start);
        let (open, cut) = self.culprit(from).unwrap_or((noticed, self.text.len()));
        self.findings.push(self.unclosed(open));
        self.open += 1;
        self.comments = None;
        self.current = Current::default();
        if self.open < MOST_OPEN {
            return self.scanner.seek(cut);
        }
        if cut < self.text.len() {
            let finding = Diagnostic::new(&code::SQL_SYNTAX, "the rest of the text is not read")
                .label(self.source.span_of(cut..cut + 1), "from here")
                .help(format!("close the {MOST_OPEN} literals and comments before it first"));
            self.findings.push(finding);
        }
        self.scanner.seek(self.text.len());
    }

    /// The first literal or comment that is still open at a cut, and the cut. One that is
    /// dollar-quoted and does close was only cut by a line in it that looks like a statement. (A
    /// single quote always finds another one, so of it nothing can be said.)
    fn culprit(&self, from: usize) -> Option<(Unclosed, usize)> {
        let mut cut = next_start(self.text, from);
        let mut scanner = Scanner::new(self.text, from, self.dialect);
        while cut < self.text.len() {
            let (range, closes) = match scanner.next()? {
                Ok((_, range)) => (range, true),
                Err(open) => (open.start..self.text.len(), false),
            };
            while cut <= range.start {
                cut = next_start(self.text, cut);
            }
            let is_body = closes && self.text.as_bytes()[range.start] == b'$';
            while is_body && cut < range.end {
                cut = next_start(self.text, cut);
            }
            if cut < range.end {
                let part = &self.text[..cut];
                return Some((first_open(part, range.start, self.dialect)?, cut));
            }
        }
        None
    }

    fn unclosed(&self, open: Unclosed) -> Diagnostic {
        let end = open.start + self.text[open.start..].chars().next().map_or(1, char::len_utf8);
        let (what, help) = match open.what {
            Open::Quote('\'') => ("a string", "close it with `'`; a quote inside is written twice"),
            Open::Quote(_) => ("a quoted name", "close it; a quote inside is written twice"),
            Open::Dollar => ("a dollar-quoted text", "close it with the same `$tag$`"),
            Open::Comment => ("a comment", "close it with `*/`; comments nest in PostgreSQL"),
        };
        Diagnostic::new(&code::SQL_SYNTAX, format!("{what} is not closed"))
            .label(self.source.span_of(open.start..end), "opened here")
            .help(help)
    }
}

impl Current {
    fn word(&mut self, word: String, dialect: Dialect) {
        if self.first.len() < 6 {
            self.first.push(word.clone());
        }
        self.body = match (self.body, word.as_str(), dialect) {
            (Body::None, "begin", Dialect::Sqlite) if self.creates(&["trigger"]) => Body::Trigger,
            (Body::Trigger, "end", _) if self.last == Some(Item::Symbol(b';')) => Body::None,
            (Body::None, "atomic", Dialect::Postgres)
                if self.last_word == "begin" && self.creates(&["function", "procedure"]) =>
            {
                Body::Atomic(1)
            }
            (Body::Atomic(open), "begin" | "case", _) => Body::Atomic(open + 1),
            (Body::Atomic(1), "end", _) => Body::None,
            (Body::Atomic(open), "end", _) => Body::Atomic(open - 1),
            (body, ..) => body,
        };
        let copies = self.first[0] == "copy" && dialect == Dialect::Postgres;
        self.copy_from_stdin |= copies && word == "stdin" && self.last_word == "from";
        self.last_word = word;
    }

    /// Whether it begins `CREATE [OR REPLACE] [TEMP] …` with one of the words.
    fn creates(&self, words: &[&str]) -> bool {
        let modifiers = ["or", "replace", "temp", "temporary"];
        let mut first = self.first.iter().map(String::as_str);
        first.next() == Some("create")
            && first
                .find(|word| !modifiers.contains(word))
                .is_some_and(|word| words.contains(&word))
    }
}

/// The first literal or comment that is still open at the end of the text.
fn first_open(text: &str, from: usize, dialect: Dialect) -> Option<Unclosed> {
    let mut scanner = Scanner::new(text, from, dialect);
    loop {
        match scanner.next()? {
            Ok(_) => {}
            Err(open) => return Some(open),
        }
    }
}

/// Where the next statement seems to begin: a line with one of the usual first words, after a line
/// that ends with a semicolon (comments and empty lines between them), past `from`.
fn next_start(text: &str, from: usize) -> usize {
    const FIRST: [&str; 14] = [
        "alter", "begin", "comment", "commit", "copy", "create", "delete", "drop", "grant",
        "insert", "revoke", "select", "set", "update",
    ];
    let (mut at, mut after_end) = (from, false);
    for line in text[from..].split_inclusive('\n') {
        let word = line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        let starts = FIRST.contains(&word.to_ascii_lowercase().as_str());
        if at > from && after_end && starts {
            return at;
        }
        let line_text = line.trim();
        if !line_text.is_empty() && !line_text.starts_with("--") {
            after_end = line_text.ends_with(';');
        }
        at += line.len();
    }
    text.len()
}
