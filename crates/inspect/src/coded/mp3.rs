//! Frames of MPEG audio, layer III (ISO/IEC 11172-3, 2.4, and 13818-3): bytes between frames, and
//! bits between the sound of one frame and that of the next, which encoders fill up or sign.

use super::super::bits::HighFirst;
use super::super::bytes::{rest, says_something};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{SIGNED, is_signature};

/// Kilobits a second of layer III, version 1 and the later ones.
const RATES: [[usize; 15]; 2] = [
    [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Frames in their order: sound may begin in an earlier one.
#[derive(Default)]
pub(in super::super) struct Stream {
    /// Bytes of main data of the frames so far that are not taken, at most what a later one may
    /// reach.
    reservoir: Vec<u8>,
    /// Whether a frame came before, so that the reservoir is whole.
    has_begun: bool,
    /// Whether any frame was found.
    has_frames: bool,
    /// Whether the stream is of another layer.
    is_other: bool,
}

/// A frame's header.
struct Frame {
    bytes: usize,
    is_first_version: bool,
    channels: usize,
    /// Bytes of header and checksum.
    head: usize,
}

impl Frame {
    /// `None` if there is none, or it is of another layer.
    fn read(data: &[u8]) -> Option<Self> {
        let &[sync, kind, rates, mode] = data.first_chunk::<4>()?;
        if sync != 0xff || kind & 0xe6 != 0xe2 {
            return None;
        }
        let version = kind >> 3 & 3;
        let is_first_version = version == 3;
        let rate = RATES[usize::from(!is_first_version)].get(usize::from(rates >> 4))?;
        let frequency = [44_100, 48_000, 32_000].get(usize::from(rates >> 2 & 3))?;
        let frequency = match version {
            3 => *frequency,
            2 => frequency / 2,
            0 => frequency / 4,
            _ => return None,
        };
        let samples = if is_first_version { 144 } else { 72 };
        let padding = usize::from(rates >> 1 & 1);
        let bytes = samples * rate * 1000 / frequency + padding;
        (*rate > 0).then_some(Self {
            bytes,
            is_first_version,
            channels: if mode >> 6 == 3 { 1 } else { 2 },
            head: if kind & 1 == 0 { 6 } else { 4 },
        })
    }

    fn side(&self) -> usize {
        match (self.is_first_version, self.channels) {
            (true, 1) => 17,
            (true, _) => 32,
            (false, 1) => 9,
            (false, _) => 17,
        }
    }
}

/// How many bytes of a stream hold whole frames, or something else; the rest may be cut.
pub(in super::super) fn whole(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(left) = data.get(at..).filter(|left| left.len() >= 4) {
        match Frame::read(left) {
            Some(frame) if frame.bytes > left.len() => break,
            Some(frame) => at += frame.bytes,
            None => at += 1,
        }
    }
    at
}

/// Whether a packet begins with a frame of another layer, which is not looked into.
fn is_other_layer(data: &[u8]) -> bool {
    matches!(data, [0xff, kind, ..] if kind & 0xe0 == 0xe0 && kind & 6 != 2)
}

impl Stream {
    /// Looks at a packet of one frame or more.
    pub(in super::super) fn packet(&mut self, data: &[u8], out: &mut Inspection) {
        self.is_other |= !self.has_begun && is_other_layer(data);
        if self.is_other {
            return;
        }
        let (mut at, mut stray) = (0, Vec::new());
        while at < data.len() {
            let left = rest(data, at);
            match Frame::read(left).filter(|frame| frame.bytes <= left.len()) {
                Some(frame) => {
                    self.has_frames = true;
                    self.frame(&frame, &left[..frame.bytes], out);
                    at += frame.bytes;
                }
                None => {
                    stray.push(data[at]);
                    at += 1;
                }
            }
        }
        // What comes before the first frame of a stream may be the end of one that was cut.
        if self.has_frames && says_something(&stray) {
            name(&stray, "bytes between frames of sound", out);
        }
    }

    fn frame(&mut self, frame: &Frame, data: &[u8], out: &mut Inspection) {
        let begin = frame.head + frame.side();
        let (Some(side), Some(main)) = (data.get(frame.head..begin), data.get(begin..)) else {
            return;
        };
        // A frame of numbers about the file, in place of sound.
        if [&b"Xing"[..], b"Info"]
            .iter()
            .any(|name| main.starts_with(name))
        {
            return table(main, out);
        }
        let mut b = HighFirst::new(side);
        let back = b.take(if frame.is_first_version { 9 } else { 8 }) as usize;
        b.skip(match (frame.is_first_version, frame.channels) {
            (true, 1) => 5 + 4,
            (true, _) => 3 + 8,
            (false, 1) => 1,
            (false, _) => 2,
        });
        let granules = if frame.is_first_version { 2 } else { 1 };
        let mut sound = 0;
        for _ in 0..granules * frame.channels {
            sound += b.take(12) as usize;
            b.skip(if frame.is_first_version { 47 } else { 51 });
        }
        let Some(unused) = self.reservoir.len().checked_sub(back) else {
            // The beginning was cut off; this frame is not heard.
            self.reservoir.extend(main);
            return;
        };
        // What lies before the sound of this frame belongs to none.
        let ancillary: Vec<u8> = self.reservoir.drain(..unused).collect();
        if std::mem::replace(&mut self.has_begun, true) && says_something(&ancillary) {
            ancillary_data(&ancillary, out);
        }
        self.reservoir.extend(main);
        let taken = sound.div_ceil(8).min(self.reservoir.len());
        self.reservoir.drain(..taken);
    }
}

/// Filling bits that say nothing are all the same, or one bit after another; or an encoder signs.
fn ancillary_data(bytes: &[u8], out: &mut Inspection) {
    let is_flat = bytes.iter().all(|b| matches!(b, 0 | 0xff | 0x55 | 0xaa));
    if bytes.len() > 3 && !is_flat {
        name(bytes, "data beside the sound", out);
    }
}

/// The encoder's table of the first frame: counts, its name and version, and more numbers.
fn table(main: &[u8], out: &mut Inspection) {
    let flags = main.get(7).copied().unwrap_or(0);
    let mut at = 8;
    for (flag, bytes) in [(1, 4), (2, 4), (4, 100), (8, 4)] {
        at += if flags & flag != 0 { bytes } else { 0 };
    }
    let signed = rest(main, at);
    let (words, numbers) = signed.split_at_checked(9).unwrap_or((signed, &[]));
    if says_something(words) {
        name(words, "table of the encoder", out);
    }
    let behind = rest(numbers, 27);
    if says_something(behind) {
        name(behind, "behind the table of the encoder", out);
    }
}

fn name(bytes: &[u8], what: &str, out: &mut Inspection) {
    match is_signature(bytes) {
        true => out.carry(SIGNED),
        false => {
            let finding = Finding::new(Kind::SoundData, "").bytes(bytes.len());
            out.add(finding.detail(what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of 104 bytes, 32 kbit/s and 44.1 kHz, mono, without sound.
    fn frame(main: &[u8]) -> Vec<u8> {
        let mut out = vec![0xff, 0xfb, 0x10, 0xc0];
        out.extend([0; 17]);
        out.extend(main);
        out.resize(104, 0);
        out
    }

    fn found(packets: &[Vec<u8>]) -> (Vec<Kind>, usize) {
        let (mut out, mut stream) = (Inspection::default(), Stream::default());
        for packet in packets {
            stream.packet(packet, &mut out);
        }
        (
            out.findings.iter().map(|f| f.kind).collect(),
            out.carries.len(),
        )
    }

    #[test]
    fn what_lies_between_frames_and_their_sound_is_named() {
        let hides = (vec![Kind::SoundData], 0);
        assert_eq!(found(&[frame(b""), frame(b""), frame(b"")]), (vec![], 0));
        let junk = [frame(b""), b"Alice".to_vec(), frame(b"")].concat();
        assert_eq!(found(&[junk]), hides);
        let inside = |words: &[u8]| found(&[frame(b""), frame(words), frame(b""), frame(b"")]);
        assert_eq!(inside(b"Alice and Bob"), hides);
        assert_eq!(inside(b"LAME and Alice"), hides);
        assert_eq!(inside(b"LAME3.100UUUU"), (vec![], 1));
        assert_eq!(found(&[frame(b"Info\0\0\0\0LAME3.100")]), (vec![], 1));
        assert_eq!(found(&[frame(b"Info\0\0\0\0Alice")]), hides);
        for seed in 0..2000usize {
            let noise: Vec<u8> = (0..90).map(|i| (seed * 131 + i * i * 7) as u8).collect();
            found(&[[&[0xff, 0xfb, 0x10][..], &noise].concat()]);
        }
    }
}
