//! What is covered, how, and within which bounds.

use super::moving::MovingRegion;
use crate::error::{Error, ErrorKind, Result};
use crate::face::{Face, Subject};
use crate::geometry::{Quad, Rect, Size};
use crate::photo::{Format, KeepMetadata, Limits, Quality, RawFiles};
use crate::redact::{Region, Shape, Style};

/// How a mask is made from a face.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Masking {
    /// Its outline.
    pub shape: Shape,
    /// Side of the mask over side of the face's box, 1..=10; a pixel and a half more on each side.
    pub margin: f32,
}

/// What a mask has more on each side than its margin says, pixels. Boxes sit beside the face by 0.1
/// of its side where that is 16 to 20 pixels, by 0.05 from 64 on (one standard deviation): a factor
/// alone is too little for small faces.
pub(super) const ROOM: f32 = 1.5;

/// Side of a mask over side of the box of an object: a hand or a mirror may stick out.
pub(super) const OBJECT_MARGIN: f32 = 1.1;

impl Masking {
    /// This outline, so many times the face's box.
    #[must_use]
    pub const fn new(shape: Shape, margin: f32) -> Self {
        Self { shape, margin }
    }
}

impl Default for Masking {
    /// An ellipse 1.7 times the face's box: covers hair and ears, and makes up for boxes that sit a
    /// little beside the face.
    fn default() -> Self {
        Self {
            shape: Shape::Ellipse,
            margin: 1.7,
        }
    }
}

/// What to cover, with what, and within which bounds; the methods change one option each.
/// Serialised without the style, which may hold a picture
/// ([`ReportStyle`](crate::report::ReportStyle) stands for one): that is the default when it is
/// read back.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct AnonymizeOptions {
    /// What a mask shows.
    #[serde(skip)]
    pub style: Style,
    /// How a mask is made from a face.
    pub masking: Masking,
    /// Always covered, as boxes, in pixels of the upright picture. One that lies outside is named
    /// in the report's `warnings`.
    pub regions: Vec<Rect>,
    /// Always covered in a part of a video or of a live stream, as boxes that move. Photos have
    /// none.
    pub moving: Vec<MovingRegion>,
    /// A face whose middle lies in one of these is not covered.
    pub ignore: Vec<Rect>,
    /// Whether photos are panoramas that go all the way round, also those whose tags do not say so.
    pub panorama: bool,
    /// Metadata that is written again.
    pub keep: KeepMetadata,
    /// The format in which photos are written; `None`: their own, or what [`Format::written_as`]
    /// says.
    pub format: Option<Format>,
    /// What becomes of the raw files of cameras.
    pub raw: RawFiles,
    /// How finely photos are coded that are written from pixels.
    pub quality: Quality,
    /// Bounds for reading.
    pub limits: Limits,
}

impl AnonymizeOptions {
    /// The defaults: the style [`Style::Blur`], [`Masking::default`], no metadata.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With masks that show this.
    #[must_use]
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// With masks made like this.
    #[must_use]
    pub fn masking(mut self, masking: Masking) -> Self {
        self.masking = masking;
        self
    }

    /// Covering these boxes in any case, too.
    #[must_use]
    pub fn regions(mut self, regions: impl Into<Vec<Rect>>) -> Self {
        self.regions = regions.into();
        self
    }

    /// Covering these moving boxes in any case, too.
    #[must_use]
    pub fn moving(mut self, regions: impl Into<Vec<MovingRegion>>) -> Self {
        self.moving = regions.into();
        self
    }

    /// Leaving faces open whose middle lies in one of these boxes.
    #[must_use]
    pub fn ignore(mut self, boxes: impl Into<Vec<Rect>>) -> Self {
        self.ignore = boxes.into();
        self
    }

    /// Taking photos for panoramas, whatever their tags say.
    #[must_use]
    pub fn panorama(mut self, is_panorama: bool) -> Self {
        self.panorama = is_panorama;
        self
    }

    /// Keeping this metadata.
    #[must_use]
    pub fn keep(mut self, keep: KeepMetadata) -> Self {
        self.keep = keep;
        self
    }

    /// Writing photos in this format.
    #[must_use]
    pub fn format(mut self, format: impl Into<Option<Format>>) -> Self {
        self.format = format.into();
        self
    }

    /// Doing this with the raw files of cameras.
    #[must_use]
    pub fn raw(mut self, raw: RawFiles) -> Self {
        self.raw = raw;
        self
    }

