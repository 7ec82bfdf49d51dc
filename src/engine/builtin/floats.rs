//! Zeroed floats that start at a cache line.
//!
//! Invariant: the memory is taken once and never moves, so the start stays aligned.

use super::onnx::Res;

/// Bytes of a cache line, and of the longest vector.
const LINE: usize = 64;
const PAD: usize = LINE / size_of::<f32>();

#[derive(Debug)]
pub(super) struct Floats {
    all: Vec<f32>,
    start: usize,
}

impl Floats {
    /// `n` zeros, or an error that says how much memory was missing.
    pub(super) fn zeros(n: usize) -> Res<Self> {
        let mut all = Vec::new();
        all.try_reserve_exact(n.saturating_add(PAD))
            .map_err(|_| format!("no memory for {} MiB of buffers", n >> 18))?;
        all.resize(n + PAD, 0.0);
        // May say "cannot tell"; alignment is for speed only.
        let start = all.as_ptr().align_offset(LINE).min(PAD);
        all.truncate(start + n);
        Ok(Self { all, start })
    }

    /// A copy.
    pub(super) fn copy_of(values: &[f32]) -> Res<Self> {
        let mut floats = Self::zeros(values.len())?;
        floats.as_mut_slice().copy_from_slice(values);
        Ok(floats)
    }

    pub(super) fn as_slice(&self) -> &[f32] {
        &self.all[self.start..]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.all[self.start..]
    }
}
