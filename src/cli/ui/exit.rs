//! How a run ended, for scripts.

use super::interrupt;
use std::process::ExitCode;

/// How a run ended. The numbers are documented in the help and the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything done.
    Done = 0,
    /// At least one file failed.
    SomeFailed = 1,
    /// Never started.
    NeverStarted = 2,
    /// Done, and something was found that a person must look at.
    SomethingFound = 3,
    /// Interrupted.
    Interrupted = interrupt::EXIT_CODE,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
