//! Rectangles with fractional sides, and their whole-pixel counterpart.

use super::{Point, Size};
use serde::{Deserialize, Serialize};

/// An axis-aligned rectangle with finite corners and sides of zero or more, in pixels. Serialised
/// as its corners, and checked when it is read back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Corners")]
pub struct Rect {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

/// The corners of a rectangle that has not been checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corners {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl TryFrom<Corners> for Rect {
    type Error = &'static str;

    fn try_from(corners: Corners) -> Result<Self, Self::Error> {
        let Corners {
            left,
            top,
            right,
            bottom,
        } = corners;
        Self::from_corners(left, top, right, bottom).ok_or("corners that are no rectangle")
    }
}

impl Rect {
    /// The rectangle from its top left corner and its sides; `None` if any number or resulting
    /// corner is not finite or a side is negative.
    #[must_use]
    pub fn new(x: f32, y: f32, width: f32, height: f32) -> Option<Self> {
        (width >= 0.0 && height >= 0.0)
            .then(|| Self::from_corners(x, y, x + width, y + height))
            .flatten()
    }

    /// The rectangle between two corners; `None` if a number is not finite or the corners are
    /// swapped.
    #[must_use]
    pub fn from_corners(left: f32, top: f32, right: f32, bottom: f32) -> Option<Self> {
        let finite = [left, top, right, bottom].iter().all(|v| v.is_finite());
        (finite && left <= right && top <= bottom).then_some(Self {
            left,
            top,
            right,
            bottom,
        })
    }

    /// The whole of a picture.
    #[must_use]
    pub fn of(size: Size) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            right: size.width as f32,
            bottom: size.height as f32,
        }
    }

    /// Left edge.
    #[must_use]
    pub const fn left(&self) -> f32 {
        self.left
    }

    /// Top edge.
    #[must_use]
    pub const fn top(&self) -> f32 {
        self.top
    }

    /// Right edge, the first place outside.
    #[must_use]
    pub const fn right(&self) -> f32 {
        self.right
    }

    /// Bottom edge, the first place outside.
    #[must_use]
    pub const fn bottom(&self) -> f32 {
        self.bottom
    }

    /// Horizontal side.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Vertical side.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// The longer side.
    #[must_use]
    pub fn longest(&self) -> f32 {
        self.width().max(self.height())
    }

    /// Width times height.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The middle.
    #[must_use]
    pub fn center(&self) -> Point {
        Point::new(
            (self.left + self.right) * 0.5,
            (self.top + self.bottom) * 0.5,
        )
    }

    /// The common part; `None` if there is none or it has no area.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let (right, bottom) = (self.right.min(other.right), self.bottom.min(other.bottom));
        (left < right && top < bottom).then_some(Self {
            left,
            top,
            right,
            bottom,
        })
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether a point lies inside; the right and lower edge do not.
    #[must_use]
    pub fn holds(&self, p: Point) -> bool {
        (self.left()..self.right()).contains(&p.x) && (self.top()..self.bottom()).contains(&p.y)
    }

    /// Intersection over union, in 0..=1; 0 where both are empty.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let common = self.intersection(other).map_or(0.0, |r| r.area());
        let whole = self.area() + other.area() - common;
        if whole > 0.0 {
            (common / whole).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Share of this rectangle that lies inside the other, in 0..=1; 0 if this one is empty.
    #[must_use]
    pub fn share_inside(&self, other: &Self) -> f32 {
        let area = self.area();
        if area <= 0.0 {
            return 0.0;
        }
        (self.intersection(other).map_or(0.0, |r| r.area()) / area).clamp(0.0, 1.0)
    }

    /// Both sides times `factor` about the middle. `factor` must be finite and not negative;
    /// anything else leaves the rectangle as it is.
    #[must_use]
    pub fn grown(&self, factor: f32) -> Self {
        if !(factor.is_finite() && factor >= 0.0) {
            return *self;
        }
        let (c, w, h) = (
            self.center(),
            self.width() * factor * 0.5,
            self.height() * factor * 0.5,
        );
        Self::from_corners(c.x - w, c.y - h, c.x + w, c.y + h).unwrap_or(*self)
    }

    /// With a border of `by` on each side.
    pub(crate) fn padded(&self, by: f32) -> Self {
        let (left, top) = (self.left - by, self.top - by);
        Self::from_corners(left, top, self.right + by, self.bottom + by).unwrap_or(*self)
    }

    /// Moved by (dx, dy), then multiplied by (sx, sy): the step from one picture to a scaled crop
    /// of it. `None` if the result is not finite or a factor is negative.
    #[must_use]
    pub fn mapped(&self, dx: f32, dy: f32, sx: f32, sy: f32) -> Option<Self> {
        Self::from_corners(
            (self.left + dx) * sx,
            (self.top + dy) * sy,
            (self.right + dx) * sx,
            (self.bottom + dy) * sy,
        )
    }

    /// All pixels of a picture that the rectangle touches: rounded outward, then clipped. `None` if
    /// it lies outside or has no area.
    #[must_use]
    pub fn round_out(&self, size: Size) -> Option<PixelRect> {
        let inside = self.intersection(&Self::of(size))?;
        let (x, y) = (inside.left.floor() as u32, inside.top.floor() as u32);
        let right = (inside.right.ceil() as u32).min(size.width);
        let bottom = (inside.bottom.ceil() as u32).min(size.height);
        (right > x && bottom > y).then(|| PixelRect::new(x, y, right - x, bottom - y))
    }
}

