//! The boxes of a `moov` that are of use, picked out before they are parsed. The parser goes into
//! whatever box it knows wherever it stands, so what is nested deeply enough ends the stack; and it
//! fails for boxes that nothing here needs.
//!
//! Invariant: what comes out is no deeper than [`CHILDREN`] says, whatever goes in.

use mp4_atom::{Atom, FourCC, Hdlr};

/// Boxes that are kept, by the box that they stand in. No box stands in itself, however far down.
const CHILDREN: [(&[u8; 4], &[&[u8; 4]]); 6] = [
    (b"moov", &[b"mvhd", b"trak"]),
    (b"trak", &[b"tkhd", b"edts", b"mdia"]),
    (b"edts", &[b"elst"]),
    (b"mdia", &[b"mdhd", b"hdlr", b"minf"]),
    (b"minf", &[b"vmhd", b"smhd", b"dinf", b"stbl"]),
    (
        b"stbl",
        &[
            b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sbgp",
            b"sgpd",
        ],
    ),
];
/// Sample entries that are understood, and the boxes in them that are kept.
const ENTRIES: [(&[u8; 4], &[&[u8; 4]]); 7] = [
    (b"avc1", &[b"avcC", b"colr", b"pasp"]),
    (b"mp4a", &[b"esds"]),
    (b".mp3", &[]),
    (b"Opus", &[b"dOps"]),
    (b"fLaC", &[b"dfLa"]),
    (b"ac-3", &[b"dac3"]),
    (b"ec-3", &[b"dec3"]),
];
/// Descriptors nest, too (ISO/IEC 14496-1). With all that AAC may need an `esds` has some hundred
/// bytes.
const LONGEST_ESDS: usize = 1024;
/// Where an entry's boxes begin: behind the fields of a picture, and those of sound of each
/// version.
const PICTURE_FIELDS: usize = 78;
const SOUND_FIELDS: [usize; 3] = [28, 44, 64];

/// Four bytes that name a box.
type Kind = [u8; 4];

/// A `moov` with what is of use.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outline {
    /// The body of a `moov` with the tracks of pictures and sound.
    pub(super) moov: Vec<u8>,
    /// Handlers of the other tracks, and their names.
    pub(super) others: Vec<(FourCC, String)>,
    /// Whether samples lie in fragments.
    pub(super) is_fragmented: bool,
    /// Whether it tells something beside its tables.
    pub(super) has_metadata: bool,
    /// Whether samples lie in another file.
    pub(super) is_elsewhere: bool,
}

impl Outline {
    /// Of the body of a `moov`; `None` if its boxes do not fit into one another.
    pub(super) fn read(moov: &[u8]) -> Option<Self> {
        let mut out = Self::default();
        for (kind, body) in boxes(moov)? {
            match &kind {
                b"mvex" => out.is_fragmented = true,
                b"udta" | b"meta" => out.has_metadata = true,
                b"trak" => out.track(body)?,
                b"mvhd" => put(&mut out.moov, *b"mvhd", body),
                _ => {}
            }
        }
        Some(out)
    }

    fn track(&mut self, track: &[u8]) -> Option<()> {
        let inside = boxes(track)?;
        let is = |kinds: &[&Kind], kind: &Kind| kinds.contains(&kind);
        self.has_metadata |= inside.iter().any(|(k, _)| is(&[b"udta", b"meta"], k));
        let media = boxes(inside.iter().find(|(k, _)| k == b"mdia")?.1)?;
        let handler = media.iter().find(|(k, _)| k == b"hdlr")?.1;
        match handler.get(8..12)? {
            b"vide" | b"soun" => {
                let mut copied = Vec::new();
                self.copy(b"trak", track, &mut copied)?;
                put(&mut self.moov, *b"trak", &copied);
            }
            _ => {
                let read = Hdlr::decode_body(&mut &handler[..]);
                let kind = handler.get(8..12)?.try_into().ok()?;
                let name = read.map_or_else(|_| "?".into(), |h| h.name);
                self.others.push((FourCC::new(&kind), name));
            }
        }
        Some(())
    }

