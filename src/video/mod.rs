//! Videos: frames in, frames out, with their times, and everything else of a file kept or left out
//! on purpose. What is done to the frames is not decided here.
//!
//! Invariant: a `FrameSink` that finishes has written every frame it was given, at its time; the
//! new file holds one picture track, the sound that was asked for, and nothing else of the source.

mod embedded;
mod encoders;
mod failure;
mod ffmpeg;
mod file;
mod guard;
mod input;
mod part;
mod player;
mod timeline;

use crate::content::ContentKind;
pub(crate) use crate::frame::{Frame, FramePicture, Samples, Shape};
pub use crate::time_range::{Outside, TimeRange};
pub use encoders::VideoEncoder;
pub(crate) use file::VideoFile;
pub(crate) use guard::caught;
pub use input::{VideoInput, VideoOutput};
pub(crate) use part::{Inside, PartSource};
pub use player::VideoFrames;
pub(crate) use timeline::{TimeBase, times};

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use embedded::EmbeddedVideo;
use ffmpeg::{FfmpegVideo, Tools};
use std::path::Path;
use std::sync::Arc;

/// What becomes of the sound.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Audio {
    /// Every track is kept, packet by packet; what the container cannot hold is converted.
    #[default]
    Keep,
    /// There is none in the new file.
    Drop,
}

/// What becomes of subtitles.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Subtitles {
    /// There are none in the new file: they may name people.
    #[default]
    Drop,
    /// Words and times of text tracks are written anew, without styles, and captions (CEA-608) of
    /// the pictures' stream as such a track. Pictures of words, and what the container cannot hold,
    /// are dropped with a warning. Needs [`Backend::Ffmpeg`].
    Keep,
}

/// What becomes of a video of which a part is damaged or missing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Damaged {
    /// It fails.
    #[default]
    Refuse,
    /// It is written with what the decoder makes up for the damage, covered like all other frames.
    /// The report says when those frames are shown. Needs [`Backend::Ffmpeg`].
    Conceal,
}

/// How frames are encoded; the methods change one option each.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Encoding {
    /// What becomes of the sound.
    pub audio: Audio,
    /// What becomes of subtitles.
    pub subtitles: Subtitles,
    /// What encodes the pictures. The built-in backend has one encoder, and takes
    /// [`VideoEncoder::Auto`] only.
    pub encoder: VideoEncoder,
    /// Constant rate factor, 0..=51, lower is better; the encoder's usual high quality if `None`.
    pub crf: Option<u8>,
    /// Bits a second of the pictures instead of a quality. With neither, they follow the source's
    /// bit rate, and quality is high where that is.
    pub bitrate: Option<u32>,
    /// `None` is a fast one.
    pub effort: Option<Effort>,
}

impl Encoding {
    /// All sound, at a quality that follows the source's.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of the sound.
    #[must_use]
    pub const fn audio(mut self, audio: Audio) -> Self {
        self.audio = audio;
        self
    }

    /// What becomes of the subtitles.
    #[must_use]
    pub const fn subtitles(mut self, subtitles: Subtitles) -> Self {
        self.subtitles = subtitles;
        self
    }

    /// With this encoder.
    #[must_use]
    pub const fn encoder(mut self, encoder: VideoEncoder) -> Self {
        self.encoder = encoder;
        self
    }

    /// At this constant rate factor, 0..=51; lower is better.
    #[must_use]
    pub fn crf(mut self, factor: impl Into<Option<u8>>) -> Self {
        self.crf = factor.into();
        self
    }

    /// At so many bits a second of the pictures.
    #[must_use]
    pub fn bitrate(mut self, bits: impl Into<Option<u32>>) -> Self {
        self.bitrate = bits.into();
        self
    }

    /// With this effort of the encoder.
    #[must_use]
    pub fn effort(mut self, effort: impl Into<Option<Effort>>) -> Self {
        self.effort = effort.into();
        self
    }
}

/// How long an encoder looks for a shorter way to say the same, from quick to thorough: what x264
/// and x265 call a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the encoders' own names")]
pub enum Effort {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
    Slow,
    Slower,
    Veryslow,
}

impl Effort {
    /// The encoders' own name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Superfast => "superfast",
            Self::Veryfast => "veryfast",
            Self::Faster => "faster",
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
            Self::Slower => "slower",
            Self::Veryslow => "veryslow",
        }
    }
}

/// What decodes and encodes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Backend {
    /// ffmpeg where it is installed, since its encoders are faster and better; else the built-in
    /// one for what that knows.
    #[default]
    Auto,
    /// Built in, without anything installed: MP4 and QuickTime with 8-bit 4:2:0 progressive H.264.
    Embedded,
    /// The user's own ffmpeg and ffprobe, 5.1 or newer.
    Ffmpeg,
}

/// Frames, one after the other in the order in which they are shown.
pub(crate) trait FrameSource: Send {
    /// Puts the next frame into `frame`, whose buffer is used again; `false` after the last one.
    ///
    /// # Errors
    /// If the file is damaged: a video that ends early is an error, not a shorter video.
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool>;
}

/// Takes frames in the order in which they are shown.
pub(crate) trait FrameSink: Send {
    /// Encodes a frame.
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&mut self, frame: &Frame) -> Result<()>;

    /// Completes the file and checks it.
    ///
    /// # Errors
    /// If the file is not complete; it must be removed then.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A video file that was understood.
