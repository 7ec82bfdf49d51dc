//! Finds what a network of the user's own knows: persons, cars, screens. It runs on ONNX Runtime,
//! whatever the networks for faces run on.
//!
//! Invariant: a network whose form is not understood is refused before any picture is searched.

mod layout;
mod model;
mod names;

use super::letterbox::Letterbox;
use super::merge::non_maximum_suppression;
use super::pool::Pool;
use crate::error::{Error, ErrorKind, Result};
use crate::face::{ClassName, Face, Subject};
use crate::geometry::{PixelRect, Size};
use crate::picture::{Picture, RgbImage};
use faceveil_engine::{Engine, EngineChoice, EngineOptions, Input, ModelInfo, Tensor};
use layout::{Found, Inks, Layout};
pub use model::ObjectModel;

/// Both sides of what a network is shown that takes any size and names none.
const SIDE: u32 = 640;
/// Largest side that a network may ask for.
const LARGEST: u32 = 8192;
/// Intersection over union above which two boxes of a class are one object: what Ultralytics uses.
/// Two masks over one object do no harm, and a person half behind another must stay.
const SAME: f32 = 0.7;
/// Most boxes of one picture that are compared with each other.
const MOST: usize = 3000;
/// What a canvas shows beside the picture, of 255: what these networks were taught with.
const GREY: f32 = 114.0;

/// Finds objects in pictures. Share one between threads.
pub(super) struct ObjectDetector {
    pool: Pool,
    engine: String,
    label: String,
    size: Size,
    layout: Layout,
    inks: Inks,
    threshold: f32,
    classes: Classes,
}

/// Names of classes, and which of them count.
struct Classes {
    names: Vec<String>,
    /// Numbers; `None`: all.
    chosen: Option<Vec<usize>>,
}

impl ObjectDetector {
    /// Loads a network and finds out its form.
    pub(super) fn new(options: &EngineOptions, model: &ObjectModel) -> Result<Self> {
        if !(0.0..=1.0).contains(&model.threshold) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the model's threshold {} is outside 0..=1", model.threshold),
            ));
        }
        let engine = Engine::open(&options.clone().engine(EngineChoice::OnnxRuntime))?;
        let pool = Pool::new(engine.load(&model.bytes)?);
        let info = pool.info().cloned().unwrap_or_default();
        let refused = |why: &str| {
            let what = format!("the model {} {why} ({})", model.label, info.signature);
            Error::new(ErrorKind::Engine, what)
        };
        let task = info.property("task").unwrap_or("detect");
        if !matches!(task, "detect" | "segment" | "pose") {
            return Err(refused(&format!(
                "is for the task {task} and gives no boxes"
            )));
        }
        let size = input_size(&info);
        if size.longest() > LARGEST || size.width.min(size.height) < 32 {
            return Err(refused("takes pictures of a size that is not shown to it"));
        }
        let named = match model.names.is_empty() {
            true => info.property("names").and_then(names::parse),
            false => Some(model.names.clone()),
        };
        let empty = Shown {
            size,
            inks: Inks::Unit,
            part: None,
        };
        let outputs = pool.run(&empty)?;
        let more = task != "detect";
        let form = match &outputs[..] {
            [output] => Some(output),
            // Of masks, the second holds what they are put together from.
            [output, _] if task == "segment" => Some(output),
            _ => None,
        };
        let count = named.as_ref().map(Vec::len);
        let form = form.and_then(|output| Layout::recognise(output, size, count, more));
        let Some((layout, inks)) = form else {
            let classes = count.map_or_else(String::new, |n| format!(" for {n} classes"));
            return Err(refused(&format!(
                "gives nothing that is understood{classes}: [1, 4 + C, N], [1, N, 6], [1, N, 7] \
                 or [1, N, 5 + C] is"
            )));
        };
        Ok(Self {
            classes: Classes::choose(named, layout.classes(), &model.classes)?,
            pool,
            engine: engine.name().to_owned(),
            label: model.label.clone(),
            size,
            layout,
            inks,
            threshold: model.threshold,
        })
    }

    /// The objects in a picture, the likeliest first.
    pub(super) fn detect(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        let size = picture.size();
        if size.is_empty() {
            return Ok(vec![]);
        }
        let place = self.place(size);
        let content = picture.view(place.crop, place.content)?;
        let outputs = self.pool.run(&Shown {
            size: self.size,
            inks: self.inks,
            part: Some((&place, &content)),
        })?;
        let found = self.decode(&outputs)?;
        let scale = place.content.width as f32 / size.width as f32;
        let name = format!("{}@{}", self.label, (scale * 100.0).round() / 100.0);
        let face = |found: Found| {
            Some(Face {
                subject: Subject::Object(self.classes.name(found.class)),
                corners: None,
                area: place.rect_to_picture(&found.area)?,
                score: found.score,
                landmarks: None,
                found_by: vec![name.clone()],
            })
        };
        Ok(found.into_iter().filter_map(face).collect())
    }

    /// The boxes on the canvas.
    fn decode(&self, outputs: &[Tensor]) -> Result<Vec<Found>> {
        let Some(output) = outputs.first() else {
            return Err(Error::new(ErrorKind::Engine, "the model gave no output"));
        };
        let counts = |class: usize| self.classes.counts(class);
        let (size, least) = (self.size, self.threshold);
        let mut found = self.layout.decode(output, size, least, &counts)?;
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(MOST);
        if !self.layout.has_doubles() {
            return Ok(found);
        }
        let mut classes: Vec<usize> = found.iter().map(|f| f.class).collect();
        classes.sort_unstable();
        classes.dedup();
        let of = |class: usize| {
            let all: Vec<Found> = found.iter().copied().filter(|f| f.class == class).collect();
            non_maximum_suppression(all, SAME, |f: &Found| (&f.area, f.score))
        };
        let mut kept: Vec<Found> = classes.into_iter().flat_map(of).collect();
        kept.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(kept)
    }

    /// Where a picture lies on the canvas: as large as it can be, in the middle, and in the corner
    /// for YOLOX.
    fn place(&self, picture: Size) -> Letterbox {
        let fit = |side: u32, whole: u32| f64::from(side) / f64::from(whole);
        let scale = fit(self.size.width, picture.width).min(fit(self.size.height, picture.height));
        let side = |v: u32, most: u32| ((f64::from(v) * scale).round() as u32).clamp(1, most);
        let content = Size::new(
            side(picture.width, self.size.width),
            side(picture.height, self.size.height),
        );
        let rest = match self.inks {
            Inks::Unit => (
                (self.size.width - content.width) / 2,
                (self.size.height - content.height) / 2,
            ),
            Inks::Bytes => (0, 0),
        };
        Letterbox {
            crop: PixelRect::of(picture),
            content,
            offset: rest,
            canvas: self.size,
        }
    }

    /// What it runs on.
    pub(super) fn engine(&self) -> &str {
        &self.engine
    }
}

