//! Handler boxes (ISO/IEC 14496-12, 8.4.3): what a track or a list of items is for, and a name that
//! programs sign with.

use super::super::bytes::{part, rest, says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};

/// Names that say what is in a track, not who wrote it: those of FFmpeg, Apple, Android and
/// libavif.
const USUAL: [&str; 26] = [
    "",
    "VideoHandler",
    "SoundHandler",
    "PictureHandler",
    "SubtitleHandler",
    "DataHandler",
    "TimeCodeHandler",
    "VideoHandle",
    "SoundHandle",
    "MetadHandle",
    "Video",
    "Sound",
    "Core Media Video",
    "Core Media Audio",
    "Core Media Metadata",
    "Core Media Data Handler",
    "Core Media Time Code",
    "Apple Video Media Handler",
    "Apple Sound Media Handler",
    "Apple Alias Data Handler",
    "Apple URL Data Handler",
    "Apple Metadata",
    "AVIF Still Picture",
    "MetaHandle",
    "libavif",
    "libheif",
];

/// Words in the names that programs sign with.
const PROGRAMS: [&str; 9] = [
    "ISO Media",
    "GPAC",
    "ainconcept",
    "Lavf",
    "Google",
    "encoder",
    "Bento",
    "L-SMASH",
    "avif",
];

/// Looks at a `hdlr` box.
pub(super) fn look(body: &[u8], place: &str, out: &mut Inspection) {
    // The maker in four letters, and two numbers of QuickTime.
    let reserved = part(body, 12, 12).unwrap_or_default();
    let maker = part(reserved, 0, 4).unwrap_or_default();
    if says_something(reserved) && maker != b"appl" {
        let finding = Finding::new(Kind::PrivateData, place).bytes(reserved.len());
        out.add(finding.detail(text(reserved)));
    }
    let name = rest(body, 24);
    // QuickTime counts its letters in front.
    let counted = name
        .split_first()
        .filter(|(count, _)| **count > 0 && usize::from(**count) < name.len())
        .and_then(|(count, letters)| letters.split_at_checked(usize::from(*count)));
    let (name, behind) = match counted {
        Some((letters, behind)) if !behind.contains(&0) || behind == [0] => (letters, behind),
        _ => {
            let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
            (&name[..end], rest(name, end + 1))
        }
    };
    let words = text(name);
    if !USUAL.contains(&words.as_str()) {
        let kind = match PROGRAMS.iter().any(|name| words.contains(name)) {
            true => Kind::Software,
            false => Kind::Text,
        };
        let finding = Finding::new(kind, format!("{place}, name")).bytes(name.len());
        out.add(finding.detail(&words));
    }
    if says_something(behind) {
        let finding = Finding::new(Kind::UnusedBytes, place).bytes(behind.len());
        out.add(finding.detail(text(behind)));
    }
}
