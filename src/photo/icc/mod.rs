//! Colour profiles, reduced to what colour needs.
//!
//! A profile can carry a monitor's serial number, texts and private data (ICC.1:2022, 9.1, 10). A
//! known space gets a profile of our own. Of another, only the tags that a colour transform reads
//! are taken over, of each the bytes that its type claims; the header's device and date fields are
//! cleared and the two texts that the standard demands are written anew.

mod known;
mod tags;

use super::notes::Notes;
#[cfg(feature = "jxl")]
use super::raster::{Model, Raster, Samples};
use crate::content::ContentKind;
use moxcms::ColorProfile;
#[cfg(feature = "jxl")]
use moxcms::{Layout, TransformOptions};

/// Larger profiles are not kept: the largest press profiles are about 3 MB.
const MOST_BYTES: usize = 4 << 20;
/// The only illuminant that profiles have, as three numbers with 16 fractional bits (ICC.1:2022,
/// 7.2.16).
const D50: [u8; 12] = [0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d];
/// More tags than any real profile has.
const MOST_TAGS: usize = 100;

/// A profile that holds colour and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile(Vec<u8>);

impl Profile {
    /// Reduces the profile that a file carried, and notes whether it is kept. One that is damaged
    /// or too large is dropped, with a warning, since colours may change.
    pub(super) fn take(source: &[u8], notes: &mut Notes) -> Option<Self> {
        let profile = reduced(source);
        if profile.is_some() {
            notes.keep(ContentKind::Icc);
        } else {
            notes.drop(ContentKind::Icc);
            notes.warn(
                "the colour profile could not be read and was dropped: colours may look different",
            );
        }
        profile
    }

    /// A profile of our own for code points of ITU-T H.273, where that is not sRGB, which needs
    /// none, nor brighter than white.
    pub(super) fn of_code_points(primaries: u16, transfer: u16) -> Option<Self> {
        let usual = matches!(transfer, 1 | 2 | 6 | 13 | 14 | 15);
        let profile = match (primaries, transfer) {
            (12, _) if usual => ColorProfile::new_display_p3(),
            (9, _) if usual => ColorProfile::new_bt2020(),
            (11, _) if usual => ColorProfile::new_dci_p3(),
            _ => return None,
        };
        stripped(&profile.encode().ok()?)
    }

    /// AdobeRGB (1998), which cameras name by a flag.
    pub(super) fn adobe_rgb() -> Option<Self> {
        stripped(&ColorProfile::new_adobe_rgb().encode().ok()?)
    }

    /// Whether it is our own of sRGB.
    #[cfg(feature = "jxl")]
    pub(super) fn is_srgb(&self) -> bool {
        let ours = ColorProfile::new_srgb().encode().ok();
        ours.and_then(|ours| stripped(&ours)).as_ref() == Some(self)
    }

    /// The same colours as sRGB shows them, as far as it has them.
    #[cfg(feature = "jxl")]
    pub(super) fn to_srgb(&self, raster: &Raster) -> Option<Raster> {
        let source = ColorProfile::new_from_slice(&self.0).ok()?;
        let target = ColorProfile::new_srgb();
        let layout = match raster.model() {
            Model::Rgb => Layout::Rgb,
            Model::Rgba => Layout::Rgba,
            _ => return None,
        };
        let options = TransformOptions::default();
        let samples = match raster.samples() {
            Samples::U8(v) => {
                let job = source.create_transform_8bit(layout, &target, layout, options);
                let mut out = vec![0; v.len()];
                job.ok()?.transform(v, &mut out).ok()?;
                Samples::U8(out)
            }
            Samples::U16(v) => {
                let job = source.create_transform_16bit(layout, &target, layout, options);
                let mut out = vec![0; v.len()];
                job.ok()?.transform(v, &mut out).ok()?;
                Samples::U16(out)
            }
        };
        Raster::new(raster.size(), raster.model(), samples).ok()
    }

    /// Whether it is one for grey pixels (ICC.1:2022, 7.2.6).
    pub(super) fn is_for_grey(&self) -> bool {
        self.0.get(16..20) == Some(b"GRAY")
    }

    /// Whether it is one for inks.
    pub(super) fn is_for_inks(&self) -> bool {
        self.0.get(16..20) == Some(b"CMYK")
    }

    /// The bytes to embed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn reduced(source: &[u8]) -> Option<Profile> {
    if source.len() > MOST_BYTES {
        return None;
    }
    let parsed = ColorProfile::new_from_slice(source).ok()?;
    match known::replacement(&parsed).and_then(|ours| ours.encode().ok()) {
        Some(ours) => stripped(&ours),
        None => stripped(source),
    }
}

