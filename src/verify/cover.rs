//! Whether the regions of a photo are covered in its decoded pixels: each is covered again and
//! coded again as the format does it, and that must change nothing.
//!
//! Invariant: the photo's pixels are those of the file that was read; differences are given in
//! levels of 8 bits, whatever the samples have.

use super::again::{Again, Before, whole};
use super::colours::Colours;
use super::place::{Place, Samples};
use super::tolerance;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use crate::photo::{Format, Photo};
use crate::plane::{AnyPlaneMut, Channel, Layout, PlaneMut, Sample};
use crate::redact::{Redaction, Region, Style};

/// Samples across a tile in which the difference is averaged, at least.
const TILE: usize = 8;
/// The same as a share of the region's longer side.
const TILES: f64 = 6.0;
/// Samples without which a tile says nothing of its own.
const FEW: f64 = 24.0;

/// A region of fewer samples than a block of a JPEG is a sliver in what was coded with it, and may
/// be off by twice as much.
const SLIVER: f64 = 64.0;

/// How far a region is from what its style shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// Root of the mean square in the worst tile, in levels of 8 bits.
    pub(super) levels: f32,
    /// That over what the codec may do: above 1 it is not covered.
    pub(super) ratio: f32,
}

impl Difference {
    /// Whether the cover holds.
    pub(super) fn is_covered(self) -> bool {
        self.ratio <= 1.0
    }

    /// The worst that the planes of a picture say of a region.
    pub(super) fn worst_of(pairs: &[Pair], place: &Place) -> Self {
        let each = pairs.iter().map(|pair| pair.difference(place));
        each.fold(Self::default(), Self::worse)
    }

    fn worse(self, other: Self) -> Self {
        if other.ratio > self.ratio {
            other
        } else {
            self
        }
    }
}

/// One plane before and after.
pub(super) struct Pair {
    pub(super) channel: Channel,
    pub(super) before: Before,
    /// What it would be.
    pub(super) after: Vec<u16>,
    /// A level of 8 bits in the samples' own.
    pub(super) level: f32,
    /// Levels of 8 bits that a tile may be off.
    pub(super) tolerance: f32,
    /// Samples at the edge of a region that say nothing, as far as others are left: an encoder
    /// lets them share in what lies outside.
    pub(super) edge: usize,
}

impl Pair {
    /// Of a plane after it was covered again.
    pub(super) fn new<T: Sample>(
        plane: &PlaneMut<'_, T>,
        channel: Channel,
        before: Before,
        places: &[Place],
        level: f32,
        tolerance: f32,
    ) -> Self {
        let mut after = vec![0; before.samples.count()];
        for place in places {
            for y in place.window(&before.samples, 0).y {
                for x in place.run(&before.samples, y) {
                    after[y * before.samples.columns + x] = whole(plane.get(x, y));
                }
            }
        }
        Self {
            channel,
            before,
            after,
            level,
            tolerance,
            edge: 0,
        }
    }

    /// The same without the samples at the edges of regions.
    #[cfg(feature = "video")]
    pub(super) fn inside(self, edge: usize) -> Self {
        Self { edge, ..self }
    }

    /// Of one region.
    pub(super) fn difference(&self, place: &Place) -> Difference {
        let samples = &self.before.samples;
        let off = |x: usize, y: usize| {
            let at = y * samples.columns + x;
            let off = f32::from(self.before.values[at]) - f32::from(self.after[at]);
            off / self.level
        };
        let rows = place.window(samples, 0).y;
        let core: usize = rows.map(|y| place.core(samples, y, self.edge).len()).sum();
        let edge = if (core as f64) < SLIVER { 0 } else { self.edge };
        tiles(place, samples, edge, self.tolerance, off)
    }
}

