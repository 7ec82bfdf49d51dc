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
use super::parallel;
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
        self.overwrite_samples(touched, &[], change)
    }

    /// As [`ComponentMut::edit_samples`], for a `change` that writes every sample of `unread` and
    /// reads none of them: blocks that rectangles of these fill, row by row or column by column,
    /// are not decoded. It finds zeros there.
    ///
    /// # Errors
    ///
    /// That of `change`; the component is as before then.
    pub fn overwrite_samples<E>(
        &mut self,
        touched: &[Rect],
        unread: &[Rect],
        change: impl FnOnce(SamplesMut<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let work = &self.work;
        let marked = Marked::new(work.component.own, touched);
        if marked.is_empty() {
            return Ok(());
        }
        let stride = work.component.own.0 * SIDE;
        let seen = marked
            .around()
            .without(&Marked::filled(work.component.own, unread));
        let mut samples = work.decode(self.blocks, &seen, stride);
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
    /// The samples of the blocks that are marked.
    fn decode(&self, blocks: &Coefficients, marked: &Marked, stride: usize) -> Vec<u8> {
        // Memory that nobody writes to costs nothing: only the blocks around masks are there.
        let mut samples = vec![0; stride * self.component.own.1 * SIDE];
        let rows = samples.chunks_exact_mut(SIDE * stride).enumerate();
        parallel::map(rows.collect(), |(y, row)| {
            for x in marked.row(y) {
                let (block, map) = blocks.get(x, y);
                inverse::<8, 4>(block, map, &self.steps, &mut row[x * SIDE..], stride);
            }
        });
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
        let rows = samples.chunks_exact(SIDE * stride).zip(blocks.rows_mut());
        parallel::map(rows.enumerate().collect(), |(y, (samples, mut row))| {
            for x in marked.row(y) {
                row.put(x, &forward(&samples[x * SIDE..], stride, &self.steps));
            }
        });
        self.pad(blocks, marked);
        edges::pad(blocks, &self.component);
    }

    /// Repeats the last column and row of samples that stand for pixels in the rest of their
    /// blocks, so that nothing of the old picture stays there.
    fn extend(&self, samples: &mut [u8], stride: usize, marked: &Marked) {
        let size = self.component.samples;
        let (width, height) = (size.width as usize, size.height as usize);
        for (x, y) in marked.all() {
            if (x + 1) * SIDE > width {
                let rows = samples.chunks_exact_mut(stride).skip(y * SIDE).take(SIDE);
                rows.for_each(|row| {
                    let last = row[width - 1];
                    row[width..].fill(last);
                });
            }
        }
        for (x, y) in marked.all() {
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
        for (x, y) in marked.all() {
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

/// Some of a component's blocks.
struct Marked {
    /// Blocks across and down.
    size: (usize, usize),
    is: Vec<bool>,
}

impl Marked {
    /// Those that rectangles of samples touch.
    fn new(size: (usize, usize), rects: &[Rect]) -> Self {
        let mut is = vec![false; size.0 * size.1];
        for rect in rects {
            let blocks = |from: u32, to: u32, most: usize| {
                from as usize / SIDE..(to as usize).div_ceil(SIDE).min(most)
            };
            let across = blocks(rect.x, rect.right(), size.0);
            for y in blocks(rect.y, rect.bottom(), size.1) {
                let row = &mut is[y * size.0..][..size.0];
                if let Some(some) = row.get_mut(across.clone()) {
                    some.fill(true);
                }
            }
        }
        Self { size, is }
    }

    /// Those that rectangles of samples fill: each of the eight rows, or of the eight columns, lies
    /// in one of them.
    fn filled(size: (usize, usize), rects: &[Rect]) -> Self {
        let mut lines = vec![[0u8; 2]; if rects.is_empty() { 0 } else { size.0 * size.1 }];
        for rect in rects {
            let across = (rect.x as usize, (rect.right() as usize).min(size.0 * SIDE));
            let down = (rect.y as usize, (rect.bottom() as usize).min(size.1 * SIDE));
            // Blocks over whose whole width, or height, it reaches.
            let whole = |(from, to): (usize, usize)| from.div_ceil(SIDE)..to / SIDE;
            for y in down.0..down.1 {
                for x in whole(across) {
                    lines[y / SIDE * size.0 + x][0] |= 1 << (y % SIDE);
                }
            }
            for y in whole(down) {
                for x in across.0..across.1 {
                    lines[y * size.0 + x / SIDE][1] |= 1 << (x % SIDE);
                }
            }
        }
        let is = lines.iter().map(|lines| lines.contains(&u8::MAX)).collect();
        Self { size, is }
    }

    /// These but for those of `others`, which may be empty.
    fn without(mut self, others: &Self) -> Self {
        self.is
            .iter_mut()
            .zip(&others.is)
            .for_each(|(is, other)| *is &= !other);
        self
    }

    fn is_empty(&self) -> bool {
        !self.is.contains(&true)
    }

    /// The columns of those in row `y`.
    fn row(&self, y: usize) -> impl Iterator<Item = usize> {
        let row = self.is[y * self.size.0..][..self.size.0].iter();
        row.enumerate().filter_map(|(x, is)| is.then_some(x))
    }

    /// Column and row of each, row by row.
    fn all(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.size.1).flat_map(|y| self.row(y).map(move |x| (x, y)))
    }

    /// These and all that touch them, also by a corner: what a fill may look at.
    fn around(&self) -> Self {
        let mut is = vec![false; self.is.len()];
        for (x, y) in self.all() {
            for row in y.saturating_sub(1)..(y + 2).min(self.size.1) {
                let from = row * self.size.0;
                is[from + x.saturating_sub(1)..from + (x + 2).min(self.size.0)].fill(true);
            }
        }
        Self {
            size: self.size,
            is,
        }
    }
}
