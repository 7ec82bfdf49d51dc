//! The tracks of a video, or of a picture that moves, and the words around them.

use super::super::bytes::{Order, contains, part, rest, says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::xmp;
use super::{Box, boxes, entries, first};

/// Looks through a `moov` box; `coded` bytes are in the file's `mdat` boxes.
pub(super) fn look(moov: &[u8], coded: u64, out: &mut Inspection) {
    let (list, _) = boxes(moov);
    let mut pictures = 0;
    let mut used = 0u64;
    let in_fragments = first(&list, b"mvex").is_some();
    for Box { kind, body } in list {
        match &kind {
            b"trak" => {
                track(body, &mut pictures, out);
                used = used.saturating_add(sample_bytes(body));
            }
            b"udta" => words(body, "movie", out),
            b"meta" => keys(body, "movie", out),
            b"mvhd" => {
                let made = if body.first() == Some(&1) {
                    Order::Big.u64(body, 4)
                } else {
                    Order::Big.u32(body, 4).map(u64::from)
                };
                if made.is_some_and(|t| t != 0) {
                    out.add(Finding::new(Kind::Time, "movie header").detail("creation time"));
                }
            }
            b"uuid" => super::uuid(body, out),
            _ => {}
        }
    }
    // Samples that no track has any more, as an editor leaves them behind.
    if !in_fragments && coded > used {
        let finding = Finding::new(Kind::UnusedBytes, "box mdat").bytes((coded - used) as usize);
        out.add(finding.detail("no track has them"));
    }
    if pictures > 1 {
        let finding = Finding::new(Kind::FurtherPicture, "movie");
        out.add(finding.detail(format!("{pictures} picture tracks")));
    }
}

fn track<'a>(body: &'a [u8], pictures: &mut u32, out: &mut Inspection) {
    let (list, _) = boxes(body);
    let inside = |list: &[Box<'a>], kind| first(list, kind).map(|b| boxes(b).0).unwrap_or_default();
    let media = inside(&list, b"mdia");
    let handler = first(&media, b"hdlr")
        .and_then(|b| part(b, 8, 4))
        .unwrap_or_default();
    let samples = inside(&inside(&media, b"minf"), b"stbl");
    let entries = first(&samples, b"stsd").unwrap_or_default();
    match handler {
        b"vide" | b"pict" | b"auxv" => {
            entries::look(entries, true, out);
            *pictures += 1;
            let count = first(&samples, b"stsz").and_then(|b| Order::Big.u32(b, 8));
            out.frames = out.frames.max(count.unwrap_or(0));
            if let Some(head) = first(&list, b"tkhd")
                && out.width == 0
            {
                let at = if head.first() == Some(&1) { 88 } else { 76 };
                let side = |at| Order::Big.u32(head, at).map_or(0, |v| v >> 16);
                (out.width, out.height) = (side(at), side(at + 4));
            }
        }
        b"soun" => {
            out.carry("sound");
            entries::look(entries, false, out);
        }
        _ => {
            let name = String::from_utf8_lossy(handler).trim().to_owned();
            let finding = Finding::new(Kind::PrivateData, format!("track {name}"));
            out.add(finding.detail("timed data"));
            if contains(body, b"detected-face") {
                out.add(Finding::new(Kind::FaceRegion, "track").detail("detected faces"));
            }
        }
    }
    if let Some(words_of) = first(&list, b"udta") {
        words(words_of, "track", out);
    }
}

/// Bytes of all samples of a track; more than any file has if it does not say.
fn sample_bytes(track: &[u8]) -> u64 {
    let way = [b"mdia", b"minf", b"stbl", b"stsz"];
    let inside = |body, kind: &&[u8; 4]| first(&boxes(body).0, kind);
    let Some(sizes) = way.iter().try_fold(track, inside) else {
        return u64::MAX;
    };
    let number = |at| Order::Big.u32(sizes, at).map(u64::from);
    match (number(4), number(8)) {
        (Some(0), Some(_)) => {
            let entries = rest(sizes, 12).chunks_exact(4);
            let sizes = entries.map(|b| u64::from(u32::from_be_bytes([b[0], b[1], b[2], b[3]])));
            sizes.fold(0, u64::saturating_add)
        }
        (Some(size), Some(count)) => size * count,
        _ => u64::MAX,
    }
}

/// User data.
fn words(body: &[u8], place: &str, out: &mut Inspection) {
    for Box { kind, body } in boxes(body).0 {
        let name = String::from_utf8_lossy(&kind).replace('\u{fffd}', "(c)");
        let place = format!("{place}, {}", name.trim());
        let said = match &kind {
            b"\xa9xyz" | b"loci" => Kind::Gps,
            b"\xa9mak" | b"\xa9mod" => Kind::Camera,
            b"\xa9swr" | b"\xa9too" => Kind::Software,
            b"\xa9day" => Kind::Time,
            b"\xa9aut" | b"auth" | b"\xa9ART" => Kind::Author,
            b"cprt" | b"\xa9cpy" => Kind::Copyright,
            b"thmb" | b"CNTH" | b"PRVW" | b"THMB" => Kind::Thumbnail,
            b"meta" => {
                keys(body, &place, out);
                continue;
            }
            b"XMP_" => {
                xmp::packet(body, &place, out);
                continue;
            }
            b"name" | b"titl" | b"\xa9nam" | b"\xa9cmt" | b"\xa9des" => Kind::Text,
            b"tagc" | b"hnti" | b"WLOC" | b"SelO" | b"AllF" => continue,
            _ if contains(body, b"MotionPhoto") => Kind::MotionVideo,
            _ => Kind::PrivateData,
        };
        if says_something(body) {
            let finding = Finding::new(said, place).bytes(body.len());
            out.add(finding.detail(text(rest(body, 4))));
        }
    }
}

/// Apple's keys and values, and iTunes' list.
fn keys(body: &[u8], place: &str, out: &mut Inspection) {
    let (plain, _) = boxes(body);
    let list = if first(&plain, b"ilst").is_some() {
        plain
    } else {
        boxes(rest(body, 4)).0
    };
    let values = first(&list, b"ilst")
        .map(|b| boxes(b).0)
        .unwrap_or_default();
    let names: Vec<String> = first(&list, b"keys")
        .map(|b| boxes(rest(b, 8)).0)
        .unwrap_or_default()
        .iter()
        .map(|b| String::from_utf8_lossy(b.body).into_owned())
        .collect();
    for value in values {
        let index = u32::from_be_bytes(value.kind) as usize;
        let name = index.checked_sub(1).and_then(|i| names.get(i));
        let own = String::from_utf8_lossy(&value.kind).replace('\u{fffd}', "(c)");
        let name = name.map_or(&own[..], String::as_str);
        let has = |words: &[&str]| words.iter().any(|w| name.contains(w));
        let kind = match () {
            () if has(&["location", "xyz"]) => Kind::Gps,
            () if has(&["content.identifier"]) => Kind::UniqueId,
            () if has(&["creationdate", "day"]) => Kind::Time,
            () if has(&["make", "model", "camera", "mak", "mod"]) => Kind::Camera,
            () if has(&["software", "too"]) => Kind::Software,
            () if has(&["author", "artist", "ART"]) => Kind::Author,
            () if has(&["copyright", "cprt"]) => Kind::Copyright,
            () if has(&["covr"]) => Kind::Preview,
            () => Kind::Text,
        };
        let words = text(rest(value.body, 16));
        let finding = Finding::new(kind, format!("{place}, {name}"));
        out.add(finding.bytes(value.body.len()).detail(words));
    }
}
