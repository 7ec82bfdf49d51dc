//! The streams inside of a transport stream: heads of their packets (ISO/IEC 13818-1, 2.4.3.6), and
//! what lies between pictures and sound.

use super::super::bytes::{find, part, rest, says_something, text};
use super::super::coded::{aac, mp3, nal};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::packet::Extras;

/// Bytes of a unit that is no picture, or of sound that waits for the rest of its frame.
const MOST_HELD: usize = 1 << 20;

/// How a stream is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Units(nal::Coding),
    /// MPEG-1 and MPEG-2.
    Mpeg,
    Adts,
    Mp3,
    Other,
}

impl Coding {
    /// By the kind in a program's table.
    pub(super) fn new(kind: u8) -> Self {
        match kind {
            0x01 | 0x02 => Self::Mpeg,
            0x1b => Self::Units(nal::Coding::Avc),
            0x24 => Self::Units(nal::Coding::Hevc),
            0x0f => Self::Adts,
            0x03 | 0x04 => Self::Mp3,
            _ => Self::Other,
        }
    }
}

/// One stream.
pub(super) struct Elementary {
    coding: Coding,
    /// The unit or frame that is not whole yet, from its start code on.
    held: Vec<u8>,
    /// Whether the present unit is stepped over.
    is_skipped: bool,
    /// The last bytes of what was stepped over: a start code may be cut.
    last: u32,
    sound: mp3::Stream,
    /// Whether a frame of sound was found.
    has_begun: bool,
    private: u64,
}

impl Elementary {
    pub(super) fn new(coding: Coding) -> Self {
        Self {
            coding,
            held: Vec::new(),
            is_skipped: true,
            last: u32::MAX,
            sound: mp3::Stream::default(),
            has_begun: false,
            private: 0,
        }
    }

    /// Takes the payload of a packet; one that `starts` begins with a head.
    pub(super) fn push(
        &mut self,
        payload: &[u8],
        starts: bool,
        extras: &mut Extras,
        out: &mut Inspection,
    ) {
        let data = match starts {
            true => self.head(payload, extras),
            false => payload,
        };
        match self.coding {
            Coding::Units(_) | Coding::Mpeg => self.units(data, out),
            Coding::Adts => self.adts(data, out),
            Coding::Mp3 => self.mp3(data, out),
            Coding::Other => {}
        }
    }

