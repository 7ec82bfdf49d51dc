//! What videos and live streams have in common: how a frame is searched, and which masks follow
//! from what the tracker decided.

use super::AnonymizeOptions;
use crate::detect::{Detector, DetectorOptions};
use crate::error::Result;
use crate::face::{Face, Subject};
use crate::frame::{Frame, FramePicture, Shape};
use crate::geometry::{Quad, Size};
use crate::picture::Picture;
use crate::redact::Region;
use crate::report::ReportRegion;
use crate::track::{Glimpse, Place, Sighting};

/// Likelihood from which a sighting carries a track on, as a share of the one that starts it.
pub(super) const WEAK: f32 = 0.4;

/// A detector for frames, and the likelihood of a sighting that starts a track.
pub(super) fn detector_for_frames(options: &DetectorOptions) -> Result<(Detector, f32)> {
    // What starts a track: the least that the preset takes for a face in a photo.
    let sure = options
        .threshold
        .unwrap_or_else(|| options.preset.threshold());
    let detector = Detector::for_frames(&DetectorOptions {
        threshold: Some(sure * WEAK),
        ..options.clone()
    })?;
    Ok((detector, sure))
}

/// What says where faces are: a [`Detector`], and in tests something that is known.
pub(super) trait FindFaces: Send + Sync {
    /// What is in a picture, but writing.
    fn find(&self, picture: &dyn Picture) -> Result<Vec<Face>>;

    /// Whether writing is looked for, too.
    fn finds_writing(&self) -> bool {
        false
    }

    /// The lines of writing of a picture, if they are looked for.
    fn find_writing(&self, _: &dyn Picture) -> Result<Vec<Face>> {
        Ok(Vec::new())
    }
}

impl FindFaces for Detector {
    fn find(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        self.detect_no_writing(picture)
    }

    fn finds_writing(&self) -> bool {
        Self::finds_writing(self)
    }

    fn find_writing(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        self.detect_writing(picture)
    }
}

/// Seconds between frames that are searched for writing: that takes five times as long as the
/// search for faces. What shows in between is on tracks: they reach further than this before their
/// first sighting and after their last one.
const WRITING_EVERY: f64 = 0.1;

/// Which frames are searched for writing, asked in their order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WritingPace {
    last: Option<f64>,
}

impl WritingPace {
    /// Whether the next frame is, which is shown at this time in seconds.
    pub(super) fn is_due(&mut self, time: f64) -> bool {
        // Times are rounded to whole ticks.
        let is_near = |last| (0.0..WRITING_EVERY - 0.002).contains(&(time - last));
        let is_due = !self.last.is_some_and(is_near);
        if is_due {
            self.last = Some(time);
        }
        is_due
    }
}

/// How sure a sighting is for the tracker: a line of writing or an object that was found is covered,
/// whatever its score.
pub(super) const fn sureness(subject: Subject, score: f32) -> f32 {
    match subject {
        Subject::Face => score,
        Subject::Text | Subject::Object(_) => 1.0,
    }
}

/// What was seen in a frame.
pub(super) struct Looked {
    /// In upright pixels as stored.
    pub(super) faces: Vec<Face>,
    pub(super) glimpse: Glimpse,
}

impl Looked {
    /// Searches a frame for faces, and for writing if that is its turn.
    pub(super) fn new(
        finder: &dyn FindFaces,
        frame: &Frame,
        shape: &Shape,
        writing: bool,
    ) -> Result<Self> {
        let picture = FramePicture::new(frame, shape);
        let mut faces = finder.find(&picture)?;
        if writing {
            faces.extend(finder.find_writing(&picture)?);
        }
        for face in &mut faces {
            face.area = picture.to_stored(&face.area);
            face.corners = face
                .corners
                .and_then(|quad| Quad::new(quad.corners().map(|p| picture.point_to_stored(p))));
            face.landmarks = face
                .landmarks
                .map(|l| l.map(|p| picture.point_to_stored(p)));
        }
        let (width, height) = (shape.size.width as usize, shape.size.height as usize);
        let glimpse = Glimpse::new(width, height, |x, y| picture.luma(x, y));
        Ok(Self { faces, glimpse })
    }

    /// What the tracker needs to know of the faces, in their order.
    pub(super) fn sightings(&self) -> Vec<Sighting> {
        let sighting = |f: &Face| Sighting {
            subject: f.subject,
            area: f.area,
            corners: f.corners,
            score: sureness(f.subject, f.score),
        };
        self.faces.iter().map(sighting).collect()
    }
}

impl AnonymizeOptions {
    /// Masks of one frame, which is shown so many seconds after the start: those of tracks by their
    /// number, then the regions always covered.
    pub(super) fn masks_of_frame(
        &self,
        places: &[Place],
        seconds: f64,
        upright: Size,
    ) -> Vec<ReportRegion> {
        let always = self.always().chain(self.moving_at(seconds));
        let always = always.filter_map(|r| ReportRegion::new(&r, upright));
        let followed = self.masks_of_tracks(places, upright);
        followed.into_iter().chain(always).collect()
    }

    /// Masks of tracks by their number.
    pub(super) fn masks_of_tracks(&self, places: &[Place], upright: Size) -> Vec<ReportRegion> {
        let mut places: Vec<&Place> = places.iter().collect();
        places.sort_by_key(|p| p.track);
        let followed = places.into_iter().flat_map(|place| {
            let mask = match place.subject {
                Subject::Face => self.mask(&place.area)?,
                Subject::Text => self.mask_of_writing(&place.area, place.corners.as_ref())?,
                Subject::Object(_) => self.box_of_object(&place.area)?,
            };
            let region = ReportRegion::new(&mask, upright)?.about(place.subject);
            Some(region.of_track(place.track))
        });
        followed.collect()
    }
}

/// What is reported of a frame is what is covered in it.
pub(super) fn regions(masks: &[ReportRegion]) -> Vec<Region> {
    masks.iter().filter_map(ReportRegion::region).collect()
}
