//! The eight ways a picture can be stored (EXIF 2.32, tag 0x0112), and the mapping between stored
//! and upright coordinates.

use super::{PixelRect, Point, Rect, Size};

/// How stored rows and columns must be turned to be seen upright; the number is EXIF's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// 1: stored as seen.
    #[default]
    Normal = 1,
    /// 2: mirrored left to right.
    FlipHorizontal = 2,
    /// 3: turned by 180 degrees.
    Rotate180 = 3,
    /// 4: mirrored top to bottom.
    FlipVertical = 4,
    /// 5: mirrored along the diagonal from the top left.
    Transpose = 5,
    /// 6: must be turned by 90 degrees clockwise to be upright.
    Rotate90 = 6,
    /// 7: mirrored along the diagonal from the top right.
    Transverse = 7,
    /// 8: must be turned by 270 degrees clockwise to be upright.
    Rotate270 = 8,
}

impl Orientation {
    /// All eight, in the order of their EXIF numbers.
    pub const ALL: [Self; 8] = [
        Self::Normal,
        Self::FlipHorizontal,
        Self::Rotate180,
        Self::FlipVertical,
        Self::Transpose,
        Self::Rotate90,
        Self::Transverse,
        Self::Rotate270,
    ];

    /// From the value of the EXIF tag; `None` outside 1..=8.
    #[must_use]
    pub fn from_exif(value: u32) -> Option<Self> {
        let index = usize::try_from(value).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// The value of the EXIF tag, 1..=8.
    #[must_use]
    pub const fn to_exif(self) -> u8 {
        self as u8
    }

    /// Whether upright width is stored height.
    #[must_use]
    pub const fn swaps_sides(self) -> bool {
        self as u8 >= 5
    }

    /// The size as seen, from the size as stored. Its own inverse.
    #[must_use]
    pub const fn upright_size(self, stored: Size) -> Size {
        if self.swaps_sides() {
            Size::new(stored.height, stored.width)
        } else {
            stored
        }
    }

    /// The orientation that undoes this one.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Rotate90 => Self::Rotate270,
            Self::Rotate270 => Self::Rotate90,
            other => other,
        }
    }

    /// Where a stored point is seen. `stored` is the size as stored.
    #[must_use]
    pub fn to_upright(self, p: Point, stored: Size) -> Point {
        let (w, h) = (stored.width as f32, stored.height as f32);
        let Point { x, y } = p;
        match self {
            Self::Normal => Point::new(x, y),
            Self::FlipHorizontal => Point::new(w - x, y),
            Self::Rotate180 => Point::new(w - x, h - y),
            Self::FlipVertical => Point::new(x, h - y),
            Self::Transpose => Point::new(y, x),
            Self::Rotate90 => Point::new(h - y, x),
            Self::Transverse => Point::new(h - y, w - x),
            Self::Rotate270 => Point::new(y, w - x),
        }
    }

    /// Where a point as seen is stored. `stored` is the size as stored.
    #[must_use]
    pub fn to_stored(self, p: Point, stored: Size) -> Point {
        self.inverse().to_upright(p, self.upright_size(stored))
    }

    /// A rectangle as seen, where it is stored. `stored` is the size as stored.
    #[must_use]
    pub fn rect_to_stored(self, r: &Rect, stored: Size) -> Rect {
        let a = self.to_stored(Point::new(r.left(), r.top()), stored);
        let b = self.to_stored(Point::new(r.right(), r.bottom()), stored);
        Rect::from_corners(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)).unwrap_or(*r)
    }

    /// A rectangle of pixels as seen, where it is stored; exact. `stored` is the size as stored,
    /// and `r` must lie inside the picture.
    #[must_use]
    pub fn pixels_to_stored(self, r: PixelRect, stored: Size) -> PixelRect {
        let (w, h) = (stored.width, stored.height);
        let (mirror_x, mirror_y) = (w.saturating_sub(r.right()), h.saturating_sub(r.bottom()));
        match self {
            Self::Normal => r,
            Self::FlipHorizontal => PixelRect::new(mirror_x, r.y, r.width, r.height),
            Self::Rotate180 => PixelRect::new(mirror_x, mirror_y, r.width, r.height),
            Self::FlipVertical => PixelRect::new(r.x, mirror_y, r.width, r.height),
            Self::Transpose => PixelRect::new(r.y, r.x, r.height, r.width),
            Self::Rotate90 => PixelRect::new(r.y, h.saturating_sub(r.right()), r.height, r.width),
            Self::Transverse => PixelRect::new(
                w.saturating_sub(r.bottom()),
                h.saturating_sub(r.right()),
                r.height,
                r.width,
            ),
            Self::Rotate270 => PixelRect::new(w.saturating_sub(r.bottom()), r.x, r.height, r.width),
        }
    }

    /// Turns stored pixels of `N` interleaved samples upright. `data` holds `stored.area() * N`
    /// samples, row by row without gaps; so does the result, in the upright size.
    ///
    /// # Panics
    /// If `data` has another length.
    #[must_use]
    pub fn upright_pixels<const N: usize>(self, data: &[u8], stored: Size) -> Vec<u8> {
        self.upright_samples::<u8, N>(data, stored)
    }

    /// As [`Orientation::upright_pixels`], for samples of any type.
    pub(crate) fn upright_samples<T: Copy, const N: usize>(
        self,
        data: &[T],
        stored: Size,
    ) -> Vec<T> {
        assert_eq!(
            data.len() as u64,
            stored.area() * N as u64,
            "pixels of another size"
        );
        if self == Self::Normal {
            return data.to_vec();
        }
        let (w, h) = (stored.width as usize, stored.height as usize);
        let upright = self.upright_size(stored);
        // The stored pixel seen at (0, 0), and the steps to its right and lower neighbour as seen.
        let at = |x: usize, y: usize| (y * w + x) as isize;
        let row = w as isize;
        let (start, right, down) = match self {
            Self::Normal => (at(0, 0), 1, row),
            Self::FlipHorizontal => (at(w - 1, 0), -1, row),
            Self::Rotate180 => (at(w - 1, h - 1), -1, -row),
            Self::FlipVertical => (at(0, h - 1), 1, -row),
            Self::Transpose => (at(0, 0), row, 1),
            Self::Rotate90 => (at(0, h - 1), -row, 1),
            Self::Transverse => (at(w - 1, h - 1), -row, -1),
            Self::Rotate270 => (at(w - 1, 0), row, -1),
        };
        let mut out = Vec::with_capacity(data.len());
        for y in 0..upright.height as isize {
            let mut from = start + y * down;
            for _ in 0..upright.width {
                let i = from as usize * N;
                out.extend_from_slice(&data[i..i + N]);
                from += right;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn orientation() -> impl Strategy<Value = Orientation> {
        (0usize..8).prop_map(|i| Orientation::ALL[i])
    }

    /// A letter F, stored as EXIF 6 says: seen upright after a quarter turn clockwise.
    #[test]
    fn orientation_six_is_a_quarter_turn_clockwise() {
        #[rustfmt::skip]
        let stored = [
            0, 0, 0, 0,
            0, 1, 0, 1,
            1, 1, 1, 1,
        ];
        let upright = Orientation::Rotate90.upright_pixels::<1>(&stored, Size::new(4, 3));
        #[rustfmt::skip]
        assert_eq!(upright, [
            1, 0, 0,
            1, 1, 0,
            1, 0, 0,
            1, 1, 0,
        ]);
    }

    #[test]
    fn exif_numbers_round_trip_and_others_are_refused() {
        for value in 1..=8 {
            assert_eq!(
                Orientation::from_exif(value).map(Orientation::to_exif),
                Some(value as u8)
            );
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
    }

    proptest! {
        #[test]
        fn points_come_back(o in orientation(), x in 0.0f32..30.0, y in 0.0f32..20.0) {
            let stored = Size::new(30, 20);
            let p = o.to_stored(o.to_upright(Point::new(x, y), stored), stored);
            prop_assert!((p.x - x).abs() < 1e-4 && (p.y - y).abs() < 1e-4);
        }

        #[test]
        fn pixels_points_and_rectangles_agree(o in orientation(), w in 1u32..12, h in 1u32..12, seed in any::<u32>()) {
            let stored = Size::new(w, h);
            let data: Vec<u8> = (0..stored.area()).map(|i| i as u8).collect();
            let upright = o.upright_pixels::<1>(&data, stored);
            let seen = o.upright_size(stored);
            let (x, y) = (seed % seen.width, seed / 7 % seen.height);
            let value = upright[(y * seen.width + x) as usize];
            let p = o.to_stored(Point::new(x as f32 + 0.5, y as f32 + 0.5), stored);
            prop_assert_eq!(value, data[p.y as usize * w as usize + p.x as usize]);
            let px = PixelRect::new(x, y, 1, 1);
            let r = o.pixels_to_stored(px, stored);
            prop_assert_eq!((r.x, r.y), (p.x as u32, p.y as u32));
            prop_assert_eq!(o.rect_to_stored(&px.to_rect(), stored), r.to_rect());
        }

        #[test]
        fn turning_there_and_back_changes_nothing(o in orientation(), w in 1u32..9, h in 1u32..9) {
            let stored = Size::new(w, h);
            let data: Vec<u8> = (0..stored.area() * 3).map(|i| i as u8).collect();
            let there = o.upright_pixels::<3>(&data, stored);
            prop_assert_eq!(o.inverse().upright_pixels::<3>(&there, o.upright_size(stored)), data);
        }
    }
}
