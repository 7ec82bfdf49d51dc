//! Finds faces: several looks at a picture, each at its scale, and one decision per face.
//!
//! Invariant: the same picture, options and engine give the same faces, whatever else is running.

mod heads;
mod letterbox;
mod look;
mod merge;
mod pool;
mod preset;
mod weights;

pub use preset::Preset;
pub use weights::bundled_models;

use crate::engine::{Engine, EngineOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::face::Face;
use crate::geometry::Size;
use crate::picture::{Picture, RgbImage};
use heads::Head;
use letterbox::Letterbox;
use look::Look;
use merge::Sighting;
use pool::Pool;
use preset::Plan;
use std::path::PathBuf;

/// Intersection over union above which two boxes of one look are the same face: what the networks'
/// authors use.
const SAME_IN_LOOK: f32 = 0.3;
/// The same between looks, whose boxes differ more.
const SAME_BETWEEN_LOOKS: f32 = 0.4;
/// Most candidates of one canvas: more than any crowd, and a bound on what noise can cost.
const MOST_CANDIDATES: usize = 3000;

/// How to detect. `Default` is the balanced preset with the built-in engine and the bundled models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectorOptions {
    /// How hard to look.
    pub preset: Preset,
    /// Least score of a face, 0..=1, instead of the preset's own; lower finds more.
    pub threshold: Option<f32>,
    /// What to run on.
    pub engine: EngineOptions,
    /// A folder with the model files, instead of the bundled ones.
    pub models: Option<PathBuf>,
}

/// Finds faces in pictures. Share one between threads: each call works with buffers of its own, on
/// the calling thread.
pub struct Detector {
    engine: String,
    plan: Plan,
    pools: Vec<(Head, Pool)>,
}

impl Detector {
    /// Loads engine and models.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a threshold outside 0..=1, [`ErrorKind::Engine`] if the engine,
    /// the device or a model cannot be had.
    pub fn new(options: &DetectorOptions) -> Result<Self> {
        let mut plan = options.preset.plan();
        if let Some(threshold) = options.threshold {
            if !(0.0..=1.0).contains(&threshold) {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("threshold {threshold} is outside 0..=1"),
                ));
            }
            plan.threshold = threshold;
        }
        let engine = Engine::open(&options.engine)?;
        let mut pools = vec![];
        for head in Head::ALL {
            if plan.looks.iter().any(|l| l.head == head) {
                let model = weights::read(head, options.models.as_deref())?;
                pools.push((head, Pool::new(engine.load(&model)?)));
            }
        }
        Ok(Self {
            engine: engine.name().to_owned(),
            plan,
            pools,
        })
    }

    /// The faces of a picture, best first.
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if inference fails; whatever [`Picture::view`] gives.
    pub fn detect(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        let size = picture.size();
        if size.is_empty() {
            return Ok(Vec::new());
        }
        let mut seen = Vec::new();
        let mut last: Option<(Letterbox, RgbImage)> = None;
        for (index, look) in self.plan.looks.iter().enumerate() {
            let first = seen.len();
            for place in look.letterboxes(size) {
                let same = last
                    .take()
                    .filter(|(l, _)| (l.crop, l.content) == (place.crop, place.content));
                let content = match same {
                    Some((_, content)) => content,
                    None => picture.view(place.crop, place.content)?,
                };
                self.look(index, look, &place, &content, &mut seen)?;
                last = Some((place, content));
            }
            let tiles = seen.split_off(first);
            seen.extend(merge::non_maximum_suppression(
                tiles,
                SAME_IN_LOOK,
                |s: &Sighting| (&s.area, s.score),
            ));
        }
        Ok(self.decide(seen, size))
    }

    /// Shows one canvas to one network and adds what it sees.
    fn look(
        &self,
        index: usize,
        look: &Look,
        place: &Letterbox,
        content: &RgbImage,
        seen: &mut Vec<Sighting>,
    ) -> Result<()> {
        let pool = self
            .pools
            .iter()
            .find(|(head, _)| *head == look.head)
            .map(|(_, p)| p);
        let pool =
            pool.ok_or_else(|| Error::new(ErrorKind::Internal, "a look without its network"))?;
        let (channels, mean) = look.head.input();
        let outputs = pool.run(place.canvas, |planes| {
            place.fill(content, channels, mean, planes)
        })?;
        let found = look.head.decode(&outputs, place.canvas, look.floor)?;
        for c in merge::best(found, SAME_IN_LOOK, MOST_CANDIDATES) {
            seen.extend(place.rect_to_picture(&c.area).map(|area| Sighting {
                area,
                score: c.score,
                landmarks: c.landmarks.map(|l| place.landmarks_to_picture(l)),
                look: index,
            }));
        }
        Ok(())
    }

    /// One face per group of sightings that is believed.
    fn decide(&self, seen: Vec<Sighting>, size: Size) -> Vec<Face> {
        let mut faces = vec![];
        for group in merge::groups(seen, SAME_BETWEEN_LOOKS) {
            let best = &group[0];
            if best.score < self.plan.threshold {
                continue;
            }
            let mut looks: Vec<usize> = group.iter().map(|s| s.look).collect();
            looks.sort_unstable();
            looks.dedup();
            faces.push(Face {
                area: best.area,
                score: best.score,
                landmarks: best.landmarks,
                found_by: looks
                    .into_iter()
                    .map(|l| self.plan.looks[l].name(size))
                    .collect(),
            });
        }
        faces
    }

    /// The engine, for people: `builtin avx512`.
    #[must_use]
    pub fn engine(&self) -> &str {
        &self.engine
    }
}
