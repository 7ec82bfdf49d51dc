//! Numbers in contexts, entropy-coded (18181-1, annex C): contexts of like numbers share a
//! distribution.

use super::super::bits::Bits;
use super::ans::{Counts, Distribution, LOG_SYMBOLS, SYMBOLS, Stack};

/// What a distribution of its own must save, in bits.
const PRICE: f64 = 100.0;
/// Distributions of a stream.
const MOST: usize = 96;

/// A number to be written, and where.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub(super) context: u16,
    pub(super) value: u16,
}

/// A number with a sign as one without (C.3.1).
pub(super) const fn packed(value: i32) -> u16 {
    (value << 1 ^ value >> 31) as u16
}

/// Symbol, number of bits behind it, and those: 16 symbols for themselves, then four for each
/// doubling (C.2.3).
fn split(value: u16) -> (usize, u32, u32) {
    let value = u32::from(value);
    if value < 16 {
        return (value as usize, 0, 0);
    }
    let log = value.ilog2();
    let symbol = 4 * log + (value >> (log - 2) & 3);
    (symbol as usize, log - 2, value & ((1 << (log - 2)) - 1))
}

/// Counts of symbols for each context.
pub(super) struct Tally(Vec<Counts>);

impl Tally {
    pub(super) fn new(contexts: usize) -> Self {
        Self(vec![[0; SYMBOLS]; contexts])
    }

    pub(super) fn count(&mut self, token: Token) {
        let own = &mut self.0[usize::from(token.context)][split(token.value).0];
        *own = own.saturating_add(1);
    }
}

/// The distributions of a stream, and which each context has.
pub(super) struct Codes {
    map: Vec<u8>,
    distributions: Vec<Distribution>,
}

impl Codes {
    /// Fits them; of what was not counted nothing can be written.
    pub(super) fn new(tally: &Tally) -> Self {
        let (map, counts) = clusters(&tally.0);
        Self {
            map,
            distributions: counts.iter().map(Distribution::new).collect(),
        }
    }

    pub(super) fn write(&self, bits: &mut Bits) {
        bits.put(1, 0); // no repetitions
        if self.map.len() > 1 {
            self.write_map(bits);
        }
        bits.put(1, 0); // no prefix codes
        bits.put(2, LOG_SYMBOLS - 5);
        for _ in &self.distributions {
            // See `split`.
            bits.put(3, 4);
            bits.put(3, 2);
            bits.put(2, 0);
        }
        for distribution in &self.distributions {
            distribution.write(bits);
        }
    }

    /// C.2.2.
    fn write_map(&self, bits: &mut Bits) {
        if self.distributions.len() == 1 {
            bits.put(3, 0b001);
            return;
        }
        bits.put(2, 0b10); // coded, as places in a list whose last used entry moves to the front
        let mut list: Vec<u8> = (0..=u8::MAX).collect();
        let place = |&own: &u8| {
            let place = list.iter().position(|&v| v == own).unwrap_or(0);
            list[..=place].rotate_right(1);
            Token {
                context: 0,
                value: place as u16,
            }
        };
        let tokens: Vec<Token> = self.map.iter().map(place).collect();
        let mut tally = Tally::new(1);
        tokens.iter().for_each(|&token| tally.count(token));
        let codes = Self::new(&tally);
        codes.write(bits);
        codes.encode(&tokens, bits);
    }

    /// Writes a stream.
    pub(super) fn encode(&self, tokens: &[Token], bits: &mut Bits) {
        let mut stack = Stack::new();
        for token in tokens.iter().rev() {
            let (symbol, count, more) = split(token.value);
            stack.bits(count, more);
            let which = self.map[usize::from(token.context)];
            stack.symbol(&self.distributions[usize::from(which)], symbol);
        }
        stack.write(bits);
    }
}

/// Bits that the best code for such counts takes, about.
fn cost(counts: impl Iterator<Item = u32>) -> f64 {
    let (mut total, mut own) = (0u32, 0.0);
    for count in counts.filter(|&c| c > 0) {
        total = total.saturating_add(count);
        own += f64::from(count) * log2(count);
    }
    f64::from(total) * log2(total.max(1)) - own
}

