//! GIF: extensions that viewers skip, pixels outside of the screen, data behind the last pixel of a
//! frame, and everything behind the end.

use super::bytes::{Order, part, rest, says_something, text};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{embedded, icc, irb, xmp};

/// Looks through a GIF.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    let side = |at| Order::Little.u16(file, at).map(u32::from);
    let Some((width, height)) = side(6).zip(side(8)) else {
        out.damaged("the GIF is cut off");
        return;
    };
    (out.width, out.height) = (width, height);
    if walk(file, out).is_none() {
        out.damaged("the GIF is damaged or cut off");
    }
    if out.frames > 1 {
        out.carry("animation");
    } else if out.frames == 0 {
        out.damaged("the GIF holds no picture");
    }
}

/// Bytes of a table of colours.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        6 << (flags & 7)
    }
}

fn walk(file: &[u8], out: &mut Inspection) -> Option<()> {
    let mut at = 13 + table(*file.get(10)?);
    loop {
        match file.get(at)? {
            0x2c => at = frame(file, at, out)?,
            0x21 => at = extension(file, at, out)?,
            0x3b => {
                let behind = rest(file, at + 1);
                if says_something(behind) {
                    let found = embedded::anywhere(behind);
                    let size = found.and_then(|f| f.size);
                    let finding = Finding::new(Kind::Trailer, "behind the picture");
                    let what = found.map_or("", |f| f.what.name());
                    out.add(finding.bytes(behind.len()).size(size).detail(what));
                }
                return Some(());
            }
            _ => return None,
        }
    }
}

/// A run of data blocks put together, and the place behind it.
fn blocks(file: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut all = Vec::new();
    loop {
        let length = usize::from(*file.get(at)?);
        all.extend(part(file, at + 1, length)?);
        at += 1 + length;
        if length == 0 {
            return Some((all, at));
        }
    }
}

fn frame(file: &[u8], at: usize, out: &mut Inspection) -> Option<usize> {
    let side = |offset| Order::Little.u16(file, at + offset).map(u32::from);
    let (left, top, width, height) = (side(1)?, side(3)?, side(5)?, side(7)?);
    out.frames = out.frames.saturating_add(1);
    if left + width > out.width || top + height > out.height {
        let finding = Finding::new(Kind::HiddenPixels, "outside of the screen");
        out.add(finding.size(Some((width, height))));
    }
    let data = at + 10 + table(*file.get(at + 9)?);
    let smallest = *file.get(data)?;
    let (codes, end) = blocks(file, data + 1)?;
    let pixels = u64::from(width) * u64::from(height);
    match lzw(&codes, smallest, pixels) {
        Some((written, left)) => {
            if written > pixels {
                out.add(Finding::new(
                    Kind::HiddenPixels,
                    "behind the last row of a frame",
                ));
            }
            // One byte is what some encoders leave behind the end.
            if left > 1 {
                let finding = Finding::new(Kind::UnusedBytes, "behind the data of a frame");
                out.add(finding.bytes(left));
            }
        }
        None => out.damaged("the picture data of the GIF is damaged"),
    }
    Some(end)
}

/// Pixels that codes stand for, and bytes behind the end code. Lengths are enough: what a code
/// stands for is one longer than the one before it.
fn lzw(codes: &[u8], smallest: u8, most: u64) -> Option<(u64, usize)> {
    let smallest = u32::from(smallest);
    if !(1..=11).contains(&smallest) {
        return None;
    }
    let clear = 1usize << smallest;
    let mut lengths: Vec<u32> = vec![1; clear + 2];
    let (mut width, mut before) = (smallest + 1, None);
    let (mut held, mut bits, mut at) = (0u64, 0, 0);
    let mut written = 0u64;
    loop {
        while bits < width {
            // Some encoders leave the end code out.
            let Some(&byte) = codes.get(at) else {
                return Some((written, 0));
            };
            held |= u64::from(byte) << bits;
            bits += 8;
            at += 1;
        }
        let code = (held & ((1 << width) - 1)) as usize;
        held >>= width;
        bits -= width;
        if code == clear {
            lengths.truncate(clear + 2);
            (width, before) = (smallest + 1, None);
            continue;
        }
        if code == clear + 1 {
            return Some((written, codes.len() - at));
        }
        let known = lengths.get(code).copied();
        let length = match (known, before) {
            (Some(length), _) => length,
            (None, Some(length)) if code == lengths.len() => length + 1,
            _ => return None,
        };
        written += u64::from(length);
        if let Some(length) = before
            && lengths.len() < 4096
        {
            lengths.push(length + 1);
            if lengths.len() == 1 << width && width < 12 {
                width += 1;
            }
        }
        before = Some(length);
        if written > most.saturating_add(1 << 24) {
            return Some((written, 0));
        }
    }
}

fn extension(file: &[u8], at: usize, out: &mut Inspection) -> Option<usize> {
    let kind = *file.get(at + 1)?;
    let (all, end) = blocks(file, at + 2)?;
    match kind {
        0xf9 => {
            if all.len() > 4 {
                out.add(Finding::new(Kind::UnusedBytes, "graphic control").bytes(all.len() - 4));
            }
        }
        0xfe => {
            out.add(
                Finding::new(Kind::Text, "comment")
                    .bytes(all.len())
                    .detail(text(&all)),
            );
        }
        0x01 => out.add(Finding::new(Kind::Text, "plain text").bytes(all.len())),
        0xff if all.starts_with(b"NETSCAPE2.0") || all.starts_with(b"ANIMEXTS1.0") => {
            // A number of repetitions, or a buffer's size: three or five bytes.
            let data = rest(&all, 11);
            if data.len() > 8 {
                out.add(Finding::new(Kind::UnusedBytes, "loop count").bytes(data.len()));
            }
        }
        0xff if all.starts_with(b"XMP DataXMP") => {
            // XMP in GIF does not lie in blocks; it is followed by bytes that make it look so.
            let raw = file.get(at + 14..end).unwrap_or_default();
            xmp::packet(raw, "application XMP", out);
        }
        0xff if all.starts_with(b"ICCRGBG1012") => {
            icc::profile(rest(&all, 11), "application ICC", out)
        }
        0xff if all.starts_with(b"MGK8BIM0000") => {
            irb::resources(rest(&all, 11), "application Photoshop", out);
        }
        0xff if all.starts_with(b"C2PA_GIF") => {
            out.add(Finding::new(Kind::C2pa, "application C2PA").bytes(all.len()));
        }
        _ => {
            let name = text(&all[..all.len().min(11)]);
            let found = embedded::anywhere(&all);
            let finding = Finding::new(Kind::PrivateData, format!("extension 0x{kind:02x}"));
            let finding = finding.bytes(all.len()).size(found.and_then(|f| f.size));
            out.add(finding.detail(name));
        }
    }
    Some(end)
}
