//! The items of a HEIF file (ISO/IEC 23008-12): which of them is the picture, and what the others
//! are.

mod item;
mod names;
mod properties;

use super::super::bytes::{Order, contains, part, rest, says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::{exif, icc, xmp};
use super::entries::unused as unused_bytes;
use super::{boxes, first, handler};
use std::collections::HashMap;

const BIG: Order = Order::Big;
/// Items, references and properties of one file.
const MOST: usize = 20_000;
/// Bytes of metadata of all items together.
const MOST_BYTES: usize = 64 << 20;
/// Bytes of coded pictures of all items together.
const MOST_CODED: usize = 8 << 30;
/// Boxes of picture data; nobody writes more than one or two.
const MOST_DATA: usize = 64;
/// Different colour profiles.
const MOST_PROFILES: usize = 8;

#[derive(Default)]
struct Items {
    primary: u32,
    /// Kind of each item.
    kinds: Vec<(u32, [u8; 4])>,
    /// Kind of reference, from, to.
    references: Vec<([u8; 4], u32, u32)>,
    sizes: HashMap<u32, (u32, u32)>,
    /// Bytes of the lengths in front of a picture's units.
    lengths: HashMap<u32, usize>,
    /// What an auxiliary picture is for.
    purposes: HashMap<u32, String>,
    profiles: Vec<Vec<u8>>,
    /// The picture is stored in another order than it is seen.
    turned: bool,
}

/// Looks through the items of a `meta` box of `file`, which is `whole` or lacks its picture data.
pub(super) fn look(file: &[u8], meta: &[u8], whole: bool, out: &mut Inspection) {
    let (list, taken) = boxes(meta);
    for inside in &list {
        let (body, name) = (inside.body, String::from_utf8_lossy(&inside.kind));
        let place = format!("meta, {}", name.trim());
        match &inside.kind {
            b"hdlr" => handler::look(body, &place, out),
            b"pitm" => {
                let length = if body.first() == Some(&0) { 6 } else { 8 };
                unused_bytes(rest(body, length), &place, out);
            }
            b"iinf" => names::look(body, out),
            b"iref" => unused_bytes(rest(body, references_end(body)), &place, out),
            b"iprp" => properties::look(body, out),
            b"iloc" => {
                let end = places(body).map_or(0, |(_, end)| end);
                unused_bytes(rest(body, end), &place, out);
            }
            b"idat" => {}
            b"dinf" | b"grpl" => super::known::numbers(body, &inside.kind, &place, out),
            b"free" | b"skip" => unused_bytes(body, &place, out),
            b"uuid" => super::uuid(body, out),
            b"xml " => xmp::packet(rest(body, 4), &place, out),
            _ => out.add(Finding::new(Kind::PrivateData, place).bytes(body.len())),
        }
    }
    unused_bytes(rest(meta, taken), "meta", out);
    let mut items = Items::default();
    if let Some(body) = first(&list, b"pitm") {
        items.primary = number(body, 4, body.first() == Some(&0)).unwrap_or(0);
    }
    items.kinds = first(&list, b"iinf").map(kinds).unwrap_or_default();
    items.references = first(&list, b"iref").map(references).unwrap_or_default();
    if let Some(body) = first(&list, b"iprp") {
        items.properties(body);
    }
    let places = first(&list, b"iloc").and_then(places);
    let places = places.map(|found| found.0).unwrap_or_default();
    let stored = first(&list, b"idat").unwrap_or_default();
    (out.width, out.height) = items.sizes.get(&items.primary).copied().unwrap_or((0, 0));
    items.profiles(out);
    if whole {
        unused(file, &places, out);
    }
    let gaps = gaps(stored, 0, &mut ranges(&places, true, stored.len()));
    if gaps > 0 {
        out.add(Finding::new(Kind::UnusedBytes, "meta, idat").bytes(gaps));
    }
    let mut left = MOST_BYTES;
    let mut coded_left = MOST_CODED;
    for &(id, kind) in items.kinds.iter().take(MOST) {
        let own = places.iter().filter(|p| p.item == id);
        let parts = own.filter_map(|p| part(if p.inside { stored } else { file }, p.at, p.length));
        if !matches!(&kind, b"Exif" | b"mime" | b"uri ") {
            let parts: Vec<&[u8]> = parts.collect();
            let bytes = parts.iter().map(|p| p.len()).fold(0, usize::saturating_add);
            items.picture(id, kind, bytes, out);
            // Items may share bytes.
            if whole && coded_left >= bytes {
                coded_left -= bytes;
                let width = items.lengths.get(&id).copied();
                item::look(kind, width, &parts, &format!("item {id}"), out);
            }
            continue;
        }
        let data: Vec<u8> = parts.flatten().take(left).copied().collect();
        left -= data.len();
        match &kind {
            b"Exif" => {
                let skip = BIG.u32(&data, 0).map_or(0, |v| v as usize);
                let block = rest(&data, skip.saturating_add(4));
                exif::block(block, "item Exif", out);
            }
            b"mime" if contains(&data, b"<x:xmpmeta") || contains(&data, b"rdf:RDF") => {
                xmp::packet(&data, "item XMP", out);
            }
            _ => out.add(Finding::new(Kind::PrivateData, "item").bytes(data.len())),
        }
    }
}

/// Says how many bytes of the picture data no item has.
fn unused(file: &[u8], places: &[Place], out: &mut Inspection) {
    let (list, _) = boxes(file);
    // Frames of an animation are found by other tables.
    if first(&list, b"moov").is_some() {
        return;
    }
    let mut taken = ranges(places, false, file.len());
    for data in list.iter().filter(|b| b.kind == *b"mdat").take(MOST_DATA) {
        let start = data.body.as_ptr() as usize - file.as_ptr() as usize;
        let unused = gaps(data.body, start, &mut taken);
        if unused > 0 {
            out.add(Finding::new(Kind::UnusedBytes, "box mdat").bytes(unused));
        }
    }
}

/// Begin and end of the parts of all items that are stored `inside` of the `meta` box or not.
fn ranges(places: &[Place], inside: bool, end: usize) -> Vec<(usize, usize)> {
    let own = places.iter().filter(|p| p.inside == inside);
    let mut found: Vec<(usize, usize)> = own
        .map(|p| match p.length {
            0 => (p.at, end),
            length => (p.at, p.at.saturating_add(length)),
        })
        .collect();
    found.sort_unstable();
    found
}

/// Bytes of `data`, which begins at `start`, that lie in none of the ranges and say something.
fn gaps(data: &[u8], start: usize, taken: &mut [(usize, usize)]) -> usize {
    let end = start + data.len();
    let (mut at, mut unused) = (start, 0);
    for &(from, to) in taken.iter().chain([&(end, end)]) {
        let length = from.min(end).saturating_sub(at);
        let gap = part(data, at.saturating_sub(start), length).unwrap_or_default();
        if gap.len() > 3 && says_something(gap) {
            unused += gap.len();
        }
        at = at.max(to);
    }
    unused
}

/// A number of two or four bytes.
fn number(data: &[u8], at: usize, short: bool) -> Option<u32> {
    if short {
        BIG.u16(data, at).map(u32::from)
    } else {
        BIG.u32(data, at)
    }
}

fn kinds(body: &[u8]) -> Vec<(u32, [u8; 4])> {
    let head = if body.first() == Some(&0) { 6 } else { 8 };
    let (list, _) = boxes(rest(body, head));
    let entries = list.iter().filter(|b| b.kind == *b"infe");
    entries
        .filter_map(|entry| {
            let version = *entry.body.first()?;
            let id = number(entry.body, 4, version < 3)?;
            let at = if version < 3 { 8 } else { 10 };
            Some((id, part(entry.body, at, 4)?.try_into().ok()?))
        })
        .collect()
}

fn references(body: &[u8]) -> Vec<([u8; 4], u32, u32)> {
    let short = body.first() == Some(&0);
    let each = if short { 2 } else { 4 };
    let mut found = Vec::new();
    for entry in boxes(rest(body, 4)).0 {
        let from = number(entry.body, 0, short).unwrap_or(0);
        let count = BIG.u16(entry.body, each).unwrap_or(0);
        for i in 0..usize::from(count) {
            if let Some(to) = number(entry.body, each + 2 + i * each, short)
                && found.len() < MOST
            {
                found.push((entry.kind, from, to));
            }
        }
    }
    found
}

/// Where the last reference ends.
fn references_end(body: &[u8]) -> usize {
    let each = if body.first() == Some(&0) { 2 } else { 4 };
    let (list, taken) = boxes(rest(body, 4));
    let exact = |entry: &&super::Box<'_>| {
        let count = BIG.u16(entry.body, each).map_or(0, usize::from);
        entry.body.len() == each + 2 + count * each
    };
    // A longer entry holds something else.
    match list.iter().all(|entry| exact(&entry)) {
        true => 4 + taken,
        false => 4,
    }
}

