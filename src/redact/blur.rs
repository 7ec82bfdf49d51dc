//! The default fill: a membrane over the mask, held by the pixels around it, with a little grain so
//! that a smooth patch in a noisy photo does not look broken.
//!
//! Invariant: no sample inside any mask is read.

use super::canvas::{Canvas, Paint, to_samples};
use super::grid::Grid;
use super::mask::{INSIDE, Mask};
use super::membrane::{Held, Membrane};
use crate::parallel;
use crate::plane::SampleCoding;
use crate::plane::{Channel, PlaneMut, Sample};
use multiversion::multiversion;

/// Weights of the cells outside that a cell of the rim takes its value from, by distance in one
/// direction: a strand of hair or a noisy pixel at the rim shall not run into the mask as a streak.
const SMOOTHING: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];

/// The smooth fill of a group of masks. A plane without a sample outside becomes neutral.
pub(super) fn paint<T: Sample>(
    plane: &PlaneMut<'_, T>,
    grid: &Grid,
    mask: &Mask,
    channel: Channel,
    coding: SampleCoding,
) -> Paint<T> {
    match fill(plane, grid, mask, (channel, coding), to_samples) {
        Some(canvas) => Paint::Samples(canvas),
        None => Paint::Flat(neutral(channel, coding)),
    }
}

/// The same for something that is laid over it.
pub(super) fn ground<T: Sample>(
    plane: &PlaneMut<'_, T>,
    grid: &Grid,
    mask: &Mask,
    channel: Channel,
    coding: SampleCoding,
) -> Canvas<f32> {
    let filled = fill(
        plane,
        grid,
        mask,
        (channel, coding),
        <[f32]>::copy_from_slice,
    );
    filled.unwrap_or_else(|| {
        let mut canvas = Canvas::new(mask.width, mask.height);
        canvas.values.fill(neutral(channel, coding));
        canvas
    })
}

/// The values inside, written by `put`; `None` for a plane without a sample outside.
fn fill<T: Sample, V: Copy + Default + Send>(
    plane: &PlaneMut<'_, T>,
    grid: &Grid,
    mask: &Mask,
    (channel, coding): (Channel, SampleCoding),
    put: impl Fn(&mut [V], &[f32]) + Sync,
) -> Option<Canvas<V>> {
    let rim = rim(plane, grid, mask);
    if rim.is_empty() {
        return None;
    }
    let grainy = matches!(
        channel,
        Channel::Red | Channel::Green | Channel::Blue | Channel::Luma
    );
    let membrane = Membrane::new(mask.width, mask.height, &mask.inside, rim);
    let mut canvas = Canvas::new(mask.width, mask.height);
    parallel::map(canvas.bands_mut(), |(rows, mut band)| {
        let first = rows.start;
        let mut to: Vec<&mut [V]> = band.rows_mut().collect();
        let mut noise = Vec::new();
        membrane.each_row(rows, |y, row| {
            for &(from, end) in mask.inside.row(y) {
                let cells = from as usize..end as usize;
                if grainy {
                    grain(&mut noise, grid, mask, (from, end), y);
                    add_noise(
                        &mut row[cells.clone()],
                        &noise,
                        coding.max(),
                        coding.level(),
                    );
                }
                put(&mut to[y - first][cells.clone()], &row[cells]);
            }
        });
    });
    Some(canvas)
}

/// What says least: mid grey, opaque, no ink.
fn neutral(channel: Channel, coding: SampleCoding) -> f32 {
    match channel {
        Channel::Alpha | Channel::InvertedBlack => coding.max(),
        _ => coding.middle(),
    }
}

/// The cells outside that touch one inside, each with the mean of the cells outside around it.
fn rim<T: Sample>(plane: &PlaneMut<'_, T>, grid: &Grid, mask: &Mask) -> Vec<Held> {
    let mut rim = Vec::new();
    let reach = SMOOTHING.len() as u32 / 2;
    mask.for_each_neighbour(|x, y| {
        let (mut sum, mut weights) = (0.0, 0.0);
        // The window's margin holds every cell in reach that the plane has.
        let (left, right) = (
            x.saturating_sub(reach),
            (x + reach + 1).min(mask.width as u32),
        );
        for ny in y.saturating_sub(reach)..(y + reach + 1).min(mask.height as u32) {
            let across = &SMOOTHING[(left + reach - x) as usize..];
            for ((nx, cover), weight) in (left..).zip(mask.covers(ny, left, right)).zip(across) {
                if *cover == INSIDE {
                    continue;
                }
                let weight = weight * SMOOTHING[(ny + reach - y) as usize];
                let (column, row) = grid.stored(mask.x + nx, mask.y + ny);
                sum += weight * plane.get(column, row).to_f32();
                weights += weight;
            }
        }
        rim.push(Held {
            x,
            y,
            value: sum / weights,
        });
    });
    rim
}

/// Side of the tile of grain, a power of two.
const TILE: usize = 128;
/// Largest grain, in eight-bit levels.
const GRAIN: f32 = 4.0;
/// Triangular noise in -1..=1, scaled to -127..=127.
static NOISE: [i8; TILE * TILE] = noise();

const fn noise() -> [i8; TILE * TILE] {
    let mut out = [0; TILE * TILE];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut i = 0;
    while i < out.len() {
        // xorshift64 (Marsaglia, Journal of Statistical Software 8, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out[i] = ((state >> 40 & 127) as i16 + (state >> 50 & 127) as i16 - 127) as i8;
        i += 1;
    }
    out
}

/// The grain of a run of cells. It depends on the place in the upright picture, so that red, green
/// and blue get the same.
fn grain(noise: &mut Vec<i8>, grid: &Grid, mask: &Mask, (from, to): (u32, u32), y: usize) {
    let place = |origin: i64| origin.max(0) as usize;
    let row = place(grid.y.origin(mask.y + y as u32));
    let column = |x: u32| place(grid.x.origin(mask.x + x));
    // Each tile is shifted against the ones beside it: no pattern shows.
    let shifted = |x: usize, y: usize| {
        let (across, down) = (x / TILE, y / TILE);
        ((x + down * 53) % TILE, (y + across * 37) % TILE)
    };
    noise.clear();
    let (first, last) = (column(from), column(to - 1));
    if last - first != (to - 1 - from) as usize {
        noise.extend((from..to).map(|x| {
            let (x, y) = shifted(column(x), row);
            NOISE[y * TILE + x]
        }));
        return;
    }
    // A cell is a pixel: up to the end of a tile they stand side by side there, too.
    let mut next = first;
    while next <= last {
        let (x, y) = shifted(next, row);
        let length = (TILE - x).min(TILE - next % TILE).min(last + 1 - next);
        noise.extend_from_slice(&NOISE[y * TILE + x..][..length]);
        next += length;
    }
}

/// Adds as much of `noise` to samples of 0 to `max` as there is room for: it fades where a value
/// comes near the ends of the range. `level` is one of eight bits.
#[multiversion(targets("x86_64+avx2"))]
fn add_noise(samples: &mut [f32], noise: &[i8], max: f32, level: f32) {
    let scale = GRAIN * level / 127.0;
    for (value, noise) in samples.iter_mut().zip(noise) {
        let room = (value.min(max - *value) / (8.0 * level)).clamp(0.0, 1.0);
        *value += f32::from(*noise) * scale * room;
    }
}
