//! Ctrl-C. The first one lets running files stop before their rename; the second one ends at once.
//!
//! Invariant: neither leaves a temporary behind.

use anyhow::{Context, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Exit code of an interrupted run: 128 + SIGINT, as shells have it.
pub(super) const EXIT_CODE: u8 = 130;

/// Whether to stop, and what must not stay behind. Clones share both.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt {
    requested: Arc<AtomicBool>,
    heard: Arc<AtomicBool>,
    temporaries: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Interrupt {
    /// Listens to SIGINT, SIGTERM and SIGHUP from now on.
    ///
    /// # Errors
    /// If the system refuses a handler.
    pub(super) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        ctrlc::set_handler(move || {
            heard.requested.store(true, Ordering::SeqCst);
            if heard.heard.swap(true, Ordering::SeqCst) {
                heard.remove_temporaries();
                std::process::exit(EXIT_CODE.into());
            }
        })
        .context("listening for Ctrl-C")?;
        Ok(interrupt)
    }

    /// Whether the run is to stop.
    pub(super) fn requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Whether a signal asked for that.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Ordering::SeqCst)
    }

    /// Stops the run as Ctrl-C would.
    pub(super) fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Remembers a temporary for as long as the result lives.
    pub(super) fn list_temporary(&self, path: &Path) -> Listed<'_> {
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

/// A temporary that is in use.
pub(super) struct Listed<'a> {
    interrupt: &'a Interrupt,
    path: PathBuf,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.interrupt.lock().remove(&self.path);
    }
}
