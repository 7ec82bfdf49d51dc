//! Entropy-coded numbers of JPEG XL (ISO/IEC 18181-1, annex C): prefix codes or asymmetric numeral
//! systems, with repetitions. Needed for colour profiles and for permuted tables of contents.

use super::super::bits::LowFirst;
use super::super::prefix::Code;
use super::header::Numbers;

/// Order of the lengths of lengths (C.2.4).
const LENGTH_ORDER: [usize; 18] = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// The sum of all probabilities.
const SUM: u32 = 1 << 12;
/// A code of a distribution that says how often the last one is repeated.
const REPEAT: usize = 13;
/// Numbers that are kept for repetitions.
const MOST_KEPT: usize = 1 << 24;

/// A stream of numbers, each read in one of several contexts.
pub(super) struct Entropy {
    repeats: Option<Repeats>,
    /// Which code each context has.
    contexts: Vec<u8>,
    splits: Vec<Split>,
    codes: Codes,
    /// Of the numeral system.
    state: u32,
    kept: Vec<u32>,
    /// Numbers still to be repeated, and from where.
    copy: (u32, usize),
}

struct Repeats {
    first_symbol: u32,
    shortest: u32,
    length: Split,
}

enum Codes {
    Prefix(Vec<Code>),
    Numeral(Vec<Alias>),
}

impl Entropy {
    /// Reads the codes for so many contexts.
    pub(super) fn read(bits: &mut LowFirst<'_>, contexts: usize) -> Option<Self> {
        Self::nested(bits, contexts, true)
    }

    /// `may_nest`: whether the map of contexts may itself be coded, which goes one level deep.
    fn nested(bits: &mut LowFirst<'_>, mut contexts: usize, may_nest: bool) -> Option<Self> {
        let mut repeats = None;
        if bits.flag() {
            let first_symbol = bits.number([(224, 0), (512, 0), (4096, 0), (8, 15)])?;
            let shortest = bits.number([(3, 0), (4, 0), (5, 2), (9, 8)])?;
            let length = Split::read(bits, 8)?;
            contexts += 1;
            repeats = Some(Repeats {
                first_symbol,
                shortest,
                length,
            });
        }
        let map = match contexts {
            1 => vec![0],
            _ if may_nest => map(bits, contexts)?,
            // Of one context and the repetitions.
            _ => return None,
        };
        let count = usize::from(*map.iter().max()?) + 1;
        let is_prefix = bits.flag();
        let size = if is_prefix { 15 } else { bits.take(2) + 5 };
        let splits: Option<Vec<Split>> = (0..count).map(|_| Split::read(bits, size)).collect();
        let codes = if is_prefix {
            let sizes: Vec<usize> = (0..count).map(|_| alphabet(bits)).collect();
            let codes: Option<Vec<Code>> = sizes.iter().map(|&size| prefix(bits, size)).collect();
            Codes::Prefix(codes?)
        } else {
            let codes: Option<Vec<Alias>> = (0..count).map(|_| Alias::read(bits, size)).collect();
            Codes::Numeral(codes?)
        };
        let state = match codes {
            Codes::Numeral(_) => bits.take(32),
            Codes::Prefix(_) => 0,
        };
        Some(Self {
            repeats,
            contexts: map,
            splits: splits?,
            codes,
            state,
            kept: Vec::new(),
            copy: (0, 0),
        })
        .filter(|_| !bits.is_over())
    }

    /// The next number.
    pub(super) fn next(&mut self, bits: &mut LowFirst<'_>, context: usize) -> Option<u32> {
        let value = self.number(bits, context)?;
        if self.repeats.is_some() {
            if self.kept.len() >= MOST_KEPT {
                return None;
            }
            self.kept.push(value);
        }
        (!bits.is_over()).then_some(value)
    }

