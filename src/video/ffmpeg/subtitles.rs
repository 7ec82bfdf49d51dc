//! Subtitles that are kept on request. Only their words and times are: each track is decoded and
//! written anew in the text format of the container, without styles, fonts and comments.

use super::super::Subtitles;
use super::ask::text;
use super::containers::Container;
use super::tools::Tools;
use serde_json::Value;
use std::ffi::OsStr;

/// Formats of words; the others are pictures of words.
const WORDS: [&str; 7] = ["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"];

/// A track of subtitles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SubtitleTrack {
    pub(super) index: u64,
    codec: String,
    /// Three letters.
    pub(super) language: Option<String>,
    /// Whether players choose it.
    pub(super) is_default: bool,
}

impl SubtitleTrack {
    /// From what ffprobe says of a stream.
    pub(super) fn new(stream: &Value) -> Option<Self> {
        let language = text(&stream["tags"], "language");
        let is_code = |l: &&str| l.len() == 3 && l.bytes().all(|b| b.is_ascii_lowercase());
        Some(Self {
            index: stream["index"].as_u64()?,
            codec: text(stream, "codec_name").unwrap_or("unknown").to_owned(),
            language: language.filter(is_code).map(str::to_owned),
            is_default: stream["disposition"]["default"] == 1,
        })
    }

    /// Why it cannot be kept in a container, if it cannot.
    fn refusal(&self, container: Container, tools: &Tools) -> Option<String> {
        let codec = &self.codec;
        let Some(encoder) = encoder(container) else {
            let name = container.name();
            return Some(format!(
                "its subtitles ({codec}) are dropped: {name} holds no text"
            ));
        };
        if !WORDS.contains(&codec.as_str()) {
            let why = "they are pictures or of an unknown format";
            return Some(format!("its subtitles ({codec}) are dropped: {why}"));
        }
        (!tools.can_encode(encoder))
            .then(|| format!("its subtitles are dropped: this ffmpeg has no encoder {encoder}"))
    }
}

/// ffmpeg's encoder of a container's words.
pub(super) const fn encoder(container: Container) -> Option<&'static str> {
    match container {
        Container::Mp4 | Container::Mov => Some("mov_text"),
        Container::Matroska => Some("srt"),
        Container::WebM => Some("webvtt"),
        Container::Ts => None,
    }
}

/// What makes ffmpeg decode a file that it has open once more, for the captions (CEA-608) in its
/// pictures' stream. `None` for a file by its name, which would have to be quoted.
pub(super) fn captions(file: &OsStr) -> Option<String> {
    let path = file.to_str()?.strip_prefix("file:")?;
    let number = path.strip_prefix("/proc/self/fd/")?;
    let is_plain = number.bytes().all(|b| b.is_ascii_digit());
    is_plain.then(|| format!("movie={path}[out0+subcc]"))
}

/// The tracks that are written.
pub(super) fn kept<'a>(
    tracks: &'a [SubtitleTrack],
    asked: Subtitles,
    container: Container,
    tools: &Tools,
) -> Vec<&'a SubtitleTrack> {
    let tracks = tracks.iter().filter(|_| asked == Subtitles::Keep);
    tracks
        .filter(|track| track.refusal(container, tools).is_none())
        .collect()
}

/// What is said of those that were asked for and are not written.
pub(super) fn warnings(
    tracks: &[SubtitleTrack],
    asked: Subtitles,
    container: Container,
    tools: &Tools,
) -> Vec<String> {
    let tracks = tracks.iter().filter(|_| asked == Subtitles::Keep);
    let mut all: Vec<String> = tracks.filter_map(|t| t.refusal(container, tools)).collect();
    all.dedup();
    all
}
