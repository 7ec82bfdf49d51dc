//! Finds faces: several looks at a picture, each at its scale, and one decision per face.
//!
//! Invariant: the same picture, options and engine give the same faces, whatever else is running.

mod again;
mod builder;
mod context;
mod cover;
mod dark;
mod decide;
mod evidence;
mod heads;
mod letterbox;
mod look;
mod merge;
mod negative;
mod objects;
mod panorama;
mod plan;
mod pool;
mod preset;
mod second_look;
mod text;
mod tilted;
mod turned;
mod weights;
mod weights_of_evidence;

pub use crate::face::Landmarks;
pub(crate) use again::SecondSearch;
pub use cover::Cover;
pub use objects::ObjectModel;
pub use preset::Preset;
pub use text::Writing;
pub use weights::{BundledModel, ModelFile, ModelSource, bundled_models};

use crate::error::{Error, ErrorKind, Result};
use crate::face::Face;
use crate::geometry::{Rect, Size};
use crate::parallel::{self, Share};
use crate::picture::{Picture, RgbImage};
use dark::Brightened;
use evidence::Evidence;
use faceveil_engine::{Engine, EngineOptions};
use heads::Head;
use letterbox::{Canvas, Letterbox};
use look::{Look, Tile};
use merge::Sighting;
use objects::ObjectDetector;
use plan::{Plan, Plans};
use pool::Pool;
use second_look::second_look;
use text::TextDetector;

/// Intersection over union above which two boxes of one look are the same face: what the networks'
/// authors use.
const SAME_IN_LOOK: f32 = 0.3;
/// The same between looks, whose boxes differ more.
const SAME_BETWEEN_LOOKS: f32 = 0.4;
/// Most candidates of one canvas: more than any crowd, and a bound on what noise can cost.
const MOST_CANDIDATES: usize = 3000;

/// How to detect. `Default` is the balanced preset with the built-in engine and the bundled models;
/// the methods change one option each. Serialised without the engine and the models, which belong
/// to a machine: those are the defaults when it is read back.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct DetectorOptions {
    /// How hard to look.
    pub preset: Preset,
    /// Least score of a face, 0..=1, instead of the preset's own; lower finds more.
    pub threshold: Option<f32>,
    /// Faces whose longer side is less than so many pixels of the upright picture are left alone; 0
    /// leaves none alone. Not listed among [`Detected::rejected`] either.
    pub min_face: f32,
    /// What to run on.
    #[serde(skip)]
    pub engine: EngineOptions,
    /// Where the networks come from.
    #[serde(skip)]
    pub models: ModelSource,
    /// What is looked for.
    pub cover: Cover,
    /// Lines of writing less high than so many pixels of the upright picture are left alone; 0
    /// leaves none alone.
    pub min_text_height: f32,
    /// A network of the user's own, which finds what else is covered. Read back as none.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub objects: Option<ObjectModel>,
}

/// A candidate less likely than this is noise.
const WORTH_TELLING: f32 = 0.02;
/// Most candidates that were not taken for faces and are listed.
const MOST_REJECTED: usize = 10;

/// What was found in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Detected {
    /// The faces, likeliest first.
    pub faces: Vec<Face>,
    /// The likeliest of what was not taken for a face, at most ten: what a person may want to look
    /// at.
    pub rejected: Vec<Face>,
}

impl Detected {
    /// Each face once, whether or not it was found several times, and what is left of the rest.
    fn apart(self) -> Self {
        let faces = apart(self.faces);
        let mut rejected = self.rejected;
        rejected.retain(|r| {
            faces
                .iter()
                .all(|f| f.area.iou(&r.area) <= SAME_BETWEEN_LOOKS)
        });
        let mut rejected = apart(rejected);
        rejected.truncate(MOST_REJECTED);
        Self { faces, rejected }
    }

    /// Adds what was found in another view of the same picture.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.faces.extend(other.faces);
        self.rejected.extend(other.rejected);
        self.apart()
    }
}

