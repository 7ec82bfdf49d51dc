//! GIF. Every picture that is shown is composited, and written with a palette of its own.

mod blocks;
mod palette;

use super::canvas::{Blend, Canvas, Disposal};
use super::convert::{Parts, Timing as Shown};
use super::frames::{Frame, Frames, Writer};
use super::guard::{Budget, encoder, malformed};
use super::notes::Notes;
use super::raster::{Model, Raster, Samples, cut, difference, step};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, PixelRect, Size};
use ::gif as codec;
use palette::Rgb;
use std::borrow::Cow;

/// A decoded GIF.
pub(super) type Gif = Frames<GifWriter>;

/// Everything but the pixels.
#[derive(Debug)]
pub(super) struct GifWriter {
    repeat: codec::Repeat,
    frames: Vec<Timing>,
}

#[derive(Debug)]
struct Timing {
    /// Hundredths of a second.
    delay: u16,
    /// Colours that the source showed in this frame, to be kept exactly.
    colours: Vec<Rgb>,
}

fn damaged(error: codec::DecodingError) -> Error {
    malformed("the GIF is damaged or cut off").because(error)
}

/// Decodes a GIF.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Gif> {
    let mut options = codec::DecodeOptions::new();
    options.set_color_output(codec::ColorOutput::Indexed);
    options.set_memory_limit(codec::MemoryLimit::Unlimited); // buffers are ours, paid for below
    let mut decoder = options.read_info(file).map_err(damaged)?;
    let size = Size::new(decoder.width().into(), decoder.height().into());
    // All frames are paid for before the first is drawn.
    let counted = blocks::name(file, notes);
    budget.take(size, counted)?;
    notes.cannot_keep("GIF");
    let (mut frames, mut timings) = (Vec::new(), Vec::new());
    let mut canvas: Option<Canvas<u8>> = None;
    while let Some(frame) = decoder.next_frame_info().map_err(damaged)? {
        if frames.len() as u64 >= counted {
            budget.take(size, 1)?;
        }
        let stored = Size::new(frame.width.into(), frame.height.into());
        let place = PixelRect::new(
            frame.left.into(),
            frame.top.into(),
            stored.width,
            stored.height,
        );
        let (delay, transparent) = (frame.delay, frame.transparent);
        let disposal = match frame.dispose {
            codec::DisposalMethod::Any | codec::DisposalMethod::Keep => Disposal::Keep,
            codec::DisposalMethod::Background => Disposal::Clear,
            codec::DisposalMethod::Previous => Disposal::Restore,
        };
        if stored.is_empty() {
            return Err(malformed("a frame of the GIF is empty"));
        }
        if stored.area() > size.area() * 4 + 1_000_000 {
            return Err(malformed(
                "a frame of the GIF is far larger than its screen",
            ));
        }
        let mut indices = vec![0; stored.area() as usize];
        decoder.read_into_buffer(&mut indices).map_err(damaged)?;
        let colours = decoder.palette().map_err(damaged)?;
        let (part, place) = visible(&indices, colours, transparent, place, size)?;
        let canvas = canvas.get_or_insert_with(|| Canvas::new(size, 4));
        let shown = canvas.show(&part, place, Blend::Over, disposal)?.to_vec();
        timings.push(Timing {
            delay,
            colours: palette::colours(&shown, 256).unwrap_or_else(|| triples(colours)),
        });
        frames.push(Frame {
            raster: Raster::new(size, Model::Rgba, Samples::U8(shown))?,
            orientation: Orientation::Normal,
        });
    }
    if frames.len() > 1 {
        notes.keep(ContentKind::Animation);
    }
    let writer = GifWriter {
        repeat: decoder.repeat(),
        frames: timings,
    };
    Frames::new(frames, writer).ok_or_else(|| malformed("the GIF holds no picture"))
}

fn triples(palette: &[u8]) -> Vec<Rgb> {
    palette
        .chunks_exact(3)
        .map(|c| [c[0], c[1], c[2]])
        .collect()
}

