//! A closer look at the faces that are in doubt: each is cut out with its surroundings, brought to
//! the size that the networks see best, and shown again, many on one canvas.
//!
//! Invariant: every candidate gets exactly one tile, and tiles do not overlap, so that a score
//! belongs to one candidate only.

use super::heads::{Candidate, Head};
use super::letterbox::{Canvas, Letterbox};
use super::pool::Pool;
use crate::error::Result;
use crate::geometry::{PixelRect, Point, Rect, Size};
use crate::parallel;
use crate::picture::Picture;

/// A tile's side is so many times the longer side of the candidate in it.
const SURROUNDINGS: f32 = 3.2;
/// Most tiles across a canvas, and down.
const COLUMNS: u32 = 8;
const ROWS: u32 = 3;
/// A sighting belongs to a candidate if its middle is no farther than this share of the tile from
/// the tile's, ...
const REACH: f32 = 0.1;
/// ... and if its longer side lies within these.
const SIDES: std::ops::Range<f32> = 12.0..150.0;
/// Scores below this count as nothing seen.
const FLOOR: f32 = 0.03;

/// The best that a second look saw in the middle of one candidate, in picture pixels. It may be a
/// face of another size: the decision weighs that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Glance {
    pub(super) area: Rect,
    pub(super) score: f32,
    pub(super) landmarks: Option<[Point; 5]>,
}

/// Shows the `areas` to `pool`'s CenterFace again, each in a tile of `side` canvas pixels, a
/// multiple of 32. Per area, what it saw in the middle.
pub(super) fn second_look(
    picture: &dyn Picture,
    areas: &[Rect],
    side: u32,
    pool: &Pool,
) -> Result<Vec<Option<Glance>>> {
    let head = Head::CenterFace;
    let per_canvas = (COLUMNS * ROWS) as usize;
    let mut all = Vec::with_capacity(areas.len());
    for sheet in areas.chunks(per_canvas) {
        // The last sheet may be shorter: only as many rows and columns of tiles as it needs.
        let rows = (sheet.len() as u32).div_ceil(COLUMNS);
        let columns = (sheet.len() as u32).div_ceil(rows);
        let canvas = Size::new(columns * side, rows * side);
        let cut = |(i, area): (usize, &Rect)| {
            let place = tile(area, (i as u32, side), canvas, picture.size());
            let content = place.map(|p| picture.view(p.crop, p.content)).transpose()?;
            Ok(place.zip(content))
        };
        let tiles = parallel::map(sheet.iter().enumerate().collect(), cut).into_iter();
        let tiles = tiles.collect::<Result<Vec<_>>>()?;
        let outputs = pool.run(&Canvas {
            size: canvas,
            ink: head.ink(),
            parts: tiles.iter().flatten().map(|(p, c)| (p, c)).collect(),
        })?;
        let seen = head.decode(&outputs, canvas, FLOOR)?;
        for (i, place) in tiles.into_iter().enumerate() {
            all.push(
                place.and_then(|(place, _)| in_the_middle(&seen, (i as u32, side), canvas, &place)),
            );
        }
    }
    Ok(all)
}

/// Which tile of a canvas, and the side of its tiles.
type Tile = (u32, u32);

/// Top left corner.
fn corner((i, side): Tile, canvas: Size) -> (u32, u32) {
    let columns = canvas.width / side;
    (i % columns * side, i / columns * side)
}

/// Where the surroundings of `area` go: a tile, what lies outside the picture left black. `None` if
/// nothing lies inside.
fn tile(area: &Rect, tile: Tile, canvas: Size, picture: Size) -> Option<Letterbox> {
    let side = tile.1;
    let part = area.longest().max(1.0) * SURROUNDINGS;
    let scale = side as f32 / part;
    let middle = area.center();
    let wanted = Rect::new(middle.x - part / 2.0, middle.y - part / 2.0, part, part)?;
    let inside = wanted.round_out(picture)?;
    // Rounding outward adds up to a pixel at each edge of the picture's part: cut what would leave
    // the tile.
    let place = |start: u32, len: u32, wanted_start: f32| {
        let offset = ((start as f32 - wanted_start) * scale)
            .round()
            .clamp(0.0, side as f32 - 1.0) as u32;
        let content = ((len as f32 * scale).round() as u32).clamp(1, side - offset);
        (offset, content)
    };
    let (x, width) = place(inside.x, inside.width, wanted.left());
    let (y, height) = place(inside.y, inside.height, wanted.top());
    let (left, top) = corner(tile, canvas);
    Some(Letterbox {
        crop: PixelRect::new(inside.x, inside.y, inside.width, inside.height),
        content: Size::new(width, height),
        offset: (left + x, top + y),
        canvas,
    })
}

/// The best sighting near the middle of a tile, in picture pixels.
fn in_the_middle(
    seen: &[Candidate],
    tile: Tile,
    canvas: Size,
    place: &Letterbox,
) -> Option<Glance> {
    let (left, top) = corner(tile, canvas);
    let (half, reach) = (tile.1 as f32 / 2.0, tile.1 as f32 * REACH);
    let (x, y) = (left as f32 + half, top as f32 + half);
    let best = seen
        .iter()
        .filter(|c| {
            let m = c.area.center();
            (m.x - x).abs() < reach && (m.y - y).abs() < reach && SIDES.contains(&c.area.longest())
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
            x in 0.0f32..900.0, y in 0.0f32..600.0, w in 6.0f32..500.0, h in 6.0f32..500.0, i in 0u32..COLUMNS * ROWS, side in prop::sample::select(vec![128u32, 160])
        ) {
            let picture = Size::new(1000, 700);
            let area = Rect::new(x, y, w, h).expect("finite");
            let canvas = Size::new(COLUMNS * side, ROWS * side);
            let place = tile(&area, (i, side), canvas, picture).expect("its corner is inside");
            let (left, top) = corner((i, side), canvas);
            prop_assert!(place.offset.0 >= left && place.offset.0 + place.content.width <= left + side);
            prop_assert!(place.offset.1 >= top && place.offset.1 + place.content.height <= top + side);
            let half = side as f32 / 2.0;
            let back = place.to_picture(Point::new(left as f32 + half, top as f32 + half));
            // Within a canvas pixel and a picture pixel, in picture pixels.
            let slack = 1.5 * area.longest() * SURROUNDINGS / side as f32 + 2.0;
            let c = area.center();
            prop_assert!((back.x - c.x).abs() < slack && (back.y - c.y).abs() < slack, "{back:?} {c:?}");
        }
    }
}
