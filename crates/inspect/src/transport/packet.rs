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

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(extras: &Extras) -> Vec<(Kind, Option<u64>)> {
        let mut out = Inspection::default();
        extras.conclude(&mut out);
        let found = out.findings.into_iter();
        found.map(|f| (f.kind, f.bytes)).collect()
    }

    #[test]
    fn private_data_stuffing_and_null_packets_are_named() {
        let mut extras = Extras::default();
        extras.null(&[0xff; 184]);
        // A clock, and stuffing.
        let plain = b"\x47\0\x01\x30\x09\x10clock!\xff\xffpayload";
        assert_eq!(extras.payload(plain), b"payload");
        assert_eq!(extras.payload(b"\x47\0\x01\x10payload"), b"payload");
        assert_eq!(kinds(&extras), []);
        extras.null(b"Alice");
        assert_eq!(kinds(&extras), [(Kind::UnusedBytes, Some(5))]);
        let mut extras = Extras::default();
        let private = b"\x47\0\x01\x30\x07\x02\x05Alicepayload";
        assert_eq!(extras.payload(private), b"payload");
        assert_eq!(kinds(&extras), [(Kind::PrivateData, Some(5))]);
        let mut extras = Extras::default();
        // Nothing but an adaptation field.
        assert_eq!(extras.payload(b"\x47\0\x01\x20\x04\0Bob\xff"), b"");
        assert_eq!(kinds(&extras), [(Kind::UnusedBytes, Some(3))]);
        assert_eq!(extras.payload(b"\x47\0\x01\x30\xff"), b"");
    }
}
