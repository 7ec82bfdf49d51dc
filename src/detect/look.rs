//! One way of looking at a picture: which network, at which scale. A look that is too large for one
//! canvas is cut into tiles that overlap.
//!
//! Invariant: every pixel of the picture lies in at least one tile, and canvas sides are multiples
//! of 32 no longer than [`CANVAS`], whatever the picture's size.

use super::heads::Head;
use super::letterbox::Letterbox;
use crate::error::Result;
use crate::geometry::{PixelRect, Size};
use crate::picture::{Picture, RgbImage};

/// Longest side of a canvas: bounds a session's memory.
const CANVAS: u32 = 1280;
/// What neighbouring tiles share, in canvas pixels: a face up to this size is whole in one of them.
/// Larger ones are found by the looks at smaller scales.
const OVERLAP: u32 = 96;
/// Canvas sides are multiples of this, the largest stride of the networks.
const GRID: u32 = 32;

/// One way of looking: the picture's longer side becomes `longest` pixels, but never less than
/// `least` times what it is, nor more than `most` times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) head: Head,
    pub(super) longest: u32,
    pub(super) least: f32,
    pub(super) most: f32,
    /// Least score that is worth proposing.
    pub(super) floor: f32,
}

impl Look {
    /// Canvas pixels per picture pixel.
    pub(super) fn factor(&self, picture: Size) -> f32 {
        let factor = self.longest as f32 / picture.longest().max(1) as f32;
        factor.max(self.least).min(self.most)
    }

    /// The whole picture at this scale.
    pub(super) fn whole(&self, picture: &dyn Picture) -> Result<RgbImage> {
        let size = picture.size();
        picture.view(PixelRect::of(size), self.scaled(size))
    }

    fn scaled(&self, picture: Size) -> Size {
        scaled(picture, self.factor(picture))
    }

    /// For the report: `centerface@0.5`.
    pub(super) fn name(&self, picture: Size) -> String {
        let scale = (self.factor(picture) * 100.0).round() / 100.0;
        format!("{}@{scale}", self.head.name())
    }

    /// Where the picture goes: one canvas, or several tiles.
    pub(super) fn letterboxes(&self, picture: Size) -> Vec<Letterbox> {
        letterboxes(picture, self.factor(picture))
    }
}

/// Where a picture goes at a scale: one canvas, or several tiles.
pub(super) fn letterboxes(picture: Size, factor: f32) -> Vec<Letterbox> {
    let whole = scaled(picture, factor);
    let (columns, rows) = (spans(whole.width, CANVAS), spans(whole.height, CANVAS));
    let mut all = vec![];
    for &(top, height) in &rows {
        for &(left, width) in &columns {
            let (x0, x1) = source(left, width, whole.width, picture.width);
            let (y0, y1) = source(top, height, whole.height, picture.height);
            let content = Size::new(width, height);
            all.push(Letterbox {
                crop: PixelRect::new(x0, y0, x1 - x0, y1 - y0),
                content,
                offset: (0, 0),
                canvas: Size::new(width.next_multiple_of(GRID), height.next_multiple_of(GRID)),
            });
        }
    }
    all
}

/// A part of a picture, and the looks that are shown it at the same scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tile {
    pub(super) place: Letterbox,
    /// Which of the plan's; they follow one another.
    pub(super) looks: Vec<usize>,
}

impl Tile {
    /// Everything that `looks` show of a picture.
    pub(super) fn all(looks: &[Look], picture: Size) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (index, look) in looks.iter().enumerate() {
            for place in look.letterboxes(picture) {
                match all.last_mut().filter(|last| last.place == place) {
                    Some(last) => last.looks.push(index),
                    None => all.push(Self {
                        place,
                        looks: vec![index],
                    }),
                }
            }
        }
        all
    }

    /// What it takes to run the networks, compared with others.
    pub(super) fn cost(&self, looks: &[Look]) -> u64 {
        let each = self.looks.iter().map(|&index| looks[index].head.cost());
        self.place.canvas.area() * each.sum::<u64>()
    }
}

