//! PNG and APNG: every chunk that is not on the list of harmless ones, data behind the last row,
//! frames that are not shown, and everything behind the end.

mod numbers;
mod text;

use super::bytes::{Order, part, rest, says_something, text as text_of};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::inflate::{Measure, inflate};
use super::{embedded, exif, icc, xmp};
use numbers::Odd;

/// Bytes that all compressed texts and profiles of a file may inflate to.
const MOST_TEXT: usize = 32 << 20;

/// A run of picture data: the picture itself, or a frame of an animation.
struct Data {
    expected: u64,
    measure: Measure,
    frame: bool,
}

/// Looks through a PNG.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    let mut walk = Walk {
        room: MOST_TEXT,
        ..Walk::default()
    };
    let mut at = 8;
    loop {
        let (Some(length), Some(name)) = (Order::Big.u32(file, at), part(file, at + 4, 4)) else {
            out.damaged("the PNG ends before its end chunk");
            break;
        };
        let Some(data) = part(file, at + 8, length as usize) else {
            out.damaged("the PNG ends in the middle of a chunk");
            break;
        };
        at += 12 + data.len();
        walk.chunk(name, data, out);
        if name == b"IEND" {
            trailer(rest(file, at), out);
            break;
        }
    }
    walk.finish(out);
}

#[derive(Default)]
struct Walk {
    /// Width, height, bits of a pixel, interlaced.
    header: Option<(u32, u32, u32, bool)>,
    /// The header's colour type.
    colour: Option<u8>,
    /// Names of chunks of numbers that were met.
    once: Vec<Vec<u8>>,
    /// Frames that the animation's header promises.
    promised: Option<u32>,
    controls: u32,
    seen_picture: bool,
    data: Option<Data>,
    /// What is left of [`MOST_TEXT`].
    room: usize,
}

impl Walk {
    fn chunk(&mut self, name: &[u8], data: &[u8], out: &mut Inspection) {
        let shown = String::from_utf8_lossy(name).into_owned();
        self.numbers(name, data, &shown, out);
        match name {
            b"IHDR" => self.header(data, out),
            b"IDAT" => self.picture(data),
            b"fdAT" => {
                if let Some(frame) = &mut self.data
                    && frame.frame
                {
                    frame.measure.feed(rest(data, 4));
                } else {
                    out.add(Finding::new(Kind::HiddenFrame, "fdAT").bytes(data.len()));
                }
            }
            b"acTL" => self.promised = Some(Order::Big.u32(data, 0).unwrap_or(0)),
            b"fcTL" => self.control(data, out),
            b"iCCP" => {
                let packed = data.iter().position(|&b| b == 0).map_or(0, |end| end + 2);
                icc::profile(&self.inflate(rest(data, packed)), "iCCP", out);
                let name = text_of(&data[..data.len().min(79)]);
                if !name.is_empty() && name.len() < data.len() && is_personal(&name) {
                    out.add(Finding::new(Kind::IccPrivate, "iCCP").detail(name));
                }
            }
            b"eXIf" => exif::block(data, "eXIf", out),
            b"zxIf" => exif::block(&self.inflate(rest(data, 5)), "zxIf", out),
            b"tXMP" => xmp::packet(data, "tXMP", out),
            b"tEXt" | b"zTXt" | b"iTXt" => text::words(&shown, data, &mut self.room, out),
            b"tIME" => out.add(Finding::new(Kind::Time, "tIME").detail("last change")),
            b"caBX" => {
                out.add(Finding::new(Kind::C2pa, "caBX").bytes(data.len()));
                inside(data, "caBX", out);
            }
            b"hIST" => out.add(Finding::new(Kind::PrivateData, "hIST").detail("histogram")),
            _ if numbers::is_known(name) => {}
            _ => {
                out.add(Finding::new(Kind::PrivateData, shown.clone()).bytes(data.len()));
                inside(data, &shown, out);
            }
        }
    }

    /// Looks through a chunk of numbers, of which there is one of a kind; frames of an animation
    /// have each their own.
    fn numbers(&mut self, name: &[u8], data: &[u8], shown: &str, out: &mut Inspection) {
        if !numbers::is_known(name) {
            return;
        }
        match numbers::look(name, data, self.colour) {
            Ok(()) => {}
            Err(Odd::Long(by)) => out.add(Finding::new(Kind::UnusedBytes, shown).bytes(by)),
            Err(Odd::Length) => {
                let finding = Finding::new(Kind::PrivateData, shown).bytes(data.len());
                out.add(finding.detail("wrong length"));
            }
            Err(Odd::Values) => {
                let finding = Finding::new(Kind::PrivateData, shown).bytes(data.len());
                out.add(finding.detail("numbers that mean nothing"));
            }
        }
        let again = self.once.iter().any(|known| known == name);
        if again {
            let finding = Finding::new(Kind::UnusedBytes, shown).bytes(data.len());
            out.add(finding.detail("a second one"));
        } else if name != b"fcTL" {
            self.once.push(name.to_vec());
        }
    }

    fn inflate(&mut self, data: &[u8]) -> Vec<u8> {
        let out = inflate(data, self.room);
        self.room -= out.len();
        out
    }

