//! Frames out of ffmpeg: decoded, turned upright, in the source's own pixel format, with exact
//! times.

use super::super::failure::malformed;
use super::super::file::{Slot, VideoFile};
use super::super::{FrameSource, timeline::TimeBase};
use super::child::Child;
use super::damage::Damage;
use super::nut::{Header, Reader};
use super::probe::Probe;
use super::promise::Promise;
use crate::error::{ErrorKind, Result};
use crate::frame::{Frame, Samples, Shape};
use crate::geometry::Size;
use std::ffi::OsString;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

const DOING: &str = "decoding it";

/// A decoder at work.
pub(super) struct Decoder {
    child: Option<Child>,
    frames: Reader<ChildStdout>,
    /// Bytes of a frame with more than 8 bits a sample.
    scratch: Vec<u8>,
    promise: Option<Promise>,
    read: u64,
    /// The latest time of a frame.
    last: i64,
}

impl Decoder {
    /// Starts decoding; times are counted from the file's start.
    /// `conceals` gets the times at which damage is concealed; without it damage is an error.
    pub(super) fn start(
        file: &VideoFile,
        probe: &Probe,
        pixel_format: &str,
        conceals: Option<&Arc<Mutex<Vec<f64>>>>,
    ) -> Result<Self> {
        let video = &probe.video;
        let base = format!("{}:{}", video.time_base.num(), video.time_base.den());
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        match conceals {
            // Its messages say which frames are damaged.
            Some(_) => add(&[
                "-v",
                "info",
                "-hide_banner",
                "-nostats",
                "-nostdin",
                "-debug_ts",
            ]),
            // -xerror: damage is a failure, not a shorter video.
            None => add(&["-v", "error", "-nostdin", "-xerror"]),
        }
        add(&["-protocol_whitelist", "file,pipe", "-copyts"]);
        // A pipe of NUT holds no time before 0.
        arguments.extend(probe.pictures_to_zero().into_iter().map(OsString::from));
        arguments.push("-i".into());
        let (input, path) = file.for_child(Slot::Input)?;
        arguments.push(path);
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        add(&["-map", &format!("0:{}", video.index)]);
        add(&["-fps_mode", "passthrough"]);
        match video.largest {
            Some(Size { width, height }) => add(&[
                "-vf",
                &format!(
                    "scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2,\
                     pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1"
                ),
            ]),
            // A frame of another size is an error then.
            None => add(&["-autoscale", "0"]),
        }
        add(&["-enc_time_base:v", &base, "-pix_fmt", pixel_format]);
        add(&["-c:v", "rawvideo", "-f", "nut", "pipe:1"]);
        let mut command = Command::new("ffmpeg");
        command.args(arguments).stdin(input).stdout(Stdio::piped());
        let mut child = match conceals {
            Some(times) => {
                let (mut damage, times) = (Damage::new(video.index), Arc::clone(times));
                let on_line = move |line: &str| {
                    if let Some(time) = damage.read(line) {
                        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                        times.push(time);
                    }
                };
                Child::start_read("ffmpeg", &mut command, Box::new(on_line))?
            }
            None => Child::start("ffmpeg", &mut command)?,
        };
        let pipe = child.stdout()?;
        match Reader::new(pipe) {
            Ok(frames) => Ok(Self {
                child: Some(child),
                frames,
                scratch: Vec::new(),
                promise: video.promise,
                read: 0,
                last: i64::MIN,
            }),
            Err(e) => Err(child.broke(DOING, e)),
        }
    }

    pub(super) const fn header(&self) -> &Header {
        self.frames.header()
    }

    /// The time base of the frames, which may be finer than the track's.
    pub(super) fn time_base(&self) -> Result<TimeBase> {
        let (num, den) = self.frames.header().time_base;
        u32::try_from(num)
            .ok()
            .zip(u32::try_from(den).ok())
            .and_then(|(num, den)| TimeBase::new(num, den))
            .ok_or_else(|| malformed("its time base is out of range"))
    }

    /// Fails for a picture track that ended before the container says it does.
    fn check_end(&self) -> Result<()> {
        let last = self.time_base()?.seconds(self.last);
        match self.promise {
            Some(promise) if promise.is_broken(self.read, last) => Err(malformed(format!(
                "it ends after {} frames, before its end",
                self.read
            ))),
            _ => Ok(()),
        }
    }
}

impl FrameSource for Decoder {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        let read = match shape.sample_bytes() {
            1 => {
                let mut data = match std::mem::take(&mut frame.samples) {
                    Samples::U8(data) => data,
                    Samples::U16(_) => Vec::new(),
                };
                data.resize(shape.bytes(), 0);
                let read = self.frames.frame(&mut data);
                frame.samples = Samples::U8(data);
                read
            }
            _ => {
                let mut data = match std::mem::take(&mut frame.samples) {
                    Samples::U16(data) => data,
                    Samples::U8(_) => Vec::new(),
                };
                self.scratch.resize(shape.bytes(), 0);
                let read = self.frames.frame(&mut self.scratch);
                data.clear();
                let pairs = self.scratch.chunks_exact(2);
                data.extend(pairs.map(|b| u16::from_le_bytes([b[0], b[1]])));
                frame.samples = Samples::U16(data);
                read
            }
        };
        match (read, &mut self.child) {
            (Ok(Some(pts)), _) => {
                frame.pts = pts;
                self.read += 1;
                self.last = self.last.max(pts);
                Ok(true)
            }
            (Ok(None), child) => {
                if let Some(child) = child.take() {
                    child.finish(DOING)?;
                    self.check_end()?;
                }
                Ok(false)
            }
            (Err(e), child) => Err(match child.take() {
                Some(child) => child.broke(DOING, e),
                None => crate::error::Error::new(ErrorKind::Internal, DOING).because(e),
            }),
        }
    }
}
