//! Pictures that lie in memory as pixels: no file, no metadata, no report.

use super::Anonymizer;
use crate::error::Result;
use crate::geometry::Orientation;
use crate::picture::PixelsMut;
use crate::redact::{Redaction, Region};

impl Anonymizer {
    /// Covers the faces in a buffer of pixels, and returns the regions that were covered: those of
    /// faces, then [`AnonymizeOptions::regions`](crate::AnonymizeOptions::regions). For frames that
    /// follow each other, a type that tracks faces over them misses fewer.
    ///
    /// # Errors
    /// Those of [`Detector::detect`](crate::Detector::detect); the pixels are unchanged then.
    pub fn pixels(&self, pixels: &mut PixelsMut<'_>) -> Result<Vec<Region>> {
        let faces = self.detector.detect(&pixels.as_pixels())?;
        let regions = self.options.masks_about(&faces);
        let regions: Vec<Region> = regions.into_iter().map(|(region, _)| region).collect();
        self.cover_pixels(pixels, &regions)?;
        Ok(regions)
    }

    /// Covers regions in a buffer of pixels, in the style of the options.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) for a bug here.
    pub fn cover_pixels(&self, pixels: &mut PixelsMut<'_>, regions: &[Region]) -> Result<()> {
        let size = pixels.layout().size;
        let redaction = Redaction::new(&self.options.style, regions, size, Orientation::Normal);
        pixels.planes(&mut |plane, channel| redaction.apply(plane, channel))
    }
}
