//! PNG and APNG, at 8 and 16 bits, without loss: colour type and depth stay what they were wherever
//! the pixels still fit them.

mod chunks;
mod compressor;
mod pack;
mod raw_profile;

use super::canvas::{Blend, Canvas, Disposal};
use super::convert::{Parts, Timing};
use super::exif;
use super::frames::{Frame, Frames, Writer};
use super::guard::{Budget, encoder, malformed};
use super::hdr::Signal;
use super::icc::Profile;
use super::notes::Notes;
use super::raster::{Model, Raster, Samples, cut, difference, step};
use crate::content::ContentKind;
use crate::error::Result;
use crate::geometry::{Orientation, PixelRect, Size};
use crate::plane::Sample;
use ::png as codec;
use chunks::Chunks;
use compressor::SMALL;
use pack::Packed;
use std::borrow::Cow;
use std::io::Cursor;

/// A decoded PNG.
pub(super) type Png = Frames<PngWriter>;

/// Everything but the pixels.
#[derive(Debug)]
pub(super) struct PngWriter {
    chunks: Chunks,
    icc: Option<Profile>,
    /// How the source stored its pixels.
    color: codec::ColorType,
    depth: codec::BitDepth,
    animation: Option<Animation>,
}

#[derive(Debug)]
struct Animation {
    /// 0: for ever.
    plays: u32,
    /// Per shown frame, in fractions of a second.
    delays: Vec<(u16, u16)>,
}

fn damaged(error: codec::DecodingError) -> crate::error::Error {
    malformed("the PNG's picture data is damaged or cut off").because(error)
}

/// Decodes a PNG or APNG.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Png> {
    let mut decoder = codec::Decoder::new(Cursor::new(file));
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(codec::Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(damaged)?;
    let size = Size::new(header.width, header.height);
    let (color, depth) = (header.color_type, header.bit_depth);
    let mut chunks = Chunks::read(file, notes)?;
    let frames = chunks
        .animation
        .map_or(0, |(count, _)| count.min(chunks.frame_controls));
    budget.take(size, u64::from(frames) + 1)?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let icc = reader
        .info()
        .icc_profile
        .as_deref()
        .and_then(|icc| Profile::take(icc, notes));
    if chunks.exif.orientation != Orientation::Normal {
        notes.keep(ContentKind::Orientation);
    }
    let (rasters, animation) = if frames > 0 {
        animated(
            &mut reader,
            size,
            chunks.animation.map_or(0, |a| a.1),
            notes,
        )?
    } else {
        let (raster, _) = next(&mut reader, size, false)?;
        (vec![raster], None)
    };
    if let Some(first) = rasters.first() {
        let same = color_type(first.model()) == color;
        chunks.settle_significant(same, first.model().channels().len(), depth as u8, notes);
    }
    let frames = rasters
        .into_iter()
        .map(|raster| Frame {
            raster,
            orientation: chunks.exif.orientation,
        })
        .collect();
    let writer = PngWriter {
        chunks,
        icc,
        color,
        depth,
        animation,
    };
    Frames::new(frames, writer).ok_or_else(|| malformed("the PNG holds no picture"))
}

type Reader<'a> = codec::Reader<Cursor<&'a [u8]>>;

