//! A quadrilateral: what writing that lies askew fills.

use super::{Point, Rect};

/// Four corners, clockwise, all finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quad([Point; 4]);

impl Quad {
    /// Four points in any order; `None` if one is not finite.
    #[must_use]
    pub fn new(mut corners: [Point; 4]) -> Option<Self> {
        if !corners.iter().all(|p| p.x.is_finite() && p.y.is_finite()) {
            return None;
        }
        let mean = |of: fn(&Point) -> f32| corners.iter().map(|p| of(p) / 4.0).sum::<f32>();
        let middle = Point::new(mean(|p| p.x), mean(|p| p.y));
        let angle = |p: &Point| (p.y - middle.y).atan2(p.x - middle.x);
        corners.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
        Some(Self(corners))
    }

    /// The corners, clockwise.
    #[must_use]
    pub const fn corners(&self) -> [Point; 4] {
        self.0
    }

    /// The smallest upright rectangle around it.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        let fold = |of: fn(&Point) -> f32, pick: fn(f32, f32) -> f32| {
            self.0.iter().map(of).fold(of(&self.0[0]), pick)
        };
        let (left, right) = (fold(|p| p.x, f32::min), fold(|p| p.x, f32::max));
        let (top, bottom) = (fold(|p| p.y, f32::min), fold(|p| p.y, f32::max));
        Rect::from_corners(left, top, right, bottom)
            .unwrap_or_else(|| Rect::of(super::Size::new(0, 0)))
    }

    /// How far it reaches to the left and to the right between two heights, which may be equal;
    /// `None` if it is not there.
    #[must_use]
    pub fn reach(&self, from: f64, to: f64) -> Option<(f64, f64)> {
        let mut reach: Option<(f64, f64)> = None;
        let mut add = |x: f64| {
            let (left, right) = reach.unwrap_or((x, x));
            reach = Some((left.min(x), right.max(x)));
        };
        for (a, b) in self.edges() {
            let (low, high) = (from.max(a.1.min(b.1)), to.min(a.1.max(b.1)));
            if low > high {
                continue;
            }
            // Where the edge enters and leaves the strip; all of it if it is level.
            for (y, level) in [(low, a.0), (high, b.0)] {
                let along = (y - a.1) / (b.1 - a.1);
                add(match along.is_finite() {
                    true => a.0 + (b.0 - a.0) * along,
                    false => level,
                });
            }
        }
        reach
    }

    /// Whether a point lies in it, or no farther than `by` beyond the line of any side. For those
    /// without a dent.
    #[must_use]
    pub fn holds(&self, p: Point, by: f64) -> bool {
        let (x, y) = (f64::from(p.x), f64::from(p.y));
        self.edges().all(|(a, b)| {
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let outward = ((x - a.0) * dy - (y - a.1) * dx) / dx.hypot(dy);
            // A side without length bounds nothing.
            outward.is_nan() || outward <= by
        })
    }

    /// With each side so much farther out, for those whose corners are right angles.
    pub(crate) fn padded(&self, by: f32) -> Option<Self> {
        let [a, b, .., d] = self.0;
        let unit = |p: Point, q: Point| {
            let length = (q.x - p.x).hypot(q.y - p.y).max(f32::MIN_POSITIVE);
            ((q.x - p.x) / length * by, (q.y - p.y) / length * by)
        };
        let ((ux, uy), (vx, vy)) = (unit(a, b), unit(a, d));
        let signs = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        let mut grown = self.0;
        for (p, (s, t)) in grown.iter_mut().zip(signs) {
            *p = Point::new(p.x + s * ux + t * vx, p.y + s * uy + t * vy);
        }
        Self::new(grown)
    }

    fn edges(&self) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
        let at = |i: usize| {
            let p = self.0[i % 4];
            (f64::from(p.x), f64::from(p.y))
        };
        (0..4).map(move |i| (at(i), at(i + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diamond() -> Quad {
        let p = Point::new;
        // In no order.
        Quad::new([p(10.0, 0.0), p(10.0, 20.0), p(20.0, 10.0), p(0.0, 10.0)]).expect("finite")
    }

    #[test]
    fn corners_are_put_in_order_and_bounded() {
        let quad = diamond();
        let r = quad.bounds();
        assert_eq!(
            (r.left(), r.top(), r.right(), r.bottom()),
            (0.0, 0.0, 20.0, 20.0)
        );
        let [a, b, ..] = quad.corners();
        assert_ne!(
            (a.x, a.y),
            (20.0 - b.x, 20.0 - b.y),
            "neighbours, not opposite"
        );
        assert!(Quad::new([Point::new(f32::NAN, 0.0); 4]).is_none());
    }

    #[test]
    fn the_reach_of_a_strip_is_that_of_its_widest_line() {
        let quad = diamond();
        assert_eq!(quad.reach(10.0, 10.0), Some((0.0, 20.0)));
        assert_eq!(quad.reach(4.0, 5.0), Some((5.0, 15.0)));
        assert_eq!(quad.reach(8.0, 12.0), Some((0.0, 20.0)));
        assert_eq!(quad.reach(20.5, 30.0), None);
        let level = Quad::new(
            [(1.0, 2.0), (7.0, 2.0), (7.0, 4.0), (1.0, 4.0)].map(|(x, y)| Point::new(x, y)),
        );
        assert_eq!(level.expect("finite").reach(0.0, 2.5), Some((1.0, 7.0)));
    }

    #[test]
    fn points_are_held_up_to_a_distance_from_its_sides() {
        let quad = diamond();
        assert!(quad.holds(Point::new(10.0, 10.0), 0.0));
        assert!(!quad.holds(Point::new(2.0, 2.0), 1.0));
        assert!(quad.holds(Point::new(4.0, 4.0), 2.0));
    }
}
