//! MP4 and QuickTime files with 8-bit 4:2:0 progressive H.264, without anything installed: decoded
//! and encoded in pure Rust, tables read and written here, sound copied chunk by chunk.

mod bits;
mod cuts;
mod edits;
mod entries;
mod file;
mod outline;
mod packets;
mod parameters;
mod part;
mod sink;
mod sound;
mod source;
mod specific;
mod tables;
#[cfg(test)]
mod tests;
mod tracks;

use super::file::VideoFile;
use crate::content::ContentKind;
pub(crate) use cuts::{Cuts, SoundCut};
pub(crate) use packets::blank_sound;

use super::failure::unsupported;
use super::guard::{Guarded, caught};
use super::{
    Audio, Effort, Encoding, FrameSink, FrameSource, Opening, TimeBase, Video, VideoEncoder,
};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Planes, Shape};
use crate::geometry::Size;
use crate::plane::{SampleCoding, YuvMatrix, YuvRange};
use file::Source;
use rusty_h264::Preset;
use sink::Quality;
use std::path::Path;
use std::sync::Arc;

/// Quantisation when no quality is asked for: hardly to be told from the source.
const QP: u8 = 22;
/// Bits a pixel below which a source is encoded to a share of its bit rate instead: with [`QP`] it
/// would grow.
const FEW_BITS: f64 = 0.15;
/// That share.
const SHARE: f64 = 1.15;

/// A video that needs nothing else.
pub(crate) struct EmbeddedVideo {
    file: Arc<VideoFile>,
    source: Source,
    shape: Shape,
    /// Whether it is a part of the file.
    is_cut: bool,
}

impl EmbeddedVideo {
    /// Reads a file's tables; the inner error says why it needs ffmpeg.
    ///
    /// # Errors
    /// If it is damaged or too large.
    pub(crate) fn open(
        file: &Arc<VideoFile>,
        how: Opening,
    ) -> Result<std::result::Result<Self, String>> {
        let mut source = match file::read(file)? {
            Ok(source) => source,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Some(range) = &how.range {
            source.cut(range)?;
        }
        let sequence = source.sequence;
        let size = Size::new(sequence.width, sequence.height);
        super::check_size(size, how.max_pixels)?;
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
            file: Arc::clone(file),
            source,
            shape,
            is_cut: how.range.is_some(),
        }))
    }

    fn reading(&self) -> Result<source::Reading> {
        let avc = self.source.avc();
        let parameters = avc.map(|a| a.avcc.clone());
        let lost = || Error::new(ErrorKind::Internal, "a track without its parameters");
        let reading = source::Reading::new(
            self.file.reader(),
            parameters.ok_or_else(lost)?,
            &self.source.pictures,
        );
        Ok(match self.is_cut {
            true => reading.of_part(),
            false => reading,
        })
    }

    /// Quality follows the source: where that has few bits for its pixels, so does the new file.
    fn quality(&self, encoding: &Encoding) -> Quality {
        if let Some(bits) = encoding.bitrate {
            return Quality::Bits(bits);
        }
        if let Some(qp) = encoding.crf {
            return Quality::Qp(qp);
        }
        let pictures = || self.source.pictures.iter().filter(|p| p.is_shown);
        let bytes: u64 = pictures().map(|p| u64::from(p.size)).sum();
        let bits = bytes as f64 * 8.0 / pictures().count().max(1) as f64;
        match bits < FEW_BITS * self.shape.size.area() as f64 {
            true => Quality::Bits((bits * self.rate() * SHARE) as u32),
            false => Quality::Qp(QP),
        }
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
        let shown = self.source.shown();
        let ticks = shown.last().unwrap_or(&0) - shown.first().unwrap_or(&0);
        let steps = shown.len().saturating_sub(1).max(1);
        let rate = steps as f64 * self.timescale() / (ticks as f64).max(1.0);
        if (1.0..=300.0).contains(&rate) {
            rate
        } else {
            30.0
        }
    }

    fn frames(&self) -> Option<u64> {
        let shown = self.source.pictures.iter().filter(|p| p.is_shown);
        Some(shown.count() as u64)
    }

    fn time_base(&self) -> TimeBase {
        TimeBase::of_rate(self.source.track().mdia.mdhd.timescale)
    }

    fn seconds(&self, pts: i64) -> f64 {
        pts as f64 / self.timescale()
    }

    fn end(&self) -> Option<i64> {
        Some(self.source.end)
    }

    fn check(&self, encoding: &Encoding) -> Result<()> {
        let encoder = encoding.encoder;
        match encoder == VideoEncoder::Auto {
            true => Ok(()),
            false => Err(unsupported(format!(
                "the encoder {} needs ffmpeg",
                encoder.name()
            ))),
        }
    }

    fn sound_tracks(&self) -> usize {
        self.source.sound.len()
    }

    fn dropped(&self) -> Vec<ContentKind> {
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
            self.file.reader(),
            to,
            self.quality(encoding),
            preset,
            encoding.audio == Audio::Keep,
        )?))
    }
}
