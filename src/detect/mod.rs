//! Finds faces: several looks at a picture, each at its scale, and one decision per face.
//!
//! Invariant: the same picture, options and engine give the same faces, whatever else is running.

mod decide;
mod heads;
mod letterbox;
mod look;
mod merge;
mod pool;
mod preset;
mod second_look;
mod weights;
mod weights_of_evidence;

pub use preset::Preset;
pub use weights::bundled_models;

use crate::engine::{Engine, EngineOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::face::{Face, Landmarks};
use crate::geometry::{Rect, Size};
use crate::picture::{Picture, RgbImage};
use heads::Head;
use letterbox::Letterbox;
use look::Look;
use merge::Sighting;
use pool::Pool;
use preset::Plan;
use second_look::{Glance, second_look};
use std::path::PathBuf;
use weights_of_evidence::{FIRST, SECOND};

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

    /// The faces of a picture, likeliest first.
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if inference fails; whatever [`Picture::view`] gives.
    pub fn detect(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        let (least, sure) = self.plan.doubt;
        let mut all = self.gather(picture)?;
        let mut doubtful: Vec<&mut Evidence> = all
            .iter_mut()
            .filter(|e| (least..sure).contains(&e.likelihood))
            .collect();
        // Stable, so that equal ones keep the order of the groups.
        doubtful.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
        doubtful.truncate(self.plan.glances);
        self.look_again(picture, &mut doubtful)?;

        all.retain(|e| e.likelihood >= self.plan.threshold);
        let faces = all
            .into_iter()
            .map(|e| e.into_face(&self.plan, picture.size()));
        let faces = faces.collect();
        // A second look may bring two boxes together.
        Ok(merge::non_maximum_suppression(
            faces,
            SAME_BETWEEN_LOOKS,
            |f: &Face| (&f.area, f.score),
        ))
    }

    /// All that the looks propose, each with its likelihood before a second look.
    fn gather(&self, picture: &dyn Picture) -> Result<Vec<Evidence>> {
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
        let scale = self.plan.looks[0].factor(size);
        let groups = merge::groups(seen, SAME_BETWEEN_LOOKS);
        Ok(groups
            .into_iter()
            .map(|group| Evidence::new(&group, scale))
            .collect())
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
        let ink = look.head.ink();
        let outputs = self.pool(look.head)?.run(place.canvas, |planes| {
            ink.black(place.canvas.area() as usize, planes);
            place.paint(content, &ink, planes);
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

    /// Brings candidates in doubt before CenterFace again, enlarged, and judges them anew.
    fn look_again(&self, picture: &dyn Picture, doubtful: &mut [&mut Evidence]) -> Result<()> {
        let areas: Vec<Rect> = doubtful.iter().map(|e| e.area).collect();
        let glances = second_look(picture, &areas, self.pool(Head::CenterFace)?)?;
        let scale = self.plan.looks[0].factor(picture.size());
        for (evidence, glance) in doubtful.iter_mut().zip(glances) {
            evidence.judge_again(glance, scale);
        }
        Ok(())
    }

    fn pool(&self, head: Head) -> Result<&Pool> {
        let found = self.pools.iter().find(|(h, _)| *h == head);
        found
            .map(|(_, pool)| pool)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a look without its network"))
    }

    /// What the decision is fitted on, one row per proposal, all of them looked at again: left, top,
    /// right, bottom; the scores of the three looks; score and box of the second look (0 for none);
    /// side on the first look's canvas. For `scripts/fit_decision.py`.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    #[doc(hidden)]
    pub fn evidence(&self, picture: &dyn Picture) -> Result<Vec<[f32; 13]>> {
        let all = self.gather(picture)?;
        let areas: Vec<Rect> = all.iter().map(|e| e.area).collect();
        let glances = second_look(picture, &areas, self.pool(Head::CenterFace)?)?;
        let scale = self.plan.looks[0].factor(picture.size());
        let row = |(e, glance): (&Evidence, Option<Glance>)| {
            let mut row = [0.0; 13];
            let corners = |r: &Rect| [r.left(), r.top(), r.right(), r.bottom()];
            row[..4].copy_from_slice(&corners(&e.area));
            row[4..7].copy_from_slice(&e.scores);
            if let Some(g) = glance {
                row[7] = g.score;
                row[8..12].copy_from_slice(&corners(&g.area));
            }
            row[12] = e.area.longest() * scale;
            row
        };
        Ok(all.iter().zip(glances).map(row).collect())
    }

    /// The engine, for people: `builtin avx512`.
    #[must_use]
    pub fn engine(&self) -> &str {
        &self.engine
    }
}

/// Everything known about one proposal.
struct Evidence {
    area: Rect,
    landmarks: Option<Landmarks>,
    /// Best score of each look, 0 where it saw nothing.
    scores: [f32; 3],
    /// Whether the second look saw it too.
    confirmed: bool,
    likelihood: f32,
}

impl Evidence {
    /// `group` is not empty, best first. `scale`: the first look's canvas pixels per picture pixel.
    fn new(group: &[Sighting], scale: f32) -> Self {
        let mut scores = [0.0f32; 3];
        for s in group {
            scores[s.look] = scores[s.look].max(s.score);
        }
        let area = group[0].area;
        Self {
            area,
            landmarks: group[0].landmarks,
            scores,
            confirmed: false,
            likelihood: FIRST.probability(&scores, area.longest() * scale),
        }
    }

    fn judge_again(&mut self, glance: Option<Glance>, scale: f32) {
        let [a, b, c] = self.scores;
        let score = glance.as_ref().map_or(0.0, |g| g.score);
        self.likelihood = SECOND.probability(&[a, b, c, score], self.area.longest() * scale);
        if let Some(glance) = glance {
            self.confirmed = true;
            self.landmarks = glance.landmarks.or(self.landmarks);
        }
    }

    fn into_face(self, plan: &Plan, size: Size) -> Face {
        let seen = plan
            .looks
            .iter()
            .zip(self.scores)
            .filter(|(_, score)| *score > 0.0);
        let mut found_by: Vec<String> = seen.map(|(look, _)| look.name(size)).collect();
        if self.confirmed {
            found_by.push("centerface@crop".into());
        }
        Face {
            area: self.area,
            score: self.likelihood,
            landmarks: self.landmarks,
            found_by,
        }
    }
}
