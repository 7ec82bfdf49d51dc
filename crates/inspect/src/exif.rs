//! EXIF blocks: which person, place, device and time they reveal, and the pictures inside of them.

use super::bytes::{part, says_something, text};
use super::embedded;
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::form;
use super::ifd::{Directory, Entry, Structure};
use super::tags::words;

/// Looks through a block that begins with its TIFF header, or with `Exif\0\0` before that. `place`
/// names the block.
pub(super) fn block(data: &[u8], place: &str, out: &mut Inspection) {
    let data = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
    out.carry("exif");
    let Some(mut all) = Structure::open(data) else {
        if says_something(data) {
            out.add(Finding::new(Kind::PrivateData, place).bytes(data.len()));
        }
        return;
    };
    let mut next = all.first;
    for number in 0.. {
        let Some(directory) = all.directory(next) else {
            break;
        };
        next = directory.next;
        if number == 0 {
            main(&mut all, &directory, place, out);
            if directory.find(0x0201).is_none() && has_picture(&directory) {
                thumbnail(&mut all, &directory, place, Kind::Thumbnail, out);
            }
        } else {
            let name = format!("{place}, IFD{number}");
            thumbnail(&mut all, &directory, &name, Kind::Thumbnail, out);
            words(&directory, &name, out);
        }
    }
    unused(&mut all, place, out);
}

/// The first directory and those that hang below it.
pub(super) fn main(
    all: &mut Structure<'_>,
    directory: &Directory<'_>,
    place: &str,
    out: &mut Inspection,
) {
    words(directory, place, out);
    if directory.find(0x0201).is_some() {
        thumbnail(all, directory, place, Kind::Thumbnail, out);
    }
    if directory.number(0x0112).is_some_and(|v| v != 1) {
        out.carry("orientation");
    }
    out.inside(|out| below(all, directory, place, out));
}