/// The next frame as it is stored, with the place where it belongs. `alpha`: adds opacity to models
/// without it.
fn next(reader: &mut Reader<'_>, canvas: Size, alpha: bool) -> Result<(Raster, PixelRect)> {
    let length = reader
        .output_buffer_size()
        .ok_or_else(|| malformed("the PNG is too large"))?;
    let mut bytes = vec![0; length];
    let out = reader.next_frame(&mut bytes).map_err(damaged)?;
    let size = Size::new(out.width, out.height);
    let model = match out.color_type {
        codec::ColorType::Grayscale => Model::Grey,
        codec::ColorType::GrayscaleAlpha => Model::GreyAlpha,
        codec::ColorType::Rgba => Model::Rgba,
        codec::ColorType::Rgb | codec::ColorType::Indexed => Model::Rgb,
    };
    // An interlaced frame is decoded at the stride of the whole canvas.
    let whole = reader
        .output_line_size(canvas.width)
        .unwrap_or(out.line_size);
    if reader.info().interlaced && whole > out.line_size {
        bytes = bytes
            .chunks_exact(whole)
            .take(size.height as usize)
            .flat_map(|row| &row[..out.line_size])
            .copied()
            .collect();
    }
    bytes.truncate(out.buffer_size());
    let samples = match out.bit_depth {
        codec::BitDepth::Sixteen => Samples::U16(
            bytes
                .chunks_exact(2)
                .map(|b| u16::from_be_bytes([b[0], b[1]]))
                .collect(),
        ),
        _ => Samples::U8(bytes),
    };
    let control = reader.info().frame_control;
    let place = control.map_or(PixelRect::new(0, 0, size.width, size.height), |c| {
        PixelRect::new(c.x_offset, c.y_offset, size.width, size.height)
    });
    let raster = if alpha {
        with_opacity(size, model, samples)?
    } else {
        Raster::new(size, model, samples)?
    };
    Ok((raster, place))
}

fn with_opacity(size: Size, model: Model, samples: Samples) -> Result<Raster> {
    fn add<T: Sample>(data: &[T], n: usize) -> Vec<T> {
        let opaque = T::from_f32(T::MAX);
        data.chunks_exact(n)
            .flat_map(|p| p.iter().copied().chain([opaque]))
            .collect()
    }
    let (n, to) = match model {
        Model::Grey => (1, Model::GreyAlpha),
        Model::Rgb => (3, Model::Rgba),
        _ => return Raster::new(size, model, samples),
    };
    let samples = match samples {
        Samples::U8(v) => Samples::U8(add(&v, n)),
        Samples::U16(v) => Samples::U16(add(&v, n)),
    };
    Raster::new(size, to, samples)
}

/// All pictures of an animation as they are shown.
fn animated(
    reader: &mut Reader<'_>,
    size: Size,
    plays: u32,
    notes: &mut Notes,
) -> Result<(Vec<Raster>, Option<Animation>)> {
    if reader.info().frame_control.is_none() {
        // Shown by viewers that know no animation, and by nobody else: they get the first frame.
        next(reader, size, true)?;
        notes.drop(ContentKind::DefaultPicture);
        notes.miss("the picture of an APNG for viewers that know no animation");
    }
    let count = reader.info().animation_control.map_or(0, |a| a.num_frames);
    let mut rasters = Vec::new();
    let mut delays = Vec::new();
    let mut small: Option<Canvas<u8>> = None;
    let mut deep: Option<Canvas<u16>> = None;
    for _ in 0..count {
        let (part, place) = next(reader, size, true)?;
        let control = reader
            .info()
            .frame_control
            .ok_or_else(|| malformed("a frame of the APNG has no timing"))?;
        let n = part.model().channels().len();
        let disposal = match control.dispose_op {
            codec::DisposeOp::None => Disposal::Keep,
            codec::DisposeOp::Background => Disposal::Clear,
            codec::DisposeOp::Previous => Disposal::Restore,
        };
        let blend = match control.blend_op {
            codec::BlendOp::Source => Blend::Source,
            codec::BlendOp::Over => Blend::Over,
        };
        let shown = match part.samples() {
            Samples::U8(v) => {
                let canvas = small.get_or_insert_with(|| Canvas::new(size, n));
                Samples::U8(canvas.show(v, place, blend, disposal)?.to_vec())
            }
            Samples::U16(v) => {
                let canvas = deep.get_or_insert_with(|| Canvas::new(size, n));
                Samples::U16(canvas.show(v, place, blend, disposal)?.to_vec())
            }
        };
        rasters.push(Raster::new(size, part.model(), shown)?);
        delays.push((control.delay_num, control.delay_den));
    }
    // A damaged animation header leaves the first picture alone.
    let animation = (!delays.is_empty()).then_some(Animation { plays, delays });
    Ok((rasters, animation))
}

