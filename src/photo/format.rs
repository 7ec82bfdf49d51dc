//! The formats of photos under their names: in messages, in reports, in file names, over HTTP.

/// A picture format that is read. Serialised as [`Format::short`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG and APNG.
    Png,
    /// WebP, still or animated.
    WebP,
    /// GIF, still or animated.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF, every page.
    Tiff,
    /// HEIF with HEVC pictures; written as JPEG where nothing else is asked for.
    Heic,
    /// HEIF with AV1 pictures; written as JPEG where nothing else is asked for.
    Avif,
    /// JPEG XL; written without loss where nothing else is asked for and nothing was lost.
    Jxl,
}

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A format that is handled.
    Photo(Format),
    /// A video, by the name of its container.
    Video(&'static str),
    /// A camera's raw file, by name; see [`RawFiles`](super::RawFiles).
    Raw(&'static str),
    /// A picture format that is not handled, by name.
    Refused(&'static str),
    /// Nothing known, or a document (PDF, SVG).
    Unknown,
}

impl Format {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Jpeg,
        Self::Png,
        Self::WebP,
        Self::Gif,
        Self::Bmp,
        Self::Tiff,
        Self::Heic,
        Self::Avif,
        Self::Jxl,
    ];

    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
            Self::Jxl => "JPEG XL",
        }
    }

    /// Its name in reports, and for `--format`.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Jxl => "jxl",
        }
    }

    /// Its media type, as in `Content-Type`: `image/jpeg`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Jxl => "image/jxl",
        }
    }

    /// The format in which a photo of this one is written where no other is asked for.
    #[must_use]
    pub const fn written_as(self) -> Self {
        match self {
            Self::Heic | Self::Avif => Self::Jpeg,
            other => other,
        }
    }

    /// Whether photos of any format can be written in this one.
    #[must_use]
    pub fn is_target(self) -> bool {
        super::convert::is_written(self)
    }

    /// What the names of its files end in, without the dot; the usual one first.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif", "mpo"],
            Self::Png => &["png", "apng"],
            Self::WebP => &["webp"],
            Self::Gif => &["gif"],
            Self::Bmp => &["bmp", "dib"],
            Self::Tiff => &["tif", "tiff"],
            Self::Heic => &["heic", "heif", "hif"],
            Self::Avif => &["avif"],
            Self::Jxl => &["jxl"],
        }
    }
}
