//! Changes to samples, carried into the coefficients of the blocks that they touch.
//!
//! Invariant: a block that is touched is coded anew from its samples alone, also where these came
//! out unchanged, since its coefficients may hold more than its samples show; every other block
//! that shows keeps its coefficients bit by bit.

use super::coded::CodedImage;
use super::coefficients::Coefficients;
use super::dct::{Steps, forward, inverse};
use super::edges;
use super::frame::{Component, SIDE};
use crate::geometry::{Rect, Size};

/// The samples of a component, to be changed.
#[derive(Debug)]
pub struct SamplesMut<'a> {
    /// Row by row, `stride` apart. What lies outside of the touched blocks and the eight around
    /// each is zero.
    pub samples: &'a mut [u8],
    /// Samples from one row to the next; at least the width.
    pub stride: usize,
    /// Samples across and down that stand for pixels; the buffer goes on to whole blocks.
    pub size: Size,
}

impl CodedImage {
    /// The components, each to be changed for itself, on any thread.
    #[must_use]
    pub fn components_mut(&mut self) -> Vec<ComponentMut<'_>> {
        let parts = self.frame.components.iter().zip(&self.quant);
        let parts = parts.zip(&mut self.planes);
        parts
            .map(|((component, quant), blocks)| ComponentMut {
                work: Work {
                    component: *component,
                    steps: Steps::new(quant),
                },
                blocks,
            })
            .collect()
    }

    /// [`ComponentMut::edit_samples`] of one component.
    ///
    /// # Errors
    ///
    /// That of `change`; the image is as before then.
    ///
    /// # Panics
    ///
    /// If there is no such component.
    pub fn edit_samples<E>(
        &mut self,
        component: usize,
        touched: &[Rect],
        change: impl FnOnce(SamplesMut<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut all = self.components_mut();
        all[component].edit_samples(touched, change)
    }
}

/// One component of a picture, to be changed.
pub struct ComponentMut<'a> {
    work: Work,
    blocks: &'a mut Coefficients,
}

impl std::fmt::Debug for ComponentMut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("ComponentMut");
        debug.field("component", &self.work.component);
        debug.finish_non_exhaustive()
    }
}

impl ComponentMut<'_> {
    /// Decodes the blocks that `touched` overlaps, and those around them, has `change` work on the
    /// samples, and codes the touched blocks anew. All other blocks that show keep their
    /// coefficients bit by bit, whatever `change` did there.
    ///
    /// `touched` is in samples of the component (see [`Component::samples`]); what lies beyond them
    /// is ignored. The last samples are repeated in the rest of their blocks. `change` is not
    /// called if nothing is touched.
    ///
    /// # Errors
    ///
    /// That of `change`; the component is as before then.
    pub fn edit_samples<E>(
        &mut self,
        touched: &[Rect],
        change: impl FnOnce(SamplesMut<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let work = &self.work;
        let marked = Marked::new(work.component.own, touched);
        if marked.list.is_empty() {
            return Ok(());
        }
        let stride = work.component.own.0 * SIDE;
        let mut samples = work.decode(self.blocks, &marked, stride);
        change(SamplesMut {
            samples: &mut samples,
            stride,
            size: work.component.samples,
        })?;
        work.encode(self.blocks, &marked, &mut samples, stride);
        Ok(())
    }
}

/// A component that is being changed.
struct Work {
    component: Component,
    steps: Steps,
}

impl Work {
    /// The samples of the blocks around what is marked.
    fn decode(&self, blocks: &Coefficients, marked: &Marked, stride: usize) -> Vec<u8> {
        // Memory that nobody writes to costs nothing: only the blocks around masks are there.
        let mut samples = vec![0; stride * self.component.own.1 * SIDE];
        for (x, y) in marked.around() {
            let (block, map) = blocks.get(x, y);
            let at = y * SIDE * stride + x * SIDE;
            inverse::<8, 4>(block, map, &self.steps, &mut samples[at..], stride);
        }
        samples
    }

    fn encode(
        &self,
        blocks: &mut Coefficients,
        marked: &Marked,
        samples: &mut [u8],
        stride: usize,
    ) {
        self.extend(samples, stride, marked);
        for &(x, y) in &marked.list {
            let at = y * SIDE * stride + x * SIDE;
            blocks.put(x, y, &forward(&samples[at..], stride, &self.steps));
        }
        self.pad(blocks, marked);
        edges::pad(blocks, &self.component);
    }
    /// Repeats the last column and row of samples that stand for pixels in the rest of their
    /// blocks, so that nothing of the old picture stays there.
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

    /// Blocks wholly beyond the picture, behind one that was touched, become flat and go on with
    /// its mean, as encoders fill them.
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
                        blocks.put(px, py, &flat);
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
    fn new(size: (usize, usize), rects: &[Rect]) -> Self {
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
