//! What the pixel formats share: a list of pictures in memory, and how each is written.

use super::Body;
use super::convert::Parts;
use super::flatten::Flattened;
use super::raster::Raster;
use crate::error::Result;
use crate::geometry::{Orientation, PixelRect, Size};
use crate::picture::RgbImage;
use crate::plane::{AnyPlaneMut, Channel, Layout};

/// One picture of a file.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) raster: Raster,
    pub(super) orientation: Orientation,
}

/// A format's way back from pixels to a file, with everything else that the file needs.
pub(super) trait Writer: Send + Sync {
    /// Encodes all frames; there is at least one.
    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>>;
    /// See [`Photo::coarseness`](super::Photo::coarseness).
    fn coarseness(&self) -> Vec<f32> {
        Vec::new()
    }
    /// See [`Body::parts`].
    fn parts(self, frames: Vec<Frame>) -> Parts;
}

/// A file as a list of pictures in memory, never empty.
#[derive(Debug)]
pub(super) struct Frames<W> {
    frames: Vec<Frame>,
    writer: W,
}

impl<W: Writer> Frames<W> {
    /// `None` without a frame.
    pub(super) fn new(frames: Vec<Frame>, writer: W) -> Option<Self> {
        (!frames.is_empty()).then_some(Self { frames, writer })
    }
}

impl<W: Writer> Body for Frames<W> {
    fn frame_count(&self) -> usize {
        self.frames.len()
    }

    fn size(&self, frame: usize) -> Size {
        self.frames[frame].raster.size()
    }

    fn orientation(&self, frame: usize) -> Orientation {
        self.frames[frame].orientation
    }

    fn view(&self, frame: usize, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let frame = &self.frames[frame];
        frame.raster.view(frame.orientation, crop, size)
    }

    fn over(&self, frame: usize, backdrop: u8) -> Result<Option<Flattened>> {
        let frame = &self.frames[frame];
        Flattened::new(&frame.raster, frame.orientation, backdrop)
    }

    fn edit(
        &mut self,
        frame: usize,
        _touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        self.frames[frame].raster.edit(change)
    }

    fn coarseness(&self) -> Vec<f32> {
        self.writer.coarseness()
    }

    fn write(&self) -> Result<Vec<u8>> {
        self.writer.write(&self.frames)
    }

    fn parts(self: Box<Self>) -> Result<Parts> {
        Ok(self.writer.parts(self.frames))
    }

    fn to_rgba(&self) -> (Size, Vec<u8>) {
        let first = &self.frames[0];
        first.raster.to_rgba(first.orientation)
    }
}
