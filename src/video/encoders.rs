//! Kinds of encoders for pictures, by the names that people know them by.

/// What encodes the pictures of a new video: the libraries of the user's ffmpeg, or hardware.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VideoEncoder {
    /// The library that suits the container and the depth: x264, x265 or libvpx. Never hardware,
    /// whose files are larger at the same quality.
    #[default]
    Auto,
    /// H.264 by libx264, 8 bits.
    X264,
    /// HEVC by libx265.
    X265,
    /// VP9 by libvpx.
    Vpx,
    /// H.264, or HEVC for 10 bits, by graphics cards of NVIDIA.
    Nvenc,
    /// The same by macOS.
    Videotoolbox,
    /// The same by VA-API on Linux.
    Vaapi,
    /// The same by graphics of Intel.
    Qsv,
    /// The same by graphics cards of AMD.
    Amf,
}

impl VideoEncoder {
    /// Its name, as options take it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::X264 => "x264",
            Self::X265 => "x265",
            Self::Vpx => "vpx",
            Self::Nvenc => "nvenc",
            Self::Videotoolbox => "videotoolbox",
            Self::Vaapi => "vaapi",
            Self::Qsv => "qsv",
            Self::Amf => "amf",
        }
    }
}
