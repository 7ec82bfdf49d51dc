//! Boxes below `moov` that hold numbers only (ISO/IEC 14496-12, and QuickTime's), and how many
//! bytes their numbers take. Whatever is behind them, and every box that is not listed, is named.

use super::super::bytes::{Order, rest};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::entries::unused;
use super::{Box, boxes, uuid};

/// How long a box of numbers is.
#[derive(Clone, Copy)]
enum Shape {
    /// In its versions 0 and 1.
    Fixed(usize, usize),
    /// A count at a place behind the version, and so many bytes for each, in versions 0 and 1.
    Table(usize, usize, usize),
    /// Any number of entries of so many bytes, behind a head.
    Entries(usize, usize),
    /// Boxes.
    Container,
}
use Shape::{Container, Entries, Fixed, Table};

const KNOWN: [(&[u8; 4], Shape); 45] = [
    (b"mvhd", Fixed(100, 112)),
    (b"tkhd", Fixed(84, 96)),
    (b"mdhd", Fixed(24, 36)),
    (b"elst", Table(4, 12, 20)),
    (b"vmhd", Fixed(12, 12)),
    (b"smhd", Fixed(8, 8)),
    (b"hmhd", Fixed(20, 20)),
    (b"nmhd", Fixed(4, 4)),
    (b"sthd", Fixed(4, 4)),
    (b"gmin", Fixed(16, 16)),
    (b"stts", Table(4, 8, 8)),
    (b"ctts", Table(4, 8, 8)),
    (b"cslg", Fixed(24, 44)),
    (b"stss", Table(4, 4, 4)),
    (b"stps", Table(4, 4, 4)),
    (b"stsh", Table(4, 8, 8)),
    (b"stsc", Table(4, 12, 12)),
    (b"stco", Table(4, 4, 4)),
    (b"co64", Table(4, 8, 8)),
    (b"mehd", Fixed(8, 12)),
    (b"trex", Fixed(24, 24)),
    (b"trep", Fixed(8, 8)),
    (b"load", Fixed(16, 16)),
    (b"clef", Fixed(12, 12)),
    (b"prof", Fixed(12, 12)),
    (b"enof", Fixed(12, 12)),
    (b"matt", Fixed(4, 4)),
    (b"kmat", Fixed(4, 4)),
    (b"clip", Fixed(0, 0)),
    (b"alis", Fixed(4, 4)),
    (b"url ", Fixed(4, 4)),
    (b"elng", Fixed(16, 16)),
    (b"cdsc", Entries(0, 4)),
    (b"sdtp", Entries(4, 1)),
    (b"stdp", Entries(4, 2)),
    (b"padb", Entries(8, 1)),
    (b"edts", Container),
    (b"tref", Container),
    (b"tapt", Container),
    (b"mvex", Container),
    (b"dinf", Container),
    (b"grpl", Container),
    (b"udta", Container),
    (b"iods", Fixed(64, 64)),
    (b"sbgp", Fixed(0, 0)),
];

/// Kinds of references between tracks, each a list of tracks.
const REFERENCES: [&[u8; 4]; 14] = [
    b"cdsc", b"hint", b"font", b"hind", b"vdep", b"vplx", b"subt", b"thmb", b"auxl", b"chap",
    b"tmcd", b"sync", b"scpt", b"ssrc",
];

/// How samples are grouped: for seeking, and by their kind of dependency.
const GROUPS: [&[u8; 4]; 9] = [
    b"roll", b"prol", b"rap ", b"sync", b"tele", b"tsas", b"stsa", b"seig", b"tscl",
];

