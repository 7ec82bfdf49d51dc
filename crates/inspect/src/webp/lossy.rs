//! Where the parts of a lossy picture end (RFC 6386): modes and coefficients are read to their last
//! one, and pixels are not made.

use super::super::bytes::{Order, part, rest};
use super::Budget;
use super::probabilities::{COEFFICIENTS, MODES, UPDATE};

/// Bytes that encoders write behind the last coefficient to flush their arithmetic coder.
const FLUSH: usize = 4;
/// Band of the coefficient at a place (13.3).
const BANDS: [usize; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];
/// Probabilities of the bits of large coefficients (13.2).
const EXTRA: [&[u8]; 6] = [
    &[159],
    &[165, 145],
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];
/// Trees: a positive entry is the next pair, another the negated leaf.
const SEGMENT_TREE: [i8; 6] = [2, 4, 0, -1, -2, -3];
const LUMA_TREE: [i8; 8] = [-4, 2, 4, 6, 0, -1, -2, -3];
const CHROMA_TREE: [i8; 6] = [0, 2, -1, 4, -2, -3];
const BLOCK_TREE: [i8; 18] = [
    0, 2, -1, 4, -2, 6, 8, 12, -3, 10, -5, -6, -4, 14, -7, 16, -8, -9,
];
/// Luma mode whose 4x4 blocks have modes of their own.
const BY_BLOCKS: u8 = 4;

/// Bytes of a `VP8 ` chunk that no part of the picture needs; `None` if it is damaged.
pub(super) fn unused(chunk: &[u8], budget: &mut Budget) -> Option<usize> {
    let tag = u32::from_le_bytes([*chunk.first()?, *chunk.get(1)?, *chunk.get(2)?, 0]);
    if tag & 1 != 0 || part(chunk, 3, 3)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let side = |at| {
        Order::Little
            .u16(chunk, at)
            .map(|v| usize::from(v & 0x3fff))
    };
    let (across, down) = (side(6)?.div_ceil(16), side(8)?.div_ceil(16));
    let first = part(chunk, 10, (tag >> 5) as usize)?;
    budget.spend(across as u64 * down as u64 * 256)?;
    let mut modes = Bools::new(first);
    let mut frame = Frame::header(&mut modes)?;
    let mut parts = partitions(rest(chunk, 10 + first.len()), frame.partitions)?;
    frame.blocks(&mut modes, &mut parts, (across, down))?;
    let mut total = modes.left();
    for part in &parts {
        total += part.left();
    }
    Some(total)
}

/// The parts with coefficients, each of which has its length in front but for the last.
fn partitions(data: &[u8], count: usize) -> Option<Vec<Bools<'_>>> {
    let mut at = 3 * (count - 1);
    let mut found = Vec::new();
    for index in 0..count {
        let length = match part(data, index * 3, 3) {
            Some(bytes) if index + 1 < count => {
                u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) as usize
            }
            _ => data.len().checked_sub(at)?,
        };
        found.push(Bools::new(part(data, at, length)?));
        at += length;
    }
    Some(found)
}

/// What the frame header says about reading blocks.
struct Frame {
    segments: Option<[u8; 3]>,
    partitions: usize,
    coefficients: [u8; 1056],
    /// Probability that a block has coefficients, if blocks say so.
    skip: Option<u8>,
}

impl Frame {
    /// Section 9.2 on.
    fn header(b: &mut Bools<'_>) -> Option<Self> {
        b.bits(2); // colour space, clamping
        let mut segments = None;
        if b.flag() {
            let (has_map, has_data) = (b.flag(), b.flag());
            if has_data {
                b.flag();
                (0..4).for_each(|_| b.optional(8));
                (0..4).for_each(|_| b.optional(7));
            }
            if has_map {
                segments = Some([0; 3].map(|_| if b.flag() { b.bits(8) as u8 } else { 255 }));
            }
        }
        b.bits(10); // loop filter
        if b.flag() && b.flag() {
            (0..8).for_each(|_| b.optional(7));
        }
        let partitions = 1 << b.bits(2);
        b.bits(7); // quantisers
        (0..5).for_each(|_| b.optional(5));
        b.flag();
        let mut coefficients = COEFFICIENTS;
        for (probability, update) in coefficients.iter_mut().zip(UPDATE) {
            if b.bool(update) {
                *probability = b.bits(8) as u8;
            }
        }
        let skip = b.flag().then(|| b.bits(8) as u8);
        Some(Self {
            segments,
            partitions,
            coefficients,
            skip,
        })
        .filter(|_| !b.is_over())
    }

