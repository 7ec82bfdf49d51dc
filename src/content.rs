//! The names of what a file holds besides its pictures. They are part of the report's schema, and
//! `docs/names.md` lists them.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $name:literal,)*) => {
        /// Something that a file holds besides its pictures, and that a new file has again or not:
        /// `kept` and `dropped` of a report. Serialised as [`ContentKind::name`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ContentKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl ContentKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name in a report: `exif-thumbnail`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// How the picture must be turned.
    Orientation => "orientation",
    /// Pixels per length.
    Resolution => "resolution",
    /// AdobeRGB by EXIF's flag.
    ColorSpace => "color-space",
    /// A colour profile.
    Icc => "icc",
    /// PNG's gamma.
    Gamma => "gamma",
    /// PNG's primaries and white point.
    Chromaticities => "chromaticities",
    /// PNG's mark of sRGB.
    Srgb => "srgb",
    /// Code points of ITU-T H.273.
    Cicp => "cicp",
    /// Numbers of HDR: what a display needs, and how bright it gets.
    Hdr => "hdr",
    /// Bits of a PNG's samples that mean something.
    SignificantBits => "significant-bits",
    /// Times and loops of an animation.
    Animation => "animation",
    /// A video's sound.
    Audio => "audio",
    /// The projection of a 360-degree picture.
    Panorama => "panorama",
    /// What packets of sound hold besides sound.
    SoundData => "sound-data",
    /// When it was taken.
    Time => "time",
    /// What it was taken with.
    Camera => "camera",
    /// Where it was taken.
    Gps => "gps",
    /// Whose it is.
    Copyright => "copyright",
    /// Times besides those that are kept.
    TimeOther => "time-other",
    /// Values of the camera besides those that are kept.
    CameraOther => "camera-other",
    /// Values of the place besides those that are kept.
    GpsOther => "gps-other",
    /// Values about authors besides those that are kept.
    CopyrightOther => "copyright-other",
    /// A small version in EXIF.
    ExifThumbnail => "exif-thumbnail",
    /// A small version in a HEIF file.
    HeifThumbnail => "heif-thumbnail",
    /// A small version in a JPEG XL file.
    JxlPreview => "jxl-preview",
    /// A small version in JFIF's header.
    JfifThumbnail => "jfif-thumbnail",
    /// A small version in JFIF's extension.
    JfxxThumbnail => "jfxx-thumbnail",
    /// A small version in Photoshop's resources.
    PhotoshopThumbnail => "photoshop-thumbnail",
    /// A small version in a TIFF file.
    TiffThumbnail => "tiff-thumbnail",
    /// An index of further pictures.
    Mpf => "mpf",
    /// Pictures beside or behind the main one.
    FurtherPictures => "further-pictures",
    /// Pictures below a TIFF page.
    SubPictures => "sub-pictures",
    /// The picture of an APNG for viewers that know no animation.
    DefaultPicture => "default-picture",
    /// Measured temperatures.
    ThermalPicture => "thermal-picture",
    /// Layers of Photoshop.
    PhotoshopLayers => "photoshop-layers",
    /// Picture data that no viewer shows.
    HiddenPictureData => "hidden-picture-data",
    /// Samples that are neither colour nor opacity.
    ExtraSamples => "extra-samples",
    /// A second, brighter rendering.
    GainMap => "gain-map",
    /// Distances.
    DepthData => "depth-data",
    /// The video of a motion photo.
    MotionVideo => "motion-video",
    /// A camera's owner.
    Owner => "owner",
    /// Serial numbers of camera and lens.
    SerialNumbers => "serial-numbers",
    /// A camera maker's own block.
    MakerNote => "maker-note",
    /// Where faces are, or who it is.
    FaceRegions => "face-regions",
    /// Text.
    Text => "text",
    /// Programs that wrote it.
    Software => "software",
    /// Other EXIF, or a block that cannot be read.
    Exif => "exif",
    /// XMP.
    Xmp => "xmp",
    /// The rest of long XMP.
    XmpExtended => "xmp-extended",
    /// IPTC.
    Iptc => "iptc",
    /// Photoshop's resources.
    Photoshop => "photoshop",
    /// A signed history.
    C2pa => "c2pa",
    /// A block of metadata as text in a PNG.
    RawProfile => "raw-profile",
    /// A comment.
    Comment => "comment",
    /// A program's own block of a GIF.
    ApplicationData => "application-data",
    /// What a JPEG XL file needs to become the JPEG that it was.
    JpegReconstruction => "jpeg-reconstruction",
    /// A JPEG's segment APP0 of an unknown kind.
    App0 => "app0",
    /// A JPEG's segment APP1 of an unknown kind.
    App1 => "app1",
    /// A JPEG's segment APP2 of an unknown kind.
    App2 => "app2",
    /// A JPEG's segment APP3 of an unknown kind.
    App3 => "app3",
    /// A JPEG's segment APP4 of an unknown kind.
    App4 => "app4",
    /// A JPEG's segment APP5 of an unknown kind.
    App5 => "app5",
    /// A JPEG's segment APP6 of an unknown kind.
    App6 => "app6",
    /// A JPEG's segment APP7 of an unknown kind.
    App7 => "app7",
    /// A JPEG's segment APP8 of an unknown kind.
    App8 => "app8",
    /// A JPEG's segment APP9 of an unknown kind.
    App9 => "app9",
    /// A JPEG's segment APP10 of an unknown kind.
    App10 => "app10",
    /// A JPEG's segment APP11 of an unknown kind.
    App11 => "app11",
    /// A JPEG's segment APP12 of an unknown kind.
    App12 => "app12",
    /// A JPEG's segment APP13 of an unknown kind.
    App13 => "app13",
    /// Adobe's segment of a JPEG with more in it than its numbers.
    App14 => "app14",
    /// A JPEG's segment APP15 of an unknown kind.
    App15 => "app15",
    /// Segments of a JPEG of an unknown kind.
    UnknownSegments => "unknown-segments",
    /// Chunks or boxes that are not on the list.
    PrivateChunks => "private-chunks",
    /// Tags that are not on the list.
    PrivateTags => "private-tags",
    /// PNG's significant bits of other pixels.
    Sbit => "sbit",
    /// PNG's background.
    Bkgd => "bkgd",
    /// PNG's histogram.
    Hist => "hist",
    /// PNG's suggested palette.
    Splt => "splt",
    /// Bytes behind the end.
    Trailer => "trailer",
    /// Another picture track of a video.
    SecondVideoTrack => "second-video-track",
    /// A video's cover.
    CoverArt => "cover-art",
    /// A sound track of an unknown codec.
    AudioTrack => "audio-track",
    /// A track of subtitles.
    Subtitles => "subtitles",
    /// A file inside a video.
    Attachment => "attachment",
    /// A track of data.
    DataTrack => "data-track",
    /// Chapters of a video.
    Chapters => "chapters",
    /// Frames that an edit list hides.
    HiddenFrames => "hidden-frames",
    /// Sound that an edit list hides.
    HiddenSound => "hidden-sound",
    /// Closed captions in the stream of the pictures.
    Captions => "captions",
    /// What a sound track is for.
    TrackKind => "track-kind",
    /// A video's title.
    Title => "title",
    /// When a video was made.
    Date => "date",
    /// Where a video was made.
    Location => "location",
    /// What encoded a video.
    Encoder => "encoder",
    /// The name of a track's handler.
    HandlerName => "handler-name",
    /// Other metadata of a video.
    Metadata => "metadata",
}

impl ContentKind {
    /// A JPEG's segment APP0 to APP15 of an unknown kind; `None` for other numbers.
    pub(crate) fn app_segment(number: u8) -> Option<Self> {
        const ALL: [ContentKind; 16] = [
            ContentKind::App0,
            ContentKind::App1,
            ContentKind::App2,
            ContentKind::App3,
            ContentKind::App4,
            ContentKind::App5,
            ContentKind::App6,
            ContentKind::App7,
            ContentKind::App8,
            ContentKind::App9,
            ContentKind::App10,
            ContentKind::App11,
            ContentKind::App12,
            ContentKind::App13,
            ContentKind::App14,
            ContentKind::App15,
        ];
        ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for ContentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq<str> for ContentKind {
    fn eq(&self, name: &str) -> bool {
        self.name() == name
    }
}

impl PartialEq<&str> for ContentKind {
    fn eq(&self, name: &&str) -> bool {
        self == *name
    }
}
