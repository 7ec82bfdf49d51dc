//! Distributions of asymmetric numeral systems: fitted, written, and used to write symbols
//! (18181-1, C.2.5 and C.2.6).
//!
//! Invariant: the probabilities add up to 2^12, and every symbol that was counted has one.

use super::super::bits::Bits;

/// Symbols of an alphabet, all that numbers below 2^16 need.
pub(super) const SYMBOLS: usize = 1 << LOG_SYMBOLS;
pub(super) const LOG_SYMBOLS: u32 = 6;
/// How often each symbol occurs.
pub(super) type Counts = [u32; SYMBOLS];

const LOG_SUM: u32 = 12;
const SUM: u32 = 1 << LOG_SUM;
/// How many bits of a probability are written: 13 would be all of them.
const PRECISION: u32 = 8;
/// The state that a decoder must end with.
const LAST_STATE: u32 = 0x13_0000;
/// Code and length of a probability's logarithm plus 1 (table C.11).
#[rustfmt::skip]
const LOGARITHMS: [(u32, u32); 13] = [
    (17, 5), (11, 4), (15, 4), (3, 4), (9, 4), (7, 4), (4, 3), (2, 3), (5, 3), (6, 3), (0, 3),
    (33, 6), (1, 7),
];

pub(super) struct Distribution {
    probabilities: [u32; SYMBOLS],
    /// Where the states of a symbol begin in `states`.
    begins: [u32; SYMBOLS],
    /// For each symbol and each remainder: the lower bits of the state.
    states: Vec<u16>,
}

impl Distribution {
    pub(super) fn new(counts: &Counts) -> Self {
        let probabilities = probabilities(counts);
        let mut begins = [0; SYMBOLS];
        let mut begin = 0;
        for (own, probability) in begins.iter_mut().zip(probabilities) {
            *own = begin;
            begin += probability;
        }
        let mut states = vec![0; SUM as usize];
        let buckets = buckets(&probabilities);
        for state in 0..SUM {
            let place = state & (BUCKET - 1);
            let index = state / BUCKET;
            let (cut, other, more) = buckets[index as usize];
            let (symbol, remainder) = match place >= cut {
                true => (other, more.wrapping_add(place)),
                false => (index, place),
            };
            states[(begins[symbol as usize] + remainder) as usize] = state as u16;
        }
        Self {
            probabilities,
            begins,
            states,
        }
    }

    pub(super) fn write(&self, bits: &mut Bits) {
        let used: Vec<usize> = (0..SYMBOLS)
            .filter(|&s| self.probabilities[s] > 0)
            .collect();
        match used[..] {
            [only] => {
                bits.put(2, 0b01);
                bits.byte(only as u32);
            }
            [first, second] => {
                bits.put(2, 0b11);
                bits.byte(first as u32);
                bits.byte(second as u32);
                bits.put(LOG_SUM, self.probabilities[first]);
            }
            _ => self.write_logarithms(bits),
        }
    }

    fn write_logarithms(&self, bits: &mut Bits) {
        bits.put(2, 0); // neither few symbols nor equal ones
        bits.put(3, 0b111);
        bits.put(3, PRECISION - 7);
        let last = self.probabilities.iter().rposition(|&p| p > 0);
        let count = last.map_or(3, |last| (last + 1).max(3));
        bits.byte(count as u32 - 3);
        let used = &self.probabilities[..count];
        for &probability in used {
            let (code, length) = LOGARITHMS[logarithm(probability)];
            bits.put(length, code);
        }
        let left_out = rest(used);
        for (symbol, &probability) in used.iter().enumerate() {
            if symbol != left_out && probability > 1 {
                let (all, written) = digits(probability);
                bits.put(written, probability >> (all - written));
            }
        }
    }
}

/// Whole binary digits of a probability.
fn logarithm(probability: u32) -> usize {
    (u32::BITS - probability.leading_zeros()) as usize
}

/// Binary digits behind the first, and how many of them are written.
fn digits(probability: u32) -> (u32, u32) {
    let all = probability.ilog2();
    (all, PRECISION.saturating_sub((LOG_SUM - all) >> 1).min(all))
}

