//! Standard output of the commands that answer on it.
//!
//! Invariant: an answer that was lost is not passed over: the run stops, and says so by its exit
//! code.

use super::interrupt::Interrupt;
use super::terminal::Terminal;
use serde::Serialize;
use std::io::{self, Write};

pub(crate) const BOLD: &str = "\x1b[1m";
pub(crate) const YELLOW: &str = "\x1b[33m";
pub(crate) const PLAIN: &str = "\x1b[0m";

/// Answers in the order in which they are given. Colour is taken away where it is not wanted.
pub(crate) struct Results<'a> {
    interrupt: &'a Interrupt,
    is_torn: bool,
}

impl<'a> Results<'a> {
    /// `interrupt` is what stops the run.
    pub(crate) fn new(interrupt: &'a Interrupt) -> Self {
        Self {
            interrupt,
            is_torn: false,
        }
    }

    /// One answer, which `write` writes.
    pub(crate) fn entry(
        &mut self,
        terminal: &Terminal,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) {
        let mut to = anstream::stdout();
        let written = write(&mut to).and_then(|()| to.flush());
        let Err(why) = written else { return };
        self.interrupt.request();
        // Whoever closed the pipe has seen enough.
        if why.kind() != io::ErrorKind::BrokenPipe {
            self.is_torn = true;
            terminal.error(format_args!("writing to standard output: {why}"));
        }
    }

    /// Whether an answer was lost.
    pub(crate) fn is_torn(&self) -> bool {
        self.is_torn
    }
}

/// One JSON line.
pub(crate) fn json(to: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(line).map_err(io::Error::other)?;
    writeln!(to, "{text}")
}
