//! Panoramas that go all the way round: besides the flat picture, the strip around its left and
//! right edge is searched in one piece, and what lies far from the horizon in rectified views.
//!
//! Invariant: what is found comes back in pixels of the panorama, its middle in the picture's
//! width.

use super::{Detected, Detector, MOST_REJECTED, SAME_BETWEEN_LOOKS};
use crate::error::Result;
use crate::face::Face;
use crate::geometry::{Equirectangular, PixelRect, Point, Rect, Size, Tangent, angle};
use crate::picture::{Picture, RgbImage};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Longest side of a copy of a part of the panorama.
const LONGEST: u32 = 8192;
/// The strip around the edge holds a quarter of the picture on each side; a face whose middle is
/// farther away than this share of the width is the flat picture's.
const NEAR_EDGE: f32 = 0.125;
/// Up to here to both sides of the horizon the strip reaches, in radians: 60 degrees.
const STRIP: f64 = PI / 3.0;
/// From this latitude on a face is looked for in rectified views, 25 degrees: drawn wider by a
/// tenth.
const STRETCHED: f64 = 25.0 / 180.0 * PI;
/// A ring of six views at this latitude, and how far each reaches, as tangents of half angles: 75
/// degrees across, 80 down, so that neighbours share 15 degrees at the latitude of 25, and more
/// above.
const RING: f64 = 50.0 / 180.0 * PI;
const RING_VIEWS: u32 = 6;
const RING_REACH: (f64, f64) = (0.767, 0.839);
/// The view of a pole reaches 30 degrees to each side.
const POLE_REACH: (f64, f64) = (0.577, 0.577);
/// Most pixels that are averaged where the panorama is drawn wider than it is.
const MOST_TAPS: u32 = 16;

/// A part of a panorama in memory.
struct Part {
    image: RgbImage,
    /// Pixels of the part per pixel of the panorama.
    scale: f64,
    /// Where it begins.
    x: f64,
    y: f64,
}

impl Part {
    /// Rows `top..bottom` of the width from `x` on, which may go over the edge.
    fn new(picture: &dyn Picture, x: u32, width: u32, top: u32, bottom: u32) -> Result<Self> {
        let whole = picture.size().width;
        let scale = (f64::from(LONGEST) / f64::from(width.max(bottom - top))).min(1.0);
        let scaled = |v: u32| ((f64::from(v) * scale).round() as u32).max(1);
        let height = scaled(bottom - top);
        let left = width.min(whole - x);
        let mut pieces = vec![(x, left)];
        if left < width {
            pieces.push((0, width - left));
        }
        let mut images = Vec::with_capacity(2);
        for (x, width) in pieces {
            let crop = PixelRect::new(x, top, width, bottom - top);
            images.push(picture.view(crop, Size::new(scaled(width), height))?);
        }
        let image = beside(images, height)?;
        Ok(Self {
            scale: f64::from(image.size().width) / f64::from(width),
            image,
            x: x.into(),
            y: top.into(),
        })
    }

    /// A point of the part in the panorama.
    fn point_back(&self, p: Point) -> Point {
        let back = |v: f32, from: f64| (f64::from(v) / self.scale + from) as f32;
        Point::new(back(p.x, self.x), back(p.y, self.y))
    }

    /// The colour at a point of the panorama, averaged over `taps` pixels across.
    fn colour(&self, p: Point, taps: u32, whole: u32) -> [f32; 3] {
        let size = self.image.size();
        let y = (f64::from(p.y) - self.y) * self.scale - 0.5;
        if y < -0.5 || y > f64::from(size.height) - 0.5 {
            return [0.0; 3];
        }
        let row = |y: i64| y.clamp(0, i64::from(size.height) - 1) as usize;
        let (y0, v) = (y.floor() as i64, (y - y.floor()) as f32);
        let rows = [(row(y0), 1.0 - v), (row(y0 + 1), v)];
        let x = (f64::from(p.x) - self.x).rem_euclid(whole.into()) * self.scale - 0.5;
        let width = i64::from(size.width);
        let mut sum = [0.0f32; 3];
        for tap in 0..taps {
            let x = x + f64::from(tap) - f64::from(taps - 1) / 2.0;
            let (x0, u) = (x.floor() as i64, (x - x.floor()) as f32);
            for (column, across) in [(x0, 1.0 - u), (x0 + 1, u)] {
                let column = column.rem_euclid(width) as usize;
                for (row, down) in rows {
                    let at = (row * width as usize + column) * 3;
                    for (s, &c) in sum.iter_mut().zip(&self.image.data()[at..at + 3]) {
                        *s += f32::from(c) * across * down;
                    }
                }
            }
        }
        sum.map(|v| v / taps as f32)
    }
}

