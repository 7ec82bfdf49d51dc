//! Bytes of sound packets that are no sound: padding of Opus, what follows a frame of MP3, data and
//! fill elements before the sound of AAC. They are overwritten where they are, so the sound and all
//! lengths stay the same.
//!
//! What is not looked at: data elements of AAC behind the sound, ancillary data inside a frame of
//! MP3, padding of Opus with more than two channels.

use super::super::failure::{failed, malformed};
use super::super::file::VideoFile;
use super::{file, tables};
use crate::error::Result;
use mp4_atom::{Codec, FourCC};
use std::fs::OpenOptions;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Overwrites what is no sound in the packets of a new MP4 or QuickTime file. One that is not
/// understood stays as it is.
///
/// # Errors
/// If it cannot be read or written.
pub(crate) fn blank_sound(path: &Path) -> Result<()> {
    let broke = |e| failed("emptying its sound's packets").because(e);
    let source = VideoFile::open(path)?;
    let Ok(read) = file::read_tables(&source)? else {
        return Ok(());
    };
    let mut new = OpenOptions::new().write(true).open(path).map_err(broke)?;
    let mut from = BufReader::with_capacity(1 << 16, source.reader());
    let sound = FourCC::new(b"soun");
    for track in read
        .moov
        .trak
        .iter()
        .filter(|t| t.mdia.hdlr.handler == sound)
    {
        let stbl = &track.mdia.minf.stbl;
        let kind = match stbl.stsd.codecs.as_slice() {
            [codec] => Packets::of_codec(codec),
            _ => Packets::Other,
        };
        if kind == Packets::Other {
            continue;
        }
        let mut packet = Vec::new();
        for sample in tables::samples(stbl, source.len())? {
            packet.resize(sample.size as usize, 0);
            from.seek(SeekFrom::Start(sample.offset))
                .and_then(|_| from.read_exact(&mut packet))
                .map_err(|e| malformed("the new file is cut off").because(e))?;
            if kind.blank(&mut packet) {
                new.seek(SeekFrom::Start(sample.offset))
                    .and_then(|_| new.write_all(&packet))
                    .map_err(broke)?;
            }
        }
    }
    Ok(())
}

/// How packets of a track are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packets {
    Aac,
    Mp3,
    Opus,
    /// Nothing in them is known to be something else.
    Other,
}

impl Packets {
    pub(super) fn of_codec(codec: &Codec) -> Self {
        match codec {
            Codec::Mp4a(mp4a) => match mp4a.esds.es_desc.dec_config.object_type_indication {
                0x40 | 0x66..=0x68 => Self::Aac,
                0x69 | 0x6b => Self::Mp3,
                _ => Self::Other,
            },
            Codec::Mp3(_) => Self::Mp3,
            Codec::Opus(opus) if opus.audio.channel_count <= 2 => Self::Opus,
            _ => Self::Other,
        }
    }

    /// Overwrites what is no sound. Says whether that changed anything.
    pub(super) fn blank(self, packet: &mut [u8]) -> bool {
        match self {
            Self::Aac => blank_aac(packet),
            Self::Mp3 => blank_mp3(packet),
            Self::Opus => {
                let end = packet.len() - opus_padding(packet).unwrap_or(0);
                blank_bytes(packet, end)
            }
            Self::Other => false,
        }
    }
}

fn blank_bytes(packet: &mut [u8], from: usize) -> bool {
    let rest = packet.get_mut(from..).unwrap_or_default();
    let is_blank = rest.iter().all(|b| *b == 0);
    rest.fill(0);
    !is_blank
}

/// Bytes of padding at the end (RFC 6716, 3.2.5).
fn opus_padding(packet: &[u8]) -> Option<usize> {
    let [toc, frames, lengths @ ..] = packet else {
        return None;
    };
    if toc & 3 != 3 || frames & 0x40 == 0 {
        return None;
    }
    let mut padding = 0;
    for length in lengths {
        match *length {
            255 => padding += 254,
            length => return Some(padding + usize::from(length)).filter(|p| *p <= lengths.len()),
        }
    }
    None
}

