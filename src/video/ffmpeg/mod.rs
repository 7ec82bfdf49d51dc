//! Videos of any kind through the user's own ffmpeg, as child processes: raw frames come in over
//! one pipe and go out over another, and nothing of ffmpeg is linked.

mod arguments;
mod ask;
mod child;
mod containers;
mod damage;
mod dropped;
mod encoder;
mod nut;
mod pixels;
mod probe;
mod promise;
mod rate;
mod sink;
mod sound_header;
mod source;
mod subtitles;
mod tools;
mod written;

use crate::content::ContentKind;
pub(crate) use tools::Tools;

use super::failure::malformed;
use super::file::{Slot, VideoFile};
use super::{
    Damaged, Encoding, FrameSink, FrameSource, Opening, PartSource, TimeBase, TimeRange, Video,
    VideoEncoder,
};
use crate::error::Result;
use crate::frame::Shape;
use crate::geometry::{Orientation, Size};
use crate::plane::{SampleCoding, YuvMatrix, YuvRange};
use arguments::Job;
use containers::Container;
use encoder::PictureEncoder;
use nut::Header;
use pixels::PixelFormat;
use probe::{Colour, Probe};
use sink::{Encoder, Plan};
use source::Decoder;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes from which the container is told.
const HEAD: u64 = 256;

/// A video that ffmpeg can decode.
pub(crate) struct FfmpegVideo {
    tools: Tools,
    file: Arc<VideoFile>,
    probe: Probe,
    container: Container,
    format: PixelFormat,
    shape: Shape,
    header: Header,
    time_base: super::timeline::TimeBase,
    /// The one that was started to learn the shape, until it is used.
    started: Mutex<Option<Decoder>>,
    /// The part of the file that there is.
    range: Option<TimeRange>,
    damaged: Damaged,
    /// When damage was concealed, in seconds of the whole file.
    concealed: Arc<Mutex<Vec<f64>>>,
    /// Whether captions of the pictures' stream are written as subtitles.
    captions: AtomicBool,
}

impl FfmpegVideo {
    /// Asks ffprobe, and starts decoding.
    ///
    /// # Errors
    /// If the file is damaged or of a kind that this ffmpeg does not know.
    pub(crate) fn open(file: &Arc<VideoFile>, tools: Tools, how: Opening) -> Result<Self> {
        let probe = probe::probe(file)?;
        let head = file.head(HEAD)?;
        let format = PixelFormat::of(&probe.video.pixel_format)?;
        let concealed = Arc::default();
        let conceals = (how.damaged == Damaged::Conceal).then_some(&concealed);
        let decoder = Decoder::start(file, &probe, &format.name, conceals)?;
        let header = *decoder.header();
        let side = |v: u64| u32::try_from(v).ok().filter(|v| (1..=1 << 16).contains(v));
        let (Some(width), Some(height)) = (side(header.width), side(header.height)) else {
            return Err(malformed("its frames have no size"));
        };
        let size = Size::new(width, height);
        super::check_size(size, how.max_pixels)?;
        Ok(Self {
            container: Container::for_source(&probe.container, &head),
            shape: Shape {
                size,
                // ffmpeg turns frames upright.
                orientation: Orientation::Normal,
                planes: format.planes,
                coding: coding(&probe.video.colour, &format, size),
                pixel_aspect: match header.pixel {
                    (x @ 1.., y @ 1..) => x as f32 / y as f32,
                    _ => 1.0,
                },
                is_pq: probe.video.colour.transfer.as_deref() == Some("smpte2084"),
            },
            time_base: decoder.time_base()?,
            header,
            format,
            probe,
            file: Arc::clone(file),
            tools,
            started: Mutex::new(Some(decoder)),
            range: how.range,
            damaged: how.damaged,
            concealed,
            captions: AtomicBool::new(false),
        })
    }

    fn job<'a>(&'a self, encoding: &'a Encoding) -> Result<Job<'a>> {
        Ok(Job {
            probe: &self.probe,
            container: self.container,
            format: &self.format,
            shape: &self.shape,
            encoder: PictureEncoder::choose(
                encoding.encoder,
                self.container,
                &self.format,
                &self.shape,
            )?,
            keys: Vec::new(),
            captions: None,
            encoding,
            subtitles: subtitles::kept(
                &self.probe.subtitles,
                encoding.subtitles,
                self.container,
                &self.tools,
            ),
            range: self.range,
            damaged: self.damaged,
        })
    }

    /// When the last frame of the whole file ceases to be shown.
    fn end_of_all(&self) -> Option<i64> {
        let end = self.probe.video.end?;
        Some((end * self.time_base.rate()).round() as i64)
    }
}

