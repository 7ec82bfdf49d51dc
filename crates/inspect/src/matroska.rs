//! Matroska and WebM (RFC 9559): elements to the last one, coded pictures and sound by their heads
//! only.

mod aac;
mod blocks;
mod codec_private;
mod known;
mod tags;

use super::bytes::text;
use super::finding::{Finding, FindingKind as Kind, Inspection};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// What every file begins with.
pub(super) const MAGIC: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

/// Bytes of one element that is read as a whole; pictures and sound are not.
const MOST_BODY: u64 = 64 << 20;
/// Bytes of a block in front of its frames, at most.
const HEAD: u64 = 11;
/// The names that our own files carry: they have no version.
const OWN_PROGRAM: &str = "Lavf";

mod id {
    pub(super) const EBML: u32 = 0x1a45_dfa3;
    pub(super) const DOC_TYPE: u32 = 0x4282;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const SEEK_HEAD: u32 = 0x114d_9b74;
    pub(super) const INFO: u32 = 0x1549_a966;
    pub(super) const TRACKS: u32 = 0x1654_ae6b;
    pub(super) const CUES: u32 = 0x1c53_bb6b;
    pub(super) const CLUSTER: u32 = 0x1f43_b675;
    pub(super) const ATTACHMENTS: u32 = 0x1941_a469;
    pub(super) const CHAPTERS: u32 = 0x1043_a770;
    pub(super) const TAGS: u32 = 0x1254_c367;
    pub(super) const VOID: u32 = 0xec;
    pub(super) const CRC: u32 = 0xbf;
    pub(super) const SIMPLE_BLOCK: u32 = 0xa3;
    pub(super) const BLOCK_GROUP: u32 = 0xa0;
    pub(super) const BLOCK: u32 = 0xa1;
    /// Timestamp, position and previous size of a cluster; duration, references and padding of a
    /// group.
    pub(super) const AROUND_BLOCKS: [u32; 6] = [0xe7, 0xa7, 0xab, 0x9b, 0xfb, 0x75a2];
    pub(super) const TRACK: u32 = 0xae;
    pub(super) const TAG: u32 = 0x7373;
    pub(super) const TARGETS: u32 = 0x63c0;
    pub(super) const SIMPLE_TAG: u32 = 0x67c8;
    pub(super) const TAG_NAME: u32 = 0x45a3;
    pub(super) const TAG_STRING: u32 = 0x4487;
    pub(super) const ATTACHED_FILE: u32 = 0x61a7;
    pub(super) const FILE_NAME: u32 = 0x466e;
    pub(super) const FILE_TYPE: u32 = 0x4660;
}

/// Walks over a file's elements. Clusters and groups of blocks are walked into, so that one of
/// unknown length needs no care.
struct Walk<R> {
    from: BufReader<R>,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Walk<R> {
    fn new(mut from: R) -> io::Result<Self> {
        let end = from.seek(SeekFrom::End(0))?;
        from.rewind()?;
        let from = BufReader::with_capacity(1 << 16, from);
        Ok(Self { from, at: 0, end })
    }

    /// Kind and length of the next element; `None` for a length that is not known beforehand, or at
    /// the end of what makes sense.
    fn head(&mut self) -> io::Result<Option<(u32, Option<u64>)>> {
        let Some((kind, _)) = self.number(4)? else {
            return Ok(None);
        };
        let Some((size, bytes)) = self.number(8)? else {
            return Ok(None);
        };
        let bits = 7 * bytes;
        let size = size & ((1 << bits) - 1);
        let known = size != (1 << bits) - 1;
        if known && size > self.end - self.at {
            return Ok(None);
        }
        Ok(Some((kind as u32, known.then_some(size))))
    }

    /// A number whose leading zeros give its length, with the marker left in.
    fn number(&mut self, most: u32) -> io::Result<Option<(u64, u32)>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let mut bytes = [0; 8];
        self.from.read_exact(&mut bytes[..1])?;
        let length = bytes[0].leading_zeros() + 1;
        if length > most || self.at + u64::from(length) > self.end {
            return Ok(None);
        }
        self.from.read_exact(&mut bytes[1..length as usize])?;
        self.at += u64::from(length);
        let value = bytes[..length as usize]
            .iter()
            .fold(0, |value, b| value << 8 | u64::from(*b));
        Ok(Some((value, length)))
    }

