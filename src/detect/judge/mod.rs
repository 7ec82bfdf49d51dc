//! A judge of close-ups: a small network of two layers on inner tensors of CenterFace.

mod features;
mod head;
mod inner;

pub(super) use features::features;
pub(super) use head::Judge;

use crate::error::Result;

/// The file of its weights in `models/`.
pub(super) const FILE: &str = "judge.safetensors";

/// CenterFace with the tensors that [`features`] reads among its outputs.
pub(super) fn network(centerface: &[u8]) -> Result<Vec<u8>> {
    inner::with_outputs(centerface, &features::TENSORS)
}
