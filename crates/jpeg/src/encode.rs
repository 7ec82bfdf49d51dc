//! Writes a JPEG: the coefficients, with codes that fit them.
//!
//! Invariant: quantisation tables, sampling, names of components, scans and restart intervals are
//! the source's, as values; no byte is copied from it but those of the segments that the caller
//! gives.

mod bits;
mod progressive;
mod scan;
mod sequential;
mod sink;

use super::coded::{CodedImage, Density, DensityUnit};
use super::coefficients::{QuantTable, ZIGZAG};
use super::color::ColorModel;
use super::frame::Process;
use super::parallel;
use super::scan::Scan;
use super::segments::Segment;
use crate::error::{Result, invalid};
use bits::BitWriter;
use sink::{Counter, Emitter};
use std::ops::Range;

/// Most bytes behind the length field of a segment.
const MOST_IN_SEGMENT: usize = 65533;

impl CodedImage {
    /// A whole file, with `segments` (application data and comments) in front of the picture.
    ///
    /// The JFIF segment, for grey and YCbCr, and Adobe's, for other colours, are written by
    /// themselves: `segments` should not hold them.
    ///
    /// The source's scans are kept unless they leave out coefficients that are not zero any more:
    /// then the ten scans of libjpeg replace them.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if a segment has more than 65533
    /// bytes or is of another kind.
    pub fn write(&self, segments: &[Segment<'_>]) -> Result<Vec<u8>> {
        write(self, &self.all_scans(), &self.quant, segments)
    }

    /// As [`CodedImage::write`], but the steps of coefficients that are zero in every block are as
    /// large as their table can hold. No decoder needs them, and they can carry anything.
    ///
    /// # Errors
    ///
    /// Those of [`CodedImage::write`].
    pub fn write_with_neutral_steps(&self, segments: &[Segment<'_>]) -> Result<Vec<u8>> {
        write(self, &self.all_scans(), &self.neutral_tables(), segments)
    }
}

/// A whole file. `scans` send everything that `coded` holds.
pub(super) fn write(
    coded: &CodedImage,
    scans: &[Scan],
    tables: &[QuantTable],
    segments: &[Segment<'_>],
) -> Result<Vec<u8>> {
    let mut out = head(coded, segments)?;
    let numbers = quant_tables(coded, tables, &mut out);
    frame_header(coded, &numbers, &mut out);
    let mut restart = 0;
    if let [alone] = scans {
        restart_interval(&mut restart, alone, &mut out);
        out = one_scan(coded, alone, scan::bands(&coded.frame, alone), out);
    } else {
        let bodies = parallel::map(scans.iter().collect(), |scan| {
            one_scan(coded, scan, scan::bands(&coded.frame, scan), Vec::new())
        });
        for (scan, body) in scans.iter().zip(bodies) {
            restart_interval(&mut restart, scan, &mut out);
            out.extend(body);
        }
    }
    out.extend([0xff, 0xd9]);
    Ok(out)
}

fn segment(out: &mut Vec<u8>, marker: u8, body: impl IntoIterator<Item = u8>) {
    let start = out.len();
    out.extend([0xff, marker, 0, 0]);
    out.extend(body);
    let length = (out.len() - start - 2) as u16;
    out[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Writes each table once, and gives the number of each component's. The source's numbers are kept
/// unless it defined one anew between scans.
fn quant_tables(coded: &CodedImage, tables: &[QuantTable], out: &mut Vec<u8>) -> Vec<u8> {
    let mut slots: [Option<&QuantTable>; 4] = [None; 4];
    let mut numbers = Vec::new();
    for (component, table) in coded.frame.components.iter().zip(tables) {
        let fits = |slot: &Option<&QuantTable>| slot.is_none_or(|known| known == table);
        let own = fits(&slots[component.quant]).then_some(component.quant);
        // Four components at most, so there is a free one.
        let number = own.or_else(|| slots.iter().position(fits)).unwrap_or(0);
        slots[number] = Some(table);
        numbers.push(number as u8);
    }
    for (number, table) in (0..).zip(slots) {
        let Some(table) = table else { continue };
        let wide = table.iter().any(|&step| step > 255);
        let steps = ZIGZAG.iter().map(|&place| table[usize::from(place)]);
        let bytes = steps.flat_map(|step| {
            let [high, low] = step.to_be_bytes();
            wide.then_some(high).into_iter().chain([low])
        });
        segment(
            out,
            0xdb,
            [u8::from(wide) << 4 | number].into_iter().chain(bytes),
        );
    }
    numbers
}

fn frame_header(coded: &CodedImage, numbers: &[u8], out: &mut Vec<u8>) {
    let frame = &coded.frame;
    let [h1, h0] = (frame.size.height as u16).to_be_bytes();
    let [w1, w0] = (frame.size.width as u16).to_be_bytes();
    let mut body = vec![8, h1, h0, w1, w0, frame.components.len() as u8];
    for (component, number) in frame.components.iter().zip(numbers) {
        let (h, v) = component.factors;
        body.extend([component.id, (h << 4 | v) as u8, *number]);
    }
    segment(out, frame.process.marker(), body);
}

/// Writes the restart interval of a scan if another one is in force.
fn restart_interval(in_force: &mut usize, scan: &Scan, out: &mut Vec<u8>) {
    if scan.restart != *in_force {
        *in_force = scan.restart;
        segment(out, 0xdd, (scan.restart as u16).to_be_bytes());
    }
}

/// Counts, defines codes that fit, and writes, all `bands` at the same time.
fn one_scan(
    coded: &CodedImage,
    scan: &Scan,
    bands: Vec<Range<usize>>,
    mut out: Vec<u8>,
) -> Vec<u8> {
    let counters = parallel::map(bands.clone(), |rows| {
        let mut counter = Counter::new();
        scan::send(&coded.frame, scan, rows, &coded.planes, &mut counter);
        counter
    });
    let mut all = Counter::new();
    counters.iter().for_each(|counter| all.add(counter));
    let codes = all.codes();
    for (table, code) in &codes {
        segment(
            &mut out,
            0xc4,
            [table.head()].into_iter().chain(code.definition()),
        );
    }
    let mut body = vec![scan.parts.len() as u8];
    for part in &scan.parts {
        let id = coded.frame.components[part.component].id;
        body.extend([id, (part.dc << 4 | part.ac) as u8]);
    }
    let (first, last) = scan.band;
    body.extend([first as u8, last as u8, (scan.high << 4 | scan.low) as u8]);
    segment(&mut out, 0xda, body);
    let aligned = scan.restart > 0;
    // Bits before each band, which begins within the byte where the one before it ends.
    let mut before = 0;
    let mut first = BitWriter::new(out);
    if coded.frame.process != Process::Progressive {
        first.reserve(all.bits(&codes) / 8 * 65 / 64); // with some zeros behind bytes of ones
    }
    let mut writers = vec![first];
    for counter in &counters[..counters.len() - 1] {
        before += counter.bits(&codes);
        let over = if aligned { 0 } else { before % 8 };
        writers.push(BitWriter::behind(over as u32));
    }
    let work = bands.into_iter().zip(writers).collect();
    let written = parallel::map(work, |(rows, bits)| {
        let mut emitter = Emitter::new(bits, &codes);
        scan::send(&coded.frame, scan, rows, &coded.planes, &mut emitter);
        let mut bits = emitter.into_bits();
        if aligned {
            bits.align();
        }
        bits
    });
    let joined = written.into_iter().reduce(BitWriter::append);
    joined.map_or_else(Vec::new, BitWriter::end)
}

/// Everything before the quantisation tables.
fn head(image: &CodedImage, segments: &[Segment<'_>]) -> Result<Vec<u8>> {
    use ColorModel as M;
    let mut out = vec![0xff, 0xd8];
    // JFIF means grey or YCbCr; libjpeg believes it before Adobe's marker.
    if matches!(image.model, M::Grey | M::YCbCr) {
        let Density { x, y, unit } = image.density;
        let ([x1, x0], [y1, y0]) = (x.to_be_bytes(), y.to_be_bytes());
        let unit = match unit {
            DensityUnit::Aspect => 0,
            DensityUnit::Inch => 1,
            DensityUnit::Centimetre => 2,
        };
        segment(
            &mut out,
            0xe0,
            b"JFIF\0\x01\x02"
                .iter()
                .copied()
                .chain([unit, x1, x0, y1, y0, 0, 0]),
        );
    }
    for given in segments {
        if !matches!(given.marker, 0xe0..=0xef | 0xfe) {
            return Err(invalid("only application data and comments are written"));
        }
        if given.body.len() > MOST_IN_SEGMENT {
            return Err(invalid(format!(
                "a JPEG segment holds at most {MOST_IN_SEGMENT} bytes, not {}",
                given.body.len()
            )));
        }
        segment(&mut out, given.marker, given.body.iter().copied());
    }
    let transform = match image.model {
        M::Cmyk if !image.marked => None,
        M::Grey | M::YCbCr => None,
        M::Rgb | M::Cmyk => Some(0),
        M::Ycck => Some(2),
    };
    if let Some(transform) = transform {
        let fields = b"Adobe\0\x64\0\0\0\0".iter().copied();
        segment(&mut out, 0xee, fields.chain([transform]));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::layouts;

    #[test]
    fn bands_give_the_bytes_of_the_whole_scan() {
        let mut several = 0;
        for (seed, (name, layout)) in layouts().into_iter().enumerate() {
            let picture = layout.picture(seed as u64);
            for scan in &picture.scans {
                let with = |most| {
                    let bands = scan::split(&picture.frame, scan, most);
                    let count = bands.len();
                    (count, one_scan(&picture, scan, bands, vec![7]))
                };
                let (one, whole) = with(1);
                assert_eq!(one, 1, "{name}");
                for most in [2, 3, 100] {
                    let (count, bytes) = with(most);
                    several += usize::from(count > 2);
                    assert!(bytes == whole, "{name}: {count} bands");
                }
            }
        }
        assert!(several > 20, "{several}");
    }
}