/// A profile with its colour tags only.
fn stripped(source: &[u8]) -> Option<Profile> {
    let mut header: [u8; 128] = source.get(..128)?.try_into().ok()?;
    let count = number(source, 128)?;
    if count > MOST_TAGS {
        return None;
    }
    let mut tags: Vec<([u8; 4], Vec<u8>)> = Vec::new();
    for entry in source.get(132..132 + count * 12)?.chunks_exact(12) {
        let name: [u8; 4] = entry.get(..4)?.try_into().ok()?;
        if tags::is_for_colour(name) && tags.iter().all(|(other, _)| *other != name) {
            let (at, length) = (number(entry, 4)?, number(entry, 8)?);
            let data = source.get(at..at.checked_add(length)?)?;
            tags.extend(tags::cleaned(name, data).map(|data| (name, data)));
        }
    }
    if !tells_colour(&header, &tags) {
        return None;
    }
    let version_4 = header[8] >= 4;
    tags.push((*b"desc", description(version_4)));
    tags.push((*b"cprt", copyright(version_4)));
    clear(&mut header);
    let profile = Profile(assemble(&header, &tags));
    // What was cut out of a damaged profile may not be one: a reader must be able to use it.
    ColorProfile::new_from_slice(&profile.0).ok()?;
    Some(profile)
}

