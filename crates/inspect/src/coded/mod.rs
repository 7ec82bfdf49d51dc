//! What streams of coded pictures and sound hold besides pictures and sound: units and elements
//! that decoders pass over. The same for all containers.
//!
//! Invariant: every function is bounded by the length of the bytes that it is given.

pub(super) mod aac;
pub(super) mod mp3;
pub(super) mod nal;
pub(super) mod obu;
pub(super) mod opus;

use super::finding::Inspection;

/// How the packets of a track are coded.
pub(super) enum Codec {
    /// Units behind lengths of so many bytes.
    Units(nal::Coding, usize),
    Av1,
    Aac(aac::Config),
    Mp3(mp3::Stream),
    Opus,
    /// Nothing is known about what may hide in a packet.
    Other,
}

impl Codec {
    /// From the header of an MPEG-4 sound decoder.
    pub(super) fn aac(specific: &[u8]) -> Self {
        aac::Config::new(specific).map_or(Self::Other, Self::Aac)
    }

    /// Looks at a whole packet.
    pub(super) fn packet(&mut self, data: &[u8], out: &mut Inspection) {
        match self {
            Self::Units(coding, width) => nal::sample(*coding, *width, data, "", out),
            Self::Av1 => {
                obu::look(data, "", out);
            }
            Self::Aac(config) => aac::packet(config, data, out),
            Self::Mp3(stream) => stream.packet(data, out),
            Self::Opus => opus::packet(data, out),
            Self::Other => {}
        }
    }
}

/// What an inspection carries if an encoder's name is in packets of sound.
const SIGNED: &str = "sound-encoder";

/// Whether bytes are nothing but an encoder's name and version, as FFmpeg and LAME sign packets of
/// sound, and what fills them up: zeros, or one bit after another.
fn is_signature(bytes: &[u8]) -> bool {
    const NAMES: [&[u8]; 3] = [b"Lavc", b"Lavf", b"LAME"];
    const LONGEST_VERSION: usize = 12;
    let is_filling = |b: &u8| matches!(b, 0 | 0x55 | 0xaa);
    let end = bytes.iter().rposition(|b| !is_filling(b));
    let words = &bytes[..end.map_or(0, |last| last + 1)];
    let version = NAMES.iter().find_map(|name| words.strip_prefix(*name));
    version.is_some_and(|version| {
        let is_part = |b: &u8| b.is_ascii_digit() || b".abr".contains(b);
        version.len() <= LONGEST_VERSION && version.iter().all(is_part)
    })
}
