//! How the pixels of a live stream lie in memory.
//!
//! Invariant: after [`FrameFormat::check`], every sample lies inside a buffer of
//! [`FrameFormat::bytes`].

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Planes, Samples, Shape};
use crate::geometry::{Orientation, Size};
use crate::picture::{PixelLayout, PixelOrder};
use crate::plane::{Channel, Layout, Plane, SampleCoding, YuvMatrix, YuvRange};

/// What a pixel is made of. Eight bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Interleaved(PixelOrder),
    I420,
    Nv12,
}

/// Lines from which a picture is taken for BT.709 unless [`FrameFormat::coding`] says otherwise.
const HIGH_DEFINITION: u32 = 720;

/// How the frames of one stream lie in memory: pixels, size, planes, orientation and coding. Eight
/// bits a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameFormat {
    kind: Kind,
    size: Size,
    orientation: Orientation,
    /// First byte and distance of rows in bytes, a plane each.
    planes: Vec<(usize, usize)>,
    coding: SampleCoding,
}

impl FrameFormat {
    /// Red, green and blue side by side, with or without opacity, which is left as it is.
    #[must_use]
    pub fn interleaved(layout: PixelLayout) -> Self {
        let coding = (YuvRange::Full, YuvMatrix::Bt601);
        Self::new(Kind::Interleaved(layout.order), layout.size, coding).stride(layout.stride)
    }

    /// Three planes: Y, then Cb and Cr with one sample per 2 by 2 pixels. Rows without gaps, planes
    /// one after the other. Taken for limited range, BT.709 from 720 lines on and BT.601 below.
    #[must_use]
    pub fn i420(size: Size) -> Self {
        Self::new(Kind::I420, size, usual_coding(size)).stride(size.width as usize)
    }

    /// Two planes: Y, then Cb and Cr in turn with one of each per 2 by 2 pixels. Else as
    /// [`FrameFormat::i420`].
    #[must_use]
    pub fn nv12(size: Size) -> Self {
        Self::new(Kind::Nv12, size, usual_coding(size)).stride(size.width as usize)
    }

