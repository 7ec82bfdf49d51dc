//! Options of videos.

use crate::error::{Error, ErrorKind, Result};
use crate::video::{Backend, Damaged, Encoding, Opening, Outside, TimeRange};

/// How videos are dealt with; the methods change one option each.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct VideoOptions {
    /// What decodes and encodes.
    pub backend: Backend,
    /// How frames are encoded.
    pub encoding: Encoding,
    /// Frames looked at at a time, at least 1; each takes a thread.
    pub workers: usize,
    /// The only part that is searched and covered; `None`: all of it.
    pub range: Option<TimeRange>,
    /// What becomes of the rest.
    pub outside: Outside,
    /// What becomes of a damaged video.
    pub damaged: Damaged,
}

impl Default for VideoOptions {
    /// What fits the file, all sound, a worker a core.
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            encoding: Encoding::default(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            range: None,
            outside: Outside::default(),
            damaged: Damaged::default(),
        }
    }
}

impl VideoOptions {
    /// The defaults: what fits the file, all sound, a worker a core.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decoded and encoded by this.
    #[must_use]
    pub const fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Encoded like this.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// So many frames looked at at a time.
    #[must_use]
    pub const fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Searching and covering this part only; `outside` says what becomes of the rest.
    #[must_use]
    pub const fn part(mut self, range: TimeRange, outside: Outside) -> Self {
        self.range = Some(range);
        self.outside = outside;
        self
    }

    /// What becomes of a damaged video.
    #[must_use]
    pub const fn damaged(mut self, damaged: Damaged) -> Self {
        self.damaged = damaged;
        self
    }

    /// Seconds from the start of the source to the start of what is searched and written.
    pub(super) fn offset(&self) -> f64 {
        match (&self.range, self.outside) {
            (Some(range), Outside::Drop) => range.from.as_secs_f64(),
            _ => 0.0,
        }
    }

    /// Checks what the types cannot.
    pub(in crate::anonymize) fn check(&self) -> Result<()> {
        if self.encoding.crf.is_some_and(|crf| crf > 51) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a constant rate factor above 51",
            ));
        }
        if self.encoding.crf.is_some() && self.encoding.bitrate.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a constant rate factor and a bit rate exclude each other",
            ));
        }
        match (&self.range, self.outside) {
            (Some(range), _) => range.check(),
            (None, Outside::Drop) => Ok(()),
            (None, Outside::Copy) => Err(Error::new(
                ErrorKind::InvalidArgument,
                "what becomes of the frames outside of a part is asked for, and no part",
            )),
        }
    }

    /// How a video is opened with them.
    pub(in crate::anonymize) fn opening(&self, max_pixels: u64) -> Opening {
        Opening {
            max_pixels,
            range: self.range.filter(|_| self.outside == Outside::Drop),
            damaged: self.damaged,
        }
    }

    /// The part that is searched where the rest is written, too.
    pub(super) fn marked(&self) -> Option<TimeRange> {
        self.range.filter(|_| self.outside == Outside::Copy)
    }
}