    /// What is behind the head of a packet.
    fn head<'a>(&mut self, payload: &'a [u8], extras: &mut Extras) -> &'a [u8] {
        if !payload.starts_with(&[0, 0, 1]) || payload.len() < 9 {
            return payload;
        }
        let length = usize::from(payload[8]);
        let fields = part(payload, 9, length).unwrap_or_default();
        let flags = payload[7];
        let mut at = match flags >> 6 {
            2 => 5,
            3 => 10,
            _ => 0,
        };
        for (flag, bytes) in [(0x20, 6), (0x10, 3), (0x08, 1), (0x04, 1), (0x02, 2)] {
            at += if flags & flag != 0 { bytes } else { 0 };
        }
        if flags & 1 != 0 {
            let more = fields.get(at).copied().unwrap_or(0);
            at += 1;
            if more & 0x80 != 0 {
                self.private +=
                    u64::from(says_something(part(fields, at, 16).unwrap_or_default())) * 16;
                at += 16;
            }
            if more & 0x40 != 0 {
                at += 1 + usize::from(fields.get(at).copied().unwrap_or(0));
            }
            at += if more & 0x20 != 0 { 2 } else { 0 };
            at += if more & 0x10 != 0 { 2 } else { 0 };
            if more & 1 != 0 {
                at += 1 + usize::from(fields.get(at).copied().unwrap_or(0) & 0x7f);
            }
        }
        extras.stuff(rest(fields, at));
        rest(payload, 9 + length)
    }

    /// Looks for units behind start codes; those of pictures are stepped over.
    fn units(&mut self, mut data: &[u8], out: &mut Inspection) {
        // A start code that was cut.
        while let Some((&byte, after)) = data.split_first()
            && self.is_skipped
            && (self.last & 0xff == 0 || self.last & 0xff_ffff == 1)
        {
            self.byte(byte);
            data = after;
        }
        while !data.is_empty() {
            if self.is_skipped {
                match find(data, &[0, 0, 1]) {
                    Some(at) if at + 3 < data.len() => {
                        self.last = 1;
                        self.byte(data[at + 3]);
                        data = rest(data, at + 4);
                    }
                    _ => {
                        for &byte in rest(data, data.len().saturating_sub(3)) {
                            self.last = self.last << 8 | u32::from(byte);
                        }
                        return;
                    }
                }
                continue;
            }
            // Held bytes may end in a part of a start code.
            let kept = self.held.len();
            let from = kept.saturating_sub(2);
            let room = MOST_HELD.saturating_sub(kept);
            self.held.extend(&data[..data.len().min(room)]);
            match find(rest(&self.held, from), &[0, 0, 1]) {
                Some(at) => {
                    let end = from + at;
                    let behind = (end + 3).saturating_sub(kept);
                    self.held.truncate(end);
                    self.finish(out);
                    self.is_skipped = true;
                    self.last = 1;
                    data = rest(data, behind);
                    if let Some((&byte, after)) = data.split_first() {
                        self.byte(byte);
                        data = after;
                    }
                }
                None if room == 0 => {
                    self.finish(out);
                    self.is_skipped = true;
                    self.last = u32::MAX;
                }
                None => return,
            }
        }
    }

    /// A byte of what is stepped over; behind a start code it says what begins.
    fn byte(&mut self, byte: u8) {
        if self.last & 0xff_ffff == 1 {
            self.held.clear();
            self.is_skipped = match self.coding {
                Coding::Units(coding) => coding.unit([byte, 1]).is_picture(),
                // User data; others are parts of pictures and headers.
                _ => byte != 0xb2,
            };
            if !self.is_skipped {
                self.held.push(byte);
            }
            self.last = u32::MAX;
        } else {
            self.last = self.last << 8 | u32::from(byte);
        }
    }

    /// Looks at the unit that is held.
    fn finish(&mut self, out: &mut Inspection) {
        // Zeros may follow a unit.
        let end = self
            .held
            .iter()
            .rposition(|b| *b != 0)
            .map_or(0, |last| last + 1);
        let unit = &self.held[..end];
        match self.coding {
            Coding::Units(coding) => nal::look(coding, unit, "", out),
            _ => user_data(rest(unit, 1), out),
        }
        self.held.clear();
    }

    fn adts(&mut self, data: &[u8], out: &mut Inspection) {
        self.held.extend(data);
        let (mut at, mut stray) = (0, 0);
        while let Some(head) = part(&self.held, at, 7) {
            let length = usize::from(head[3] & 3) << 11
                | usize::from(head[4]) << 3
                | usize::from(head[5]) >> 5;
            let begin = if head[1] & 1 == 0 { 9 } else { 7 };
            if head[0] != 0xff || head[1] & 0xf6 != 0xf0 || length < begin {
                // What comes before the first frame may be the end of one that was cut.
                stray += usize::from(self.has_begun && head[0] != 0);
                at += 1;
                continue;
            }
            let Some(frame) = part(&self.held, at, length) else {
                break;
            };
            // Several blocks have no lengths of their own.
            self.has_begun = true;
            if let Some(config) = aac::Config::adts(frame).filter(|_| frame[6] & 3 == 0) {
                aac::packet(&config, rest(frame, begin), out);
            }
            at += length;
        }
        self.held.drain(..at);
        self.stray(stray, out);
    }

    fn mp3(&mut self, data: &[u8], out: &mut Inspection) {
        self.held.extend(data);
        let end = mp3::whole(&self.held);
        if end > 0 {
            self.sound.packet(&self.held[..end], out);
            self.held.drain(..end);
        }
        if self.held.len() > MOST_HELD {
            self.held.clear();
        }
    }

    fn stray(&self, bytes: usize, out: &mut Inspection) {
        if bytes > 0 {
            let finding = Finding::new(Kind::SoundData, "").bytes(bytes);
            out.add(finding.detail("bytes between frames of sound"));
        }
    }

    /// Names what its last packets hold.
    pub(super) fn conclude(&mut self, out: &mut Inspection) {
        if matches!(self.coding, Coding::Units(_) | Coding::Mpeg) && !self.is_skipped {
            self.finish(out);
        }
        if self.private > 0 {
            let finding = Finding::new(Kind::PrivateData, "heads of packets");
            out.add(finding.bytes(usize::try_from(self.private).unwrap_or(usize::MAX)));
        }
    }
}

