//! Panoramas: which direction from the camera a pixel shows.
//!
//! In an equirectangular picture x is the longitude and y the latitude. Its left and right edges
//! are the same line, and what lies near a pole is drawn wider than it is.

use super::{Point, Rect, Size};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Points of an outline that is carried from one projection to another.
const OUTLINE: u32 = 96;
/// What may lie between two of them, as a factor.
const BETWEEN: f64 = 1.005;
/// Nearer to a pole than this, a mask takes the pole in.
const NEAR_POLE: f64 = 0.02;
/// Largest half angle of a mask that is drawn as a shape.
const LARGEST: f64 = 1.4;

/// An equirectangular picture that goes all the way round: 360 degrees wide, and as high as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Equirectangular {
    size: Size,
    /// Radians a pixel.
    step: (f64, f64),
    /// Latitude of the upper edge.
    top: f64,
}

/// A direction as a unit vector: right, up, forward.
pub(crate) type Direction = [f64; 3];

impl Equirectangular {
    /// A picture of which the horizon is the middle row, and whose pixels are as high as they are
    /// wide. Twice as wide as high, it is the whole sphere.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let step = TAU / f64::from(size.width.max(1));
        let top = (f64::from(size.height) * step / 2.0).min(FRAC_PI_2);
        let step_y = top * 2.0 / f64::from(size.height.max(1));
        Self {
            size,
            step: (step, step_y),
            top,
        }
    }

    /// A picture that is a band of a whole sphere of `full_height` rows; `above` rows are cut off.
    /// Both are counted in rows of a sphere of which `rows` are in the picture. `None` if they do
    /// not fit.
    #[must_use]
    pub fn band(size: Size, full_height: u32, above: u32, rows: u32) -> Option<Self> {
        let fits = u64::from(above) + u64::from(rows) <= u64::from(full_height);
        if size.is_empty() || rows == 0 || !fits {
            return None;
        }
        let row = PI / f64::from(full_height);
        Some(Self {
            size,
            step: (
                TAU / f64::from(size.width),
                row * f64::from(rows) / f64::from(size.height),
            ),
            top: FRAC_PI_2 - row * f64::from(above),
        })
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Latitudes of the lower and the upper edge.
    pub(crate) fn latitudes(&self) -> (f64, f64) {
        let bottom = self.top - f64::from(self.size.height) * self.step.1;
        (bottom, self.top)
    }

    /// The row that shows a latitude, as far as there is one.
    pub(crate) fn row(&self, latitude: f64) -> f64 {
        (self.top - latitude) / self.step.1
    }

    fn sphere(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.step.0 - PI, self.top - y * self.step.1)
    }

    /// The latitude of a row.
    pub(crate) fn latitude(&self, y: f32) -> f64 {
        self.sphere(0.0, y.into()).1
    }

    /// The direction of a point.
    #[cfg(test)]
    pub(crate) fn direction(&self, p: Point) -> Direction {
        let (longitude, latitude) = self.sphere(p.x.into(), p.y.into());
        Tangent::new(longitude, latitude).direction(0.0, 0.0)
    }

    /// The point that shows a direction; x in 0..width, y may lie beyond the picture.
    pub(crate) fn point(&self, d: Direction) -> Point {
        let longitude = d[0].atan2(d[2]);
        let latitude = d[1].clamp(-1.0, 1.0).asin();
        let width = f64::from(self.size.width);
        let x = ((longitude + PI) / self.step.0).rem_euclid(width);
        Point::new(x as f32, self.row(latitude) as f32)
    }

    /// The box of something at a direction that is so large, in radians. Its middle is in the
    /// picture's width; it may reach beyond both edges.
    pub(crate) fn area(&self, middle: Direction, width: f64, height: f64) -> Option<Rect> {
        let latitude = middle[1].clamp(-1.0, 1.0).asin();
        let full = f64::from(self.size.width);
        let wide = (width / latitude.cos().max(1e-6) / self.step.0).min(full) as f32;
        let high = (height / self.step.1) as f32;
        let p = self.point(middle);
        Rect::new(p.x - wide / 2.0, p.y - high / 2.0, wide, high)
    }

    /// The same box with its middle in the picture's width.
    pub(crate) fn normalised(&self, area: &Rect) -> Rect {
        let width = self.size.width as f32;
        let x = area.center().x;
        area.mapped(x.rem_euclid(width) - x, 0.0, 1.0, 1.0)
            .unwrap_or(*area)
    }

    /// A rectangle and its copies a turn to the left and to the right, those that are in the
    /// picture.
    pub(crate) fn copies(&self, area: &Rect) -> Vec<Rect> {
        let (width, picture) = (self.size.width as f32, Rect::of(self.size));
        let moved = [0.0, -width, width]
            .into_iter()
            .filter_map(|dx| area.mapped(dx, 0.0, 1.0, 1.0));
        moved
            .filter(|r| r.intersection(&picture).is_some())
            .collect()
    }

    /// Intersection over union, whichever way round.
    pub(crate) fn iou(&self, a: &Rect, b: &Rect) -> f32 {
        let width = self.size.width as f32;
        [0.0, -width, width]
            .into_iter()
            .filter_map(|dx| a.mapped(dx, 0.0, 1.0, 1.0))
            .map(|a| a.iou(b))
            .fold(0.0, f32::max)
    }

    /// What covers a face that is grown by `margin` and then by `room` pixels on each side, as
    /// large on the sphere as a mask on the flat picture is. With `ellipse`, the ellipse in the
    /// rectangle covers the grown ellipse, else the rectangle covers the grown rectangle. `None` if
    /// only a band across the whole width does, see [`Equirectangular::polar_band`].
    pub(crate) fn grown(&self, face: &Rect, margin: f32, room: f32, ellipse: bool) -> Option<Rect> {
        let c = face.center();
        let (longitude, latitude) = self.sphere(c.x.into(), c.y.into());
        let (a, b) = self.half_angles(face, latitude, margin, room);
        if a > LARGEST || b > LARGEST || b + latitude.abs() > FRAC_PI_2 - NEAR_POLE {
            return None;
        }
        let view = Tangent::new(longitude, latitude);
        let flat = face.grown(margin).padded(room);
        let (half_w, half_h) = (
            f64::from(flat.width()) / 2.0,
            f64::from(flat.height()) / 2.0,
        );
        // About the face's middle: the outline on the sphere, and that on the flat picture.
        let mut points = Vec::with_capacity(2 * OUTLINE as usize);
        for i in 0..OUTLINE {
            let (u, v) = on_outline(f64::from(i) / f64::from(OUTLINE), ellipse);
            let d = view.direction(u * a.tan(), v * b.tan());
            let p = (d[0].atan2(d[2]), d[1].clamp(-1.0, 1.0).asin());
            let turned = (p.0 - longitude + PI).rem_euclid(TAU) - PI;
            points.push((turned / self.step.0, (latitude - p.1) / self.step.1));
            points.push((u * half_w, v * half_h));
        }
        let least = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).fold(f64::MAX, f64::min);
        let most = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).fold(f64::MIN, f64::max);
        let (x0, x1) = (least(|p| p.0), most(|p| p.0));
        let (y0, y1) = (least(|p| p.1), most(|p| p.1));
        let (mx, my) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
        let (rx, ry) = ((x1 - x0) / 2.0, (y1 - y0) / 2.0);
        let mut factor = BETWEEN;
        if ellipse {
            let radius = |p: &(f64, f64)| ((p.0 - mx) / rx).hypot((p.1 - my) / ry);
            factor *= points.iter().map(radius).fold(1.0, f64::max);
        }
        let (rx, ry) = (rx * factor, ry * factor);
        let (mx, my) = (mx + f64::from(c.x), my + f64::from(c.y));
        Rect::from_corners(
            (mx - rx) as f32,
            (my - ry) as f32,
            (mx + rx) as f32,
            (my + ry) as f32,
        )
        .filter(|r| r.width() < self.size.width as f32)
    }

    /// The band across the whole width that covers a grown face whose mask takes in a pole, or goes
    /// round.
    pub(crate) fn polar_band(&self, face: &Rect, margin: f32, room: f32) -> Rect {
        let c = face.center();
        let latitude = self.sphere(c.x.into(), c.y.into()).1;
        let (a, b) = self.half_angles(face, latitude, margin, room);
        // A corner of a box is the farthest from its middle.
        let reach = a.hypot(b);
        // Over a pole and down on the other side it is as far from it as here.
        let (mut low, mut high) = (latitude - reach, latitude + reach);
        if high > FRAC_PI_2 - NEAR_POLE {
            (low, high) = (low.min(PI - high), FRAC_PI_2);
        }
        if low < -FRAC_PI_2 + NEAR_POLE {
            (low, high) = (-FRAC_PI_2, high.max(-PI - low));
        }
        let bottom = f64::from(self.size.height);
        let (y0, y1) = (self.row(high), self.row(low));
        Rect::from_corners(
            0.0,
            y0.clamp(0.0, bottom) as f32,
            self.size.width as f32,
            y1.clamp(0.0, bottom).max(y0.max(0.0)) as f32,
        )
        .unwrap_or(Rect::of(self.size))
    }

    /// Half the width and half the height of a grown face, in radians.
    fn half_angles(&self, face: &Rect, latitude: f64, margin: f32, room: f32) -> (f64, f64) {
        let (room, margin) = (f64::from(room), f64::from(margin));
        let b = (f64::from(face.height()) / 2.0 * margin + room) * self.step.1;
        let wide = f64::from(face.width()) / 2.0 * margin * self.step.0 * latitude.cos();
        // At a pole a box has no width of its own; no face is narrower than this.
        let a = wide.max(0.6 * b) + room * self.step.1;
        (a, b)
    }
}

