//! The samples of a track, one by one: what their packets hold besides pictures and sound. Slices
//! of pictures are stepped over, so that a long video costs little more than reading it.

use super::super::bytes::{part, rest, says_something};
use super::super::coded::{Codec, mp3, nal};
use super::super::finding::Inspection;
use super::super::window::Window;
use super::tables::Tables;
use super::{Box, boxes, configuration, first};
use std::io::{self, Read, Seek};

/// Longest unit that is no picture, and longest packet of sound.
const MOST_PACKET: u64 = 1 << 20;
/// Longest frame that is read as a whole.
const MOST_FRAME: u64 = 64 << 20;

/// How the samples of a track are coded, by the first sample entry of an `stsd` box.
pub(super) fn codec(stsd: &[u8], are_pictures: bool) -> Codec {
    let (list, _) = boxes(rest(stsd, 8));
    let Some(Box { kind, body }) = list.first() else {
        return Codec::Other;
    };
    if are_pictures {
        let (inside, _) = boxes(rest(body, 78));
        let width = |kind, at: usize| {
            let config: Option<&[u8]> = first(&inside, kind);
            config
                .and_then(|c| c.get(at))
                .map(|b| usize::from(b & 3) + 1)
        };
        return match kind {
            b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => width(b"avcC", 4)
                .map_or(Codec::Other, |width| Codec::Units(nal::Coding::Avc, width)),
            b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => width(b"hvcC", 21)
                .map_or(Codec::Other, |width| Codec::Units(nal::Coding::Hevc, width)),
            b"av01" => Codec::Av1,
            _ => Codec::Other,
        };
    }
    let (inside, _) = boxes(rest(body, super::entries::sound_fields(stsd, body)));
    let wave = first(&inside, b"wave")
        .map(|b| boxes(b).0)
        .unwrap_or_default();
    let esds = first(&inside, b"esds").or(first(&wave, b"esds"));
    match kind {
        b"mp4a" => match esds.and_then(configuration::sound) {
            Some((0x69 | 0x6b, _)) => Codec::Mp3(mp3::Stream::default()),
            Some((0x40 | 0x66..=0x68, config)) => Codec::aac(config),
            _ => Codec::Other,
        },
        b".mp3" | b"ms\0U" => Codec::Mp3(mp3::Stream::default()),
        b"Opus" => Codec::Opus,
        _ => Codec::Other,
    }
}

/// Looks at all samples of a track. `left`: bytes that may still be read for samples.
///
/// # Errors
/// If reading fails.
pub(super) fn look<R: Read + Seek>(
    from: &mut Window<R>,
    tables: &Tables<'_>,
    codec: &mut Codec,
    place: &str,
    left: &mut u64,
    out: &mut Inspection,
) -> io::Result<()> {
    if matches!(codec, Codec::Other) {
        return Ok(());
    }
    let mut collected = out.collect(place);
    for chunk in tables.chunks() {
        let mut at = chunk.offset;
        for sample in chunk.first..chunk.first + chunk.samples {
            let size = tables.size(sample);
            let end = at.saturating_add(size);
            if end > from.end() {
                collected.damaged("samples lie beyond the end of the file");
                return Ok(());
            }
            let Some(rest) = left.checked_sub(size) else {
                collected.damaged("samples share their bytes");
                return Ok(());
            };
            *left = rest;
            match codec {
                Codec::Units(coding, width) => {
                    units(from, (at, end), *coding, *width, collected.sample())?;
                }
                // AV1 has no other way to the next unit than all of a sample.
                Codec::Av1 => {
                    let data = from.bytes(at, size.min(MOST_FRAME) as usize)?;
                    codec.packet(data, collected.sample());
                }
                _ if size > MOST_PACKET => {}
                _ => {
                    let data = from.bytes(at, size as usize)?;
                    codec.packet(data, collected.sample());
                }
            }
            collected.next();
            at = end;
        }
    }
    Ok(())
}

/// The units of a sample; of pictures only the headers are read.
fn units<R: Read + Seek>(
    from: &mut Window<R>,
    (mut at, end): (u64, u64),
    coding: nal::Coding,
    width: usize,
    out: &mut Inspection,
) -> io::Result<()> {
    while at < end {
        let head = from.bytes(at, (width + 2).min((end - at) as usize))?;
        let length = part(head, 0, width)
            .map(|bytes| bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)));
        let begin = at + width as u64;
        let Some(length) = length.filter(|length| *length <= end.saturating_sub(begin)) else {
            let behind = from.bytes(at, (end - at).min(MOST_PACKET) as usize)?;
            if says_something(behind) {
                super::entries::unused(behind, "behind the last unit", out);
            }
            break;
        };
        let kind = [
            head.get(width).copied().unwrap_or(0),
            head.get(width + 1).copied().unwrap_or(0),
        ];
        if length > 0 && !coding.unit(kind).is_picture() {
            let unit = from.bytes(begin, length.min(MOST_PACKET) as usize)?;
            nal::look(coding, unit, "", out);
        }
        at = begin + length;
    }
    Ok(())
}
