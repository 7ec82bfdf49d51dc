//! Writes the bits of a JPEG XL codestream, from the lowest of each byte on (18181-1, annex B).

/// One of the four ways to write a number: what is added to its bits, and how many those are.
pub(super) type Way = (u32, u32);

#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    /// The `count` lowest bits of `value`, at most 32.
    pub(super) fn put(&mut self, count: u32, value: u32) {
        let value = u64::from(value) & ((1 << count) - 1);
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A number in the first way that can hold it (B.2.2).
    pub(super) fn number(&mut self, ways: [Way; 4], value: u32) {
        let fits =
            |&(base, bits): &Way| value >= base && (value - base).checked_shr(bits) == Some(0);
        let choice = ways.iter().position(fits).unwrap_or(3);
        let (base, bits) = ways[choice];
        self.put(2, choice as u32);
        self.put(bits, value.wrapping_sub(base));
    }

    /// A number below 256 behind its length, as distributions have it (C.2.5).
    pub(super) fn byte(&mut self, value: u32) {
        self.put(1, u32::from(value > 0));
        if value > 0 {
            let bits = value.ilog2();
            self.put(3, bits);
            self.put(bits, value);
        }
    }

    /// Zeros to a whole byte.
    pub(super) fn align(&mut self) {
        self.put((8 - self.count) % 8, 0);
    }

    /// All of it, to a whole byte.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}
