//! A frame as a detector sees it: upright, square pixels, RGB of 8 bits. Planes are reduced first
//! and turned into RGB at the small size, which is all that the detector asks for.
//!
//! Invariant: coordinates of the view are those of the upright frame with square pixels;
//! [`FramePicture::to_stored`] takes boxes back to pixels as they are stored, upright.

use super::{Frame, Planes, Samples, Shape};
use crate::error::Result;
use crate::geometry::{PixelRect, Point, Rect, Size};
use crate::picture::{Picture, RgbImage, resample_plane};
use crate::plane::{SampleCoding, YuvRange};
use std::borrow::Cow;

/// Pixels whose sides differ by more than this are made square for the detector.
const NEARLY_SQUARE: std::ops::Range<f32> = 0.87..1.15;

/// A frame to be looked at.
pub(crate) struct FramePicture<'a> {
    shape: &'a Shape,
    /// Eight bits a sample, whatever the frame has.
    data: Cow<'a, [u8]>,
    /// Pixels of the view per stored pixel, across.
    stretch: f32,
}

impl<'a> FramePicture<'a> {
    /// Looks at a frame; copies it if it has more than 8 bits a sample.
    pub(crate) fn new(frame: &'a Frame, shape: &'a Shape) -> Self {
        let data = match &frame.samples {
            Samples::U8(data) => Cow::Borrowed(&data[..]),
            Samples::U16(data) => Cow::Owned(eight_bits(data, shape)),
        };
        let stretch = match shape.pixel_aspect {
            aspect if NEARLY_SQUARE.contains(&aspect) => 1.0,
            aspect if aspect.is_finite() => aspect.clamp(0.1, 10.0),
            _ => 1.0,
        };
        Self {
            shape,
            data,
            stretch,
        }
    }

    /// Brightness at a stored place, 0..=255. Places beyond the frame are black.
    pub(crate) fn luma(&self, x: usize, y: usize) -> u8 {
        let at = y * self.shape.size.width as usize + x;
        self.data.get(at).copied().unwrap_or(0)
    }

    /// A box of the view in upright pixels as stored.
    pub(crate) fn to_stored(&self, area: &Rect) -> Rect {
        area.mapped(0.0, 0.0, 1.0 / self.stretch, 1.0)
            .unwrap_or(*area)
    }

    /// A point of the view in upright pixels as stored.
    pub(crate) fn point_to_stored(&self, p: Point) -> Point {
        Point::new(p.x / self.stretch, p.y)
    }
}

impl Picture for FramePicture<'_> {
    fn size(&self) -> Size {
        let Size { width, height } = self.shape.upright();
        let width = ((width as f32 * self.stretch).round() as u32).max(1);
        Size::new(width, height)
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let shape = self.shape;
        // From square to stored pixels, both upright, then to how the frame lies in memory.
        let upright = shape.upright();
        let across = f64::from(self.stretch);
        let left = f64::from(crop.x) / across;
        let right = (f64::from(crop.right()) / across).min(upright.width.into());
        let area = Rect::from_corners(
            left as f32,
            crop.y as f32,
            right as f32,
            crop.bottom() as f32,
        );
        let area = area.unwrap_or_else(|| crop.to_rect());
        let area = shape.orientation.rect_to_stored(&area, shape.size);
        let stored = shape.orientation.inverse().upright_size(size);
        let mut planes = Vec::with_capacity(3);
        for (at, layout, _) in shape.layouts() {
            let (sx, sy) = layout.subsampling;
            let part = [
                area.left() / sx as f32,
                area.top() / sy as f32,
                area.width() / sx as f32,
                area.height() / sy as f32,
            ];
            let data = self.data.get(at..).unwrap_or_default();
            planes.push(resample_plane(data, layout.size, part, stored)?);
        }
        let rgb = to_rgb(&planes, shape);
        let upright = shape.orientation.upright_pixels::<3>(&rgb, stored);
        RgbImage::new(size, upright)
    }
}

