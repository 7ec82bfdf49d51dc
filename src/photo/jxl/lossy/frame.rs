//! A lossy frame of JPEG XL from the coefficients of a JPEG (18181-1): blocks of 8 by 8, colours as
//! YCbCr, JPEG's own quantisation tables, no filters.
//!
//! Invariant: a decoder has exactly the coefficients that came in.

use super::super::bits::{Bits, Way};
use super::blocks::{self, Area};
use super::entropy::{Codes, Tally, Token};
use super::modular;
use jpeg_coefficients::CodedImage;

/// Blocks of a group and of an LF group, across and down.
const GROUP: usize = 32;
const LF_GROUP: usize = 256;
/// JPEG's coefficients are eight times as large, for samples up to 255: 8 * 255 / 2048 of a step,
/// which floats of 16 bits hold exactly.
const SCALE: u32 = 65536 * 255 / 256;
const ONE_2048TH: u32 = 0x1000;

/// The frame of a grey picture, or one in YCbCr, whose components have one size; with the opacity
/// of each pixel.
pub(super) fn frame(image: &CodedImage, opacity: Option<&[u8]>) -> Vec<u8> {
    let picture = Picture::new(image, opacity);
    let mut bits = Bits::default();
    picture.head(&mut bits);
    let sections = picture.sections();
    bits.put(1, 0); // in their order
    bits.align();
    for section in &sections {
        const LENGTH: [Way; 4] = [(0, 10), (1024, 14), (17408, 22), (4_211_712, 30)];
        bits.number(LENGTH, section.len() as u32);
    }
    let mut out = bits.finish();
    sections.iter().for_each(|section| out.extend(section));
    out
}

struct Picture<'a> {
    image: &'a CodedImage,
    opacity: Option<&'a [u8]>,
    /// Pixels and blocks.
    size: (usize, usize),
    blocks: (usize, usize),
}

impl<'a> Picture<'a> {
    fn new(image: &'a CodedImage, opacity: Option<&'a [u8]>) -> Self {
        let frame = image.frame();
        Self {
            image,
            opacity,
            size: (frame.size.width as usize, frame.size.height as usize),
            blocks: frame.components[0].own,
        }
    }

    /// Annex F.
    fn head(&self, bits: &mut Bits) {
        bits.put(1, 0); // not all by default
        bits.put(2, 0); // a frame that is shown
        bits.put(1, 0); // of blocks
        bits.put(2, 2);
        bits.put(8, 128 - 17); // means are not smoothed
        bits.put(1, 1); // YCbCr
        bits.put(6, 0); // no subsampling
        bits.put(2, 0); // at full size
        if self.opacity.is_some() {
            bits.put(2, 0);
        }
        bits.put(2, 0); // one pass
        bits.put(1, 0); // all of the picture
        bits.put(2, 0); // replaces what was there
        if self.opacity.is_some() {
            bits.put(2, 0);
        }
        bits.put(1, 1); // the last one
        bits.put(2, 0); // without a name
        bits.put(1, 0); // filters:
        bits.put(1, 0); // no smoothing
        bits.put(2, 0); // that keeps edges, either
        bits.put(2, 0); // no extensions of filters
        bits.put(2, 0); // nor of the frame
    }

    fn areas(&self, side: usize) -> Vec<Area> {
        let (across, down) = self.blocks;
        let mut out = Vec::new();
        for y in (0..down).step_by(side) {
            for x in (0..across).step_by(side) {
                out.push(Area {
                    from: (x, y),
                    to: ((x + side).min(across), (y + side).min(down)),
                });
            }
        }
        out
    }

    /// The parts of the frame: one if it is a single group (annex G).
    fn sections(&self) -> Vec<Vec<u8>> {
        let (lf_areas, areas) = (self.areas(LF_GROUP), self.areas(GROUP));
        let small = self.small_codes(&lf_areas, &areas);
        let mut tally = Tally::new(blocks::CONTEXTS);
        for &area in &areas {
            blocks::tokens(self.image, area, &mut |token| tally.count(token));
        }
        let frequencies = Codes::new(&tally);

        let is_whole = areas.len() == 1;
        let (mut sections, mut bits) = (Vec::new(), Bits::default());
        let mut end = |bits: &mut Bits| {
            if !is_whole {
                sections.push(std::mem::take(bits).finish());
            }
        };
        self.lf_global(lf_areas.len(), &small, &mut bits);
        if is_whole {
            self.opacity(&small, areas[0], modular::OPACITY, &mut bits);
        } else if self.opacity.is_some() {
            modular::write_head(&mut bits);
        }
        end(&mut bits);
        for &area in &lf_areas {
            bits.put(2, 0); // means are whole numbers
            stream(&small, &mut bits, |sink| self.means(area, sink));
            let count = area.count();
            bits.put(width(count), count as u32 - 1);
            stream(&small, &mut bits, |sink| of_blocks(area, sink));
            end(&mut bits);
        }
        bits.put(1, 0); // tables of our own
        bits.put(3, 7);
        bits.put(16, ONE_2048TH);
        stream(&small, &mut bits, |sink| self.steps(sink));
        (0..16).for_each(|_| bits.put(3, 0)); // of other blocks those by default
        bits.put(width(areas.len()), 0); // one set of codes
        bits.put(2, 2); // the natural order
        frequencies.write(&mut bits);
        end(&mut bits);
        for &area in &areas {
            let mut list = Vec::new();
            blocks::tokens(self.image, area, &mut |token| list.push(token));
            frequencies.encode(&list, &mut bits);
            if !is_whole {
                self.opacity(&small, area, modular::OPACITY_OF_GROUPS, &mut bits);
            }
            end(&mut bits);
        }
        if is_whole {
            sections.push(bits.finish());
        }
        sections
    }

