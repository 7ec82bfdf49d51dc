//! Whether a picture that keeps its own colours was coded as blocks, which lose something: the
//! decoder does not say.
//!
//! Invariant: what is not certain is taken for lossless, which at worst makes a file
//! larger.

/// Reads bits from the lowest of each byte on; zeros behind the end.
struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> u32 {
        let bit = |i: usize| {
            let byte = self.data.get((self.at + i) / 8).copied().unwrap_or(0);
            u32::from(byte >> ((self.at + i) % 8) & 1) << i
        };
        let value = (0..count).map(bit).sum();
        self.at += count;
        value
    }

    fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    /// Steps over a number whose four ways have so many bits (18181-1, B.2.2); gives the way.
    fn skip(&mut self, ways: [usize; 4]) -> u32 {
        let choice = self.take(2);
        self.take(ways[choice as usize]);
        choice
    }

    /// An enumerated value.
    fn choice(&mut self) -> u32 {
        match self.take(2) {
            2 => 2 + self.take(4),
            3 => 18 + self.take(6),
            value => value,
        }
    }
}

/// Whether the first frame of a codestream is coded as blocks. Says no to headers with a preview,
/// an animation, extra channels of their own kind, or a colour profile.
pub(super) fn is_of_blocks(stream: &[u8]) -> bool {
    let mut bits = Reader {
        data: stream,
        at: 16,
    };
    let is_so = head(&mut bits).is_some() && frame(&mut bits);
    is_so && bits.at <= 8 * stream.len()
}

/// Annexes D and E.
fn head(bits: &mut Reader<'_>) -> Option<()> {
    const SIDE: [usize; 4] = [9, 13, 18, 30];
    let small = bits.flag();
    for is_width in [false, true] {
        if is_width && bits.take(3) != 0 {
            break; // a ratio
        }
        match small {
            true => bits.take(5),
            false => bits.skip(SIDE),
        };
    }
    if bits.flag() {
        return None; // all by default, XYB, too, which the decoder knows
    }
    let more = bits.flag();
    if more {
        bits.take(3);
        if bits.take(3) != 0 {
            return None; // another size, a preview or an animation
        }
    }
    match bits.flag() {
        true => return None, // floating point
        false => bits.skip([0, 0, 0, 6]),
    };
    bits.take(1);
    match bits.take(2) {
        0 => {}
        1 if bits.flag() => {} // usual opacity
        _ => return None,
    }
    bits.take(1);
    if !bits.flag() {
        if bits.flag() {
            return None; // a profile
        }
        let space = bits.choice();
        let points = usize::from(bits.choice() == 2)
            + if space == 1 {
                0
            } else {
                3 * usize::from(bits.choice() == 2)
            };
        if points > 0 {
            return None;
        }
        match bits.flag() {
            true => bits.take(24),
            false => bits.choice(),
        };
        bits.choice();
    }
    if more && !bits.flag() {
        return None; // tone mapping of its own
    }
    // No extensions, usual transforms.
    (bits.take(2) == 0 && bits.flag()).then_some(())
}

/// Annex F.
fn frame(bits: &mut Reader<'_>) -> bool {
    bits.at = bits.at.next_multiple_of(8);
    let is_usual = bits.flag();
    is_usual || bits.take(3) >> 2 == 0
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::sources::Random;
    use super::*;

    #[test]
    fn headers_are_told_apart_and_any_bytes_survived() {
        // What cjxl makes of a JPEG of 640x427 pixels, and of the same without loss.
        let jpeg = b"\xff\x0a\x50\x4d\x10\x09\xe0\x5b\x02\x10\0\x14\xd2\x57\xd2\x22";
        let exact = b"\xff\x0a\x50\x4d\x10\x50\x5c\x08\x08\x02\x01\0\xb0\x0b\0\0";
        assert!(is_of_blocks(jpeg) && !is_of_blocks(exact));
        for end in 0..7 {
            assert!(!is_of_blocks(&jpeg[..end]), "{end} bytes");
        }
        let mut random = Random(5);
        for _ in 0..20_000 {
            let length = random.below(40);
            let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
            is_of_blocks(&bytes);
        }
    }
}
