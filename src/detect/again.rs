//! A second search, more sensitive than any preset's: for what somebody has covered already, to
//! find what was missed. All three networks look, at other scales than before; what only one of
//! them believes in is reported, too.

use super::dark::Brightened;
use super::heads::Head;
use super::look::Look;
use super::merge::{self, Sighting};
use super::panorama::search_all_round;
use super::{Detected, Detector, DetectorOptions, SAME_BETWEEN_LOOKS, SAME_IN_LOOK};
use crate::error::Result;
use crate::face::Face;
use crate::geometry::Equirectangular;
use crate::parallel::Share;
use crate::picture::Picture;

/// Least likelihood of what the plan of [`super::Preset::Thorough`] finds.
const LEAST: f32 = 0.3;
/// Least score of what RetinaFace alone sees, which no plan asks. At 0.9 it takes the hair around a
/// covered head for a face.
const LEAST_ALONE: f32 = 0.95;
/// How RetinaFace looks: longest side, and the most that a picture is enlarged.
const SCALES: [(u32, f32); 2] = [(1280, 1.5), (640, 1.0)];

fn looks(floor: f32) -> [Look; 2] {
    SCALES.map(|(longest, most)| Look {
        head: Head::RetinaFace,
        longest,
        least: 0.0,
        most,
        floor,
    })
}

/// Looks for faces that another search did not find.
pub(crate) struct SecondSearch {
    detector: Detector,
    looks: [Look; 2],
}

impl SecondSearch {
    /// Loads engine and models; the preset says how hard the other two networks look. A threshold
    /// goes for all three. Errors as of [`Detector::new`].
    pub(crate) fn new(options: &DetectorOptions) -> Result<Self> {
        let alone = options.threshold.unwrap_or(LEAST_ALONE);
        let options = DetectorOptions {
            threshold: Some(options.threshold.unwrap_or(LEAST)),
            ..options.clone()
        };
        let plans = options.preset.plans();
        let detector = Detector::with(&options, plans, &[Head::RetinaFace])?;
        Ok(Self {
            detector,
            looks: looks(alone),
        })
    }

    /// The faces of a picture, likeliest first.
    pub(crate) fn detect(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        let mut faces = self.detector.detect(picture)?;
        let size = picture.size();
        if size.is_empty() {
            return Ok(faces);
        }
        let brightened = Brightened::new(picture)?;
        let brightened = brightened.as_ref().map(|b| b as &dyn Picture);
        let mut seen: Vec<Sighting> = Vec::new();
        for picture in [picture].into_iter().chain(brightened) {
            for (index, look) in self.looks.iter().enumerate() {
                for place in look.letterboxes(size) {
                    let content = picture.view(place.crop, place.content)?;
                    let (look, share) = ((index, look), Share::Together);
                    self.detector
                        .look(look, &place, &content, share, &mut seen)?;
                }
            }
        }
        let seen =
            merge::non_maximum_suppression(seen, SAME_IN_LOOK, |s: &Sighting| (&s.area, s.score));
        let alone = seen.into_iter().filter(|s| {
            let is_known = |f: &Face| f.area.iou(&s.area) > SAME_BETWEEN_LOOKS;
            s.area.longest() >= self.detector.min_face && !faces.iter().any(is_known)
        });
        let alone: Vec<Face> = alone
            .map(|s| Face {
                subject: crate::face::Subject::Face,
                corners: None,
                area: s.area,
                score: s.score,
                landmarks: s.landmarks,
                found_by: vec![self.looks[s.look].name(size)],
            })
            .collect();
        faces.extend(alone);
        faces.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(faces)
    }

    /// As [`Detector::detect_panorama`].
    pub(crate) fn detect_panorama(
        &self,
        picture: &dyn Picture,
        panorama: &Equirectangular,
    ) -> Result<Vec<Face>> {
        let search = |view: &dyn Picture| {
            Ok(Detected {
                faces: self.detect(view)?,
                rejected: Vec::new(),
            })
        };
        Ok(search_all_round(picture, panorama, &search)?.faces)
    }

    /// The engine, for people.
    pub(crate) fn engine(&self) -> &str {
        self.detector.engine()
    }
}