/// Without those that are one object of a class with a likelier one.
pub(super) fn apart(all: Vec<Face>) -> Vec<Face> {
    let mut kept: Vec<Face> = Vec::with_capacity(all.len());
    let mut all = all;
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    for face in all {
        let same = |k: &Face| k.subject == face.subject && k.area.iou(&face.area) > SAME;
        if !kept.iter().any(same) {
            kept.push(face);
        }
    }
    kept
}

/// What a network is shown: its own sides, those that its file names, or the usual ones.
fn input_size(info: &ModelInfo) -> Size {
    let sides = info.property("imgsz").map(|text| {
        let numbers = text.trim_matches(['[', ']', '(', ')']).split(',');
        let sides: Vec<u32> = numbers.filter_map(|n| n.trim().parse().ok()).collect();
        match sides[..] {
            [side] => [side, side],
            [height, width] => [height, width],
            _ => [SIDE, SIDE],
        }
    });
    let usual = sides.unwrap_or([SIDE, SIDE]);
    let [height, width] = info.sides;
    Size::new(width.unwrap_or(usual[1]), height.unwrap_or(usual[0]))
}

impl Classes {
    /// `there`: how many the network has, if its form says so.
    fn choose(named: Option<Vec<String>>, there: Option<usize>, asked: &[String]) -> Result<Self> {
        let names = named.unwrap_or_default();
        let known = there.or((!names.is_empty()).then_some(names.len()));
        let number = |word: &String| {
            let named = names.iter().position(|name| name == word);
            let number = || word.parse().ok().filter(|n| known.is_none_or(|k| *n < k));
            named.or_else(number).ok_or_else(|| {
                let shown = match (names.is_empty(), known) {
                    (false, _) => names.join(", "),
                    (true, Some(n)) => format!("the numbers 0 to {}", n - 1),
                    (true, None) => "numbers, since its file names none".to_owned(),
                };
                let message = format!("the model has no class {word}; it has {shown}");
                Error::new(ErrorKind::InvalidArgument, message)
            })
        };
        let chosen = asked.iter().map(number).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            chosen: (!asked.is_empty()).then_some(chosen),
            names,
        })
    }

    fn counts(&self, class: usize) -> bool {
        match &self.chosen {
            Some(chosen) => chosen.contains(&class),
            None => true,
        }
    }

    fn name(&self, class: usize) -> ClassName {
        let named = self.names.get(class).map(|name| ClassName::new(name));
        let named = named.filter(|name| !name.as_str().is_empty());
        named.unwrap_or_else(|| ClassName::new(&class.to_string()))
    }
}

/// A picture on its canvas, or the empty canvas.
struct Shown<'a> {
    size: Size,
    inks: Inks,
    part: Option<(&'a Letterbox, &'a RgbImage)>,
}

impl Input for Shown<'_> {
    fn size(&self) -> faceveil_engine::Size {
        self.size.into()
    }

    fn row(&self, y: usize, planes: [&mut [f32]; 3]) {
        let (channels, scale) = match self.inks {
            Inks::Unit => ([0, 1, 2], 1.0 / 255.0),
            Inks::Bytes => ([2, 1, 0], 1.0),
        };
        let pixels = self.part.and_then(|(place, content)| {
            let y = y.checked_sub(place.offset.1 as usize)?;
            let stride = content.size().width as usize * 3;
            let row = content.data().chunks_exact(stride).nth(y)?;
            Some((place.offset.0 as usize, row.as_chunks::<3>().0))
        });
        for (plane, channel) in planes.into_iter().zip(channels) {
            plane.fill(GREY * scale);
            if let Some((left, pixels)) = pixels {
                for (value, pixel) in plane[left..].iter_mut().zip(pixels) {
                    *value = f32::from(pixel[channel]) * scale;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
