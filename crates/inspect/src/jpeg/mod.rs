//! JPEG: every segment that is not on the list of harmless ones, every byte between the parts of
//! the picture, and everything behind its end.

mod behind;
mod blocks;
mod examples;
mod gain_map;
mod huffman;
mod scan;
mod tables;

use super::bytes::{Order, contains, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::ifd::Structure;
use super::{embedded, exif, icc, irb, xmp};
use scan::Walker;
use std::collections::BTreeMap;

/// A component as the frame header declares it.
#[derive(Clone, Copy, Debug)]
struct Component {
    id: u8,
    across: u8,
    down: u8,
}

/// A frame header.
#[derive(Clone, Debug, Default)]
struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    components: Vec<Component>,
}

/// Whether a stream holds nothing but tables for other streams.
pub(super) fn is_tables_only(stream: &[u8]) -> bool {
    tables::is_tables_only(stream)
}

/// Looks through a JPEG.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    let (parts, end) = walk(file, out);
    let map = end.and_then(|end| parts.map(file, end));
    if let Some(map) = map {
        let mut inside = Inspection::default();
        let (of_map, end) = walk(map, &mut inside);
        if of_map.are_of_map() && end == Some(map.len()) && inside.damage.is_none() {
            let size = Some((inside.width, inside.height));
            let finding = Finding::new(Kind::GainMap, "behind the picture");
            out.add(finding.bytes(map.len()).size(size).detail("JPEG"));
            for finding in inside.findings {
                let place = format!("gain map, {}", finding.place);
                out.add(Finding { place, ..finding });
            }
            return;
        }
    }
    name_all(parts, out);
    if let Some(end) = end {
        behind::look(rest(file, end), out);
    }
}

/// Looks through the first picture of a file, and gives the place behind it.
fn picture(file: &[u8], out: &mut Inspection) -> Option<usize> {
    let (parts, end) = walk(file, out);
    name_all(parts, out);
    end
}

/// Names segments of a gain map's container that are no part of a whole one.
fn name_all(parts: gain_map::Parts<'_>, out: &mut Inspection) {
    for body in parts.taken() {
        if body.starts_with(b"MPF\0") {
            further_pictures(rest(body, 4), out);
        } else if body.starts_with(b"http") {
            xmp::packet(rest(body, 29), "APP1 XMP", out);
        } else {
            out.add(Finding::new(Kind::GainMap, "APP2 ISO 21496-1").bytes(body.len()));
        }
    }
}

/// Looks through the first picture of a file. Gives the segments of a gain map's container, which
/// are not named yet, and the place behind the picture.
fn walk<'a>(file: &'a [u8], out: &mut Inspection) -> (gain_map::Parts<'a>, Option<usize>) {
    let mut walk = Walk {
        file,
        at: 2,
        walker: None,
        pictures: Walker::default(),
        tables: tables::Ledger::default(),
        single: BTreeMap::new(),
        icc: Vec::new(),
        extended: Vec::new(),
        stray: 0,
        gain_map: gain_map::Parts::default(),
    };
    let end = walk.run(out);
    if end.is_ok() {
        walk.steps(out);
        walk.tables.finish();
    }
    walk.finish(out);
    let end = end.map_err(|why| out.damaged(why)).ok();
    (walk.gain_map, end)
}