/// Bytes as PNG stores samples.
fn big_endian(samples: &Samples) -> Cow<'_, [u8]> {
    match samples {
        Samples::U8(v) => Cow::Borrowed(v),
        Samples::U16(v) => Cow::Owned(v.iter().flat_map(|s| s.to_be_bytes()).collect()),
    }
}

fn color_type(model: Model) -> codec::ColorType {
    match model {
        Model::Grey => codec::ColorType::Grayscale,
        Model::GreyAlpha => codec::ColorType::GrayscaleAlpha,
        Model::Rgba => codec::ColorType::Rgba,
        Model::Rgb | Model::InvertedCmyk => codec::ColorType::Rgb,
    }
}

fn bit_depth(samples: &Samples) -> codec::BitDepth {
    match samples {
        Samples::U8(_) => codec::BitDepth::Eight,
        Samples::U16(_) => codec::BitDepth::Sixteen,
    }
}

impl PngWriter {
    /// The source's own form, where the pixels still fit it, or that of the raster.
    fn pack<'a>(&self, raster: &'a Raster) -> Packed<'a> {
        let width = raster.size().width as usize;
        let own = match (raster.samples(), self.color, raster.model()) {
            (Samples::U8(pixels), codec::ColorType::Indexed, model) => {
                pack::palette(pixels, width, model)
            }
            (Samples::U8(pixels), codec::ColorType::Grayscale, Model::Grey) => {
                pack::grey(pixels, width, self.depth)
            }
            _ => None,
        };
        own.unwrap_or_else(|| Packed {
            color: color_type(raster.model()),
            depth: bit_depth(raster.samples()),
            palette: Vec::new(),
            opacity: Vec::new(),
            data: big_endian(raster.samples()),
        })
    }

    fn encoder<'a>(
        &'a self,
        out: &'a mut Vec<u8>,
        size: Size,
        compression: codec::DeflateCompression,
    ) -> Result<codec::Encoder<'a, &'a mut Vec<u8>>, codec::EncodingError> {
        let mut info = codec::Info::with_size(size.width, size.height);
        info.icc_profile = self.icc.as_ref().map(|icc| Cow::Borrowed(icc.bytes()));
        let mut encoder = codec::Encoder::with_info(out, info)?;
        encoder.set_deflate_compression(compression);
        Ok(encoder)
    }

    fn still(&self, out: &mut Vec<u8>, raster: &Raster) -> Result<(), codec::EncodingError> {
        let packed = self.pack(raster);
        let compression = compressor::suited(&packed, raster.size())?;
        let mut encoder = self.encoder(out, raster.size(), compression)?;
        packed.tell(&mut encoder);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&packed.data)?;
        writer.finish()
    }
}

fn failed(error: codec::EncodingError) -> crate::error::Error {
    encoder("PNG", error)
}

impl PngWriter {
    /// For pictures from another format.
    pub(super) fn new(parts: &mut Parts, frames: &[Frame]) -> Self {
        let first = &frames[0].raster;
        let animation = parts.timing.take().map(|timing| Animation {
            plays: timing.plays,
            delays: timing
                .durations
                .iter()
                .map(|&ms| (u16::try_from(ms).unwrap_or(u16::MAX), 1000))
                .collect(),
        });
        Self {
            chunks: Chunks::new(std::mem::take(&mut parts.exif)),
            icc: parts.icc.take(),
            color: color_type(first.model()),
            depth: bit_depth(first.samples()),
            animation,
        }
    }
}