fn scaled(picture: Size, factor: f32) -> Size {
    let scaled = |side: u32| ((side as f32 * factor).round() as u32).max(1);
    Size::new(scaled(picture.width), scaled(picture.height))
}

/// Cuts `len` into the fewest pieces of at most `most`, all equally long, overlapping by at least
/// [`OVERLAP`]: start and length of each.
fn spans(len: u32, most: u32) -> Vec<(u32, u32)> {
    if len <= most {
        return vec![(0, len)];
    }
    let n = (len - OVERLAP).div_ceil(most - OVERLAP);
    let piece = (len + (n - 1) * OVERLAP).div_ceil(n);
    (0..n)
        .map(|i| {
            let start = u64::from(len - piece) * u64::from(i) / u64::from(n - 1);
            (start as u32, piece)
        })
        .collect()
}

/// The picture's pixels behind a span of the scaled picture, rounded outward.
fn source(start: u32, len: u32, scaled: u32, picture: u32) -> (u32, u32) {
    let at = |v: u32| u64::from(v) * u64::from(picture);
    let first = at(start) / u64::from(scaled);
    let last = at(start + len)
        .div_ceil(u64::from(scaled))
        .min(u64::from(picture));
    (first as u32, last as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn look(longest: u32, most: f32) -> Look {
        Look {
            head: Head::CenterFace,
            longest,
            least: 0.0,
            most,
            floor: 0.1,
        }
    }

    #[test]
    fn a_look_names_its_scale() {
        let l = look(512, 1.0);
        assert_eq!(l.name(Size::new(1024, 700)), "centerface@0.5");
        assert_eq!(l.name(Size::new(300, 200)), "centerface@1");
    }

    #[test]
    fn a_least_scale_makes_the_canvas_grow_with_the_picture() {
        let l = Look {
            least: 0.64,
            ..look(2560, 1.0)
        };
        let scaled = |longest| l.scaled(Size::new(longest, longest / 2)).width;
        assert_eq!(
            [2000, 4000, 8000, 16000].map(scaled),
            [2000, 2560, 5120, 10240]
        );
    }

    proptest! {
        #[test]
        fn tiles_cover_every_pixel_and_fit_their_canvas(
            w in 1u32..9000, h in 1u32..9000, longest in 32u32..9000, most in 0.05f32..2.0
        ) {
            let picture = Size::new(w, h);
            let tiles = look(longest, most).letterboxes(picture);
            for t in &tiles {
                prop_assert!(t.crop.width > 0 && t.crop.height > 0);
                prop_assert!(t.crop.right() <= w && t.crop.bottom() <= h);
                prop_assert!(t.canvas.width <= CANVAS && t.canvas.height <= CANVAS);
                prop_assert!(t.canvas.width % 32 == 0 && t.canvas.height % 32 == 0);
                prop_assert!(t.offset.0 + t.content.width <= t.canvas.width);
                prop_assert!(t.offset.1 + t.content.height <= t.canvas.height);
            }
            // Along each axis: sorted by start, no gap.
            for axis in [true, false] {
                let mut spans: Vec<(u32, u32)> = tiles.iter()
                    .map(|t| if axis { (t.crop.x, t.crop.right()) } else { (t.crop.y, t.crop.bottom()) }).collect();
                spans.sort_unstable();
                spans.dedup();
                prop_assert_eq!(spans[0].0, 0);
                prop_assert_eq!(spans[spans.len() - 1].1, if axis { w } else { h });
                for pair in spans.windows(2) { prop_assert!(pair[1].0 < pair[0].1); }
            }
        }

        #[test]
        fn a_face_no_larger_than_the_overlap_is_whole_in_one_tile(w in 1u32..6000, at in 0.0f32..1.0) {
            let tiles = spans(w, CANVAS);
            let face = OVERLAP.min(w);
            let start = ((w - face) as f32 * at) as u32;
            prop_assert!(tiles.iter().any(|&(s, len)| s <= start && start + face <= s + len));
        }
    }
}