/// Directories that entries point to.
fn below(all: &mut Structure<'_>, directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    for entry in &directory.entries {
        match entry.tag {
            0x8769 => {
                if let Some(exif) = entry.offset().and_then(|at| all.directory(at)) {
                    words(&exif, place, out);
                    maker_note(&exif, place, out);
                    out.inside(|out| below(all, &exif, place, out));
                    if has_picture(&exif) {
                        thumbnail(all, &exif, place, Kind::Preview, out);
                    }
                }
            }
            0x8825 => {
                if let Some(gps) = entry.offset().and_then(|at| all.directory(at)) {
                    position(&gps, place, out);
                }
            }
            0xa005 => {
                if let Some(interop) = entry.offset().and_then(|at| all.directory(at)) {
                    for entry in &interop.entries {
                        if !form::is_interoperability(entry) {
                            let tag = format!("interoperability tag {:#06x}", entry.tag);
                            out.add(Finding::new(Kind::Exif, place).detail(tag));
                        }
                    }
                }
            }
            0x014a => {
                for index in 0..entry.count().min(form::MOST_BELOW) {
                    let at = entry.number(index).and_then(|v| usize::try_from(v).ok());
                    if let Some(sub) = at.and_then(|at| all.directory(at)) {
                        let name = format!("{place}, SubIFD {index}");
                        thumbnail(all, &sub, &name, Kind::Preview, out);
                        words(&sub, &name, out);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a directory has the place of a JPEG, of strips or of tiles.
fn has_picture(directory: &Directory<'_>) -> bool {
    let has = |tag| directory.find(tag).is_some();
    has(0x0201) || has(0x0111) || has(0x0144)
}

/// A picture that a directory describes: a JPEG, or strips of pixels.
pub(super) fn thumbnail(
    all: &mut Structure<'_>,
    directory: &Directory<'_>,
    place: &str,
    kind: Kind,
    out: &mut Inspection,
) {
    let declared = directory
        .number(0x0100)
        .zip(directory.number(0x0101))
        .and_then(|(w, h)| Some((u32::try_from(w).ok()?, u32::try_from(h).ok()?)));
    let usize_of = |tag| directory.number(tag).and_then(|v| usize::try_from(v).ok());
    if let (Some(at), Some(length)) = (usize_of(0x0201), usize_of(0x0202)) {
        let whole = part(all.data, at, length);
        let data = whole.unwrap_or_else(|| all.data.get(at..).unwrap_or_default());
        all.cover(at, data.len());
        let found = embedded::anywhere(data).filter(|f| f.what.is_picture());
        let size = found.and_then(|f| f.size).or(declared);
        let what = found.map_or("", |f| f.what.name());
        if says_something(data) {
            out.add(
                Finding::new(kind, place)
                    .bytes(data.len())
                    .size(size)
                    .detail(what),
            );
        }
        return;
    }
    let total: usize = pieces(all, directory).iter().map(|p| p.len()).sum();
    if total > 0 {
        out.add(
            Finding::new(kind, place)
                .bytes(total)
                .size(declared)
                .detail("pixels"),
        );
    }
}

/// The strips or tiles of a directory, as far as they lie inside.
pub(super) fn pieces<'a>(all: &mut Structure<'a>, directory: &Directory<'_>) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    for (places, lengths) in [(0x0111, 0x0117), (0x0144, 0x0145)] {
        let (Some(places), Some(lengths)) = (directory.find(places), directory.find(lengths))
        else {
            continue;
        };
        for index in 0..places.count() {
            if !all.takes_a_piece() {
                break;
            }
            let at = places.number(index).and_then(|v| usize::try_from(v).ok());
            let length = lengths.number(index).and_then(|v| usize::try_from(v).ok());
            if let Some((at, length)) = at.zip(length) {
                let length = length.min(all.data.len().saturating_sub(at));
                all.cover(at, length);
                found.extend(part(all.data, at, length).filter(|p| !p.is_empty()));
            }
        }
    }
    found
}

fn maker_note(directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    let Some(entry) = directory.find(0x927c) else {
        return;
    };
    let place = format!("{place}, maker note");
    let letters = |b: &&u8| b.is_ascii_alphanumeric() || **b == b' ';
    let name: Vec<u8> = entry
        .value
        .iter()
        .take_while(letters)
        .take(20)
        .copied()
        .collect();
    if says_something(entry.value) {
        let finding = Finding::new(Kind::MakerNote, place.clone()).bytes(entry.value.len());
        out.add(finding.detail(String::from_utf8_lossy(&name)));
    }
    if let Some(found) = embedded::anywhere(entry.value) {
        let inside = entry.value.get(found.at..).unwrap_or_default();
        let length = embedded::jpeg_end(inside).unwrap_or(inside.len());
        let finding = Finding::new(Kind::Preview, place)
            .bytes(length)
            .size(found.size);
        out.add(finding.detail(found.what.name()));
    }
}

/// The GPS directory.
fn position(gps: &Directory<'_>, place: &str, out: &mut Inspection) {
    let degrees = |tag: u16, reference: u16| {
        let entry = gps.find(tag)?;
        let parts = [0, 1, 2].map(|i| entry.fraction(i).unwrap_or(0.0));
        let value = parts[0] + parts[1] / 60.0 + parts[2] / 3600.0;
        let side = gps
            .find(reference)
            .map(|e| text(e.value))
            .unwrap_or_default();
        Some(format!("{value:.5} {side}"))
    };
    let place = format!("{place}, GPS");
    let found = [degrees(2, 1), degrees(4, 3)];
    let mut detail: Vec<String> = found.into_iter().flatten().collect();
    // Version 0 alone says nothing.
    let others = gps.entries.iter().filter(|e| !matches!(e.tag, 0..=4));
    let others: Vec<&Entry<'_>> = others.filter(|e| says_something(e.value)).collect();
    if detail.is_empty() && !others.is_empty() {
        detail.push(format!("{} entries", others.len()));
    }
    if detail.is_empty() {
        out.add(Finding::new(Kind::Exif, place).detail("a directory without a position"));
    } else {
        out.add(Finding::new(Kind::Gps, place).detail(detail.join(", ")));
    }
}

/// Bytes of a structure that belong to nothing.
pub(super) fn unused(all: &mut Structure<'_>, place: &str, out: &mut Inspection) {
    let mut total = 0;
    for gap in all.uncovered() {
        match embedded::anywhere(gap).filter(|f| f.what.is_picture()) {
            Some(found) => {
                let finding = Finding::new(Kind::Preview, format!("{place}, between its entries"));
                out.add(finding.bytes(gap.len() - found.at).size(found.size));
            }
            None => total += gap.len(),
        }
    }
    if total > 0 {
        out.add(Finding::new(Kind::UnusedBytes, place).bytes(total));
    }
}
