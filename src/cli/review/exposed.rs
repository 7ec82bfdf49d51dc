//! How much of a face lies under the regions of a line, and which part of it shows.
//!
//! Invariant: what counts of a face is the ellipse in its box, as far as it lies in the picture, as
//! for `verify`. The page counts the same way, in `page/cover.js`.

use faceveil::geometry::Point;
use faceveil::report::ReportRegion;
use faceveil::{FileReport, Shape};

/// Points a side of the grid that a face is measured with.
const GRID: usize = 24;
/// Share of a face under regions from which `verify` takes it for covered.
pub(super) const ENOUGH: f32 = 0.98;
/// The same for something that was not taken for a face: its box is often that of a covered face, a
/// little off.
pub(super) const ENOUGH_OF_DOUBTFUL: f32 = 0.9;

/// What is seen of a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exposed {
    /// Share of the face under regions, 0..=1.
    pub(super) covered: f32,
    /// The part that shows, in a word; `None` if most of it does, or nothing.
    pub(super) part: Option<&'static str>,
}

impl Exposed {
    /// Of a box in a frame of a line.
    pub(super) fn measure(area: [f32; 4], frame: Option<usize>, line: &FileReport) -> Self {
        let near: Vec<&ReportRegion> = line
            .regions
            .iter()
            .filter(|r| frame.is_none_or(|f| r.is_in(f)) && overlap(r.area, area))
            .collect();
        let [x, y, w, h] = area;
        let (mut inside, mut open) = (0u32, 0u32);
        let (mut across, mut down) = (0.0f32, 0.0f32);
        let at = |i: usize| (i as f32 + 0.5) / GRID as f32;
        for j in 0..GRID {
            for i in 0..GRID {
                let (u, v) = (2.0 * at(i) - 1.0, 2.0 * at(j) - 1.0);
                let (px, py) = (x + w * at(i), y + h * at(j));
                let in_picture = (0.0..line.width as f32).contains(&px)
                    && (0.0..line.height as f32).contains(&py);
                if u * u + v * v > 1.0 || !in_picture {
                    continue;
                }
                inside += 1;
                if !near.iter().any(|r| holds(r, px, py)) {
                    open += 1;
                    across += u;
                    down += v;
                }
            }
        }
        if inside == 0 || open == 0 {
            return Self {
                covered: 1.0,
                part: None,
            };
        }
        Self {
            covered: 1.0 - open as f32 / inside as f32,
            part: part(across / open as f32, down / open as f32),
        }
    }

    /// In words: `not covered`, or `80 % covered, its left side shows`.
    pub(super) fn words(self) -> String {
        let percent = (self.covered * 100.0).round();
        match self.part {
            _ if self.covered <= 0.0 => "not covered".into(),
            None => format!("{percent} % covered"),
            Some(part) => format!("{percent} % covered, its {part} shows"),
        }
    }
}

/// Where the middle of what shows lies, from -1 to 1 each way.
fn part(across: f32, down: f32) -> Option<&'static str> {
    const CLEAR: f32 = 0.2;
    if across.abs().max(down.abs()) < CLEAR {
        return None;
    }
    Some(match across.abs() > down.abs() {
        true if across < 0.0 => "left side",
        true => "right side",
        false if down < 0.0 => "upper part",
        false => "lower part",
    })
}

fn overlap(a: [f32; 4], b: [f32; 4]) -> bool {
    let one = |i: usize| a[i] < b[i] + b[i + 2] && b[i] < a[i] + a[i + 2];
    one(0) && one(1)
}

fn holds(region: &ReportRegion, px: f32, py: f32) -> bool {
    let [x, y, w, h] = region.area;
    if let Some(quad) = region.region().and_then(|r| r.corners) {
        return quad.holds(Point::new(px, py), 0.0);
    }
    match region.shape {
        Shape::Box | Shape::Quad => x <= px && px < x + w && y <= py && py < y + h,
        _ => {
            let (u, v) = ((px - x) / w * 2.0 - 1.0, (py - y) / h * 2.0 - 1.0);
            u * u + v * v <= 1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(regions: &[[f32; 4]]) -> Exposed {
        let mut line = FileReport::new("none");
        (line.width, line.height) = (200, 100);
        for [x, y, w, h] in regions {
            let text = format!(r#"{{"shape":"box","box":[{x},{y},{w},{h}]}}"#);
            line.regions
                .push(serde_json::from_str(&text).expect("a region"));
        }
        Exposed::measure([40.0, 20.0, 40.0, 40.0], None, &line)
    }

    #[test]
    fn the_part_that_shows_is_named() {
        assert_eq!(seen(&[[30.0, 10.0, 60.0, 60.0]]).covered, 1.0);
        assert_eq!(seen(&[]).words(), "not covered");
        assert_eq!(
            seen(&[[40.0, 20.0, 20.0, 40.0]]).words(),
            "50 % covered, its right side shows"
        );
        let lower = seen(&[[40.0, 20.0, 40.0, 25.0]]);
        assert!(lower.words().ends_with("its lower part shows"), "{lower:?}");
        assert!(seen(&[[40.0, 20.0, 20.0, 40.0], [60.0, 20.0, 20.0, 40.0]]).covered == 1.0);
    }
}