/// Pictures of one height side by side.
fn beside(mut images: Vec<RgbImage>, height: u32) -> Result<RgbImage> {
    if images.len() == 1 {
        return Ok(images.remove(0));
    }
    let width = images.iter().map(|i| i.size().width).sum();
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for row in 0..height as usize {
        for image in &images {
            let stride = image.size().width as usize * 3;
            data.extend_from_slice(&image.data()[row * stride..][..stride]);
        }
    }
    RgbImage::new(Size::new(width, height), data)
}

/// A flat view of a part of the sphere.
struct Rectified {
    image: RgbImage,
    tangent: Tangent,
    /// Of a pixel, at distance 1.
    step: f64,
}

impl Rectified {
    /// Looking at a longitude and latitude, as sharp in its middle as the part is.
    fn new(
        part: &Part,
        panorama: &Equirectangular,
        (longitude, latitude): (f64, f64),
        reach: (f64, f64),
    ) -> Result<Self> {
        let tangent = Tangent::new(longitude, latitude);
        let step = TAU / (f64::from(panorama.size().width) * part.scale);
        let side = |reach: f64| ((reach * 2.0 / step).ceil() as u32).clamp(32, LONGEST);
        let size = Size::new(side(reach.0), side(reach.1));
        let mut data = Vec::with_capacity(size.area() as usize * 3);
        for row in 0..size.height {
            for column in 0..size.width {
                let d = plane(&tangent, step, size, column as f32 + 0.5, row as f32 + 0.5);
                let level = d[0].hypot(d[2]).max(1e-6);
                let taps = ((1.0 / level).round() as u32).clamp(1, MOST_TAPS);
                let colour = part.colour(panorama.point(d), taps, panorama.size().width);
                data.extend(colour.map(|v| (v + 0.5) as u8));
            }
        }
        Ok(Self {
            image: RgbImage::new(size, data)?,
            tangent,
            step,
        })
    }

    fn direction(&self, p: Point) -> [f64; 3] {
        plane(&self.tangent, self.step, self.image.size(), p.x, p.y)
    }

    /// A face of the view in the panorama. `round`: it may be turned, so its box is taken for a
    /// square.
    fn face_back(&self, mut face: Face, panorama: &Equirectangular, round: bool) -> Option<Face> {
        let (r, c) = (face.area, face.area.center());
        let between = |a: Point, b: Point| angle(self.direction(a), self.direction(b));
        let mut width = between(Point::new(r.left(), c.y), Point::new(r.right(), c.y));
        let mut height = between(Point::new(c.x, r.top()), Point::new(c.x, r.bottom()));
        if round {
            width = width.max(height);
            height = width;
        }
        face.area = panorama.area(self.direction(c), width, height)?;
        face.landmarks = face
            .landmarks
            .map(|all| all.map(|p| panorama.point(self.direction(p))));
        face.found_by.iter_mut().for_each(|by| by.push_str("+view"));
        Some(face)
    }

    /// Whether a face is whole in the view.
    fn shows_all_of(&self, face: &Face) -> bool {
        let size = self.image.size();
        let edge = 2.0;
        face.area.left() >= edge
            && face.area.top() >= edge
            && face.area.right() <= size.width as f32 - edge
            && face.area.bottom() <= size.height as f32 - edge
    }
}

/// The direction of a point of a view.
fn plane(tangent: &Tangent, step: f64, size: Size, x: f32, y: f32) -> [f64; 3] {
    let from_middle = |v: f32, side: u32| (f64::from(v) - f64::from(side) / 2.0) * step;
    tangent.direction(from_middle(x, size.width), from_middle(y, size.height))
}

/// Searches a panorama: `search` finds faces, writing and objects in a flat picture. Of writing the
/// box is given and no corners, since lines are bent.
pub(super) fn search_all_round(
    picture: &dyn Picture,
    panorama: &Equirectangular,
    search: &dyn Fn(&dyn Picture) -> Result<Detected>,
) -> Result<Detected> {
    let mut all = search(picture)?;
    if picture.size() != panorama.size() || picture.size().width < 64 {
        return Ok(all);
    }
    let near_edge = edge_strip(picture, panorama, search)?;
    all.faces.extend(near_edge.faces);
    all.rejected.extend(near_edge.rejected);
    let (low, high) = panorama.latitudes();
    for (is_there, side) in [(high > STRETCHED, 1.0), (-low > STRETCHED, -1.0)] {
        if is_there {
            rectified(picture, panorama, side, search, &mut all)?;
        }
    }
    for list in [&mut all.faces, &mut all.rejected] {
        list.iter_mut().for_each(|f| {
            f.area = panorama.normalised(&f.area);
            f.corners = None;
        });
        *list = distinct(std::mem::take(list), panorama);
    }
    let faces = &all.faces;
    let is_other = |r: &Face| faces.iter().all(|f| !is_same(f, r, panorama));
    all.rejected.retain(is_other);
    all.rejected.truncate(MOST_REJECTED);
    Ok(all)
}

