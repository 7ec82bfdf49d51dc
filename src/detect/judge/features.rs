//! What the judge is given of a close-up: means of CenterFace's inner tensors around the middle of the
//! tile, and what the network itself says there.
//!
//! Invariant: the same tile gives as many numbers whatever is in it, and all of them are finite.

use super::super::second_look::{Glance, SURROUNDINGS, TILE};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Rect, Size};
use faceveil_engine::Tensor;

/// Means over `cells` by `cells` equal parts of the tile's middle.
struct Block {
    tensor: &'static str,
    /// Canvas pixels per cell of the tensor.
    stride: u32,
    /// Canvas pixels across, around the middle.
    window: u32,
    cells: u32,
}

const fn block(tensor: &'static str, stride: u32, window: u32, cells: u32) -> Block {
    Block {
        tensor,
        stride,
        window,
        cells,
    }
}

/// The ends of the stages at strides 8, 16 and 32, and what the heads read at stride 4.
const BLOCKS: [Block; 6] = [
    block("413", 8, 48, 3),
    block("474", 16, 64, 2),
    block("474", 16, TILE, 1),
    block("503", 32, 64, 1),
    block("503", 32, TILE, 1),
    block("535", 4, 48, 3),
];
/// Their tensors, each once.
pub(super) const TENSORS: [&str; 4] = ["413", "474", "503", "535"];
/// Scores are held within this and its complement before their odds are taken.
const LEAST: f32 = 0.01;
/// Numbers of a sighting: whether, score, middle, sides, five landmarks.
const SIGHTING: usize = 16;
/// Side whose logarithm is zero, picture pixels.
const UNIT: f32 = 30.0;

/// The numbers of the tile whose top left corner is at `corner` of the canvas, around `area`.
pub(in super::super) fn features(
    outputs: &[Tensor],
    canvas: Size,
    corner: (u32, u32),
    area: &Rect,
    glance: Option<&Glance>,
) -> Result<Vec<f32>> {
    let mut all = Vec::with_capacity(4096);
    for block in &BLOCKS {
        let tensor = outputs.iter().find(|t| t.name == block.tensor);
        let data = tensor.map(|t| t.data.as_slice()).unwrap_or_default();
        let (w, h) = (canvas.width / block.stride, canvas.height / block.stride);
        let plane = w as usize * h as usize;
        if data.is_empty() || data.len() % plane != 0 {
            return Err(Error::new(
                ErrorKind::Engine,
                format!("the model's tensor `{}` has another shape", block.tensor),
            ));
        }
        let side = block.window / block.stride / block.cells;
        let margin = (TILE - block.window) / 2;
        let (x, y) = (
            (corner.0 + margin) / block.stride,
            (corner.1 + margin) / block.stride,
        );
        for cell in 0..block.cells * block.cells {
            let left = (x + cell % block.cells * side) as usize;
            let top = (y + cell / block.cells * side) as usize;
            let side = side as usize;
            all.extend(data.chunks_exact(plane).map(|plane| {
                let rows = plane.chunks_exact(w as usize).skip(top).take(side);
                let sum: f32 = rows.flat_map(|row| &row[left..left + side]).sum();
                sum / (side * side) as f32
            }));
        }
    }
    all.extend(sighting(area, glance));
    all.push((area.width().max(1.0) / area.height().max(1.0)).ln());
    all.push((area.longest().max(1.0) / UNIT).ln());
    for number in &mut all {
        *number = if number.is_finite() {
            number.clamp(-1e4, 1e4)
        } else {
            0.0
        };
    }
    Ok(all)
}

/// In units of the area's longer side, from its middle.
fn sighting(area: &Rect, glance: Option<&Glance>) -> [f32; SIGHTING] {
    let mut numbers = [0.0; SIGHTING];
    let Some(glance) = glance else {
        return numbers;
    };
    let (unit, middle) = (area.longest().max(1.0), area.center());
    let found = glance.area.center();
    let score = glance.score.clamp(LEAST, 1.0 - LEAST);
    numbers[..6].copy_from_slice(&[
        1.0,
        (score / (1.0 - score)).ln(),
        (found.x - middle.x) / unit,
        (found.y - middle.y) / unit,
        (glance.area.width().max(1.0) / unit).ln(),
        (glance.area.height().max(1.0) / unit).ln(),
    ]);
    let points = glance.landmarks.iter().flatten();
    let limit = SURROUNDINGS;
    let places = points.flat_map(|p| [(p.x - middle.x) / unit, (p.y - middle.y) / unit]);
    for (number, place) in numbers[6..].iter_mut().zip(places) {
        *number = place.clamp(-limit, limit);
    }
    numbers
}
