//! Retention on the command line.

use backup::Keep;
use diagnostics::code;

use crate::failure::Failure;

const UNITS: [(char, u64); 4] = [('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

/// `30d`, `12h` in seconds.
pub(super) fn seconds(text: &str) -> Result<u64, Failure> {
    let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(*unit)?, size)));
    let parsed = unit.and_then(|(number, size)| number.parse::<u64>().ok()?.checked_mul(*size));
    parsed.ok_or_else(|| {
        let message = format!("`{text}` is no length of time");
        Failure::usage(&code::USAGE, message, "write a number with its unit: `30d`, `12h`, `4w`")
    })
}

/// The rules of `--keep`, `--keep-last` and `--keep-daily`; `None` where none is given.
pub(super) fn rules(
    keep: Option<&String>,
    last: Option<u32>,
    daily: Option<u32>,
) -> Result<Option<Keep>, Failure> {
    let seconds = keep.map(|keep| seconds(keep)).transpose()?;
    let rules = Keep { seconds, last, daily };
    Ok((rules != Keep::NONE).then_some(rules))
}
