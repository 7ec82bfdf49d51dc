//! A closer look at the faces that are in doubt: each is cut out with its surroundings, brought to the
//! size that the networks see best, and shown again, many on one canvas.
//!
//! Invariant: every candidate gets exactly one tile, and tiles do not overlap, so that a score belongs to
//! one candidate only.

use super::heads::{Candidate, Head};
use super::letterbox::Letterbox;
use super::pool::Pool;
use crate::error::Result;
use crate::geometry::{PixelRect, Point, Rect, Size};
use crate::picture::Picture;

/// Side of a tile, canvas pixels.
const TILE: u32 = 128;
/// The longer side of a candidate in its tile: 3.2 times that is the tile. At 50 pixels (tiles of 160) no more is
/// seen, and at 36 (tiles of 115) less is.
const FACE: f32 = 40.0;
/// Most tiles across a canvas, and down.
const COLUMNS: u32 = 8;
const ROWS: u32 = 3;
/// A sighting belongs to a candidate if its middle is no farther than this from the tile's, ...
const REACH: f32 = 12.8;
/// ... and if its longer side lies within these.
const SIDES: std::ops::Range<f32> = 12.0..150.0;
/// Scores below this count as nothing seen.
const FLOOR: f32 = 0.03;

/// The best that a second look saw in the middle of one candidate, in picture pixels. It may be a face of
/// another size: the decision weighs that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Glance {
    pub(super) area: Rect,
    pub(super) score: f32,
    pub(super) landmarks: Option<[Point; 5]>,
}

/// Shows the `areas` to `pool`'s CenterFace again, enlarged. Per area, what it saw in the middle.
pub(super) fn second_look(
    picture: &dyn Picture,
    areas: &[Rect],
    pool: &Pool,
) -> Result<Vec<Option<Glance>>> {
    let head = Head::CenterFace;
    let ink = head.ink();
    let per_canvas = (COLUMNS * ROWS) as usize;
    let mut all = Vec::with_capacity(areas.len());
    for sheet in areas.chunks(per_canvas) {
        // The last sheet may be shorter: only as many rows and columns of tiles as it needs.
        let rows = (sheet.len() as u32).div_ceil(COLUMNS);
        let columns = (sheet.len() as u32).div_ceil(rows);
        let canvas = Size::new(columns * TILE, rows * TILE);
        let mut tiles = Vec::with_capacity(sheet.len());
        for (i, area) in sheet.iter().enumerate() {
            let place = tile(area, i as u32, canvas, picture.size());
            let content = place.map(|p| picture.view(p.crop, p.content)).transpose()?;
            tiles.push(place.zip(content));
        }
        let outputs = pool.run(canvas, |planes| {
            ink.black(canvas.area() as usize, planes);
            for (place, content) in tiles.iter().flatten() {
                place.paint(content, &ink, planes);
            }
        })?;
        let seen = head.decode(&outputs, canvas, FLOOR)?;
        for (i, place) in tiles.into_iter().enumerate() {
            all.push(place.and_then(|(place, _)| in_the_middle(&seen, i as u32, canvas, &place)));
        }
    }
    Ok(all)
}

/// Top left corner of tile `i`.
fn corner(i: u32, canvas: Size) -> (u32, u32) {
    let columns = canvas.width / TILE;
    (i % columns * TILE, i / columns * TILE)
}

/// Where the surroundings of `area` go: tile `i`, what lies outside the picture left black. `None` if
/// nothing lies inside.
fn tile(area: &Rect, i: u32, canvas: Size, picture: Size) -> Option<Letterbox> {
    let scale = FACE / area.longest().max(1.0);
    let side = TILE as f32 / scale;
    let middle = area.center();
    let wanted = Rect::new(middle.x - side / 2.0, middle.y - side / 2.0, side, side)?;
    let inside = wanted.round_out(picture)?;
    // Rounding outward adds up to a pixel at each edge of the picture's part: cut what would leave the tile.
    let place = |start: u32, len: u32, wanted_start: f32| {
        let offset = ((start as f32 - wanted_start) * scale)
            .round()
            .clamp(0.0, TILE as f32 - 1.0) as u32;
        let content = ((len as f32 * scale).round() as u32).clamp(1, TILE - offset);
        (offset, content)
    };
    let (x, width) = place(inside.x, inside.width, wanted.left());
    let (y, height) = place(inside.y, inside.height, wanted.top());
    let (left, top) = corner(i, canvas);
    Some(Letterbox {
        crop: PixelRect::new(inside.x, inside.y, inside.width, inside.height),
        content: Size::new(width, height),
        offset: (left + x, top + y),
        canvas,
    })
}

/// The best sighting near the middle of tile `i`, in picture pixels.
fn in_the_middle(seen: &[Candidate], i: u32, canvas: Size, place: &Letterbox) -> Option<Glance> {
    let (left, top) = corner(i, canvas);
    let half = TILE as f32 / 2.0;
    let (x, y) = (left as f32 + half, top as f32 + half);
    let best = seen
        .iter()
        .filter(|c| {
            let m = c.area.center();
            (m.x - x).abs() < REACH && (m.y - y).abs() < REACH && SIDES.contains(&c.area.longest())
        })
        .max_by(|a, b| a.score.total_cmp(&b.score))?;
    Some(Glance {
        area: place.rect_to_picture(&best.area)?,
        score: best.score,
        landmarks: best.landmarks.map(|l| place.landmarks_to_picture(l)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_candidate_lies_in_the_middle_of_its_tile(
            x in 0.0f32..900.0, y in 0.0f32..600.0, w in 6.0f32..500.0, h in 6.0f32..500.0, i in 0u32..COLUMNS * ROWS
        ) {
            let picture = Size::new(1000, 700);
            let area = Rect::new(x, y, w, h).expect("finite");
            let canvas = Size::new(COLUMNS * TILE, ROWS * TILE);
            let place = tile(&area, i, canvas, picture).expect("its corner is inside");
            let (left, top) = corner(i, canvas);
            prop_assert!(place.offset.0 >= left && place.offset.0 + place.content.width <= left + TILE);
            prop_assert!(place.offset.1 >= top && place.offset.1 + place.content.height <= top + TILE);
            let half = TILE as f32 / 2.0;
            let back = place.to_picture(Point::new(left as f32 + half, top as f32 + half));
            // Within a canvas pixel and a picture pixel, in picture pixels.
            let slack = 1.5 * area.longest() / FACE + 2.0;
            let c = area.center();
            prop_assert!((back.x - c.x).abs() < slack && (back.y - c.y).abs() < slack, "{back:?} {c:?}");
        }
    }
}