/// Blanks what lies before and behind the frame of a packet; one without a frame stays as it is.
fn blank_mp3(packet: &mut [u8]) -> bool {
    let frame = (0..packet.len()).find_map(|start| {
        let end = start + mp3_length(&packet[start..])?;
        (end <= packet.len()).then_some((start, end))
    });
    let Some((start, end)) = frame else {
        return false;
    };
    let before = blank_bytes(&mut packet[..start], 0);
    blank_bytes(packet, end) || before
}

/// Bytes of the frame that a packet begins with (ISO/IEC 11172-3, 2.4.2.3, and 13818-3).
fn mp3_length(packet: &[u8]) -> Option<usize> {
    /// Layer III of MPEG-1, and of MPEG-2 and its halved rates, in kbit a second.
    const RATES: [[usize; 16]; 2] = [
        [
            0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0,
        ],
        [
            0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0,
        ],
    ];
    let [0xff, b, c, _, ..] = *packet else {
        return None;
    };
    let (version, layer) = (b >> 3 & 3, b >> 1 & 3);
    if b & 0xe0 != 0xe0 || version == 1 || layer != 1 {
        return None;
    }
    let frequency = *[44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))?;
    // 3 is MPEG-1, 2 half of its frequencies, 0 a quarter.
    let (half, frequency, slots) = match version {
        3 => (0, frequency, 144),
        2 => (1, frequency / 2, 72),
        _ => (1, frequency / 4, 72),
    };
    let rate = RATES[half][usize::from(c >> 4)] * 1000;
    (rate > 0).then(|| slots * rate / frequency + usize::from(c >> 1 & 1))
}

/// Elements of a raw data block (ISO/IEC 14496-3, table 4.85).
const DATA: u32 = 4;
const FILL: u32 = 6;

/// Blanks the data and fill elements that come before the sound; others cannot be found without
/// decoding it.
fn blank_aac(packet: &mut [u8]) -> bool {
    let (mut at, mut changed) = (0, false);
    while let Some(element) = bits(packet, at, 3) {
        at += 3;
        let Some(payload) = (match element {
            DATA => data_element(packet, &mut at),
            FILL => fill_element(packet, &mut at),
            _ => return changed,
        }) else {
            return changed;
        };
        for bit in payload.clone() {
            let (byte, mask) = (bit / 8, 0x80 >> (bit % 8));
            changed |= packet[byte] & mask != 0;
            packet[byte] &= !mask;
        }
        at = payload.end;
    }
    changed
}

/// Bits of a data stream element's bytes.
fn data_element(packet: &[u8], at: &mut usize) -> Option<std::ops::Range<usize>> {
    let is_aligned = bits(packet, *at + 4, 1)? == 1;
    let mut count = bits(packet, *at + 5, 8)? as usize;
    *at += 13;
    if count == 255 {
        count += bits(packet, *at, 8)? as usize;
        *at += 8;
    }
    let start = if is_aligned {
        at.next_multiple_of(8)
    } else {
        *at
    };
    within(packet, start, start + count * 8)
}

/// Bits of a fill element's payload, if that is only there to fill.
fn fill_element(packet: &[u8], at: &mut usize) -> Option<std::ops::Range<usize>> {
    let mut count = bits(packet, *at, 4)? as usize;
    *at += 4;
    if count == 15 {
        count += (bits(packet, *at, 8)? as usize).checked_sub(1)?;
        *at += 8;
    }
    let end = *at + count * 8;
    // Kinds 0 to 2 (table 4.121) hold bits, nibbles and bytes of no meaning; others are part of the
    // sound.
    let is_filling = count > 0 && bits(packet, *at, 4)? <= 2;
    match is_filling {
        // The kind becomes 0: bits that mean nothing.
        true => within(packet, *at, end),
        false => within(packet, end, end),
    }
}

fn within(packet: &[u8], start: usize, end: usize) -> Option<std::ops::Range<usize>> {
    (end <= packet.len() * 8).then_some(start..end)
}

