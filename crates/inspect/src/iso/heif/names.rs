//! The words of the item list: names, types and addresses of items (ISO/IEC 14496-12, 8.11.6).

use super::super::super::bytes::{rest, says_something, text};
use super::super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::boxes;
use super::super::entries::unused;

/// Names that libraries give to every item of a kind.
const USUAL: [&str; 7] = ["", "Color", "Alpha", "Exif", "XMP", "Image", "HEVC Image"];
/// Types of metadata.
const TYPES: [&str; 5] = [
    "",
    "application/rdf+xml",
    "application/octet-stream",
    "image/jpeg",
    "text/xml",
];

/// Looks through an `iinf` box.
pub(super) fn look(body: &[u8], out: &mut Inspection) {
    let head = if body.first() == Some(&0) { 6 } else { 8 };
    let (list, taken) = boxes(rest(body, head));
    for entry in &list {
        match &entry.kind {
            b"infe" => item(entry.body, out),
            b"free" | b"skip" => unused(entry.body, "meta, iinf", out),
            kind => {
                let place = format!("meta, iinf, {}", String::from_utf8_lossy(kind).trim());
                out.add(Finding::new(Kind::PrivateData, place).bytes(entry.body.len()));
            }
        }
    }
    unused(rest(body, head + taken), "meta, iinf", out);
}

fn item(entry: &[u8], out: &mut Inspection) {
    let place = "meta, item name";
    let version = entry.first().copied().unwrap_or(0);
    let (at, kind) = match version {
        0 | 1 => (8, &b"mime"[..]),
        2 => (12, entry.get(8..12).unwrap_or_default()),
        _ => (14, entry.get(10..14).unwrap_or_default()),
    };
    let mut left = rest(entry, at);
    let mut word = || {
        let end = left.iter().position(|b| *b == 0).unwrap_or(left.len());
        let word = text(&left[..end]);
        left = rest(left, end + 1);
        word
    };
    let mut said = |word: String, usual: &[&str], place: &str| {
        if !usual.contains(&word.as_str()) {
            out.add(Finding::new(Kind::Text, place).detail(word));
        }
    };
    said(word(), &USUAL, place);
    if kind == b"mime" {
        said(word(), &TYPES, "meta, item type");
        said(word(), &["", "deflate"], "meta, item encoding");
    } else if kind == b"uri " {
        let address = word();
        // Apple's and the standards' own.
        let is_known = address.starts_with("tag:apple.com,") || address.starts_with("urn:");
        said(
            if is_known { String::new() } else { address },
            &[""],
            "meta, item address",
        );
    }
    // Version 1 may have an extension.
    if says_something(left) {
        unused(left, place, out);
    }
}
