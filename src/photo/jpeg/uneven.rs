//! Components whose samples are no whole number of pixels wide (three samples for four pixels),
//! which no camera makes and the standard allows.
//!
//! A fill sees such a component at the picture's full size. What it may read beforehand under a
//! mask is replaced from outside, since a sample that a mask's soft edge blends with may also stand
//! for pixels inside.
//!
//! Invariant: a sample is touched if any pixel that it stands for is, and what is then written
//! depends on samples that are not touched only. So styles that show the face's own pixels do not
//! show this component.

use super::size;
use crate::error::Result;
use crate::geometry::{PixelRect, Size};
use crate::plane::{Layout, PlaneMut};
use jpeg_coefficients::{Component, Frame};

/// The samples that stand for any pixel of `rects`.
pub(super) fn outward(rects: &[PixelRect], frame: &Frame, component: &Component) -> Vec<PixelRect> {
    let axis = Axes::new(frame, component);
    let one = |rect: &PixelRect| {
        let (left, right) = axis
            .x
            .samples(rect.x, rect.right(), component.samples.width);
        let (top, bottom) = axis
            .y
            .samples(rect.y, rect.bottom(), component.samples.height);
        PixelRect::new(left, top, right - left, bottom - top)
    };
    rects.iter().map(one).collect()
}

/// Has `change` cover `plane` at the picture's full size. `touched` are samples.
pub(super) fn change(
    mut plane: PlaneMut<'_, u8>,
    frame: &Frame,
    component: &Component,
    touched: &[PixelRect],
    change: &mut dyn FnMut(PlaneMut<'_, u8>),
) -> Result<()> {
    let axes = Axes::new(frame, component);
    let samples = size(component.samples);
    let mut is_touched = vec![false; samples.area() as usize];
    for rect in touched {
        for y in rect.y..rect.bottom() {
            let row = y as usize * samples.width as usize;
            is_touched[row + rect.x as usize..row + rect.right() as usize].fill(true);
        }
    }
    bridge(&mut plane, &is_touched, samples);
    let full = size(frame.size);
    let mut pixels = Vec::with_capacity(full.area() as usize);
    for y in 0..full.height {
        let row = axes.y.sample(y, samples.height) as usize;
        pixels.extend(
            (0..full.width).map(|x| plane.get(axes.x.sample(x, samples.width) as usize, row)),
        );
    }
    change(PlaneMut::new(&mut pixels, Layout::dense(full))?);
    for y in 0..samples.height {
        for x in 0..samples.width {
            if !is_touched[(y * samples.width + x) as usize] {
                continue;
            }
            let (mut sum, mut count) = (0, 0);
            for py in axes.y.pixels(y, full.height) {
                for px in axes.x.pixels(x, full.width) {
                    sum += u32::from(pixels[(py * full.width + px) as usize]);
                    count += 1;
                }
            }
            let mean = (sum + count / 2).checked_div(count).unwrap_or(128);
            plane.set(x as usize, y as usize, mean as u8);
        }
    }
    Ok(())
}

/// Replaces touched samples by those to their left and right that are not, row by row.
fn bridge(plane: &mut PlaneMut<'_, u8>, touched: &[bool], samples: Size) {
    let width = samples.width as usize;
    for y in 0..samples.height as usize {
        let row = &touched[y * width..(y + 1) * width];
        let mut x = 0;
        while x < width {
            if !row[x] {
                x += 1;
                continue;
            }
            let end = row[x..].iter().position(|t| !t).map_or(width, |n| x + n);
            let left = x.checked_sub(1).map(|x| plane.get(x, y));
            let right = (end < width).then(|| plane.get(end, y));
            let value = match (left, right) {
                (Some(a), Some(b)) => a.midpoint(b),
                (Some(v), None) | (None, Some(v)) => v,
                (None, None) => 128,
            };
            (x..end).for_each(|x| plane.set(x, y, value));
            x = end;
        }
    }
}

struct Axes {
    x: Axis,
    y: Axis,
}

/// `own` samples stand for `most` pixels.
struct Axis {
    own: u32,
    most: u32,
}

impl Axes {
    fn new(frame: &Frame, component: &Component) -> Self {
        let axis = |own: usize, most: usize| Axis {
            own: own as u32,
            most: most as u32,
        };
        Self {
            x: axis(component.factors.0, frame.most.0),
            y: axis(component.factors.1, frame.most.1),
        }
    }
}

impl Axis {
    /// The sample under the middle of a pixel.
    fn sample(&self, pixel: u32, count: u32) -> u32 {
        ((2 * pixel + 1) * self.own / (2 * self.most)).min(count - 1)
    }

    /// All samples that share area with pixels `from..to`; half-open.
    fn samples(&self, from: u32, to: u32, count: u32) -> (u32, u32) {
        let first = (from * self.own / self.most).min(count - 1);
        let end = (to * self.own).div_ceil(self.most).clamp(first + 1, count);
        (first, end)
    }

    /// All pixels that share area with a sample.
    fn pixels(&self, sample: u32, count: u32) -> std::ops::Range<u32> {
        let end = ((sample + 1) * self.most).div_ceil(self.own).min(count);
        (sample * self.most / self.own).min(end)..end
    }
}