/// A point of the outline of the ellipse or the square with half axes of 1.
fn on_outline(share: f64, ellipse: bool) -> (f64, f64) {
    let (sin, cos) = (share * TAU).sin_cos();
    match ellipse {
        true => (cos, sin),
        false => {
            let longer = sin.abs().max(cos.abs());
            (cos / longer, sin / longer)
        }
    }
}

/// A plane that touches the sphere: a flat view in one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tangent {
    right: Direction,
    up: Direction,
    forward: Direction,
}

impl Tangent {
    /// Looking at a longitude and latitude, the horizon level.
    pub(crate) fn new(longitude: f64, latitude: f64) -> Self {
        let (s, c) = longitude.sin_cos();
        let (t, k) = latitude.sin_cos();
        Self {
            right: [c, 0.0, -s],
            up: [-s * t, k, -c * t],
            forward: [s * k, t, c * k],
        }
    }

    /// The direction of a point of the plane at distance 1; x to the right, y down.
    pub(crate) fn direction(&self, x: f64, y: f64) -> Direction {
        let d = [0, 1, 2].map(|i| self.forward[i] + x * self.right[i] - y * self.up[i]);
        let length = d.iter().map(|v| v * v).sum::<f64>().sqrt();
        d.map(|v| v / length)
    }
}

