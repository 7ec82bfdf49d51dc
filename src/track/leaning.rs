//! Boxes that lie askew, as writing does: upright in axes of their own, which are turned. What can
//! be done with upright boxes (test whether one holds the other, join, grow, move) is done with
//! these in the axes of one of them.
//!
//! Invariant: [`Leaning::of`] holds its quadrilateral, [`Leaning::at`] and [`Leaning::union`] hold
//! what they are made from, but for the rounding of single precision.

use crate::geometry::{Point, Quad, Rect};
use std::f64::consts::FRAC_PI_2;

/// A rectangle whose sides are turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leaning {
    /// Of the axis along it, in radians; any number, since turns are followed beyond a whole one.
    angle: f64,
    /// Its sides in coordinates along and across, both from the picture's origin.
    sides: Rect,
}

impl Leaning {
    /// Around a quadrilateral, along its longer edges. `None` for one that is too far away to be
    /// put in numbers.
    pub(super) fn of(quad: &Quad) -> Option<Self> {
        let [a, b, c, d] = quad.corners();
        let way = |p: Point, q: Point, r: Point, s: Point| {
            let (x, y) = (q.x - p.x + s.x - r.x, q.y - p.y + s.y - r.y);
            (f64::from(x), f64::from(y))
        };
        let (along, across) = (way(a, b, d, c), way(b, c, a, d));
        let (x, y) = match along.0.hypot(along.1) >= across.0.hypot(across.1) {
            true => along,
            false => across,
        };
        around(quad, y.atan2(x))
    }

    /// The box with this angle around it.
    pub(super) fn at(&self, angle: f64) -> Option<Self> {
        if angle == self.angle {
            return Some(*self);
        }
        around(&self.corners()?, angle)
    }

    /// The same box with its axes named so that they are turned by no more than 45 degrees from
    /// those of another angle: what is along and what is across may change places.
    pub(super) fn near(&self, angle: f64) -> Option<Self> {
        let quarters = ((angle - self.angle) / FRAC_PI_2).round();
        let r = &self.sides;
        let (left, top, right, bottom) = (r.left(), r.top(), r.right(), r.bottom());
        // `as` clamps, and a number that is none gives 0.
        let sides = match (quarters.rem_euclid(4.0)) as u8 {
            0 => Some(self.sides),
            1 => Rect::from_corners(top, -right, bottom, -left),
            2 => Rect::from_corners(-right, -bottom, -left, -top),
            _ => Rect::from_corners(-bottom, left, -top, right),
        };
        sides.map(|sides| Self {
            angle: self.angle + quarters * FRAC_PI_2,
            sides,
        })
    }

    /// A box with this angle, its middle in the picture, and its length along and across.
    pub(super) fn new(angle: f64, middle: Point, [along, across]: [f32; 2]) -> Option<Self> {
        let (u, v) = turned(middle, -angle);
        let (u, v) = (u as f32, v as f32);
        let sides = Rect::new(u - along * 0.5, v - across * 0.5, along, across)?;
        Some(Self { angle, sides })
    }

    /// The same axes with other sides.
    pub(super) const fn with_sides(&self, sides: Rect) -> Self {
        Self {
            angle: self.angle,
            sides,
        }
    }

    pub(super) const fn angle(&self) -> f64 {
        self.angle
    }

    /// Its sides in its own coordinates.
    pub(super) const fn sides(&self) -> &Rect {
        &self.sides
    }

    /// A point of the picture in its coordinates.
    pub(super) fn own(&self, p: Point) -> Point {
        let (x, y) = turned(p, -self.angle);
        Point::new(x as f32, y as f32)
    }

    /// Its middle in the picture.
    pub(super) fn center(&self) -> Point {
        let (x, y) = turned(self.sides.center(), self.angle);
        Point::new(x as f32, y as f32)
    }

    /// In the picture.
    pub(super) fn corners(&self) -> Option<Quad> {
        let r = &self.sides;
        let corners = [
            (r.left(), r.top()),
            (r.right(), r.top()),
            (r.right(), r.bottom()),
            (r.left(), r.bottom()),
        ];
        Quad::new(corners.map(|(u, v)| {
            let (x, y) = turned(Point::new(u, v), self.angle);
            Point::new(x as f32, y as f32)
        }))
    }

    /// Moved in the picture.
    pub(super) fn moved(&self, x: f32, y: f32) -> Option<Self> {
        let by = self.own(Point::new(x, y));
        let sides = self.sides.mapped(by.x, by.y, 1.0, 1.0)?;
        Some(self.with_sides(sides))
    }

    /// Around both, with its own axes.
    pub(super) fn union(&self, other: &Self) -> Option<Self> {
        let other = other.at(self.angle)?;
        Some(self.with_sides(self.sides.union(&other.sides)))
    }