    fn number(&mut self, bits: &mut LowFirst<'_>, context: usize) -> Option<u32> {
        if self.copy.0 > 0 {
            let value = *self.kept.get(self.copy.1)?;
            self.copy = (self.copy.0 - 1, self.copy.1 + 1);
            return Some(value);
        }
        let code = usize::from(*self.contexts.get(context)?);
        let symbol = self.symbol(bits, code)?;
        let Some(repeats) = self.repeats.as_ref().filter(|r| symbol >= r.first_symbol) else {
            return self.splits.get(code)?.number(bits, symbol);
        };
        let length = repeats.length.number(bits, symbol - repeats.first_symbol)?;
        let length = length.checked_add(repeats.shortest)?;
        let code = usize::from(*self.contexts.last()?);
        let symbol = self.symbol(bits, code)?;
        let distance = self.splits.get(code)?.number(bits, symbol)? as usize + 1;
        let from = self.kept.len() - distance.min(self.kept.len());
        self.copy = (length, from);
        self.number(bits, context)
    }

    fn symbol(&mut self, bits: &mut LowFirst<'_>, code: usize) -> Option<u32> {
        match &self.codes {
            Codes::Prefix(codes) => Some(codes.get(code)?.read(bits).into()),
            Codes::Numeral(codes) => Some(codes.get(code)?.next(bits, &mut self.state)),
        }
    }
}

/// Which code each context has (C.2.2).
fn map(bits: &mut LowFirst<'_>, contexts: usize) -> Option<Vec<u8>> {
    if bits.flag() {
        let width = bits.take(2);
        return Some((0..contexts).map(|_| bits.take(width) as u8).collect());
    }
    let is_moved = bits.flag();
    let mut numbers = Entropy::nested(bits, 1, false)?;
    let mut found: Vec<u8> = Vec::new();
    for _ in 0..contexts {
        found.push(u8::try_from(numbers.next(bits, 0)?).ok()?);
    }
    if is_moved {
        let mut front: Vec<u8> = (0..=255).collect();
        for value in &mut found {
            let moved = front.remove(usize::from(*value));
            front.insert(0, moved);
            *value = moved;
        }
    }
    Some(found)
}

/// Bits that a number below `count` takes.
fn width(count: u32) -> u32 {
    count.next_power_of_two().trailing_zeros()
}

/// How a symbol is split into high bits, low bits and those that follow (C.2.3).
struct Split {
    exponent: u32,
    high: u32,
    low: u32,
}

impl Split {
    fn read(bits: &mut LowFirst<'_>, size: u32) -> Option<Self> {
        let exponent = bits.take(width(size + 1));
        let (mut high, mut low) = (0, 0);
        if exponent != size {
            high = bits.take(width(exponent + 1));
            low = bits.take(width(exponent.checked_sub(high)? + 1));
        }
        (high + low <= exponent && exponent <= 15).then_some(Self {
            exponent,
            high,
            low,
        })
    }

    fn number(&self, bits: &mut LowFirst<'_>, symbol: u32) -> Option<u32> {
        let split = 1 << self.exponent;
        let Some(above) = symbol.checked_sub(split) else {
            return Some(symbol);
        };
        let inside = self.high + self.low;
        let more = self.exponent - inside + (above >> inside);
        if more > 31 {
            return None;
        }
        let low = symbol & ((1 << self.low) - 1);
        let high = symbol >> self.low & ((1 << self.high) - 1) | 1 << self.high;
        let value = (u64::from(high) << more | u64::from(bits.take(more))) << self.low;
        u32::try_from(value | u64::from(low)).ok()
    }
}

/// Symbols of a prefix code.
fn alphabet(bits: &mut LowFirst<'_>) -> usize {
    if !bits.flag() {
        return 1;
    }
    let more = bits.take(4);
    ((1 << more) + bits.take(more)) as usize + 1
}