    /// Coding photos this finely that are written from pixels.
    #[must_use]
    pub fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// With these bounds for reading.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks what the types cannot.
    pub(super) fn check(&self) -> Result<()> {
        let margin = self.masking.margin;
        if !(1.0..=10.0).contains(&margin) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("margin {margin} is outside 1..=10"),
            ));
        }
        if let Some(format) = self.format.filter(|f| !f.is_target()) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{} cannot be written from other formats", format.name()),
            ));
        }
        self.quality.check()?;
        self.style.check()
    }

    /// Whether a face here is not to be covered.
    pub(super) fn ignores(&self, face: &Rect) -> bool {
        let c = face.center();
        let holds =
            |r: &Rect| (r.left()..r.right()).contains(&c.x) && (r.top()..r.bottom()).contains(&c.y);
        self.ignore.iter().any(holds)
    }

    /// The boxes in which faces are not covered, for the report.
    pub(super) fn left_open(&self) -> Vec<[f32; 4]> {
        let corners = |r: &Rect| [r.left(), r.top(), r.width(), r.height()];
        self.ignore.iter().map(corners).collect()
    }

    /// The mask of a face, unless it is not to be covered.
    pub(super) fn mask(&self, face: &Rect) -> Option<Region> {
        let Masking { shape, margin } = self.masking;
        (!self.ignores(face)).then(|| Region::new(shape, face.grown(margin).padded(ROOM)))
    }

    /// The mask of writing, a little larger, unless it is not to be covered: as it lies or, where its
    /// corners are not known, its box.
    pub(super) fn mask_of_writing(&self, area: &Rect, corners: Option<&Quad>) -> Option<Region> {
        let quad = corners.and_then(|quad| quad.padded(ROOM));
        let boxed = || Region::new(Shape::Box, area.padded(ROOM));
        (!self.ignores(area)).then(|| quad.map_or_else(boxed, Region::quad))
    }

    /// The mask of what a network of the user's own found: its box, a little larger.
    pub(super) fn box_of_object(&self, area: &Rect) -> Option<Region> {
        (!self.ignores(area))
            .then(|| Region::new(Shape::Box, area.grown(OBJECT_MARGIN).padded(ROOM)))
    }

    /// The masks of what was found in one frame of a photo and what they are about, then the
    /// regions always covered.
    pub(super) fn masks_about(&self, found: &[Face]) -> Vec<(Region, Subject)> {
        let found = found.iter().filter_map(|one| {
            let mask = match one.subject {
                Subject::Face => self.mask(&one.area),
                Subject::Text => self.mask_of_writing(&one.area, one.corners.as_ref()),
                Subject::Object(_) => self.box_of_object(&one.area),
            };
            Some((mask?, one.subject))
        });
        found
            .chain(self.always().map(|region| (region, Subject::Face)))
            .collect()
    }

    /// A sentence for each region to be covered that is in no frame of these sizes.
    pub(super) fn out_of_sight(&self, frames: &[Size]) -> Vec<String> {
        outside(self.regions.iter(), frames)
    }

    /// The regions that move, as they are so many seconds after the start.
    pub(super) fn moving_at(&self, seconds: f64) -> impl Iterator<Item = Region> {
        let there = self.moving.iter().filter_map(move |m| m.at(seconds));
        there.map(|area| Region::new(Shape::Box, area))
    }

    /// The regions always covered.
    pub(super) fn always(&self) -> impl Iterator<Item = Region> {
        self.regions.iter().map(|r| Region::new(Shape::Box, *r))
    }
}

/// A sentence for each rectangle that is in no frame of these sizes.
pub(super) fn outside<'a>(regions: impl Iterator<Item = &'a Rect>, frames: &[Size]) -> Vec<String> {
    let meets = |r: &Rect, f: &Size| r.intersection(&Rect::of(*f)).is_some();
    let size = frames.first().copied().unwrap_or(Size::new(0, 0));
    let sentence = |r: &Rect| {
        let (x, y, w, h) = (r.left(), r.top(), r.width(), r.height());
        format!(
            "the region {x},{y},{w},{h} lies outside the picture of {}x{}, so it covers nothing",
            size.width, size.height
        )
    };
    let out = regions.filter(|r| !frames.iter().any(|f| meets(r, f)));
    out.map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_the_box_times_the_margin_and_a_pixel_and_a_half_more_on_each_side() {
        let face = Rect::new(100.0, 50.0, 10.0, 20.0).expect("a box");
        let area = AnonymizeOptions::default()
            .mask(&face)
            .expect("not ignored")
            .area;
        let expected = [105.0 - 8.5 - 1.5, 60.0 - 17.0 - 1.5, 17.0 + 3.0, 34.0 + 3.0];
        let found = [area.left(), area.top(), area.width(), area.height()];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{area:?}");
        }
    }

    /// A face marked in the page gets the mask that the program would give it, and the script that
    /// fits the decision counts what such a mask covers.
    #[test]
    fn masks_are_grown_alike_wherever_they_are_drawn() {
        let page = include_str!("../cli/review/page/marks.js");
        let script = include_str!("../../scripts/fit_decision.py");
        for (name, number) in [("ROOM", ROOM), ("MARGIN", Masking::default().margin)] {
            let line = format!("const {name} = {number:?};");
            assert!(page.lines().any(|l| l == line), "{line}");
            let line = format!("{name} = {number:?}");
            assert!(script.lines().any(|l| l == line), "{line}");
        }
    }
}