/// User data of MPEG-1 and MPEG-2 (ISO/IEC 13818-2, 6.3.4.1).
fn user_data(data: &[u8], out: &mut Inspection) {
    if !says_something(data) {
        return;
    }
    let (kind, words) = match data {
        [b'G', b'A', b'9', b'4', 3, ..] => (Kind::Text, "captions".to_owned()),
        // Active format description, and bars.
        [b'D', b'T', b'G', b'1', _, _] | [b'G', b'A', b'9', b'4', 6, ..] => return,
        _ if find(data, b"Lavc").is_some() => (Kind::Software, text(data)),
        _ => (Kind::PrivateData, "user data".to_owned()),
    };
    out.add(Finding::new(kind, "").bytes(data.len()).detail(words));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(coding: Coding, pieces: &[&[u8]]) -> Vec<(Kind, String)> {
        let (mut out, mut extras) = (Inspection::default(), Extras::default());
        let mut stream = Elementary::new(coding);
        for piece in pieces {
            stream.push(piece, false, &mut extras, &mut out);
        }
        stream.conclude(&mut out);
        out.findings
            .into_iter()
            .map(|f| (f.kind, f.detail))
            .collect()
    }

    #[test]
    fn units_are_found_however_packets_cut_them() {
        let data = b"\0\0\0\x01\x67xy\0\0\x01\x65pic\0\0\x01\x06\x05\x15iiiiiiiiiiiiiiiiAlice\x80\0\0\x01\x41z";
        let avc = Coding::Units(nal::Coding::Avc);
        let alice = [(Kind::PrivateData, "Alice".to_owned())];
        assert_eq!(found(avc, &[data]), alice);
        for cut in 1..data.len() {
            assert_eq!(found(avc, &[&data[..cut], &data[cut..]]), alice, "{cut}");
        }
        let single: Vec<&[u8]> = data.chunks(1).collect();
        assert_eq!(found(avc, &single), alice);
        assert_eq!(found(avc, &[&data[..data.len() - 5]]), alice);
        assert_eq!(
            found(
                Coding::Mpeg,
                &[b"\0\0\x01\xb3head\0\0\x01\xb2Alice\0\0\x01\0"]
            )
            .len(),
            1
        );
    }

    #[test]
    fn sound_frames_are_found_however_packets_cut_them() {
        // A frame of 9 bytes: its head, and an end mark.
        let frame = [0xff, 0xf1, 0x50, 0x40, 0x01, 0x3f, 0xfc, 0xe0, 0];
        let all = [&frame[..], &frame, b"Alice", &frame].concat();
        for cut in 0..all.len() {
            let found = found(Coding::Adts, &[&all[..cut], &all[cut..]]);
            assert!(found.iter().all(|f| f.0 == Kind::SoundData), "{cut}");
            assert!(!found.is_empty(), "{cut}");
        }
        assert_eq!(found(Coding::Adts, &[&frame, &frame]), []);
    }
}
