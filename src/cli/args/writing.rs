//! Where and how new files are written.

use super::value_parsers::{
    AudioArg, EffortArg, EncoderArg, KeepArg, OnNoFaceArg, SubtitlesArg, suffix,
};
use clap::{Args, ValueHint};
use faceveil::Format;
use faceveil::photo::Quality;
use faceveil::settings::values::{bitrate, crf, format};
use std::ffi::OsString;
use std::path::PathBuf;

/// Where and how new files are written.
#[derive(Debug, Args)]
pub(crate) struct Writing {
    /// A folder, or a file name for a single photo, or `-` for standard output
    ///
    /// A folder mirrors the tree below each given folder. A name that ends in a slash or is a
    /// folder already, several inputs, or a folder among them mean a folder. Without it,
    /// `photo.jpg` becomes `photo_blurred.jpg` beside it.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath)]
    #[arg(help_heading = "Output")]
    pub(crate) output: Option<OsString>,

    /// Put this between the stem and the ending of new names: with `-safe`, `photo.jpg` becomes
    /// `photo-safe.jpg` [default: `_blurred` beside the original, nothing with -o DIR]
    ///
    /// A file of a folder whose name is that of an original with the suffix is an earlier output
    /// and left alone, unless -o DIR is given.
    #[arg(long, value_name = "TEXT", value_parser = suffix, help_heading = "Output")]
    #[arg(allow_hyphen_values = true)]
    pub(crate) suffix: Option<String>,

    #[command(flatten)]
    pub(crate) photo: PhotoOutput,

    /// Replace output files that exist
    #[arg(long, help_heading = "Output", conflicts_with = "skip_existing")]
    pub(crate) overwrite: bool,

    /// Leave photos alone whose output exists
    #[arg(long, help_heading = "Output")]
    pub(crate) skip_existing: bool,

    /// Replace the photos themselves; the originals are gone
    #[arg(long, help_heading = "Output")]
    #[arg(conflicts_with_all = ["output", "overwrite", "skip_existing"])]
    pub(crate) in_place: bool,

    /// What to do with a photo in which nothing to cover was found
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Output"
    )]
    pub(crate) on_no_face: OnNoFaceArg,

    /// Write one JSON line per photo to this file, or `-` for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) report: Option<OsString>,

    /// Look at every new file again, as `faceveil verify` does; exit with 3 if something is found
    #[arg(long, help_heading = "Output")]
    pub(crate) verify: bool,

    /// Add what was done to this file, for whoever must account for it later: SHA-256 of inputs,
    /// outputs and models, settings, version, counts; JSON lines
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) audit: Option<PathBuf>,

    /// Remember in this file what was done, instead of in a hidden file beside the output folder
    ///
    /// The same command does only what is missing or changed, since relative names and SHA-256
    /// fingerprints of inputs and outputs are in it. For `-o DIR` only.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) record: Option<PathBuf>,

    /// What becomes of a video's sound
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Videos"
    )]
    pub(crate) audio: AudioArg,

    /// What becomes of a video's subtitles, which may name people; keep needs ffmpeg
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Videos"
    )]
    pub(crate) subtitles: SubtitlesArg,

    /// What encodes a video's pictures: a library or hardware that your ffmpeg knows
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "ENCODER",
        help_heading = "Videos"
    )]
    pub(crate) encoder: EncoderArg,

    /// Constant rate factor of a video's encoder, 0 to 51; lower is better and larger
    /// [default: as the original needs]
    #[arg(long, value_name = "N", value_parser = crf, help_heading = "Videos")]
    pub(crate) crf: Option<u8>,

    /// Bits a second of a video's pictures, 800k or 2.5M [default: as the original needs]
    #[arg(long, value_name = "BITS", value_parser = bitrate, conflicts_with = "crf")]
    #[arg(help_heading = "Videos")]
    pub(crate) bitrate: Option<u32>,

    /// How hard a video's encoder tries to save bytes [default: fast, without wasting them]
    #[arg(long, value_enum, value_name = "EFFORT", help_heading = "Videos")]
    pub(crate) preset_video: Option<EffortArg>,
}

/// The format of new photos, and what they keep of the old ones.
#[derive(Debug, Args)]
pub(crate) struct PhotoOutput {
    /// Write photos in this format: jpeg, png, webp, tiff, heic, avif or jxl
    /// [default: each in its own; HEIC and AVIF as jpeg]
    ///
    /// The file's ending changes to match. png, webp, tiff and jxl are lossless; jpeg has quality
    /// 95, heic and avif about the same (`--quality` changes that, and makes webp and jxl lossy),
    /// heic and avif at half a minute for 12 megapixels. What a format cannot
    /// hold (16 bits, transparency, metadata) is reported; what cannot be left out (an animation in
    /// a jpeg) makes the file fail. Videos keep their own format.
    #[arg(long, value_name = "FORMAT", value_parser = format, help_heading = "Output")]
    pub(crate) format: Option<Format>,

    /// How finely photos are coded that are written from pixels, 1 to 100, or lossless
    /// [default: webp and jxl as their source, the others 95]
    ///
    /// Counts for webp, heic, avif and jxl, and for jpeg from another format. A jpeg that stays one
    /// keeps its own quality, png, tiff, bmp and gif every pixel.
    #[arg(long, value_name = "N", value_parser = |text: &str| text.parse::<Quality>())]
    #[arg(help_heading = "Output")]
    pub(crate) quality: Option<Quality>,

    /// Keep these EXIF values in the new photo: time, camera, gps, copyright; and hdr, the gain map
    /// of a JPEG, covered like the picture; all else is dropped
    ///
    /// Values are checked and written anew. With `time` the new file gets the picture's time as its
    /// own. Not possible in GIF, BMP and videos, which is reported.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,...",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) keep: Vec<KeepArg>,
}
