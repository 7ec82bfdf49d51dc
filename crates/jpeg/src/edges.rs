//! What blocks hold beyond the picture's right and bottom edge. No viewer shows it, and a lossless crop
//! leaves there what it cut off.
//!
//! Invariant: blocks that lie wholly beyond hold one mean, that of a block that shows. Those that lie
//! across an edge hold nothing there but the last samples repeated, as far as quantisation tells; what
//! encoders write by themselves is so already and stays bit by bit.

use super::coded::CodedImage;
use super::coefficients::{Block, Coefficients, QuantTable, ZIGZAG};
use super::dct::{Steps, WAVES, forward, inverse};
use super::frame::{Component, SIDE};

/// How far from a multiple of the step a coefficient may lie besides the half step of rounding: integer
/// transforms are off by one or two, and subsampling that rounds up and down in turn, as libjpeg's does,
/// by some more. With 1 a few blocks at quality 98 are taken for others than an encoder's, with 2 some
/// at 100, with 3 none of 140,000.
const SLACK: f32 = 3.0;

/// Steps by which encoders that weigh bytes against errors (trellis quantisation) make a coefficient
/// smaller than rounding would.
const SHRUNK: f32 = 0.75;

/// Rounds after which a block is taken for one that hides something. Pure noise, coarsely quantised,
/// needs ten at most.
const MOST_ROUNDS: usize = 50;

impl CodedImage {
    /// Takes away what blocks hold beyond the picture's right and bottom edge, which no viewer shows: a
    /// lossless crop leaves there what it cut off. Blocks wholly beyond become flat; those across an
    /// edge are coded anew from the samples that show, if they hold what no encoder puts there. Gives
    /// whether one of the latter was.
    pub fn clear_beyond_edges(&mut self) -> bool {
        clear(self)
    }

    /// Makes the blocks that lie wholly beyond the picture flat, with the mean of the nearest block
    /// that shows. [`CodedImage::clear_beyond_edges`] does so, too.
    pub fn flatten_padding(&mut self) {
        for (plane, component) in self.planes.iter_mut().zip(&self.frame.components) {
            pad(plane, component);
        }
    }
}

/// Takes away what is hidden beyond the edges of all components. Gives whether a block that shows in
/// part had something.
pub(super) fn clear(coded: &mut CodedImage) -> bool {
    let mut found = false;
    for (index, component) in coded.frame.components.iter().enumerate() {
        let (blocks, table) = (&mut coded.planes[index], &coded.quant[index]);
        let most = coded.frame.most;
        let finest = (component.factors.0 == most.0, component.factors.1 == most.1);
        found |= Edge::new(component, table, finest).clear(blocks);
        pad(blocks, component);
    }
    found
}

/// Makes blocks wholly beyond the picture flat, with the mean of the nearest block that shows. libjpeg
/// fills them with that of the last block of the same MCU and row; that may stay.
pub(super) fn pad(blocks: &mut Coefficients, component: &Component) {
    let ((own_w, own_h), (padded_w, padded_h)) = (component.own, component.padded);
    let across = component.factors.0;
    for y in 0..padded_h {
        let first = if y < own_h { own_w } else { 0 };
        for x in first..padded_w {
            let row = y.min(own_h - 1);
            let mean = |x: usize| blocks.get(x.min(own_w - 1), row).0[0];
            let (nearest, last) = (mean(x), mean(x / across * across + across - 1));
            let (block, map) = blocks.get(x, y);
            if map != 0 || block[0] != nearest && block[0] != last {
                let mut flat = [0; 64];
                flat[0] = nearest;
                blocks.put(x, y, &flat);
            }
        }
    }
}

/// An 8x8 matrix.
type Matrix = [[f32; SIDE]; SIDE];

/// The blocks of a component that show in part.
struct Edge<'a> {
    table: &'a QuantTable,
    steps: Steps,
    /// Blocks across and down that show.
    own: (usize, usize),
    /// Samples across and down that the last of them show, 1..=8.
    shown: (usize, usize),
    /// For each direction, see [`repeating`].
    across: Matrix,
    down: Matrix,
}

impl<'a> Edge<'a> {
    /// `finest` says for both directions whether a sample is a pixel. Elsewhere encoders may repeat the
    /// last pixel instead of the last sample, which stands for others, too.
    fn new(component: &Component, table: &'a QuantTable, finest: (bool, bool)) -> Self {
        let shown = |samples: u32| (samples as usize - 1) % SIDE + 1;
        let shown = (
            shown(component.samples.width),
            shown(component.samples.height),
        );
        Self {
            table,
            steps: Steps::new(table),
            own: component.own,
            shown,
            across: repeating(shown.0 - usize::from(finest.0)),
            down: repeating(shown.1 - usize::from(finest.1)),
        }
    }

