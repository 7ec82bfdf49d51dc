//! What can go wrong with a JPEG file or a call.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is damaged, cut off or not a JPEG.
    Malformed,
    /// The file uses a part of the standard that this crate does not handle.
    Unsupported,
    /// The caller's [`Visitor`](crate::Visitor) refused the size of the picture.
    TooLarge,
    /// A call makes no sense: a buffer of the wrong length, for instance.
    InvalidArgument,
}

/// An error: a kind, one sentence, and sometimes a source.
///
/// The sentence does not repeat the source.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// The visitor's reason becomes the source.
    pub(crate) fn too_large(source: Box<dyn StdError + Send + Sync>) -> Self {
        Self {
            source: Some(source),
            ..Self::new(ErrorKind::TooLarge, "the JPEG's size was refused")
        }
    }

    /// What sort of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The source, owned: what a [`Visitor`](crate::Visitor) refused a size with.
    #[must_use]
    pub fn into_source(self) -> Option<Box<dyn StdError + Send + Sync>> {
        self.source
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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|s| s as _)
    }
}

/// An error about a damaged file: `message` says what is wrong with it.
pub(crate) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

/// An error about a file of a kind that is recognised and not handled.
pub(crate) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

/// An error about a call that makes no sense.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}
