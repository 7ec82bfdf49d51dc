//! Dark pictures: a street at night, a frame of a protest without light. The networks see few of
//! their faces, so they are shown such a picture brightened, too.
//!
//! Invariant: a brightened picture has the geometry of the picture itself.

use crate::error::Result;
use crate::geometry::{PixelRect, Size};
use crate::picture::{Picture, RgbImage};

/// A picture is dark if its bright end lies below this, of 255.
const DARK: u8 = 128;
/// Where the bright end goes.
const BRIGHT: f32 = 220.0;
/// The largest gain: what is darker still is noise.
const MOST: f32 = 24.0;
/// The bright end is the value that one pixel in so many exceeds.
const BRIGHT_END: usize = 100;
/// Samples across a picture and down, and their side in pixels.
const SAMPLES: u32 = 8;
const SAMPLE: u32 = 16;

/// All of these numbers, for digests.
pub(super) const CONSTANTS: [f32; 6] = [
    DARK as f32,
    BRIGHT,
    MOST,
    BRIGHT_END as f32,
    SAMPLES as f32,
    SAMPLE as f32,
];

/// A picture with every value multiplied by the same gain.
pub(super) struct Brightened<'a> {
    picture: &'a dyn Picture,
    table: [u8; 256],
}

impl<'a> Brightened<'a> {
    /// `None` for pictures that are bright enough.
    pub(super) fn new(picture: &'a dyn Picture) -> Result<Option<Self>> {
        let bright = bright_end(picture)?;
        if bright >= DARK {
            return Ok(None);
        }
        let gain = (BRIGHT / f32::from(bright.max(1))).min(MOST);
        let table = std::array::from_fn(|v| (v as f32 * gain).round().min(255.0) as u8);
        Ok(Some(Self { picture, table }))
    }
}

impl Picture for Brightened<'_> {
    fn size(&self) -> Size {
        self.picture.size()
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let image = self.picture.view(crop, size)?;
        let bright = image.data().iter().map(|&v| self.table[usize::from(v)]);
        RgbImage::new(image.size(), bright.collect())
    }
}

/// The largest channel of a pixel that is brighter than all but one in [`BRIGHT_END`], among
/// samples that are spread over the picture.
fn bright_end(picture: &dyn Picture) -> Result<u8> {
    let size = picture.size();
    let spans = |side: u32| -> Vec<(u32, u32)> {
        if side <= SAMPLES * SAMPLE {
            return vec![(0, side)];
        }
        let free = side - SAMPLE;
        let start = |i: u32| u64::from(free) * u64::from(i) / u64::from(SAMPLES - 1);
        (0..SAMPLES).map(|i| (start(i) as u32, SAMPLE)).collect()
    };
    let mut counts = [0usize; 256];
    for &(y, height) in &spans(size.height) {
        for &(x, width) in &spans(size.width) {
            let crop = PixelRect::new(x, y, width, height);
            let sample = picture.view(crop, Size::new(width, height))?;
            for pixel in sample.data().as_chunks::<3>().0 {
                counts[usize::from(pixel[0].max(pixel[1]).max(pixel[2]))] += 1;
            }
        }
    }
    let outside = counts.iter().sum::<usize>() / BRIGHT_END;
    let mut seen = 0;
    let bright = counts.iter().rposition(|count| {
        seen += count;
        seen > outside
    });
    Ok(bright.unwrap_or(0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::RgbView;

    /// Values from 0 to `most` all over a picture of 200 x 90 pixels.
    fn ramp(most: u32) -> Vec<u8> {
        let value = |i: u32| (i * 37 % (most + 1)) as u8;
        (0..200 * 90).flat_map(|i| [value(i); 3]).collect()
    }

    #[test]
    fn only_dark_pictures_are_brightened() {
        for (most, dark) in [
            (255, false),
            (140, false),
            (120, true),
            (12, true),
            (0, true),
        ] {
            let data = ramp(most);
            let picture = RgbView::new(Size::new(200, 90), &data).expect("pixels");
            let bright = Brightened::new(&picture).expect("views");
            assert_eq!(bright.is_some(), dark, "{most}");
        }
    }

    #[test]
    fn a_dark_picture_gets_the_range_of_a_bright_one() {
        let data = ramp(12);
        let picture = RgbView::new(Size::new(200, 90), &data).expect("pixels");
        let bright = Brightened::new(&picture)
            .expect("views")
            .expect("it is dark");
        assert_eq!(bright.size(), picture.size());
        let all = PixelRect::of(picture.size());
        let seen = bright.view(all, picture.size()).expect("a view");
        assert_eq!(seen.data().iter().max(), Some(&220));
        assert_eq!(seen.data().iter().min(), Some(&0));
    }

    #[test]
    fn a_picture_of_one_pixel_is_sampled_too() {
        let picture = RgbView::new(Size::new(1, 1), &[9, 3, 3]).expect("a pixel");
        assert_eq!(bright_end(&picture).expect("a view"), 9);
    }
}