    fn body(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.from.by_ref().take(size).read_to_end(&mut body)?;
        self.at += size;
        Ok(body)
    }

    fn skip(&mut self, size: u64) -> io::Result<()> {
        // Within the file, whose length fits.
        self.from.seek_relative(size as i64)?;
        self.at += size;
        Ok(())
    }
}

/// Looks through a file.
///
/// # Errors
/// If reading fails.
pub(super) fn look(from: impl Read + Seek, out: &mut Inspection) -> io::Result<()> {
    let mut walk = Walk::new(from)?;
    let mut pictures = Pictures::default();
    let mut tracks = blocks::Tracks::default();
    let mut segment_end = None;
    loop {
        if segment_end.is_some_and(|end| walk.at >= end) {
            break;
        }
        let start = walk.at;
        let Some((kind, size)) = walk.head()? else {
            if start < walk.end {
                out.damaged("an element that makes no sense");
            }
            break;
        };
        match (kind, size) {
            (id::SEGMENT, size) if segment_end.is_none() => {
                segment_end = Some(size.map_or(walk.end, |size| walk.at + size));
            }
            (id::CLUSTER | id::BLOCK_GROUP, _) => {}
            (_, None) => {
                out.damaged("an element of unknown length");
                break;
            }
            (id::SIMPLE_BLOCK | id::BLOCK, Some(size)) => {
                // A track's number of up to eight bytes, a time, and flags.
                let head = walk.body(size.min(HEAD))?;
                pictures.block(head.first().copied());
                let left = size - size.min(HEAD);
                match tracks.wants(&head) && left <= MOST_BODY {
                    true => tracks.block(&[head, walk.body(left)?].concat(), out),
                    false => walk.skip(left)?,
                }
            }
            // Numbers.
            (id::CRC, Some(0..=4)) => walk.skip(size.unwrap_or(0))?,
            (kind, Some(0..=8)) if id::AROUND_BLOCKS.contains(&kind) => {
                walk.skip(size.unwrap_or(0))?;
            }
            (kind, Some(size)) if size > MOST_BODY => {
                let finding = Finding::new(Kind::PrivateData, format!("element {kind:x}"));
                out.add(finding.bytes(size as usize));
                walk.skip(size)?;
            }
            (kind, Some(size)) => {
                let body = walk.body(size)?;
                if kind == id::TRACKS {
                    tracks.add(&body);
                }
                element(kind, &body, &mut pictures, out);
            }
        }
    }
    tracks.conclude(out);
    if walk.at < walk.end && out.damage.is_none() {
        let finding = Finding::new(Kind::Trailer, "behind the segment");
        out.add(finding.bytes((walk.end - walk.at) as usize));
    }
    if pictures.tracks > 1 {
        let finding = Finding::new(Kind::FurtherPicture, "tracks");
        out.add(finding.detail(format!("{} picture tracks", pictures.tracks)));
    }
    out.frames = pictures.blocks.max(1);
    Ok(())
}

/// The picture tracks, and the first one's blocks.
#[derive(Default)]
struct Pictures {
    tracks: u32,
    number: Option<u64>,
    blocks: u32,
}

impl Pictures {
    /// `first`: a block's first byte, a track number below 127 with its marker.
    fn block(&mut self, first: Option<u8>) {
        let number = first.map(|b| u64::from(b & 0x7f));
        if self.number.is_some() && number == self.number {
            self.blocks = self.blocks.saturating_add(1);
        }
    }
}

fn element(kind: u32, body: &[u8], pictures: &mut Pictures, out: &mut Inspection) {
    match kind {
        id::EBML => {
            known::look(&known::EBML, body, "head", out);
            if find(body, id::DOC_TYPE).is_some_and(|name| text(name) == "webm") {
                out.format = "webm";
            }
        }
        id::VOID => {
            if super::bytes::says_something(body) {
                out.add(Finding::new(Kind::UnusedBytes, "element Void").bytes(body.len()));
            }
        }
        id::SEEK_HEAD => known::look(&known::SEEK, body, "seek head", out),
        id::CUES => known::look(&known::CUES, body, "cues", out),
        id::INFO => elements(body).for_each(|(kind, body)| info(kind, body, out)),
        id::TRACKS => {
            let filled = elements(body).filter(|(kind, body)| match *kind {
                id::TRACK => {
                    track(body, pictures, out);
                    false
                }
                _ => true,
            });
            let filled: Vec<_> = filled.collect();
            known::leaves(&[], filled.into_iter(), "tracks", out);
        }
        id::TAGS => elements(body).for_each(|(kind, body)| match kind {
            id::TAG => elements(body).for_each(|(kind, body)| match kind {
                id::TARGETS => known::look(&known::TARGETS, body, "tags", out),
                _ => tags::look(kind, body, out),
            }),
            _ => known::leaves(&[], [(kind, body)].into_iter(), "tags", out),
        }),
        id::ATTACHMENTS => elements(body)
            .filter(|(kind, _)| *kind == id::ATTACHED_FILE)
            .for_each(|(_, body)| attachment(body, out)),
        id::CHAPTERS => {
            out.add(Finding::new(Kind::Text, "chapters").bytes(body.len()));
        }
        _ => {
            let finding = Finding::new(Kind::PrivateData, format!("element {kind:x}"));
            out.add(finding.bytes(body.len()));
        }
    }
}