    /// Padded by so many pixels of the picture to either side, and up and down.
    pub(super) fn padded(&self, x: f32, y: f32) -> Option<Self> {
        let (sin, cos) = self.angle.sin_cos();
        let (sin, cos) = (sin.abs() as f32, cos.abs() as f32);
        let (along, across) = (cos * x + sin * y, sin * x + cos * y);
        let (w, h) = (self.sides.width(), self.sides.height());
        self.sized(w + 2.0 * along, h + 2.0 * across)
    }

    /// Large enough for itself if its angle is off by so much, radians.
    pub(super) fn unsure(&self, by: f64) -> Option<Self> {
        let (w, h) = (self.sides.width(), self.sides.height());
        let reach = |side: f32, other: f32| {
            // As far as the diagonal, where it turns that far.
            let (side, other) = (f64::from(side), f64::from(other));
            let (sin, cos) = by.abs().min(other.atan2(side)).sin_cos();
            (side * cos + other * sin) as f32
        };
        self.sized(reach(w, h).max(w), reach(h, w).max(h))
    }

    fn sized(&self, w: f32, h: f32) -> Option<Self> {
        let c = self.sides.center();
        let sides = Rect::new(c.x - w * 0.5, c.y - h * 0.5, w, h)?;
        Some(self.with_sides(sides))
    }
}

/// A point in axes that are turned back by this angle.
fn turned(p: Point, angle: f64) -> (f64, f64) {
    let (sin, cos) = angle.sin_cos();
    let (x, y) = (f64::from(p.x), f64::from(p.y));
    (x * cos - y * sin, x * sin + y * cos)
}

/// The box with this angle around a quadrilateral.
fn around(quad: &Quad, angle: f64) -> Option<Leaning> {
    let own = quad.corners().map(|p| turned(p, -angle));
    let fold = |of: fn(&(f64, f64)) -> f64, pick: fn(f64, f64) -> f64| {
        own.iter().map(of).fold(of(&own[0]), pick) as f32
    };
    let sides = Rect::from_corners(
        fold(|p| p.0, f64::min),
        fold(|p| p.1, f64::min),
        fold(|p| p.0, f64::max),
        fold(|p| p.1, f64::max),
    )?;
    Some(Leaning { angle, sides })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaning() -> impl Strategy<Value = Leaning> {
        let middle = (-200.0f32..4000.0, -200.0f32..2200.0);
        (middle, 4.0f32..400.0, 4.0f32..400.0, -7.0f64..7.0)
            .prop_filter_map("a box", |((x, y), w, h, angle)| {
                Leaning::new(angle, Point::new(x, y), [w, h])
            })
    }

    fn quad(of: &Leaning) -> Quad {
        of.corners().expect("finite")
    }

    /// Whether all corners of one lie in the other.
    fn holds(one: &Leaning, other: &Leaning) -> bool {
        let outer = quad(one);
        quad(other).corners().iter().all(|p| outer.holds(*p, 0.02))
    }

    proptest! {
        #[test]
        fn what_is_made_from_boxes_holds_them(
            a in leaning(), b in leaning(), angle in -7.0f64..7.0, off in 0.0f64..0.7
        ) {
            prop_assert!(holds(&a.at(angle).expect("a box"), &a));
            let both = a.union(&b).expect("a box");
            prop_assert!(holds(&both, &a) && holds(&both, &b));
            prop_assert!(holds(&Leaning::of(&quad(&a)).expect("a box"), &a));
            let padded = a.padded(7.0, 3.0).expect("a box");
            for (x, y) in [(7.0, 3.0), (7.0, -3.0), (-7.0, 3.0), (-7.0, -3.0), (0.0, 0.0)] {
                prop_assert!(holds(&padded, &a.moved(x, y).expect("a box")));
            }
            let unsure = a.unsure(off).expect("a box");
            let size = [a.sides().width(), a.sides().height()];
            for by in [-off, off / 2.0, off] {
                let other = Leaning::new(a.angle() + by, a.center(), size);
                prop_assert!(holds(&unsure, &other.expect("a box")), "{}", by);
            }
        }

        #[test]
        fn other_axes_are_another_name_of_the_same_box(a in leaning(), angle in -9.0f64..9.0) {
            let b = a.near(angle).expect("a box");
            prop_assert!((b.angle() - angle).abs() <= FRAC_PI_2 / 2.0 + 1e-9);
            prop_assert!(holds(&a, &b) && holds(&b, &a));
            prop_assert_eq!(a.sides().area(), b.sides().area());
        }
    }

    #[test]
    fn the_longer_edges_say_how_it_lies() {
        let corners = [(10.0, 0.0), (13.0, 4.0), (5.0, 10.0), (2.0, 6.0)];
        let quad = Quad::new(corners.map(|(x, y)| Point::new(x, y))).expect("finite");
        let leaning = Leaning::of(&quad).expect("a box");
        assert!((leaning.sides().width() - 10.0).abs() < 1e-4, "{leaning:?}");
        assert!((leaning.sides().height() - 5.0).abs() < 1e-4, "{leaning:?}");
        let point = Quad::new([Point::new(3.0, 4.0); 4]).expect("finite");
        assert!(Leaning::of(&point).is_some());
    }
}
