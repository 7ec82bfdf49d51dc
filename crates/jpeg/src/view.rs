//! Pixels from coefficients, for those who look: at full size or a half, a quarter or an eighth of
//! it, and only where somebody looks.
//!
//! Invariant: a picture pixel at reduction `r` stands for `r` by `r` pixels of the picture, counted
//! from its corner.

use super::coded::CodedImage;
use super::color::{self, ColorModel};
use super::dct::{Steps, inverse, mean};
use super::frame::SIDE;
use crate::geometry::{Rect, Size};

/// How much smaller the pixels are made: 1, 2, 4 or 8 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reduction(u32);

impl Reduction {
    /// From the largest picture to the smallest.
    pub const ALL: &'static [Self] = &[Self(1), Self(2), Self(4), Self(8)];

    /// The strongest that still gives at least `wanted` pixels for `crop`.
    #[must_use]
    pub fn for_size(crop: Size, wanted: Size) -> Self {
        let enough = |r: &&Self| {
            crop.width >= wanted.width.saturating_mul(r.0)
                && crop.height >= wanted.height.saturating_mul(r.0)
        };
        *Self::ALL.iter().rev().find(enough).unwrap_or(&Self::ALL[0])
    }

    /// Pixels of the picture per pixel.
    #[must_use]
    pub const fn times(self) -> u32 {
        self.0
    }

    /// The size of a reduced picture.
    #[must_use]
    pub fn size(self, full: Size) -> Size {
        Size::new(full.width.div_ceil(self.0), full.height.div_ceil(self.0))
    }
}

impl CodedImage {
    /// The pixels of `part` as interleaved RGB, 8 bits each, row by row without gaps. `part` is
    /// counted in pixels of the reduced picture; only the blocks that it needs are decoded.
    /// Subsampled components are spread smoothly, inks are turned to RGB without a colour profile.
    ///
    /// # Panics
    ///
    /// If `part` is not within the reduced picture, whose size [`Reduction::size`] gives.
    #[must_use]
    pub fn pixels(&self, by: Reduction, part: Rect) -> Vec<u8> {
        let mut out = vec![0; part.width as usize * part.height as usize * 3];
        self.pixels_into(by, part, &mut out);
        out
    }

    /// As [`CodedImage::pixels`], into memory that is there. Parts of one picture that lie next to
    /// each other give the same pixels as the whole, and may be made by several threads.
    ///
    /// # Panics
    ///
    /// As [`CodedImage::pixels`], and if `out` is not three bytes a pixel long.
    pub fn pixels_into(&self, by: Reduction, part: Rect, out: &mut [u8]) {
        let size = by.size(self.frame.size);
        assert!(
            part.right() <= size.width && part.bottom() <= size.height,
            "a part within the picture"
        );
        assert_eq!(
            out.len(),
            part.width as usize * part.height as usize * 3,
            "three bytes a pixel"
        );
        if !out.is_empty() {
            pixels_into(self, self.model, by, part, out);
        }
    }
}

/// The pixels of `part`, which is counted in pixels of the reduced picture, as interleaved RGB.
#[cfg(test)]
pub(super) fn pixels(coded: &CodedImage, model: ColorModel, by: Reduction, part: Rect) -> Vec<u8> {
    let mut out = vec![0; part.width as usize * part.height as usize * 3];
    pixels_into(coded, model, by, part, &mut out);
    out
}

fn pixels_into(coded: &CodedImage, model: ColorModel, by: Reduction, part: Rect, out: &mut [u8]) {
    let planes: Vec<Patch> = (0..coded.planes.len())
        .map(|component| Patch::decode(coded, component, by, part))
        .collect();
    let width = part.width as usize;
    let mut lines = vec![vec![0; width]; planes.len()];
    let mut sums = Vec::new();
    for (y, row) in (part.y..).zip(out.chunks_exact_mut(width * 3)) {
        for (plane, line) in planes.iter().zip(&mut lines) {
            plane.line(part.x, y, line, &mut sums);
        }
        color::to_rgb(model, &lines, row);
    }
}

/// A component's samples around the part that is looked at.
struct Patch {
    samples: Vec<u8>,
    stride: usize,
    across: Axis,
    down: Axis,
}

/// One direction of a component: how its samples lie on the pixels.
#[derive(Clone, Copy)]
struct Axis {
    /// A sample is `step.0 / step.1` pixels wide.
    step: (u32, u32),
    /// Samples of the whole component that stand for pixels.
    count: u32,
    /// The first sample that was decoded.
    origin: u32,
}

impl Axis {
    /// The samples that `from..to` in pixels needs, with one more on each side.
    fn needed(&self, from: u32, to: u32) -> (u32, u32) {
        let (wide, per) = (u64::from(self.step.0), u64::from(self.step.1));
        let first = u64::from(from) * per / wide;
        let end = (u64::from(to) * per).div_ceil(wide) + 1;
        let end = (end as u32).min(self.count);
        ((first.saturating_sub(1) as u32).min(end - 1), end)
    }

    /// Whether two pixels share a sample, evenly.
    fn is_half(&self) -> bool {
        self.step.0 == 2 * self.step.1
    }

