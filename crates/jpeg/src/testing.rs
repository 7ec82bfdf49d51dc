//! Pictures made of coefficients, in every layout that the standard has: what no encoder at hand
//! writes.

use crate::coded::{CodedImage, Density};
use crate::coefficients::{Block, Coefficients, QuantTable};
use crate::color::ColorModel;
use crate::encode;
use crate::error::Result;
use crate::frame::{Frame, Process};
use crate::geometry::Size;
use crate::scan::{Part, Scan, usual};
use crate::segments::MaxPixels;

/// A small generator with a seed, so that failures come back (xorshift64*).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.next() >> 16) as usize % most.max(1)
    }
}

/// A kind of scan script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    Together,
    /// A scan per component.
    Apart,
    /// The first alone, the others together.
    Mixed,
    /// The ten scans that libjpeg writes.
    Usual,
    /// Bands of coefficients with all their bits.
    Bands,
    /// First coefficients and others bit by bit from far above.
    Deep,
}

/// How a picture is laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    pub process: Process,
    pub size: Size,
    pub factors: Vec<(usize, usize)>,
    pub script: Script,
    pub restart: usize,
    /// Quantisation steps beyond 255.
    pub wide: bool,
}

impl Layout {
    pub fn new(process: Process, factors: &[(usize, usize)], script: Script) -> Self {
        Self {
            process,
            size: Size::new(83, 59),
            factors: factors.to_vec(),
            script,
            restart: 0,
            wide: false,
        }
    }

    fn frame(&self) -> Frame {
        let components = self.factors.iter().enumerate();
        let declared: Vec<_> = components
            .map(|(i, &factors)| (i as u8 + 1, factors, i.min(1)))
            .collect();
        Frame::new(self.process, self.size, &declared)
    }

    fn scans(&self, frame: &Frame) -> Vec<Scan> {
        let count = frame.components.len();
        let part = |component: usize| Part {
            component,
            dc: component.min(1),
            ac: component.min(1),
        };
        let whole = (0, 63);
        let scan = |parts: &[usize], band: (usize, usize), high, low| Scan {
            parts: parts
                .iter()
                .map(|&c| Part {
                    dc: part(c).dc * usize::from(band.0 == 0 && high == 0),
                    ac: part(c).ac * usize::from(band.1 > 0),
                    ..part(c)
                })
                .collect(),
            band,
            high,
            low,
            restart: self.restart,
        };
        let all: Vec<usize> = (0..count).collect();
        let mut scans = Vec::new();
        match self.script {
            Script::Together => scans.push(scan(&all, whole, 0, 0)),
            Script::Apart => scans.extend(all.iter().map(|&c| scan(&[c], whole, 0, 0))),
            Script::Mixed => {
                scans.push(scan(&all[..1], whole, 0, 0));
                scans.push(scan(&all[1..], whole, 0, 0));
            }
            Script::Usual => scans = usual(frame, self.restart),
            Script::Bands => {
                scans.extend(all.iter().map(|&c| scan(&[c], (0, 0), 0, 0)));
                for band in [(1, 1), (2, 30), (31, 63)] {
                    scans.extend(all.iter().map(|&c| scan(&[c], band, 0, 0)));
                }
            }
            Script::Deep => {
                scans.push(scan(&all, (0, 0), 0, 3));
                scans.extend(all.iter().map(|&c| scan(&[c], (1, 63), 0, 4)));
                for low in (0..3).rev() {
                    scans.push(scan(&all, (0, 0), low + 1, low));
                }
                for low in (0..4).rev() {
                    scans.extend(all.iter().map(|&c| scan(&[c], (1, 20), low + 1, low)));
                    scans.extend(all.iter().map(|&c| scan(&[c], (21, 63), low + 1, low)));
                }
            }
        }
        scans
    }

    /// A picture with a wandering mean and some detail. Padding is left empty.
    pub fn picture(&self, seed: u64) -> CodedImage {
        let frame = self.frame();
        let mut random = Random(seed * 77 + 5);
        let planes = frame.components.iter().map(|component| {
            let mut plane = Coefficients::new(component);
            let mut mean = 0i32;
            for y in 0..component.own.1 {
                for x in 0..component.own.0 {
                    mean = (mean + random.below(31) as i32 - 15).clamp(-90, 90);
                    plane.put(x, y, &block(&mut random, mean));
                }
            }
            plane
        });
        let step = |i: usize| 2 + (i / 8 + i % 8) as u16 / 2;
        let table = |wide: bool| -> QuantTable {
            std::array::from_fn(|i| if wide && i > 50 { 300 } else { step(i) })
        };
        CodedImage {
            planes: planes.collect(),
            quant: frame
                .components
                .iter()
                .map(|c| table(self.wide && c.quant == 0))
                .collect(),
            scans: self.scans(&frame),
            model: match frame.components.len() {
                1 => ColorModel::Grey,
                3 => ColorModel::YCbCr,
                _ => ColorModel::Cmyk,
            },
            marked: frame.components.len() == 4,
            density: Density::default(),
            frame,
        }
    }
}