/// Likeliest first, without those that another of them covers.
pub(crate) fn apart(all: Vec<Face>) -> Vec<Face> {
    let (faces, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|f: &Face| f.subject.is_face());
    let (objects, writing) = others
        .into_iter()
        .partition(|f: &Face| f.subject.is_object());
    let mut faces =
        merge::non_maximum_suppression(faces, SAME_BETWEEN_LOOKS, |f: &Face| (&f.area, f.score));
    faces.extend(text::apart(writing));
    faces.extend(objects::apart(objects));
    faces
}

/// Finds faces in pictures. Share one between threads: each call works with buffers of its own, on
/// the calling thread. They are kept for the next call, as many as were in use at once and
/// with room for the largest, until the detector is dropped.
pub struct Detector {
    engine: String,
    plans: Plans,
    min_face: f32,
    pools: Vec<(Head, Pool)>,
    faces: bool,
    text: Option<TextDetector>,
    objects: Option<ObjectDetector>,
}

impl Detector {
    /// Loads engine and models.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a threshold outside 0..=1, a least face or height of
    /// writing below 0, or nothing to look for; [`ErrorKind::Engine`] if the engine, the device or
    /// a model cannot be had.
    pub fn new(options: &DetectorOptions) -> Result<Self> {
        Self::with(options, options.preset.plans(), &[])
    }

    /// For the frames of a video, in which a face has many chances to be seen: what each preset
    /// makes of it is in `preset.rs`. Errors as of [`Detector::new`].
    pub(crate) fn for_frames(options: &DetectorOptions) -> Result<Self> {
        Self::with(options, options.preset.plans_for_frames(), &[])
    }

