//! Words of a movie and its tracks: user data, and lists of keys and values.

use super::super::super::bytes::{contains, rest, says_something, text};
use super::super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::super::xmp;
use super::super::entries::unused;
use super::super::{Box, boxes, first, handler, uuid};

/// User data.
pub(super) fn user_data(body: &[u8], place: &str, out: &mut Inspection) {
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
            b"WLOC" | b"SelO" | b"AllF" => {
                // Where and how a player showed its window.
                unused(rest(body, 4), &place, out);
                continue;
            }
            // A purpose of a track, such as `public.main-program-content`.
            b"tagc" if body.starts_with(b"public.") && body.len() <= 64 => continue,
            b"free" | b"skip" => {
                unused(body, &place, out);
                continue;
            }
            b"uuid" => {
                uuid(body, out);
                continue;
            }
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
pub(super) fn keys(body: &[u8], place: &str, out: &mut Inspection) {
    let (plain, _) = boxes(body);
    let list = if first(&plain, b"ilst").is_some() {
        plain
    } else {
        boxes(rest(body, 4)).0
    };
    for inside in &list {
        let place = format!("{place}, {}", String::from_utf8_lossy(&inside.kind).trim());
        match &inside.kind {
            b"hdlr" => handler::look(inside.body, &place, out),
            b"ilst" | b"keys" | b"ctry" | b"lang" => {}
            b"free" | b"skip" => unused(inside.body, &place, out),
            b"uuid" => uuid(inside.body, out),
            b"xml " => xmp::packet(rest(inside.body, 4), &place, out),
            _ => {
                let finding = Finding::new(Kind::PrivateData, place).bytes(inside.body.len());
                out.add(finding.detail(text(inside.body)));
            }
        }
    }
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
