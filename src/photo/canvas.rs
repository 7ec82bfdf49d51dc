//! The canvas of an animation: frames are drawn onto it as a viewer would, so that every picture
//! that is ever shown can be looked at and covered.

use super::guard::malformed;
use super::raster::cut;
use crate::error::Result;
use crate::geometry::{PixelRect, Size};
use crate::plane::Sample;

/// What becomes of a frame's rectangle before the next one is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposal {
    Keep,
    Clear,
    /// Back to what was there before the frame.
    Restore,
}

/// How a frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blend {
    /// Replaces what was there, transparency included.
    Source,
    /// Lies over what was there.
    Over,
}

/// Interleaved pixels whose last channel is opacity; transparent at first.
pub(super) struct Canvas<T> {
    size: Size,
    channels: usize,
    pixels: Vec<T>,
    /// The last frame's rectangle, and what is to be put there before the next.
    pending: Option<(PixelRect, Option<Vec<T>>)>,
}

impl<T: Sample> Canvas<T> {
    /// A transparent canvas; `channels` is 2 or 4.
    pub(super) fn new(size: Size, channels: usize) -> Self {
        Self {
            size,
            channels,
            pixels: vec![T::default(); size.area() as usize * channels],
            pending: None,
        }
    }

    /// Shows the next frame: `part` holds the pixels of `place`, row by row.
    pub(super) fn show(
        &mut self,
        part: &[T],
        place: PixelRect,
        blend: Blend,
        disposal: Disposal,
    ) -> Result<&[T]> {
        let inside = u64::from(place.x) + u64::from(place.width) <= u64::from(self.size.width)
            && u64::from(place.y) + u64::from(place.height) <= u64::from(self.size.height);
        let wanted = place.width as usize * place.height as usize * self.channels;
        if !inside || part.len() != wanted || wanted == 0 {
            return Err(malformed(
                "a frame of the animation lies outside its canvas",
            ));
        }
        if let Some((old, before)) = self.pending.take() {
            match before {
                Some(before) => self.put(&before, old, Blend::Source),
                None => self.clear(old),
            }
        }
        self.pending = match disposal {
            Disposal::Keep => None,
            Disposal::Clear => Some((place, None)),
            Disposal::Restore => {
                let before = cut(&self.pixels, self.size, self.channels, place);
                Some((place, Some(before)))
            }
        };
        self.put(part, place, blend);
        Ok(&self.pixels)
    }

    fn row(&self, place: PixelRect, row: usize) -> std::ops::Range<usize> {
        let y = place.y as usize + row;
        let start = (y * self.size.width as usize + place.x as usize) * self.channels;
        start..start + place.width as usize * self.channels
    }

    fn clear(&mut self, place: PixelRect) {
        for row in 0..place.height as usize {
            let row = self.row(place, row);
            self.pixels[row].fill(T::default());
        }
    }

    fn put(&mut self, part: &[T], place: PixelRect, blend: Blend) {
        let n = self.channels;
        let rows = part.chunks_exact(place.width as usize * n).enumerate();
        for (row, from) in rows {
            let row = self.row(place, row);
            let to = &mut self.pixels[row];
            match blend {
                Blend::Source => to.copy_from_slice(from),
                Blend::Over => {
                    let pixels = to.chunks_exact_mut(n).zip(from.chunks_exact(n));
                    pixels.for_each(|(to, from)| over(to, from));
                }
            }
        }
    }
}

/// Lays one pixel over another; colours are not multiplied with opacity (PNG 3, 13.16).
fn over<T: Sample>(to: &mut [T], from: &[T]) {
    let last = to.len() - 1;
    let alpha = from[last].to_f32() / T::MAX;
    let below = to[last].to_f32() / T::MAX;
    if alpha >= 1.0 || below <= 0.0 {
        // A transparent pixel over nothing still brings its hidden colour along.
        if alpha > 0.0 || below <= 0.0 {
            to.copy_from_slice(from);
        }
        return;
    }
    if alpha <= 0.0 {
        return;
    }
    let total = alpha + below * (1.0 - alpha);
    for (t, &f) in to[..last].iter_mut().zip(from) {
        let mixed = (f.to_f32() * alpha + t.to_f32() * below * (1.0 - alpha)) / total;
        *t = T::from_f32(mixed);
    }
    to[last] = T::from_f32(total * T::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Size = Size::new(2, 1);

    fn left() -> PixelRect {
        PixelRect::new(0, 0, 1, 1)
    }

    #[test]
    fn disposal_happens_before_the_next_frame() {
        for (disposal, expected) in [
            (Disposal::Keep, [9, 255]),
            (Disposal::Clear, [0, 0]),
            (Disposal::Restore, [5, 255]),
        ] {
            let mut canvas = Canvas::<u8>::new(ONE, 2);
            let whole = PixelRect::new(0, 0, 2, 1);
            let show = canvas.show(&[5, 255, 6, 255], whole, Blend::Source, Disposal::Keep);
            assert!(show.is_ok());
            let shown = canvas.show(&[9, 255], left(), Blend::Over, disposal);
            assert_eq!(shown.expect("inside"), [9, 255, 6, 255]);
            let right = PixelRect::new(1, 0, 1, 1);
            let shown = canvas.show(&[7, 255], right, Blend::Source, Disposal::Keep);
            assert_eq!(shown.expect("inside"), [expected[0], expected[1], 7, 255]);
        }
    }

    #[test]
    fn half_over_opaque_is_the_mean() {
        let mut canvas = Canvas::<u16>::new(Size::new(1, 1), 2);
        let keep = Disposal::Keep;
        assert!(
            canvas
                .show(&[0, 65535], left(), Blend::Source, keep)
                .is_ok()
        );
        let shown = canvas.show(&[40000, 32768], left(), Blend::Over, keep);
        assert_eq!(shown.expect("inside"), [20000, 65535]);
    }

    #[test]
    fn a_frame_outside_the_canvas_is_refused() {
        let mut canvas = Canvas::<u8>::new(ONE, 2);
        for place in [
            PixelRect::new(2, 0, 1, 1),
            PixelRect::new(0, 1, 1, 1),
            PixelRect::new(u32::MAX, 0, 1, 1),
            PixelRect::new(0, 0, 0, 1),
        ] {
            let shown = canvas.show(&[1, 2], place, Blend::Source, Disposal::Keep);
            assert!(shown.is_err(), "{place:?}");
        }
    }
}
