//! SIGINT and SIGTERM: the first asks the run to stop at the next safe point, the second to stop
//! now. Either way nothing half done stays: the run takes itself back.

use std::thread;

use runtime::stop::{Stop, StopFlag};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::io::Io;

const FIRST: &str = "\nstopping at the next safe point: nothing new is started, what was built will \
    be removed, the target stays as it was\n(once more: stop now)\n";
const SECOND: &str = "\nstopping now\n";

/// Catches signals until it is dropped.
pub(crate) struct Caught {
    handle: Handle,
}

/// `None` where the process cannot catch signals, or is not ours: then they end it as usual, which
/// a run survives like any other death.
pub(crate) fn catch(flag: &StopFlag, io: &Io) -> Option<Caught> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).ok().filter(|_| io.process)?;
    let handle = signals.handle();
    let (flag, io) = (flag.clone(), io.clone());
    thread::spawn(move || {
        for (at, _) in signals.forever().enumerate() {
            let (level, text) =
                if at == 0 { (Stop::SafePoint, FIRST) } else { (Stop::Now, SECOND) };
            flag.raise(level);
            io.err(text);
        }
    });
    Some(Caught { handle })
}

impl Drop for Caught {
    fn drop(&mut self) {
        self.handle.close();
    }
}