/// The symbol whose probability is what the others leave.
fn rest(probabilities: &[u32]) -> usize {
    let most = probabilities.iter().map(|&p| logarithm(p)).max();
    let is_first = |&p: &u32| Some(logarithm(p)) == most;
    probabilities.iter().position(is_first).unwrap_or(0)
}

/// Probabilities that can be written.
fn probabilities(counts: &Counts) -> [u32; SYMBOLS] {
    let mut out = [0; SYMBOLS];
    let total: u64 = counts.iter().map(|&c| u64::from(c)).sum();
    let used = counts.iter().filter(|&&c| c > 0).count();
    if used < 2 {
        out[counts.iter().position(|&c| c > 0).unwrap_or(0)] = SUM;
        return out;
    }
    for (own, &count) in out.iter_mut().zip(counts) {
        if count > 0 {
            // What is rounded up to 1 is taken from all.
            let share = u64::from(count) * (u64::from(SUM) - used as u64) / total;
            *own = 1 + share as u32;
        }
    }
    let rest = rest(&out);
    for (symbol, own) in out.iter_mut().enumerate() {
        if symbol != rest && *own > 0 && used > 2 {
            let (all, written) = digits(*own);
            *own = (*own >> (all - written)) << (all - written);
        }
    }
    out[rest] += SUM - out.iter().sum::<u32>();
    out
}

/// States of a bucket.
const BUCKET: u32 = SUM >> LOG_SYMBOLS;

/// For each bucket: where another symbol begins, which, and what is added then (C.2.6).
fn buckets(probabilities: &[u32; SYMBOLS]) -> [(u32, u32, u32); SYMBOLS] {
    if let Some(only) = probabilities.iter().position(|&p| p == SUM) {
        return std::array::from_fn(|i| (0, only as u32, BUCKET * i as u32));
    }
    let mut cut = *probabilities;
    let mut out = [(0, 0, 0); SYMBOLS];
    let (mut over, mut under) = (Vec::new(), Vec::new());
    for (symbol, &own) in cut.iter().enumerate() {
        match own {
            own if own > BUCKET => over.push(symbol),
            own if own < BUCKET => under.push(symbol),
            _ => {}
        }
    }
    while let (Some(o), Some(u)) = (over.pop(), under.pop()) {
        cut[o] -= BUCKET - cut[u];
        out[u] = (0, o as u32, cut[o]);
        match cut[o] {
            own if own > BUCKET => over.push(o),
            own if own < BUCKET => under.push(o),
            _ => {}
        }
    }
    for (symbol, own) in out.iter_mut().enumerate() {
        *own = match cut[symbol] {
            BUCKET => (BUCKET, symbol as u32, 0),
            cut => (cut, own.1, own.2.wrapping_sub(cut)),
        };
    }
    out
}

/// Symbols and the bits behind them, from the last to the first, as an encoder must take them.
pub(super) struct Stack {
    state: u32,
    /// Counts and values.
    bits: Vec<(u8, u16)>,
}

impl Stack {
    pub(super) fn new() -> Self {
        Self {
            state: LAST_STATE,
            bits: Vec::new(),
        }
    }

    /// Bits that are read as they are.
    pub(super) fn bits(&mut self, count: u32, value: u32) {
        if count > 0 {
            self.bits.push((count as u8, value as u16));
        }
    }

    /// A symbol, which must have been counted.
    pub(super) fn symbol(&mut self, distribution: &Distribution, symbol: usize) {
        let probability = distribution.probabilities[symbol].max(1);
        if self.state >> 20 >= probability {
            self.bits.push((16, self.state as u16));
            self.state >>= 16;
        }
        let place = distribution.begins[symbol] + self.state % probability;
        let low = distribution.states[place as usize];
        self.state = (self.state / probability) << LOG_SUM | u32::from(low);
    }

    pub(super) fn write(self, bits: &mut Bits) {
        bits.put(32, self.state);
        for &(count, value) in self.bits.iter().rev() {
            bits.put(count.into(), value.into());
        }
    }
}
