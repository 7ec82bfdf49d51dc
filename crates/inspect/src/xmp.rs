//! XMP packets: searched for words, not parsed, since a packet that is no proper XML still shows a
//! name to whoever looks.

mod projection;

use super::bytes::{contains, find, rest};
use super::embedded;
use super::finding::{Finding, FindingKind as Kind, Inspection};

/// Words that name a thing, with what they stand for.
const WORDS: [(&str, Kind, &str); 52] = [
    ("mwg-rs:Region", Kind::FaceRegion, "MWG regions"),
    ("MP:RegionInfo", Kind::FaceRegion, "Microsoft regions"),
    ("MPRI:Regions", Kind::FaceRegion, "Microsoft regions"),
    ("apple-fi:", Kind::FaceRegion, "Apple face info"),
    (
        "Iptc4xmpExt:ImageRegion",
        Kind::FaceRegion,
        "IPTC image regions",
    ),
    ("Iptc4xmpExt:PersonInImage", Kind::Person, "PersonInImage"),
    ("digiKam:TagsList", Kind::Text, "digiKam tags"),
    ("lr:hierarchicalSubject", Kind::Text, "Lightroom keywords"),
    ("dc:subject", Kind::Text, "subject"),
    ("dc:description", Kind::Text, "description"),
    ("dc:title", Kind::Text, "title"),
    ("photoshop:Headline", Kind::Text, "headline"),
    ("photoshop:CaptionWriter", Kind::Author, "caption writer"),
    ("dc:creator", Kind::Author, "creator"),
    (
        "photoshop:AuthorsPosition",
        Kind::Author,
        "author's position",
    ),
    ("aux:OwnerName", Kind::Author, "owner"),
    ("dc:rights", Kind::Copyright, "rights"),
    ("xmpRights:", Kind::Copyright, "rights"),
    ("photoshop:City", Kind::Gps, "city"),
    ("photoshop:Country", Kind::Gps, "country"),
    ("Iptc4xmpExt:Location", Kind::Gps, "location"),
    ("Iptc4xmpCore:Location", Kind::Gps, "location"),
    ("exif:GPS", Kind::Gps, "coordinates"),
    ("drone-dji:Gps", Kind::Gps, "coordinates"),
    ("SerialNumber", Kind::SerialNumber, "serial number"),
    ("xmpMM:DocumentID", Kind::UniqueId, "document id"),
    ("xmpMM:InstanceID", Kind::UniqueId, "instance id"),
    (
        "xmpMM:OriginalDocumentID",
        Kind::UniqueId,
        "original document id",
    ),
    ("xmpMM:DerivedFrom", Kind::UniqueId, "derived from"),
    ("xmpMM:History", Kind::Software, "edit history"),
    ("xmp:CreatorTool", Kind::Software, "creator tool"),
    ("tiff:Software", Kind::Software, "software"),
    ("crs:", Kind::Software, "Camera Raw settings"),
    ("xmp:CreateDate", Kind::Time, "create date"),
    ("xmp:ModifyDate", Kind::Time, "modify date"),
    ("photoshop:DateCreated", Kind::Time, "date created"),
    ("exif:DateTime", Kind::Time, "date"),
    ("tiff:Make", Kind::Camera, "make"),
    ("tiff:Model", Kind::Camera, "model"),
    ("aux:Lens", Kind::Camera, "lens"),
    ("exif:ExposureTime", Kind::Camera, "exposure"),
    ("hdrgm:", Kind::GainMap, "gain map"),
    ("HDRGainMap", Kind::GainMap, "Apple gain map"),
    ("hdrgainmap", Kind::GainMap, "Apple gain map"),
    ("MotionPhoto", Kind::MotionVideo, "motion photo"),
    ("MicroVideo", Kind::MotionVideo, "micro video"),
    ("GDepth:", Kind::Depth, "depth map"),
    ("GFocus:", Kind::Depth, "focus"),
    ("depthData:", Kind::Depth, "Apple depth data"),
    ("GAudio:", Kind::Sound, "sound"),
    ("GImage:", Kind::Preview, "original picture"),
    ("GPano:", Kind::Camera, "panorama"),
];

/// Whether a file without a container is a packet of its own.
pub(super) fn is_sidecar(file: &[u8]) -> bool {
    let head = &file[..file.len().min(4096)];
    head.trim_ascii_start().starts_with(b"<") || head.starts_with(b"\xef\xbb\xbf<")
}

