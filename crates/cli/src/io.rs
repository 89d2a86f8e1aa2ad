//! Where the program writes and what it knows about the other side. Data goes to `out`, everything
//! else to `err`. A reader that went away (`cutover codes | head`) ends the program quietly.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

type Stream = Arc<Mutex<Box<dyn Write + Send>>>;

/// The streams of one call, and what may be drawn on them. Clones write to the same streams.
#[derive(Clone)]
pub struct Io {
    out: Stream,
    err: Stream,
    pub terminal: Terminal,
    /// The streams are the process's own: bars may be drawn and signals may be caught.
    pub(crate) process: bool,
}

/// Facts about the terminal, found once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    /// Columns; where there is no terminal a width that reads well in logs.
    pub width: usize,
    /// Texts are made with colours; [`Io`] takes them out of what goes to a file.
    pub colour: bool,
    /// Which of the streams take them: one is often a file while the other is a terminal.
    pub colour_out: bool,
    pub colour_err: bool,
    /// Box drawing characters may be used.
    pub unicode: bool,
    /// Pictures in text may be used; screen readers want sentences instead.
    pub graphics: bool,
}

impl Terminal {
    /// No terminal at all: plain text, 100 columns.
    pub const NONE: Terminal = Terminal {
        stdin: false,
        stdout: false,
        stderr: false,
        width: 100,
        colour: false,
        colour_out: false,
        colour_err: false,
        unicode: true,
        graphics: true,
    };

    /// For texts that are wrapped where stdout is a terminal, but go to stderr.
    pub(crate) fn of_stderr(self) -> Self {
        Terminal { stdout: self.stderr, ..self }
    }

    fn of_process() -> Self {
        let (stdin, stdout, stderr) =
            (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal());
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let colour = !dumb && variable("NO_COLOR").is_none();
        Terminal {
            stdin,
            stdout,
            stderr,
            width: width(stdout || stderr),
            colour: (stdout || stderr) && colour,
            colour_err: stderr && colour,
            colour_out: stdout && colour,
            unicode: !dumb && locale_is_utf8(),
            graphics: !dumb && variable("NO_GRAPHICS").is_none(),
        }
    }
}

/// The value of a variable that is set and not empty, as NO_COLOR asks for.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The first of the three variables that is set decides (POSIX, "Environment Variables", 8.2);
/// where none is, UTF-8 is what nearly every log viewer expects.
fn locale_is_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name));
    locale.is_none_or(|name| {
        let name = name.to_lowercase();
        name.contains("utf-8") || name.contains("utf8")
    })
}

fn width(terminal: bool) -> usize {
    let set = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let found = || {
        terminal_size::terminal_size_of(io::stderr())
            .or_else(|| terminal_size::terminal_size_of(io::stdout()))
            .map(|(width, _)| usize::from(width.0))
    };
    let width = if terminal { set.or_else(found).unwrap_or(80) } else { Terminal::NONE.width };
    width.clamp(40, 120)
}

impl Io {
    /// The process's own streams.
    pub fn process() -> Self {
        Self {
            out: shared(io::stdout()),
            err: shared(io::stderr()),
            terminal: Terminal::of_process(),
            process: true,
        }
    }

    /// Any two streams, without a terminal.
    pub fn streams(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self { out: shared(out), err: shared(err), terminal: Terminal::NONE, process: false }
    }

    /// Writes data.
    ///
    /// # Errors
    /// Whatever the stream says, a broken pipe too.
    pub fn out(&self, text: &str) -> io::Result<()> {
        write(&self.out, &coloured(text, self.terminal.colour_out))
    }

    /// Writes bytes that must arrive exactly as they are (a compiled plan).
    ///
    /// # Errors
    /// Whatever the stream says, a broken pipe too.
    pub fn out_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(bytes)?;
        out.flush()
    }

    /// Writes what is for a person. Nothing can be done where even this fails, and a run must not
    /// end because nobody reads its progress.
    pub fn err(&self, text: &str) {
        if write(&self.err, &coloured(text, self.terminal.colour_err)).is_err() {
            // Deliberate: see above.
        }
    }
}

fn shared(stream: impl Write + Send + 'static) -> Stream {
    Arc::new(Mutex::new(Box::new(stream)))
}

/// The text as it is, or without its colours (SGR sequences, ECMA-48, 8.3.117).
fn coloured(text: &str, colour: bool) -> Cow<'_, str> {
    if colour || !text.contains("\x1b[") {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    Cow::Owned(parts.fold(first, |mut out, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match rest.strip_prefix('m') {
            Some(rest) => out.push_str(rest),
            // Not a colour: whatever it is, it is part of the text.
            None => out.extend(["\x1b[", part]),
        }
        out
    }))
}

fn write(stream: &Stream, text: &str) -> io::Result<()> {
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::coloured;

    #[test]
    fn only_colours_are_taken_out() {
        assert_eq!(coloured("\x1b[31;1merror\x1b[0m: a \x1b[2J b", false), "error: a \x1b[2J b");
        assert_eq!(coloured("\x1b[2mdim\x1b[0m", true), "\x1b[2mdim\x1b[0m");
    }
}