/// Up to 32 bits, the most significant first.
fn bits(packet: &[u8], at: usize, count: usize) -> Option<u32> {
    let mut value = 0;
    for bit in at..at + count {
        let byte = *packet.get(bit / 8)?;
        value = value << 1 | u32::from(byte >> (7 - bit % 8) & 1);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"52.5N 13.4E";

    fn tells(bytes: &[u8]) -> bool {
        // At any bit.
        (0..8).any(|shift| {
            let moved: Vec<u8> = bytes
                .windows(2)
                .map(|w| (u16::from_be_bytes([w[0], w[1]]) >> (8 - shift)) as u8)
                .collect();
            [bytes, &moved]
                .iter()
                .any(|b| b.windows(SECRET.len()).any(|w| w == SECRET))
        })
    }

    #[test]
    fn padding_of_opus_is_emptied_and_its_frames_stay() {
        let padded = |padding: &[u8]| {
            let length = padding.len() as u8;
            [&[0x03, 0x41, length, 1, 2, 3, 4][..], padding].concat()
        };
        let mut packet = padded(SECRET);
        assert!(Packets::Opus.blank(&mut packet));
        assert_eq!(packet, padded(&[0; SECRET.len()]));
        assert!(!Packets::Opus.blank(&mut packet));
        let mut plain = [&[0x00][..], SECRET].concat();
        assert!(!Packets::Opus.blank(&mut plain), "sound");
        assert_eq!(
            opus_padding(&[3, 0x41, 255, 2]),
            None,
            "longer than the packet"
        );
    }

    #[test]
    fn what_follows_a_frame_of_mp3_is_emptied() {
        // MPEG-1, 128 kbit a second, 44.1 kHz: 417 bytes; MPEG-2, 64 kbit, 22.05 kHz: 208.
        for (head, length) in [([0xff, 0xfb, 0x90, 0], 417), ([0xff, 0xf3, 0x80, 0], 208)] {
            let mut frame = head.to_vec();
            frame.resize(length, 0x55);
            let mut packet = [&frame[..], SECRET].concat();
            assert!(Packets::Mp3.blank(&mut packet));
            assert_eq!(packet, [&frame[..], &[0; SECRET.len()]].concat());
            let mut packet = [SECRET, &frame[..]].concat();
            assert!(Packets::Mp3.blank(&mut packet));
            assert_eq!(packet, [&[0; SECRET.len()], &frame[..]].concat());
            assert!(!Packets::Mp3.blank(&mut frame));
        }
        assert_eq!(mp3_length(b"\xff\xfb\x00\0"), None, "of a free rate");
    }

    #[test]
    fn data_before_the_sound_of_aac_is_emptied() {
        let put = |bits: &mut Vec<u8>, count: usize, value: u32| {
            bits.extend((0..count).rev().map(|i| (value >> i & 1) as u8));
        };
        let packed = |bits: &[u8]| -> Vec<u8> {
            let byte = |b: &[u8]| b.iter().enumerate().fold(0, |n, (i, b)| n | b << (7 - i));
            bits.chunks(8).map(byte).collect()
        };
        for (id, aligned) in [(DATA, 0), (DATA, 1), (FILL, 0)] {
            let mut all = Vec::new();
            put(&mut all, 3, id);
            match id {
                DATA => {
                    put(&mut all, 4, 0);
                    put(&mut all, 1, aligned);
                    put(&mut all, 8, SECRET.len() as u32);
                    while aligned == 1 && all.len() % 8 > 0 {
                        all.push(0);
                    }
                }
                _ => {
                    put(&mut all, 4, SECRET.len() as u32 + 1);
                    put(&mut all, 8, 0x10);
                }
            }
            SECRET.iter().for_each(|b| put(&mut all, 8, (*b).into()));
            let sound = all.len();
            put(&mut all, 3, 1);
            (0..40).for_each(|i| put(&mut all, 8, i * 5));
            let mut packet = packed(&all);
            let before = packet.clone();
            assert!(tells(&packet));
            assert!(Packets::Aac.blank(&mut packet), "{id}, {aligned}");
            assert!(!tells(&packet));
            let is_same = |bit: usize| bits(&packet, bit, 1) == bits(&before, bit, 1);
            assert!((sound..all.len()).all(is_same), "the sound is another one");
            assert!(!Packets::Aac.blank(&mut packet), "once more");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_keep_their_length(bytes: Vec<u8>) {
            for kind in [Packets::Aac, Packets::Mp3, Packets::Opus] {
                let mut packet = bytes.clone();
                let _ = kind.blank(&mut packet);
                prop_assert_eq!(packet.len(), bytes.len());
            }
        }
    }
}