/// Lines of writing and objects that overlap less are two: the mask of either may be the
/// larger one.
const SAME_LINE: f32 = 0.8;

fn is_same(a: &Face, b: &Face, panorama: &Equirectangular) -> bool {
    let least = if a.subject.is_face() {
        SAME_BETWEEN_LOOKS
    } else {
        SAME_LINE
    };
    a.subject == b.subject && panorama.iou(&a.area, &b.area) > least
}

/// Likeliest first, each once.
fn distinct(mut faces: Vec<Face>, panorama: &Equirectangular) -> Vec<Face> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::with_capacity(faces.len());
    for face in faces {
        if !kept.iter().any(|k| is_same(k, &face, panorama)) {
            kept.push(face);
        }
    }
    kept
}

/// Faces on and near the edge where right and left meet.
fn edge_strip(
    picture: &dyn Picture,
    panorama: &Equirectangular,
    search: &dyn Fn(&dyn Picture) -> Result<Detected>,
) -> Result<Detected> {
    let size = picture.size();
    let rows = |latitude| panorama.row(latitude).clamp(0.0, size.height.into()) as u32;
    let (top, bottom) = (rows(STRIP), rows(-STRIP));
    if bottom <= top {
        return Ok(Detected::default());
    }
    let half = size.width / 4;
    let part = Part::new(picture, size.width - half, half * 2, top, bottom)?;
    let mut found = search(&part.image.as_view())?;
    let near = size.width as f32 * NEAR_EDGE;
    for list in [&mut found.faces, &mut found.rejected] {
        let back = std::mem::take(list)
            .into_iter()
            .map(|f| strip_back(f, &part));
        let is_near = |f: &Face| (f.area.center().x - size.width as f32).abs() < near;
        *list = back.filter(is_near).collect();
    }
    Ok(found)
}

fn strip_back(mut face: Face, part: &Part) -> Face {
    let r = &face.area;
    let a = part.point_back(Point::new(r.left(), r.top()));
    let b = part.point_back(Point::new(r.right(), r.bottom()));
    face.area = Rect::from_corners(a.x, a.y, b.x, b.y).unwrap_or(*r);
    face.landmarks = face.landmarks.map(|all| all.map(|p| part.point_back(p)));
    face.found_by.iter_mut().for_each(|by| by.push_str("+seam"));
    face
}

/// Adds the faces far above (`side` 1) or below (-1) the horizon.
fn rectified(
    picture: &dyn Picture,
    panorama: &Equirectangular,
    side: f64,
    search: &dyn Fn(&dyn Picture) -> Result<Detected>,
    all: &mut Detected,
) -> Result<()> {
    let size = picture.size();
    // A ring's view reaches down to 10 degrees in its middle, and less far at its sides.
    let horizon = panorama.row(0.0).clamp(0.0, size.height.into()) as u32;
    let (top, bottom) = match side > 0.0 {
        true => (0, horizon),
        false => (horizon, size.height),
    };
    if bottom <= top {
        return Ok(());
    }
    let part = Part::new(picture, 0, size.width, top, bottom)?;
    let (low, high) = panorama.latitudes();
    let highest = if side > 0.0 { high } else { -low };
    let mut views: Vec<((f64, f64), (f64, f64))> = (0..RING_VIEWS)
        .map(|i| {
            let longitude = f64::from(i) * TAU / f64::from(RING_VIEWS) - PI;
            ((longitude, side * RING), RING_REACH)
        })
        .collect();
    if highest > PI / 3.0 {
        views.push(((0.0, side * FRAC_PI_2), POLE_REACH));
    }
    for (i, (at, reach)) in views.into_iter().enumerate() {
        let is_pole = i as u32 == RING_VIEWS;
        let view = Rectified::new(&part, panorama, at, reach)?;
        let found = search(&view.image.as_view())?;
        for (list, into) in [
            (found.faces, &mut all.faces),
            (found.rejected, &mut all.rejected),
        ] {
            let whole = list.into_iter().filter(|f| view.shows_all_of(f));
            let back = whole.filter_map(|f| view.face_back(f, panorama, is_pole));
            let is_high = |f: &Face| {
                let latitude = panorama.latitude(f.area.center().y);
                latitude * side > STRETCHED
            };
            into.extend(back.filter(is_high));
        }
    }
    Ok(())
}

