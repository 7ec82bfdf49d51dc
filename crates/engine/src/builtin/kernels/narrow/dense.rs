//! 3x3 convolutions as products of 16-bit whole numbers.
//!
//! A row of the source is narrowed at once, by the largest number in it: what a step is worth must
//! be the same for all that one sum is made of, and a row is the same whatever the tiles are. The
//! sums over the three rows of a window are whole numbers each, and floats together.

use super::super::gemm::{unroll, with_pixels};
use super::super::{Call, Row};
use super::{BlockAndHalf, Blocks, Columns, LEAST, WORDS, channels, place};
use crate::builtin::simd::{GROUP, Narrow};

/// Rows of a window.
const ROWS: usize = 3;

/// One row of the source, narrowed: [group of channels][pixel][channel], with both border pixels.
/// Gives what one step is worth.
///
/// # Safety
/// As [`super::super::NarrowEntry`]; `src` and `apart` are those of a source row, and whole blocks
/// of `width + 2` pixels can be written at `to`.
#[inline(always)]
unsafe fn narrow_row<S: Narrow>(
    arena: *const f32,
    to: *mut i32,
    call: &Call<'_>,
    src: usize,
    apart: usize,
) -> f32 {
    let pixels = call.width + 2;
    let blocks = call.inputs.div_ceil(S::L);
    let rest = call.inputs - (blocks - 1) * S::L;
    // SAFETY: `Kernels::narrow` checked `width + 2` pixels of all blocks of each source row; of
    // the last block only the channels that there are, are read.
    unsafe {
        let mut most = S::splat(0.0);
        let last = arena.add(src + (blocks - 1) * apart);
        for block in 0..blocks - 1 {
            let src = arena.add(src + block * apart);
            for x in 0..pixels {
                most = S::max(most, S::abs(S::load(src.add(x * S::L))));
            }
        }
        for x in 0..pixels {
            most = S::max(most, S::abs(S::load_some(last.add(x * S::L), rest)));
        }
        let most = S::largest(most);
        let steps = S::splat(if most < LEAST { 0.0 } else { call.top / most });
        for block in 0..blocks - 1 {
            let src = arena.add(src + block * apart);
            let to = to.add(place::<S>(block, pixels));
            for x in 0..pixels {
                let v = S::mul(S::load(src.add(x * S::L)), steps);
                S::store_narrow(to.add(x * WORDS), v);
            }
        }
        let to = to.add(place::<S>(blocks - 1, pixels));
        for x in 0..pixels {
            let v = S::mul(S::load_some(last.add(x * S::L), rest), steps);
            S::store_narrow(to.add(x * WORDS), v);
        }
        most / call.top
    }
}

/// P pixels and the channels C, from those of `block` on.
///
/// # Safety
/// As [`super::super::NarrowEntry`]; the rows were narrowed; the channels lie in the output's
/// blocks, `x + P` is at most the width.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn tile<S: Narrow, C: Columns<S>, const P: usize>(
    arena: *mut f32,
    rows: &[(*const i32, f32); ROWS],
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    let pairs = call.inputs.div_ceil(2);
    let apart = (call.width + 2) * WORDS;
    // SAFETY: `Kernels::narrow` checked the words of all blocks and taps, whole blocks of bias and
    // steps, and the scratch, which holds pixels up to `width + 1`. The source pointer goes past
    // its row only after the last block, and is not read there.
    unsafe {
        let mut sums = [C::nothing(); P];
        let mut w = call.words.as_ptr().add(block * S::L * pairs * ROWS * ROWS);
        for (narrowed, worth) in rows {
            let mut whole = [C::zero(); P];
            for kx in 0..ROWS {
                let mut src = narrowed.add((x + kx) * WORDS);
                let mut left = pairs;
                while left > 0 {
                    let n = left.min(WORDS);
                    let mut s = src;
                    for _ in 0..n {
                        let words = C::load_words(w);
                        unroll!(I, P, {
                            whole[I] = C::dot(whole[I], *s.add(I * WORDS), words);
                        });
                        w = w.add(C::CHANNELS);
                        s = s.add(1);
                    }
                    src = src.wrapping_add(apart);
                    left -= n;
                }
            }
            unroll!(I, P, {
                sums[I] = C::add_scaled(sums[I], whole[I], *worth);
            });
        }
        C::store::<P>(arena, call, row, block, x, &sums);
    }
}

/// Convolution 3x3. A row that two output rows read is narrowed once.
///
/// # Safety
/// As [`super::super::NarrowEntry`].
#[inline(always)]
pub(in super::super) unsafe fn dense<S: Narrow>(
    arena: *mut f32,
    scratch: *mut i32,
    call: &Call<'_>,
) {
    let words = (call.width + 2) * call.inputs.div_ceil(GROUP) * WORDS;
    let mut have = [(None, 0.0); ROWS];
    for row in call.rows {
        let wanted = std::array::from_fn::<_, ROWS, _>(|i| (row.src[i], row.src_block[i]));
        let mut rows = [(scratch.cast_const(), 0.0); ROWS];
        for (i, &(src, apart)) in wanted.iter().enumerate() {
            let at = have.iter().position(|(is, _)| *is == Some((src, apart)));
            let at = at.unwrap_or_else(|| {
                // There are as many places as rows, so one holds none of those that are wanted.
                let free = |(is, _): &(Option<_>, _)| is.is_none_or(|is| !wanted.contains(&is));
                let at = have.iter().position(free).unwrap_or(i);
                // SAFETY: the caller's; the scratch holds three rows.
                let worth =
                    unsafe { narrow_row::<S>(arena, scratch.add(at * words), call, src, apart) };
                have[at] = (Some((src, apart)), worth);
                at
            });
            // SAFETY: as above.
            rows[i] = (unsafe { scratch.add(at * words).cast_const() }, have[at].1);
        }
        let mut block = 0;
        while block * S::L < call.outputs {
            let left = call.outputs - block * S::L;
            let tiles = call.width.div_ceil(if left > S::L { S::P2 } else { S::P1 });
            let mut x = 0;
            for tile_at in 0..tiles {
                let p = (call.width - x).div_ceil(tiles - tile_at);
                // SAFETY: the caller's; the rows were just narrowed; `block` (and `block + 1` of a
                // pair) starts before the last output channel, and the tiles' widths add up to
                // the row's.
                unsafe { channels!(S, tile, left, p, (arena, &rows, call, row, block, x)) }
                x += p;
            }
            block += 2;
        }
    }
}