/// The part of a frame that lies on the screen, as RGBA.
fn visible(
    indices: &[u8],
    palette: &[u8],
    transparent: Option<u8>,
    place: PixelRect,
    screen: Size,
) -> Result<(Vec<u8>, PixelRect)> {
    let right = place.right().min(screen.width);
    let bottom = place.bottom().min(screen.height);
    if right <= place.x || bottom <= place.y {
        return Err(malformed("a frame of the GIF lies outside its screen"));
    }
    let on_screen = PixelRect::new(place.x, place.y, right - place.x, bottom - place.y);
    let local = PixelRect::new(0, 0, on_screen.width, on_screen.height);
    let part = cut(indices, Size::new(place.width, place.height), 1, local);
    let pixels = part
        .iter()
        .flat_map(|&index| {
            let at = usize::from(index) * 3;
            match palette.get(at..at + 3) {
                _ if Some(index) == transparent => [0; 4],
                Some(c) => [c[0], c[1], c[2], 255],
                None => [0, 0, 0, 255], // beyond the palette, which viewers show black
            }
        })
        .collect();
    Ok((pixels, on_screen))
}

/// What a frame adds to the one before, in whichever form its colours fit a palette.
fn addition(before: &[u8], after: &[u8], size: Size, place: PixelRect) -> Vec<u8> {
    let (added, _) = step(before, after, size, 4, place);
    if palette::colours(&added, 255).is_none() {
        let whole = cut(after, size, 4, place);
        if palette::colours(&whole, 256).is_some() {
            return whole;
        }
    }
    added
}

fn failed(error: codec::EncodingError) -> Error {
    encoder("GIF", error)
}

impl Writer for GifWriter {
    fn parts(self, frames: Vec<Frame>) -> Parts {
        let milliseconds = |frame: &Timing| u32::from(frame.delay) * 10;
        let timing = (frames.len() > 1).then(|| Shown {
            plays: match self.repeat {
                codec::Repeat::Infinite => 0,
                // Counted after the first.
                codec::Repeat::Finite(times) => u32::from(times) + 1,
            },
            durations: self.frames.iter().map(milliseconds).collect(),
        });
        Parts {
            timing,
            ..Parts::new(frames)
        }
    }

    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let size = frames[0].raster.size();
        let side = |v: u32| {
            u16::try_from(v)
                .map_err(|_| Error::new(ErrorKind::Internal, "a GIF's side is at most 65535"))
        };
        let mut pictures = Vec::new();
        for frame in frames {
            let Samples::U8(pixels) = frame.raster.samples() else {
                return Err(Error::new(ErrorKind::Internal, "a GIF has 8 bits a sample"));
            };
            pictures.push(pixels);
        }
        let mut out = Vec::new();
        let mut job = codec::Encoder::new(&mut out, side(size.width)?, side(size.height)?, &[])
            .map_err(failed)?;
        if frames.len() > 1 {
            job.set_repeat(self.repeat).map_err(failed)?;
        }
        // A frame can only add to the one before unless that one is cleared. If any frame makes a
        // pixel transparent again, all are written whole and cleared.
        let adds_only = pictures.windows(2).all(|pair| {
            let pixels = pair[0].chunks_exact(4).zip(pair[1].chunks_exact(4));
            pixels.into_iter().all(|(a, b)| a[3] == 0 || b[3] != 0)
        });
        for (i, pixels) in pictures.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| pictures[i]);
            let place = match before {
                Some(before) if adds_only => {
                    difference(before, pixels, size, 4).unwrap_or(PixelRect::new(0, 0, 1, 1))
                }
                _ => PixelRect::new(0, 0, size.width, size.height),
            };
            let part = match before {
                Some(before) if adds_only => addition(before, pixels, size, place),
                _ => cut(pixels, size, 4, place),
            };
            let timing = self.frames.get(i);
            let fitted = palette::fit(&part, timing.map_or(&[], |t| &t.colours));
            let frame = codec::Frame {
                delay: timing.map_or(0, |t| t.delay),
                dispose: if adds_only {
                    codec::DisposalMethod::Keep
                } else {
                    codec::DisposalMethod::Background
                },
                transparent: fitted.transparent,
                left: side(place.x)?,
                top: side(place.y)?,
                width: side(place.width)?,
                height: side(place.height)?,
                palette: Some(fitted.palette.concat()),
                buffer: Cow::Owned(fitted.indices),
                ..codec::Frame::default()
            };
            job.write_frame(&frame).map_err(failed)?;
        }
        drop(job);
        Ok(out)
    }
}