pub(crate) trait Video: Send + Sync {
    /// What decodes and encodes, for people.
    fn backend(&self) -> String;
    /// What all frames have in common.
    fn shape(&self) -> &Shape;
    /// Frames a second on average.
    fn rate(&self) -> f64;
    /// Frames, as far as it is known beforehand.
    fn frames(&self) -> Option<u64>;
    /// What presentation timestamps count.
    fn time_base(&self) -> TimeBase;
    /// When a frame is shown, in seconds from the start.
    fn seconds(&self, pts: i64) -> f64;
    /// When the last frame ceases to be shown, if the file says so.
    fn end(&self) -> Option<i64>;
    /// The encoder that is asked for by name, as the backend calls it.
    fn encoder(&self, encoding: &Encoding) -> Option<&'static str> {
        let _ = encoding;
        None
    }
    /// Whether frames can be encoded as asked.
    ///
    /// # Errors
    /// If not.
    fn check(&self, encoding: &Encoding) -> Result<()>;
    /// Sound tracks.
    fn sound_tracks(&self) -> usize;
    /// Tracks of subtitles that are in the source, and those of them that are written.
    fn subtitles(&self, encoding: &Encoding) -> (usize, usize) {
        let _ = encoding;
        (0, 0)
    }
    /// There are captions in the pictures' stream: writes them as subtitles from now on, if it can.
    fn keep_captions(&self) -> bool {
        false
    }
    /// What the new file will not have.
    fn dropped(&self) -> Vec<ContentKind>;
    /// What a person should know.
    fn warnings(&self, encoding: &Encoding) -> Vec<String>;
    /// The frames from the first one on.
    ///
    /// # Errors
    /// If decoding cannot be started.
    fn source(&self) -> Result<Box<dyn FrameSource>>;
    /// When frames are shown that are not as they were coded, in seconds, as far as they were read:
    /// the decoder concealed damage.
    fn concealed(&self) -> Vec<f64> {
        Vec::new()
    }
    /// The last frame, not after `frame`, from which decoding may begin.
    fn begins_before(&self, frame: usize) -> usize {
        let _ = frame;
        0
    }
    /// The frames from one that [`Video::begins_before`] gave.
    ///
    /// # Errors
    /// If decoding cannot be started.
    fn source_from(&self, frame: usize) -> Result<Box<dyn FrameSource>> {
        let _ = frame;
        self.source()
    }
    /// A new file at `to`, which is replaced.
    ///
    /// # Errors
    /// If encoding cannot be started.
    fn sink(&self, to: &Path, encoding: &Encoding) -> Result<Box<dyn FrameSink>>;
}

/// Name and version of the ffmpeg that videos would be handled with: `ffmpeg 5.1.9`.
///
/// # Errors
/// [`ErrorKind::Unsupported`] if ffmpeg or ffprobe is missing or too old; the message says what is
/// needed.
pub fn ffmpeg() -> Result<String> {
    Ok(Tools::find()?.name)
}

/// How a video is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// Most pixels of a frame.
    pub(crate) max_pixels: u64,
    /// The only part that there is of it, whose beginning is time 0 then.
    pub(crate) range: Option<TimeRange>,
    /// Whether damage is concealed.
    pub(crate) damaged: Damaged,
}

/// Opens a video.
///
/// # Errors
/// [`ErrorKind::Unsupported`] if what is needed for it is missing, which the message names;
/// [`ErrorKind::Malformed`] for a damaged file, [`ErrorKind::TooLarge`] for frames of too many
/// pixels, [`ErrorKind::InvalidArgument`] for a part that shows no frame.
pub(crate) fn open(
    file: &Arc<VideoFile>,
    backend: Backend,
    how: Opening,
) -> Result<Box<dyn Video>> {
    let ffmpeg =
        |tools| -> Result<Box<dyn Video>> { Ok(Box::new(FfmpegVideo::open(file, tools, how)?)) };
    let needs = |reason: String| failure::unsupported(format!("{reason}, so it needs ffmpeg"));
    match backend {
        Backend::Ffmpeg => ffmpeg(Tools::find()?),
        Backend::Embedded => match embedded(file, how)? {
            Ok(video) => Ok(Box::new(video)),
            Err(reason) => Err(needs(reason)),
        },
        Backend::Auto => match Tools::find() {
            Ok(tools) => ffmpeg(tools),
            Err(missing) => match embedded(file, how)? {
                Ok(video) => Ok(Box::new(video)),
                Err(reason) => Err(needs(reason).because(missing)),
            },
        },
    }
}

/// The built-in backend, or why it does not do.
fn embedded(file: &Arc<VideoFile>, how: Opening) -> Result<Result<EmbeddedVideo, String>> {
    if how.damaged == Damaged::Conceal {
        return Ok(Err("damaged frames are to be concealed".into()));
    }
    let head = file.head(12)?;
    if head.get(4..8) != Some(b"ftyp") && !is_quicktime(&head) {
        return Ok(Err("it is no MP4".into()));
    }
    caught("opening", || EmbeddedVideo::open(file, how))
}

/// QuickTime from before `ftyp`, by its first box. One that only fills or points is short: below 16
/// MiB its length begins with a zero, which no text does that has such a word in its place.
fn is_quicktime(head: &[u8]) -> bool {
    match head.get(4..8) {
        Some(b"moov" | b"mdat") => true,
        Some(b"wide" | b"free" | b"skip" | b"pnot") => head[0] == 0,
        _ => false,
    }
}

/// Frames of this size are allowed.
fn check_size(size: Size, max_pixels: u64) -> Result<()> {
    if size.area() > max_pixels {
        let Size { width, height } = size;
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("frames of {width}x{height} pixels are more than the {max_pixels} allowed"),
        ));
    }
    Ok(())
}
