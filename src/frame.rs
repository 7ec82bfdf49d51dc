//! A frame in memory: planes side by side without gaps, as raw video is piped.
//!
//! Invariant: a frame's samples are as many as its shape asks for, so every plane can be borrowed.

mod view;

pub(crate) use view::FramePicture;

#[cfg(feature = "video")]
use crate::error::Result;
use crate::geometry::{Orientation, Size};
use crate::plane::SampleCoding;
#[cfg(feature = "video")]
use crate::plane::{AnyPlaneMut, PlaneMut};
use crate::plane::{Channel, Layout};

/// What the planes of a frame are.
#[cfg_attr(
    not(feature = "video"),
    expect(dead_code, reason = "live frames have colours")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planes {
    /// Brightness alone.
    Grey,
    /// Brightness and two colour differences with a sample per 2^x by 2^y pixels.
    Yuv { x: u8, y: u8 },
    /// Green, blue, red.
    Gbr,
}

/// What all frames of a video have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Size as stored.
    pub(crate) size: Size,
    /// How a frame must be turned to be upright.
    pub(crate) orientation: Orientation,
    /// What the planes are.
    pub(crate) planes: Planes,
    /// What the samples mean.
    pub(crate) coding: SampleCoding,
    /// Width over height of an upright pixel.
    pub(crate) pixel_aspect: f32,
    /// Whether the transfer curve is that of PQ (SMPTE ST 2084), which looks dim as it is.
    pub(crate) is_pq: bool,
}

impl Shape {
    /// The least that there is, for tests.
    #[cfg(test)]
    pub(crate) const GREY: Self = Self {
        size: Size::new(2, 2),
        orientation: Orientation::Normal,
        planes: Planes::Grey,
        coding: SampleCoding {
            bits: 8,
            range: crate::plane::YuvRange::Full,
            matrix: crate::plane::YuvMatrix::Bt601,
        },
        pixel_aspect: 1.0,
        is_pq: false,
    };

    /// Size as seen, in pixels as stored.
    pub(crate) fn upright(&self) -> Size {
        self.orientation.upright_size(self.size)
    }

    /// Where each plane begins, how it lies, and what it is.
    pub(crate) fn layouts(&self) -> Vec<(usize, Layout, Channel)> {
        let full = Layout::dense(self.size);
        let channels: &[Channel] = match self.planes {
            Planes::Grey => &[Channel::Luma],
            Planes::Yuv { .. } => &[
                Channel::Luma,
                Channel::BlueDifference,
                Channel::RedDifference,
            ],
            Planes::Gbr => &[Channel::Green, Channel::Blue, Channel::Red],
        };
        let mut start = 0;
        let place = |channel: &Channel| {
            let layout = match (self.planes, channel) {
                (Planes::Yuv { .. }, Channel::Luma) => full,
                (Planes::Yuv { x, y }, _) => {
                    let (across, down) = (1 << x, 1 << y);
                    let size = Size::new(
                        self.size.width.div_ceil(across),
                        self.size.height.div_ceil(down),
                    );
                    Layout {
                        subsampling: (across, down),
                        ..Layout::dense(size)
                    }
                }
                _ => full,
            };
            let at = start;
            start += layout.size.area() as usize;
            (at, layout, *channel)
        };
        channels.iter().map(place).collect()
    }

    /// Samples of a frame.
    #[cfg(feature = "video")]
    pub(crate) fn samples(&self) -> usize {
        let layouts = self.layouts();
        layouts.iter().map(|(_, l, _)| l.size.area() as usize).sum()
    }

    /// Bytes of a sample.
    #[cfg(feature = "video")]
    pub(crate) const fn sample_bytes(&self) -> usize {
        if self.coding.bits > 8 { 2 } else { 1 }
    }

    /// Bytes of a frame.
    #[cfg(feature = "video")]
    pub(crate) fn bytes(&self) -> usize {
        self.samples() * self.sample_bytes()
    }
}

/// Samples of either width.
#[cfg_attr(
    not(feature = "video"),
    expect(dead_code, reason = "live frames have eight bits a sample")
)]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Samples {
    /// Up to eight bits.
    U8(Vec<u8>),
    /// Up to sixteen.
    U16(Vec<u16>),
}

impl Default for Samples {
    fn default() -> Self {
        Self::U8(Vec::new())
    }
}

/// One frame, and when it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    /// Presentation timestamp, in the stream's time base.
    pub(crate) pts: i64,
    /// All planes, one after the other.
    pub(crate) samples: Samples,
}

#[cfg(feature = "video")]
impl Frame {
    /// Hands every plane to `change`.
    ///
    /// # Errors
    /// If the frame does not have this shape.
    pub(crate) fn edit(
        &mut self,
        shape: &Shape,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        for (at, layout, channel) in shape.layouts() {
            let plane = match &mut self.samples {
                Samples::U8(data) => {
                    let data = data.get_mut(at..).unwrap_or_default();
                    AnyPlaneMut::U8(PlaneMut::new(data, layout)?)
                }
                Samples::U16(data) => {
                    let data = data.get_mut(at..).unwrap_or_default();
                    AnyPlaneMut::U16(PlaneMut::new(data, layout)?)
                }
            };
            change(plane, channel);
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "video"))]
mod tests {
    use super::*;
    use crate::plane::{YuvMatrix, YuvRange};

    #[test]
    fn odd_sizes_round_their_chroma_up() {
        let shape = |planes| Shape {
            size: Size::new(5, 3),
            orientation: Orientation::Normal,
            planes,
            coding: SampleCoding {
                bits: 10,
                range: YuvRange::Limited,
                matrix: YuvMatrix::Bt709,
            },
            pixel_aspect: 1.0,
            is_pq: false,
        };
        assert_eq!(shape(Planes::Yuv { x: 1, y: 1 }).samples(), 15 + 2 * 6);
        assert_eq!(shape(Planes::Yuv { x: 1, y: 0 }).samples(), 15 + 2 * 9);
        assert_eq!(shape(Planes::Gbr).bytes(), 90);
        let mut frame = Frame {
            pts: 0,
            samples: Samples::U16(vec![0; 27]),
        };
        let mut seen = 0;
        let planes = shape(Planes::Yuv { x: 1, y: 1 });
        frame.edit(&planes, &mut |_, _| seen += 1).expect("it fits");
        assert_eq!(seen, 3);
        assert!(frame.edit(&shape(Planes::Gbr), &mut |_, _| ()).is_err());
    }
}