/// Says what a packet holds. `place` names it. One that holds the projection of a panorama and
/// nothing else hides nothing, but for where the camera looked.
pub(super) fn packet(data: &[u8], place: &str, out: &mut Inspection) {
    if !super::bytes::says_something(data) {
        return;
    }
    if let Some(has_heading) = projection::only(data) {
        if has_heading {
            out.add(Finding::new(Kind::Gps, place).detail("heading"));
        }
        return;
    }
    out.add(Finding::new(Kind::Xmp, place).bytes(data.len()));
    let mut listed: Vec<(Kind, Vec<&str>)> = Vec::new();
    for (word, kind, name) in WORDS {
        if !contains(data, word.as_bytes()) {
            continue;
        }
        match listed.iter_mut().find(|t| t.0 == kind) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => listed.push((kind, vec![name])),
        }
    }
    for (kind, names) in listed {
        out.add(Finding::new(kind, place).detail(names.join(", ")));
    }
    let names: Vec<String> = ["mwg-rs:Name", "MPReg:PersonDisplayName"]
        .iter()
        .flat_map(|word| values(data, word))
        .collect();
    if !names.is_empty() {
        out.add(Finding::new(Kind::Person, place).detail(names.join(", ")));
    }
    for (word, kind) in [
        ("xmpGImg:image", Kind::Thumbnail),
        ("GImage:Data", Kind::Preview),
        ("GDepth:Data", Kind::Depth),
        ("GDepth:Confidence", Kind::Depth),
        ("GAudio:Data", Kind::Sound),
    ] {
        picture(data, word, kind, place, out);
    }
}

/// A picture in base64 behind a word.
fn picture(data: &[u8], word: &str, kind: Kind, place: &str, out: &mut Inspection) {
    let Some(at) = find(data, word.as_bytes()) else {
        return;
    };
    let behind = rest(data, at + word.len());
    let Some(begin) = behind.iter().position(|b| matches!(b, b'"' | b'\'' | b'>')) else {
        return;
    };
    let (bytes, length) = base64(rest(behind, begin + 1));
    let found = embedded::at_start(&bytes);
    if length > 0 {
        let what = found.map_or(word, |f| f.what.name());
        let finding = Finding::new(kind, format!("{place}, {word}")).bytes(length);
        out.add(finding.size(found.and_then(|f| f.size)).detail(what));
    }
}

/// The first 64 KiB of what base64 says, and the length of all of it.
fn base64(text: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let (mut held, mut bits, mut letters) = (0u32, 0, 0usize);
    let mut skip = 0;
    for (i, &c) in text.iter().enumerate() {
        if i < skip {
            continue;
        }
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' | b' ' | b'\t' => continue,
            // A line break as Adobe writes it: `&#xA;`.
            b'&' => {
                skip = i
                    + 1
                    + text
                        .iter()
                        .skip(i)
                        .take(8)
                        .position(|&c| c == b';')
                        .unwrap_or(0);
                continue;
            }
            _ => break,
        };
        letters += 1;
        if bytes.len() < 1 << 16 {
            held = held << 6 | u32::from(value);
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
            }
        }
    }
    (bytes, letters / 4 * 3)
}

/// Values of a property, as attributes or elements, at most eight.
fn values(data: &[u8], word: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(next) = find(rest(data, at), word.as_bytes()) {
        at += next + word.len();
        let behind = rest(data, at);
        let (skip, end) = match behind {
            [b'=', quote @ (b'"' | b'\''), ..] => (2, *quote),
            [b'>', ..] => (1, b'<'),
            _ => continue,
        };
        let value = rest(behind, skip);
        let length = value.iter().take(200).position(|&b| b == end).unwrap_or(0);
        let value = String::from_utf8_lossy(&value[..length]).trim().to_owned();
        if !value.is_empty() && !found.contains(&value) {
            found.push(value);
        }
        if found.len() >= 8 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_attributes_and_as_elements() {
        let packet = b"<a mwg-rs:Name=\"Ann\"/><mwg-rs:Name>Bob</mwg-rs:Name>";
        assert_eq!(values(packet, "mwg-rs:Name"), ["Ann", "Bob"]);
    }

    #[test]
    fn a_thumbnail_in_base64_is_measured() {
        let text = b"/9j/4AAQ&#xA;SkZJRg==";
        let (bytes, length) = base64(text);
        assert_eq!(bytes, b"\xff\xd8\xff\xe0\0\x10JFIF");
        assert_eq!(length, 9);
    }
}
