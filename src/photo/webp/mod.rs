//! WebP, lossy, lossless and animated. What was lossy is written so, about as finely. Animations
//! are composited by our own canvas.

mod lossy;
mod riff;
#[cfg(test)]
mod tests;

use super::canvas::{Blend, Canvas, Disposal};
use super::convert::{Parts, Timing};
use super::exif;
use super::frames::{Frame, Frames, Writer};
use super::guard::{Budget, encoder, malformed};
use super::icc::Profile;
use super::notes::Notes;
use super::quality::Quality;
use super::raster::{Model, Raster, Samples, cut, difference, step};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, PixelRect, Size};
use image_webp::{ColorType, WebPDecoder, WebPEncoder};
use riff::{AnimationFrame, Chunk, Extras};
use std::io::Cursor;

/// A decoded WebP.
pub(super) type WebP = Frames<WebPWriter>;

/// Everything but the pixels.
#[derive(Debug)]
pub(super) struct WebPWriter {
    icc: Option<Profile>,
    exif: exif::Facts,
    animation: Option<Animation>,
    /// 1 to 100, or without loss.
    quality: Option<u8>,
    /// The index of quantisers of the source, if it was lossy.
    index: Option<u8>,
}

#[derive(Debug)]
struct Animation {
    /// 0: for ever.
    plays: u16,
    /// Milliseconds.
    durations: Vec<u32>,
}

fn damaged(error: image_webp::DecodingError) -> Error {
    malformed("the WebP's picture data is damaged or cut off").because(error)
}

/// Decodes a WebP, to be written as one with this quality, or in another format.
pub(super) fn read(
    file: &[u8],
    quality: Option<Quality>,
    budget: &mut Budget,
    notes: &mut Notes,
) -> Result<WebP> {
    let (chunks, trailer) = riff::split(file)?;
    if trailer {
        notes.drop(ContentKind::Trailer);
    }
    let mut facts = exif::Facts::default();
    let mut icc = None;
    for chunk in &chunks {
        match &chunk.name {
            b"EXIF" => facts = exif::read(chunk.data, notes),
            b"ICCP" if icc.is_none() => icc = Profile::take(chunk.data, notes),
            b"XMP " => notes.drop_xmp(chunk.data),
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => {}
            b"C2PA" => notes.c2pa(),
            _ => notes.drop(ContentKind::PrivateChunks),
        }
    }
    if facts.orientation != Orientation::Normal {
        notes.keep(ContentKind::Orientation);
    }
    if facts.resolution.is_some() {
        notes.keep(ContentKind::Resolution);
    }
    let index = coarsest(&chunks)?;
    let (rasters, animation) = match canvas(&chunks) {
        Some((size, plays)) => {
            notes.keep(ContentKind::Animation);
            animated(&chunks, size, plays, budget, notes)?
        }
        None => (vec![still(file, budget)?], None),
    };
    let orientation = facts.orientation;
    let frames = rasters
        .into_iter()
        .map(|raster| Frame {
            raster,
            orientation,
        })
        .collect();
    let writer = WebPWriter {
        icc,
        exif: facts,
        animation,
        quality: match (quality, index) {
            (Some(Quality::Percent(percent)), _) => Some(percent),
            (Some(Quality::AsSource), Some(index)) => Some(lossy::quality_of(index)),
            _ => None,
        },
        index,
    };
    match (quality, index) {
        (Some(Quality::Lossless), Some(_)) => notes.warn(
            "the WebP was lossy and is written lossless: nothing more is lost, but the file is \
             several times as large",
        ),
        (Some(Quality::AsSource), Some(_)) => notes.warn(
            "the WebP was lossy and is coded again about as finely: pixels outside the masks \
             change a little",
        ),
        _ => {}
    }
    Frames::new(frames, writer).ok_or_else(|| malformed("the WebP holds no picture"))
}

