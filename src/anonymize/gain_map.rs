//! Covers the HDR gain map of a photo where the photo itself is covered.
//!
//! Invariant: under a mask the map is a function of its samples around it, whatever the style.

use super::PreparedPhoto;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use crate::plane::{AnyPlaneMut, Layout};
use crate::redact::{Redaction, Region, Shape, Style};

impl PreparedPhoto {
    /// Covers the same places in the gain map, if one is kept. Its samples are no colours, so it is
    /// filled from around whatever the picture shows there.
    pub(super) fn cover_gain_map(&mut self) -> Result<()> {
        let (Some(map), Some(regions)) = (self.photo.gain_map_size(), self.regions.first()) else {
            return Ok(());
        };
        let orientation = self.photo.orientation(0);
        let from = orientation.upright_size(self.photo.stored_size(0));
        let to = orientation.upright_size(map);
        let times = [
            to.width as f32 / from.width as f32,
            to.height as f32 / from.height as f32,
        ];
        let regions: Option<Vec<Region>> = regions.iter().map(|r| scaled(r, times)).collect();
        let Some(regions) = regions else {
            return Err(Error::new(ErrorKind::Internal, "a region is no box"));
        };
        if regions.is_empty() {
            return Ok(());
        }
        let redaction = Redaction::new(&Style::Blur, &regions, map, orientation);
        let touched = |layout: &Layout| redaction.touched(layout);
        self.photo
            .edit_gain_map(&touched, &mut |plane, channel| match plane {
                AnyPlaneMut::U8(mut plane) => redaction.apply(&mut plane, channel),
                AnyPlaneMut::U16(mut plane) => redaction.apply(&mut plane, channel),
            })
    }
}

/// A region in a picture of another size, and a sample more on each side: viewers mix neighbouring
/// samples of the map.
fn scaled(region: &Region, [across, down]: [f32; 2]) -> Option<Region> {
    let area = &region.area;
    let (left, top) = (area.left() * across, area.top() * down);
    let (width, height) = (area.width() * across, area.height() * down);
    // The rectangle around a quadrilateral holds it at any scale.
    let shape = match region.shape {
        Shape::Ellipse => Shape::Ellipse,
        _ => Shape::Box,
    };
    Some(Region::new(
        shape,
        Rect::new(left, top, width, height)?.padded(1.0),
    ))
}
