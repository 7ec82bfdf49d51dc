//! Why a file could not be inspected at all. Damage inside a known format is no error.

use std::error::Error as StdError;
use std::{fmt, io};

/// A result whose error is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file could not be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is of no known format.
    Unsupported,
    /// The file is larger than what is inspected.
    TooLarge,
    /// The file could not be opened or read; the source is the [`io::Error`].
    Io,
}

/// An error of this library: a kind, one sentence, and the [`io::Error`] below it if there is one.
///
/// The sentence never repeats its source; print the chain to see both.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: &'static str,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: &'static str) -> Self {
        Self {
            kind,
            message,
            source: None,
        }
    }

    /// A failed read.
    pub(crate) fn read(source: io::Error) -> Self {
        Self {
            kind: ErrorKind::Io,
            message: "reading it",
            source: Some(source),
        }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Gives up the error for its source, so that a caller can put it below an error of their own.
    #[must_use]
    pub fn into_source(self) -> Option<io::Error> {
        self.source
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|s| s as _)
    }
}
