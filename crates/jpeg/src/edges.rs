//! What blocks hold beyond the picture's right and bottom edge. No viewer shows it, and a lossless
//! crop leaves there what it cut off.
//!
//! Invariant: blocks that lie wholly beyond hold one mean, that of a block that shows. Those that
//! lie across an edge hold nothing there but the last samples repeated or the picture mirrored (as
//! Adobe Photoshop has it), as far as quantisation tells; what encoders write by themselves is so
//! already and stays bit by bit.

use super::coded::CodedImage;
use super::coefficients::{Block, Coefficients, QuantTable, ZIGZAG};
use super::dct::{Steps, WAVES, forward, inverse};
use super::frame::{Component, SIDE};

/// How far from a multiple of the step a coefficient may lie besides the half step of rounding:
/// integer transforms are off by one or two, and subsampling that rounds up and down in turn, as
/// libjpeg's does, by some more. With 1 a few blocks at quality 98 are taken for others than an
/// encoder's, with 2 some at 100, with 3 none of 140,000.
const SLACK: f32 = 3.0;

/// Steps by which encoders that weigh bytes against errors (trellis quantisation) make a
/// coefficient smaller than rounding would.
const SHRUNK: f32 = 0.75;

/// Rounds after which a block is taken for one that hides something. Pure noise, coarsely
/// quantised, needs ten at most.
const MOST_ROUNDS: usize = 50;

/// Rounds after which what is beyond the edges is left as it is; damaged files need three.
const MOST_CLEARINGS: usize = 8;

impl CodedImage {
    /// Takes away what blocks hold beyond the picture's right and bottom edge, which no viewer
    /// shows: a lossless crop leaves there what it cut off. Blocks wholly beyond become flat; those
    /// across an edge are coded anew from the samples that show, if they hold what no encoder puts
    /// there. Gives whether one of the latter was.
    pub fn clear_beyond_edges(&mut self) -> bool {
        // A block that is coded anew may use other steps, and may have been the image of another
        // one.
        let rounds = (0..MOST_CLEARINGS).take_while(|_| clear(self));
        rounds.count() > 0
    }

    /// Makes the blocks that lie wholly beyond the picture flat, with the mean of the nearest block
    /// that shows. [`CodedImage::clear_beyond_edges`] does so, too.
    pub fn flatten_padding(&mut self) {
        for (plane, component) in self.planes.iter_mut().zip(&self.frame.components) {
            pad(plane, component);
        }
    }
}

/// One round over the edges of all components. Gives whether a block that shows in
/// part had something.
fn clear(coded: &mut CodedImage) -> bool {
    let mut found = false;
    // Steps that nothing uses must not decide: the file that is written has others.
    let neutral = coded.neutral_tables();
    for (index, component) in coded.frame.components.iter().enumerate() {
        let (blocks, table) = (&mut coded.planes[index], &coded.quant[index]);
        let most = coded.frame.most;
        let finest = (component.factors.0 == most.0, component.factors.1 == most.1);
        found |= Edge::new(component, table, &neutral[index], finest).clear(blocks);
        pad(blocks, component);
    }
    found
}

/// Makes blocks wholly beyond the picture flat, with the mean of the nearest block that shows.
/// libjpeg fills them with that of the last block of the same MCU and row; that may stay.
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

/// A square matrix.
type Matrix<const N: usize> = [[f32; N]; N];

/// A block and the one before it, along a line.
const PAIR: usize = 2 * SIDE;

/// The blocks of a component that show in part.
struct Edge<'a> {
    /// With neutral steps where nothing uses them: what blocks are judged by.
    neutral: &'a QuantTable,
    /// What blocks are coded with.
    steps: Steps,
    /// Blocks across and down that show.
    own: (usize, usize),
    /// Samples across and down that the last of them show, 1..=8.
    shown: (usize, usize),
    /// For each direction, see [`repeating`].
    across: Matrix<SIDE>,
    down: Matrix<SIDE>,
    /// For each direction, see [`mirroring`]: the ways that encoders may have it.
    mirrored_across: Vec<Matrix<PAIR>>,
    mirrored_down: Vec<Matrix<PAIR>>,
}