    /// Copies what is kept of a box. Ends, since a child is of another kind than all that it stands
    /// in.
    fn copy(&mut self, kind: &Kind, body: &[u8], to: &mut Vec<u8>) -> Option<()> {
        let (_, kept) = CHILDREN.iter().find(|(k, _)| *k == kind)?;
        for (kind, body) in boxes(body)? {
            if !kept.contains(&&kind) {
                continue;
            }
            let mut inside = Vec::new();
            match &kind {
                b"stsd" => entries(body, &mut inside)?,
                b"dinf" => {
                    self.is_elsewhere |= is_elsewhere(body)?;
                    // One entry: the file itself.
                    put(
                        &mut inside,
                        *b"dref",
                        b"\0\0\0\0\0\0\0\x01\0\0\0\x0curl \0\0\0\x01",
                    );
                }
                _ if CHILDREN.iter().any(|(k, _)| **k == kind) => {
                    self.copy(&kind, body, &mut inside)?;
                }
                _ => inside.extend(body),
            }
            put(to, kind, &inside);
        }
        Some(())
    }
}

/// Copies the sample entries of an `stsd`. One that is not understood keeps nothing but that it is
/// there.
fn entries(body: &[u8], to: &mut Vec<u8>) -> Option<()> {
    let (head, all) = body.split_at_checked(8)?;
    to.extend(head);
    for (kind, body) in boxes(all)? {
        let Some((_, kept)) = ENTRIES.iter().find(|(k, _)| **k == kind) else {
            put(to, *b"none", &[]);
            continue;
        };
        let fields = match &kind {
            b"avc1" => PICTURE_FIELDS,
            _ => {
                let version = body.get(8..10)?;
                *SOUND_FIELDS.get(usize::from(u16::from_be_bytes([version[0], version[1]])))?
            }
        };
        let (fields, inside) = body.split_at_checked(fields)?;
        let mut copied = fields.to_vec();
        let mut inside = boxes(inside)?;
        // QuickTime has what is needed one level further down.
        let wrapped: Vec<_> = inside
            .iter()
            .filter(|(k, _)| k == b"wave")
            .copied()
            .collect();
        for (_, wave) in wrapped {
            inside.extend(boxes(wave)?);
        }
        for (kind, body) in inside {
            if kept.contains(&&kind) && (&kind != b"esds" || body.len() <= LONGEST_ESDS) {
                put(&mut copied, kind, body);
            }
        }
        put(to, kind, &copied);
    }
    Some(())
}

/// Whether a `dinf` names another file.
fn is_elsewhere(dinf: &[u8]) -> Option<bool> {
    let all = boxes(dinf)?;
    let Some((_, dref)) = all.iter().find(|(k, _)| k == b"dref") else {
        return Some(false);
    };
    let named = |(_, body): &(Kind, &[u8])| body.len() > 5 && body[3] & 1 == 0;
    Some(boxes(dref.get(8..)?)?.iter().any(named))
}

/// The boxes of a body; `None` if one does not fit. Bytes that are too few for a box end it.
fn boxes(mut rest: &[u8]) -> Option<Vec<(Kind, &[u8])>> {
    let mut out = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let kind: Kind = head[4..].try_into().ok()?;
        let (own, length) = match length {
            // QuickTime ends lists with a zero.
            0 if kind == [0; 4] => break,
            0 => (8, rest.len()),
            1 => {
                let long = u64::from_be_bytes(after.get(..8)?.try_into().ok()?);
                (16, usize::try_from(long).ok()?)
            }
            length => (8, length),
        };
        let (whole, after) = rest.split_at_checked(length)?;
        out.push((kind, whole.get(own..)?));
        rest = after;
    }
    Some(out)
}