struct Walk<'a> {
    file: &'a [u8],
    at: usize,
    /// The frame, once its header came; `None` inside for a kind that is not walked.
    walker: Option<Option<Frame>>,
    pictures: Walker,
    tables: tables::Ledger<'a>,
    /// Segments of few bytes that are harmless once, and their content.
    single: BTreeMap<&'static str, &'a [u8]>,
    /// Sequence number and data.
    icc: Vec<(u8, &'a [u8])>,
    /// Place in the whole and data.
    extended: Vec<(u32, &'a [u8])>,
    /// Bytes between segments.
    stray: usize,
    gain_map: gain_map::Parts<'a>,
}

const CUT: &str = "the JPEG ends in the middle of a segment";

impl<'a> Walk<'a> {
    /// Walks to the end of the picture, and gives the place behind it.
    fn run(&mut self, out: &mut Inspection) -> Result<usize, String> {
        loop {
            let marker = self.marker()?;
            match marker {
                0xd9 => return Ok(self.at),
                0x01 | 0xd0..=0xd7 => {
                    self.stray += 2;
                    continue;
                }
                0xd8 => {
                    let finding = Finding::new(Kind::FurtherPicture, "inside the picture");
                    out.add(finding);
                    continue;
                }
                _ => {}
            }
            let length = usize::from(Order::Big.u16(self.file, self.at).ok_or(CUT)?);
            if length < 2 {
                return Err("a segment of the JPEG is shorter than its own header".into());
            }
            let body = part(self.file, self.at + 2, length - 2).ok_or(CUT)?;
            self.at += length;
            match marker {
                0xc4 => {
                    self.pictures.tables.define(body);
                    excess("Huffman tables", self.tables.define_huffman(body), out);
                }
                0xdb => {
                    let left = self.tables.define_quantisation(body);
                    excess("quantisation tables", left, out);
                }
                // Conditioning of arithmetic coding: two bytes a table.
                0xcc => {
                    self.once("arithmetic conditioning", body, out);
                    excess(
                        "arithmetic conditioning",
                        body.len().saturating_sub(16),
                        out,
                    );
                }
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => self.frame(marker, body, out)?,
                0xdd => {
                    self.pictures.restart_interval = Order::Big.u16(body, 0).unwrap_or(0).into();
                    self.once("restart interval", body, out);
                    excess("restart interval", body.len().saturating_sub(2), out);
                }
                0xdc => {
                    let finding = Finding::new(Kind::HiddenPixels, "DNL segment");
                    out.add(finding.detail("the height is given behind the picture"));
                }
                0xda => self.scan(body, out)?,
                0xe0..=0xef => self.application(marker, body, out),
                0xfe => out.add(
                    Finding::new(Kind::Text, "comment")
                        .bytes(body.len())
                        .detail(super::bytes::text(body)),
                ),
                _ => out.add(
                    Finding::new(Kind::PrivateData, format!("segment 0x{marker:02x}"))
                        .bytes(body.len()),
                ),
            }
        }
    }

    /// Moves behind the next marker.
    fn marker(&mut self) -> Result<u8, String> {
        loop {
            let data = rest(self.file, self.at);
            let skip = data.iter().position(|&b| b == 0xff).ok_or(CUT)?;
            let fill = data[skip..].iter().take_while(|&&b| b == 0xff).count();
            let marker = *data.get(skip + fill).ok_or(CUT)?;
            self.stray += skip;
            self.at += skip + fill + 1;
            if marker != 0 {
                return Ok(marker);
            }
            self.stray += 2;
        }
    }

    fn frame(&mut self, marker: u8, body: &[u8], out: &mut Inspection) -> Result<(), String> {
        let cut = "the JPEG's frame header is damaged";
        let &[precision, h1, h0, w1, w0, count, ref list @ ..] = body else {
            return Err(cut.into());
        };
        if self.walker.is_some() {
            out.add(Finding::new(Kind::FurtherPicture, "second frame header"));
            return Ok(());
        }
        self.tables.frame(marker, list);
        let left = list.len().saturating_sub(3 * usize::from(count));
        excess("frame header", left, out);
        let mut frame = Frame {
            width: u16::from_be_bytes([w1, w0]).into(),
            height: u16::from_be_bytes([h1, h0]).into(),
            progressive: marker == 0xc2,
            components: Vec::new(),
        };
        for c in list.chunks_exact(3).take(count.into()) {
            frame.components.push(Component {
                id: c[0],
                across: c[1] >> 4,
                down: c[1] & 15,
            });
        }
        let fine = |c: &Component| (1..=4).contains(&c.across) && (1..=4).contains(&c.down);
        if frame.components.len() != usize::from(count)
            || !(1..=4).contains(&count)
            || !frame.components.iter().all(fine)
            || frame.width == 0
        {
            return Err(cut.into());
        }
        (out.width, out.height, out.frames) = (frame.width, frame.height, 1);
        let mut walked = matches!(marker, 0xc0..=0xc2) && precision == 8 && frame.height > 0;
        if walked && let Err(why) = self.pictures.begin(&frame, self.file.len()) {
            out.damaged(why);
            walked = false;
        }
        self.walker = Some(walked.then_some(frame));
        Ok(())
    }

    fn scan(&mut self, body: &[u8], out: &mut Inspection) -> Result<(), String> {
        let data = rest(self.file, self.at);
        self.tables.scan(body);
        self.single.remove("restart interval"); // the next scan may have another
        match &self.walker {
            None => return Err("the JPEG has picture data before its frame header".into()),
            Some(None) => self.at += scan::length(data),
            Some(Some(frame)) => {
                let walked = match self.pictures.scan(frame, body, data) {
                    Ok(walked) => walked,
                    Err(why) => {
                        // There may be more to find behind the damage.
                        out.damaged(why);
                        self.at += scan::length(data);
                        self.walker = Some(None);
                        return Ok(());
                    }
                };
                self.at += walked.length;
                if walked.hidden > 3 {
                    let finding = Finding::new(Kind::HiddenPixels, "behind the last row");
                    out.add(finding.bytes(walked.hidden));
                }
                if walked.again {
                    let finding = Finding::new(Kind::HiddenPixels, "scan of what was coded before");
                    out.add(finding.bytes(walked.length));
                }
            }
        }
        Ok(())
    }

    fn application(&mut self, marker: u8, body: &'a [u8], out: &mut Inspection) {
        let starts = |with: &[u8]| body.starts_with(with);
        let name = format!("APP{}", marker - 0xe0);
        match marker {
            0xe1 | 0xe2 if self.gain_map.take(body, self.at) => {}
            0xe0 if starts(b"JFIF\0") => self.jfif(body, out),
            0xe0 if starts(b"JFXX\0") => {
                let inside = rest(body, 6);
                let size = match body.get(5) {
                    Some(0x10) => embedded::at_start(inside).and_then(|f| f.size),
                    _ => sides(inside, 0),
                };
                let finding = Finding::new(Kind::Thumbnail, "APP0 JFXX").bytes(inside.len());
                out.add(finding.size(size));
            }
            0xe1 if starts(b"Exif\0") => exif::block(rest(body, 6), "APP1 Exif", out),
            0xe1 if starts(b"http://ns.adobe.com/xap/1.0/\0") => {
                xmp::packet(rest(body, 29), "APP1 XMP", out);
            }
            0xe1 if starts(b"http://ns.adobe.com/xmp/extension/\0") => {
                let at = Order::Big.u32(body, 35 + 36).unwrap_or(u32::MAX);
                self.extended.push((at, rest(body, 35 + 40)));
            }
            0xe2 if starts(b"ICC_PROFILE\0") && body.len() > 14 => {
                self.icc.push((body[12], rest(body, 14)));
            }
            0xe2 if starts(b"MPF\0") => further_pictures(rest(body, 4), out),
            0xe2 if starts(b"urn:iso:std:iso:ts:21496:-1\0") => {
                out.add(Finding::new(Kind::GainMap, "APP2 ISO 21496-1").bytes(body.len()));
            }
            0xeb if contains(&body[..body.len().min(64)], b"jumb") => {
                out.add(Finding::new(Kind::C2pa, "APP11 JUMBF").bytes(body.len()));
                inside(body, "APP11 JUMBF", out);
            }
            0xed if starts(b"Photoshop 3.0\0") => {
                irb::resources(rest(body, 14), "APP13 Photoshop", out);
            }
            0xee if starts(b"Adobe") && body.len() == 12 => self.once("APP14 Adobe", body, out),
            _ => {
                let kind = match () {
                    () if starts(b"FLIR\0") => Kind::FurtherPicture,
                    () if starts(b"SamsungUniqueID") => Kind::UniqueId,
                    () => Kind::PrivateData,
                };
                let label: Vec<u8> = body
                    .iter()
                    .take_while(|b| b.is_ascii_graphic())
                    .take(24)
                    .copied()
                    .collect();
                let finding = Finding::new(kind, name.clone()).bytes(body.len());
                out.add(finding.detail(String::from_utf8_lossy(&label)));
                inside(body, &name, out);
            }
        }
    }

    /// Takes a segment that may come once. The same again says nothing new.
    fn once(&mut self, what: &'static str, body: &'a [u8], out: &mut Inspection) {
        if self.single.insert(what, body).is_some_and(|b| b != body) {
            let finding = Finding::new(Kind::UnusedBytes, format!("repeated {what}"));
            out.add(finding.bytes(body.len()));
        }
    }

    fn jfif(&mut self, body: &'a [u8], out: &mut Inspection) {
        self.once("APP0 JFIF", &body[..body.len().min(14)], out);
        let pixels = rest(body, 14);
        if pixels.is_empty() {
            return;
        }
        let (size, place) = (sides(body, 12), "APP0 JFIF");
        let finding = match size {
            Some((w, h)) if w > 0 && h > 0 => Finding::new(Kind::Thumbnail, place).size(size),
            _ => Finding::new(Kind::UnusedBytes, place),
        };
        out.add(finding.bytes(pixels.len()));
    }

    /// Names steps of coefficients that are zero in the whole picture, where they are no part of a
    /// table.
    fn steps(&self, out: &mut Inspection) {
        if !matches!(self.walker, Some(Some(_))) {
            return;
        }
        let steps = self
            .tables
            .foreign_steps(|component| self.pictures.seen(component));
        if steps > 0 {
            let finding = Finding::new(Kind::UnusedBytes, "quantisation tables").bytes(steps);
            out.add(finding.detail("steps that no block needs"));
        }
    }

    /// Deals with what came in pieces.
    fn finish(&mut self, out: &mut Inspection) {
        if !self.icc.is_empty() {
            self.icc.sort_by_key(|chunk| chunk.0);
            let whole: Vec<u8> = self.icc.iter().flat_map(|c| c.1).copied().collect();
            icc::profile(&whole, "APP2 ICC", out);
        }
        if !self.extended.is_empty() {
            self.extended.sort_by_key(|chunk| chunk.0);
            let whole: Vec<u8> = self.extended.iter().flat_map(|c| c.1).copied().collect();
            xmp::packet(&whole, "APP1 extended XMP", out);
        }
        for (bytes, what) in [
            (self.tables.idle_quantisation, "quantisation tables"),
            (self.tables.idle_huffman, "Huffman tables"),
        ] {
            if bytes > 0 {
                let finding = Finding::new(Kind::UnusedBytes, what).bytes(bytes);
                out.add(finding.detail("no scan uses them"));
            }
        }
        if self.stray > 3 {
            let finding = Finding::new(Kind::UnusedBytes, "between the segments");
            out.add(finding.bytes(self.stray));
        }
    }
}

fn excess(what: &str, bytes: usize, out: &mut Inspection) {
    if bytes > 0 {
        out.add(Finding::new(Kind::UnusedBytes, format!("behind the {what}")).bytes(bytes));
    }
}

/// Two sides of one byte each.
fn sides(data: &[u8], at: usize) -> Option<(u32, u32)> {
    let sides = part(data, at, 2)?;
    Some((sides[0].into(), sides[1].into()))
}

/// A picture inside of a segment.
fn inside(body: &[u8], place: &str, out: &mut Inspection) {
    if let Some(found) = embedded::anywhere(body).filter(|f| f.what.is_picture()) {
        let finding = Finding::new(Kind::Preview, place).bytes(body.len() - found.at);
        out.add(finding.size(found.size).detail(found.what.name()));
    }
}

/// The index of further pictures (CIPA DC-007).
fn further_pictures(data: &[u8], out: &mut Inspection) {
    let place = "APP2 MPF";
    let listed = Structure::open(data).and_then(|mut all| {
        let first = all.first;
        let directory = all.directory(first)?;
        let list = directory.find(0xb002)?.value;
        let kinds: Vec<String> = list
            .chunks_exact(16)
            .skip(1)
            .take(16)
            .map(|entry| {
                let kind = all.order.u32(entry, 0).unwrap_or(0) & 0x00ff_ffff;
                let bytes = all.order.u32(entry, 4).unwrap_or(0);
                let name = match kind {
                    0x0001_0001 | 0x0001_0002 => "large thumbnail",
                    0x0002_0001 => "panorama",
                    0x0002_0002 => "disparity",
                    0x0002_0003 => "multi-angle",
                    _ => "picture",
                };
                format!("{name} of {bytes} bytes")
            })
            .collect();
        Some(kinds.join(", "))
    });
    if says_something(data) {
        out.add(Finding::new(Kind::FurtherPicture, place).detail(listed.unwrap_or_default()));
    }
}