impl Video for FfmpegVideo {
    fn backend(&self) -> String {
        self.tools.name.clone()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn rate(&self) -> f64 {
        let (frames, seconds) = self.probe.video.rate;
        f64::from(frames) / f64::from(seconds)
    }

    fn frames(&self) -> Option<u64> {
        let all = self.probe.video.frames?;
        let Some(TimeRange { from, to }) = self.range else {
            return Some(all);
        };
        let in_time = |time: std::time::Duration| (time.as_secs_f64() * self.rate()) as u64;
        let end = to.map_or(all, |to| in_time(to).min(all));
        Some(end.saturating_sub(in_time(from)).max(1))
    }

    fn time_base(&self) -> TimeBase {
        self.time_base
    }

    fn seconds(&self, pts: i64) -> f64 {
        self.time_base.seconds(pts)
    }

    fn end(&self) -> Option<i64> {
        let end = self.end_of_all()?;
        let (from, to) = match self.range {
            Some(range) => range.ticks(self.time_base),
            None => (0, i64::MAX),
        };
        Some(end.min(to) - from)
    }

    fn sound_tracks(&self) -> usize {
        self.probe.audio.len()
    }

    fn subtitles(&self, encoding: &Encoding) -> (usize, usize) {
        let all = &self.probe.subtitles;
        let kept = subtitles::kept(all, encoding.subtitles, self.container, &self.tools);
        (all.len(), kept.len())
    }

    fn encoder(&self, encoding: &Encoding) -> Option<&'static str> {
        let is_asked = encoding.encoder != VideoEncoder::Auto;
        is_asked.then(|| Some(self.job(encoding).ok()?.encoder.name()))?
    }

    fn check(&self, encoding: &Encoding) -> Result<()> {
        let encoder = self.job(encoding)?.encoder;
        self.tools.ensure_encoder(encoder.name())
    }

    fn keep_captions(&self) -> bool {
        let input = self.file.for_child(Slot::Output);
        let graph = input.ok().and_then(|(_, file)| subtitles::captions(&file));
        let encoder = subtitles::encoder(self.container);
        let is_kept = graph.is_some() && encoder.is_some_and(|e| self.tools.can_encode(e));
        self.captions.store(is_kept, Ordering::Relaxed);
        is_kept
    }

    fn dropped(&self) -> Vec<ContentKind> {
        self.probe.dropped.clone()
    }

    fn warnings(&self, encoding: &Encoding) -> Vec<String> {
        let mut all = self.probe.warnings.clone();
        if !self.container.is_in_kind(&self.probe.container) {
            let to = self.container.name();
            all.push(format!("its container was changed to {to}"));
        }
        all.extend(
            self.job(encoding)
                .map_or_else(|_| Vec::new(), |job| job.warnings()),
        );
        all.extend(subtitles::warnings(
            &self.probe.subtitles,
            encoding.subtitles,
            self.container,
            &self.tools,
        ));
        all
    }

    fn source(&self) -> Result<Box<dyn FrameSource>> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let decoder = match started.take() {
            Some(decoder) => decoder,
            None => {
                let conceals = (self.damaged == Damaged::Conceal).then_some(&self.concealed);
                Decoder::start(&self.file, &self.probe, &self.format.name, conceals)?
            }
        };
        let Some(range) = self.range else {
            return Ok(Box::new(decoder));
        };
        let (base, end) = (self.time_base, self.end_of_all());
        Ok(Box::new(PartSource::cut(
            decoder,
            range,
            base,
            end,
            self.rate(),
        )))
    }

    fn concealed(&self) -> Vec<f64> {
        let all = self
            .concealed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let begin = self.range.map_or(0.0, |range| range.from.as_secs_f64());
        all.iter().map(|time| time - begin).collect()
    }

    fn sink(&self, to: &Path, encoding: &Encoding) -> Result<Box<dyn FrameSink>> {
        let mut job = self.job(encoding)?;
        let begins_at = self.range.map_or(0.0, |range| range.from.as_secs_f64());
        let packets = written::packets(&self.file, &self.probe)?;
        job.keys = packets.keys(begins_at);
        let (input, sound) = self.file.for_child(Slot::Output)?;
        if self.captions.load(Ordering::Relaxed) {
            job.captions = subtitles::captions(&sound);
        }
        Ok(Box::new(Encoder::start(Plan {
            arguments: job.arguments(&self.tools, &sound, to)?,
            input,
            header: self.header,
            rate: self.probe.video.rate,
            time_base: self.time_base,
            to: to.to_owned(),
            packets: match self.probe.has_times() {
                true => packets.times()?,
                false => None,
            },
            begins_at,
            converts_sound: job.converts_sound(),
            sound_tracks: job.sound().len(),
            subtitle_tracks: job.subtitles.len() + usize::from(job.captions.is_some()),
            too_much: job.too_much(),
            begins_anywhere: self.container == Container::Ts,
            is_iso: self.container.is_iso(),
        })?))
    }
}

/// What the samples mean. A file that does not say is taken for what players take it for; its tags
/// stay empty all the same.
fn coding(colour: &Colour, format: &PixelFormat, size: Size) -> SampleCoding {
    let matrix = match colour.matrix.as_deref() {
        Some("bt709") => YuvMatrix::Bt709,
        Some("bt2020nc" | "bt2020c") => YuvMatrix::Bt2020,
        Some(_) => YuvMatrix::Bt601,
        None if size.height >= 720 => YuvMatrix::Bt709,
        None => YuvMatrix::Bt601,
    };
    let is_full = colour.range.as_deref() == Some("pc")
        || format.planes == crate::frame::Planes::Gbr
        || format.name.starts_with("yuvj");
    SampleCoding {
        bits: format.bits,
        range: if is_full {
            YuvRange::Full
        } else {
            YuvRange::Limited
        },
        matrix,
    }
}
