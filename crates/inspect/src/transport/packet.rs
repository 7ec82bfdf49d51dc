//! Packets of a transport stream (ISO/IEC 13818-1, 2.4.3): what lies in front of their payload, and
//! what should be stuffing.

use super::super::bytes::{part, rest, says_something};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};

/// What a packet holds besides its payload, added up over all packets.
#[derive(Default)]
pub(super) struct Extras {
    /// Private data in adaptation fields.
    private: u64,
    /// Stuffing that is not filled as the standard says.
    stuffing: u64,
    /// Null packets that hold something.
    null: u64,
}

impl Extras {
    /// The payload of a packet.
    pub(super) fn payload<'a>(&mut self, packet: &'a [u8]) -> &'a [u8] {
        let control = packet.get(3).copied().unwrap_or(0) >> 4 & 3;
        let mut at = 4;
        if control & 2 != 0 {
            let length = usize::from(packet.get(4).copied().unwrap_or(0));
            self.adaptation(part(packet, 5, length).unwrap_or_default());
            at += 1 + length;
        }
        match control & 1 {
            1 => rest(packet, at),
            _ => {
                self.stuff(rest(packet, at));
                &[]
            }
        }
    }

    /// Looks at the payload of a null packet.
    pub(super) fn null(&mut self, payload: &[u8]) {
        if payload.iter().any(|b| !matches!(b, 0 | 0xff)) {
            self.null += payload.len() as u64;
        }
    }

    /// Looks at bytes that should all be 0xff.
    pub(super) fn stuff(&mut self, bytes: &[u8]) {
        let wrong = bytes.iter().filter(|b| !matches!(b, 0 | 0xff)).count();
        self.stuffing += wrong as u64;
    }

    fn adaptation(&mut self, field: &[u8]) {
        let Some(&flags) = field.first() else {
            return;
        };
        // Clock, original clock, countdown to a splice.
        let mut at = 1;
        for (flag, bytes) in [(0x10, 6), (0x08, 6), (0x04, 1)] {
            at += if flags & flag != 0 { bytes } else { 0 };
        }
        for (flag, is_private) in [(2, true), (1, false)] {
            if flags & flag == 0 {
                continue;
            }
            let length = usize::from(field.get(at).copied().unwrap_or(0));
            let body = part(field, at + 1, length).unwrap_or_default();
            if is_private && says_something(body) {
                self.private += length as u64;
            }
            // Rates and times of splicing.
            if !is_private && length > 12 {
                self.stuff(rest(body, 12));
            }
            at += 1 + length;
        }
        self.stuff(rest(field, at));
    }

    /// Names what was found.
    pub(super) fn conclude(&self, out: &mut Inspection) {
        for (bytes, kind, place, what) in [
            (
                self.private,
                Kind::PrivateData,
                "adaptation fields",
                "private data",
            ),
            (self.stuffing, Kind::UnusedBytes, "stuffing", "with content"),
            (self.null, Kind::UnusedBytes, "null packets", "with content"),
        ] {
            if bytes > 0 {
                let finding = Finding::new(kind, place).detail(what);
                out.add(finding.bytes(usize::try_from(bytes).unwrap_or(usize::MAX)));
            }
        }
    }
}
