//! Bits of coded data. Behind the end of the data every bit is 0, and the reader remembers that it
//! went there.

/// Reads the lowest bit of each byte first, as WebP, JPEG XL and deflate do.
pub(super) struct LowFirst<'a> {
    data: &'a [u8],
    /// Bytes that went into `held`.
    taken: usize,
    held: u64,
    have: u32,
}

impl<'a> LowFirst<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            taken: 0,
            held: 0,
            have: 0,
        }
    }

    fn fill(&mut self) {
        while self.have <= 56 {
            let byte = self.data.get(self.taken).copied().unwrap_or(0);
            self.held |= u64::from(byte) << self.have;
            self.taken += 1;
            self.have += 8;
        }
    }

    /// The next `count` bits, at most 32, without taking them.
    pub(super) fn peek(&mut self, count: u32) -> u32 {
        if self.have < count {
            self.fill();
        }
        (self.held & ((1 << count) - 1)) as u32
    }

    /// Takes `count` bits, at most 32.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.held >>= count;
        self.have -= count;
        value
    }

    pub(super) fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    /// Bits that were taken.
    pub(super) fn at(&self) -> usize {
        self.taken * 8 - self.have as usize
    }

    /// Whether more bits were taken than there are.
    pub(super) fn is_over(&self) -> bool {
        self.at() > self.data.len() * 8
    }

    /// Moves to the next whole byte; gives whether the bits in between are 0.
    pub(super) fn align(&mut self) -> bool {
        let count = (8 - self.at() % 8) % 8;
        self.take(count as u32) == 0
    }
}

/// Reads the highest bit of each byte first, as MPEG's codecs do.
#[derive(Clone)]
pub(super) struct HighFirst<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> HighFirst<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The next `count` bits, at most 32, without taking them.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let first = self.at / 8;
        let mut held = 0u64;
        for i in 0..5 {
            held = held << 8 | u64::from(self.data.get(first + i).copied().unwrap_or(0));
        }
        let held = held << (self.at % 8) & 0xff_ffff_ffff;
        (held >> (40 - count)) as u32
    }

    /// Takes `count` bits, at most 32.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.at += count as usize;
        value
    }

    pub(super) fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Bits that were taken.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_over(&self) -> bool {
        self.at > self.data.len() * 8
    }

    /// Moves to the next whole byte.
    pub(super) fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_in_their_order_and_end_with_the_data() {
        let mut low = LowFirst::new(&[0b0000_0110, 0xff]);
        assert_eq!((low.take(1), low.take(2), low.peek(5)), (0, 3, 0));
        assert!(low.align() && !low.is_over());
        assert_eq!((low.at(), low.take(9), low.is_over()), (8, 0xff, true));
        let mut high = HighFirst::new(&[0b0110_0000, 0xff]);
        assert_eq!((high.take(1), high.take(2), high.peek(6)), (0, 3, 1));
        high.align();
        assert_eq!((high.take(8), high.is_over()), (0xff, false));
        assert_eq!((high.take(32), high.is_over()), (0, true));
    }
}
