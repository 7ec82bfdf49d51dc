//! Properties of items (ISO/IEC 23008-12, 6.5, and the AV1 image format): those of known numbers
//! are harmless, others are named. Whether an item uses a property makes no difference.

use super::super::super::bytes::{Order, rest, text};
use super::super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::super::icc;
use super::super::entries::unused;
use super::super::{Box, boxes, configuration, entries};

/// Properties of numbers, and the bytes that they take.
const NUMBERS: [(&[u8; 4], usize); 21] = [
    (b"ispe", 12),
    (b"pasp", 8),
    (b"irot", 1),
    (b"imir", 1),
    (b"clap", 32),
    (b"clli", 4),
    (b"mdcv", 24),
    (b"cclv", 26),
    (b"amve", 8),
    (b"lsel", 2),
    (b"a1op", 1),
    (b"a1lx", 13),
    (b"rloc", 12),
    (b"iscl", 12),
    (b"reve", 16),
    (b"ndwt", 8),
    (b"rrtp", 8),
    (b"ster", 5),
    (b"tols", 6),
    (b"oinf", 200),
    (b"cmin", 24),
];

/// Looks through an `iprp` box.
pub(super) fn look(body: &[u8], out: &mut Inspection) {
    let (list, taken) = boxes(body);
    for Box { kind, body } in list {
        let place = format!("meta, {}", String::from_utf8_lossy(&kind).trim());
        match &kind {
            b"ipco" => {
                let (list, taken) = boxes(body);
                for inside in list {
                    property(inside, out);
                }
                unused(rest(body, taken), &place, out);
            }
            b"ipma" => unused(rest(body, map_end(body)), &place, out),
            b"free" | b"skip" => unused(body, &place, out),
            _ => out.add(Finding::new(Kind::PrivateData, place).bytes(body.len())),
        }
    }
    unused(rest(body, taken), "meta, iprp", out);
}

/// Where the list ends that says which item has which properties.
fn map_end(map: &[u8]) -> usize {
    let wide = map.get(3).is_some_and(|flags| flags & 1 == 1);
    let id = if map.first() == Some(&0) { 2 } else { 4 };
    let mut at = 8;
    for _ in 0..Order::Big.u32(map, 4).unwrap_or(0) {
        let Some(links) = map.get(at + id) else {
            return map.len();
        };
        at += id + 1 + usize::from(*links) * if wide { 2 } else { 1 };
    }
    at
}

fn property(Box { kind, body }: Box<'_>, out: &mut Inspection) {
    let place = format!("property {}", String::from_utf8_lossy(&kind).trim());
    let said = |kind, words: &[u8]| {
        let finding = Finding::new(kind, place.clone()).bytes(body.len());
        finding.detail(text(words))
    };
    match &kind {
        b"hvcC" | b"lhvC" => unused(
            configuration::behind_hevc(body, kind, &place, out),
            &place,
            out,
        ),
        b"avcC" => unused(configuration::behind_avc(body, &place, out), &place, out),
        b"av1C" => configuration::av1(body, &place, out),
        // As the picture's own, which is not reported twice.
        b"colr" if matches!(body.get(..4), Some(b"prof" | b"rICC")) => {
            icc::profile(rest(body, 4), "colr", out);
        }
        b"colr" => entries::colour(body, &place, out),
        b"pixi" => {
            let channels = body.get(4).copied().map_or(0, usize::from);
            unused(rest(body, 5 + channels), &place, out);
        }
        // What an auxiliary picture is for, and its own numbers.
        b"auxC" => {
            let words = rest(body, 4);
            let end = words.iter().position(|b| *b == 0).unwrap_or(words.len());
            let behind = rest(words, end + 1);
            if behind.len() > 64 {
                unused(behind, &place, out);
            }
        }
        b"udes" | b"altt" => out.add(said(Kind::Text, rest(body, 4))),
        b"crtt" | b"mdft" => out.add(said(Kind::Time, &[])),
        b"cmex" => out.add(said(Kind::Camera, &[])),
        b"free" | b"skip" => unused(body, &place, out),
        // Codecs that are not looked into.
        b"vvcC" | b"evcC" | b"j2kH" | b"jpgC" | b"uncC" | b"cmpd" => {}
        kind => match NUMBERS.iter().find(|(known, _)| *known == kind) {
            Some((_, length)) => unused(rest(body, *length), &place, out),
            None => out.add(said(Kind::PrivateData, body)),
        },
    }
}
