//! Parts of a picture as a codec wants them: brightness and colour differences (ITU-R BT.601, full
//! range), in levels of 8 or 10 bits.
//!
//! Invariant: beyond the picture its last pixels are repeated.

use super::super::super::raster::{Raster, Samples};
use crate::geometry::{PixelRect, Size};
use crate::plane::Sample;

/// Channels of a part, rows without gaps.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) size: Size,
    pub(super) bits: u8,
    pub(super) luma: Vec<u16>,
    /// `None` for opacity. Of halved ones a sample stands for two columns and two rows.
    pub(super) chroma: Option<[Vec<u16>; 2]>,
}

impl Levels {
    /// Colour of a part of a picture of red, green and blue.
    pub(super) fn colour(raster: &Raster, part: PixelRect, bits: u8, halved: bool) -> Self {
        let unit = f32::from((1u16 << bits) - 1);
        let place = Place::of(raster);
        let rgb = |i: usize| match raster.samples() {
            Samples::U8(v) => [0, 1, 2].map(|c| share(v, i + c) * unit),
            Samples::U16(v) => [0, 1, 2].map(|c| share(v, i + c) * unit),
        };
        let count = part.size().area() as usize;
        let mut luma = Vec::with_capacity(count);
        let mut differences = [Vec::with_capacity(count), Vec::with_capacity(count)];
        place.each(part, |i| {
            let [r, g, b] = rgb(i);
            let y = 0.299 * r + 0.587 * g + 0.114 * b;
            luma.push((y + 0.5) as u16);
            differences[0].push((b - y) / 1.772);
            differences[1].push((r - y) / 1.402);
        });
        let middle = f32::from(1u16 << (bits - 1));
        let level = |v: f32| (v + middle + 0.5).clamp(0.0, unit) as u16;
        let chroma = differences.map(|plane| match halved {
            true => halve(&plane, part.size()).into_iter().map(level).collect(),
            false => plane.into_iter().map(level).collect(),
        });
        Self {
            size: part.size(),
            bits,
            luma,
            chroma: Some(chroma),
        }
    }

    /// Opacity of a part, the last channel of the picture.
    pub(super) fn opacity(raster: &Raster, part: PixelRect, bits: u8) -> Self {
        let unit = f32::from((1u16 << bits) - 1);
        let last = raster.model().channels().len() - 1;
        let value = |i: usize| match raster.samples() {
            Samples::U8(v) => share(v, i + last),
            Samples::U16(v) => share(v, i + last),
        };
        let mut luma = Vec::with_capacity(part.size().area() as usize);
        Place::of(raster).each(part, |i| luma.push((value(i) * unit + 0.5) as u16));
        Self {
            size: part.size(),
            bits,
            luma,
            chroma: None,
        }
    }
}

fn share<T: Sample>(samples: &[T], at: usize) -> f32 {
    samples[at].to_f32() / T::MAX
}

/// Where pixels are.
struct Place {
    size: Size,
    step: usize,
}

impl Place {
    fn of(raster: &Raster) -> Self {
        Self {
            size: raster.size(),
            step: raster.model().channels().len(),
        }
    }

    /// Goes through the pixels of a part, row by row.
    fn each(&self, part: PixelRect, mut work: impl FnMut(usize)) {
        for y in part.y..part.bottom() {
            let row = y.min(self.size.height - 1) as usize * self.size.width as usize;
            for x in part.x..part.right() {
                work((row + x.min(self.size.width - 1) as usize) * self.step);
            }
        }
    }
}

/// Samples on the even rows and columns, where readers of HEIC take them to be: each is the middle
/// of three by three, weighed 1, 2, 1.
fn halve(plane: &[f32], size: Size) -> Vec<f32> {
    let (width, height) = (size.width as usize, size.height as usize);
    let across: Vec<f32> = plane
        .chunks_exact(width)
        .flat_map(|row| (0..width).step_by(2).map(|x| middle(|x| row[x], x, width)))
        .collect();
    let half = width.div_ceil(2);
    let rows = (0..height).step_by(2);
    rows.flat_map(|y| (0..half).map(move |x| (x, y)))
        .map(|(x, y)| middle(|y| across[y * half + x], y, height))
        .collect()
}

fn middle(value: impl Fn(usize) -> f32, at: usize, count: usize) -> f32 {
    let (before, after) = (at.saturating_sub(1), (at + 1).min(count - 1));
    (value(before) + 2.0 * value(at) + value(after)) / 4.0
}
