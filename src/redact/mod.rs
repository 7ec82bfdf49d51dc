//! Covers regions of a picture, plane by plane. It stands alone: planes, regions and a style are
//! all it knows, so that photos, video frames and JPEG components are covered by the same code.
//!
//! Invariant: what an irreversible style writes inside a mask depends on the pixels outside of it
//! only.

mod blur;
mod canvas;
mod cluster;
mod gaussian;
mod grid;
mod mask;
mod membrane;
mod mosaic;
mod overlay;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use overlay::Sticker;

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, PixelRect, Quad, Rect, Size};
use crate::parallel;
use crate::plane::SampleCoding;
use crate::plane::{Channel, Layout, PlaneMut, Sample, Touched};
use canvas::Paint;
use grid::Grid;
use mask::{Mask, Outline};
use serde::{Deserialize, Serialize};

/// The outline of a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Shape {
    /// The ellipse inscribed in the region's rectangle.
    #[default]
    Ellipse,
    /// The rectangle.
    Box,
    /// The four corners of [`Region::corners`]; the rectangle if there are none.
    Quad,
}

/// A place to cover: a shape that fills a rectangle, in pixels of the upright picture.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Region {
    /// The outline.
    pub shape: Shape,
    /// The rectangle that the shape fills; may reach beyond the picture.
    pub area: Rect,
    /// Of [`Shape::Quad`]; `area` is the rectangle around them.
    pub corners: Option<Quad>,
}

impl Region {
    /// A shape in a rectangle.
    #[must_use]
    pub const fn new(shape: Shape, area: Rect) -> Self {
        Self {
            shape,
            area,
            corners: None,
        }
    }

    /// A quadrilateral.
    #[must_use]
    pub fn quad(corners: Quad) -> Self {
        Self {
            shape: Shape::Quad,
            area: corners.bounds(),
            corners: Some(corners),
        }
    }
}

/// A colour, 8 bits a channel, in the picture's own colour space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Red, green and blue in 0..=1.
    fn shares(self) -> [f32; 3] {
        [self.0, self.1, self.2].map(|v| f32::from(v) / 255.0)
    }
}

/// What a mask shows.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Style {
    /// Filled smoothly from the pixels around it. Irreversible.
    #[default]
    Blur,
    /// One colour. Irreversible.
    Solid(Rgb),
    /// At most this many cells, 1..=64, across the mask's longer side. Uses the face's own pixels.
    Mosaic(u32),
    /// A Gaussian of the face's own pixels; its standard deviation is a seventh of the mask's
    /// longer side.
    Gaussian,
    /// A sticker over the smooth fill. Irreversible.
    Image(Sticker),
}

impl Style {
    /// Its name on the command line and in the report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Blur => "blur",
            Self::Solid(_) => "solid",
            Self::Mosaic(_) => "mosaic",
            Self::Gaussian => "gaussian",
            Self::Image(_) => "image",
        }
    }

    /// Checks what the type cannot: the number of cells of a mosaic. [`Redaction`] takes the
    /// nearest valid number.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a number of cells outside 1..=64.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Mosaic(cells) if !(1..=mosaic::MAX_CELLS).contains(&cells) => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{cells} cells across a mask is outside 1..={}",
                    mosaic::MAX_CELLS
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether the result inside a mask is a function of the pixels outside of it only.
    #[must_use]
    pub const fn is_irreversible(&self) -> bool {
        !matches!(self, Self::Mosaic(_) | Self::Gaussian)
    }
}

/// Regions of one picture and what to cover them with, ready to be applied to its planes.
///
/// A sample is inside a mask if the pixels it stands for share any area with a region's shape, so
/// masks are rounded outward; a region that reaches beyond the picture ends at its edge. All styles
/// but [`Style::Blur`] blend a ring of about one sample around an ellipse with what is there.
/// Regions that touch are covered together. Planes may come in any order and from any thread.
///
/// Memory while a plane is covered: about 8 bytes for each of its samples inside a mask and 1 byte
/// for each in the rectangle around masks that touch.
#[derive(Clone, Debug)]
pub struct Redaction {
    style: Style,
    /// Those that share area with the picture.
    outlines: Vec<Outline>,
    stored: Size,
    orientation: Orientation,
    /// That of photos if there is none.
    coding: Option<SampleCoding>,
}