/// A prefix code (C.2.4, as in RFC 7932).
fn prefix(bits: &mut LowFirst<'_>, symbols: usize) -> Option<Code> {
    if symbols == 1 {
        return Some(Code::single(0));
    }
    let mut lengths = vec![0u8; symbols];
    let skip = bits.take(2) as usize;
    if skip == 1 {
        let count = bits.take(2) as usize + 1;
        let bits_each = width(symbols as u32);
        let listed: Vec<usize> = (0..count).map(|_| bits.take(bits_each) as usize).collect();
        let own: &[u8] = match (count, count == 4 && bits.flag()) {
            (1, _) => &[1],
            (2, _) => &[1, 1],
            (3, _) => &[1, 2, 2],
            (_, false) => &[2; 4],
            (_, true) => &[1, 2, 3, 3],
        };
        for (&symbol, &length) in listed.iter().zip(own) {
            *lengths.get_mut(symbol)? = length;
        }
        return Code::new(&lengths);
    }
    let (mut of_lengths, mut space) = ([0u8; 18], 32i32);
    for &symbol in &LENGTH_ORDER[skip..] {
        // A fixed code for lengths of 0 to 5.
        let (length, taken) = match bits.peek(4) {
            0 | 4 | 8 | 12 => (0, 2),
            1 | 5 | 9 | 13 => (4, 2),
            2 | 6 | 10 | 14 => (3, 2),
            3 | 11 => (2, 3),
            7 => (1, 4),
            _ => (5, 4),
        };
        bits.take(taken);
        of_lengths[symbol] = length;
        space -= if length > 0 { 32 >> length } else { 0 };
        if space <= 0 {
            break;
        }
    }
    let of_lengths = Code::new(&of_lengths)?;
    let (mut at, mut space, mut previous) = (0, 1i32 << 15, 8u8);
    // What is repeated, and how often so far.
    let (mut value, mut repeat) = (0u8, 0usize);
    while at < symbols && space > 0 {
        let symbol = of_lengths.read(bits) as u8;
        if bits.is_over() {
            return None;
        }
        if symbol < 16 {
            repeat = 0;
            lengths[at] = symbol;
            at += 1;
            if symbol > 0 {
                previous = symbol;
                space -= 1 << (15 - symbol);
            }
            continue;
        }
        let own = if symbol == 16 { previous } else { 0 };
        if own != value {
            (value, repeat) = (own, 0);
        }
        let (before, extra) = (repeat, u32::from(symbol) - 14);
        if repeat > 0 {
            repeat = (repeat - 2) << extra;
        }
        repeat += bits.take(extra) as usize + 3;
        let more = repeat - before;
        lengths.get_mut(at..at.checked_add(more)?)?.fill(value);
        at += more;
        if value > 0 {
            space -= i32::try_from(more).ok()? << (15 - value);
        }
    }
    Code::new(&lengths)
}

/// A distribution of asymmetric numerals, as a table of aliases (C.2.5 and C.2.6).
struct Alias {
    probabilities: Vec<u32>,
    /// In each bucket: where another symbol begins, which, and what is added then.
    buckets: Vec<(u32, u32, u32)>,
    /// Bits of a place in a bucket.
    place: u32,
}

impl Alias {
    fn read(bits: &mut LowFirst<'_>, size: u32) -> Option<Self> {
        let mut found = vec![0u32; 1 << size];
        if bits.flag() {
            let is_pair = bits.flag();
            let first = byte(bits);
            if is_pair {
                let second = byte(bits);
                let probability = bits.take(12);
                if first == second {
                    return None;
                }
                *found.get_mut(first)? = probability;
                *found.get_mut(second)? = SUM - probability;
            } else {
                *found.get_mut(first)? = SUM;
            }
        } else if bits.flag() {
            let count = byte(bits) + 1;
            let (each, more) = (SUM / count as u32, SUM as usize % count);
            for (index, own) in found.get_mut(..count)?.iter_mut().enumerate() {
                *own = each + u32::from(index < more);
            }
        } else {
            distribution(bits, &mut found)?;
        }
        Some(Self::new(found, size))
    }

    fn new(probabilities: Vec<u32>, size: u32) -> Self {
        let place = 12 - size;
        let bucket = 1u32 << place;
        if let Some(only) = probabilities.iter().position(|p| *p == SUM) {
            let buckets = (0..1u32 << size).map(|i| (0, only as u32, bucket * i));
            return Self {
                buckets: buckets.collect(),
                probabilities,
                place,
            };
        }
        let mut cut = probabilities.clone();
        let mut buckets: Vec<(u32, u32, u32)> = vec![(0, 0, 0); cut.len()];
        let (mut over, mut under) = (Vec::new(), Vec::new());
        for (index, &own) in cut.iter().enumerate() {
            match own {
                own if own > bucket => over.push(index),
                own if own < bucket => under.push(index),
                _ => {}
            }
        }
        while let (Some(o), Some(u)) = (over.pop(), under.pop()) {
            cut[o] -= bucket - cut[u];
            buckets[u] = (0, o as u32, cut[o]);
            match cut[o] {
                own if own > bucket => over.push(o),
                own if own < bucket => under.push(o),
                _ => {}
            }
        }
        for (index, own) in buckets.iter_mut().enumerate() {
            *own = match cut[index] {
                whole if whole == bucket => (0, index as u32, 0),
                cut => (cut, own.1, own.2.wrapping_sub(cut)),
            };
        }
        Self {
            probabilities,
            buckets,
            place,
        }
    }

