//! The shortest code for given symbols (Huffman, Proceedings of the IRE 40, 1952), within what a
//! JPEG file may hold: 16 bits, and no code of ones only.

use super::{Code, LONGEST};

/// How often each symbol is written.
pub(in super::super) type Frequencies = [u32; 256];

/// Fits a code to `frequencies`; symbols that are never written get none.
pub(in super::super) fn fit(frequencies: &Frequencies) -> Code {
    // The rarest last. One more symbol, rarer than all, takes the code of ones and is left out.
    let mut symbols: Vec<u8> = (0..=255)
        .filter(|&s| frequencies[usize::from(s)] > 0)
        .collect();
    symbols.sort_by_key(|&s| std::cmp::Reverse(frequencies[usize::from(s)]));
    let weights = symbols.iter().map(|&s| frequencies[usize::from(s)].into());
    let mut counts = limited(lengths(weights.chain([0]).collect()));
    if let Some(longest) = counts.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
    let counts = counts.map(|count| count as u8);
    Code { counts, symbols }
}

/// How many codes of each length, from 1 bit, the best code has for `weights`, which fall.
fn lengths(mut weights: Vec<u64>) -> Vec<u32> {
    weights.reverse();
    let leaves = weights.len();
    // Nodes made by joining come in rising order, so the two lightest are at the front of two
    // queues: leaves, and the nodes behind them.
    let mut parents = vec![0; 2 * leaves - 1];
    let (mut leaf, mut node) = (0, leaves);
    while weights.len() < 2 * leaves - 1 {
        let made = weights.len();
        let mut weight = 0;
        for _ in 0..2 {
            let lightest = if leaf < leaves && (node == made || weights[leaf] <= weights[node]) {
                &mut leaf
            } else {
                &mut node
            };
            weight += weights[*lightest];
            parents[*lightest] = made;
            *lightest += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0; parents.len()];
    let mut counts = Vec::new();
    for at in (0..parents.len() - 1).rev() {
        depths[at] = depths[parents[at]] + 1;
        if at < leaves {
            let length: usize = depths[at];
            if counts.len() < length {
                counts.resize(length, 0);
            }
            counts[length - 1] += 1;
        }
    }
    if counts.is_empty() {
        counts.push(1); // a lone symbol still needs a bit
    }
    counts
}

/// Shortens codes of more than 16 bits: two of them become one that is a bit shorter, and a code
/// above makes room for the other (T.81, figure K.3).
fn limited(mut counts: Vec<u32>) -> [u32; LONGEST] {
    while counts.len() > LONGEST {
        let last = counts.len() - 1;
        while counts[last] > 0 {
            let above = (0..last - 1).rev().find(|&i| counts[i] > 0);
            let Some(above) = above else { break };
            counts[last] -= 2;
            counts[last - 1] += 1;
            counts[above] -= 1;
            counts[above + 1] += 2;
        }
        counts.pop();
    }
    let mut out = [0; LONGEST];
    out[..counts.len()].copy_from_slice(&counts);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(frequencies: &Frequencies) -> u64 {
        let code = fit(frequencies);
        assert!(Code::new(code.counts, code.symbols.clone()).is_some());
        let table = code.by_symbol();
        let mut size = 0;
        for (symbol, &(bits, length)) in table.iter().enumerate() {
            assert_eq!(length > 0, frequencies[symbol] > 0);
            assert!(u32::from(bits) + 1 < 1 << length || length == 0, "all ones");
            size += u64::from(length) * u64::from(frequencies[symbol]);
        }
        size
    }

    proptest! {
        #[test]
        fn a_code_is_valid_and_near_the_entropy(weights in proptest::collection::vec(0u32..100_000, 256), shift in 0u32..16) {
            let mut frequencies = [0; 256];
            for (to, from) in frequencies.iter_mut().zip(&weights) {
                *to = from >> shift;
            }
            let total: f64 = frequencies.iter().map(|&f| f64::from(f)).sum();
            let entropy: f64 = frequencies
                .iter()
                .filter(|&&f| f > 0)
                .map(|&f| f64::from(f) * (total / f64::from(f)).log2())
                .sum();
            let size = check(&frequencies) as f64;
            prop_assert!(size >= entropy - 1e-6);
            prop_assert!(size <= entropy + total);
        }
    }

    #[test]
    fn weights_that_would_give_long_codes_are_cut_to_sixteen_bits() {
        let mut frequencies = [0; 256];
        let (mut a, mut b) = (1, 1);
        for slot in frequencies.iter_mut().take(40) {
            *slot = a;
            (a, b) = (b, a + b);
        }
        check(&frequencies);
        frequencies = [1; 256];
        frequencies[9] = u32::MAX;
        check(&frequencies);
    }

    #[test]
    fn one_symbol_and_none_have_codes_too() {
        let mut frequencies = [0; 256];
        check(&frequencies);
        frequencies[7] = 3;
        let code = fit(&frequencies);
        assert_eq!(code.by_symbol()[7], (0, 1));
    }
}