    /// The format called `rgb`, `bgr`, `rgba`, `bgra`, `i420` or `nv12`, without gaps.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for another name.
    pub fn by_name(name: &str, size: Size) -> Result<Self> {
        let order = PixelOrder::ALL.iter().find(|order| order.name() == name);
        match (name, order) {
            (_, Some(order)) => Ok(Self::interleaved(PixelLayout::packed(size, *order))),
            ("i420", _) => Ok(Self::i420(size)),
            ("nv12", _) => Ok(Self::nv12(size)),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("`{name}` is none of rgb, bgr, rgba, bgra, i420 and nv12"),
            )),
        }
    }

    const fn new(kind: Kind, size: Size, coding: (YuvRange, YuvMatrix)) -> Self {
        Self {
            kind,
            size,
            orientation: Orientation::Normal,
            planes: Vec::new(),
            coding: SampleCoding {
                bits: 8,
                range: coding.0,
                matrix: coding.1,
            },
        }
    }

    /// Distance in bytes from a row to the one below it, at least a row's length. Of I420 the
    /// chroma planes have half of it, rounded up; of NV12 the same. Planes follow one another
    /// without a gap.
    #[must_use]
    pub fn stride(mut self, bytes: usize) -> Self {
        let mut start = 0usize;
        self.planes = (0..self.plane_count())
            .map(|plane| {
                let stride = match (self.kind, plane) {
                    (_, 0) => bytes,
                    (Kind::I420, _) => bytes.div_ceil(2),
                    // Of an odd width the pairs are one byte longer than the brightness.
                    _ => bytes.max(self.row_bytes(plane)),
                };
                let at = start;
                start = start.saturating_add(stride.saturating_mul(self.rows(plane)));
                (at, stride)
            })
            .collect();
        self
    }

    /// The first byte of each plane and the distance of its rows in bytes: one pair for RGB, two
    /// for NV12, three for I420.
    #[must_use]
    pub fn planes(mut self, planes: &[(usize, usize)]) -> Self {
        self.planes = planes.to_vec();
        self
    }

    /// How a frame must be turned to be upright. Regions are in pixels of the upright frame.
    #[must_use]
    pub const fn orientation(mut self, orientation: Orientation) -> Self {
        self.orientation = orientation;
        self
    }

    /// What the numbers of YUV mean.
    #[must_use]
    pub const fn coding(mut self, range: YuvRange, matrix: YuvMatrix) -> Self {
        self.coding.range = range;
        self.coding.matrix = matrix;
        self
    }

    /// Size as stored.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The least length of a buffer that holds a frame, in bytes; the last row needs no padding.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let end = |(plane, (start, stride)): (usize, &(usize, usize))| {
            let rows = stride.saturating_mul(self.rows(plane).saturating_sub(1));
            start
                .saturating_add(rows)
                .saturating_add(self.row_bytes(plane))
        };
        self.planes.iter().enumerate().map(end).max().unwrap_or(0)
    }

    fn plane_count(&self) -> usize {
        match self.kind {
            Kind::I420 => 3,
            Kind::Nv12 => 2,
            _ => 1,
        }
    }

    /// Bytes of a row of a plane.
    fn row_bytes(&self, plane: usize) -> usize {
        let width = self.size.width as usize;
        match (self.kind, plane) {
            (Kind::Interleaved(order), _) => order.bytes() * width,
            (_, 0) => width,
            (Kind::Nv12, _) => 2 * width.div_ceil(2),
            _ => width.div_ceil(2),
        }
    }

    fn rows(&self, plane: usize) -> usize {
        let height = self.size.height as usize;
        if plane == 0 {
            height
        } else {
            height.div_ceil(2)
        }
    }

    /// Checks what the types cannot.
    pub(super) fn check(&self, max_pixels: u64) -> Result<()> {
        let invalid = |why: String| Err(Error::new(ErrorKind::InvalidArgument, why));
        let Size { width, height } = self.size;
        if self.size.is_empty() {
            return invalid(format!("frames of {width}x{height} pixels are empty"));
        }
        if self.size.area() > max_pixels {
            let what =
                format!("frames of {width}x{height} pixels are more than the {max_pixels} allowed");
            return Err(Error::new(ErrorKind::TooLarge, what));
        }
        let (given, needed) = (self.planes.len(), self.plane_count());
        if given != needed {
            return invalid(format!("{given} planes are given instead of {needed}"));
        }
        for (plane, (_, stride)) in self.planes.iter().enumerate() {
            let row = self.row_bytes(plane);
            if *stride < row {
                return invalid(format!(
                    "a stride of {stride} bytes is less than the {row} of a row"
                ));
            }
        }
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for (plane, (start, stride)) in self.planes.iter().enumerate() {
            let length = stride
                .checked_mul(self.rows(plane) - 1)
                .and_then(|rows| rows.checked_add(self.row_bytes(plane)))
                .and_then(|length| length.checked_add(*start));
            let Some(end) = length else {
                return invalid("a plane ends beyond all memory".into());
            };
            spans.push((*start, end));
        }
        spans.sort_unstable();
        if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            return invalid("planes overlap".into());
        }
        Ok(())
    }

    /// Where each channel begins, how it lies, and what it is. Opacity is none of them.
    pub(super) fn channels(&self) -> Vec<(usize, Layout, Channel)> {
        let at = |plane: usize| self.planes.get(plane).copied().unwrap_or_default();
        let whole = |plane: usize, offset: usize, step: usize, channel| {
            let (start, stride) = at(plane);
            let layout = Layout {
                size: self.size,
                stride,
                step,
                subsampling: (1, 1),
            };
            (start + offset, layout, channel)
        };
        let half = |plane: usize, offset: usize, step: usize, channel| {
            let (start, layout, channel) = whole(plane, offset, step, channel);
            let Size { width, height } = self.size;
            let layout = Layout {
                size: Size::new(width.div_ceil(2), height.div_ceil(2)),
                subsampling: (2, 2),
                ..layout
            };
            (start, layout, channel)
        };
        let colours = |step, [red, green, blue]: [usize; 3]| {
            vec![
                whole(0, red, step, Channel::Red),
                whole(0, green, step, Channel::Green),
                whole(0, blue, step, Channel::Blue),
            ]
        };
        match self.kind {
            Kind::Interleaved(PixelOrder::Rgb) => colours(3, [0, 1, 2]),
            Kind::Interleaved(PixelOrder::Bgr) => colours(3, [2, 1, 0]),
            Kind::Interleaved(PixelOrder::Rgba) => colours(4, [0, 1, 2]),
            Kind::Interleaved(PixelOrder::Bgra) => colours(4, [2, 1, 0]),
            Kind::I420 => vec![
                whole(0, 0, 1, Channel::Luma),
                half(1, 0, 1, Channel::BlueDifference),
                half(2, 0, 1, Channel::RedDifference),
            ],
            Kind::Nv12 => vec![
                whole(0, 0, 1, Channel::Luma),
                half(1, 0, 2, Channel::BlueDifference),
                half(1, 1, 2, Channel::RedDifference),
            ],
        }
    }

    /// The frames as the detector's view of them takes them: planes side by side without gaps.
    pub(super) fn shape(&self) -> Shape {
        let planes = match self.kind {
            Kind::I420 | Kind::Nv12 => Planes::Yuv { x: 1, y: 1 },
            _ => Planes::Gbr,
        };
        Shape {
            size: self.size,
            orientation: self.orientation,
            planes,
            coding: self.coding,
            pixel_aspect: 1.0,
            is_pq: false,
        }
    }

    /// Copies a buffer to planes of [`FrameFormat::shape`].
    pub(super) fn copy_planes(&self, data: &[u8], to: &mut Frame) -> Result<()> {
        let mut samples = match std::mem::take(&mut to.samples) {
            Samples::U8(samples) => samples,
            Samples::U16(_) => Vec::new(),
        };
        samples.clear();
        let mut channels = self.channels();
        if self.shape().planes == Planes::Gbr {
            channels.rotate_left(1); // red, green, blue become green, blue, red
        }
        for (start, layout, _) in channels {
            let from = data.get(start..).unwrap_or_default();
            Plane::new(from, layout)?;
            let length = (layout.size.width as usize - 1) * layout.step + 1;
            for y in 0..layout.size.height as usize {
                let row = &from[y * layout.stride..][..length];
                match layout.step {
                    1 => samples.extend_from_slice(row),
                    step => samples.extend(row.iter().step_by(step)),
                }
            }
        }
        to.samples = Samples::U8(samples);
        Ok(())
    }

    /// What the samples mean.
    pub(super) const fn sample_coding(&self) -> SampleCoding {
        self.coding
    }
}

/// What YUV of this size is taken for.
const fn usual_coding(size: Size) -> (YuvRange, YuvMatrix) {
    match size.height >= HIGH_DEFINITION {
        true => (YuvRange::Limited, YuvMatrix::Bt709),
        false => (YuvRange::Limited, YuvMatrix::Bt601),
    }
}
