//! A JPEG from pixels, for pictures that come from another format: sequential, with the tables of T.81
//! annex K at [`QUALITY`].
//!
//! Invariant: every block is a function of the pixels it shows and, at the picture's edges, of the last
//! ones repeated.

use super::super::convert::Parts;
use super::super::exif;
use super::super::frames::{Frame as Picture, Writer};
use super::super::icc::Profile;
use super::super::raster::{Model as Pixels, Raster, Samples};
use super::Coding;
use super::coded::Coded;
use super::coefficients::{Coefficients, QuantTable};
use super::dct::{Steps, forward};
use super::edges;
use super::encode;
use super::frame::{Frame, Process, SIDE};
use super::scan::{Part, Scan};
use super::segments::Header;
use crate::error::{Error, ErrorKind, Result};

/// As libjpeg counts it: where differences cannot be seen any more.
pub(in super::super) const QUALITY: u32 = 95;

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

/// A table at [`QUALITY`].
fn finer(table: &QuantTable) -> QuantTable {
    table.map(|step| ((u32::from(step) * (200 - QUALITY * 2) + 50) / 100).clamp(1, 255) as u16)
}

/// Everything but the pixels.
#[derive(Debug)]
pub(in super::super) struct PixelWriter {
    icc: Option<Profile>,
    header: Header,
    /// Colour at half the size, since it came so.
    subsampled: bool,
}

impl PixelWriter {
    /// Takes what a JPEG has a place for.
    pub(in super::super) fn new(parts: &mut Parts) -> Self {
        let exif = std::mem::take(&mut parts.exif);
        Self {
            icc: parts.icc.take(),
            header: Header {
                resolution: exif.resolution,
                exif: exif::Facts {
                    resolution: None,
                    ..exif
                },
                ..Header::default()
            },
            subsampled: parts.subsampled,
        }
    }
}

impl Writer for PixelWriter {
    fn write(&self, frames: &[Picture]) -> Result<Vec<u8>> {
        let (coded, coding) = coded(&frames[0].raster, self.subsampled)?;
        let icc = self.icc.as_ref();
        Ok(encode::write(
            &coded,
            &coded.scans,
            coding,
            &self.header,
            icc,
        ))
    }

    fn parts(self, frames: Vec<Picture>) -> Parts {
        Parts {
            icc: self.icc,
            exif: exif::Facts {
                resolution: self.header.resolution,
                ..self.header.exif
            },
            subsampled: self.subsampled,
            ..Parts::new(frames)
        }
    }
}

/// The coefficients of a picture of 8-bit grey or RGB.
fn coded(raster: &Raster, subsampled: bool) -> Result<(Coded, Coding)> {
    let (coding, halved) = match raster.model() {
        Pixels::Grey => (Coding::Grey, 1),
        Pixels::Rgb => (Coding::YCbCr, if subsampled { 2 } else { 1 }),
        _ => return Err(Error::new(ErrorKind::Internal, "a JPEG is grey or RGB")),
    };
    let Samples::U8(pixels) = raster.samples() else {
        return Err(Error::new(
            ErrorKind::Internal,
            "a JPEG has 8 bits a sample",
        ));
    };
    let declared: &[(u8, (usize, usize), usize)] = match coding {
        Coding::Grey => &[(1, (1, 1), 0)],
        _ => &[(1, (halved, halved), 0), (2, (1, 1), 1), (3, (1, 1), 1)],
    };
    let frame = Frame::new(Process::Baseline, raster.size(), declared);
    let tables = [finer(&LUMA), finer(&CHROMA)];
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
                    plane.set(x, row * component.factors.1 + y, &block);
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
    let coded = Coded {
        frame,
        quant,
        planes,
        scans: vec![scan],
    };
    Ok((coded, coding))
}

/// A row of MCUs as samples.
struct Band {
    planes: Vec<Vec<u8>>,
    /// Colour differences of one row at full size, as sums.
    sums: [Vec<f32>; 2],
}

impl Band {
    fn new(frame: &Frame) -> Self {
        let plane = |c: &super::frame::Component| vec![0; c.padded.0 * SIDE * c.factors.1 * SIDE];
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
