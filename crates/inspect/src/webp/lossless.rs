//! Where the data of a lossless picture ends (RFC 9649, 3). Pixels are counted, not made, except
//! for those of the entropy image, which say with which codes the others are read.

use super::super::bits::LowFirst;
use super::super::prefix::Code;
use super::Budget;

const CODE_LENGTH_ORDER: [usize; 19] = [
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];
/// Distances of the shortest codes: rows above in the high half, 8 less the columns to the left in
/// the low half (RFC 9649, 3.6.3).
const NEAR: [u8; 120] = [
    24, 7, 23, 25, 40, 6, 39, 41, 22, 26, 38, 42, 56, 5, 55, 57, 21, 27, 54, 58, 37, 43, 72, 4, 71,
    73, 20, 28, 53, 59, 70, 74, 36, 44, 88, 69, 75, 52, 60, 3, 87, 89, 19, 29, 86, 90, 35, 45, 68,
    76, 85, 91, 51, 61, 104, 2, 103, 105, 18, 30, 102, 106, 34, 46, 84, 92, 67, 77, 101, 107, 50,
    62, 120, 1, 119, 121, 83, 93, 17, 31, 100, 108, 66, 78, 118, 122, 33, 47, 117, 123, 49, 63, 99,
    109, 82, 94, 0, 116, 124, 65, 79, 16, 32, 98, 110, 48, 115, 125, 81, 95, 64, 114, 126, 97, 111,
    80, 113, 127, 96, 112,
];
/// Most pixels of an entropy image, the largest picture's in blocks of four.
const MOST_ENTROPY: u64 = 1 << 24;

/// Bytes that a `VP8L` chunk needs; `None` if it is damaged.
pub(super) fn length(chunk: &[u8], budget: &mut Budget) -> Option<usize> {
    let mut bits = LowFirst::new(chunk);
    if bits.take(8) != 0x2f {
        return None;
    }
    let (width, height) = (bits.take(14) + 1, bits.take(14) + 1);
    let (_alpha, version) = (bits.flag(), bits.take(3));
    if version != 0 {
        return None;
    }
    picture(&mut bits, width, height, budget)?;
    (!bits.is_over()).then(|| bits.at().div_ceil(8))
}

/// The same for the opacity of a lossy picture, which has no header.
pub(super) fn opacity_length(
    data: &[u8],
    (width, height): (u32, u32),
    budget: &mut Budget,
) -> Option<usize> {
    let mut bits = LowFirst::new(data);
    picture(&mut bits, width, height, budget)?;
    (!bits.is_over()).then(|| bits.at().div_ceil(8))
}

fn picture(
    bits: &mut LowFirst<'_>,
    mut width: u32,
    height: u32,
    budget: &mut Budget,
) -> Option<()> {
    let mut seen = [false; 4];
    while bits.flag() {
        let kind = bits.take(2);
        if std::mem::replace(&mut seen[kind as usize], true) {
            return None;
        }
        match kind {
            // Predictors and colour transforms are pictures of blocks.
            0 | 1 => {
                let size = bits.take(3) + 2;
                let blocks = |side: u32| side.div_ceil(1 << size);
                inner(bits, blocks(width), blocks(height), budget)?;
            }
            2 => {}
            _ => {
                let colours = bits.take(8) + 1;
                inner(bits, colours, 1, budget)?;
                let packed = match colours {
                    0..=2 => 3,
                    3..=4 => 2,
                    5..=16 => 1,
                    _ => 0,
                };
                width = width.div_ceil(1 << packed);
            }
        }
    }
    let cache = cache_size(bits)?;
    let mut entropy = None;
    let mut groups = 1;
    if bits.flag() {
        let size = bits.take(3) + 2;
        let (across, down) = (width.div_ceil(1 << size), height.div_ceil(1 << size));
        let cache = cache_size(bits)?;
        let codes = [Group::read(bits, cache)?];
        if u64::from(across) * u64::from(down) > MOST_ENTROPY {
            return None;
        }
        let blocks = values(bits, across, down, &codes[0], cache, budget)?;
        groups = blocks.iter().max().map_or(0, |&g| usize::from(g)) + 1;
        entropy = Some((size, across, blocks));
    }
    let mut codes = Vec::new();
    for _ in 0..groups {
        codes.push(Group::read(bits, cache)?);
        if bits.is_over() {
            return None;
        }
    }
    let total = u64::from(width) * u64::from(height);
    if let ([only], true) = (&codes[..], entropy.is_none())
        && only.is_free()
    {
        return Some(());
    }
    budget.spend(total)?;
    let mut at = 0;
    while at < total {
        let group = match &entropy {
            Some((size, across, blocks)) => {
                let (x, y) = (
                    (at % u64::from(width)) >> size,
                    (at / u64::from(width)) >> size,
                );
                usize::from(*blocks.get((y * u64::from(*across) + x) as usize)?)
            }
            None => 0,
        };
        match codes.get(group)?.next(bits) {
            Pixel::Copy { length, .. } => at += u64::from(length),
            Pixel::Plain(_) | Pixel::Cached(_) => at += 1,
        }
        if bits.is_over() {
            return None;
        }
    }
    (at == total).then_some(())
}

/// A picture that only transforms need.
fn inner(bits: &mut LowFirst<'_>, width: u32, height: u32, budget: &mut Budget) -> Option<()> {
    let cache = cache_size(bits)?;
    let codes = Group::read(bits, cache)?;
    if codes.is_free() {
        return Some(());
    }
    let total = u64::from(width) * u64::from(height);
    budget.spend(total)?;
    let mut at = 0;
    while at < total {
        at += match codes.next(bits) {
            Pixel::Copy { length, .. } => u64::from(length),
            Pixel::Plain(_) | Pixel::Cached(_) => 1,
        };
        if bits.is_over() {
            return None;
        }
    }
    (at == total).then_some(())
}

