//! What a kernel touches, compared with the memory that is there.
//!
//! Invariant: sizes saturate. An absurd call fails the comparison and never wraps around into one
//! that passes.

use super::Call;

/// What one kernel reads and writes in a row, beyond what the [`Call`] says; all in floats.
pub(super) struct Extent {
    pub(super) src_rows: usize,
    pub(super) src_blocks: usize,
    /// From the start of a source block's row to behind the last float read.
    pub(super) src_len: usize,
    pub(super) dst_len: usize,
    pub(super) weights: usize,
    pub(super) bias: usize,
    pub(super) residual: Residual,
}

#[derive(PartialEq)]
pub(super) enum Residual {
    Never,
    Maybe,
    Always,
}

/// Product of sizes; absurd ones saturate and then fail the comparison with the arena.
pub(super) fn product(factors: &[usize]) -> usize {
    factors
        .iter()
        .fold(1, |all, &factor| all.saturating_mul(factor))
}

/// Channels including the unused ones of the last block.
pub(super) fn whole_blocks(channels: usize, lanes: usize) -> usize {
    product(&[channels.div_ceil(lanes), lanes])
}

/// Where the last of `blocks` blocks, `apart` floats apart and `len` floats long, ends.
pub(super) fn end(start: usize, blocks: usize, apart: usize, len: usize) -> usize {
    start
        .saturating_add(product(&[blocks - 1, apart]))
        .saturating_add(len)
}

/// Panics unless everything that a kernel with this extent touches lies inside the arena, the
/// weights and the bias.
pub(super) fn check(lanes: usize, arena: usize, call: &Call<'_>, extent: &Extent) {
    assert!(call.inputs > 0 && call.outputs > 0 && call.width > 0);
    assert!(call.weights.len() >= extent.weights, "weights are missing");
    assert!(call.bias.len() >= extent.bias, "bias is missing");
    let dst_blocks = call.outputs.div_ceil(lanes);
    for row in call.rows {
        for (&src, &apart) in row.src.iter().zip(&row.src_block).take(extent.src_rows) {
            let end = end(src, extent.src_blocks, apart, extent.src_len);
            assert!(end <= arena, "a source row ends outside the arena");
        }
        let dst = end(row.dst, dst_blocks, call.dst_block, extent.dst_len);
        assert!(dst <= arena, "an output row ends outside the arena");
        match row.res {
            Some(res) => {
                assert!(extent.residual != Residual::Never);
                let res = end(res, dst_blocks, call.res_block, extent.dst_len);
                assert!(res <= arena, "a residual row ends outside the arena");
            }
            None => assert!(extent.residual != Residual::Always),
        }
    }
}
