//! How much larger than a face the masks of a run are, from what its report says.
//!
//! The flags of a run do not stand in its report, but its faces and the regions that cover them do.
//! A mask that a person adds gets the same margin, so that it covers what the others cover.

use faceveil::report::{ReportFace, ReportRegion};
use faceveil::{FileReport, Masking, Subject};

/// Pixels that a mask has more on each side than its margin says.
const PADDING: f32 = 1.5;
/// How many faces are enough to be sure.
const ENOUGH: usize = 400;
/// Faces smaller than this say little: boxes are written in hundredths, and padded.
const SMALL: f32 = 12.0;

/// The factor between a face's box and its mask, or that of a run without flags if no face shows it.
pub(super) fn estimate<'a>(lines: impl Iterator<Item = &'a FileReport>) -> f32 {
    let mut factors: Vec<f32> = lines
        .filter(|line| !line.is_video())
        .flat_map(|line| line.faces.iter().filter_map(|face| factor(face, line)))
        .take(ENOUGH)
        .collect();
    factors.sort_by(f32::total_cmp);
    let usual = Masking::default().margin;
    factors.get(factors.len() / 2).copied().unwrap_or(usual)
}

/// Of a face and the region that has its middle.
fn factor(face: &ReportFace, line: &FileReport) -> Option<f32> {
    let [x, y, w, h] = face.area;
    if w < SMALL || h < SMALL || face.subject != Subject::Face {
        return None;
    }
    let middle = [x + w / 2.0, y + h / 2.0];
    let is_its = |region: &&ReportRegion| {
        let [rx, ry, rw, rh] = region.area;
        let own = [rx + rw / 2.0, ry + rh / 2.0];
        region.frame == face.frame
            && (own[0] - middle[0]).abs() < 0.1
            && (own[1] - middle[1]).abs() < 0.1
    };
    let region = line.regions.iter().find(is_its)?;
    let factor = (region.area[2] - 2.0 * PADDING) / w;
    // To hundredths, as a person would type it.
    (1.0..=10.0)
        .contains(&factor)
        .then(|| (factor * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_read_off_faces_and_their_masks() {
        let mut line = FileReport::new("none");
        assert!((estimate([&line].into_iter()) - Masking::default().margin).abs() < 1e-6);
        for (i, margin) in [1.3f32, 1.3, 2.4].into_iter().enumerate() {
            let [x, y, w, h] = [100.0 * i as f32, 50.0, 40.0, 60.0f32];
            let (gw, gh) = (w * margin + 3.0, h * margin + 3.0);
            let face = format!(
                r#"{{"box":[{x},{y},{w},{h}],"score":0.9,"landmarks":null,"found_by":[]}}"#
            );
            line.faces
                .push(serde_json::from_str(&face).expect("a face"));
            let (gx, gy) = (x + w / 2.0 - gw / 2.0, y + h / 2.0 - gh / 2.0);
            let region = format!(r#"{{"shape":"ellipse","box":[{gx},{gy},{gw},{gh}]}}"#);
            line.regions
                .push(serde_json::from_str(&region).expect("a region"));
        }
        assert!((estimate([&line].into_iter()) - 1.3).abs() < 1e-6);
    }
}
