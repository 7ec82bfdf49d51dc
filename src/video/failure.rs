//! Errors of this room, split by who is to blame.

use crate::error::{Error, ErrorKind};

/// Something that the system refused.
pub(super) fn failed(doing: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, doing)
}

/// A file that is of a kind not handled, or that a tool is missing for.
pub(super) fn unsupported(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, what)
}

/// A file that is damaged.
pub(super) fn malformed(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, what)
}