/// Colours of the cache; 0 if there is none.
fn cache_size(bits: &mut LowFirst<'_>) -> Option<u32> {
    if !bits.flag() {
        return Some(0);
    }
    match bits.take(4) {
        size @ 1..=11 => Some(1 << size),
        _ => None,
    }
}

/// The numbers of groups in an entropy image.
fn values(
    bits: &mut LowFirst<'_>,
    width: u32,
    height: u32,
    codes: &Group,
    cache_size: u32,
    budget: &mut Budget,
) -> Option<Vec<u16>> {
    let total = width as usize * height as usize;
    budget.spend(total as u64)?;
    let mut cache = vec![0u32; cache_size as usize];
    let hash =
        |pixel: u32| (0x1e35_a7bd_u32.wrapping_mul(pixel) >> (32 - cache_size.ilog2())) as usize;
    let mut pixels: Vec<u32> = Vec::new();
    while pixels.len() < total {
        match codes.next(bits) {
            Pixel::Plain(pixel) => pixels.push(pixel),
            Pixel::Cached(index) => pixels.push(*cache.get(index as usize)?),
            Pixel::Copy { length, distance } => {
                let back = plane_distance(distance, width);
                for _ in 0..length {
                    let from = pixels.len().checked_sub(back)?;
                    let pixel = pixels[from];
                    pixels.push(pixel);
                    if cache_size > 0 {
                        cache[hash(pixel)] = pixel;
                    }
                }
            }
        }
        if let Some(&pixel) = pixels.last()
            && cache_size > 0
        {
            cache[hash(pixel)] = pixel;
        }
        if bits.is_over() || pixels.len() > total {
            return None;
        }
    }
    Some(pixels.iter().map(|p| (p >> 8) as u16).collect())
}

/// Pixels to go back for a distance code.
fn plane_distance(code: u32, width: u32) -> usize {
    match NEAR.get(code as usize - 1) {
        Some(&near) => {
            let (down, left) = (i64::from(near >> 4), 8 - i64::from(near & 15));
            (down * i64::from(width) + left).max(1) as usize
        }
        None => code as usize - NEAR.len(),
    }
}

enum Pixel {
    /// Alpha, red, green, blue.
    Plain(u32),
    /// By its place in the cache of colours.
    Cached(u32),
    Copy {
        length: u32,
        distance: u32,
    },
}

/// The five codes that a block of pixels is read with.
struct Group {
    green: Code,
    red: Code,
    blue: Code,
    alpha: Code,
    distance: Code,
}

impl Group {
    fn read(bits: &mut LowFirst<'_>, cache: u32) -> Option<Self> {
        Some(Self {
            green: code(bits, 256 + 24 + cache as usize)?,
            red: code(bits, 256)?,
            blue: code(bits, 256)?,
            alpha: code(bits, 256)?,
            distance: code(bits, 40)?,
        })
    }

    /// Whether all pixels are the same and take no bits.
    fn is_free(&self) -> bool {
        let codes = [&self.green, &self.red, &self.blue, &self.alpha];
        codes.iter().all(|code| code.is_free()) && self.green.first_symbol() < 256
    }

    fn next(&self, bits: &mut LowFirst<'_>) -> Pixel {
        match u32::from(self.green.read(bits)) {
            green @ 0..256 => {
                let red = u32::from(self.red.read(bits));
                let blue = u32::from(self.blue.read(bits));
                let alpha = u32::from(self.alpha.read(bits));
                Pixel::Plain(alpha << 24 | red << 16 | green << 8 | blue)
            }
            symbol @ 256..280 => {
                let length = number(bits, symbol - 256);
                let symbol = self.distance.read(bits).into();
                let distance = number(bits, symbol);
                Pixel::Copy { length, distance }
            }
            symbol => Pixel::Cached(symbol - 280),
        }
    }
}

/// A length or distance: a prefix, and more bits (RFC 9649, 3.6.3).
fn number(bits: &mut LowFirst<'_>, symbol: u32) -> u32 {
    if symbol < 4 {
        return symbol + 1;
    }
    let extra = (symbol - 2) >> 1;
    let base = (2 + (symbol & 1)) << extra;
    base + bits.take(extra) + 1
}

/// A prefix code (RFC 9649, 3.7.2.1).
fn code(bits: &mut LowFirst<'_>, symbols: usize) -> Option<Code> {
    let mut lengths = vec![0u8; symbols];
    if bits.flag() {
        let count = bits.take(1) + 1;
        let first = if bits.flag() {
            bits.take(8)
        } else {
            bits.take(1)
        };
        *lengths.get_mut(first as usize)? = 1;
        if count == 2 {
            *lengths.get_mut(bits.take(8) as usize)? = 1;
        }
        return Code::new(&lengths);
    }
    let mut of_lengths = [0u8; 19];
    let count = 4 + bits.take(4) as usize;
    for &symbol in CODE_LENGTH_ORDER.get(..count)? {
        of_lengths[symbol] = bits.take(3) as u8;
    }
    let of_lengths = Code::new(&of_lengths)?;
    let mut left = symbols;
    if bits.flag() {
        let size = 2 + 2 * bits.take(3);
        left = 2 + bits.take(size) as usize;
    }
    let (mut at, mut previous) = (0, 8);
    while at < symbols && left > 0 {
        left -= 1;
        let (length, count) = match of_lengths.read(bits) {
            16 => (previous, 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => {
                previous = if length > 0 { length as u8 } else { previous };
                (length as u8, 1)
            }
        };
        lengths.get_mut(at..at + count as usize)?.fill(length);
        at += count as usize;
    }
    Code::new(&lengths)
}
