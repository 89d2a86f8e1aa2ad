//! The few styles there are; none where there is no terminal or NO_COLOR is set.

use crate::io::Terminal;

pub(crate) fn bold(text: &str, terminal: Terminal) -> String {
    styled(text, "1", terminal)
}

pub(crate) fn green(text: &str, terminal: Terminal) -> String {
    styled(text, "32", terminal)
}

pub(crate) fn red(text: &str, terminal: Terminal) -> String {
    styled(text, "31;1", terminal)
}

pub(crate) fn yellow(text: &str, terminal: Terminal) -> String {
    styled(text, "33", terminal)
}

pub(crate) fn dim(text: &str, terminal: Terminal) -> String {
    styled(text, "2", terminal)
}

/// SGR sequences (ECMA-48, 8.3.117).
fn styled(text: &str, sgr: &str, terminal: Terminal) -> String {
    if terminal.colour { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
}