/// Samples of more bits as eight. PQ is brightened: a tone curve that puts its 10 to 60 % of the
/// range, where faces are, over most of eight bits.
fn eight_bits(data: &[u16], shape: &Shape) -> Vec<u8> {
    let shift = shape.coding.bits.saturating_sub(8);
    let luma = shape.size.area() as usize;
    let mut out: Vec<u8> = data
        .iter()
        .map(|v| (v >> shift).min(255) as u8) // `min`: samples beyond their bits are white
        .collect();
    if shape.is_pq {
        let curve: Vec<u8> = (0..256u32)
            .map(|v| ((v as f32 / 255.0).powf(0.6) * 1.25 * 255.0).min(235.0) as u8)
            .collect();
        for v in out.iter_mut().take(luma) {
            *v = curve[usize::from(*v)];
        }
    }
    out
}

/// Interleaved RGB of planes of the same size.
fn to_rgb(planes: &[Vec<u8>], shape: &Shape) -> Vec<u8> {
    let coding = SampleCoding {
        bits: 8,
        ..shape.coding
    };
    match (shape.planes, planes) {
        (Planes::Gbr, [g, b, r]) => {
            let pixels = r.iter().zip(g).zip(b);
            pixels.flat_map(|((r, g), b)| [*r, *g, *b]).collect()
        }
        (Planes::Yuv { .. }, [y, cb, cr]) => ycc_to_rgb(y, cb, cr, coding),
        (_, [y, ..]) => {
            let neutral = vec![128; y.len()];
            ycc_to_rgb(y, &neutral, &neutral, coding)
        }
        (_, []) => Vec::new(),
    }
}