    fn header(&mut self, data: &[u8], out: &mut Inspection) {
        let &[
            w0,
            w1,
            w2,
            w3,
            h0,
            h1,
            h2,
            h3,
            depth,
            color,
            _,
            _,
            interlace,
            ..,
        ] = data
        else {
            out.damaged("the PNG's header is cut off");
            return;
        };
        let samples = match color {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        let width = u32::from_be_bytes([w0, w1, w2, w3]);
        let height = u32::from_be_bytes([h0, h1, h2, h3]);
        self.colour = Some(color);
        self.header = Some((width, height, samples * u32::from(depth), interlace == 1));
        (out.width, out.height, out.frames) = (width, height, 1);
    }

    /// A run of data for a picture of a size.
    fn begin(&self, width: u32, height: u32, frame: bool) -> Option<Data> {
        let (_, _, bits, interlaced) = self.header?;
        Some(Data {
            expected: raw_bytes(width, height, bits, interlaced),
            measure: Measure::new(),
            frame,
        })
    }

    fn picture(&mut self, data: &[u8]) {
        if !self.seen_picture {
            self.seen_picture = true;
            if let Some((width, height, ..)) = self.header {
                self.data = self.begin(width, height, false);
            }
        }
        if let Some(run) = &mut self.data {
            run.measure.feed(data);
        }
    }

    fn control(&mut self, data: &[u8], out: &mut Inspection) {
        if self.controls > 0 || self.seen_picture {
            self.end(out);
        }
        self.controls += 1;
        let size = Order::Big.u32(data, 4).zip(Order::Big.u32(data, 8));
        // The first frame may be the picture itself.
        if self.seen_picture
            && let Some((width, height)) = size
        {
            self.data = self.begin(width, height, true);
        }
        let (_, hidden) = (self.promised, self.controls > self.promised.unwrap_or(0));
        if hidden {
            let finding = Finding::new(Kind::HiddenFrame, "frame beyond the animation's count");
            out.add(finding.size(size));
        }
        if self.controls == 1 && self.seen_picture && self.promised.is_some() {
            let finding = Finding::new(
                Kind::HiddenFrame,
                "picture that is no frame of the animation",
            );
            out.add(finding.size(self.header.map(|h| (h.0, h.1))));
        }
    }

    /// Ends a run of picture data.
    fn end(&mut self, out: &mut Inspection) {
        let Some(Data {
            expected, measure, ..
        }) = self.data.take()
        else {
            return;
        };
        if measure.out > expected {
            let finding = Finding::new(Kind::HiddenPixels, "behind the last row");
            out.add(finding.bytes((measure.out - expected) as usize));
        }
        if measure.behind > 0 {
            let finding = Finding::new(Kind::UnusedBytes, "behind the compressed picture");
            out.add(finding.bytes(measure.behind as usize));
        }
        if measure.damaged || measure.out < expected {
            out.damaged("the PNG's picture data is damaged or cut off");
        }
    }

    fn finish(&mut self, out: &mut Inspection) {
        self.end(out);
        if !self.seen_picture {
            out.damaged("the PNG holds no picture");
        }
        if self.promised.is_some() {
            out.carry("animation");
            out.frames = self.controls.max(1);
        }
    }
}

/// Bytes of a picture before compression (PNG 3, chapters 7.2 and 8).
fn raw_bytes(width: u32, height: u32, bits: u32, interlaced: bool) -> u64 {
    let (width, height, bits) = (u64::from(width), u64::from(height), u64::from(bits));
    let rows = |w: u64, h: u64| {
        let row = w.saturating_mul(bits).div_ceil(8) + 1;
        if w == 0 { 0 } else { h.saturating_mul(row) }
    };
    if !interlaced {
        return rows(width, height);
    }
    // Start and step of each pass, across and down.
    let passes = [
        (0, 8, 0, 8),
        (4, 8, 0, 8),
        (0, 4, 4, 8),
        (2, 4, 0, 4),
        (0, 2, 2, 4),
        (1, 2, 0, 2),
        (0, 1, 1, 2),
    ];
    let count = |all: u64, start: u64, step: u64| all.saturating_sub(start).div_ceil(step);
    passes
        .iter()
        .map(|&(x, dx, y, dy)| rows(count(width, x, dx), count(height, y, dy)))
        .fold(0, u64::saturating_add)
}

/// Whether a profile's name says more than which colours it means.
fn is_personal(name: &str) -> bool {
    let usual = [
        "icc", "rgb", "srgb", "profile", "p3", "gray", "grey", "colour", "color",
    ];
    let lower = name.to_lowercase();
    name.len() > 3 && !usual.iter().any(|word| lower.contains(word))
}

/// A picture inside of a chunk.
fn inside(data: &[u8], place: &str, out: &mut Inspection) {
    if let Some(found) = embedded::anywhere(data).filter(|f| f.what.is_picture()) {
        let finding = Finding::new(Kind::Preview, place).bytes(data.len() - found.at);
        out.add(finding.size(found.size).detail(found.what.name()));
    }
}

/// Bytes behind the end chunk.
fn trailer(data: &[u8], out: &mut Inspection) {
    if !says_something(data) {
        return;
    }
    let place = "behind the picture";
    match embedded::anywhere(data) {
        Some(found) if found.what.is_picture() => {
            let finding = Finding::new(Kind::FurtherPicture, place).bytes(data.len() - found.at);
            out.add(finding.size(found.size).detail(found.what.name()));
        }
        Some(found) => out.add(Finding::new(Kind::MotionVideo, place).detail(found.what.name())),
        None => {}
    }
    out.add(Finding::new(Kind::Trailer, place).bytes(data.len()));
}