/// Mostly low frequencies; now and then a block of nothing, of much, or with a large value.
fn block(random: &mut Random, mean: i32) -> Block {
    let mut block = [0; 64];
    block[0] = mean as i16;
    let detail = [0, 3, 8, 8, 40][random.below(5)];
    for _ in 0..detail {
        let most = 1 + random.below(63);
        let at = 1 + random.below(most);
        let most = if at < 30 { 4 } else { 1 }; // steps grow
        block[at] = random.below(2 * most + 1) as i16 - most as i16;
    }
    if random.below(20) == 0 {
        block[1 + random.below(20)] = random.below(200) as i16 - 100;
    }
    block
}

/// All layouts, each with a name.
pub fn layouts() -> Vec<(String, Layout)> {
    use Process::{Baseline, Extended, Progressive};
    use Script::{Apart, Bands, Deep, Mixed, Together, Usual};
    let factors: [&[(usize, usize)]; 12] = [
        &[(1, 1)],
        &[(1, 1); 3],
        &[(2, 2), (1, 1), (1, 1)],
        &[(2, 1), (1, 1), (1, 1)],
        &[(1, 2), (1, 1), (1, 1)],
        &[(4, 1), (1, 1), (1, 1)],
        &[(4, 2), (1, 1), (1, 1)],
        &[(2, 2), (2, 1), (1, 2)],
        &[(1, 1), (2, 2), (1, 1)],
        &[(3, 1), (2, 1), (1, 1)],
        &[(1, 1); 4],
        &[(2, 2), (1, 1), (1, 1), (2, 2)],
    ];
    let mut all = Vec::new();
    for factors in factors {
        for (process, script) in [
            (Baseline, Together),
            (Extended, Apart),
            (Baseline, Mixed),
            (Progressive, Usual),
            (Progressive, Bands),
            (Progressive, Deep),
        ] {
            if script == Mixed && factors.len() == 1 {
                continue;
            }
            for restart in [0, 3] {
                let mut layout = Layout::new(process, factors, script);
                layout.restart = restart;
                layout.wide = restart > 0;
                all.push((
                    format!("{process:?} {script:?} {factors:?} {restart}"),
                    layout,
                ));
            }
        }
    }
    all
}

/// The file of a picture, with its own scans whether they send all of it or not.
pub fn file(coded: &CodedImage) -> Vec<u8> {
    with_scans(coded, &coded.scans)
}

/// The file of a picture as it is written after a change.
pub fn whole_file(coded: &CodedImage) -> Vec<u8> {
    with_scans(coded, &coded.all_scans())
}

fn with_scans(coded: &CodedImage, scans: &[Scan]) -> Vec<u8> {
    encode::write(coded, scans, &[]).expect("no segments")
}

/// The picture in a file.
pub fn read(file: &[u8]) -> Result<CodedImage> {
    crate::read(file, &mut MaxPixels(u64::MAX))
}

/// One damaged version of a file.
pub fn mutant(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + random.below(3) {
        let at = random.below(out.len());
        match random.below(9) {
            0 if random.below(4) == 0 => out.truncate(at),
            0 | 1 => out[at] = [0, 0xff, 0x7f, 0x80, 0x11][random.below(5)],
            2 | 3 => out[at] ^= 1 << random.below(8),
            4 => {
                let from = random.below(other.len());
                let part = &other[from..(from + 1 + random.below(40)).min(other.len())];
                out.splice(at..at, part.iter().copied());
            }
            5 => {
                out.drain(at..(at + 1 + random.below(8)).min(out.len()));
            }
            6 => {
                // A segment once more, somewhere.
                let starts: Vec<usize> = (2..out.len() - 1)
                    .filter(|&i| out[i] == 0xff && out[i + 1] >= 0xc0 && out[i + 1] != 0xd9)
                    .collect();
                if let Some(&from) = starts.get(random.below(starts.len())) {
                    let to = starts
                        .iter()
                        .copied()
                        .find(|&i| i > from)
                        .unwrap_or(out.len());
                    let part = out[from..to].to_vec();
                    let at = starts[random.below(starts.len())];
                    out.splice(at..at, part);
                }
            }
            7 => {
                // The frame's own numbers: size, factors, tables.
                let frame = out
                    .windows(2)
                    .position(|w| w[0] == 0xff && (0xc0..0xc3).contains(&w[1]));
                if let Some(frame) = frame {
                    let at = (frame + 4 + random.below(15)).min(out.len() - 1);
                    out[at] = [0, 1, 2, 4, 0x11, 0x12, 0x22, 0x41][random.below(8)];
                }
            }
            _ => {
                let end = (at + 2).min(out.len());
                let value = [0u8, 0xff][random.below(2)];
                out[at..end].fill(value);
            }
        }
        if out.is_empty() {
            out.push(0xff);
        }
    }
    out
}