fn ycc_to_rgb(y: &[u8], cb: &[u8], cr: &[u8], coding: SampleCoding) -> Vec<u8> {
    /// Fractional bits of the integer arithmetic.
    const BITS: i32 = 14;
    let (kr, kb) = coding.matrix.shares();
    let (black, white, swing) = coding.ends();
    let fixed = |v: f32| (v * (1 << BITS) as f32).round() as i32;
    let gain = 255.0 / (white - black);
    let chroma = 255.0 / swing;
    let kg = 1.0 - kr - kb;
    let scale = fixed(gain);
    let (red, blue) = (
        fixed(2.0 * (1.0 - kr) * chroma),
        fixed(2.0 * (1.0 - kb) * chroma),
    );
    let green_red = fixed(2.0 * kr * (1.0 - kr) / kg * chroma);
    let green_blue = fixed(2.0 * kb * (1.0 - kb) / kg * chroma);
    let black = match coding.range {
        YuvRange::Full => 0,
        YuvRange::Limited => 16,
    };
    let half = 1 << (BITS - 1);
    let mut out = vec![0; y.len() * 3];
    let samples = y.iter().zip(cb).zip(cr);
    for (pixel, ((y, cb), cr)) in out.chunks_exact_mut(3).zip(samples) {
        let y = (i32::from(*y) - black) * scale + half;
        let (cb, cr) = (i32::from(*cb) - 128, i32::from(*cr) - 128);
        pixel[0] = ((y + red * cr) >> BITS).clamp(0, 255) as u8;
        pixel[1] = ((y - green_red * cr - green_blue * cb) >> BITS).clamp(0, 255) as u8;
        pixel[2] = ((y + blue * cb) >> BITS).clamp(0, 255) as u8;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Orientation;
    use crate::plane::Channel;
    use crate::plane::YuvMatrix;

    fn shape(size: Size, planes: Planes, bits: u8, range: YuvRange) -> Shape {
        Shape {
            size,
            orientation: Orientation::Normal,
            planes,
            coding: SampleCoding {
                bits,
                range,
                matrix: YuvMatrix::Bt709,
            },
            pixel_aspect: 1.0,
            is_pq: false,
        }
    }

    /// A frame of one colour.
    fn flat(shape: &Shape, rgb: [f32; 3]) -> Frame {
        let mut values = Vec::new();
        for (_, layout, channel) in shape.layouts() {
            let value = shape.coding.value(channel, rgb, 1.0).round() as u16;
            values.extend(vec![value; layout.size.area() as usize]);
        }
        let samples = match shape.coding.bits {
            8 => Samples::U8(values.into_iter().map(|v| v as u8).collect()),
            _ => Samples::U16(values),
        };
        Frame { pts: 0, samples }
    }

    #[test]
    fn a_colour_is_seen_as_it_is_in_every_format() {
        let formats = [
            Planes::Yuv { x: 1, y: 1 },
            Planes::Yuv { x: 0, y: 0 },
            Planes::Gbr,
        ];
        for planes in formats {
            for (bits, range) in [
                (8, YuvRange::Limited),
                (8, YuvRange::Full),
                (10, YuvRange::Limited),
                (12, YuvRange::Full),
            ] {
                let shape = shape(Size::new(33, 21), planes, bits, range);
                let frame = flat(&shape, [0.8, 0.3, 0.1]);
                let picture = FramePicture::new(&frame, &shape);
                let crop = PixelRect::new(3, 2, 24, 16);
                let seen = picture.view(crop, Size::new(12, 8)).expect("seen");
                for (got, want) in seen.data()[..3].iter().zip([204u8, 77, 26]) {
                    assert!(
                        got.abs_diff(want) <= 4,
                        "{shape:?}: {:?}",
                        &seen.data()[..3]
                    );
                }
            }
        }
    }

    #[test]
    fn a_plane_at_twice_its_size_repeats_samples_and_others_are_between_them() {
        let data: Vec<u8> = (0..12).map(|v| v * 20).collect();
        let from = Size::new(4, 3);
        let seen = resample_plane(&data, from, [1.0, 1.0, 2.0, 2.0], Size::new(4, 4));
        let expected = [
            100, 100, 120, 120, 100, 100, 120, 120, 180, 180, 200, 200, 180, 180, 200, 200,
        ];
        assert_eq!(seen.expect("seen"), expected);
        let beside = resample_plane(&data, from, [0.5, 1.0, 2.0, 2.0], Size::new(4, 4));
        let between = beside.expect("seen");
        assert!(between.iter().any(|v| v % 20 != 0), "{between:?}");
    }

    #[test]
    fn a_turned_and_stretched_frame_is_seen_upright_with_square_pixels() {
        let stored = Size::new(40, 20);
        let shape = Shape {
            orientation: Orientation::Rotate90,
            pixel_aspect: 2.0,
            ..shape(stored, Planes::Grey, 8, YuvRange::Full)
        };
        // White where a viewer sees the upper left quarter: the lower left of what is stored.
        let white = |i: usize| i % 40 < 20 && i / 40 >= 10;
        let data = (0..800).map(|i| if white(i) { 255 } else { 0 }).collect();
        let frame = Frame {
            pts: 0,
            samples: Samples::U8(data),
        };
        let picture = FramePicture::new(&frame, &shape);
        assert_eq!(picture.size(), Size::new(40, 40));
        let all = PixelRect::of(picture.size());
        let seen = picture.view(all, Size::new(40, 40)).expect("seen");
        let at = |x: usize, y: usize| seen.data()[(y * 40 + x) * 3];
        assert_eq!([at(5, 5), at(30, 5), at(5, 30), at(30, 30)], [255, 0, 0, 0]);
        let quarter = Rect::new(0.0, 0.0, 20.0, 20.0).expect("finite");
        assert_eq!(picture.to_stored(&quarter).width(), 10.0);
        let channels: Vec<Channel> = shape.layouts().iter().map(|l| l.2).collect();
        assert_eq!(channels, [Channel::Luma]);
    }
}
