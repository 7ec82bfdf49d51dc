//! Frames into ffmpeg: encoded, with the source's sound beside them, and looked at once more before
//! they count as written.
//!
//! Invariant: after [`FrameSink::finish`] the file holds one picture track with exactly the frames
//! that were given, at their times, and the sound and subtitles that were asked for; nothing else.

use super::super::FrameSink;
use super::super::embedded::blank_sound;
use super::super::failure::{failed, malformed, unsupported};
use super::super::timeline::{TimeBase, Timeline};
use super::child::Child;
use super::nut::{Header, Writer};
use super::sound_header::{self, Part};
use super::written::{Written, written as read_back};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Samples};
use std::ffi::OsString;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};

const DOING: &str = "encoding it";
/// The most sound that an encoder puts before the beginning, in seconds.
const PRIMING: f64 = 0.1;
/// Times that differ by less, in seconds, are rounded ones of the same.
const SAME_TIME: f64 = 0.0005;

/// An encoder at work.
pub(super) struct Encoder {
    child: Option<Child>,
    frames: Option<Writer<BufWriter<ChildStdin>>>,
    scratch: Vec<u8>,
    to: PathBuf,
    written: Timeline,
    packets: Option<Vec<f64>>,
    begins_at: f64,
    converts_sound: bool,
    sound_tracks: usize,
    subtitle_tracks: usize,
    too_much: Vec<Part>,
    begins_anywhere: bool,
    is_iso: bool,
}

/// What an encoder writes.
pub(super) struct Plan {
    pub(super) arguments: Vec<OsString>,
    /// The source, as what is standard output to others.
    pub(super) input: Stdio,
    pub(super) header: Header,
    /// Frames a second, as a fraction.
    pub(super) rate: (u32, u32),
    pub(super) time_base: TimeBase,
    pub(super) to: PathBuf,
    /// When packets of the source are shown, in seconds from its start, if all of them say.
    pub(super) packets: Option<Vec<f64>>,
    /// When the part of the source that is written begins, in seconds.
    pub(super) begins_at: f64,
    pub(super) converts_sound: bool,
    pub(super) sound_tracks: usize,
    pub(super) subtitle_tracks: usize,
    /// What comes along in the headers of copied sound and must not stay.
    pub(super) too_much: Vec<Part>,
    /// Whether the container moves the whole of time as it sees fit.
    pub(super) begins_anywhere: bool,
    /// Whether its packets can be found without ffmpeg.
    pub(super) is_iso: bool,
}

impl Encoder {
    pub(super) fn start(plan: Plan) -> Result<Self> {
        let mut command = Command::new("ffmpeg");
        command
            .args(plan.arguments)
            .stdin(Stdio::piped())
            .stdout(plan.input);
        let mut child = Child::start("ffmpeg", &mut command)?;
        let pipe = BufWriter::with_capacity(1 << 16, child.stdin()?);
        let frames = match Writer::new(pipe, &plan.header, plan.rate) {
            Ok(frames) => frames,
            Err(e) => return Err(child.broke(DOING, e)),
        };
        Ok(Self {
            child: Some(child),
            frames: Some(frames),
            scratch: Vec::new(),
            to: plan.to,
            written: Timeline {
                base: plan.time_base,
                pts: Vec::new(),
            },
            packets: plan.packets,
            begins_at: plan.begins_at,
            converts_sound: plan.converts_sound,
            sound_tracks: plan.sound_tracks,
            subtitle_tracks: plan.subtitle_tracks,
            too_much: plan.too_much,
            begins_anywhere: plan.begins_anywhere,
            is_iso: plan.is_iso,
        })
    }

    fn broke(&mut self, e: std::io::Error) -> Error {
        self.frames = None;
        match self.child.take() {
            Some(child) => child.broke(DOING, e),
            None => failed(DOING).because(e),
        }
    }
}

impl FrameSink for Encoder {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let data = match &frame.samples {
            Samples::U8(data) => &data[..],
            Samples::U16(data) => {
                self.scratch.clear();
                let bytes = data.iter().flat_map(|v| v.to_le_bytes());
                self.scratch.extend(bytes);
                &self.scratch
            }
        };
        let Some(frames) = &mut self.frames else {
            return Err(Error::new(
                ErrorKind::Internal,
                "a frame after the last one",
            ));
        };
        match frames.frame(frame.pts, data) {
            Ok(()) => {
                self.written.pts.push(frame.pts);
                Ok(())
            }
            Err(e) => Err(self.broke(e)),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if let Some(frames) = self.frames.take()
            && let Err(e) = frames.finish()
        {
            return Err(self.broke(e));
        }
        if let Some(child) = self.child.take() {
            child.finish(DOING)?;
        }
        sound_header::empty(&self.to, &self.too_much)?;
        if self.is_iso && self.sound_tracks > 0 {
            blank_sound(&self.to)?;
        }
        let Written {
            shown,
            start,
            tracks: [video, audio, other],
        } = read_back(&self.to)?;
        // A track of subtitles without any is not written.
        if video != 1 || other > self.subtitle_tracks || audio != self.sound_tracks {
            return Err(malformed(format!(
                "the new file has {video} picture, {audio} sound and {other} other tracks instead of 1, {} and {}",
                self.sound_tracks, self.subtitle_tracks
            )));
        }
        let mut written = self.written;
        written.pts.sort_unstable();
        // A stream may begin anywhere, as long as picture and sound do so together.
        let pictures_moved = shown.begin() - written.begin();
        let moved = match (self.begins_anywhere, self.sound_tracks) {
            (false, _) => 0.0,
            // What an encoder puts before the sound begins before the file does.
            (true, 1..)
                if self.converts_sound && (0.0..PRIMING).contains(&(pictures_moved - start)) =>
            {
                pictures_moved
            }
            (true, 1..) => start,
            (true, 0) => pictures_moved,
        };
        if let Some(frame) = written.first_difference(&shown, -moved) {
            return Err(unsupported(format!(
                "the new file shows frame {frame} at another time than the source; {} frames went in and {} came out",
                written.pts.len(),
                shown.pts.len()
            )));
        }
        match self.packets {
            Some(packets) => ensure_of_source(&written, &packets, self.begins_at),
            None => Ok(()),
        }
    }
}

/// Fails for frames at times at which the source has none. The first one of a part that begins at a
/// time after 0 may have been shown before.
fn ensure_of_source(written: &Timeline, packets: &[f64], begins_at: f64) -> Result<()> {
    let is_begun = |pts: &&i64| begins_at > 0.0 && **pts == 0;
    for pts in written.pts.iter().skip_while(is_begun) {
        let time = written.base.seconds(*pts) + begins_at;
        let next = packets.partition_point(|p| *p < time - SAME_TIME);
        if packets.get(next).is_none_or(|p| *p > time + SAME_TIME) {
            return Err(malformed(format!(
                "a frame of the new file is shown at {time:.3} seconds, when the source shows none"
            )));
        }
    }
    Ok(())
}
