//! Packets of Opus (RFC 6716, 3.2): padding, which decoders pass over.

use super::super::bytes::says_something;
use super::super::finding::{Finding, FindingKind as Kind, Inspection};

/// Looks at a packet.
pub(in super::super) fn packet(data: &[u8], out: &mut Inspection) {
    // Only packets of any number of frames have padding.
    let (Some(&[head, count]), true) = (data.first_chunk::<2>(), data.len() > 2) else {
        return;
    };
    if head & 3 != 3 || count & 0x40 == 0 {
        return;
    }
    let (mut at, mut padding) = (2, 0usize);
    while let Some(&byte) = data.get(at) {
        at += 1;
        match byte {
            255 => padding += 254,
            last => {
                padding += usize::from(last);
                break;
            }
        }
    }
    let begin = data.len().saturating_sub(padding).max(at);
    let padding = data.get(begin..).unwrap_or_default();
    if says_something(padding) {
        let finding = Finding::new(Kind::SoundData, "").bytes(padding.len());
        out.add(finding.detail("padding with content"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_that_says_something_is_named() {
        let found = |data: &[u8]| {
            let mut out = Inspection::default();
            packet(data, &mut out);
            out.findings.len()
        };
        assert_eq!(found(b"\x03\x41\x05soundAlice"), 1);
        assert_eq!(found(b"\x03\x41\x05sound\0\0\0\0\0"), 0);
        assert_eq!(found(b"\x03\x01soundAlice"), 0);
        assert_eq!(found(b"\x00soundAlice"), 0);
        assert_eq!(
            found(b"\x03\x41\xff\xffx") + found(b"\x03\x41") + found(b""),
            0
        );
    }
}
