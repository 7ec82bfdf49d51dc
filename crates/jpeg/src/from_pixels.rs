//! A picture from pixels: sequential, with the tables of T.81 annex K.
//!
//! Invariant: every block is a function of the pixels it shows and, at the picture's edges, of the
//! last ones repeated.

use super::coded::{CodedImage, Density};
use super::coefficients::{Coefficients, QuantTable};
use super::color::ColorModel;
use super::dct::{Steps, forward};
use super::edges;
use super::frame::{Component, Frame, Process, SIDE};
use super::scan::{Part, Scan};
use crate::error::{Result, invalid};
use crate::geometry::Size;

/// How pixels lie in memory: 8 bits a sample, row by row without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PixelLayout {
    /// One byte a pixel.
    Grey,
    /// Red, green and blue in turn.
    Rgb,
}

/// How pixels are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// From 1 to 100, as libjpeg counts it. The default is 90.
    pub quality: u8,
    /// Colour differences at half the size in both directions, as most cameras write them. On by
    /// default.
    pub subsampled: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            quality: 90,
            subsampled: true,
        }
    }
}

impl EncodeOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At this quality, 1..=100.
    #[must_use]
    pub const fn quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }

    /// With colour differences at half the size, or at full size.
    #[must_use]
    pub const fn subsampled(mut self, is_subsampled: bool) -> Self {
        self.subsampled = is_subsampled;
        self
    }
}

#[rustfmt::skip]
const LUMA: QuantTable = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

#[rustfmt::skip]
const CHROMA: QuantTable = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// A table at a quality (libjpeg's jcparam.c, jpeg_quality_scaling).
fn scaled(table: &QuantTable, quality: u8) -> QuantTable {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u16)
}

impl CodedImage {
    /// A baseline picture from pixels: grey, or RGB as YCbCr, in one scan.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if a side is not within 1..=65535 or
    /// `pixels` has another length than `size` and `layout` say.
    pub fn from_pixels(
        pixels: &[u8],
        size: Size,
        layout: PixelLayout,
        options: &EncodeOptions,
    ) -> Result<Self> {
        let (samples, model) = match layout {
            PixelLayout::Grey => (1, ColorModel::Grey),
            PixelLayout::Rgb => (3, ColorModel::YCbCr),
        };
        let sides = 1..=65535;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            let (width, height) = (size.width, size.height);
            return Err(invalid(format!(
                "a JPEG has 1 to 65535 pixels a side, not {width}x{height}"
            )));
        }
        if pixels.len() as u64 != size.area() * samples {
            return Err(invalid("the pixels are not as many as the size says"));
        }
        Ok(coded(pixels, size, model, options))
    }
}

/// The coefficients of pixels of 8-bit grey or RGB.
fn coded(pixels: &[u8], size: Size, model: ColorModel, options: &EncodeOptions) -> CodedImage {
    let halved = 1 + usize::from(options.subsampled);
    let declared: &[(u8, (usize, usize), usize)] = match model {
        ColorModel::Grey => &[(1, (1, 1), 0)],
        _ => &[(1, (halved, halved), 0), (2, (1, 1), 1), (3, (1, 1), 1)],
    };
    let frame = Frame::new(Process::Baseline, size, declared);
    let tables = [
        scaled(&LUMA, options.quality),
        scaled(&CHROMA, options.quality),
    ];
    let steps = [Steps::new(&tables[0]), Steps::new(&tables[1])];
    let mut planes: Vec<Coefficients> = frame.components.iter().map(Coefficients::new).collect();
    let mut band = Band::new(&frame);
    for row in 0..frame.mcus.1 {
        band.fill(pixels, &frame, row);
        for (i, (plane, component)) in planes.iter_mut().zip(&frame.components).enumerate() {
            let stride = component.padded.0 * SIDE;
            for y in 0..component.factors.1 {
                for x in 0..component.padded.0 {
                    let at = y * SIDE * stride + x * SIDE;
                    let block = forward(&band.planes[i][at..], stride, &steps[i.min(1)]);
                    plane.put(x, row * component.factors.1 + y, &block);
                }
            }
        }
    }
    for (plane, component) in planes.iter_mut().zip(&frame.components) {
        edges::pad(plane, component);
    }
    let quant = (0..planes.len()).map(|i| tables[i.min(1)]).collect();
    let part = |component: usize| Part {
        component,
        dc: component.min(1),
        ac: component.min(1),
    };
    let scan = Scan {
        parts: (0..planes.len()).map(part).collect(),
        band: (0, 63),
        high: 0,
        low: 0,
        restart: 0,
    };
    CodedImage {
        frame,
        quant,
        planes,
        scans: vec![scan],
        model,
        marked: false,
        density: Density::default(),
    }
}

/// A row of MCUs as samples.
struct Band {
    planes: Vec<Vec<u8>>,
    /// Colour differences of one row at full size, as sums.
    sums: [Vec<f32>; 2],
}

impl Band {
    fn new(frame: &Frame) -> Self {
        let plane = |c: &Component| vec![0; c.padded.0 * SIDE * c.factors.1 * SIDE];
        let width = frame.components[0].padded.0 * SIDE;
        Self {
            planes: frame.components.iter().map(plane).collect(),
            sums: [vec![0.0; width], vec![0.0; width]],
        }
    }

    /// Takes the pixels of a row of MCUs; beyond the picture its last ones are repeated.
    fn fill(&mut self, pixels: &[u8], frame: &Frame, row: usize) {
        let (width, height) = (frame.size.width as usize, frame.size.height as usize);
        let n = frame.components.len();
        let rows = frame.components[0].factors.1 * SIDE;
        let stride = frame.components[0].padded.0 * SIDE;
        let halved = frame.most.1;
        for y in 0..rows {
            let from = (row * rows + y).min(height - 1) * width * n;
            let line = &pixels[from..from + width * n];
            let luma = &mut self.planes[0][y * stride..][..stride];
            if n == 1 {
                luma[..width].copy_from_slice(line);
                let last = line[width - 1];
                luma[width..].fill(last);
                continue;
            }
            if y % halved == 0 {
                self.sums.iter_mut().for_each(|sums| sums.fill(0.0));
            }
            let [blues, reds] = &mut self.sums;
            let to = luma.iter_mut().zip(blues.iter_mut().zip(reds.iter_mut()));
            for (pixel, (luma, (blue, red))) in line.chunks_exact(3).zip(to) {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
                // JFIF 1.02, page 3.
                *luma = (0.299 * r + 0.587 * g + 0.114 * b + 0.5) as u8;
                *blue += -0.168_735_9 * r - 0.331_264_1 * g + 0.5 * b;
                *red += 0.5 * r - 0.418_687_6 * g - 0.081_312_4 * b;
            }
            let last = luma[width - 1];
            luma[width..].fill(last);
            if (y + 1) % halved == 0 {
                self.differences(width, halved, y / halved);
            }
        }
    }

    /// The row `y` of both colour planes from the sums.
    fn differences(&mut self, width: usize, halved: usize, y: usize) {
        for (sums, plane) in self.sums.iter_mut().zip(&mut self.planes[1..]) {
            let last = sums[width - 1];
            sums[width..].fill(last);
            let stride = sums.len() / halved;
            let share = 1.0 / (halved * halved) as f32;
            let cells = sums.chunks_exact(halved);
            for (to, cell) in plane[y * stride..][..stride].iter_mut().zip(cells) {
                *to = (cell.iter().sum::<f32>() * share + 128.5) as u8;
            }
        }
    }
}
