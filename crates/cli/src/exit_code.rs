//! What the program's exit code says. Scripts rely on these numbers; none is ever given another
//! meaning. The difference between 4 and 5 is the one that an operator needs at night.

/// Done: what was asked for holds or was carried out.
pub const DONE: u8 = 0;
/// Findings at error level; nothing was touched.
pub const FINDINGS: u8 = 1;
/// The command line is wrong, or a confirmation is missing; nothing was touched.
pub const USAGE: u8 = 2;
/// The live schema differs from its baseline, one schema from another, or the data from its source;
/// nothing was touched.
pub const DRIFT: u8 = 3;
/// The run failed and was taken back: the target is as it was.
pub const ROLLED_BACK: u8 = 4;
/// The run stopped in a state that a person must look at: `cutover status` says what to do.
pub const RECOVERY_REQUIRED: u8 = 5;
/// Another run holds the target; nothing was touched.
pub const HELD: u8 = 6;
/// A defect of this program.
pub const INTERNAL: u8 = 70;

/// Every code with its meaning, for the help text and the reference.
pub const ALL: [(u8, &str); 8] = [
    (DONE, "done"),
    (FINDINGS, "findings; nothing was touched"),
    (USAGE, "wrong usage, or not confirmed; nothing was touched"),
    (DRIFT, "drift, or a difference; nothing was touched"),
    (ROLLED_BACK, "the run was taken back: the target is as it was"),
    (RECOVERY_REQUIRED, "recovery required: `cutover status` says what to do"),
    (HELD, "another run holds the target; nothing was touched"),
    (INTERNAL, "a defect of this program; please report it"),
];