impl Writer for PngWriter {
    fn parts(self, frames: Vec<Frame>) -> Parts {
        let code_points = self
            .chunks
            .numbers(b"cICP")
            .and_then(|c| c.first_chunk::<2>());
        let [primaries, transfer] = code_points.map_or([2, 2], |c| c.map(u16::from));
        let described = code_points.and(Profile::of_code_points(primaries, transfer));
        let milliseconds = |&(above, below): &(u16, u16)| {
            let below = if below == 0 { 100 } else { u32::from(below) };
            u32::from(above) * 1000 / below
        };
        Parts {
            signal: Signal::of(primaries, transfer),
            icc: described.or(self.icc),
            exif: exif::Facts {
                resolution: self.chunks.resolution(),
                ..self.chunks.exif.clone()
            },
            timing: self.animation.map(|animation| Timing {
                plays: animation.plays,
                durations: animation.delays.iter().map(milliseconds).collect(),
            }),
            vague: self.chunks.is_vague(),
            own: self.chunks.own(),
            ..Parts::new(frames)
        }
    }

    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match &self.animation {
            Some(animation) => self.moving(&mut out, frames, animation),
            None => self.still(&mut out, &frames[0].raster),
        }
        .map_err(failed)?;
        let behind_header = 8 + 25;
        out.splice(behind_header..behind_header, self.chunks.write());
        Ok(out)
    }
}

impl PngWriter {
    /// Each frame covers the rectangle in which it differs from the one before.
    fn moving(
        &self,
        out: &mut Vec<u8>,
        frames: &[Frame],
        animation: &Animation,
    ) -> Result<(), codec::EncodingError> {
        let first = &frames[0].raster;
        let (size, n) = (first.size(), first.model().channels().len());
        let mut encoder = self.encoder(out, size, SMALL)?;
        encoder.set_color(color_type(first.model()));
        encoder.set_depth(bit_depth(first.samples()));
        let shown = animation.delays.len() as u32;
        encoder.set_animated(shown, animation.plays)?;
        let mut writer = encoder.write_header()?;
        for (i, frame) in frames.iter().enumerate() {
            let raster = &frame.raster;
            let mut place = PixelRect::new(0, 0, size.width, size.height);
            if i > 0 {
                place = changed(&frames[i - 1].raster, raster);
            }
            let before = (i > 0).then(|| frames[i - 1].raster.samples());
            let (part, lies_over) = match (raster.samples(), before) {
                (Samples::U8(v), Some(Samples::U8(before))) => {
                    let (part, over) = step(before, v, size, n, place);
                    (Samples::U8(part), over)
                }
                (Samples::U16(v), Some(Samples::U16(before))) => {
                    let (part, over) = step(before, v, size, n, place);
                    (Samples::U16(part), over)
                }
                (Samples::U8(v), _) => (Samples::U8(cut(v, size, n, place)), false),
                (Samples::U16(v), _) => (Samples::U16(cut(v, size, n, place)), false),
            };
            if let Some(&(above, below)) = animation.delays.get(i) {
                writer.reset_frame_position()?;
                writer.set_frame_dimension(place.width, place.height)?;
                writer.set_frame_position(place.x, place.y)?;
                writer.set_frame_delay(above, below)?;
                writer.set_blend_op(if lies_over {
                    codec::BlendOp::Over
                } else {
                    codec::BlendOp::Source
                })?;
                writer.set_dispose_op(codec::DisposeOp::None)?;
            }
            writer.write_image_data(&big_endian(&part))?;
        }
        writer.finish()
    }
}

/// Where two frames differ; one pixel if nowhere, since a frame cannot be empty.
fn changed(before: &Raster, after: &Raster) -> PixelRect {
    let (size, n) = (after.size(), after.model().channels().len());
    let place = match (before.samples(), after.samples()) {
        (Samples::U8(a), Samples::U8(b)) => difference(a, b, size, n),
        (Samples::U16(a), Samples::U16(b)) => difference(a, b, size, n),
        _ => Some(PixelRect::new(0, 0, size.width, size.height)),
    };
    place.unwrap_or(PixelRect::new(0, 0, 1, 1))
}
