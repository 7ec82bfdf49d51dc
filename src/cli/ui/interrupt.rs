//! Ctrl-C. The first one lets running files stop before their rename; the second one ends at once.
//!
//! Invariant: neither leaves a temporary behind.

use anyhow::{Context, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Exit code of an interrupted run: 128 + SIGINT, as shells have it.
pub(crate) const EXIT_CODE: u8 = 130;
/// How long a run that has nothing to tidy up may take to end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// Whether to stop, and what must not stay behind. Clones share both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    requested: Arc<AtomicBool>,
    heard: Arc<AtomicBool>,
    ends_at_once: Arc<AtomicBool>,
    stopped_since: Arc<OnceLock<&'static str>>,
    temporaries: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Interrupt {
    /// Listens to SIGINT, SIGTERM and SIGHUP from now on; not to SIGHUP if it is ignored, as
    /// `nohup` has it.
    ///
    /// # Errors
    /// If the system refuses a handler.
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        on_signal(move || {
            heard.requested.store(true, Ordering::SeqCst);
            if heard.heard.swap(true, Ordering::SeqCst) {
                heard.exit();
            }
            if heard.ends_at_once.load(Ordering::SeqCst) {
                std::thread::sleep(GRACE);
                if heard.ends_at_once.load(Ordering::SeqCst) {
                    heard.exit();
                }
            }
        })
        .context("listening for Ctrl-C")?;
        Ok(interrupt)
    }

    /// Whether the run is to stop.
    pub(crate) fn requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Whether a signal asked for that.
    pub(crate) fn heard(&self) -> bool {
        self.heard.load(Ordering::SeqCst)
    }

    /// Stops the run as Ctrl-C would.
    pub(crate) fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Stops the run for a reason that concerns all files that are left.
    pub(crate) fn stop(&self, why: &'static str) {
        let _ = self.stopped_since.set(why);
        self.request();
    }

    /// The reason, if there is one.
    pub(crate) fn stopped_since(&self) -> Option<&'static str> {
        self.stopped_since.get().copied()
    }

    /// Has the first signal end the program at once, whatever it waits for: nothing that was begun
    /// has to be ended.
    pub(crate) fn end_at_once(&self, yes: bool) {
        self.ends_at_once.store(yes, Ordering::SeqCst);
    }

    fn exit(&self) -> ! {
        self.remove_temporaries();
        std::process::exit(EXIT_CODE.into());
    }

    /// Remembers a temporary for as long as the result lives.
    pub(crate) fn list_temporary(&self, path: &Path) -> Listed<'_> {
        let path = path.to_owned();
        self.lock().insert(path.clone());
        Listed {
            interrupt: self,
            path,
        }
    }

    fn remove_temporaries(&self) {
        for path in self.lock().drain() {
            let _ = std::fs::remove_file(path);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        self.temporaries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `run` on a thread of its own, each time that somebody asks to stop.
#[cfg(unix)]
fn on_signal(run: impl Fn() + Send + 'static) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let listened = [SIGINT, SIGTERM]
        .into_iter()
        .chain((!is_ignored(SIGHUP)).then_some(SIGHUP));
    let mut signals = signal_hook::iterator::Signals::new(listened)?;
    let listen = move || signals.forever().for_each(|_| run());
    std::thread::Builder::new().spawn(listen)?;
    Ok(())
}

#[cfg(not(unix))]
fn on_signal(run: impl Fn() + Send + 'static) -> Result<()> {
    Ok(ctrlc::set_handler(run)?)
}

/// Whether whoever started this program had it ignore a signal; known on Linux only.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok());
    mask.is_some_and(|m| m >> (signal - 1) & 1 == 1)
}

/// A temporary that is in use.
pub(crate) struct Listed<'a> {
    interrupt: &'a Interrupt,
    path: PathBuf,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.interrupt.lock().remove(&self.path);
    }
}