/// The angle between two directions.
pub(crate) fn angle(a: Direction, b: Direction) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    dot.clamp(-1.0, 1.0).acos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: Size = Size::new(4096, 2048);

    #[test]
    fn the_middle_looks_forward_and_the_edges_backward() {
        let all = Equirectangular::new(SIZE);
        assert_eq!(all.point([0.0, 0.0, 1.0]), Point::new(2048.0, 1024.0));
        assert_eq!(all.point([1.0, 0.0, 0.0]), Point::new(3072.0, 1024.0));
        let back = all.point([-1e-9, 0.0, -1.0]);
        assert!(back.x < 0.1 || back.x > 4095.9, "{back:?}");
        assert_eq!(all.point([0.0, 1.0, 0.0]).y, 0.0);
    }

    #[test]
    fn a_band_knows_its_latitudes() {
        let band = Equirectangular::band(Size::new(2048, 512), 2048, 512, 1024).expect("fits");
        let (low, high) = band.latitudes();
        assert!((high - FRAC_PI_2 / 2.0).abs() < 1e-9 && (low + FRAC_PI_2 / 2.0).abs() < 1e-9);
        assert!(Equirectangular::band(Size::new(2048, 512), 1000, 512, 1024).is_none());
    }

    #[test]
    fn a_box_over_the_edge_has_a_copy_on_the_other_side() {
        let all = Equirectangular::new(SIZE);
        let area = Rect::new(4000.0, 900.0, 200.0, 200.0).expect("a box");
        let copies = all.copies(&area);
        let left: Vec<f32> = copies.iter().map(Rect::left).collect();
        assert_eq!(left, [4000.0, -96.0]);
        let other = Rect::new(-96.0, 900.0, 200.0, 200.0).expect("a box");
        assert!(all.iou(&area, &other) > 0.999);
    }

    /// Whether a mask holds a point of the flat mask that a face has in a view of it: `at` of the
    /// way round its outline, `within` of the way there from its middle.
    fn is_held(
        [longitude, latitude]: [f64; 2],
        side: f64,
        (at, within): (f64, f64),
        ellipse: bool,
    ) -> bool {
        let all = Equirectangular::new(SIZE);
        let view = Tangent::new(longitude, latitude);
        let face = all
            .area(view.direction(0.0, 0.0), side, side)
            .expect("a box");
        let half = side / 2.0 * 1.7;
        let (u, v) = on_outline(at, ellipse);
        let p = all.point(view.direction(u * within * half, v * within * half));
        let areas = match all.grown(&face, 1.7, 1.5, ellipse) {
            Some(area) => all.copies(&area),
            None => vec![],
        };
        let inside = |r: &Rect| {
            let c = r.center();
            let (x, y) = (
                (p.x - c.x) / r.width() * 2.0,
                (p.y - c.y) / r.height() * 2.0,
            );
            if ellipse {
                x.hypot(y) <= 1.0
            } else {
                x.abs() <= 1.0 && y.abs() <= 1.0
            }
        };
        let band = all.polar_band(&face, 1.7, 1.5);
        match areas.is_empty() {
            true => p.y >= band.top() - 0.01 && p.y <= band.bottom() + 0.01,
            false => areas.iter().any(inside),
        }
    }

    #[test]
    fn the_corner_of_a_box_beside_a_pole_is_covered() {
        assert!(is_held(
            [0.0, 1.4885542598082768],
            0.22272141113891578,
            (0.3354, 0.958),
            false
        ));
    }

    proptest! {
        #[test]
        fn a_mask_holds_what_a_flat_mask_would_in_a_view_of_the_face(
            longitude in -3.1f64..3.1, latitude in -1.5f64..1.5,
            side in 0.01f64..0.4, at in 0.0f64..1.0, within in 0.0f64..0.99, ellipse: bool,
        ) {
            prop_assert!(is_held([longitude, latitude], side, (at, within), ellipse));
        }

        #[test]
        fn at_the_horizon_a_mask_is_about_the_flat_one(side in 20.0f32..300.0, x in 0.0f32..4096.0) {
            let all = Equirectangular::new(SIZE);
            let face = Rect::new(x, 1024.0 - side / 2.0, side, side).expect("a box");
            let mask = all.grown(&face, 1.7, 1.5, true).expect("no pole");
            let flat = face.grown(1.7).padded(1.5);
            prop_assert!(mask.width() >= flat.width() - 0.1 && mask.width() < flat.width() * 1.1 + 2.0);
            prop_assert!(mask.height() >= flat.height() - 0.1 && mask.height() < flat.height() * 1.1 + 2.0);
        }
    }
}