/// A rectangle of whole pixels, half-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PixelRect {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl PixelRect {
    /// `width` by `height` pixels from (x, y).
    #[must_use]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The whole of a picture.
    #[must_use]
    pub const fn of(size: Size) -> Self {
        Self::new(0, 0, size.width, size.height)
    }

    /// First column to the right of it.
    #[must_use]
    pub const fn right(&self) -> u32 {
        self.x + self.width
    }

    /// First row below it.
    #[must_use]
    pub const fn bottom(&self) -> u32 {
        self.y + self.height
    }

    /// Its sides.
    #[must_use]
    pub const fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// The same with fractional sides.
    #[must_use]
    pub fn to_rect(self) -> Rect {
        Rect {
            left: self.x as f32,
            top: self.y as f32,
            right: self.right() as f32,
            bottom: self.bottom() as f32,
        }
    }

    /// Grown by `by` pixels on every side, clipped to a picture.
    #[must_use]
    pub fn expanded(&self, by: u32, within: Size) -> Self {
        let (x, y) = (self.x.saturating_sub(by), self.y.saturating_sub(by));
        let right = self.right().saturating_add(by).min(within.width);
        let bottom = self.bottom().saturating_add(by).min(within.height);
        Self::new(x, y, right.saturating_sub(x), bottom.saturating_sub(y))
    }

    /// Whether the two share a pixel.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        );
        Self::new(x, y, right - x, bottom - y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rect() -> impl Strategy<Value = Rect> {
        (
            -50.0f32..150.0,
            -50.0f32..150.0,
            0.0f32..120.0,
            0.0f32..120.0,
        )
            .prop_map(|(x, y, w, h)| Rect::new(x, y, w, h).expect("finite and positive"))
    }

    #[test]
    fn a_rectangle_with_nan_infinity_or_a_negative_side_cannot_be_built() {
        assert_eq!(Rect::new(f32::NAN, 0.0, 1.0, 1.0), None);
        assert_eq!(Rect::new(0.0, 0.0, f32::INFINITY, 1.0), None);
        assert_eq!(Rect::new(f32::MAX, 0.0, f32::MAX, 1.0), None);
        assert_eq!(Rect::new(0.0, 0.0, -1.0, 1.0), None);
        assert_eq!(Rect::new(0.0, 0.0, 1.0, f32::NAN), None);
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(a in rect(), b in rect()) {
            prop_assert_eq!(a.iou(&b), b.iou(&a));
            prop_assert!((0.0..=1.0).contains(&a.iou(&b)));
        }

        #[test]
        fn iou_with_itself_is_one(a in rect()) {
            prop_assume!(a.area() > 0.01);
            prop_assert!((a.iou(&a) - 1.0).abs() < 1e-5);
        }

        #[test]
        fn iou_equals_counted_pixels(ax in 0u32..20, ay in 0u32..20, aw in 1u32..20, ah in 1u32..20,
                                     bx in 0u32..20, by in 0u32..20, bw in 1u32..20, bh in 1u32..20) {
            let (a, b) = (PixelRect::new(ax, ay, aw, ah), PixelRect::new(bx, by, bw, bh));
            let inside = |r: &PixelRect, x: u32, y: u32| x >= r.x && x < r.right() && y >= r.y && y < r.bottom();
            let (mut both, mut either) = (0, 0);
            for y in 0..40 { for x in 0..40 {
                both += u32::from(inside(&a, x, y) && inside(&b, x, y));
                either += u32::from(inside(&a, x, y) || inside(&b, x, y));
            } }
            prop_assert!((a.to_rect().iou(&b.to_rect()) - both as f32 / either as f32).abs() < 1e-5);
            prop_assert_eq!(a.overlaps(&b), both > 0);
        }

        #[test]
        fn rounding_goes_outward_and_stays_inside_the_picture(a in rect()) {
            let size = Size::new(100, 80);
            match a.round_out(size) {
                None => prop_assert!(a.intersection(&Rect::of(size)).is_none()),
                Some(p) => {
                    let clipped = a.intersection(&Rect::of(size)).expect("touches the picture");
                    let r = p.to_rect();
                    prop_assert!(r.left() <= clipped.left() && r.right() >= clipped.right());
                    prop_assert!(r.top() <= clipped.top() && r.bottom() >= clipped.bottom());
                    prop_assert!(p.right() <= size.width && p.bottom() <= size.height);
                    prop_assert!(r.width() < clipped.width() + 2.0 && r.height() < clipped.height() + 2.0);
                }
            }
        }

        #[test]
        fn growing_keeps_the_middle_and_scales_the_sides(a in rect(), f in 0.0f32..4.0) {
            let g = a.grown(f);
            prop_assert!((g.center().x - a.center().x).abs() < 1e-3 && (g.center().y - a.center().y).abs() < 1e-3);
            prop_assert!((g.width() - a.width() * f).abs() < 1e-3 && (g.height() - a.height() * f).abs() < 1e-3);
        }
    }
}