/// Size and number of plays, if the file says that it is an animation.
fn canvas(chunks: &[Chunk<'_>]) -> Option<(Size, u16)> {
    let first = chunks.first().filter(|chunk| chunk.name == *b"VP8X")?;
    let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = first.data else {
        return None;
    };
    if flags & 2 == 0 {
        return None;
    }
    let side = |a, b, c| u32::from_le_bytes([a, b, c, 0]) + 1;
    let control = chunks.iter().find(|chunk| chunk.name == *b"ANIM");
    let plays = control.and_then(|chunk| chunk.data.get(4..6));
    let plays = plays.map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
    Some((Size::new(side(w0, w1, w2), side(h0, h1, h2)), plays))
}

fn still(file: &[u8], budget: &mut Budget) -> Result<Raster> {
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
    budget.take(size, 1)?;
    decode(&mut decoder, size)
}

/// The coarsest index of quantisers of all pictures, if one is lossy.
fn coarsest(chunks: &[Chunk<'_>]) -> Result<Option<u8>> {
    let mut coarsest = None;
    for chunk in chunks {
        let index = match &chunk.name {
            b"VP8 " => lossy::index(chunk.data),
            b"ANMF" => {
                let frame = AnimationFrame::read(chunk.data)?;
                coarsest_of_frame(&riff::chunks(frame.data)?)
            }
            _ => None,
        };
        coarsest = coarsest.max(index);
    }
    Ok(coarsest)
}

fn coarsest_of_frame(chunks: &[Chunk<'_>]) -> Option<u8> {
    let lossy = chunks.iter().filter(|chunk| chunk.name == *b"VP8 ");
    lossy.filter_map(|chunk| lossy::index(chunk.data)).max()
}

/// The pixels of a decoder whose size was paid for.
fn decode(decoder: &mut WebPDecoder<Cursor<&[u8]>>, size: Size) -> Result<Raster> {
    let length = decoder
        .output_buffer_size()
        .ok_or_else(|| malformed("the WebP is too large"))?;
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels).map_err(damaged)?;
    let model = if decoder.has_alpha() {
        Model::Rgba
    } else {
        Model::Rgb
    };
    Raster::new(size, model, Samples::U8(pixels))
}

/// All pictures of an animation as they are shown.
fn animated(
    chunks: &[Chunk<'_>],
    size: Size,
    plays: u16,
    budget: &mut Budget,
    notes: &mut Notes,
) -> Result<(Vec<Raster>, Option<Animation>)> {
    let shown: Vec<_> = chunks
        .iter()
        .filter(|chunk| chunk.name == *b"ANMF")
        .collect();
    if shown.is_empty() {
        return Err(malformed("the WebP is an animation without a frame"));
    }
    budget.take(size, shown.len() as u64)?;
    let mut canvas = Canvas::<u8>::new(size, 4);
    let (mut rasters, mut durations) = (Vec::new(), Vec::new());
    for chunk in shown {
        let frame = AnimationFrame::read(chunk.data)?;
        let part = frame_pixels(&frame, size, notes)?;
        let blend = if frame.replaces {
            Blend::Source
        } else {
            Blend::Over
        };
        let disposal = if frame.clears {
            Disposal::Clear
        } else {
            Disposal::Keep
        };
        let pixels = canvas.show(&part, frame.place, blend, disposal)?.to_vec();
        rasters.push(Raster::new(size, Model::Rgba, Samples::U8(pixels))?);
        durations.push(frame.duration);
    }
    Ok((rasters, Some(Animation { plays, durations })))
}

/// Decodes one frame's bitstream as the still picture that it is.
fn frame_pixels(frame: &AnimationFrame<'_>, canvas: Size, notes: &mut Notes) -> Result<Vec<u8>> {
    let size = Size::new(frame.place.width, frame.place.height);
    if size.width > canvas.width || size.height > canvas.height {
        return Err(malformed("a frame of the WebP is larger than its canvas"));
    }
    let mut bitstream = Vec::new();
    let mut alpha = false;
    for chunk in riff::chunks(frame.data)? {
        match &chunk.name {
            b"ALPH" | b"VP8 " | b"VP8L" => {
                alpha |= chunk.name == *b"ALPH";
                riff::chunk(&mut bitstream, chunk.name, chunk.data);
            }
            _ => notes.drop(ContentKind::PrivateChunks),
        }
    }
    let file = riff::still(size, alpha, &bitstream);
    let mut decoder = WebPDecoder::new(Cursor::new(&file[..])).map_err(damaged)?;
    if decoder.dimensions() != (size.width, size.height) {
        return Err(malformed(
            "a frame of the WebP has another size than announced",
        ));
    }
    let raster = decode(&mut decoder, size)?;
    let Samples::U8(pixels) = raster.samples() else {
        return Err(Error::new(ErrorKind::Internal, "WebP has 8 bits a sample"));
    };
    Ok(match raster.model() {
        Model::Rgba => pixels.clone(),
        _ => pixels
            .chunks_exact(3)
            .flat_map(|p| [p[0], p[1], p[2], 255])
            .collect(),
    })
}

/// The chunks of a picture. Opaque RGBA is written as RGB. `quality`: 1 to 100, or without loss.
fn encode(pixels: &[u8], model: Model, size: (u32, u32), quality: Option<u8>) -> Result<Vec<u8>> {
    let opaque = model == Model::Rgba && pixels.chunks_exact(4).all(|p| p[3] == 255);
    if opaque {
        let pixels = pixels.chunks_exact(4);
        let rgb: Vec<u8> = pixels.flat_map(|p| [p[0], p[1], p[2]]).collect();
        return encode(&rgb, Model::Rgb, size, quality);
    }
    let (width, height) = size;
    if let Some(quality) = quality.filter(|_| width.max(height) <= lossy::MOST)
        && let Some(chunks) = lossy::encode(pixels, model, size, quality)?
    {
        return Ok(chunks);
    }
    let color = match model {
        Model::Rgba => ColorType::Rgba8,
        _ => ColorType::Rgb8,
    };
    let mut out = Vec::new();
    WebPEncoder::new(&mut out)
        .encode(pixels, width, height, color)
        .map_err(|e| encoder("WebP", e))?;
    out.drain(..12); // the encoder's own RIFF header
    Ok(out)
}

impl WebPWriter {
    /// For pictures from another format.
    pub(super) fn new(parts: &mut Parts, quality: Quality) -> Self {
        Self {
            icc: parts.icc.take(),
            exif: std::mem::take(&mut parts.exif),
            animation: parts.timing.take().map(|timing| Animation {
                plays: u16::try_from(timing.plays).unwrap_or(u16::MAX),
                durations: timing.durations,
            }),
            quality: match quality {
                Quality::Percent(percent) => Some(percent),
                Quality::AsSource | Quality::Lossless => None,
            },
            index: None,
        }
    }
}

impl Writer for WebPWriter {
    fn coarseness(&self) -> Vec<f32> {
        let planes = |index| vec![lossy::coarseness(index); 4];
        self.index.map(planes).unwrap_or_default()
    }

    fn parts(self, frames: Vec<Frame>) -> Parts {
        Parts {
            icc: self.icc,
            exif: self.exif,
            timing: self.animation.map(|animation| Timing {
                plays: animation.plays.into(),
                durations: animation.durations,
            }),
            ..Parts::new(frames)
        }
    }

    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let exif = exif::write(&self.exif);
        let mut extras = Extras {
            icc: self.icc.as_ref().map(Profile::bytes),
            exif: exif.as_deref(),
            plays: None,
            alpha: frames[0].raster.model() == Model::Rgba,
        };
        let size = frames[0].raster.size();
        let mut pictures = Vec::new();
        let mut before: Option<&[u8]> = None;
        for (i, frame) in frames.iter().enumerate() {
            let (raster, model) = (&frame.raster, frame.raster.model());
            let Samples::U8(pixels) = raster.samples() else {
                return Err(Error::new(ErrorKind::Internal, "WebP has 8 bits a sample"));
            };
            let Some(animation) = &self.animation else {
                pictures = encode(pixels, model, (size.width, size.height), self.quality)?;
                break;
            };
            let place = before.map_or(whole(size), |before| changed(before, pixels, size));
            let (part, lies_over) = match before {
                Some(before) => step(before, pixels, size, 4, place),
                None => (cut(pixels, size, 4, place), false),
            };
            AnimationFrame {
                place,
                duration: animation.durations.get(i).copied().unwrap_or_default(),
                replaces: !lies_over,
                clears: false,
                data: &encode(&part, model, (place.width, place.height), self.quality)?,
            }
            .write(&mut pictures);
            extras.plays = Some(animation.plays);
            before = Some(pixels);
        }
        Ok(riff::assemble(size, &extras, &pictures))
    }
}

const fn whole(size: Size) -> PixelRect {
    PixelRect::new(0, 0, size.width, size.height)
}

/// Where two frames differ, from an even column and row on; one pixel if nowhere.
fn changed(before: &[u8], after: &[u8], size: Size) -> PixelRect {
    let Some(part) = difference(before, after, size, 4) else {
        return PixelRect::new(0, 0, 1, 1);
    };
    let (x, y) = (part.x & !1, part.y & !1);
    PixelRect::new(x, y, part.right() - x, part.bottom() - y)
}
