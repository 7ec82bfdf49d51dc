//! Zeroed numbers that start at a cache line.
//!
//! Invariant: the memory is taken once and never moves, so the start stays aligned.

use super::onnx::Res;
use bytemuck::Zeroable;

/// Bytes of a cache line, and of the longest vector.
const LINE: usize = 64;

#[derive(Debug)]
pub(super) struct Aligned<T> {
    all: Vec<T>,
    start: usize,
}

impl<T: Copy + Zeroable> Aligned<T> {
    const PAD: usize = LINE / size_of::<T>();

    /// `n` zeros, or an error that says how much memory was missing. The system clears the pages
    /// when they are first touched; those that never are cost nothing.
    pub(super) fn zeros(n: usize) -> Res<Self> {
        let missing = |()| {
            let bytes = n.saturating_mul(size_of::<T>());
            format!("no memory for {} MiB of buffers", bytes >> 20)
        };
        let mut all: Vec<T> =
            bytemuck::try_zeroed_vec(n.saturating_add(Self::PAD)).map_err(missing)?;
        // May say "cannot tell"; alignment is for speed only.
        let start = all.as_ptr().align_offset(LINE).min(Self::PAD);
        all.truncate(start + n);
        Ok(Self { all, start })
    }

    /// A copy.
    pub(super) fn copy_of(values: &[T]) -> Res<Self> {
        let mut copy = Self::zeros(values.len())?;
        copy.as_mut_slice().copy_from_slice(values);
        Ok(copy)
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.all[self.start..]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.all[self.start..]
    }
}
