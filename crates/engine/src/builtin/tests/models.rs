//! The models: against ONNX Runtime, and every instruction set against the scalar one.

#![cfg(not(miri))]

use super::*;
use crate::builtin::arenas::Arenas;
use crate::builtin::{describe, load};

const TOLERANCE: f32 = 1e-4;
/// With products of 16 bits.
const NARROW_TOLERANCE: f32 = 3e-2;

fn tolerance(kernels: &Kernels) -> f32 {
    match kernels.narrows(kernels::NARROW_FROM, 1) {
        true => NARROW_TOLERANCE,
        false => TOLERANCE,
    }
}

#[test]
fn outputs_are_those_of_onnx_runtime() {
    let size = Size::new(96, 64);
    for kernels in kernels::tested() {
        for (name, model) in models() {
            let packed = packed(model, true, kernels).unwrap();
            let names: Vec<String> = packed
                .plan
                .outputs()
                .iter()
                .map(|o| o.name.clone())
                .collect();
            let outputs = session(packed, size, CACHE_BUDGET)
                .and_then(|mut s| s.run(&picture(size)))
                .unwrap();
            let lines: Vec<Vec<&str>> = include_str!("golden.txt")
                .lines()
                .map(|line| line.split(' ').collect())
                .filter(|words: &Vec<&str>| words[0] == name)
                .collect();
            assert_eq!(lines.len(), outputs.len());
            for ((words, name), output) in lines.iter().zip(names).zip(outputs) {
                assert_eq!((words[1], words[2]), (&*name, &*output.len().to_string()));
                let sizes: f64 = output.iter().map(|v| f64::from(v.abs())).sum();
                let mean: f64 = words[3].parse().unwrap();
                let off = (sizes / output.len() as f64 - mean).abs();
                assert!(
                    off < f64::from(tolerance(kernels)),
                    "mean of {name}: {off:e} off"
                );
                for word in &words[4..] {
                    let (at, value) = word.split_once(':').unwrap();
                    let (at, value): (usize, f32) = (at.parse().unwrap(), value.parse().unwrap());
                    let off = (output[at] - value).abs();
                    assert!(off < tolerance(kernels), "{name}[{at}]: {off:e} off");
                }
            }
        }
    }
}

#[test]
fn every_instruction_set_gives_the_scalar_outputs() {
    let all = kernels::tested();
    let (scalar, others) = all.split_last().unwrap();
    for (name, model) in models() {
        for size in [Size::new(32, 32), Size::new(160, 96)] {
            let input = picture(size);
            let expected = run(model, true, scalar, &input).unwrap();
            for kernels in others {
                let outputs = run(model, true, kernels, &input).unwrap();
                for (output, expected) in outputs.iter().zip(&expected) {
                    let off = worst(output, expected);
                    assert!(
                        off < tolerance(kernels),
                        "{name}, {}: {off:e}",
                        kernels.name()
                    );
                }
            }
        }
    }
}

#[test]
fn chains_change_no_number() {
    let size = Size::new(96, 160);
    for (_, model) in models() {
        let with = run(model, true, kernels::best(), &picture(size));
        let without = run(model, false, kernels::best(), &picture(size));
        assert_eq!(with, without);
    }
}

#[test]
fn the_size_of_the_rings_changes_no_number() {
    let size = Size::new(64, 96);
    for (_, model) in models() {
        let packed = packed(model, true, kernels::best()).unwrap();
        let mut all = [0, 20_000, 100_000_000].map(|budget| {
            let mut session = session(packed.clone(), size, budget).unwrap();
            session.run(&picture(size)).unwrap()
        });
        let first = std::mem::take(&mut all[0]);
        assert!(all[1..].iter().all(|other| *other == first));
    }
}

#[test]
fn the_number_of_threads_changes_no_number() {
    let (size, floats) = (Size::new(96, 352), 4 << 20);
    for kernels in kernels::tested() {
        for (name, model) in models() {
            let packed = packed(model, true, kernels).unwrap();
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let arenas = Arc::new(Arenas::poisoned(floats));
                pool.build().unwrap().install(|| {
                    let session = session::Session::new(packed.clone(), arenas, size, CACHE_BUDGET);
                    let mut session = session.unwrap();
                    let all = session.run(&picture(size)).unwrap();
                    (all, session.run_alone(&picture(size)).unwrap())
                })
            };
            let (one, alone) = run(1);
            assert_eq!(alone, one);
            for threads in [2, 3, 7] {
                let (all, alone) = run(threads);
                assert_eq!(all, one, "{name} {} {threads}", kernels.name());
                assert_eq!(alone, one, "{name} {} {threads}", kernels.name());
            }
        }
    }
}

#[test]
fn what_was_in_the_memory_before_changes_no_number() {
    let (size, floats) = (Size::new(96, 64), 1 << 20);
    for kernels in kernels::tested() {
        for (name, model) in models() {
            let packed = packed(model, true, kernels).unwrap();
            let arenas = [Arenas::default(), Arenas::poisoned(floats)];
            let [zeros, poisoned] = arenas.map(|arenas| {
                let (packed, arenas) = (packed.clone(), Arc::new(arenas));
                let session = session::Session::new(packed, arenas, size, CACHE_BUDGET);
                session.unwrap().run(&picture(size)).unwrap()
            });
            assert_eq!(zeros, poisoned, "{name} {}", kernels.name());
        }
    }
}

#[test]
fn a_session_keeps_nothing_from_the_picture_before() {
    let size = Size::new(64, 64);
    let loud = Planes::new(size, vec![1e6; 3 * 64 * 64]).unwrap();
    for (name, model) in models() {
        let network = load(model).unwrap();
        let mut used = network.session(size).unwrap();
        used.run(&loud).unwrap();
        let again = used.run(&picture(size)).unwrap();
        let fresh = network.session(size).unwrap().run(&picture(size)).unwrap();
        assert_eq!(again, fresh, "{name}");
    }
}

#[test]
fn sizes_and_inputs_that_cannot_be_are_refused() {
    let network = load(models()[1].1).unwrap();
    for (width, height) in [
        (0, 32),
        (32, 0),
        (33, 32),
        (32, 48),
        (16416, 32),
        (32, u32::MAX - 31),
        (16384, 16384),
    ] {
        let error = network.session(Size::new(width, height)).err();
        assert!(error.is_some(), "{width}x{height}");
    }
    let mut session = network.session(Size::new(32, 64)).unwrap();
    for (width, height) in [(64, 32), (32, 32), (32, 96)] {
        let other = picture(Size::new(width, height));
        assert!(session.run(&other).is_err());
    }
    assert!(session.run(&picture(Size::new(32, 64))).is_ok());
}

#[test]
fn the_report_names_the_instruction_set() {
    let name = describe();
    assert!(name.starts_with("builtin ") && name.len() > 8, "{name}");
}
