//! A JPEG picture as it is coded, and how it is put together from the segments of a file.
//!
//! Invariant: a finished picture has every block of every component, a quantisation table for each,
//! and at least one scan.

use super::coefficients::{Coefficients, QuantTable, ZIGZAG};
use super::color::ColorModel;
use super::decode::{self, Codes};
use super::frame::Frame;
use super::scan::{Progress, Scan, usual};
use crate::error::{Result, malformed};
use crate::geometry::Size;
use std::borrow::Cow;

/// A picture: coefficients, and everything that is needed to write them again.
///
/// Two are equal if they are coded alike: the same coefficients, tables, scans and colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedImage {
    pub(super) frame: Frame,
    /// For each component.
    pub(super) quant: Vec<QuantTable>,
    /// For each component.
    pub(super) planes: Vec<Coefficients>,
    /// The source's.
    pub(super) scans: Vec<Scan>,
    pub(super) model: ColorModel,
    /// Whether CMYK has Adobe's marker. Nearly everybody reads it without, too, so that is written
    /// or left out again.
    pub(super) marked: bool,
    pub(super) density: Density,
}

impl CodedImage {
    /// The frame header: size, components and how many blocks each has.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How colours are coded, by the rules of libjpeg.
    #[must_use]
    pub fn color_model(&self) -> ColorModel {
        self.model
    }

    /// The quantisation table of each component.
    #[must_use]
    pub fn quant_tables(&self) -> &[QuantTable] {
        &self.quant
    }

    /// The coefficients of a component.
    ///
    /// # Panics
    ///
    /// If there is no such component.
    #[must_use]
    #[inline]
    pub fn plane(&self, component: usize) -> &Coefficients {
        &self.planes[component]
    }

    /// The coefficients of a component, to be changed.
    ///
    /// # Panics
    ///
    /// If there is no such component.
    #[inline]
    pub fn plane_mut(&mut self, component: usize) -> &mut Coefficients {
        &mut self.planes[component]
    }

    /// Pixels per unit of length, or the pixels' proportions, from the JFIF segment.
    #[must_use]
    pub fn density(&self) -> Density {
        self.density
    }

    /// Sets what the JFIF segment says. Only grey and YCbCr files have one.
    pub fn set_density(&mut self, density: Density) {
        self.density = density;
    }

    /// The tables of all components, the steps that nothing uses as large as can be.
    pub(crate) fn neutral_tables(&self) -> Vec<QuantTable> {
        let components = &self.frame.components;
        let own: Vec<u64> = self.planes.iter().map(Coefficients::used).collect();
        let neutral = |i: usize| {
            let mut table = self.quant[i];
            let shares =
                |&j: &usize| components[i].quant == components[j].quant && table == self.quant[j];
            let together = (0..own.len()).filter(shares);
            let used = together.fold(0, |map, j| map | own[j]);
            let wide = table.iter().any(|&step| step > 255);
            for (at, &place) in ZIGZAG.iter().enumerate() {
                if used >> at & 1 == 0 {
                    table[usize::from(place)] = if wide { u16::MAX } else { 255 };
                }
            }
            table
        };
        (0..own.len()).map(neutral).collect()
    }

    /// Scans that send all of it: the source's own, or the usual ones where those leave out bands
    /// that are not empty any more. (Where the first of them are left out, libjpeg smooths; so a
    /// picture that nobody changed must go on leaving them out.)
    pub(crate) fn all_scans(&self) -> Cow<'_, [Scan]> {
        let mut sent = [0u64; 4];
        for scan in &self.scans {
            for part in &scan.parts {
                let (first, last) = scan.band;
                sent[part.component] |= (first..=last).fold(0, |map, at| map | 1 << at);
            }
        }
        let whole = self
            .planes
            .iter()
            .zip(&sent)
            .all(|(plane, sent)| plane.fits(*sent));
        if whole {
            Cow::Borrowed(&self.scans)
        } else {
            Cow::Owned(usual(&self.frame, self.scans[0].restart))
        }
    }
}

/// The fields of a JFIF segment for the density.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Density {
    /// Pixels per unit across.
    pub x: u16,
    /// Pixels per unit down.
    pub y: u16,
    /// The unit.
    pub unit: DensityUnit,
}

impl Default for Density {
    /// Square pixels of no particular size.
    fn default() -> Self {
        Self {
            x: 1,
            y: 1,
            unit: DensityUnit::Aspect,
        }
    }
}

/// What a density counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DensityUnit {
    /// No length: the two numbers are the proportions of a pixel only.
    Aspect,
    /// Pixels per inch.
    Inch,
    /// Pixels per centimetre.
    Centimetre,
}

/// What application segments say about the colours and the density.
#[derive(Debug, Default)]
pub(super) struct Header {
    jfif: Option<Density>,
    /// The colour transform of an Adobe segment.
    adobe: Option<u8>,
}

impl Header {
    /// Takes note of a segment.
    pub(super) fn take(&mut self, marker: u8, body: &[u8]) {
        match marker {
            0xe0 if body.starts_with(b"JFIF\0") && body.len() >= 14 => {
                self.jfif = Some(Density {
                    x: u16::from_be_bytes([body[8], body[9]]),
                    y: u16::from_be_bytes([body[10], body[11]]),
                    unit: match body[7] {
                        1 => DensityUnit::Inch,
                        2 => DensityUnit::Centimetre,
                        _ => DensityUnit::Aspect,
                    },
                });
            }
            0xee if body.starts_with(b"Adobe") && body.len() >= 12 => {
                self.adobe = Some(body[11]);
            }
            _ => {}
        }
    }

