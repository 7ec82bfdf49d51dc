//! What can go wrong, split by who is to blame, so that a caller can decide what to do without
//! reading messages.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who is to blame for an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is of a kind that is recognised and not handled; the message names it.
    Unsupported,
    /// The input is damaged, truncated or not what it says it is.
    Malformed,
    /// The input is larger than a limit that the caller set.
    TooLarge,
    /// The caller asked for something that makes no sense (a threshold of 1.3).
    InvalidArgument,
    /// The input could not be read: there is no such file, or it may not be opened.
    Input,
    /// The new file could not be written: a full disk, or a folder that is not there.
    Output,
    /// The caller asked to stop.
    Interrupted,
    /// An inference engine, device or model could not be had or failed.
    Engine,
    /// A bug here or in a library below, a panic in a decoder for instance; nothing was written.
    Internal,
}

/// An error of this library: a kind, one sentence that says what was being done, and often a
/// source.
///
/// The sentence never repeats its source; print the chain to see both.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error without a cause below it.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Adds the cause.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Who is to blame.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)?;
        match &self.source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

impl From<faceveil_engine::Error> for Error {
    fn from(error: faceveil_engine::Error) -> Self {
        use faceveil_engine::ErrorKind as Kind;
        Self {
            kind: match error.kind() {
                Kind::InvalidArgument => ErrorKind::InvalidArgument,
                Kind::Internal => ErrorKind::Internal,
                _ => ErrorKind::Engine,
            },
            message: error.to_string(),
            source: error.into_source(),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|s| s as _)
    }
}
