//! Names what a HEIF file holds besides its main picture. None of it is written again but what the
//! caller asked to keep of EXIF.

use super::super::boxes::{Box, Reader};
use super::super::exif;
use super::super::notes::{Notes, contains};
use super::items::Items;
use crate::content::ContentKind;
use std::collections::HashSet;

const C2PA: [u8; 16] = *b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";

/// Boxes of the file, of which the first `own` are the picture's, and the bytes behind them.
pub(super) fn boxes(list: &[Box<'_>], own: usize, behind: &[u8], notes: &mut Notes) {
    if own < list.len() {
        notes.drop(ContentKind::Trailer);
        notes.motion_video();
    }
    for one in &list[..own] {
        match &one.kind {
            b"ftyp" | b"meta" | b"mdat" | b"moov" | b"free" | b"skip" | b"wide" => {}
            b"mpvd" => notes.motion_video(),
            b"uuid" if one.body.starts_with(&C2PA) => notes.c2pa(),
            _ => notes.drop(ContentKind::PrivateChunks),
        }
    }
    if behind.iter().any(|&b| b != 0) {
        notes.drop(ContentKind::Trailer);
        if contains(&behind[..behind.len().min(1 << 20)], b"ftyp") {
            notes.motion_video();
        }
    }
}

/// Items besides the main picture; gives what its EXIF says.
pub(super) fn items(items: &Items<'_>, main: u32, notes: &mut Notes) -> exif::Facts {
    let mut facts = exif::Facts::default();
    let own = parts(items, main);
    for &id in &items.order {
        let Ok(item) = items.item(id) else { continue };
        match &item.kind {
            b"Exif" => {
                let block = items.data(id).unwrap_or_default();
                let mut read = Reader::new(&block);
                let skip = read.small(4).map_or(0, |v| v as usize);
                let read = exif::read(read.rest().get(skip..).unwrap_or_default(), notes);
                if items.refers(id, b"cdsc") || facts == exif::Facts::default() {
                    facts = read;
                }
            }
            b"mime" => {
                let packet = items.data(id).unwrap_or_default();
                if contains(&packet, b"<x:xmpmeta") || contains(&packet, b"rdf:RDF") {
                    notes.drop_xmp(&packet);
                } else {
                    notes.drop(ContentKind::PrivateChunks);
                }
            }
            b"uri " => notes.drop(ContentKind::PrivateChunks),
            _ if own.contains(&id) => {}
            b"tmap" => notes.gain_map(),
            _ => picture(items, id, notes),
        }
    }
    facts
}

/// The main picture and what it is made of.
fn parts(items: &Items<'_>, main: u32) -> HashSet<u32> {
    let mut own = HashSet::from([main]);
    let mut next = vec![main];
    while let Some(id) = next.pop() {
        for &part in items.to(id, b"dimg") {
            if own.insert(part) {
                next.push(part);
            }
        }
    }
    own
}

fn picture(items: &Items<'_>, id: u32, notes: &mut Notes) {
    let purpose = items.purpose(id).unwrap_or_default().to_owned();
    let is = |words: &[&str]| words.iter().any(|w| purpose.contains(w));
    let tile_of = items.from(id, b"dimg").next();
    if items.refers(id, b"thmb") {
        notes.drop(ContentKind::HeifThumbnail);
    } else if is(&["gainmap", "GainMap"]) {
        notes.gain_map();
    } else if is(&["depth", "matte", "auxid:2"]) {
        notes.drop(ContentKind::DepthData);
    } else if is(&["alpha", "auxid:1"]) {
        // The main picture's opacity, or that of something that is named itself.
    } else if !purpose.is_empty() || items.refers(id, b"auxl") {
        notes.drop(ContentKind::FurtherPictures);
    } else if let Some(whole) = tile_of {
        let is_tone_map = |id| items.item(id).is_ok_and(|i| i.kind == *b"tmap");
        if is_tone_map(whole) {
            notes.gain_map();
        }
    } else {
        notes.drop(ContentKind::FurtherPictures);
        notes.miss("further pictures beside the main one");
    }
}