    /// `more`: networks that are asked besides those of the plans.
    fn with(options: &DetectorOptions, mut plans: Plans, more: &[Head]) -> Result<Self> {
        if let Some(threshold) = options.threshold {
            if !(0.0..=1.0).contains(&threshold) {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("threshold {threshold} is outside 0..=1"),
                ));
            }
            plans.set_threshold(threshold);
        }
        if options.min_face.is_nan() || options.min_face < 0.0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("a least face of {} pixels makes no sense", options.min_face),
            ));
        }
        let height = options.min_text_height;
        if height.is_nan() || height < 0.0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("writing of at least {height} pixels makes no sense"),
            ));
        }
        let Cover { faces, writing } = options.cover;
        if !faces && writing.is_none() && options.objects.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "neither faces nor writing nor anything else is to be looked for",
            ));
        }
        let engine = Engine::open(&options.engine)?;
        let objects = options.objects.as_ref();
        let objects = objects.map(|model| ObjectDetector::new(&options.engine, model));
        let objects = objects.transpose()?;
        let text = match writing {
            Some(writing) => Some(TextDetector::new(
                &engine,
                &options.models,
                (writing, height),
                options.preset.writing_scale(),
            )?),
            None => None,
        };
        let asked = |head: &Head| plans.use_head(*head) || more.contains(head);
        let pools = parallel::map(Head::ALL.into_iter().filter(asked).collect(), |head| {
            let model = weights::read(head, &options.models)?;
            Ok((head, Pool::new(engine.load(&model)?)))
        });
        let pools = pools.into_iter().collect::<Result<_>>()?;
        Ok(Self {
            engine: match &objects {
                Some(objects) if objects.engine() != engine.name() => {
                    format!("{}, {}", engine.name(), objects.engine())
                }
                _ => engine.name().to_owned(),
            },
            plans,
            min_face: options.min_face,
            pools,
            faces,
            text,
            objects,
        })
    }

    /// The faces of a picture, likeliest first, and behind them the lines of writing and what a
    /// network of the user's own finds, if they are looked for. Those faces that lie on their side
    /// or stand on their head are found, too, by every preset but [`Preset::Fast`].
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if inference fails; whatever [`Picture::view`] gives.
    pub fn detect(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        Ok(self.detect_with_candidates(picture)?.faces)
    }

    /// As [`Detector::detect`], and what was nearly taken for a face.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    pub fn detect_with_candidates(&self, picture: &dyn Picture) -> Result<Detected> {
        let mut found = match self.faces {
            true => self.detect_faces(picture)?,
            false => Detected::default(),
        };
        if let Some(text) = &self.text {
            found.faces.extend(text.detect(picture)?);
        }
        if let Some(objects) = &self.objects {
            found.faces.extend(objects.detect(picture)?);
        }
        Ok(found)
    }

    /// All but writing, as far as it is looked for.
    pub(crate) fn detect_no_writing(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        let mut found = match self.faces {
            true => self.detect_faces(picture)?.faces,
            false => Vec::new(),
        };
        if let Some(objects) = &self.objects {
            found.extend(objects.detect(picture)?);
        }
        Ok(found)
    }

    /// The lines of writing alone, if they are looked for.
    pub(crate) fn detect_writing(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        match &self.text {
            Some(text) => text.detect(picture),
            None => Ok(Vec::new()),
        }
    }

    /// Whether writing is looked for.
    pub(crate) const fn finds_writing(&self) -> bool {
        self.text.is_some()
    }

    /// The faces alone. A dark picture is searched twice, since what a lamp lights in it may be too
    /// bright once the rest is bright enough.
    fn detect_faces(&self, picture: &dyn Picture) -> Result<Detected> {
        if picture.size().is_empty() {
            return Ok(Detected::default());
        }
        let found = self.detect_at_any_angle(picture)?;
        Ok(match Brightened::new(picture)? {
            Some(bright) => found.and(self.detect_at_any_angle(&bright)?),
            None => found,
        })
    }

    /// The faces of a picture in its own light.
    fn detect_at_any_angle(&self, picture: &dyn Picture) -> Result<Detected> {
        let plan = self.plans.of(picture.size());
        let mut all = match &plan.turns {
            None => self.find(picture, plan)?,
            Some(turns) => {
                // First, since the picture may keep a smaller copy from which it makes others, too.
                let small = turns.look.whole(picture)?;
                let (all, hints) = parallel::join(
                    || self.find(picture, plan),
                    || self.turned_hints(&small.as_view(), turns),
                );
                let mut all = all?;
                self.find_turned(picture, (&small.as_view(), hints?), turns, &mut all)?;
                if turns.negatives {
                    self.find_negative(picture, turns, &mut all)?;
                }
                all
            }
        };
        for list in [&mut all.faces, &mut all.rejected] {
            list.retain(|f| f.area.longest() >= self.min_face);
        }
        // A second look may bring two boxes together, and so may a turn.
        Ok(all.apart())
    }

    /// The faces of a picture as it is, and the rest. Some may be found twice.
    fn find(&self, picture: &dyn Picture, plan: &Plan) -> Result<Detected> {
        let mut all = self.gather(picture, plan)?;
        let mut doubtful: Vec<&mut Evidence> = all
            .iter_mut()
            .filter(|e| plan.doubt.holds(e.likelihood))
            .collect();
        // Stable, so that equal ones keep the order of the groups.
        doubtful.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
        doubtful.truncate(plan.doubt.glances);
        let areas: Vec<Rect> = doubtful.iter().map(|e| e.area).collect();
        let glances = second_look(
            picture,
            &areas,
            plan.doubt.tile,
            self.pool(Head::CenterFace)?,
        )?;
        for (evidence, glance) in doubtful.into_iter().zip(glances) {
            evidence.judge_again(glance, &plan.judges);
        }
        let (accepted, mut others): (Vec<_>, Vec<_>) = all
            .into_iter()
            .filter(|e| e.likelihood >= plan.threshold.min(WORTH_TELLING))
            .partition(|e| e.likelihood >= plan.threshold);
        others.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
        // Some of them may be the same face as another.
        others.truncate(3 * MOST_REJECTED);
        let size = picture.size();
        let faces = |all: Vec<Evidence>| all.into_iter().map(|e| e.into_face(plan, size)).collect();
        Ok(Detected {
            faces: faces(accepted),
            rejected: faces(others),
        })
    }

    /// All that the looks propose, judged before a second look.
    fn gather(&self, picture: &dyn Picture, plan: &Plan) -> Result<Vec<Evidence>> {
        let size = picture.size();
        if size.is_empty() {
            return Ok(Vec::new());
        }
        let of_tiles = parallel::map_by_cost(
            Tile::all(&plan.looks, size),
            |tile| tile.cost(&plan.looks),
            |tile, share| self.show(picture, plan, &tile, share),
        );
        let mut of_looks = vec![Vec::new(); plan.looks.len()];
        for sightings in of_tiles {
            for sighting in sightings? {
                of_looks[sighting.look].push(sighting);
            }
        }
        let merged = |tiles| {
            merge::non_maximum_suppression(tiles, SAME_IN_LOOK, |s: &Sighting| (&s.area, s.score))
        };
        let seen = of_looks.into_iter().flat_map(merged).collect();
        let groups = merge::groups(seen, SAME_BETWEEN_LOOKS);
        Ok(Evidence::gather(&groups, plan, size))
    }

    /// What is seen in one part of a picture.
    fn show(
        &self,
        picture: &dyn Picture,
        plan: &Plan,
        tile: &Tile,
        share: Share,
    ) -> Result<Vec<Sighting>> {
        let place = &tile.place;
        let content = picture.view(place.crop, place.content)?;
        let mut seen = Vec::new();
        for &index in &tile.looks {
            let look = (index, &plan.looks[index]);
            self.look(look, place, &content, share, &mut seen)?;
        }
        Ok(seen)
    }

    /// Shows one canvas to one network and adds what it sees.
    fn look(
        &self,
        (index, look): (usize, &Look),
        place: &Letterbox,
        content: &RgbImage,
        share: Share,
        seen: &mut Vec<Sighting>,
    ) -> Result<()> {
        let canvas = Canvas {
            size: place.canvas,
            ink: look.head.ink(),
            parts: vec![(place, content)],
        };
        let outputs = self.pool(look.head)?.run_as(&canvas, share)?;
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

    fn pool(&self, head: Head) -> Result<&Pool> {
        let found = self.pools.iter().find(|(h, _)| *h == head);
        found
            .map(|(_, pool)| pool)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a look without its network"))
    }

    /// What the decision is fitted on, one row per proposal, all of them looked at again: left,
    /// top, right, bottom; side on the first look's canvas; score and box of the second look (0 for
    /// none); the scores of the looks. With `as_if`, a picture is treated as one whose longer side
    /// is so long that was reduced to this one: how the plan for large photos is fitted on small
    /// ones. For `scripts/fit_decision.py`.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    #[doc(hidden)]
    pub fn evidence(&self, picture: &dyn Picture, as_if: Option<u32>) -> Result<Vec<Vec<f32>>> {
        let size = picture.size();
        let plan = match as_if {
            Some(longest) => self
                .plans
                .of(Size::new(longest, longest))
                .reduced(size.longest() as f32 / longest as f32),
            None => self.plans.of(size).clone(),
        };
        let all = self.gather(picture, &plan)?;
        let areas: Vec<Rect> = all.iter().map(|e| e.area).collect();
        let glances = second_look(
            picture,
            &areas,
            plan.doubt.tile,
            self.pool(Head::CenterFace)?,
        )?;
        let corners = |r: &Rect| [r.left(), r.top(), r.right(), r.bottom()];
        let rows = all.iter().zip(glances).map(|(e, glance)| {
            let mut row = corners(&e.area).to_vec();
            row.push(e.side);
            row.push(glance.as_ref().map_or(0.0, |g| g.score));
            row.extend(glance.map_or([0.0; 4], |g| corners(&g.area)));
            row.extend(&e.scores);
            row
        });
        Ok(rows.collect())
    }

    /// The engine, for people: `builtin avx512`.
    #[must_use]
    pub fn engine(&self) -> &str {
        &self.engine
    }
}