impl Detector {
    /// What is in a panorama that goes all the way round. What lies over its left and right edge
    /// is found, too, and so is what is drawn too wide near the poles. A box may reach beyond the
    /// edge; its middle is in the picture's width.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    pub fn detect_panorama(
        &self,
        picture: &dyn Picture,
        panorama: &Equirectangular,
    ) -> Result<Detected> {
        search_all_round(picture, panorama, &|view| self.detect_with_candidates(view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::RgbView;

    /// Every direction has its own colour.
    fn painted(size: Size) -> Vec<u8> {
        let all = Equirectangular::new(size);
        let mut data = Vec::new();
        for y in 0..size.height {
            for x in 0..size.width {
                let d = all.direction(Point::new(x as f32 + 0.5, y as f32 + 0.5));
                data.extend(d.map(|v| ((v + 1.0) * 127.0) as u8));
            }
        }
        data
    }

    #[test]
    fn a_view_shows_what_lies_in_its_directions_and_the_strip_goes_over_the_edge() {
        let size = Size::new(512, 256);
        let data = painted(size);
        let picture = RgbView::new(size, &data).expect("pixels");
        let panorama = Equirectangular::new(size);
        let part = Part::new(&picture, 0, 512, 0, 256).expect("a part");
        for at in [(0.3, 0.8), (-3.1, -0.9), (0.0, FRAC_PI_2)] {
            let view = Rectified::new(&part, &panorama, at, (0.7, 0.7)).expect("a view");
            let size = view.image.size();
            for (x, y) in [(5, 5), (40, 60), (size.width - 6, 20)] {
                let at = (y * size.width + x) as usize * 3;
                let d = view.direction(Point::new(x as f32 + 0.5, y as f32 + 0.5));
                for (&seen, v) in view.image.data()[at..at + 3].iter().zip(d) {
                    let expected = (v + 1.0) * 127.0;
                    assert!(
                        (f64::from(seen) - expected).abs() < 5.0,
                        "{seen} {expected}"
                    );
                }
            }
        }
        let strip = Part::new(&picture, 384, 256, 64, 192).expect("a part");
        assert_eq!(strip.image.size(), Size::new(256, 128));
        let row = |image: &RgbImage, y: usize| image.data()[y * 768..(y + 1) * 768].to_vec();
        let strip = row(&strip.image, 0);
        assert_eq!(strip[..384], data[(64 * 512 + 384) * 3..][..384]);
        assert_eq!(strip[384..], data[64 * 512 * 3..][..384]);
    }

    #[test]
    fn a_face_on_the_edge_and_one_near_a_pole_come_back_to_their_directions() {
        let size = Size::new(2048, 1024);
        let panorama = Equirectangular::new(size);
        let data = vec![90; size.area() as usize * 3];
        let picture = RgbView::new(size, &data).expect("pixels");
        let calls = std::sync::Mutex::new(0);
        // Sees one face in the middle of the strip and of the first view.
        let search = |view: &dyn Picture| {
            let mut calls = calls.lock().expect("no panic");
            *calls += 1;
            let c = Rect::of(view.size()).center();
            let face = Face {
                subject: crate::face::Subject::Face,
                corners: None,
                area: Rect::new(c.x - 30.0, c.y - 40.0, 60.0, 80.0).expect("a box"),
                score: 0.9,
                landmarks: None,
                found_by: vec!["centerface@1".into()],
            };
            let faces = if (2..=3).contains(&*calls) {
                vec![face]
            } else {
                vec![]
            };
            Ok(Detected {
                faces,
                rejected: vec![],
            })
        };
        let found = search_all_round(&picture, &panorama, &search).expect("searched");
        assert_eq!(*calls.lock().expect("no panic"), 2 + 2 * 7);
        let areas: Vec<Rect> = found.faces.iter().map(|f| f.area).collect();
        assert_eq!(areas.len(), 2);
        let edge = areas[0].center();
        assert!(edge.x < 1.0 || edge.x > 2047.0, "{edge:?}");
        assert!((areas[0].width() - 60.0).abs() < 0.1);
        // 50 degrees up, wider by 1 / cos 50.
        let high = areas[1];
        assert!(
            (high.center().y - 1024.0 * 40.0 / 180.0).abs() < 1.5,
            "{high:?}"
        );
        assert!(
            (high.width() - 60.0 / 50f32.to_radians().cos()).abs() < 1.0,
            "{high:?}"
        );
        assert!((high.height() - 80.0).abs() < 0.5, "{high:?}");
    }
}