/// Looks at a box that holds numbers, or boxes of them; names it if it is not one of the known.
pub(super) fn numbers(body: &[u8], kind: &[u8; 4], place: &str, out: &mut Inspection) {
    let version = body.first().copied().unwrap_or(0);
    let pick = |a, b| if version == 1 { b } else { a };
    let count = |at| Order::Big.u32(body, at).map_or(0, |n| n as usize);
    let behind = match kind {
        b"free" | b"skip" | b"wide" => body,
        b"stsz" => {
            let entries = if count(4) == 0 { count(8) } else { 0 };
            rest(body, entries.saturating_mul(4).saturating_add(12))
        }
        b"stz2" => {
            let bits = count(4).saturating_mul(count(8));
            let bits = bits.min(body.len().saturating_mul(8));
            rest(body, bits.div_ceil(8).saturating_add(12))
        }
        b"sgpd" => return groups(body, place, out),
        b"sbgp" => {
            let head = if version == 1 { 12 } else { 8 };
            let entries = count(head).saturating_mul(8);
            rest(body, entries.saturating_add(head + 4))
        }
        b"dref" => return references(body, place, out),
        b"uuid" => return uuid(body, out),
        _ => match KNOWN.iter().find(|(known, _)| *known == kind) {
            Some((_, Fixed(a, b))) => rest(body, pick(*a, *b)),
            Some((_, Table(at, a, b))) => {
                let bytes = count(*at).saturating_mul(pick(*a, *b));
                rest(body, bytes.saturating_add(at + 4))
            }
            Some((_, Entries(head, each))) => {
                let left = rest(body, *head);
                rest(left, left.len() / each * each)
            }
            Some((_, Container)) => return container(body, kind, place, out),
            None => {
                let finding = Finding::new(Kind::PrivateData, place).bytes(body.len());
                return out.add(finding.detail(super::super::bytes::text(body)));
            }
        },
    };
    unused(behind, place, out);
}

/// Boxes of numbers, one level.
fn container(body: &[u8], kind: &[u8; 4], place: &str, out: &mut Inspection) {
    let (list, taken) = boxes(body);
    for Box { kind: inner, body } in list {
        let name = String::from_utf8_lossy(&inner).into_owned();
        let place = format!("{place}, {}", name.trim());
        match (kind, &inner) {
            (b"tref", inner) if REFERENCES.contains(&inner) => {
                unused(rest(body, body.len() / 4 * 4), &place, out);
            }
            // Groups of items: a head, and their numbers.
            (b"grpl", _) => {
                let count = Order::Big.u32(body, 8).map_or(0, |n| n as usize);
                let end = count.saturating_mul(4).saturating_add(12);
                unused(rest(body, end), &place, out);
            }
            (_, inner) => out.inside(|out| numbers(body, inner, &place, out)),
        }
    }
    unused(rest(body, taken), place, out);
}

/// Descriptions of groups of samples.
fn groups(body: &[u8], place: &str, out: &mut Inspection) {
    let kind = body.get(4..8).unwrap_or_default();
    if !GROUPS.iter().any(|known| *known == kind) {
        let finding = Finding::new(Kind::PrivateData, place).bytes(body.len());
        return out.add(finding.detail(String::from_utf8_lossy(kind)));
    }
    let number = |at| Order::Big.u32(body, at).map_or(0, |n| n as usize);
    let (head, length) = match body.first() {
        Some(0) => return,
        Some(1) => (16, number(8)),
        _ => (16, 0),
    };
    // A length for all, or one in front of each; either is at most a key's.
    let mut at = head;
    for _ in 0..number(12) {
        let each = match length {
            0 => 4 + number(at),
            length => length,
        };
        if each > 40 {
            break;
        }
        at += each;
    }
    unused(rest(body, at), place, out);
}

/// Where the data of a track is: in the file itself, or at an address, which is named.
fn references(body: &[u8], place: &str, out: &mut Inspection) {
    let (list, taken) = boxes(rest(body, 8));
    for Box { kind, body } in list {
        let is_own = body.get(3).is_some_and(|flags| flags & 1 == 1);
        if !is_own || body.len() > 4 {
            let place = format!("{place}, {}", String::from_utf8_lossy(&kind).trim());
            let words = super::super::bytes::text(rest(body, 4));
            if !words.is_empty() || body.len() > 4 {
                out.add(
                    Finding::new(Kind::Text, place)
                        .bytes(body.len())
                        .detail(words),
                );
            }
        }
    }
    unused(rest(body, 8 + taken), place, out);
}