/// The elements of a body, as far as they make sense.
fn elements(body: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut walk = Walk::new(io::Cursor::new(body)).ok();
    std::iter::from_fn(move || {
        let walk = walk.as_mut()?;
        let (kind, size) = walk.head().ok()??;
        let at = usize::try_from(walk.at).ok()?;
        let size = size?;
        walk.skip(size).ok()?;
        Some((kind, body.get(at..at + usize::try_from(size).ok()?)?))
    })
}

fn find(body: &[u8], kind: u32) -> Option<&[u8]> {
    let mut list = elements(body);
    list.find(|(k, _)| *k == kind).map(|(_, body)| body)
}

fn number(body: &[u8]) -> u64 {
    let bytes = body.iter().take(8);
    bytes.fold(0, |value, b| value << 8 | u64::from(*b))
}

fn info(kind: u32, body: &[u8], out: &mut Inspection) {
    let (said, name) = match kind {
        // Units of time, and duration.
        0x2a_d7b1 | 0x4489 | id::VOID | id::CRC => return,
        0x4d80 | 0x5741 if text(body) == OWN_PROGRAM => return,
        0x4d80 => (Kind::Software, "muxing application"),
        0x5741 => (Kind::Software, "writing application"),
        0x4461 => (Kind::Time, "date"),
        0x7ba9 => (Kind::Text, "title"),
        0x7384 | 0x3c_83ab | 0x3e_83bb => (Kind::Text, "file name"),
        0x73a4 | 0x3c_b923 | 0x3e_b923 | 0x4444 => (Kind::UniqueId, "segment"),
        _ => (Kind::PrivateData, "element"),
    };
    let mut finding = Finding::new(said, format!("info, {name}")).bytes(body.len());
    if matches!(said, Kind::Software | Kind::Text) {
        finding = finding.detail(text(body));
    }
    out.add(finding);
}

fn track(body: &[u8], pictures: &mut Pictures, out: &mut Inspection) {
    const TYPE: u32 = 0x83;
    const NUMBER: u32 = 0xd7;
    const CODEC: u32 = 0x86;
    const CODEC_PRIVATE: u32 = 0x63a2;
    const VIDEO: u32 = 0xe0;
    match find(body, TYPE).map(number) {
        Some(1) => {
            pictures.tracks += 1;
            if pictures.tracks == 1 {
                pictures.number = find(body, NUMBER).map(number);
                let side = |kind| {
                    let video = find(body, VIDEO)?;
                    find(video, kind).map(|b| number(b) as u32)
                };
                (out.width, out.height) = (side(0xb0).unwrap_or(0), side(0xba).unwrap_or(0));
            }
        }
        Some(2) => out.carry("sound"),
        Some(0x11) => out.add(Finding::new(Kind::Subtitles, "track")),
        other => {
            let finding = Finding::new(Kind::PrivateData, "track");
            out.add(finding.detail(match other {
                Some(n) => format!("of type {n}"),
                None => "of no type".into(),
            }));
        }
    }
    let codec = find(body, CODEC).map(text).unwrap_or_default();
    for (kind, body) in elements(body) {
        let finding = match kind {
            CODEC_PRIVATE => {
                codec_private::look(&codec, body, out);
                continue;
            }
            0x536e => Finding::new(Kind::Text, "track, name").detail(text(body)),
            0x25_8688 => Finding::new(Kind::Software, "track, codec").detail(text(body)),
            // Ours are counted from 1; others draw them at random.
            0x73c5 if number(body) > 0xffff => Finding::new(Kind::UniqueId, "track"),
            0x7446 => Finding::new(Kind::PrivateData, "track, attachment"),
            _ => {
                known::leaves(&known::TRACK, [(kind, body)].into_iter(), "track", out);
                continue;
            }
        };
        out.add(finding);
    }
}

