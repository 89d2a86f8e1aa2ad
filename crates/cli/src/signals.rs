//! SIGINT and SIGTERM: the first asks the run to stop at the next safe point, the second to stop
//! now. Either way nothing half done stays: the run takes itself back.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use runtime::stop::{Stop, StopFlag};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::io::Io;
use crate::ui::progress::Progress;

const FIRST: &str = "\
stopping: what runs now is finished, nothing new is started;
the target stays as it was (once more: stop at once)";
const SECOND: &str = "stopping at once";

/// Catches signals until it is dropped.
pub(crate) struct Caught {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// `None` where the process cannot catch signals, or is not ours: then they end it as usual, which
/// a run survives like any other death.
pub(crate) fn catch(flag: &StopFlag, progress: &Arc<dyn Progress>, io: &Io) -> Option<Caught> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).ok().filter(|_| io.process)?;
    let handle = signals.handle();
    let (flag, progress) = (flag.clone(), Arc::clone(progress));
    let thread = thread::spawn(move || {
        for (at, _) in signals.forever().enumerate() {
            let (level, text) =
                if at == 0 { (Stop::SafePoint, FIRST) } else { (Stop::Now, SECOND) };
            flag.raise(level);
            progress.say(text);
        }
    });
    Some(Caught { handle, thread: Some(thread) })
}

impl Drop for Caught {
    fn drop(&mut self) {
        self.handle.close();
        // Nothing may be drawn any more when the report is printed.
        drop(self.thread.take().map(JoinHandle::join));
    }
}