    /// What libjpeg takes the colours for (jdapimin.c, default_decompress_parms), and so everybody
    /// else.
    fn model(&self, frame: &Frame) -> ColorModel {
        let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
        match (ids.len(), self.adobe) {
            (1, _) => ColorModel::Grey,
            (3, _) if self.jfif.is_some() => ColorModel::YCbCr,
            (3, Some(0)) => ColorModel::Rgb,
            (3, None) if ids == *b"RGB" => ColorModel::Rgb,
            (3, _) => ColorModel::YCbCr,
            (_, Some(0) | None) => ColorModel::Cmyk,
            (_, Some(_)) => ColorModel::Ycck,
        }
    }
}

/// A picture of which not all has come.
#[derive(Default)]
pub(super) struct Builder {
    begun: Option<Begun>,
    tables: [Option<QuantTable>; 4],
    codes: Codes,
    restart: usize,
    /// Bytes of scans that no block needed.
    unused: usize,
}

struct Begun {
    frame: Frame,
    quant: Vec<Option<QuantTable>>,
    planes: Vec<Coefficients>,
    scans: Vec<Scan>,
    progress: Progress,
}

impl Builder {
    /// A frame header. `check` sees the size before memory is taken.
    pub(super) fn frame(
        &mut self,
        marker: u8,
        body: &[u8],
        check: &mut dyn FnMut(Size) -> Result<()>,
    ) -> Result<()> {
        if self.begun.is_some() {
            return Err(malformed("the JPEG has two frame headers"));
        }
        let frame = Frame::parse(marker, body)?;
        check(frame.size)?;
        self.begun = Some(Begun {
            quant: vec![None; frame.components.len()],
            planes: frame.components.iter().map(Coefficients::new).collect(),
            scans: Vec::new(),
            progress: Progress::new(&frame),
            frame,
        });
        Ok(())
    }

    /// Definitions of quantisation tables (T.81, B.2.4.1).
    pub(super) fn quant_tables(&mut self, mut body: &[u8]) -> Result<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (wide, number) = (head >> 4, usize::from(head & 15));
            let length = if wide == 0 { 64 } else { 128 };
            if number > 3 || wide > 1 || rest.len() < length {
                return Err(malformed("a JPEG quantisation table is damaged"));
            }
            let mut table = [0; 64];
            for (i, &place) in ZIGZAG.iter().enumerate() {
                table[usize::from(place)] = if wide == 0 {
                    rest[i].into()
                } else {
                    u16::from_be_bytes([rest[2 * i], rest[2 * i + 1]])
                };
            }
            self.tables[number] = Some(table);
            body = &rest[length..];
        }
        Ok(())
    }

    /// Definitions of Huffman codes.
    pub(super) fn codes(&mut self, body: &[u8]) -> Result<()> {
        self.codes.define(body)
    }

    /// A restart interval.
    pub(super) fn restart_interval(&mut self, body: &[u8]) -> Result<()> {
        let bytes: [u8; 2] = body
            .try_into()
            .map_err(|_| malformed("a JPEG restart interval has a wrong length"))?;
        self.restart = u16::from_be_bytes(bytes).into();
        Ok(())
    }

    /// A scan header, and the data behind it at the front of `data`. Gives the bytes of the latter.
    pub(super) fn scan(&mut self, body: &[u8], data: &[u8]) -> Result<usize> {
        let Some(begun) = &mut self.begun else {
            return Err(malformed("a JPEG scan comes before the frame header"));
        };
        let scan = Scan::parse(body, &begun.frame, self.restart)?;
        begun.progress.add(&scan)?;
        for part in &scan.parts {
            // The one that is in force when a component's first scan begins, as in libjpeg.
            let number = begun.frame.components[part.component].quant;
            let table = &mut begun.quant[part.component];
            *table = table.or(self.tables[number]);
            if table.is_none() {
                return Err(malformed(
                    "the JPEG uses a quantisation table that it does not define",
                ));
            }
        }
        let planes = &mut begun.planes;
        let (length, unused) = decode::read(data, &begun.frame, &scan, &self.codes, planes)?;
        begun.scans.push(scan);
        self.unused += unused;
        Ok(length)
    }

    /// Bytes of scans that no block needed.
    pub(super) fn unused(&self) -> usize {
        self.unused
    }

    /// Whether nothing can follow: each bit of each coefficient has come.
    pub(super) fn is_complete(&self) -> bool {
        let begun = self.begun.as_ref();
        begun.is_some_and(|begun| begun.progress.is_complete())
    }

    /// The picture, if all of it has come.
    pub(super) fn finish(self, header: &Header) -> Result<CodedImage> {
        let nothing = || malformed("the JPEG holds no picture");
        let begun = self.begun.ok_or_else(nothing)?;
        if begun.scans.is_empty() {
            return Err(nothing());
        }
        begun.progress.check()?;
        let quant = begun.quant.into_iter().collect::<Option<_>>();
        let model = header.model(&begun.frame);
        Ok(CodedImage {
            model,
            marked: model == ColorModel::Cmyk && header.adobe.is_some(),
            density: header.jfif.unwrap_or_default(),
            frame: begun.frame,
            quant: quant.ok_or_else(nothing)?,
            planes: begun.planes,
            scans: begun.scans,
        })
    }
}
