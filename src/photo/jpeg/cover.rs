//! Changes to samples, carried into the coefficients of the blocks that they touch.
//!
//! Invariant: a block that is touched is coded anew from its samples alone, also where these came out
//! unchanged, since its coefficients may hold more than its samples show; every other block that
//! shows keeps its coefficients bit by bit.

use super::coded::Coded;
use super::coefficients::Coefficients;
use super::colour::Model;
use super::dct::{Steps, forward, inverse};
use super::edges;
use super::frame::{Component, Frame, SIDE};
use super::uneven;
use crate::error::Result;
use crate::geometry::PixelRect;
use crate::plane::{AnyPlaneMut, Channel, Layout, PlaneMut};

/// See [`Photo::edit`](crate::photo::Photo::edit).
pub(super) fn edit(
    coded: &mut Coded,
    model: Model,
    touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
    change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
) -> Result<()> {
    for index in 0..coded.planes.len() {
        let component = coded.frame.components[index];
        let meaning = Meaning::of(model, index);
        let steps = Steps::new(&coded.quant[index]);
        let plane = &mut coded.planes[index];
        let work = Work {
            component,
            meaning,
            steps,
        };
        work.run(&coded.frame, plane, touched, change)?;
    }
    Ok(())
}

/// What a component's samples mean to those who change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meaning {
    channel: Channel,
    /// Stored the other way round: what is 0 there is 255 (256 for colour differences) here.
    inverted: bool,
}

impl Meaning {
    fn of(model: Model, component: usize) -> Self {
        use Channel as C;
        const YCC: [Channel; 3] = [C::Luma, C::BlueDifference, C::RedDifference];
        const RGB: [Channel; 3] = [C::Red, C::Green, C::Blue];
        let black = C::InvertedBlack;
        let of = |three: [Channel; 3]| three.get(component).copied().unwrap_or(black);
        let channel = match model {
            Model::Grey => C::Luma,
            Model::YCbCr | Model::Ycck => of(YCC),
            Model::Rgb | Model::Cmyk => of(RGB),
        };
        Self {
            channel,
            inverted: model == Model::Ycck && channel != black,
        }
    }

    /// From stored to seen, and back.
    fn turn(self, samples: &mut [u8]) {
        if self.inverted {
            let middle = u8::from(self.channel != Channel::Luma);
            for v in samples {
                *v = (255 - *v).saturating_add(middle);
            }
        }
    }
}

/// A component that is being changed.
struct Work {
    component: Component,
    meaning: Meaning,
    steps: Steps,
}

impl Work {
    fn run(
        &self,
        frame: &Frame,
        blocks: &mut Coefficients,
        touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        let (h, v) = self.component.factors;
        let stride = self.component.own.0 * SIDE;
        let mut layout = Layout {
            size: self.component.samples,
            stride,
            step: 1,
            subsampling: ((frame.most.0 / h) as u32, (frame.most.1 / v) as u32),
        };
        let even = frame.most.0.is_multiple_of(h) && frame.most.1.is_multiple_of(v);
        let rects = if even {
            touched(&layout)
        } else {
            let whole = Layout::dense(frame.size);
            uneven::outward(&touched(&whole), frame, &self.component)
        };
        let marked = Marked::new(self.component.own, &rects);
        if marked.list.is_empty() {
            return Ok(());
        }
        // Memory that nobody writes to costs nothing: only the blocks around masks are there.
        let mut samples = vec![0; stride * self.component.own.1 * SIDE];
        for (x, y) in marked.around() {
            let (block, map) = blocks.get(x, y);
            let at = y * SIDE * stride + x * SIDE;
            inverse::<8, 4>(block, map, &self.steps, &mut samples[at..], stride);
        }
        self.meaning.turn(&mut samples);
        if even {
            let plane = PlaneMut::new(&mut samples, layout)?;
            change(AnyPlaneMut::U8(plane), self.meaning.channel);
        } else {
            layout.subsampling = (1, 1);
            let plane = PlaneMut::new(&mut samples, layout)?;
            uneven::change(plane, frame, &self.component, &rects, &mut |plane| {
                change(AnyPlaneMut::U8(plane), self.meaning.channel);
            })?;
        }
        self.meaning.turn(&mut samples);
        self.extend(&mut samples, stride, &marked);
        for &(x, y) in &marked.list {
            let at = y * SIDE * stride + x * SIDE;
            blocks.set(x, y, &forward(&samples[at..], stride, &self.steps));
        }
        self.pad(blocks, &marked);
        edges::pad(blocks, &self.component);
        Ok(())
    }

    /// Repeats the last column and row of samples that stand for pixels in the rest of their blocks, so
    /// that nothing of the old picture stays there.
    fn extend(&self, samples: &mut [u8], stride: usize, marked: &Marked) {
        let size = self.component.samples;
        let (width, height) = (size.width as usize, size.height as usize);
        for &(x, y) in &marked.list {
            if (x + 1) * SIDE > width {
                let rows = samples.chunks_exact_mut(stride).skip(y * SIDE).take(SIDE);
                rows.for_each(|row| {
                    let last = row[width - 1];
                    row[width..].fill(last);
                });
            }
        }
        for &(x, y) in &marked.list {
            for row in height.max(y * SIDE)..(y + 1) * SIDE {
                let last = (height - 1) * stride + x * SIDE;
                samples.copy_within(last..last + SIDE, row * stride + x * SIDE);
            }
        }
    }

    /// Blocks wholly beyond the picture, behind one that was touched, become flat and go on with its
    /// mean, as encoders fill them.
    fn pad(&self, blocks: &mut Coefficients, marked: &Marked) {
        let ((own_w, own_h), (padded_w, padded_h)) = (self.component.own, self.component.padded);
        for &(x, y) in &marked.list {
            let right = if x + 1 == own_w { padded_w } else { x + 1 };
            let bottom = if y + 1 == own_h { padded_h } else { y + 1 };
            let mut flat = [0; 64];
            flat[0] = blocks.get(x, y).0[0];
            for py in y..bottom {
                for px in x..right {
                    if (px, py) != (x, y) {
                        blocks.set(px, py, &flat);
                    }
                }
            }
        }
    }
}

/// The blocks that are touched.
struct Marked {
    size: (usize, usize),
    is: Vec<bool>,
    list: Vec<(usize, usize)>,
}

impl Marked {
    /// Those that rectangles of samples touch.
    fn new(size: (usize, usize), rects: &[PixelRect]) -> Self {
        let mut marked = Self {
            size,
            is: vec![false; size.0 * size.1],
            list: Vec::new(),
        };
        for rect in rects {
            let blocks = |from: u32, to: u32, most: usize| {
                from as usize / SIDE..(to as usize).div_ceil(SIDE).min(most)
            };
            for y in blocks(rect.y, rect.bottom(), size.1) {
                for x in blocks(rect.x, rect.right(), size.0) {
                    let is = &mut marked.is[y * size.0 + x];
                    if !*is {
                        *is = true;
                        marked.list.push((x, y));
                    }
                }
            }
        }
        marked
    }

    /// These and all that touch them, also by a corner: what a fill may look at.
    fn around(&self) -> Vec<(usize, usize)> {
        let mut near = vec![false; self.is.len()];
        let mut all = Vec::new();
        for &(x, y) in &self.list {
            for ny in y.saturating_sub(1)..(y + 2).min(self.size.1) {
                for nx in x.saturating_sub(1)..(x + 2).min(self.size.0) {
                    let seen = &mut near[ny * self.size.0 + nx];
                    if !*seen {
                        *seen = true;
                        all.push((nx, ny));
                    }
                }
            }
        }
        all
    }
}
