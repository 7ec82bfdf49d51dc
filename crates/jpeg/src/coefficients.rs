//! Quantised coefficients in memory: what a JPEG file holds, before any arithmetic.
//!
//! Invariant: every coefficient lies within ±[`LARGEST`], and a block's map has a bit for each
//! coefficient but the first that is not zero, and for no other.

use super::frame::Component;

/// Position in an 8x8 block, row by row, of the n-th coefficient in file order (T.81, figure A.6).
#[rustfmt::skip]
pub const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The largest magnitude that is taken for a coefficient. Samples of 8 bits and a step of 1 give at
/// most 1024; twice that leaves room for programs that edit coefficients, and anything larger is
/// damage.
pub const LARGEST: i32 = 2047;

/// A quantisation table in natural (row by row) order.
pub type QuantTable = [u16; 64];

/// The coefficients of a block in file order (zigzag).
pub type Block = [i16; 64];

/// The blocks of a component, padded to whole MCUs, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coefficients {
    /// Blocks in a row, those of the padding included.
    stride: usize,
    /// Those of one block after another: memory of plain numbers comes zeroed from the system.
    values: Vec<i16>,
    maps: Vec<u64>,
}

impl Coefficients {
    /// All zero. Memory is taken when it is written to.
    pub(super) fn new(component: &Component) -> Self {
        let count = component.padded.0 * component.padded.1;
        Self {
            stride: component.padded.0,
            values: vec![0; 64 * count],
            maps: vec![0; count],
        }
    }

    /// The block in column `x` of row `y`.
    ///
    /// # Panics
    ///
    /// If there is no such block.
    #[must_use]
    #[inline]
    pub fn block(&self, x: usize, y: usize) -> &Block {
        self.get(x, y).0
    }

    /// Replaces the block in column `x` of row `y`. Values beyond ±[`LARGEST`] are clamped to it.
    ///
    /// A baseline file may hold the first coefficient within -1024..=1023 and others within ±1023
    /// (T.81, tables F.1 and F.2); other decoders may refuse more.
    ///
    /// # Panics
    ///
    /// If there is no such block.
    pub fn set(&mut self, x: usize, y: usize, block: &Block) {
        const MOST: i16 = LARGEST as i16;
        self.put(x, y, &block.map(|value| value.clamp(-MOST, MOST)));
    }

    /// The block in column `x` of row `y`, and its map.
    #[inline]
    pub(super) fn get(&self, x: usize, y: usize) -> (&Block, u64) {
        let at = y * self.stride + x;
        (&self.values.as_chunks().0[at], self.maps[at])
    }

    /// The same, to be changed: both together.
    #[inline]
    pub(super) fn get_mut(&mut self, x: usize, y: usize) -> (&mut Block, &mut u64) {
        let at = y * self.stride + x;
        (&mut self.values.as_chunks_mut().0[at], &mut self.maps[at])
    }

    /// Whether nothing but the coefficients of `map`, and the first ones, is not zero.
    pub(super) fn fits(&self, map: u64) -> bool {
        map | 1 == u64::MAX || self.maps.iter().all(|own| own & !map == 0)
    }

    /// The coefficients that are not zero in some block; the first one counts as such.
    pub(super) fn used(&self) -> u64 {
        self.maps.iter().fold(1, |all, own| all | own)
    }

    /// The rows of blocks, from the top.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = Row<'_>> {
        let rows = self.values.as_chunks_mut().0.chunks_mut(self.stride);
        let rows = rows.zip(self.maps.chunks_mut(self.stride));
        rows.map(|(blocks, maps)| Row { blocks, maps })
    }

    /// Replaces a block whose values are in range.
    pub(super) fn put(&mut self, x: usize, y: usize, block: &Block) {
        let at = y * self.stride + x;
        self.values.as_chunks_mut().0[at] = *block;
        self.maps[at] = map(block);
    }
}

/// A row of blocks, to be changed.
pub(super) struct Row<'a> {
    blocks: &'a mut [Block],
    maps: &'a mut [u64],
}

impl Row<'_> {
    /// Replaces the block in column `x`, whose values are in range.
    #[inline]
    pub(super) fn put(&mut self, x: usize, block: &Block) {
        self.blocks[x] = *block;
        self.maps[x] = map(block);
    }
}

/// The map of a block.
pub(super) fn map(block: &Block) -> u64 {
    let bit = |(i, &v): (usize, &i16)| u64::from(v != 0) << i;
    block.iter().enumerate().map(bit).sum::<u64>() & !1
}

/// The numbers of the bits that are set, from the lowest.
pub(super) fn bits(mut map: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (map != 0).then(|| map.trailing_zeros() as usize)?;
        map &= map - 1;
        Some(lowest)
    })
}
