//! An ffmpeg whose messages are kept, and which does not outlive its owner.

use super::wait_until;
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes of messages that are kept, the last ones.
const MESSAGES: usize = 2048;

/// A running ffmpeg. Clones are the same one.
#[derive(Clone)]
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    messages: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    /// Starts it in a process group of its own, so that Ctrl-C reaches this program alone, which
    /// then ends it in order.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .context("starting ffmpeg")?;
        let messages = Arc::new(Mutex::new(Vec::new()));
        if let Some(mut from) = child.stderr.take() {
            let kept = Arc::clone(&messages);
            thread::spawn(move || {
                let mut buffer = [0; 512];
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend(&buffer[..n]);
                    let over = kept.len().saturating_sub(MESSAGES);
                    kept.drain(..over);
                }
            });
        }
        Ok(Self {
            child: Arc::new(Mutex::new(child)),
            messages,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_input(&self) -> Option<ChildStdin> {
        self.lock().stdin.take()
    }

    pub(super) fn take_output(&self) -> Option<ChildStdout> {
        self.lock().stdout.take()
    }

    /// Ends it now.
    pub(super) fn kill(&self) {
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// How it ended, if it has.
    fn ended(&self) -> Option<ExitStatus> {
        self.lock().try_wait().ok().flatten()
    }

    /// Waits for its end, and kills it after a time.
    ///
    /// # Errors
    /// With what it said last, if it did not end well.
    pub(super) fn wait(&self, limit: Duration, doing: &str) -> Result<()> {
        if !wait_until(limit, || self.ended().is_some()) {
            self.kill();
            bail!("{doing}: ffmpeg did not end within {} s", limit.as_secs());
        }
        if self.ended().is_some_and(|status| status.success()) {
            return Ok(());
        }
        let said = self.said();
        bail!(
            "{doing}: {}",
            if said.is_empty() {
                "ffmpeg failed"
            } else {
                &said
            }
        );
    }

    /// The last lines of its messages, as one.
    pub(super) fn said(&self) -> String {
        let kept = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        lines[lines.len().saturating_sub(3)..].join("; ")
    }
}
