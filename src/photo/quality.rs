//! How finely photos are coded that are written from pixels.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;

/// How finely a photo is coded that is written from pixels: JPEG from another format, HEIC, AVIF,
/// WebP, and JPEG XL with 8 bits a channel. The other formats are written without loss whatever it
/// says, and a JPEG that stays one keeps its coefficients and quantisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quality {
    /// About as finely as the source where its coarseness is known (WebP and JPEG XL that were
    /// lossy); those from anything else without loss, JPEG, HEIC and AVIF as a JPEG of quality 95.
    #[default]
    AsSource,
    /// Every pixel is kept, or the file fails if its format cannot do that.
    Lossless,
    /// 1 to 100, as libjpeg counts it and the other codecs about alike.
    Percent(u8),
}

impl Quality {
    /// What codecs that have lost something take without a wish: where differences cannot be seen
    /// any more.
    pub(super) const USUAL: u8 = 95;

    /// The number for a codec that has no mode without loss.
    pub(super) const fn percent_or(self, usual: u8) -> u8 {
        match self {
            Self::Percent(percent) => percent,
            Self::AsSource | Self::Lossless => usual,
        }
    }

    /// Checks what the type cannot.
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Percent(percent) if !(1..=100).contains(&percent) => Err(wrong(&percent)),
            _ => Ok(()),
        }
    }
}

fn wrong(text: &dyn fmt::Display) -> Error {
    let message = format!("quality {text} is neither a whole number in 1..=100 nor lossless");
    Error::new(ErrorKind::InvalidArgument, message)
}

impl FromStr for Quality {
    type Err = Error;

    /// Reads a whole number in 1..=100, `lossless`, or `as-source`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "lossless" => Ok(Self::Lossless),
            "as-source" => Ok(Self::AsSource),
            _ => match text.parse() {
                Ok(percent @ 1..=100) => Ok(Self::Percent(percent)),
                _ => Err(wrong(&text)),
            },
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsSource => f.write_str("as-source"),
            Self::Lossless => f.write_str("lossless"),
            Self::Percent(percent) => write!(f, "{percent}"),
        }
    }
}

impl serde::Serialize for Quality {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Quality {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
