//! Damaged model files: an error or a model that runs, never a panic, whatever the bytes.

#![cfg(not(miri))]

use super::*;

/// Changes some bytes, cuts, repeats or removes a piece.
fn mutate(model: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = model.to_vec();
    for _ in 0..1 + dice.below(4) {
        let n = bytes.len().max(1);
        let at = dice.below(n);
        match dice.below(8) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + dice.below(64)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            2 => {
                let end = (at + dice.below(64)).min(bytes.len());
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)],
            _ if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            _ => {}
        }
    }
    bytes
}

/// Where the bytes are that are not weights: protobuf keys, names, attributes, shapes.
fn structure(model: &[u8]) -> Vec<usize> {
    // Weights come in long runs of bytes that are mostly not printable; structure is near text.
    let text = |i: usize| model[i].is_ascii_graphic();
    (8..model.len().saturating_sub(8))
        .filter(|&i| (i - 4..i + 4).filter(|&j| text(j)).count() >= 5)
        .collect()
}

/// How many of `count` mutants still load; runs some of those.
fn survive(name: &str, model: &[u8], count: usize) -> usize {
    let size = Size::new(32, 32);
    let input = picture(size);
    let mut dice = Dice(name.len() as u64);
    let places = structure(model);
    assert!(places.len() > 100, "{name} has text in it");
    let (mut loaded, mut ran) = (0, 0);
    for i in 0..count {
        let mutant = if i % 2 == 0 {
            mutate(model, &mut dice)
        } else {
            let mut bytes = model.to_vec();
            for _ in 0..1 + dice.below(3) {
                let at = places[dice.below(places.len())] + dice.below(9) - 4;
                bytes[at] = bytes[at].wrapping_add(1 << dice.below(8));
            }
            bytes
        };
        let Ok(packed) = packed(&mutant, true, kernels::best()) else {
            continue;
        };
        loaded += 1;
        if let Ok(mut session) = session(packed, size, CACHE_BUDGET)
            && ran < count / 8
        {
            session.run(&input).unwrap();
            ran += 1;
        }
    }
    assert!(loaded > 0 && loaded < count, "{name}: {loaded} of {count}");
    loaded
}

#[test]
fn damaged_models_are_refused_or_run() {
    for ((name, model), count) in models().into_iter().zip([40, 3000, 200]) {
        survive(name, model, count);
    }
}

#[test]
fn every_cut_of_a_model_is_refused() {
    let model = models()[1].1;
    let cuts = (0..600).chain((600..model.len()).step_by(397));
    for n in cuts {
        // A cut at the end of the graph leaves no operator set; none can be complete.
        assert!(packed(&model[..n], true, kernels::best()).is_err(), "{n}");
    }
}

#[test]
fn noise_is_refused() {
    let mut dice = Dice(3);
    for _ in 0..2000 {
        let noise: Vec<u8> = (0..dice.below(300)).map(|_| dice.next() as u8).collect();
        assert!(packed(&noise, true, kernels::best()).is_err());
    }
    // Deep nesting: the same message inside itself.
    let mut nested = vec![];
    for _ in 0..200 {
        let mut outer = vec![0x3a];
        let mut n = nested.len();
        while n >= 0x80 {
            outer.push(n as u8 | 0x80);
            n >>= 7;
        }
        outer.push(n as u8);
        outer.extend(&nested);
        nested = outer;
    }
    assert!(packed(&nested, true, kernels::best()).is_err());
}

#[test]
fn counts_beyond_the_limits_are_refused() {
    // Empty nodes, constants, inputs and outputs: two bytes each.
    for field in [1u8, 5, 11, 12] {
        let graph: Vec<u8> = [field << 3 | 2, 0].repeat(100_000);
        let file = super::write::Message::default().bytes(7, &graph).0;
        let why = packed(&file, true, kernels::best()).unwrap_err();
        assert!(
            why.contains("more than") || why.contains("one name"),
            "{why}"
        );
    }
}