/// Where the bytes of an item are.
struct Place {
    item: u32,
    /// In the `idat` box instead of the file.
    inside: bool,
    at: usize,
    length: usize,
}

/// The parts of all items, and where the list of them ends.
fn places(body: &[u8]) -> Option<(Vec<Place>, usize)> {
    let version = *body.first()?;
    let widths = BIG.u16(body, 4)?;
    let width = |shift: u16| usize::from(widths >> shift & 15);
    let index = if version > 0 { width(0) } else { 0 };
    let value = |at: usize, width: usize| match width {
        4 => BIG.u32(body, at).map(|v| v as usize),
        8 => BIG.u64(body, at).and_then(|v| usize::try_from(v).ok()),
        0 => Some(0),
        _ => None,
    };
    let short = version < 2;
    let count = number(body, 6, short)?;
    let mut at = if short { 8 } else { 10 };
    let mut found = Vec::new();
    for _ in 0..count {
        let item = number(body, at, short)?;
        at += if short { 2 } else { 4 };
        let inside = version > 0 && BIG.u16(body, at)? & 15 == 1;
        at += if version > 0 { 4 } else { 2 };
        let base = value(at, width(4))?;
        at += width(4);
        let extents = BIG.u16(body, at)?;
        at += 2;
        for _ in 0..extents {
            at += index;
            let offset = value(at, width(12))?;
            let length = value(at + width(12), width(8))?;
            at += width(12) + width(8);
            if found.len() >= MOST {
                return Some((found, body.len()));
            }
            found.push(Place {
                item,
                inside,
                at: base.saturating_add(offset),
                length,
            });
        }
    }
    Some((found, at))
}

