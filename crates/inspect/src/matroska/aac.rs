//! AAC's codec header: AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).

struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn next(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.0.get(self.1 / 8)?;
            value = value << 1 | usize::from(byte >> (7 - self.1 % 8) & 1);
            self.1 += 1;
        }
        Some(value)
    }

    fn object(&mut self) -> Option<usize> {
        match self.next(5)? {
            31 => Some(32 + self.next(6)?),
            object => Some(object),
        }
    }

    fn rate(&mut self) -> Option<usize> {
        match self.next(4)? {
            15 => self.next(24),
            rate => Some(rate),
        }
    }
}

/// What lies behind the last whole byte that a decoder reads, all of it if it makes no sense.
pub(super) fn rest_of(body: &[u8]) -> &[u8] {
    let end = end(body).unwrap_or(0);
    body.get(end..).unwrap_or_default()
}

fn end(body: &[u8]) -> Option<usize> {
    let mut bits = Bits(body, 0);
    let mut object = bits.object()?;
    bits.rate()?;
    let channels = bits.next(4)?;
    let has_replication = object == 5 || object == 29;
    if has_replication {
        bits.rate()?;
        object = bits.object()?;
    }
    match object {
        1..=4 => {}
        // Of the rarer ones only so much is known that they are short.
        _ => return Some(body.len().min(16)),
    }
    if bits.next(2)? & 1 == 1 {
        bits.next(14)?;
    }
    if bits.next(1)? == 1 {
        bits.next(1)?;
    }
    if channels == 0 {
        elements(&mut bits)?;
    }
    let plain = bits.1.div_ceil(8);
    if has_replication {
        return Some(plain);
    }
    Some(replication(&mut bits).unwrap_or(plain))
}

/// The extension for spectral band replication and parametric stereo that older decoders step over.
fn replication(bits: &mut Bits<'_>) -> Option<usize> {
    if bits.next(11)? != 0x2b7 || bits.object()? != 5 {
        return None;
    }
    if bits.next(1)? == 1 {
        bits.rate()?;
    }
    let end = bits.1.div_ceil(8);
    match bits.next(11) {
        Some(0x548) => bits.next(1).map(|_| bits.1.div_ceil(8)),
        _ => Some(end),
    }
}

/// Channels one by one, up to the comment, which is not skipped.
fn elements(bits: &mut Bits<'_>) -> Option<()> {
    bits.next(10)?;
    let [front, side, back] = [bits.next(4)?, bits.next(4)?, bits.next(4)?];
    let [low, data, coupling] = [bits.next(2)?, bits.next(3)?, bits.next(4)?];
    for mixdown in [4, 4, 3] {
        if bits.next(1)? == 1 {
            bits.next(mixdown)?;
        }
    }
    for _ in 0..front + side + back + coupling {
        bits.next(5)?;
    }
    for _ in 0..low + data {
        bits.next(4)?;
    }
    bits.1 = bits.1.next_multiple_of(8) + 8;
    Some(())
}
