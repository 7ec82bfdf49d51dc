//! One worker process as the run sees it: started, spoken to, and ended.
//!
//! Invariant: no worker outlives its [`Link`], and none is waited for without an end.

use super::protocol::{self, Answer, Request};
use super::{Fault, NotDone};
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use anyhow::{Context, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The subcommand that a worker runs.
const SUBCOMMAND: &str = "worker";
/// This program, even if it was replaced or removed since it started.
const PROGRAM: &str = "/proc/self/exe";
/// How often a wait asks whether the run was interrupted.
const TICK: Duration = Duration::from_millis(100);
/// Wait for a process whose socket is closed: it is about to end, or it is ended.
const ENDING: Duration = Duration::from_secs(5);
/// How long a worker may take to stop after an interrupt.
const MOMENT: Duration = Duration::from_millis(900);
/// Most bytes of what a worker said on standard error that are read.
const SAID: u64 = 1 << 20;
/// What the standard library says where memory is short.
const NO_MEMORY: &str = "memory allocation";

/// A worker process.
pub(super) struct Link {
    child: Child,
    socket: UnixStream,
    /// What it writes to standard error: a file in memory.
    said: File,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The run was interrupted.
    Interrupted,
    /// It took longer than it may.
    Hung(Duration),
    /// It ended, or speaks nonsense.
    Ended(End),
}

/// How a worker ended.
pub(super) struct End {
    /// For a person.
    pub(super) how: String,
    /// Whether it was for lack of memory.
    pub(super) out_of_memory: bool,
}

impl Link {
    /// Starts a worker.
    ///
    /// # Errors
    /// If the system starts none.
    pub(super) fn start() -> Result<Self> {
        Self::start_with(&[SUBCOMMAND])
    }

    /// Starts a worker for videos, which may open files and start ffmpeg.
    ///
    /// # Errors
    /// If the system starts none.
    pub(super) fn start_for_videos() -> Result<Self> {
        Self::start_with(&[SUBCOMMAND, "--videos"])
    }

    fn start_with(args: &[&str]) -> Result<Self> {
        let (socket, other) = UnixStream::pair().context("making a socket")?;
        socket.set_read_timeout(Some(TICK))?;
        socket.set_write_timeout(Some(TICK))?;
        let said = memfd_create("faceveil-worker", MemfdFlags::CLOEXEC)
            .map(File::from)
            .context("making a file for its messages")?;
        let child = Command::new(PROGRAM)
            .arg0("faceveil")
            .args(args)
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .stderr(said.try_clone()?)
            // Ctrl-C is for the run, which ends its workers.
            .process_group(0)
            .spawn()
            .context("starting it")?;
        Ok(Self {
            child,
            socket,
            said,
        })
    }

    /// Sends a request and waits for its answer. A worker that gave none is not to be used any
    /// more.
    pub(super) fn ask(
        &mut self,
        request: &Request,
        bytes: &[u8],
        (interrupt, longest): (&Interrupt, Duration),
    ) -> Result<(Answer, Vec<u8>), NoAnswer> {
        let mut wait = Wait::new(&self.socket, interrupt, longest, Duration::ZERO);
        let answer = protocol::send(&mut wait, request, &[bytes])
            .and_then(|()| protocol::receive::<Answer>(&mut wait));
        let stopped = wait.stopped.take();
        answer.map_err(|e| stopped.unwrap_or_else(|| NoAnswer::Ended(self.end(&e))))
    }

    /// Sends a request and waits for the first answer that is no progress; each of those may take
    /// `longest`. A worker whose run is interrupted sees that, and has a moment to end its work.
    pub(super) fn ask_for_long(
        &mut self,
        request: &Request,
        (interrupt, longest): (&Interrupt, Duration),
        is_progress: &mut dyn FnMut(&Answer) -> bool,
    ) -> Result<(Answer, Vec<u8>), NoAnswer> {
        let mut wait = Wait::new(&self.socket, interrupt, longest, MOMENT);
        let mut answer = protocol::send(&mut wait, request, &[]);
        let answer = loop {
            let received = answer.and_then(|()| protocol::receive::<Answer>(&mut wait));
            match received {
                Ok((progress, _)) if is_progress(&progress) => {
                    wait.until = Instant::now() + longest
                }
                other => break other,
            }
            answer = Ok(());
        };
        let stopped = wait.stopped.take();
        answer.map_err(|e| match stopped {
            Some(stopped) => stopped,
            // Its last way to stop is to end.
            None if interrupt.requested() => NoAnswer::Interrupted,
            None => NoAnswer::Ended(self.end(&e)),
        })
    }

    /// Ends it, and says how it ended if it had before.
    fn end(&mut self, e: &io::Error) -> End {
        let soon = Instant::now() + ENDING;
        let mut status = self.child.try_wait();
        while matches!(status, Ok(None)) && Instant::now() < soon {
            std::thread::sleep(Duration::from_millis(1));
            status = self.child.try_wait();
        }
        let said = self.said();
        let is_allocation = said.contains(NO_MEMORY);
        let (how, is_killed) = match status {
            Ok(Some(status)) => match status.signal() {
                Some(signal) => (format!("signal {signal}"), signal == KILLED),
                None => (format!("exit code {}", status.code().unwrap_or(-1)), false),
            },
            _ => (format!("it was ended: {e}"), false),
        };
        End {
            how: match said.is_empty() {
                true => how,
                false => format!("{how}: {said}"),
            },
            out_of_memory: is_allocation || is_killed,
        }
    }

    /// The line on its standard error that says why; a backtrace may follow it.
    fn said(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = self.said.seek(SeekFrom::Start(0));
        let read = read.and_then(|_| (&self.said).take(SAID).read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        let memory = text.lines().find(|l| l.contains(NO_MEMORY));
        let first = || text.lines().find(|l| !l.trim().is_empty());
        match (read, memory.or_else(first)) {
            (Ok(_), Some(why)) => show::text(why.trim()),
            _ => String::new(),
        }
    }
}

/// `SIGKILL`: what the kernel sends where memory is short.
const KILLED: i32 = 9;

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl NoAnswer {
    /// As the error of the file that was worked on.
    pub(super) fn error(&self) -> anyhow::Error {
        let (fault, what) = match self {
            Self::Interrupted => (
                Fault::Interrupted,
                "interrupted before it was written".into(),
            ),
            Self::Hung(longest) => (
                Fault::TooSlow,
                format!(
                    "the worker process gave no answer for {} s and was ended; nothing was written",
                    longest.as_secs()
                ),
            ),
            Self::Ended(end) => (
                Fault::Crashed,
                format!(
                    "the worker process ended while it worked on it ({}); nothing was written",
                    end.how
                ),
            ),
        };
        NotDone { fault, what }.into()
    }
}

/// A socket that is waited for until the run is interrupted or it took too long.
struct Wait<'a> {
    socket: &'a UnixStream,
    interrupt: &'a Interrupt,
    until: Instant,
    longest: Duration,
    /// How long it is waited for after an interrupt.
    patience: Duration,
    /// When that is over.
    ends: Option<Instant>,
    stopped: Option<NoAnswer>,
}

impl<'a> Wait<'a> {
    fn new(
        socket: &'a UnixStream,
        interrupt: &'a Interrupt,
        longest: Duration,
        patience: Duration,
    ) -> Self {
        Self {
            socket,
            interrupt,
            until: Instant::now() + longest,
            longest,
            patience,
            ends: None,
            stopped: None,
        }
    }

    fn repeat<T>(
        &mut self,
        mut attempt: impl FnMut(&UnixStream) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt(self.socket) {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                other => return other,
            }
            let now = Instant::now();
            if self.interrupt.requested() {
                let ends = *self.ends.get_or_insert_with(|| {
                    // The worker sees that no request will come any more.
                    let _ = self.socket.shutdown(Shutdown::Write);
                    now + self.patience
                });
                if now < ends {
                    continue;
                }
                self.stopped = Some(NoAnswer::Interrupted);
            } else if now > self.until {
                self.stopped = Some(NoAnswer::Hung(self.longest));
            } else {
                continue;
            }
            return Err(io::Error::other("stopped"));
        }
    }
}

impl Read for Wait<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.repeat(|mut socket| socket.read(bytes))
    }
}

impl Write for Wait<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.repeat(|mut socket| socket.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