fn attachment(body: &[u8], out: &mut Inspection) {
    let said = |kind| find(body, kind).map(text).unwrap_or_default();
    let kind = match said(id::FILE_TYPE).starts_with("image/") {
        true => Kind::Preview,
        false => Kind::PrivateData,
    };
    let finding = Finding::new(kind, "attachment").bytes(body.len());
    out.add(finding.detail(said(id::FILE_NAME)));
}

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use super::*;

    fn element(kind: u32, body: &[u8]) -> Vec<u8> {
        let bytes = kind.to_be_bytes();
        let mut out = bytes[kind.leading_zeros() as usize / 8..].to_vec();
        out.extend((0x1000_0000 | body.len() as u32).to_be_bytes());
        out.extend(body);
        out
    }

    fn file(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut out = element(id::EBML, &element(id::DOC_TYPE, b"matroska"));
        out.extend(element(id::SEGMENT, &parts.concat()));
        out
    }

    fn picture_track() -> Vec<u8> {
        let size = [element(0xb0, &[1, 64]), element(0xba, &[180])].concat();
        let track = [
            element(0xd7, &[1]),
            element(0x83, &[1]),
            element(0xe0, &size),
        ]
        .concat();
        element(id::TRACKS, &element(id::TRACK, &track))
    }

    #[test]
    fn pictures_are_counted_and_nothing_is_found_in_a_plain_file() {
        let blocks = [
            element(id::SIMPLE_BLOCK, b"\x81\0\0\x80pixels"),
            element(id::SIMPLE_BLOCK, b"\x82\0\0\x80sound"),
        ];
        let seen = inspect(&file(&[
            picture_track(),
            element(id::CLUSTER, &blocks.concat()),
        ]))
        .expect("known");
        assert!(seen.is_clean(), "{seen:?}");
        assert_eq!(
            (seen.format, seen.width, seen.height, seen.frames),
            ("matroska", 320, 180, 1)
        );
    }

    #[test]
    fn whatever_reveals_more_than_its_pictures_is_named() {
        let tag = [
            element(id::TAG_NAME, b"LOCATION"),
            element(id::TAG_STRING, b"+52+13/"),
        ]
        .concat();
        let attached = [
            element(id::FILE_NAME, b"me.jpg"),
            element(id::FILE_TYPE, b"image/jpeg"),
        ]
        .concat();
        for (hidden, kind) in [
            (element(id::INFO, &element(0x7ba9, b"Alice")), Kind::Text),
            (element(id::INFO, &element(0x4461, &[0; 8])), Kind::Time),
            (
                element(id::INFO, &element(0x5741, b"mkvmerge v9")),
                Kind::Software,
            ),
            (
                element(id::INFO, &element(0x73a4, &[7; 16])),
                Kind::UniqueId,
            ),
            (
                element(id::TAGS, &element(id::TAG, &element(id::SIMPLE_TAG, &tag))),
                Kind::Gps,
            ),
            (
                element(id::ATTACHMENTS, &element(id::ATTACHED_FILE, &attached)),
                Kind::Preview,
            ),
            (element(id::CHAPTERS, b"x"), Kind::Text),
            (element(id::VOID, b"\0secret"), Kind::UnusedBytes),
            (element(0x1234_5678, b"x"), Kind::PrivateData),
            (picture_track(), Kind::FurtherPicture),
        ] {
            let seen = inspect(&file(&[picture_track(), hidden])).expect("known");
            let kinds: Vec<Kind> = seen.findings.iter().map(|f| f.kind).collect();
            assert_eq!(kinds, [kind], "{seen:?}");
        }
        let mut behind = file(&[picture_track()]);
        behind.extend(b"more");
        assert_eq!(
            inspect(&behind).expect("known").findings[0].kind,
            Kind::Trailer
        );
    }

    #[test]
    fn a_cut_file_is_damaged() {
        let whole = file(&[picture_track()]);
        let seen = inspect(&whole[..whole.len() - 1]).expect("known");
        assert!(seen.damage.is_some());
    }
}