/// The worst tile of a region without the samples at its edge.
pub(super) fn tiles(
    place: &Place,
    samples: &Samples,
    edge: usize,
    tolerance: f32,
    off: impl Fn(usize, usize) -> f32,
) -> Difference {
    let window = place.window(samples, 0);
    let (sx, sy) = samples.steps();
    let longest = place.longest() / sx.min(sy);
    let side = ((longest / TILES) as usize).max(TILE);
    let across = window.x.len().div_ceil(side).max(1);
    let mut sums = vec![(0.0f64, 0.0f64); across * window.y.len().div_ceil(side).max(1)];
    for y in window.y.clone() {
        for x in place.core(samples, y, edge) {
            let at = (y - window.y.start) / side * across + (x - window.x.start) / side;
            if let Some(tile) = sums.get_mut(at) {
                let off = f64::from(off(x, y));
                tile.0 += off * off;
                tile.1 += 1.0;
            }
        }
    }
    let total = sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    let tiles = sums.into_iter().filter(|t| t.1 >= FEW).chain([total]);
    let worst = tiles.map(|(sum, count)| (sum / count.max(1.0)).sqrt());
    let levels = worst.fold(0.0, f64::max) as f32;
    let tolerance = if total.1 < SLIVER {
        2.0 * tolerance
    } else {
        tolerance
    };
    Difference {
        levels,
        ratio: levels / tolerance,
    }
}

/// How far each region of a frame is from what it should show. The photo is changed by that and is
/// of no more use.
///
/// # Errors
/// Those of [`Photo::edit`].
pub(super) fn differences(
    photo: &mut Photo,
    frame: usize,
    regions: &[Region],
    style: &Style,
) -> Result<Vec<Difference>> {
    let (stored, orientation) = (photo.stored_size(frame), photo.orientation(frame));
    let redaction = Redaction::new(style, regions, stored, orientation);
    let places: Vec<Place> = regions
        .iter()
        .map(|r| Place::new(r, stored, orientation))
        .collect();
    let again = Again {
        redaction: &redaction,
        style,
        places: &places,
        stored,
        orientation,
    };
    let touched = |layout: &Layout| redaction.touched(layout);
    let mut before = Vec::new();
    photo.edit(frame, &touched, &mut |plane, channel| {
        before.push(match plane {
            AnyPlaneMut::U8(mut plane) => again.cover(&mut plane, channel),
            AnyPlaneMut::U16(mut plane) => again.cover(&mut plane, channel),
        });
    })?;
    let coarseness = photo.coarseness();
    let mut before = before.into_iter();
    let mut pairs = Vec::new();
    // What it is after the codec was through with it.
    photo.edit(frame, &touched, &mut |plane, channel| {
        if let Some(before) = before.next() {
            let index = pairs.len();
            let tolerance = tolerance::of_photo(style, coarseness.get(index).copied());
            pairs.push(match plane {
                AnyPlaneMut::U8(p) => Pair::new(&p, channel, before, &places, 1.0, tolerance),
                AnyPlaneMut::U16(p) => Pair::new(&p, channel, before, &places, 257.0, tolerance),
            });
        }
    })?;
    if pairs.is_empty() {
        return untouched(&places, stored);
    }
    if photo.format() == Format::Gif {
        let colours = Colours::of(&pairs, tolerance::of_palette(style));
        return Ok(places.iter().map(|p| colours.difference(p)).collect());
    }
    Ok(places
        .iter()
        .map(|p| Difference::worst_of(&pairs, p))
        .collect())
}

/// Of regions that touch no plane: an ellipse may lie beyond a corner of the picture that its box
/// reaches into. If one does have samples, nobody looked at them.
fn untouched(places: &[Place], stored: Size) -> Result<Vec<Difference>> {
    let samples = Samples::new(&Layout::dense(stored), stored);
    let has_any = |place: &Place| {
        let mut rows = place.window(&samples, 0).y;
        rows.any(|y| !place.run(&samples, y).is_empty())
    };
    if places.iter().any(has_any) {
        let message = "a picture without a plane that its regions touch";
        return Err(Error::new(ErrorKind::Internal, message));
    }
    Ok(vec![Difference::default(); places.len()])
}
