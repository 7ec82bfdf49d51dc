//! Progress of long work, and the way to stop it.

use crate::error::{Error, ErrorKind, Result};
use std::ops::ControlFlow;

/// How far a photo or a video is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Frames that are done.
    pub frames: usize,
    /// Frames in all, as far as the file says.
    pub of: Option<u64>,
}

/// What is called as frames are done; to break is to stop.
pub(super) type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Asks whether to go on behind so many frames of a photo.
///
/// # Errors
/// [`ErrorKind::Interrupted`] if not.
pub(super) fn go_on(watch: Watch<'_>, frames: usize, of: usize) -> Result<()> {
    let of = Some(of as u64);
    match watch(Progress { frames, of }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(interrupted()),
    }
}

/// The caller asked to stop.
pub(crate) fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted before it was written")
}