impl Redaction {
    /// `regions` are in upright pixels; `stored` is the size of the planes at full resolution as
    /// they lie in memory, `orientation` how they must be turned to be upright. Regions without
    /// area and those wholly beyond the picture cover nothing.
    #[must_use]
    pub fn new(style: &Style, regions: &[Region], stored: Size, orientation: Orientation) -> Self {
        let picture = Rect::of(orientation.upright_size(stored));
        let outlines = regions
            .iter()
            .filter(|r| r.area.intersection(&picture).is_some())
            .map(Outline::new)
            .collect();
        Self {
            style: style.clone(),
            outlines,
            stored,
            orientation,
            coding: None,
        }
    }

    /// For planes whose samples mean something else than a photo's: the frames of a video.
    #[must_use]
    pub const fn coded(mut self, coding: SampleCoding) -> Self {
        self.coding = Some(coding);
        self
    }

    /// Covers the regions in one plane of the picture.
    ///
    /// Samples that lie wholly beyond the picture, which pad a JPEG component to whole blocks, are
    /// neither read nor written: pad anew after this.
    pub fn apply<T: Sample>(&self, plane: &mut PlaneMut<'_, T>, channel: Channel) {
        let grid = Grid::new(plane.layout(), self.stored, self.orientation);
        let coding = self.coding.unwrap_or(SampleCoding::photo::<T>());
        let soft = !matches!(self.style, Style::Blur);
        let outlines = self.outlines.iter().map(|o| (*o, o.bounds(&grid)));
        // Groups do not see each other, so several may be painted at the same time.
        let at_once = match parallel::threads() {
            1 => 1,
            threads => 4 * threads,
        };
        let mut groups = cluster::group(outlines).into_iter().peekable();
        while groups.peek().is_some() {
            let some = groups.by_ref().take(at_once).collect();
            let before = &*plane;
            let paint = |group| self.paint(before, &grid, group, (channel, coding), soft);
            for (mask, paint) in parallel::map(some, paint) {
                paint.write(plane, &grid, &mask);
            }
        }
    }

    /// What covers one group of outlines.
    fn paint<T: Sample>(
        &self,
        plane: &PlaneMut<'_, T>,
        grid: &Grid,
        group: cluster::Cluster,
        (channel, coding): (Channel, SampleCoding),
        soft: bool,
    ) -> (Mask, Paint<T>) {
        let outlines = &group.outlines[..];
        let mask = Mask::draw(outlines, group.bounds, grid, soft);
        let paint = match &self.style {
            Style::Blur => blur::paint(plane, grid, &mask, channel, coding),
            Style::Solid(colour) => Paint::Flat(coding.value(channel, colour.shares(), 1.0)),
            Style::Mosaic(cells) => mosaic::paint(plane, grid, &mask, outlines, *cells),
            Style::Gaussian => gaussian::paint(plane, grid, &mask, outlines),
            Style::Image(sticker) => {
                let fill = blur::ground(plane, grid, &mask, channel, coding);
                let value = |colour, alpha| coding.value(channel, colour, alpha);
                Paint::Canvas(overlay::lay(fill, grid, &mask, outlines, sticker, value))
            }
        };
        (mask, paint)
    }

    /// Rectangles of samples of a plane outside which [`Redaction::apply`] changes nothing: one for
    /// each row (column, if the picture lies on its side) of each shape, so together they follow
    /// it. They may overlap. What a fill looks at is at most three samples farther.
    #[must_use]
    pub fn touched(&self, layout: &Layout) -> Vec<PixelRect> {
        let soft = !matches!(self.style, Style::Blur);
        self.rects(layout, |outline| u32::from(soft && !outline.is_crisp()))
    }

    /// The same, and the samples inside of masks where no style reads them.
    pub(crate) fn touched_and_unread(&self, layout: &Layout) -> Touched {
        let unread = match self.style.is_irreversible() {
            true => self.rects(layout, |_| 0),
            false => Vec::new(),
        };
        Touched {
            rects: self.touched(layout),
            unread,
        }
    }

    /// A rectangle for each row of each shape with so many samples around it.
    fn rects(&self, layout: &Layout, ring: impl Fn(&Outline) -> u32) -> Vec<PixelRect> {
        let grid = Grid::new(layout, self.stored, self.orientation);
        let mut rects = Vec::new();
        for outline in &self.outlines {
            let ring = ring(outline);
            let bounds = outline.bounds(&grid).grown(ring, &grid);
            for y in bounds.top..bounds.bottom {
                if let Some((from, to)) = outline.near(&grid, y, ring) {
                    rects.push(grid.stored_run(y, from, to));
                }
            }
        }
        rects
    }
}