    /// The codes of everything but frequencies.
    fn small_codes(&self, lf_areas: &[Area], areas: &[Area]) -> Codes {
        let mut tally = Tally::new(modular::LEAVES);
        let mut count = |token| tally.count(token);
        self.steps(&mut count);
        for &area in lf_areas {
            self.means(area, &mut count);
            of_blocks(area, &mut count);
        }
        let leaf = match areas {
            [_] => modular::OPACITY,
            _ => modular::OPACITY_OF_GROUPS,
        };
        for &area in areas {
            self.opacity_tokens(area, leaf, &mut count);
        }
        Codes::new(&tally)
    }

    fn lf_global(&self, lf_groups: usize, small: &Codes, bits: &mut Bits) {
        bits.put(1, 0); // steps of the means are those of JPEG
        for kind in [1, 0, 2] {
            let step = self.table(kind)[0];
            let log = step.ilog2();
            bits.put(16, (log + 15) << 10 | (step << 10 >> log) & 0x3ff);
        }
        bits.number([(1, 11), (2049, 11), (4097, 12), (8193, 16)], SCALE);
        bits.put(2, 0); // a sixteenth for means, as floats count them
        bits.put(1, 0); // contexts of our own: by neither means nor steps
        bits.put(4 * 3, 0);
        bits.put(4, 0);
        bits.put(1, 1);
        bits.put(2, 2);
        for kind in 0..3 {
            // Blocks of 13 forms, of which only the first is used.
            bits.put(2, kind);
            (1..13).for_each(|_| bits.put(2, 0));
        }
        bits.put(1, 0); // nothing of luma in other colours
        bits.put(2, 0);
        bits.put(16, 0);
        bits.put(16, 0);
        bits.put(8, 128);
        bits.put(8, 128);
        bits.put(1, 1);
        modular::write_tree(lf_groups, bits);
        small.write(bits);
    }

    /// The steps of luma, blue and red difference.
    fn table(&self, kind: usize) -> [u32; 64] {
        let tables = self.image.quant_tables();
        tables[kind.min(tables.len() - 1)].map(u32::from)
    }

    fn steps(&self, sink: &mut dyn FnMut(Token)) {
        for kind in [1, 0, 2] {
            let table = self.table(kind);
            let step = |x: usize, y: usize| table[x * 8 + y] as i32;
            modular::gradient((8, 8), modular::STEPS, step, sink);
        }
    }

    fn means(&self, area: Area, sink: &mut dyn FnMut(Token)) {
        let (x0, y0) = area.from;
        let kinds = self.image.frame().components.len();
        for (kind, leaf) in modular::MEANS.into_iter().enumerate() {
            let mean = |x: usize, y: usize| match kind < kinds {
                true => self.image.plane(kind).block(x0 + x, y0 + y)[0].into(),
                false => 0,
            };
            modular::gradient(area.size(), leaf, mean, sink);
        }
    }

    /// The opacity of the pixels of some blocks.
    fn opacity(&self, codes: &Codes, area: Area, leaf: u16, bits: &mut Bits) {
        if self.opacity.is_some() {
            stream(codes, bits, |sink| self.opacity_tokens(area, leaf, sink));
        }
    }

    fn opacity_tokens(&self, area: Area, leaf: u16, sink: &mut dyn FnMut(Token)) {
        let Some(opacity) = self.opacity else { return };
        let (x0, y0) = (area.from.0 * 8, area.from.1 * 8);
        let (x1, y1) = (
            self.size.0.min(area.to.0 * 8),
            self.size.1.min(area.to.1 * 8),
        );
        let at = |x: usize, y: usize| opacity[(y0 + y) * self.size.0 + x0 + x].into();
        modular::gradient((x1 - x0, y1 - y0), leaf, at, sink);
    }
}

/// Bits of a number below `count`.
fn width(count: usize) -> u32 {
    count.next_power_of_two().trailing_zeros()
}

/// Writes numbers that are coded as a small picture.
fn stream(codes: &Codes, bits: &mut Bits, tokens: impl FnOnce(&mut dyn FnMut(Token))) {
    let mut list = Vec::new();
    tokens(&mut |token| list.push(token));
    modular::write_head(bits);
    codes.encode(&list, bits);
}

/// What is said of each block: all are alike (I.2.4). Colours from luma for each 8 by 8 of them,
/// transform and factor of the steps, sharpness.
fn of_blocks(area: Area, sink: &mut dyn FnMut(Token)) {
    let (across, down) = area.size();
    let count = 2 * across.div_ceil(8) * down.div_ceil(8) + 3 * across * down;
    let token = Token {
        context: modular::BLOCKS,
        value: 0,
    };
    (0..count).for_each(|_| sink(token));
}
