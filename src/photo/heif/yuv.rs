//! Decoded planes, and their way to red, green and blue (ITU-T H.273, 8.3).
//!
//! Invariant: planes hold as many samples as their sizes say, and colour planes are not smaller
//! than the sampling needs.

use super::super::guard::{malformed, unsupported};
use super::items::CodePoints;
use crate::error::Result;
use crate::geometry::Size;
use crate::plane::Sample;

/// One channel as it was decoded.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel {
    pub(super) size: Size,
    pub(super) samples: Vec<u16>,
    /// Bits a sample uses, 8..=16.
    pub(super) bits: u8,
}

impl Channel {
    fn row(&self, y: usize) -> &[u16] {
        let width = self.size.width as usize;
        let y = y.min(self.size.height as usize - 1);
        &self.samples[y * width..][..width]
    }
}

/// A coded picture.
#[derive(Clone, Debug)]
pub(super) struct Planes {
    pub(super) luma: Channel,
    /// Colour differences.
    pub(super) chroma: Option<[Channel; 2]>,
    /// What the bitstream says of its colour.
    pub(super) colour: CodePoints,
    /// Whether a colour sample that stands for two rows lies on the first, and not between them.
    pub(super) on_rows: bool,
    /// The same for columns.
    pub(super) on_columns: bool,
}

/// How numbers become colour.
#[derive(Clone, Copy)]
enum Matrix {
    /// Shares of red and blue in the brightness.
    Shares(f32, f32),
    /// Green, blue and red themselves.
    Identity,
    YCgCo,
}

impl Matrix {
    fn of(number: u16) -> Result<Self> {
        Ok(match number {
            0 => Self::Identity,
            1 => Self::Shares(0.2126, 0.0722),
            4 => Self::Shares(0.30, 0.11),
            7 => Self::Shares(0.212, 0.087),
            8 => Self::YCgCo,
            9 => Self::Shares(0.2627, 0.0593),
            // 2: not said, which everybody takes for BT.601.
            2 | 3 | 5 | 6 => Self::Shares(0.299, 0.114),
            other => {
                return Err(unsupported(format!(
                    "pictures whose colours are coded with matrix {other} are not handled"
                )));
            }
        })
    }
}

/// Rows of interleaved samples to be filled.
pub(super) struct Rows<'a, T> {
    pub(super) samples: &'a mut [T],
    /// Samples from one row to the next.
    pub(super) stride: usize,
    /// Samples from one pixel to the next: 1 or 2 for grey, 3 or 4 for colour.
    pub(super) step: usize,
}

/// From coded values to 0..=1 (brightness) or -0.5..=0.5 (differences): what is taken off, and the
/// factor.
fn scale(bits: u8, full: bool, difference: bool) -> (f32, f32) {
    let unit = (1u32 << (bits - 8)) as f32;
    let largest = ((1u32 << bits) - 1) as f32;
    let middle = (1u32 << (bits - 1)) as f32;
    match (full, difference) {
        (true, false) => (0.0, 1.0 / largest),
        (true, true) => (middle, 1.0 / largest),
        (false, false) => (16.0 * unit, 1.0 / (219.0 * unit)),
        (false, true) => (middle, 1.0 / (224.0 * unit)),
    }
}

impl Planes {
    /// Whether colour is there at half the size of brightness.
    pub(super) fn is_subsampled(&self) -> bool {
        let full = self.luma.size;
        self.chroma.as_ref().is_some_and(|c| c[0].size != full)
    }

    /// Whether all samples are there that its sizes promise.
    pub(super) fn check(&self) -> Result<()> {
        let whole = |c: &Channel| {
            !c.size.is_empty()
                && c.samples.len() as u64 == c.size.area()
                && (8..=16).contains(&c.bits)
        };
        let full = self.luma.size;
        let fits = |c: &Channel| {
            [full.width, full.width.div_ceil(2)].contains(&c.size.width)
                && [full.height, full.height.div_ceil(2)].contains(&c.size.height)
        };
        let colours = self.chroma.iter().flatten();
        if !whole(&self.luma) || !colours.clone().all(|c| whole(c) && fits(c)) {
            return Err(malformed("a decoder gave planes of another size"));
        }
        Ok(())
    }

