//! The judge itself: one hidden layer and a sum, from a safetensors file that `scripts/fit_judge.py` writes.
//!
//! Invariant: the result is finite, whatever the features.

use crate::error::{Error, ErrorKind, Result};
use serde::Deserialize;
use std::collections::HashMap;

/// More is as sure as anything gets.
const MOST: f32 = 12.0;

/// Says of a close-up how much likelier a face it is than the looks say: what to add to the logarithm of
/// the odds.
#[derive(Debug)]
pub(in super::super) struct Judge {
    inputs: usize,
    /// A row per hidden unit.
    hidden: Vec<f32>,
    hidden_bias: Vec<f32>,
    output: Vec<f32>,
    output_bias: f32,
}

/// A tensor in the header of a safetensors file.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

impl Judge {
    /// Reads the file.
    pub(in super::super) fn read(file: &[u8]) -> Result<Self> {
        Self::parse(file)
            .ok_or_else(|| Error::new(ErrorKind::Engine, "the weights of the judge are damaged"))
    }

    fn parse(file: &[u8]) -> Option<Self> {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (header, data) = rest.split_at_checked(length)?;
        let header: HashMap<String, Entry> = serde_json::from_slice(header).ok()?;
        let tensor = |name: &str| {
            let entry = header.get(name)?;
            let bytes = data.get(entry.data_offsets.0..entry.data_offsets.1)?;
            let numbers = numbers(&entry.dtype, bytes)?;
            let count = entry
                .shape
                .iter()
                .try_fold(1usize, |n, d| n.checked_mul(*d));
            let finite = numbers.iter().all(|v| v.is_finite());
            (count == Some(numbers.len()) && finite).then_some((entry.shape.clone(), numbers))
        };
        let (shape, hidden) = tensor("hidden.weight")?;
        let (_, hidden_bias) = tensor("hidden.bias")?;
        let (_, output) = tensor("output.weight")?;
        let (_, output_bias) = tensor("output.bias")?;
        let [units, inputs] = *shape else {
            return None;
        };
        let fits = inputs > 0 && [hidden_bias.len(), output.len()] == [units; 2];
        (fits && output_bias.len() == 1).then(|| Self {
            inputs,
            hidden,
            hidden_bias,
            output,
            output_bias: output_bias[0],
        })
    }

    /// What to add to the logarithm of the odds; 0 where there are no features. An error if they are others
    /// than those that it was trained on: the weights of another network.
    pub(in super::super) fn logit(&self, features: &[f32]) -> Result<f32> {
        if features.is_empty() {
            return Ok(0.0);
        }
        if features.len() != self.inputs {
            let why = "the judge's weights do not fit the network";
            return Err(Error::new(ErrorKind::Engine, why));
        }
        let rows = self.hidden.chunks_exact(self.inputs);
        let units = rows.zip(&self.hidden_bias).zip(&self.output);
        let sum: f32 = units
            .map(|((row, bias), weight)| (dot(row, features) + bias).max(0.0) * weight)
            .sum();
        let sum = sum + self.output_bias;
        Ok(if sum.is_finite() {
            sum.clamp(-MOST, MOST)
        } else {
            0.0
        })
    }
}

/// In lanes, so that it becomes vector code.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let (a_whole, a_rest) = a.as_chunks::<16>();
    let (b_whole, b_rest) = b.as_chunks::<16>();
    for (x, y) in a_whole.iter().zip(b_whole) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

fn numbers(kind: &str, bytes: &[u8]) -> Option<Vec<f32>> {
    match kind {
        "F32" => {
            let (all, rest) = bytes.as_chunks::<4>();
            rest.is_empty()
                .then(|| all.iter().map(|b| f32::from_le_bytes(*b)).collect())
        }
        // The upper half of a 32-bit float.
        "BF16" => {
            let (all, rest) = bytes.as_chunks::<2>();
            let wide = |b: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16);
            rest.is_empty().then(|| all.iter().map(wide).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hidden units of three features.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.extend(data);
        file
    }

    const HEADER: &str = r#"{"hidden.weight":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},
        "hidden.bias":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},
        "output.weight":{"dtype":"F32","shape":[2],"data_offsets":[20,28]},
        "output.bias":{"dtype":"F32","shape":[1],"data_offsets":[28,32]}}"#;

    fn data() -> Vec<u8> {
        let halves = [1.0f32, 0.0, 2.0, -1.0, 0.0, 0.0];
        let mut data: Vec<u8> = halves
            .iter()
            .flat_map(|v| (v.to_bits() >> 16).to_le_bytes()[..2].to_vec())
            .collect();
        for v in [0.5f32, 0.0, 1.0, 3.0, -0.25] {
            data.extend(v.to_le_bytes());
        }
        data
    }

    #[test]
    fn it_is_what_the_file_says() {
        let judge = Judge::read(&file(HEADER, &data())).expect("a judge");
        let logit = |features: &[f32]| judge.logit(features).ok();
        // 1 + 4 + 0.5 of the first unit; the second is below zero.
        assert_eq!(logit(&[1.0, 7.0, 2.0]), Some(5.25));
        // The second only.
        assert_eq!(logit(&[-2.0, 0.0, 0.0]), Some(5.75));
        assert_eq!(logit(&[-1e9, 0.0, 0.0]), Some(MOST));
        assert_eq!(logit(&[f32::NAN, 0.0, 0.0]), Some(-0.25));
        assert_eq!(logit(&[]), Some(0.0));
        assert_eq!(logit(&[1.0]), None);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let data = data();
        let whole = file(HEADER, &data);
        assert!((0..whole.len()).all(|n| Judge::read(&whole[..n]).is_err()));
        for (from, to) in [
            ("[2,3]", "[3,2]"),
            ("[2,3]", "[6]"),
            ("BF16", "F64"),
            ("[0,12]", "[12,0]"),
        ] {
            assert!(
                Judge::read(&file(&HEADER.replace(from, to), &data)).is_err(),
                "{to}"
            );
        }
    }
}
