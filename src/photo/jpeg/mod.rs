//! JPEG, kept as the quantised coefficients that the file holds: what no mask touches is written
//! again bit by bit unless it hides something beyond the edges, with the source's own tables,
//! sampling and scans.
//!
//! Invariant: what a file does not say is never guessed. Damaged or missing data is an error, and a
//! picture that was read can be written.

mod cover;
mod encode;
mod gain_map;
mod pixels;
mod segments;
#[cfg(test)]
mod tests;
mod uneven;

use super::Body;
use super::convert::Parts;
use super::exif;
use super::frames::Frame;
use super::guard::Budget;
use super::icc::Profile;
use super::notes::Notes;
use super::raster::{Model as Pixels, Raster, Samples};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, PixelRect, Size};
use crate::parallel;
use crate::picture::{RgbImage, resample_rgb_part};
use crate::plane::{AnyPlaneMut, Channel, Layout, Touched};
use gain_map::GainMap;
use jpeg_coefficients::{CodedImage, ColorModel, Rect, Reduction};
pub(super) use pixels::PixelWriter;
use segments::Header;
use std::sync::OnceLock;

/// Most pixels of a reduced picture that is kept, since detectors look at the whole several times.
const MOST_KEPT: u64 = 4_000_000;

/// Rows that are worth a thread.
const LEAST_BAND: usize = 128;

/// A JPEG and the facts of its header.
pub(super) struct Jpeg {
    coded: CodedImage,
    header: Header,
    icc: Option<Profile>,
    /// If it is to be kept.
    gain_map: Option<GainMap>,
    /// The whole picture at the least reduction that makes it small enough, once somebody looked.
    kept: OnceLock<Vec<u8>>,
}

/// A size that the codec gives.
fn size(size: jpeg_coefficients::Size) -> Size {
    Size::new(size.width, size.height)
}

/// A size for the codec.
fn coded_size(size: Size) -> jpeg_coefficients::Size {
    jpeg_coefficients::Size::new(size.width, size.height)
}

/// A rectangle for the codec.
fn rect(rect: PixelRect) -> Rect {
    Rect::new(rect.x, rect.y, rect.width, rect.height)
}

impl From<jpeg_coefficients::Error> for Error {
    fn from(error: jpeg_coefficients::Error) -> Self {
        use jpeg_coefficients::ErrorKind as Kind;
        let kind = match error.kind() {
            Kind::Malformed => ErrorKind::Malformed,
            Kind::Unsupported => ErrorKind::Unsupported,
            Kind::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Internal, // calls that make no sense are ours
        };
        let message = error.to_string();
        match error.into_source().map(|source| source.downcast::<Self>()) {
            None => Self::new(kind, message),
            // An error of ours that has come through the codec.
            Some(Ok(own)) => *own,
            Some(Err(source)) => Self::new(kind, message).because(source),
        }
    }
}

/// Reads a JPEG file.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Jpeg> {
    read_with(file, None, budget, notes)
}

/// The same with `tags`: a block of EXIF that is about it and not in it.
pub(super) fn read_with(
    file: &[u8],
    tags: Option<&[u8]>,
    budget: &mut Budget,
    notes: &mut Notes,
) -> Result<Jpeg> {
    let (mut header, mut coded, trailer) = segments::split(file, budget, notes)?;
    let gain_map = match notes.wants_gain_map() {
        true => GainMap::find(trailer, size(coded.frame().size), budget),
        false => None,
    };
    if let Some(map) = &gain_map {
        notes.keep_gain_map(map.is_alone());
    }
    if let Some(block) = tags {
        // How large the sensor's own picture would be printed.
        let resolution = None;
        header.exif = exif::Facts {
            resolution,
            ..exif::read(block, notes)
        };
    }
    if coded.clear_beyond_edges() {
        notes.drop(ContentKind::HiddenPictureData);
    }
    coded.set_density(encode::density(header.resolution.as_ref()));
    if header.exif.orientation != Orientation::Normal {
        notes.keep(ContentKind::Orientation);
    }
    if header.resolution.is_some() {
        notes.keep(ContentKind::Resolution);
    }
    if header.exif.adobe_rgb {
        notes.keep(ContentKind::ColorSpace);
    }
    let icc = header
        .icc
        .as_deref()
        .and_then(|icc| Profile::take(icc, notes));
    Ok(Jpeg {
        coded,
        header,
        icc,
        gain_map,
        kept: OnceLock::new(),
    })
}

/// A file as it is coded, but for blocks wholly beyond the picture, steps that none uses and the
/// density.
#[cfg(test)]
pub(super) fn coded(file: &[u8]) -> Result<impl PartialEq> {
    let (mut budget, mut notes) = (Budget::new(u64::MAX), Notes::default());
    let (_, mut coded, _) = segments::split(file, &mut budget, &mut notes)?;
    coded.flatten_padding();
    coded.set_density(Default::default());
    Ok(coded.write_with_neutral_steps(&[])?)
}

impl Jpeg {
    /// The least reduction at which the whole picture is kept.
    fn kept_at(&self) -> Reduction {
        let small = |r: &&Reduction| r.size(self.coded.frame().size).area() <= MOST_KEPT;
        let all = Reduction::ALL;
        *all.iter().find(small).unwrap_or(&all[all.len() - 1])
    }

    /// All pixels at a reduction, as stored.
    fn whole(&self, by: Reduction) -> Vec<u8> {
        let whole = Rect::whole(by.size(self.coded.frame().size));
        self.pixels(by, whole)
    }

    /// All pixels at the reduction at which they are kept. Not `get_or_init`: while a thread waits
    /// for others it may begin another view, which would wait for the first.
    fn kept_pixels(&self, by: Reduction) -> &[u8] {
        if self.kept.get().is_none() {
            let _ = self.kept.set(self.whole(by));
        }
        self.kept.get().map_or(&[], Vec::as_slice)
    }

