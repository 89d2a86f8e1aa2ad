//! The plan's command that proves an external backup: when it was taken, when one was restored last.
//!
//! Its answer is one JSON object: `{"backup": "20261121-010000F", "taken_at": "2026-11-21T01:00:00Z",
//! "restored_at": "2026-11-18T04:10:00Z"}`. It runs in the plan's folder, confined like the run: it
//! may read everything and write nothing that matters. What it prints otherwise is shown nowhere,
//! for it may hold anything.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diagnostics::code;
use ir::Attest;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use crate::EngineError;

/// More than this is no attestation.
const MOST: u64 = 64 << 10;
/// How far a clock may be ahead of ours.
const AHEAD: i64 = 300;
const LOOK: Duration = Duration::from_millis(20);

/// What the command must say. More is fine: tools print what they have.
#[derive(Debug, Deserialize)]
struct Answer {
    backup: Option<String>,
    taken_at: Option<String>,
    restored_at: Option<String>,
}

/// Runs the command and judges its answer; gives a sentence for the report.
///
/// # Errors
/// `BKP110` that says what is not proved.
pub(crate) fn prove(attest: &Attest, folder: &Path, now: Timestamp) -> Result<String, EngineError> {
    let shown = attest.command.join(" ");
    let answer = ask(attest, folder).map_err(|why| refused(why, &shown))?;
    judge(attest, &answer, now).map_err(|why| refused(why, &shown))
}

fn refused(why: String, shown: &str) -> EngineError {
    EngineError::new(&code::NOT_ATTESTED, why).object(format!("`{shown}`")).help(
        "take or restore a backup with the tool that makes them, then run again; the command must \
         print `{\"backup\": …, \"taken_at\": …, \"restored_at\": …}` with RFC 3339 times",
    )
}

fn ask(attest: &Attest, folder: &Path) -> Result<Answer, String> {
    let (program, arguments) = attest.command.split_first().ok_or("the plan names no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("the command cannot be started: {}", error.kind()))?;
    let output = child.stdout.take();
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(MOST).read_to_end(&mut bytes));
        read.transpose().map(|_| bytes)
    });
    let ended = wait(&mut child, Duration::from_millis(attest.timeout_ms));
    // Whatever it started ends with it, so that the reading ends, too.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, Signal::KILL).ok();
    }
    child.wait().ok();
    let bytes = reading.join().ok().and_then(Result::ok).unwrap_or_default();
    ended?;
    serde_json::from_slice(&bytes)
        .map_err(|_| "the command does not print one JSON object with its proof".to_owned())
}

fn wait(child: &mut Child, limit: Duration) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("the command ended with {status}")),
            Ok(None) if start.elapsed() < limit => std::thread::sleep(LOOK),
            Ok(None) => {
                return Err(format!("the command took longer than {} ms", limit.as_millis()));
            }
            Err(error) => {
                return Err(format!("the command cannot be waited for: {}", error.kind()));
            }
        }
    }
}

fn judge(attest: &Attest, answer: &Answer, now: Timestamp) -> Result<String, String> {
    let name = answer.backup.as_deref().filter(|name| !name.trim().is_empty());
    let name = name.ok_or("the proof does not name the backup")?;
    let taken = age("taken_at", answer.taken_at.as_deref(), now)?
        .ok_or("the proof does not say when the backup was taken")?;
    let restored = age("restored_at", answer.restored_at.as_deref(), now)?
        .ok_or_else(|| format!("no backup was ever restored, `{name}` neither"))?;
    if taken > attest.max_age_seconds {
        let (found, most) = (span(taken), span(attest.max_age_seconds));
        return Err(format!("backup `{name}` is {found} old, at most {most} is permitted"));
    }
    if restored > attest.max_restore_age_seconds {
        let (found, most) = (span(restored), span(attest.max_restore_age_seconds));
        return Err(format!("a backup was last restored {found} ago, at most {most} is permitted"));
    }
    let (taken, restored) = (span(taken), span(restored));
    Ok(format!(
        "external backup {name} is {taken} old, and one was restored {restored} ago, as the plan's \
         command attests"
    ))
}

/// Seconds since then.
fn age(key: &str, text: Option<&str>, now: Timestamp) -> Result<Option<u64>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let at: Timestamp = text.parse().map_err(|_| format!("`{key}` is not a time of RFC 3339"))?;
    let seconds = at.duration_until(now).as_secs();
    if seconds < -AHEAD {
        return Err(format!("`{key}` lies in the future"));
    }
    Ok(Some(u64::try_from(seconds).unwrap_or(0)))
}

/// `3 h`, `12 d`: the largest unit of which there are two.
fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let unit = units.into_iter().find(|(size, _)| seconds >= 2 * size).unwrap_or((1, "s"));
    format!("{} {}", seconds / unit.0, unit.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attest(script: &str, timeout_ms: u64) -> Attest {
        Attest {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            max_age_seconds: 86_400,
            max_restore_age_seconds: 30 * 86_400,
            timeout_ms,
            origin: ir::Origin { file: "plan.yaml".to_owned(), line: 1, column: 1 },
        }
    }

    fn proved(script: &str) -> Result<String, String> {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        prove(&attest(script, 20_000), Path::new("/"), now).map_err(|error| error.message)
    }

    fn answer(taken: &str, restored: &str) -> Result<String, String> {
        proved(&format!(
            r#"echo '{{"backup": "F1", "taken_at": {taken}, "restored_at": {restored}, "more": 1}}'"#
        ))
    }

    const GOOD: &str = r#""2026-11-21T01:00:00Z""#;

    #[test]
    fn l2_a_recent_backup_with_a_recent_restore_is_proved() {
        let told = answer(GOOD, r#""2026-11-18T04:00:00+02:00""#).unwrap();
        assert!(told.starts_with("external backup F1 is 11 h old, and one was restored 3 d ago"));
    }

    #[test]
    fn l2_what_is_old_or_was_never_restored_is_refused() {
        let cases = [
            (
                r#""2026-11-19T01:00:00Z""#,
                GOOD,
                "backup `F1` is 2 d old, at most 24 h is permitted",
            ),
            (GOOD, "null", "no backup was ever restored, `F1` neither"),
            (
                GOOD,
                r#""2026-01-01T00:00:00Z""#,
                "a backup was last restored 324 d ago, at most 30 d is permitted",
            ),
            ("null", GOOD, "the proof does not say when the backup was taken"),
            (r#""yesterday""#, GOOD, "`taken_at` is not a time of RFC 3339"),
            (r#""2027-01-01T00:00:00Z""#, GOOD, "`taken_at` lies in the future"),
        ];
        for (taken, restored, message) in cases {
            assert_eq!(answer(taken, restored), Err(message.to_owned()));
        }
    }

    #[test]
    fn l8_a_command_that_fails_or_hangs_is_told_without_what_it_printed() {
        assert_eq!(
            proved("echo canary; echo canary >&2; exit 3"),
            Err("the command ended with exit status: 3".to_owned())
        );
        let no_json = "the command does not print one JSON object with its proof";
        assert_eq!(proved("echo canary"), Err(no_json.to_owned()));
        assert_eq!(proved("true"), Err(no_json.to_owned()));
        let now = Timestamp::now();
        let error = prove(&attest("sleep 600 & sleep 600", 50), Path::new("/"), now).unwrap_err();
        assert_eq!(error.message, "the command took longer than 50 ms");
        let mut none = attest("", 50);
        none.command = vec!["/no/such/program".to_owned()];
        let error = prove(&none, Path::new("/"), now).unwrap_err();
        assert_eq!(error.message, "the command cannot be started: entity not found");
    }
}
