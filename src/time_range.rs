//! Times in a video, as options and reports have them.

#[cfg(feature = "video")]
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;

/// A part of a video's time, from its start on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct TimeRange {
    /// Where it begins.
    pub from: Duration,
    /// Where it ends, which is no longer in it; `None`: at the end of the video.
    pub to: Option<Duration>,
}

/// What becomes of the frames and the sound outside a [`TimeRange`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// They are left out of the new file, whose time begins with the part.
    #[default]
    Drop,
    /// They are in the new file as they are: faces are not searched and not covered.
    Copy,
}

#[cfg(feature = "video")]
impl TimeRange {
    /// Fails for a part without time in it.
    pub(crate) fn check(&self) -> Result<()> {
        match self.to {
            Some(to) if to <= self.from => {
                let (from, to) = (self.from.as_secs_f64(), to.as_secs_f64());
                let message = format!("a part of a video from {from} to {to} seconds is empty");
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
            _ => Ok(()),
        }
    }
}