    fn next(&self, bits: &mut LowFirst<'_>, state: &mut u32) -> u32 {
        let low = *state & (SUM - 1);
        let (index, place) = (low >> self.place, low & ((1 << self.place) - 1));
        let (cut, other, more) = self.buckets[index as usize];
        let (symbol, offset) = match place >= cut {
            true => (other, more.wrapping_add(place)),
            false => (index, place),
        };
        let probability = self.probabilities[symbol as usize];
        *state = (*state >> 12)
            .wrapping_mul(probability)
            .wrapping_add(offset);
        if *state < 1 << 16 {
            *state = *state << 16 | bits.take(16);
        }
        symbol
    }
}

/// A number of up to eight bits behind its length.
fn byte(bits: &mut LowFirst<'_>) -> usize {
    if !bits.flag() {
        return 0;
    }
    let more = bits.take(3);
    ((1 << more) + bits.take(more)) as usize
}

/// A distribution that is given by logarithms (C.2.5).
fn distribution(bits: &mut LowFirst<'_>, found: &mut [u32]) -> Option<()> {
    let mut width = 0;
    while width < 3 && bits.flag() {
        width += 1;
    }
    let shift = bits.take(width) + (1 << width) - 1;
    let count = byte(bits) + 3;
    if shift > 13 || count > found.len() {
        return None;
    }
    let mut logs = [0usize; 256];
    // The first symbol of the largest logarithm, whose probability is what is left.
    let mut largest: Option<usize> = None;
    let mut repeated = [0usize; 256];
    let mut at = 0;
    while at < count {
        logs[at] = logarithm(bits);
        if logs[at] == REPEAT {
            let length = byte(bits) + 4;
            if at + length > count {
                return None;
            }
            repeated[at] = length;
            at += length;
            continue;
        }
        if largest.is_none_or(|l| logs[at] > logs[l]) {
            largest = Some(at);
        }
        at += 1;
    }
    let largest = largest?;
    if logs.get(largest + 1) == Some(&REPEAT) {
        return None;
    }
    let (mut total, mut previous, mut at) = (0u32, 0u32, 0);
    while at < count {
        if repeated[at] > 0 {
            for own in &mut found[at..at + repeated[at]] {
                *own = previous;
                total += previous;
            }
            at += repeated[at];
        } else {
            let own = match logs[at] {
                0 => 0,
                _ if at == largest => 0,
                1 => 1,
                log => {
                    let zeros = log as u32 - 1;
                    let exact = shift.saturating_sub((12 - zeros) >> 1).min(zeros);
                    (1 << zeros) + (bits.take(exact) << (zeros - exact))
                }
            };
            found[at] = own;
            previous = own;
            total += own;
            at += 1;
        }
        if total >= SUM || bits.is_over() {
            return None;
        }
    }
    found[largest] = SUM - total;
    Some(())
}

/// A logarithm of a probability, by a fixed code (table C.11).
fn logarithm(bits: &mut LowFirst<'_>) -> usize {
    let (value, taken) = match bits.peek(7) {
        0x01 => (12, 7),
        0x11 | 0x31 | 0x51 | 0x71 => (0, 5),
        0x21 | 0x61 => (11, 6),
        0x41 => (13, 7),
        index => match index & 15 {
            0 | 8 => (10, 3),
            2 | 10 => (7, 3),
            4 | 12 => (6, 3),
            5 | 13 => (8, 3),
            6 | 14 => (9, 3),
            3 => (3, 4),
            7 => (5, 4),
            9 => (4, 4),
            11 => (1, 4),
            15 => (2, 4),
            _ => (0, 5),
        },
    };
    bits.take(taken);
    value
}