    fn clear(&self, blocks: &mut Coefficients) -> bool {
        let (right, bottom) = (self.own.0 - 1, self.own.1 - 1);
        let mut found = false;
        if self.shown.0 < SIDE {
            for y in 0..bottom {
                found |= self.clear_block(blocks, right, y);
            }
        }
        if self.shown.1 < SIDE {
            for x in 0..right {
                found |= self.clear_block(blocks, x, bottom);
            }
        }
        if self.shown != (SIDE, SIDE) {
            found |= self.clear_block(blocks, right, bottom);
        }
        found
    }

    /// Codes a block anew from what it shows, if it hides something. Gives whether it did.
    fn clear_block(&self, blocks: &mut Coefficients, x: usize, y: usize) -> bool {
        let width = if x + 1 == self.own.0 {
            self.shown.0
        } else {
            SIDE
        };
        let height = if y + 1 == self.own.1 {
            self.shown.1
        } else {
            SIDE
        };
        let (block, map) = blocks.get(x, y);
        if map == 0 || self.is_repeated(block, width < SIDE, height < SIDE) {
            return false;
        }
        let mut samples = [0; SIDE * SIDE];
        inverse::<8, 4>(block, map, &self.steps, &mut samples, SIDE);
        for row in samples.chunks_exact_mut(SIDE) {
            let last = row[width - 1];
            row[width..].fill(last);
        }
        for row in height..SIDE {
            let last = (height - 1) * SIDE;
            samples.copy_within(last..last + SIDE, row * SIDE);
        }
        let coded = forward(&samples, SIDE, &self.steps);
        let changed = coded != *block;
        blocks.put(x, y, &coded);
        changed
    }

    /// Whether there are samples, repeated beyond the edges, that an encoder makes this block from.
    ///
    /// Such samples are a linear subspace, and what is rounded to a block is a box: a point in both is
    /// looked for by the method of Douglas and Rachford.
    fn is_repeated(&self, block: &Block, right: bool, bottom: bool) -> bool {
        let mut values = [[0.0; SIDE]; SIDE];
        let mut bounds = [[(0.0, 0.0); SIDE]; SIDE];
        for (&level, place) in block.iter().zip(ZIGZAG.map(usize::from)) {
            let step = f32::from(self.table[place]);
            let value = f32::from(level) * step;
            // A step of 0, which makes no sense, tells nothing.
            let room = match step {
                0.0 => f32::INFINITY,
                _ => step / 2.0 + SLACK,
            };
            let below = if level <= 0 { SHRUNK * step } else { 0.0 };
            let above = if level >= 0 { SHRUNK * step } else { 0.0 };
            values[place / SIDE][place % SIDE] = value;
            bounds[place / SIDE][place % SIDE] = (value - room - below, value + room + above);
        }
        for _ in 0..MOST_ROUNDS {
            let mut repeated = values;
            if right {
                repeated = product(&repeated, &self.across);
            }
            if bottom {
                repeated = product(&self.down, &repeated);
            }
            let mut inside = true;
            let pairs = values.as_flattened_mut().iter_mut();
            let pairs = pairs.zip(repeated.as_flattened());
            for ((value, &repeated), &(low, high)) in pairs.zip(bounds.as_flattened()) {
                inside &= (low..=high).contains(&repeated);
                *value += (2.0 * repeated - *value).clamp(low, high) - repeated;
            }
            if inside {
                return true;
            }
        }
        false
    }
}

/// The orthogonal projection, between coefficients of a line of samples, onto lines whose samples from
/// number `first` on are alike: each becomes their mean.
fn repeating(first: usize) -> Matrix {
    let first = first.min(SIDE - 1);
    let share = 1.0 / (SIDE - first) as f32;
    let mut out = [[0.0; SIDE]; SIDE];
    for (row, a) in out.iter_mut().zip(&WAVES) {
        for (to, b) in row.iter_mut().zip(&WAVES) {
            let single: f32 = a.iter().zip(b).take(first).map(|(a, b)| a * b).sum();
            let alike: f32 = a[first..].iter().sum::<f32>() * b[first..].iter().sum::<f32>();
            *to = single + alike * share;
        }
    }
    out
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut out = [[0.0; SIDE]; SIDE];
    for (to, a) in out.iter_mut().zip(a) {
        for (a, b) in a.iter().zip(b) {
            for (to, b) in to.iter_mut().zip(b) {
                *to += a * b;
            }
        }
    }
    out
}
