//! A program from start to end: time on the clock and the most memory it ever held.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The peak only ever rises, so what is read this long before the end is short by that much at most.
const LOOK: Duration = Duration::from_millis(5);

pub(super) struct Finished {
    pub(super) took: Duration,
    /// Most memory that was resident, in bytes (`VmHWM`); 0 where the system does not tell.
    pub(super) peak: u64,
    pub(super) stdout: String,
}

/// # Errors
/// What the program said on standard error, where it fails.
pub(super) fn run(command: &mut Command) -> Result<Finished, String> {
    let started = Instant::now();
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let (id, out, err) = (child.id(), child.stdout.take(), child.stderr.take());
    let (mut peak, mut ended) = (0, None);
    let (stdout, stderr) = std::thread::scope(|scope| {
        let reader = |stream: Option<_>| scope.spawn(move || stream.map_or_else(String::new, text));
        let readers = (reader(out.map(Stream::Out)), reader(err.map(Stream::Err)));
        while let Ok(None) = child.try_wait() {
            peak = peak_of(id).unwrap_or(peak);
            std::thread::sleep(LOOK);
        }
        ended = Some(started.elapsed());
        (readers.0.join().unwrap_or_default(), readers.1.join().unwrap_or_default())
    });
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(format!("{name} ended with {status}\n{}{}", tail(&stdout), tail(&stderr)));
    }
    Ok(Finished { took: ended.unwrap_or_default(), peak, stdout })
}

enum Stream {
    Out(std::process::ChildStdout),
    Err(std::process::ChildStderr),
}

fn text(stream: Stream) -> String {
    let mut bytes = Vec::new();
    // What came before a stream broke off is still what the program said.
    drop(match stream {
        Stream::Out(mut stream) => stream.read_to_end(&mut bytes),
        Stream::Err(mut stream) => stream.read_to_end(&mut bytes),
    });
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].iter().map(|line| format!("  {line}\n")).collect()
}

/// `VmHWM:   123456 kB`
fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
