//! Colour profiles: what is in them besides colour (ICC.1:2022, chapters 7 and 9).

use super::bytes::{Order, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};

/// Tags that a colour transform may read, and two measures of the viewing conditions.
const COLOUR: [&[u8; 4]; 29] = [
    b"wtpt", b"bkpt", b"chad", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC",
    b"A2B0", b"A2B1", b"A2B2", b"A2B3", b"B2A0", b"B2A1", b"B2A2", b"B2A3", b"D2B0", b"D2B1",
    b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2", b"B2D3", b"gamt", b"cicp", b"lumi",
];

/// Measures and names of standard conditions, which say nothing about anybody.
const CONDITIONS: [&[u8; 4]; 6] = [b"meas", b"view", b"tech", b"chrm", b"rig0", b"vued"];

/// How the texts of profiles begin that half the world shares.
const USUAL: [&str; 24] = [
    "sRGB",
    "Display P3",
    "Adobe RGB",
    "ProPhoto",
    "Rec",
    "ITU",
    "BT.",
    "Generic",
    "Dot Gain",
    "Gray Gamma",
    "U.S. Web Coated",
    "Coated FOGRA",
    "ISO Coated",
    "Colour profile",
    "No copyright",
    "Copyright",
    "Public Domain",
    "CC0",
    "Google Inc",
    "DCI",
    "opRGB",
    "IEC",
    "Linear",
    "uRGB",
];

/// Says what a profile tells besides colour. `place` names it.
pub(super) fn profile(data: &[u8], place: &str, out: &mut Inspection) {
    out.carry("icc");
    let Some(count) = Order::Big.u32(data, 128) else {
        out.add(
            Finding::new(Kind::PrivateData, place)
                .bytes(data.len())
                .detail("no profile"),
        );
        return;
    };
    let table_end = 132 + (count as usize).min(data.len() / 12) * 12;
    let mut covered = vec![(0, table_end)];
    let mut private = Vec::new();
    let table = data.get(132..table_end.min(data.len())).unwrap_or_default();
    for entry in table.chunks_exact(12).take(1000) {
        let name = &entry[..4];
        let at = Order::Big.u32(entry, 4).map_or(usize::MAX, |v| v as usize);
        let length = Order::Big.u32(entry, 8).map_or(0, |v| v as usize);
        let body = part(data, at, length).unwrap_or_default();
        covered.push((at, at.saturating_add(length)));
        if COLOUR.iter().any(|known| known[..] == *name) {
            let hidden = behind(body);
            if says_something(hidden) {
                out.add(
                    Finding::new(Kind::IccPrivate, place)
                        .bytes(hidden.len())
                        .detail(format!("behind the tag {}", String::from_utf8_lossy(name))),
                );
            }
        } else if matches!(name, b"desc" | b"cprt") {
            let words = words(body);
            let usual = words.len() < 200 && USUAL.iter().any(|u| words.starts_with(u));
            if !words.is_empty() && !usual {
                out.add(Finding::new(Kind::IccPrivate, place).detail(words));
            }
        } else if !CONDITIONS.iter().any(|known| known[..] == *name) {
            private.push(String::from_utf8_lossy(name).into_owned());
        }
        if name == b"mmod" {
            out.add(Finding::new(Kind::SerialNumber, place).detail("make and model of a monitor"));
        }
    }
    if !private.is_empty() {
        let detail = format!("tags {}", private.join(" "));
        out.add(Finding::new(Kind::IccPrivate, place).detail(detail));
    }
    covered.sort_unstable();
    let (mut at, mut unused) = (0, 0);
    for (begin, end) in covered.into_iter().chain([(data.len(), usize::MAX)]) {
        let gap = part(data, at, begin.min(data.len()).saturating_sub(at)).unwrap_or_default();
        if gap.len() > 3 && says_something(gap) {
            unused += gap.len();
        }
        at = at.max(end);
    }
    if unused > 0 {
        out.add(Finding::new(Kind::UnusedBytes, place).bytes(unused));
    }
}

/// What lies behind the end that a tag's type gives it.
fn behind(body: &[u8]) -> &[u8] {
    let number = |at| Order::Big.u32(body, at).map_or(0, |v| v as usize);
    let length = match body.get(..4) {
        Some(b"curv") => 12usize.saturating_add(number(8).saturating_mul(2)),
        Some(b"para") => {
            let kind = body.get(9).copied().unwrap_or(0);
            12 + [4, 12, 16, 20, 28]
                .get(usize::from(kind))
                .copied()
                .unwrap_or(28)
        }
        Some(b"XYZ ") => 20,
        Some(b"sf32") => 44,
        Some(b"cicp") => 12,
        _ => body.len(),
    };
    rest(body, length)
}

/// The text of a description or copyright tag.
fn words(body: &[u8]) -> String {
    match body.get(..4) {
        Some(b"text") => super::bytes::text(rest(body, 8)),
        Some(b"desc") => super::bytes::text(rest(body, 12)),
        Some(b"mluc") => {
            let number = |at| Order::Big.u32(body, at).map_or(0, |v| v as usize);
            let text = part(body, number(24), number(20)).unwrap_or_default();
            let units = text
                .chunks_exact(2)
                .map(|b| u16::from_be_bytes([b[0], b[1]]));
            String::from_utf16_lossy(&units.take(500).collect::<Vec<_>>())
        }
        _ => String::new(),
    }
    .trim()
    .to_owned()
}