    /// The sample under the middle of pixel `at`, from the first that was decoded.
    fn nearest(&self, at: u32) -> usize {
        let (wide, per) = (u64::from(self.step.0), u64::from(self.step.1));
        let sample = (2 * u64::from(at) + 1) * per / (2 * wide);
        (sample as u32)
            .min(self.count - 1)
            .saturating_sub(self.origin) as usize
    }

    /// The nearest sample and the one on the other side of the pixel's middle, for two pixels a
    /// sample.
    fn pair(&self, at: u32) -> (usize, usize) {
        let near = at / 2;
        let far = if at.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            near + 1
        };
        let place = |sample: u32| (sample.min(self.count - 1).saturating_sub(self.origin)) as usize;
        (place(near), place(far))
    }
}

impl Patch {
    fn decode(coded: &CodedImage, index: usize, by: Reduction, part: Rect) -> Self {
        let (component, most) = (&coded.frame.components[index], coded.frame.most);
        // The most samples a block that are no finer than the pixels asked for: subsampled
        // components need less reduction.
        let room = |most: usize, own: usize| SIDE * most / (own * by.0 as usize);
        let fine = room(most.0, component.factors.0).min(room(most.1, component.factors.1));
        let side = [8, 4, 2].into_iter().find(|&n| n <= fine).unwrap_or(1);
        let axis = |most: usize, own: usize, samples: u32| Axis {
            step: ((SIDE * most) as u32, (own * side) as u32 * by.0),
            count: (samples * side as u32).div_ceil(SIDE as u32),
            origin: 0,
        };
        let mut across = axis(most.0, component.factors.0, component.samples.width);
        let mut down = axis(most.1, component.factors.1, component.samples.height);
        let blocks = |axis: &Axis, from: u32, to: u32| {
            let (first, end) = axis.needed(from, to);
            (first as usize / side, (end as usize).div_ceil(side))
        };
        let (left, right) = blocks(&across, part.x, part.right());
        let (top, bottom) = blocks(&down, part.y, part.bottom());
        (across.origin, down.origin) = ((left * side) as u32, (top * side) as u32);
        let stride = (right - left) * side;
        let mut samples = vec![0; stride * (bottom - top) * side];
        let steps = Steps::new(&coded.quant[index]);
        for (y, rows) in (top..bottom).zip(samples.chunks_exact_mut(stride * side)) {
            for x in left..right {
                let (block, map) = coded.planes[index].get(x, y);
                let to = &mut rows[(x - left) * side..];
                match side {
                    8 => inverse::<8, 4>(block, map, &steps, to, stride),
                    4 => inverse::<4, 2>(block, map, &steps, to, stride),
                    2 => inverse::<2, 1>(block, map, &steps, to, stride),
                    _ => to[0] = mean(block, &steps),
                }
            }
        }
        Self {
            samples,
            stride,
            across,
            down,
        }
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..(y + 1) * self.stride]
    }

    /// The samples for the pixels of row `y` from column `x` on. Where two pixels share a sample
    /// they are weighed by distance; `sums` is room for that.
    fn line(&self, x: u32, y: u32, out: &mut [u8], sums: &mut Vec<u16>) {
        let (near, far) = if self.down.is_half() {
            self.down.pair(y)
        } else {
            let row = self.down.nearest(y);
            (row, row)
        };
        if near == far && !self.across.is_half() {
            let row = self.row(near);
            if self.across.step.0 == self.across.step.1 {
                let start = self.across.nearest(x);
                out.copy_from_slice(&row[start..start + out.len()]);
                return;
            }
            for (x, to) in (x..).zip(out) {
                *to = row[self.across.nearest(x)];
            }
            return;
        }
        // One more on each side, so that every sample has two beside it. Where more were decoded
        // nobody asks for these.
        let valid = (self.across.count - self.across.origin) as usize;
        let rows = self.row(near).iter().zip(self.row(far)).take(valid);
        sums.clear();
        sums.push(0);
        sums.extend(rows.map(|(&near, &far)| 3 * u16::from(near) + u16::from(far)));
        sums[0] = sums[1];
        sums.push(sums[sums.len() - 1]);
        if self.across.is_half() {
            let first = (x / 2).saturating_sub(self.across.origin) as usize + 1;
            spread(&sums[first - 1..], x % 2 == 1, out);
        } else {
            for (x, to) in (x..).zip(out) {
                *to = ((sums[self.across.nearest(x) + 1] + 2) / 4) as u8;
            }
        }
    }
}

/// Two pixels from each of `sums`, which are four times a sample, from the second on; only the
/// second of them from the first sample if it is `odd`.
fn spread(sums: &[u16], odd: bool, out: &mut [u8]) {
    let weigh = |near: u16, far: u16| ((3 * near + far + 8) / 16) as u8;
    let (lead, out) = out.split_at_mut(usize::from(odd).min(out.len()));
    if let [first] = lead {
        *first = weigh(sums[1], sums[2]);
    }
    let sums = &sums[lead.len()..];
    let (pairs, last) = out.as_chunks_mut::<2>();
    let count = pairs.len();
    let (left, here, right) = (&sums[..count], &sums[1..=count], &sums[2..count + 2]);
    for (((pair, &left), &here), &right) in pairs.iter_mut().zip(left).zip(here).zip(right) {
        *pair = [weigh(here, left), weigh(here, right)];
    }
    if let [last] = last {
        *last = weigh(sums[count + 1], sums[count]);
    }
}