impl Items {
    fn properties(&mut self, body: &[u8]) {
        let (list, _) = boxes(body);
        let known = first(&list, b"ipco")
            .map(|b| boxes(b).0)
            .unwrap_or_default();
        let Some(map) = first(&list, b"ipma") else {
            return;
        };
        let (version, wide) = (
            map.first().copied().unwrap_or(0),
            map.get(3).is_some_and(|f| f & 1 == 1),
        );
        let count = BIG.u32(map, 4).unwrap_or(0);
        let mut at = 8;
        for _ in 0..count.min(MOST as u32) {
            let Some(item) = number(map, at, version < 1) else {
                return;
            };
            at += if version < 1 { 2 } else { 4 };
            let links = map.get(at).copied().unwrap_or(0);
            at += 1;
            for _ in 0..links {
                let index = if wide {
                    BIG.u16(map, at).map_or(0, |v| usize::from(v & 0x7fff))
                } else {
                    map.get(at).map_or(0, |v| usize::from(v & 0x7f))
                };
                at += if wide { 2 } else { 1 };
                let Some(property) = index.checked_sub(1).and_then(|i| known.get(i)) else {
                    continue;
                };
                match &property.kind {
                    b"ispe" => {
                        let size = BIG.u32(property.body, 4).zip(BIG.u32(property.body, 8));
                        self.sizes.extend(size.map(|size| (item, size)));
                    }
                    // Bytes of the lengths in front of units.
                    b"hvcC" => {
                        let width = property.body.get(21).map(|b| usize::from(b & 3) + 1);
                        self.lengths.extend(width.map(|width| (item, width)));
                    }
                    b"avcC" => {
                        let width = property.body.get(4).map(|b| usize::from(b & 3) + 1);
                        self.lengths.extend(width.map(|width| (item, width)));
                    }
                    b"irot" | b"imir" if item == self.primary => self.turned = true,
                    b"colr" if matches!(property.body.get(..4), Some(b"prof" | b"rICC")) => {
                        let profile = rest(property.body, 4).to_vec();
                        if self.profiles.len() < MOST_PROFILES && !self.profiles.contains(&profile)
                        {
                            self.profiles.push(profile);
                        }
                    }
                    b"auxC" => {
                        self.purposes.insert(item, text(rest(property.body, 4)));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Looks through the colour profiles.
    fn profiles(&self, out: &mut Inspection) {
        for profile in &self.profiles {
            icc::profile(profile, "colr", out);
        }
        if self.turned {
            out.carry("orientation");
        }
    }

    /// Says what a picture item is, unless it is the picture, a part of it, or its opacity.
    fn picture(&self, id: u32, kind: [u8; 4], bytes: usize, out: &mut Inspection) {
        let points = |name: &[u8; 4]| self.references.iter().any(|r| r.0 == *name && r.1 == id);
        let origin = |r: &&([u8; 4], u32, u32)| r.0 == *b"dimg" && r.2 == id;
        let derived = self.references.iter().find(origin).map(|r| r.1);
        let into = derived.and_then(|from| self.kinds.iter().find(|k| k.0 == from));
        let purpose = self.purposes.get(&id).map_or("", String::as_str);
        let is = |words: &[&str]| words.iter().any(|w| purpose.contains(w));
        let kind = if id == self.primary || (kind == *b"auxl" && purpose.contains("alpha")) {
            return;
        } else if points(b"thmb") {
            Kind::Thumbnail
        } else if kind == *b"tmap" || is(&["gainmap", "GainMap"]) {
            Kind::GainMap
        } else if points(b"auxl") || !purpose.is_empty() {
            if is(&["alpha", "auxid:1"]) {
                return;
            } else if is(&["auxid:2", "depth", "matte"]) {
                Kind::Depth
            } else if is(&["thumbnail"]) {
                Kind::Preview
            } else {
                Kind::FurtherPicture
            }
        } else if into.is_some_and(|k| k.1 == *b"tmap") {
            // Of the two that a tone map is made of, the first is the picture.
            Kind::GainMap
        } else if derived.is_some() {
            return;
        } else {
            Kind::FurtherPicture
        };
        let size = self.sizes.get(&id).copied();
        let finding = Finding::new(kind, format!("item {id}"))
            .bytes(bytes)
            .size(size);
        out.add(finding.detail(purpose));
    }
}