/// Whether the tags tell the colours of the header's space: by a table, or by the primaries and
/// curves of a display (ICC.1:2022, chapter 8).
fn tells_colour(header: &[u8; 128], tags: &[([u8; 4], Vec<u8>)]) -> bool {
    let has = |name: &[u8; 4]| tags.iter().any(|(other, _)| other == name);
    let all = |names: &[&[u8; 4]]| names.iter().all(|name| has(name));
    has(b"A2B0")
        || has(b"A2B1")
        || has(b"A2B2")
        || match &header[16..20] {
            b"RGB " => all(&[b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"]),
            b"GRAY" => has(b"kTRC"),
            _ => false,
        }
}

/// Header fields (ICC.1:2022, 7.2) that say who made the profile, when and for which device, and
/// those for which there is one value only.
fn clear(header: &mut [u8; 128]) {
    header[4..8].fill(0); // preferred engine
    header[10..12].fill(0); // reserved
    header[24..36].copy_from_slice(&[0x07, 0xd0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]); // 2000-01-01
    header[40..44].fill(0); // platform
    header[44..64].fill(0); // flags, manufacturer, model, attributes
    if header[64..67] != [0; 3] || header[67] > 3 {
        header[64..68].fill(0); // an unknown intent becomes the perceptual one
    }
    header[68..80].copy_from_slice(&D50);
    header[80..].fill(0); // creator, checksum, reserved
}

fn assemble(header: &[u8; 128], tags: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut out = header.to_vec();
    out.extend((tags.len() as u32).to_be_bytes());
    let mut body: Vec<u8> = Vec::new();
    let body_at = 132 + tags.len() * 12;
    let mut places: Vec<(usize, &[u8])> = Vec::new();
    for (name, data) in tags {
        // The three curves of a display profile are usually one: stored once.
        let known = places.iter().find(|(_, other)| other == data).map(|p| p.0);
        let at = known.unwrap_or_else(|| {
            body.resize(body.len().next_multiple_of(4), 0);
            let at = body_at + body.len();
            body.extend(data);
            places.push((at, data));
            at
        });
        out.extend(name);
        out.extend((at as u32).to_be_bytes());
        out.extend((data.len() as u32).to_be_bytes());
    }
    body.resize(body.len().next_multiple_of(4), 0);
    out.extend(body);
    let length = (out.len() as u32).to_be_bytes();
    out[..4].copy_from_slice(&length);
    out
}

const NAME: &str = "Colour profile";
const RIGHTS: &str = "No copyright";

fn description(version_4: bool) -> Vec<u8> {
    if version_4 {
        return unicode(NAME);
    }
    // Version 2's description: ASCII, then empty Unicode and Macintosh parts.
    let mut out = b"desc\0\0\0\0".to_vec();
    out.extend((NAME.len() as u32 + 1).to_be_bytes());
    out.extend(NAME.as_bytes());
    out.resize(out.len() + 1 + 4 + 4 + 2 + 1 + 67, 0);
    out
}

fn copyright(version_4: bool) -> Vec<u8> {
    if version_4 {
        return unicode(RIGHTS);
    }
    let mut out = b"text\0\0\0\0".to_vec();
    out.extend(RIGHTS.as_bytes());
    out.push(0);
    out
}

/// A text in one language, ICC.1:2022, 10.15.
fn unicode(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut out = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    out.extend((utf16.len() as u32).to_be_bytes());
    out.extend(28u32.to_be_bytes());
    out.extend(utf16);
    out
}

fn number(data: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = data.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::super::notes::contains;
    use super::*;

    /// Adds a tag to a profile's table, as a monitor's maker would.
    fn with_tag(profile: &[u8], name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let header: [u8; 128] = profile[..128].try_into().expect("128");
        let count = number(profile, 128).expect("count");
        let mut tags = Vec::new();
        for entry in profile[132..132 + count * 12].chunks_exact(12) {
            let at = number(entry, 4).expect("offset");
            let length = number(entry, 8).expect("length");
            tags.push((
                entry[..4].try_into().expect("name"),
                profile[at..at + length].to_vec(),
            ));
        }
        tags.push((*name, data.to_vec()));
        assemble(&header, &tags)
    }

    #[test]
    fn colour_stays_and_serial_numbers_go() {
        let mut monitor = ColorProfile::new_srgb();
        monitor.green_colorant.x += 0.02;
        for source in [
            ColorProfile::new_display_p3(),
            ColorProfile::new_srgb(),
            ColorProfile::new_adobe_rgb(),
            ColorProfile::new_gray_with_gamma(2.2),
            monitor,
        ] {
            let bytes = source.encode().expect("encodes");
            let mut bytes = with_tag(&bytes, b"mmod", b"mmod\0\0\0\0SERIAL-4711");
            bytes[48..52].copy_from_slice(b"ACME");
            let mut notes = Notes::default();
            let kept = Profile::take(&bytes, &mut notes).expect("kept");
            assert_eq!(notes.kept, ["icc"]);
            assert!(!contains(kept.bytes(), b"SERIAL"));
            assert!(!contains(kept.bytes(), b"ACME"));
            let a = ColorProfile::new_from_slice(&bytes).expect("source parses");
            let b = ColorProfile::new_from_slice(kept.bytes()).expect("result parses");
            assert_eq!(a.red_colorant, b.red_colorant);
            assert_eq!(a.blue_colorant, b.blue_colorant);
            assert_eq!(format!("{:?}", a.green_trc), format!("{:?}", b.green_trc));
            assert_eq!(format!("{:?}", a.gray_trc), format!("{:?}", b.gray_trc));
            assert_eq!(a.media_white_point, b.media_white_point);
            assert_eq!(a.chromatic_adaptation, b.chromatic_adaptation);
        }
    }

    #[test]
    fn what_is_no_profile_is_dropped_and_said() {
        for source in [&b""[..], b"not a profile", &[0; 400], &[0xff; 200]] {
            let mut notes = Notes::default();
            assert!(Profile::take(source, &mut notes).is_none());
            assert_eq!((notes.dropped.len(), notes.warnings.len()), (1, 1));
        }
    }

    #[test]
    fn what_hides_under_a_colour_tag_s_name_goes_and_the_colour_stays() {
        let mut monitor = ColorProfile::new_srgb();
        monitor.green_colorant.x += 0.02;
        let bytes = monitor.encode().expect("encodes");
        let plain = Profile::take(&bytes, &mut Notes::default());
        assert!(plain.is_some());
        for name in [b"bkpt", b"B2D0", b"B2A2", b"gamt", b"lumi"] {
            for kind in [b"\xff\xd8\xff\xe0", b"text", b"XYZZ"] {
                let hidden = [&kind[..], b"\0\0\0\0 a picture of somebody"].concat();
                let bytes = with_tag(&bytes, name, &hidden);
                // The reader that is asked first may refuse it as a whole.
                if let Some(kept) = Profile::take(&bytes, &mut Notes::default()) {
                    assert_eq!(Some(kept), plain, "{name:?} {kind:?}");
                }
            }
        }
    }

    #[test]
    fn a_profile_that_loses_a_tag_it_needs_is_dropped() {
        let mut monitor = ColorProfile::new_srgb();
        monitor.green_colorant.x += 0.02;
        let bytes = monitor.encode().expect("encodes");
        assert!(stripped(&bytes).is_some());
        let grey = ColorProfile::new_gray_with_gamma(2.2).encode();
        let grey = grey.expect("encodes");
        assert!(stripped(&grey).is_some());
        for (bytes, name) in [(&bytes, b"rTRC"), (&bytes, b"bXYZ"), (&grey, b"kTRC")] {
            let mut bytes = bytes.clone();
            let at = bytes.windows(4).position(|w| w == name).expect("a tag");
            bytes[at..at + 4].copy_from_slice(b"mmod");
            assert!(stripped(&bytes).is_none());
        }
    }

    #[test]
    fn the_header_has_no_room_for_words() {
        let mut bytes = ColorProfile::new_gray_with_gamma(2.2)
            .encode()
            .expect("encodes");
        let plain = stripped(&bytes).expect("kept");
        bytes[10..12].copy_from_slice(b"ab");
        bytes[64..128].fill(b'x');
        assert_eq!(stripped(&bytes), Some(plain));
    }
}
