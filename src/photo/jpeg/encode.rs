//! Writes a JPEG: a header from the allow-list, and the coefficients with codes that fit them.
//!
//! Invariant: quantisation tables, sampling, names of components, scans and restart intervals are the
//! source's, as values; no byte is copied from it.

mod bits;
mod progressive;
mod scan;
mod sequential;
mod sink;

use super::super::exif::{self, Resolution, Unit};
use super::super::icc::Profile;
use super::Coding;
use super::coded::Coded;
use super::coefficients::{QuantTable, ZIGZAG};
use super::scan::Scan;
use super::segments::Header;
use sink::{Counter, Emitter};

/// A whole file. `scans` send everything that `coded` holds.
pub(super) fn write(
    coded: &Coded,
    scans: &[Scan],
    coding: Coding,
    header: &Header,
    icc: Option<&Profile>,
) -> Vec<u8> {
    let mut out = head(coding, header, icc);
    let numbers = quant_tables(coded, &mut out);
    frame_header(coded, &numbers, &mut out);
    let mut restart = 0;
    for scan in scans {
        if scan.restart != restart {
            restart = scan.restart;
            segment(&mut out, 0xdd, (restart as u16).to_be_bytes());
        }
        out = one_scan(coded, scan, out);
    }
    out.extend([0xff, 0xd9]);
    out
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
fn quant_tables(coded: &Coded, out: &mut Vec<u8>) -> Vec<u8> {
    let mut slots: [Option<&QuantTable>; 4] = [None; 4];
    let mut numbers = Vec::new();
    for (component, table) in coded.frame.components.iter().zip(&coded.quant) {
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

fn frame_header(coded: &Coded, numbers: &[u8], out: &mut Vec<u8>) {
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

/// Counts, defines codes that fit, and writes.
fn one_scan(coded: &Coded, scan: &Scan, mut out: Vec<u8>) -> Vec<u8> {
    let mut counter = Counter::new();
    scan::send(&coded.frame, scan, &coded.planes, &mut counter);
    let codes = counter.codes();
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
    let mut emitter = Emitter::new(out, &codes);
    scan::send(&coded.frame, scan, &coded.planes, &mut emitter);
    emitter.end()
}

/// Everything before the frame header, from the allow-list.
fn head(coding: Coding, header: &Header, icc: Option<&Profile>) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    let mut segment = |marker: u8, parts: &[&[u8]]| {
        let length: usize = 2 + parts.iter().map(|p| p.len()).sum::<usize>();
        out.extend([0xff, marker]);
        out.extend((length as u16).to_be_bytes());
        parts.iter().for_each(|part| out.extend(*part));
    };
    // JFIF means grey or YCbCr; libjpeg believes it before Adobe's marker.
    let jfif = matches!(coding, Coding::Grey | Coding::YCbCr);
    if jfif {
        let ([x1, x0], [y1, y0], unit) = density(header.resolution.as_ref());
        segment(0xe0, &[b"JFIF\0\x01\x02", &[unit, x1, x0, y1, y0, 0, 0]]);
    }
    let facts = exif::Facts {
        resolution: if jfif { None } else { header.resolution },
        ..header.exif.clone()
    };
    if let Some(block) = exif::write(&facts) {
        segment(0xe1, &[b"Exif\0\0", &block]);
    }
    if let Some(profile) = icc {
        const MOST: usize = 65535 - 2 - 14;
        let chunks = profile.bytes().chunks(MOST);
        let count = chunks.len() as u8; // at most 65, by the size that a profile may have
        for (number, chunk) in (1..=count).zip(chunks) {
            segment(0xe2, &[b"ICC_PROFILE\0", &[number, count], chunk]);
        }
    }
    let transform = match coding {
        Coding::Grey | Coding::YCbCr | Coding::Cmyk { marked: false } => None,
        Coding::Rgb | Coding::Cmyk { marked: true } => Some(0),
        Coding::Ycck => Some(2),
    };
    if let Some(transform) = transform {
        segment(0xee, &[b"Adobe\0\x64\0\0\0\0", &[transform]]);
    }
    out
}

/// JFIF's density fields.
fn density(resolution: Option<&Resolution>) -> ([u8; 2], [u8; 2], u8) {
    let known = resolution.and_then(|r| Some((r.rounded()?, r.unit)));
    let ((x, y), unit) = known.unwrap_or(((1, 1), Unit::Aspect));
    let unit = match unit {
        Unit::Aspect => 0,
        Unit::Inch => 1,
        Unit::Centimetre => 2,
    };
    (x.to_be_bytes(), y.to_be_bytes(), unit)
}