fn put(to: &mut Vec<u8>, kind: Kind, body: &[u8]) {
    // A part of a `moov` that fits 32 bits.
    to.extend((body.len() as u32 + 8).to_be_bytes());
    to.extend(kind);
    to.extend(body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use mp4_atom::Moov;
    use proptest::prelude::*;

    fn boxed(kind: &Kind, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, *kind, body);
        out
    }

    /// A box in itself, so many times.
    fn nested(kind: &Kind, times: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for depth in (1..=times).rev() {
            out.extend((depth as u32 * 8).to_be_bytes());
            out.extend(kind);
        }
        out
    }

    fn track(handler: &Kind, more: &[u8]) -> Vec<u8> {
        let hdlr = [&[0; 8][..], handler, &[0; 13]].concat();
        let media = [&boxed(b"hdlr", &hdlr)[..], more].concat();
        boxed(b"trak", &[&boxed(b"mdia", &media)[..], more].concat())
    }

    #[test]
    fn boxes_in_themselves_are_left_out_however_deep_they_are() {
        for kind in [
            b"moov", b"trak", b"mdia", b"meta", b"avc1", b"udta", b"ipro",
        ] {
            let deep = nested(kind, 200_000);
            let outline =
                Outline::read(&[&track(b"vide", &deep)[..], &boxed(b"free", &deep)].concat());
            let outline = outline.expect("boxes that fit");
            assert!(outline.moov.len() < 200, "{}", outline.moov.len());
            let _ = Moov::decode_body(&mut &outline.moov[..]);
        }
    }

    #[test]
    fn descriptors_in_themselves_are_too_long() {
        let mut deep = Vec::new();
        for _ in 0..40_000 {
            deep.extend([4, 0x81, 0x80, 0x80, 0]);
            deep.extend([0; 13]);
        }
        let esds = boxed(b"esds", &[&[0; 4][..], &deep].concat());
        let entry = boxed(b"mp4a", &[&[0; 28][..], &esds].concat());
        let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &entry].concat());
        let minf = boxed(b"minf", &boxed(b"stbl", &stsd));
        let outline = Outline::read(&track(b"soun", &minf)).expect("boxes that fit");
        assert!(outline.moov.len() < 400, "{}", outline.moov.len());
    }

    #[test]
    fn other_tracks_are_named_and_left_out() {
        let hdlr = [&[0; 8][..], b"text", &[0; 12], b"Alice\0"].concat();
        let text = boxed(b"trak", &boxed(b"mdia", &boxed(b"hdlr", &hdlr)));
        let moov = [&text[..], &boxed(b"udta", b""), &boxed(b"mvex", b"")].concat();
        let outline = Outline::read(&moov).expect("boxes that fit");
        let others = [(FourCC::new(b"text"), "Alice".to_owned())];
        assert_eq!(outline.others, others);
        assert!(outline.has_metadata && outline.is_fragmented && outline.moov.is_empty());
    }

    #[test]
    fn samples_in_another_file_are_seen() {
        let dinf = |entry: &[u8]| boxed(b"dref", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], entry].concat());
        let own = dinf(&boxed(b"url ", &[0, 0, 0, 1]));
        let other = dinf(&boxed(b"url ", b"\0\0\0\0file:///etc/passwd\0"));
        assert_eq!(is_elsewhere(&own), Some(false));
        assert_eq!(is_elsewhere(&other), Some(true));
    }

    proptest! {
        #[test]
        fn any_bytes_are_picked_from(bytes: Vec<u8>, at in 0usize..64) {
            let _ = Outline::read(&bytes);
            let mut whole = track(b"vide", &nested(b"minf", 7));
            let at = at % whole.len();
            for (i, byte) in bytes.iter().take(6).enumerate() {
                if let Some(b) = whole.get_mut(at + i) { *b = *byte; }
            }
            let _ = Outline::read(&whole);
        }
    }
}
