//! Colour profiles: what is in them besides colour (ICC.1:2022, chapters 7 and 9).

mod tags;

use super::bytes::{Order, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use tags::Odd;

/// More tags than any real profile has.
const MOST_TAGS: usize = 100;

/// How the texts of profiles begin that half the world shares.
const USUAL: [&str; 25] = [
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
    "Reference Viewing Condition",
];

/// Reports what a profile reveals besides colour. `place` names it.
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
        if matches!(name, b"desc" | b"cprt" | b"vued") {
            let words = words(body);
            let usual = words.len() < 200 && USUAL.iter().any(|u| words.starts_with(u));
            if !words.is_empty() && !usual {
                out.add(Finding::new(Kind::IccPrivate, place).detail(words));
            }
            let besides = tags::besides_texts(body);
            if besides > 0 {
                odd(name, besides, "besides the text of", place, out);
            }
        } else {
            match tags::look(name, body) {
                Ok(()) => {}
                Err(Odd::Name) => private.push(String::from_utf8_lossy(name).into_owned()),
                Err(Odd::Type) => odd(name, body.len(), "another type in", place, out),
                Err(Odd::Short) => odd(name, body.len(), "too few bytes in", place, out),
                Err(Odd::Unused(count)) => odd(name, count, "besides the numbers of", place, out),
            }
        }
        if name == b"mmod" {
            out.add(Finding::new(Kind::SerialNumber, place).detail("make and model of a monitor"));
        }
    }
    if table.len() > MOST_TAGS * 12 {
        let finding = Finding::new(Kind::UnusedBytes, place).bytes(table.len());
        out.add(finding.detail("more tags than any profile has"));
    }
    if says_something(part(data, 100, 28).unwrap_or_default()) {
        let finding = Finding::new(Kind::UnusedBytes, place).bytes(28);
        out.add(finding.detail("reserved bytes of the header"));
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

/// Says what is odd about a tag that should be harmless.
fn odd(name: &[u8], bytes: usize, what: &str, place: &str, out: &mut Inspection) {
    let detail = format!("{what} the tag {}", String::from_utf8_lossy(name));
    let finding = Finding::new(Kind::IccPrivate, place).bytes(bytes);
    out.add(finding.detail(detail));
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