    /// All macroblocks.
    fn blocks(
        &mut self,
        modes: &mut Bools<'_>,
        parts: &mut [Bools<'_>],
        (across, down): (usize, usize),
    ) -> Option<()> {
        let mut above_modes = vec![[0u8; 4]; across];
        // Whether blocks above have coefficients: four of luma, two of each chroma, and the second
        // order.
        let mut above = vec![[false; 9]; across];
        for row in 0..down {
            let (mut left_modes, mut left) = ([0u8; 4], [false; 9]);
            let part = row % parts.len();
            let part = parts.get_mut(part)?;
            for column in 0..across {
                let (is_skipped, mode) =
                    self.modes(modes, &mut above_modes[column], &mut left_modes);
                let (above, has_second) = (&mut above[column], mode != BY_BLOCKS);
                if is_skipped {
                    let (a, l) = (above[8], left[8]);
                    (*above, left) = ([false; 9], [false; 9]);
                    if !has_second {
                        (above[8], left[8]) = (a, l);
                    }
                } else {
                    self.residual(part, has_second, above, &mut left);
                }
            }
            if modes.is_over() || part.is_over() {
                return None;
            }
        }
        Some(())
    }

    /// Whether a macroblock has no coefficients, and its mode.
    fn modes(&self, b: &mut Bools<'_>, above: &mut [u8; 4], left: &mut [u8; 4]) -> (bool, u8) {
        if let Some(probabilities) = &self.segments {
            b.tree(&SEGMENT_TREE, probabilities);
        }
        let is_skipped = self.skip.is_some_and(|p| b.bool(p));
        let mode = b.tree(&LUMA_TREE, &[145, 156, 163, 128]);
        if mode == BY_BLOCKS {
            for left in left {
                for above in &mut *above {
                    let at = (usize::from(*above) * 10 + usize::from(*left)) * 9;
                    let mode = b.tree(&BLOCK_TREE, &MODES[at..at + 9]);
                    (*above, *left) = (mode, mode);
                }
            }
        } else {
            // As if all blocks were predicted so: average, vertical, horizontal, true motion.
            let same = [0, 2, 3, 1][usize::from(mode)];
            (*above, *left) = ([same; 4], [same; 4]);
        }
        b.tree(&CHROMA_TREE, &[142, 114, 183]);
        (is_skipped, mode)
    }

    fn residual(
        &self,
        b: &mut Bools<'_>,
        has_second: bool,
        above: &mut [bool; 9],
        left: &mut [bool; 9],
    ) {
        let mut block = |kind: usize, first: usize, a: &mut bool, l: &mut bool| {
            let has = self.block(b, kind, first, usize::from(*a) + usize::from(*l));
            (*a, *l) = (has, has);
        };
        if has_second {
            block(1, 0, &mut above[8], &mut left[8]);
        }
        let (kind, first) = if has_second { (0, 1) } else { (3, 0) };
        for y in 0..4 {
            for x in 0..4 {
                block(kind, first, &mut above[x], &mut left[y]);
            }
        }
        for plane in [4, 6] {
            for y in plane..plane + 2 {
                for x in plane..plane + 2 {
                    block(2, 0, &mut above[x], &mut left[y]);
                }
            }
        }
    }

    /// Coefficients of a block; gives whether it has any.
    fn block(&self, b: &mut Bools<'_>, kind: usize, first: usize, context: usize) -> bool {
        let (mut context, mut after_zero) = (context, false);
        for at in first..16 {
            let from = ((kind * 8 + BANDS[at]) * 3 + context) * 11;
            let p = &self.coefficients[from..from + 11];
            if !after_zero && !b.bool(p[0]) {
                return at > first;
            }
            after_zero = !b.bool(p[1]);
            if after_zero {
                context = 0;
                continue;
            }
            context = if b.bool(p[2]) { 2 } else { 1 };
            if context == 2 {
                large(b, p);
            }
            b.bool(128); // the sign
        }
        true
    }
}

/// The rest of a coefficient of 2 and more.
fn large(b: &mut Bools<'_>, p: &[u8]) {
    if !b.bool(p[3]) {
        if b.bool(p[4]) {
            b.bool(p[5]);
        }
        return;
    }
    let category = if b.bool(p[6]) {
        let high = b.bool(p[8]);
        let low = b.bool(p[if high { 10 } else { 9 }]);
        2 + 2 * usize::from(high) + usize::from(low)
    } else {
        usize::from(b.bool(p[7]))
    };
    for &probability in EXTRA[category] {
        b.bool(probability);
    }
}

/// The arithmetic decoder (section 7).
struct Bools<'a> {
    data: &'a [u8],
    /// Bytes that went into `value`.
    at: usize,
    value: u64,
    /// Bits of `value` below the eight that are compared.
    below: i32,
    range: u32,
}

impl<'a> Bools<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            value: 0,
            below: -8,
            range: 255,
        }
    }

    fn bool(&mut self, probability: u8) -> bool {
        while self.below < 0 {
            for _ in 0..6 {
                let byte = self.data.get(self.at).copied().unwrap_or(0);
                self.value = self.value << 8 | u64::from(byte);
                self.at += 1;
            }
            self.below += 48;
        }
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        let border = u64::from(split) << self.below;
        let is_one = self.value >= border;
        if is_one {
            self.value -= border;
            self.range -= split;
        } else {
            self.range = split;
        }
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.below -= shift.cast_signed();
        is_one
    }

    fn flag(&mut self) -> bool {
        self.bool(128)
    }

    fn bits(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |value, _| value << 1 | u32::from(self.flag()))
    }

    /// A number that may be missing.
    fn optional(&mut self, bits: u32) {
        if self.flag() {
            self.bits(bits);
        }
    }

    fn tree(&mut self, tree: &[i8], probabilities: &[u8]) -> u8 {
        let mut at = 0;
        loop {
            let bit = usize::from(self.bool(probabilities[at / 2]));
            match tree[at + bit] {
                next @ 1.. => at = next as usize,
                leaf => return leaf.unsigned_abs(),
            }
        }
    }

    /// Bytes that were read.
    fn used(&self) -> usize {
        (self.at * 8).saturating_add_signed(-self.below as isize) / 8
    }

    fn is_over(&self) -> bool {
        self.used() > self.data.len() + 2
    }

    /// Bytes behind those that were read and those that a coder flushes.
    fn left(&self) -> usize {
        let left = self.data.len().saturating_sub(self.used());
        if left > FLUSH { left } else { 0 }
    }
}