/// The logarithm to within 0.01: by nothing that machines round differently, so that the same
/// picture is the same file everywhere.
fn log2(count: u32) -> f64 {
    let whole = count.ilog2();
    let rest = f64::from(count) / f64::from(1u32 << whole) - 1.0;
    f64::from(whole) + rest + 0.35 * rest * (1.0 - rest)
}

/// Which distribution each context has, and what each of them counts: in turn the context that the
/// ones so far fit worst gets one of its own.
fn clusters(tally: &[Counts]) -> (Vec<u8>, Vec<Counts>) {
    let alphabet = |counts: &Counts| {
        counts
            .iter()
            .rposition(|&c| c > 0)
            .map_or(0, |last| last + 1)
    };
    let lengths: Vec<usize> = tally.iter().map(alphabet).collect();
    let costs: Vec<f64> = tally.iter().map(|c| cost(c.iter().copied())).collect();
    // What it costs to code `a` and `b` alike. Never less than nothing, whatever is rounded: so the
    // context that each distribution was made for keeps it.
    let loss = |a: usize, b: usize| {
        let length = lengths[a].max(lengths[b]);
        let both = tally[a][..length]
            .iter()
            .zip(&tally[b])
            .map(|(a, b)| a.saturating_add(*b));
        (cost(both) - costs[a] - costs[b]).max(0.0)
    };
    let total = |i: &usize| tally[*i].iter().map(|&c| u64::from(c)).sum::<u64>();
    let used: Vec<usize> = (0..tally.len()).filter(|&i| lengths[i] > 0).collect();
    let mut next = used.iter().copied().max_by_key(total).unwrap_or(0);
    let mut nearest = vec![(0u8, f64::MAX); tally.len()];
    let mut chosen = 0;
    loop {
        for &i in &used {
            let own = if i == next { 0.0 } else { loss(i, next) };
            if own < nearest[i].1 {
                nearest[i] = (chosen as u8, own);
            }
        }
        chosen += 1;
        let worst = used
            .iter()
            .max_by(|&&a, &&b| nearest[a].1.total_cmp(&nearest[b].1));
        match worst {
            Some(&worst) if chosen < MOST && nearest[worst].1 > PRICE => next = worst,
            _ => break,
        }
    }
    let mut merged = vec![[0; SYMBOLS]; chosen];
    // Where nothing is counted, the one before: the map is shorter then.
    let (mut map, mut last) = (Vec::with_capacity(tally.len()), 0);
    for (counts, (&length, &(own, _))) in tally.iter().zip(lengths.iter().zip(&nearest)) {
        last = if length > 0 { own } else { last };
        map.push(last);
        let to: &mut Counts = &mut merged[usize::from(last)];
        to.iter_mut()
            .zip(counts)
            .for_each(|(to, own)| *to = to.saturating_add(*own));
    }
    (map, merged)
}

#[cfg(test)]
mod tests {
    use super::super::super::super::tests::sources::Random;
    use super::*;

    #[test]
    fn every_distribution_is_that_of_a_context_however_large_the_counts() {
        let mut random = Random(3);
        for round in 0..40 {
            let most = [3, 2000, 3_000_000, u32::MAX as usize][round % 4];
            let tally: Vec<Counts> = (0..300)
                .map(|i| {
                    let (alike, used) = (i % 7 * most / 9, random.below(40));
                    std::array::from_fn(|symbol| match symbol < used {
                        true => (alike / (symbol + 1) + random.below(most / 5 + 2)) as u32,
                        false => 0,
                    })
                })
                .collect();
            let (map, counts) = clusters(&tally);
            assert_eq!(map.len(), tally.len());
            for own in 0..counts.len() {
                assert!(
                    map.iter().any(|&m| usize::from(m) == own),
                    "round {round}: {own}"
                );
            }
            for (own, &which) in tally.iter().zip(&map) {
                let merged = &counts[usize::from(which)];
                assert!(own.iter().zip(merged).all(|(own, all)| own <= all));
            }
        }
    }
}
