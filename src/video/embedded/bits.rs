//! Numbers of single bits, as parameter sets have them.
//!
//! Invariant: bits beyond the end read as `None`, never as zeros.

/// Bits, the most significant first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// How many were read.
    pub(super) at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Up to 32 bits as a number.
    pub(super) fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// An unsigned Exp-Golomb number.
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some(((1u64 << zeros) - 1 + u64::from(self.take(zeros)?)) as u32)
    }

    /// A signed Exp-Golomb number.
    pub(super) fn signed(&mut self) -> Option<i32> {
        let coded = i64::from(self.unsigned()?);
        let value = if coded % 2 == 1 {
            (coded + 1) / 2
        } else {
            -coded / 2
        };
        i32::try_from(value).ok()
    }
}

/// Bits to be written.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    bits: usize,
}

impl Writer {
    pub(super) fn put(&mut self, count: usize, value: u32) {
        for i in (0..count).rev() {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (value >> i & 1) as u8;
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.bits % 8);
            }
            self.bits += 1;
        }
    }

    pub(super) fn unsigned(&mut self, value: u32) {
        let coded = value + 1;
        let length = (32 - coded.leading_zeros()) as usize;
        self.put(length - 1, 0);
        self.put(length, coded);
    }

    /// With the bit that ends the payload.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.bytes
    }
}
