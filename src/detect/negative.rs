//! Negatives: film that was scanned as it is. Light is dark in them, and the networks see few of
//! their faces; so a picture is shown inverted, too.
//!
//! Invariant: an inverted picture has the geometry of the picture itself.

use super::turned::{Before, Shown, Turns};
use super::{Detected, Detector};
use crate::error::Result;
use crate::geometry::{PixelRect, Point, Rect, Size};
use crate::picture::{Picture, RgbImage};

/// Which share of the pixels may lie outside the range that is shown, at each end.
const OUTSIDE: usize = 200;

/// A picture with light and dark exchanged, each colour over the whole range: that takes off the
/// orange mask of colour film.
struct Inverted<'a> {
    picture: &'a dyn Picture,
    tables: [[u8; 256]; 3],
}

impl<'a> Inverted<'a> {
    /// The ranges are those of a small copy.
    fn new(picture: &'a dyn Picture, small: &RgbImage) -> Self {
        let mut counts = [[0usize; 256]; 3];
        for pixel in small.data().as_chunks::<3>().0 {
            for (counts, &v) in counts.iter_mut().zip(pixel) {
                counts[usize::from(v)] += 1;
            }
        }
        let pixels = small.data().len() / 3;
        let tables = counts.map(|counts| {
            let (low, high) = (
                end(&counts, 0..256, pixels / OUTSIDE),
                end(&counts, (0..256).rev(), pixels / OUTSIDE),
            );
            let range = high.saturating_sub(low).max(1);
            std::array::from_fn(|v| {
                let above = v.clamp(low, high.max(low)) - low;
                (255 - (above * 255 / range).min(255)) as u8
            })
        });
        Self { picture, tables }
    }

    fn apply(&self, image: &RgbImage) -> Result<RgbImage> {
        let mut data = image.data().to_vec();
        for pixel in data.as_chunks_mut::<3>().0 {
            for (v, table) in pixel.iter_mut().zip(&self.tables) {
                *v = table[usize::from(*v)];
            }
        }
        RgbImage::new(image.size(), data)
    }
}

/// The first value behind which more than `outside` pixels have come.
fn end(counts: &[usize; 256], mut values: impl Iterator<Item = usize>, outside: usize) -> usize {
    let mut seen = 0;
    let found = values.find(|&v| {
        seen += counts[v];
        seen > outside
    });
    found.unwrap_or(0)
}

impl Picture for Inverted<'_> {
    fn size(&self) -> Size {
        self.picture.size()
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        self.apply(&self.picture.view(crop, size)?)
    }
}

impl Shown for Inverted<'_> {
    fn point_back(&self, p: Point) -> Point {
        p
    }

    fn rect_back(&self, r: &Rect) -> Rect {
        *r
    }

    fn label(&self) -> &'static str {
        "+negative"
    }
}

impl Detector {
    /// Adds the faces that are seen in the inverted picture only, as [`Detector::find_turned`] does
    /// for turns.
    pub(super) fn find_negative(
        &self,
        picture: &dyn Picture,
        turns: &Turns,
        all: &mut Detected,
    ) -> Result<()> {
        let small = turns.look.whole(picture)?;
        let shown = Inverted::new(picture, &small);
        let inverted = shown.apply(&small)?;
        let hints = self.hints(&inverted.as_view(), &turns.look)?;
        if hints.is_empty() {
            return Ok(());
        }
        let upright = self.hints(&small.as_view(), &turns.look)?;
        let before = Before::new(all, &upright);
        let hints = super::turned::enlarged(&hints, small.size(), picture.size());
        self.search(&shown, &hints, turns, &before, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::RgbView;

    #[test]
    fn an_inverted_picture_has_its_whole_range_again() {
        // Light from 40 to 140.
        let data: Vec<u8> = (0..3000u32).map(|i| (40 + i / 3 % 101) as u8).collect();
        let picture = RgbView::new(Size::new(1000, 1), &data).expect("pixels");
        let all = PixelRect::of(picture.size());
        let small = picture.view(all, picture.size()).expect("a view");
        let shown = Inverted::new(&picture, &small);
        let seen = shown.view(all, picture.size()).expect("a view");
        let (least, most) = (seen.data().iter().min(), seen.data().iter().max());
        assert_eq!((least, most), (Some(&0), Some(&255)));
        assert!(seen.data()[0] > 250, "dark became light");
    }
}
