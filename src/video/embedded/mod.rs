//! MP4 and QuickTime files with 8-bit 4:2:0 progressive H.264, without anything installed: decoded and
//! encoded in pure Rust, tables read and written here, sound copied chunk by chunk.

mod bits;
mod entries;
mod file;
mod parameters;
mod sink;
mod source;
mod specific;
mod tables;
#[cfg(test)]
mod tests;

use super::failure::failed;
use super::frame::{Planes, Shape};
use super::guard::{Guarded, caught};
use super::{Audio, Effort, Encoding, FrameSink, FrameSource, TimeBase, Video};
use crate::colour::{SampleCoding, YuvMatrix, YuvRange};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use file::Source;
use rusty_h264::Preset;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A video that needs nothing else.
pub(crate) struct EmbeddedVideo {
    path: PathBuf,
    source: Source,
    shape: Shape,
}

impl EmbeddedVideo {
    /// Reads a file's tables; the inner error says why it needs ffmpeg.
    ///
    /// # Errors
    /// If it is damaged or too large.
    pub(crate) fn open(path: &Path, max_pixels: u64) -> Result<std::result::Result<Self, String>> {
        let source = match file::read(path)? {
            Ok(source) => source,
            Err(reason) => return Ok(Err(reason)),
        };
        let sequence = source.sequence;
        let size = Size::new(sequence.width, sequence.height);
        super::check_size(size, max_pixels)?;
        let matrix = match sequence.colour.tags {
            Some([_, _, 1]) => YuvMatrix::Bt709,
            Some([_, _, 9 | 10]) => YuvMatrix::Bt2020,
            Some([_, _, 4..=6]) => YuvMatrix::Bt601,
            _ if size.height >= 720 => YuvMatrix::Bt709,
            _ => YuvMatrix::Bt601,
        };
        let range = match sequence.colour.is_full_range {
            Some(true) => YuvRange::Full,
            _ => YuvRange::Limited,
        };
        let pixel = match source.avc().and_then(|a| a.pasp.as_ref()) {
            Some(pasp) if pasp.h_spacing > 0 && pasp.v_spacing > 0 => {
                Some((pasp.h_spacing, pasp.v_spacing))
            }
            _ => sequence.pixel,
        };
        let aspect = pixel.map_or(1.0, |(x, y)| x as f32 / y as f32);
        let shape = Shape {
            size,
            orientation: source.orientation,
            planes: Planes::Yuv { x: 1, y: 1 },
            coding: SampleCoding {
                bits: 8,
                range,
                matrix,
            },
            pixel_aspect: match source.orientation.swaps_sides() {
                true => 1.0 / aspect,
                false => aspect,
            },
            is_pq: false,
        };
        Ok(Ok(Self {
            path: path.to_owned(),
            source,
            shape,
        }))
    }

    fn file(&self) -> Result<File> {
        File::open(&self.path).map_err(|e| failed("reading it").because(e))
    }

    fn reading(&self) -> Result<source::Reading> {
        let avc = self.source.avc();
        let parameters = avc.map(|a| a.avcc.clone());
        let lost = || Error::new(ErrorKind::Internal, "a track without its parameters");
        Ok(source::Reading::new(
            self.file()?,
            parameters.ok_or_else(lost)?,
            &self.source.pictures,
        ))
    }

    fn timescale(&self) -> f64 {
        self.time_base().den().into()
    }
}

impl Video for EmbeddedVideo {
    fn backend(&self) -> String {
        "embedded".into()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn rate(&self) -> f64 {
        let pts = self.source.pictures.iter().map(|p| p.pts);
        let (first, last) = (pts.clone().min(), pts.max());
        let ticks = last.unwrap_or(0) - first.unwrap_or(0);
        let steps = self.source.pictures.len().saturating_sub(1).max(1);
        let rate = steps as f64 * self.timescale() / (ticks as f64).max(1.0);
        if (1.0..=300.0).contains(&rate) {
            rate
        } else {
            30.0
        }
    }

    fn frames(&self) -> Option<u64> {
        Some(self.source.pictures.len() as u64)
    }

    fn time_base(&self) -> TimeBase {
        TimeBase::of_rate(self.source.track().mdia.mdhd.timescale)
    }

    fn seconds(&self, pts: i64) -> f64 {
        pts as f64 / self.timescale()
    }

    fn sound_tracks(&self) -> usize {
        self.source.sound.len()
    }

    fn dropped(&self) -> Vec<String> {
        self.source.dropped.clone()
    }

    fn warnings(&self, _: &Encoding) -> Vec<String> {
        Vec::new()
    }

    fn source(&self) -> Result<Box<dyn FrameSource>> {
        Ok(Box::new(Guarded(caught("decoding", || self.reading())?)))
    }

    fn begins_before(&self, frame: usize) -> usize {
        let found = caught("decoding", || Ok(self.reading()?.begins_before(frame)));
        found.unwrap_or(0)
    }

    fn source_from(&self, frame: usize) -> Result<Box<dyn FrameSource>> {
        let from = caught("decoding", || Ok(self.reading()?.starting_at(frame)))?;
        Ok(Box::new(Guarded(from)))
    }

    fn sink(&self, to: &Path, encoding: &Encoding) -> Result<Box<dyn FrameSink>> {
        let preset = match encoding.effort {
            Some(Effort::Ultrafast | Effort::Superfast) => Preset::Fast,
            Some(Effort::Slow | Effort::Slower | Effort::Veryslow) => Preset::Quality,
            _ => Preset::Balanced,
        };
        Ok(Box::new(sink::Writing::start(
            &self.source,
            self.file()?,
            to,
            encoding.crf,
            preset,
            encoding.audio == Audio::Keep,
        )?))
    }
}