    /// Fills the top left `size` of the planes into rows, as grey or colour by what they are.
    pub(super) fn fill<T: Sample>(
        &self,
        colour: CodePoints,
        size: Size,
        out: &mut Rows<'_, T>,
    ) -> Result<()> {
        let width = size.width as usize;
        let (base, factor) = scale(self.luma.bits, colour.full, false);
        let mut luma = vec![0f32; width];
        let bright = |y: usize, luma: &mut [f32]| {
            for (to, &from) in luma.iter_mut().zip(self.luma.row(y)) {
                *to = (f32::from(from) - base) * factor;
            }
        };
        let Some(chroma) = &self.chroma else {
            for y in 0..size.height as usize {
                bright(y, &mut luma);
                let row = out.samples[y * out.stride..].chunks_mut(out.step);
                for (to, &v) in row.zip(&luma) {
                    to[0] = T::from_f32(v * T::MAX);
                }
            }
            return Ok(());
        };
        let matrix = Matrix::of(colour.matrix)?;
        let is_colour = matches!(matrix, Matrix::Identity);
        let mut wide = [vec![0f32; width], vec![0f32; width]];
        for y in 0..size.height as usize {
            bright(y, &mut luma);
            for (to, plane) in wide.iter_mut().zip(chroma) {
                self.spread(plane, y, scale(plane.bits, colour.full, !is_colour), to);
            }
            let row = out.samples[y * out.stride..].chunks_mut(out.step);
            let pixels = luma.iter().zip(wide[0].iter().zip(&wide[1]));
            match matrix {
                Matrix::Shares(kr, kb) => {
                    let (to_red, to_blue) = (2.0 - 2.0 * kr, 2.0 - 2.0 * kb);
                    let kg = 1.0 - kr - kb;
                    let (from_blue, from_red) = (to_blue * kb / kg, to_red * kr / kg);
                    for (to, (&y, (&b, &r))) in row.zip(pixels) {
                        put(
                            to,
                            [
                                y + to_red * r,
                                y - from_blue * b - from_red * r,
                                y + to_blue * b,
                            ],
                        );
                    }
                }
                Matrix::Identity => {
                    for (to, (&green, (&blue, &red))) in row.zip(pixels) {
                        put(to, [red, green, blue]);
                    }
                }
                Matrix::YCgCo => {
                    for (to, (&y, (&cg, &co))) in row.zip(pixels) {
                        put(to, [y - cg + co, y + cg, y - cg - co]);
                    }
                }
            }
        }
        Ok(())
    }

    /// A row of a colour plane at the width of brightness: linear between samples.
    fn spread(&self, plane: &Channel, y: usize, (base, factor): (f32, f32), to: &mut [f32]) {
        let full = self.luma.size;
        let value = |v: u16| (f32::from(v) - base) * factor;
        let row = |y: usize| plane.row(y);
        let (first, second, share) = if plane.size.height == full.height {
            (row(y), row(y), 0.0)
        } else {
            let (above, below, share) = between(y, self.on_rows);
            (row(above), row(below), share)
        };
        let line: Vec<f32> = first
            .iter()
            .zip(second)
            .map(|(&a, &b)| value(a) * (1.0 - share) + value(b) * share)
            .collect();
        if plane.size.width == full.width {
            to.iter_mut().zip(&line).for_each(|(to, &v)| *to = v);
            return;
        }
        let last = line.len() - 1;
        for (x, to) in to.iter_mut().enumerate() {
            let (left, right, share) = between(x, self.on_columns);
            *to = line[left.min(last)] * (1.0 - share) + line[right.min(last)] * share;
        }
    }
}

/// The two samples of a halved plane that a place lies between, and the share of the second.
fn between(at: usize, on: bool) -> (usize, usize, f32) {
    let half = at / 2;
    match (on, at % 2) {
        (true, 0) => (half, half, 0.0),
        (true, _) => (half, half + 1, 0.5),
        (false, 0) => (half.saturating_sub(1), half, 0.75),
        (false, _) => (half, half + 1, 0.25),
    }
}

#[inline]
fn put<T: Sample>(to: &mut [T], rgb: [f32; 3]) {
    for (to, value) in to.iter_mut().zip(rgb) {
        *to = T::from_f32(value * T::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(width: u32, height: u32, bits: u8, value: u16) -> Channel {
        let size = Size::new(width, height);
        Channel {
            size,
            samples: vec![value; size.area() as usize],
            bits,
        }
    }

    fn one(values: [u16; 3], bits: u8, matrix: u16, full: bool) -> [u8; 3] {
        let [y, b, r] = values;
        let colour = CodePoints {
            primaries: 1,
            transfer: 13,
            matrix,
            full,
        };
        let planes = Planes {
            luma: channel(2, 2, bits, y),
            chroma: Some([channel(1, 1, bits, b), channel(1, 1, bits, r)]),
            colour,
            on_rows: false,
            on_columns: false,
        };
        planes.check().expect("whole");
        let mut samples = [0u8; 12];
        let mut rows = Rows {
            samples: &mut samples,
            stride: 6,
            step: 3,
        };
        planes
            .fill(colour, Size::new(2, 2), &mut rows)
            .expect("filled");
        assert_eq!(samples[..3], samples[9..]);
        [samples[0], samples[1], samples[2]]
    }

    #[test]
    fn known_values_become_known_colours() {
        assert_eq!(one([76, 85, 255], 8, 6, true), [254, 0, 0]);
        assert_eq!(one([235, 128, 128], 8, 1, false), [255; 3]);
        assert_eq!(one([64, 512, 512], 10, 9, false), [0; 3]);
        assert_eq!(one([940, 512, 512], 10, 9, false), [255; 3]);
        assert_eq!(one([10, 20, 30], 8, 0, true), [30, 10, 20]);
    }

    #[test]
    fn a_matrix_that_is_not_known_is_refused_and_planes_that_lack_samples_too() {
        assert!(Matrix::of(14).is_err());
        let mut planes = Planes {
            luma: channel(4, 4, 8, 1),
            chroma: Some([channel(2, 2, 8, 1), channel(2, 1, 8, 1)]),
            colour: CodePoints {
                primaries: 1,
                transfer: 13,
                matrix: 6,
                full: true,
            },
            on_rows: true,
            on_columns: true,
        };
        assert!(planes.check().is_err());
        planes.chroma = None;
        assert!(planes.check().is_ok());
        planes.luma.samples.pop();
        assert!(planes.check().is_err());
    }
}
