//! How a photo is read, and within which bounds.

use super::{Format, KeepMetadata, Quality};
use crate::error::{Error, ErrorKind, Result};

/// Bounds checked before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// Most pixels of one file, all its frames or pages together.
    pub max_pixels: u64,
}

impl Limits {
    /// No more than so many pixels in one file, all its frames or pages together.
    #[must_use]
    pub const fn max_pixels(max_pixels: u64) -> Self {
        Self { max_pixels }
    }

    /// For a server that takes files of strangers: 50 megapixels.
    #[must_use]
    pub const fn for_untrusted() -> Self {
        Self::max_pixels(50_000_000)
    }
}

impl Default for Limits {
    /// 500 megapixels.
    fn default() -> Self {
        Self {
            max_pixels: 500_000_000,
        }
    }
}

/// What becomes of the raw files of cameras.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RawFiles {
    /// They are refused.
    #[default]
    Refuse,
    /// The largest JPEG that is embedded in one is read in its place.
    Preview,
}

impl std::str::FromStr for RawFiles {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for another word than `refuse` and `preview`.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "refuse" => Ok(Self::Refuse),
            "preview" => Ok(Self::Preview),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("raw files: {name} is neither refuse nor preview"),
            )),
        }
    }
}

/// How a photo is read, and what the new file that is made of it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Bounds, checked before memory is taken.
    pub limits: Limits,
    /// Metadata of the source that is written again.
    pub keep: KeepMetadata,
    /// The format of the new file: its pixels are made what that holds, and lie upright. `None` and
    /// the source's own format change nothing, but where [`Format::written_as`] says so.
    pub format: Option<Format>,
    /// What becomes of raw files.
    pub raw: RawFiles,
    /// How finely the new file is coded.
    pub quality: Quality,
}

impl ReadOptions {
    /// The defaults: [`Limits::default`], no metadata, the source's own format.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With these bounds.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeping this metadata.
    #[must_use]
    pub const fn keep(mut self, keep: KeepMetadata) -> Self {
        self.keep = keep;
        self
    }

    /// To be written in this format.
    #[must_use]
    pub fn format(mut self, format: impl Into<Option<Format>>) -> Self {
        self.format = format.into();
        self
    }

    /// Doing this with raw files.
    #[must_use]
    pub const fn raw(mut self, raw: RawFiles) -> Self {
        self.raw = raw;
        self
    }

    /// Coded this finely.
    #[must_use]
    pub const fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }
}