impl<'a> Edge<'a> {
    /// `finest` says for both directions whether a sample is a pixel. Elsewhere encoders may repeat
    /// the last pixel instead of the last sample, which stands for others, too.
    fn new(
        component: &Component,
        table: &QuantTable,
        neutral: &'a QuantTable,
        finest: (bool, bool),
    ) -> Self {
        let shown = |samples: u32| (samples as usize - 1) % SIDE + 1;
        let shown = (
            shown(component.samples.width),
            shown(component.samples.height),
        );
        // Pixels are mirrored before colour is reduced: the last of its samples may be its own
        // image.
        let mirrored = |shown: usize, finest: bool| {
            let shifts = if finest { 0..1 } else { 0..2 };
            shifts.map(|shift| mirroring(shown, shift)).collect()
        };
        Self {
            mirrored_across: mirrored(shown.0, finest.0),
            mirrored_down: mirrored(shown.1, finest.1),
            neutral,
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
        let beyond = (width < SIDE, height < SIDE);
        if map == 0
            || self.is_repeated(block, beyond.0, beyond.1)
            || self.is_mirrored(blocks, (x, y), beyond)
        {
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
    /// Such samples are a linear subspace, and what is rounded to a block is a box: a point in both
    /// is looked for by the method of Douglas and Rachford.
    fn is_repeated(&self, block: &Block, right: bool, bottom: bool) -> bool {
        let mut bounds = Bounds::<SIDE>::free();
        bounds.set(block, self.neutral, (0, 0));
        bounds.meets(|values| {
            let mut repeated = *values;
            if right {
                repeated = product(&repeated, &self.across);
            }
            if bottom {
                repeated = product(&self.down, &repeated);
            }
            repeated
        })
    }

    /// The same for samples that are mirrored at the edges. Where less than half of a block shows,
    /// the image is that of the block before, too: four blocks are looked at together.
    fn is_mirrored(
        &self,
        blocks: &Coefficients,
        (x, y): (usize, usize),
        (right, bottom): (bool, bool),
    ) -> bool {
        // Nothing can be the image of what lies before the first block.
        let reaches = |first: bool, shown: usize| first && 2 * shown <= SIDE;
        if right && reaches(x == 0, self.shown.0) || bottom && reaches(y == 0, self.shown.1) {
            return false;
        }
        let mut bounds = Bounds::<PAIR>::free();
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let matters = (dx == 1 || right && x > 0) && (dy == 1 || bottom && y > 0);
            if matters {
                let block = blocks.block(x + dx - 1, y + dy - 1);
                bounds.set(block, self.neutral, (dx, dy));
            }
        }
        let across: Vec<Option<&Matrix<PAIR>>> = match right {
            true => self.mirrored_across.iter().map(Some).collect(),
            false => vec![None],
        };
        let down: Vec<Option<&Matrix<PAIR>>> = match bottom {
            true => self.mirrored_down.iter().map(Some).collect(),
            false => vec![None],
        };
        across.iter().any(|across| {
            down.iter().any(|down| {
                bounds.clone().meets(|values| {
                    let mut mirrored = *values;
                    if let Some(across) = across {
                        mirrored = product(&mirrored, across);
                    }
                    if let Some(down) = down {
                        mirrored = product(down, &mirrored);
                    }
                    mirrored
                })
            })
        })
    }
}

/// Coefficients before they were rounded: a point that may be, and how far each may lie from it.
#[derive(Clone)]
struct Bounds<const N: usize> {
    values: Matrix<N>,
    bounds: [[(f32, f32); N]; N],
}

impl<const N: usize> Bounds<N> {
    fn free() -> Self {
        Self {
            values: [[0.0; N]; N],
            bounds: [[(f32::NEG_INFINITY, f32::INFINITY); N]; N],
        }
    }

    /// Sets those of a block, which is number `at` across and down.
    fn set(&mut self, block: &Block, table: &QuantTable, at: (usize, usize)) {
        for (&level, place) in block.iter().zip(ZIGZAG.map(usize::from)) {
            let step = f32::from(table[place]);
            let value = f32::from(level) * step;
            // A step of 0, which makes no sense, says nothing.
            let room = match step {
                0.0 => f32::INFINITY,
                _ => step / 2.0 + SLACK,
            };
            let below = if level <= 0 { SHRUNK * step } else { 0.0 };
            let above = if level >= 0 { SHRUNK * step } else { 0.0 };
            let (row, column) = (at.1 * SIDE + place / SIDE, at.0 * SIDE + place % SIDE);
            self.values[row][column] = value;
            self.bounds[row][column] = (value - room - below, value + room + above);
        }
    }

    /// Whether a point within the bounds is one that `project` leaves alone.
    fn meets(mut self, project: impl Fn(&Matrix<N>) -> Matrix<N>) -> bool {
        for _ in 0..MOST_ROUNDS {
            let projected = project(&self.values);
            let mut inside = true;
            let pairs = self.values.as_flattened_mut().iter_mut();
            let pairs = pairs.zip(projected.as_flattened());
            for ((value, &there), &(low, high)) in pairs.zip(self.bounds.as_flattened()) {
                inside &= (low..=high).contains(&there);
                *value += (2.0 * there - *value).clamp(low, high) - there;
            }
            if inside {
                return true;
            }
        }
        false
    }
}

/// The orthogonal projection, between coefficients of a line of samples, onto lines whose samples
/// from number `first` on are alike: each becomes their mean.
fn repeating(first: usize) -> Matrix<SIDE> {
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

/// The orthogonal projection, between coefficients of a line of two blocks, onto lines whose
/// samples beyond the first `shown` of the second block are the image of those before; `shift`
/// samples in between are their own image.
fn mirroring(shown: usize, shift: usize) -> Matrix<PAIR> {
    let mut image: [usize; PAIR] = std::array::from_fn(|i| i);
    let end = SIDE + shown;
    for k in 0..SIDE - shown {
        let from = end - 1 - shift - k;
        (image[end + k], image[from]) = (from, end + k);
    }
    // Sample `x` of the wave of coefficient `a`; no wave reaches into the other block.
    let wave = |a: usize, x: usize| match a / SIDE == x / SIDE {
        true => WAVES[a % SIDE][x % SIDE],
        false => 0.0,
    };
    let mut out = [[0.0; PAIR]; PAIR];
    for (a, row) in out.iter_mut().enumerate() {
        for (b, to) in row.iter_mut().enumerate() {
            let all = (0..PAIR).map(|x| wave(a, x) * (wave(b, x) + wave(b, image[x])) / 2.0);
            *to = all.sum();
        }
    }
    out
}

fn product<const N: usize>(a: &Matrix<N>, b: &Matrix<N>) -> Matrix<N> {
    let mut out = [[0.0; N]; N];
    for (to, a) in out.iter_mut().zip(a) {
        for (a, b) in a.iter().zip(b) {
            for (to, b) in to.iter_mut().zip(b) {
                *to += a * b;
            }
        }
    }
    out
}