    /// A part of the reduced picture as RGB, made by all threads.
    fn pixels(&self, by: Reduction, part: Rect) -> Vec<u8> {
        let row = part.width as usize * 3;
        let mut out = vec![0; row * part.height as usize];
        let mut bands = Vec::new();
        let mut rest = &mut out[..];
        for rows in parallel::parts(part.height as usize, LEAST_BAND) {
            let (band, behind) = rest.split_at_mut(rows.len() * row);
            rest = behind;
            let top = part.y + rows.start as u32;
            let of = Rect::new(part.x, top, part.width, rows.len() as u32);
            bands.push((of, band));
        }
        parallel::map(bands, |(of, band)| self.coded.pixels_into(by, of, band));
        out
    }

    /// A part of the stored picture at another size.
    fn part(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let full = self.coded.frame().size;
        let wanted = Reduction::for_size(coded_size(crop.size()), coded_size(size));
        let kept = self.kept_at();
        let by = wanted.min(kept);
        let times = by.times();
        // Outward; what is left over at the sides is cut when resampling.
        let (x, y) = (crop.x / times, crop.y / times);
        let right = crop.right().div_ceil(times);
        let bottom = crop.bottom().div_ceil(times);
        let decoded;
        let (pixels, held) = if wanted >= kept {
            (
                self.kept_pixels(kept),
                PixelRect::of(self::size(kept.size(full))),
            )
        } else {
            let held = PixelRect::new(x, y, right - x, bottom - y);
            decoded = self.pixels(by, rect(held));
            (&decoded[..], held)
        };
        let scaled = |v: u32| f64::from(v) / f64::from(times);
        let (left, top) = (
            scaled(crop.x) - f64::from(held.x),
            scaled(crop.y) - f64::from(held.y),
        );
        let part = [left, top, scaled(crop.width), scaled(crop.height)];
        resample_rgb_part(pixels, held.size(), part, size)
    }
}

impl Body for Jpeg {
    fn frame_count(&self) -> usize {
        1
    }

    fn size(&self, _: usize) -> Size {
        size(self.coded.frame().size)
    }

    fn orientation(&self, _: usize) -> Orientation {
        self.header.exif.orientation
    }

    fn view(&self, _: usize, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let orientation = self.header.exif.orientation;
        let stored = orientation.pixels_to_stored(crop, self.size(0));
        let image = self.part(stored, orientation.upright_size(size))?;
        if orientation == Orientation::Normal {
            return Ok(image);
        }
        let turned = orientation.upright_pixels::<3>(image.data(), image.size());
        RgbImage::new(size, turned)
    }

    fn edit(
        &mut self,
        _: usize,
        touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        self.kept = OnceLock::new();
        let model = self.coded.color_model();
        cover::edit(&mut self.coded, model, touched, change)?;
        // Padding that mirrored what is covered still shows what was there.
        self.coded.clear_beyond_edges();
        Ok(())
    }

    fn edit_at_once(
        &mut self,
        _: usize,
        touched: &(dyn Fn(&Layout) -> Touched + Sync),
        change: &(dyn Fn(AnyPlaneMut<'_>, Channel) + Sync),
    ) -> Result<()> {
        self.kept = OnceLock::new();
        let model = self.coded.color_model();
        cover::edit_at_once(&mut self.coded, model, touched, change)?;
        // As above.
        self.coded.clear_beyond_edges();
        Ok(())
    }

    fn write(&self) -> Result<Vec<u8>> {
        let write = |more| encode::write(&self.coded, &self.header, self.icc.as_ref(), more);
        match &self.gain_map {
            Some(map) => map.write_behind(write),
            None => write(Vec::new()),
        }
    }

    fn gain_map_size(&self) -> Option<Size> {
        self.gain_map.as_ref().map(GainMap::size)
    }

    fn gain_map(&mut self) -> Option<&mut dyn Body> {
        Some(self.gain_map.as_mut()?.image())
    }

    fn parts(self: Box<Self>) -> Result<Parts> {
        let size = self.size(0);
        let rgb = self.whole(Reduction::ALL[0]);
        let (model, samples) = match self.coded.color_model() {
            ColorModel::Grey => (Pixels::Grey, rgb.into_iter().step_by(3).collect()),
            _ => (Pixels::Rgb, rgb),
        };
        let frame = Frame {
            raster: Raster::new(size, model, Samples::U8(samples))?,
            orientation: self.header.exif.orientation,
        };
        let factors = self.coded.frame().components[0].factors;
        Ok(Parts {
            icc: self.icc,
            exif: exif::Facts {
                resolution: self.header.resolution,
                ..self.header.exif
            },
            subsampled: factors != (1, 1),
            ..Parts::new(vec![frame])
        })
    }

    fn coarseness(&self) -> Vec<f32> {
        // The lowest frequencies are all that smooth samples have; a step of the first is eight
        // times a level of the mean.
        let square = |step: u16| f32::from(step).powi(2);
        let step =
            |q: &[u16; 64]| ((square(q[0]) + square(q[1]) + square(q[8])) / 3.0).sqrt() / 8.0;
        self.coded.quant_tables().iter().map(step).collect()
    }

    fn to_rgba(&self) -> (Size, Vec<u8>) {
        let size = self.size(0);
        let rgb = self.whole(Reduction::ALL[0]);
        let opaque = |p: &[u8]| [p[0], p[1], p[2], 255];
        let stored: Vec<u8> = rgb.chunks_exact(3).flat_map(opaque).collect();
        let orientation = self.header.exif.orientation;
        let upright = orientation.upright_pixels::<4>(&stored, size);
        (orientation.upright_size(size), upright)
    }
}
