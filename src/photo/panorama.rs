//! The tags that say how a panorama is projected (Google's Photo Sphere XMP, `GPano`). Without them
//! a viewer shows a panorama as a flat strip, so they are read, checked, and written anew.
//!
//! Invariant: what is written is made of numbers, switches and one fixed word.

use super::Format;
use super::guard::malformed;
use crate::error::Result;
use crate::geometry::{Equirectangular, Size};

const NAMESPACE: &str = "http://ns.google.com/photos/1.0/panorama/";
/// What the segment of a JPEG begins with.
const JPEG_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Most pixels of a side that a tag may speak of.
const MOST_SIDE: u32 = 1 << 20;
/// A panorama whose width is this share of the whole goes all the way round.
const ALL_ROUND: f64 = 0.999;
/// By how much the proportions of the tags and of the picture may differ.
const SAME_SHAPE: f64 = 0.01;

/// Angles in degrees, with their bounds.
const ANGLES: [(&str, f64, f64); 7] = [
    ("PoseHeadingDegrees", 0.0, 360.0),
    ("PosePitchDegrees", -90.0, 90.0),
    ("PoseRollDegrees", -180.0, 180.0),
    ("InitialViewHeadingDegrees", 0.0, 360.0),
    ("InitialViewPitchDegrees", -90.0, 90.0),
    ("InitialViewRollDegrees", -180.0, 180.0),
    ("InitialHorizontalFOVDegrees", 0.0, 360.0),
];
/// The first of them is where the camera looked: it goes with the position.
const HEADING: usize = 0;

/// Which part of a sphere a picture shows, in pixels of the whole sphere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    full: Size,
    size: Size,
    left: u32,
    top: u32,
}

/// The projection of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panorama {
    /// `None`: the source does not say.
    part: Option<Part>,
    viewer: Option<bool>,
    angles: [Option<f64>; ANGLES.len()],
}

impl Panorama {
    /// Reads a packet; `None` unless it says that the picture is equirectangular.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(packet);
        let value = |name: &str| value(&text, name);
        if value("ProjectionType")? != "equirectangular" {
            return None;
        }
        let pixels = |name: &str| {
            let number = value(name)?.parse::<u32>().ok();
            number.filter(|v| *v <= MOST_SIDE)
        };
        let size = |width: &str, height: &str| Some(Size::new(pixels(width)?, pixels(height)?));
        let whole = size("FullPanoWidthPixels", "FullPanoHeightPixels");
        let shown = size(
            "CroppedAreaImageWidthPixels",
            "CroppedAreaImageHeightPixels",
        );
        let part = whole.zip(shown).map(|(full, size)| Part {
            full,
            size,
            left: pixels("CroppedAreaLeftPixels").unwrap_or(0),
            top: pixels("CroppedAreaTopPixels").unwrap_or(0),
        });
        let angle = |(name, least, most): (&str, f64, f64)| {
            let degrees: f64 = value(name)?.parse().ok()?;
            (least..=most)
                .contains(&degrees)
                .then(|| (degrees * 100.0).round() / 100.0)
        };
        Some(Self {
            part: part.filter(Part::is_possible),
            viewer: value("UsePanoramaViewer").map(|v| !v.eq_ignore_ascii_case("false")),
            angles: ANGLES.map(angle),
        })
    }

    /// Leaves out where the camera looked.
    pub(super) fn without_heading(mut self) -> Self {
        self.angles[HEADING] = None;
        self
    }

    pub(super) fn has_heading(&self) -> bool {
        self.angles[HEADING].is_some()
    }

    /// Whether the tags can be about a picture of this size.
    pub(super) fn fits(&self, picture: Size) -> bool {
        let shape = |size: Size| f64::from(size.width) / f64::from(size.height.max(1));
        match self.part {
            Some(part) => (shape(part.size) / shape(picture) - 1.0).abs() < SAME_SHAPE,
            None => !picture.is_empty(),
        }
    }

    /// How the pixels of a picture of this size lie, if it goes all the way round.
    pub(super) fn all_round(&self, picture: Size) -> Option<Equirectangular> {
        let Some(part) = self.part else {
            let whole = picture.width == picture.height.saturating_mul(2);
            return whole.then(|| Equirectangular::new(picture));
        };
        let round = f64::from(part.size.width) >= f64::from(part.full.width) * ALL_ROUND;
        (round && self.fits(picture))
            .then(|| Equirectangular::band(picture, part.full.height, part.top, part.size.height))
            .flatten()
    }

    /// A fresh packet.
    fn packet(&self) -> String {
        let mut tags = String::from(" GPano:ProjectionType=\"equirectangular\"");
        let mut tag = |name: &str, value: String| {
            tags.push_str(&format!(" GPano:{name}=\"{value}\""));
        };
        if let Some(viewer) = self.viewer {
            tag(
                "UsePanoramaViewer",
                if viewer { "True" } else { "False" }.into(),
            );
        }
        if let Some(Part {
            full,
            size,
            left,
            top,
        }) = self.part
        {
            for (name, pixels) in [
                ("FullPanoWidthPixels", full.width),
                ("FullPanoHeightPixels", full.height),
                ("CroppedAreaImageWidthPixels", size.width),
                ("CroppedAreaImageHeightPixels", size.height),
                ("CroppedAreaLeftPixels", left),
                ("CroppedAreaTopPixels", top),
            ] {
                tag(name, pixels.to_string());
            }
        }
        for ((name, ..), degrees) in ANGLES.iter().zip(self.angles) {
            if let Some(degrees) = degrees {
                tag(name, degrees.to_string());
            }
        }
        format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
             <rdf:Description rdf:about=\"\" xmlns:GPano=\"{NAMESPACE}\"{tags}/>\
             </rdf:RDF></x:xmpmeta>"
        )
    }

    /// Puts the tags into a file that was just written.
    pub(super) fn put_into(&self, format: Format, file: Vec<u8>) -> Result<Vec<u8>> {
        let packet = self.packet();
        let done = match format {
            Format::Jpeg => into_jpeg(&file, &packet),
            Format::Png => into_png(&file, &packet),
            Format::WebP => into_webp(&file, &packet),
            _ => Some(file),
        };
        done.ok_or_else(|| malformed("there is no place for the panorama's tags"))
    }
}

impl Part {
    fn is_possible(&self) -> bool {
        let end = |from: u32, side: u32| u64::from(from) + u64::from(side);
        !self.size.is_empty()
            && end(self.left, self.size.width) <= u64::from(self.full.width)
            && end(self.top, self.size.height) <= u64::from(self.full.height)
    }
}

/// Whether tags can be written in a format.
pub(super) const fn is_written_in(format: Format) -> bool {
    matches!(format, Format::Jpeg | Format::Png | Format::WebP)
}

/// A property's value, as an attribute or an element.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    property(text, &format!("GPano:{name}"))
}

/// As an XMP packet has it.
pub(super) fn property<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let at = rest.find(word)?;
        let behind = rest[at + word.len()..].trim_start();
        rest = &rest[at + word.len()..];
        let (found, end) = if let Some(element) = behind.strip_prefix('>') {
            (element, '<')
        } else if let Some(attribute) = behind.strip_prefix('=') {
            let quoted = attribute.trim_start();
            match quoted.chars().next() {
                Some(quote @ ('"' | '\'')) => (&quoted[1..], quote),
                _ => continue,
            }
        } else {
            continue;
        };
        return found.split(end).next().map(str::trim);
    }
}

/// Behind the leading JFIF and Exif segments.
fn into_jpeg(file: &[u8], packet: &str) -> Option<Vec<u8>> {
    let mut at = 2;
    while let Some(&[0xff, 0xe0 | 0xe1, high, low]) = file.get(at..at + 4) {
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    let length = u16::try_from(2 + JPEG_HEADER.len() + packet.len()).ok()?;
    let mut segment = vec![0xff, 0xe1];
    segment.extend(length.to_be_bytes());
    segment.extend(JPEG_HEADER);
    segment.extend(packet.bytes());
    Some([file.get(..at)?, &segment, file.get(at..)?].concat())
}

/// Before the picture data.
fn into_png(file: &[u8], packet: &str) -> Option<Vec<u8>> {
    let mut at = 8;
    loop {
        let head = file.get(at..at + 8)?;
        if head.ends_with(b"IDAT") {
            break;
        }
        at += 12 + u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    }
    // Keyword, no compression, no language.
    let mut body = b"iTXtXML:com.adobe.xmp\0\0\0\0\0".to_vec();
    body.extend(packet.bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let mut chunk = (body.len() as u32 - 4).to_be_bytes().to_vec();
    chunk.extend(&body);
    chunk.extend(crc.sum().to_be_bytes());
    Some([file.get(..at)?, &chunk, file.get(at..)?].concat())
}

/// At the end, announced in the extended header.
fn into_webp(file: &[u8], packet: &str) -> Option<Vec<u8>> {
    const XMP: u8 = 0x04;
    let mut out = file.to_vec();
    if out.get(12..16)? != b"VP8X" {
        // Its size is in the bitstream's header (VP8L, the only one that is written): 14 bits each.
        let bits = out.get(21..25).filter(|_| out[12..16] == *b"VP8L")?;
        let bits = u32::from_le_bytes(bits.try_into().ok()?);
        let (width, height) = (bits & 0x3fff, bits >> 14 & 0x3fff);
        let alpha = if bits >> 28 & 1 == 1 { 0x10 } else { 0 };
        let mut head = b"VP8X\x0a\0\0\0".to_vec();
        head.extend([alpha, 0, 0, 0]);
        head.extend(&width.to_le_bytes()[..3]);
        head.extend(&height.to_le_bytes()[..3]);
        out.splice(12..12, head);
    }
    *out.get_mut(20)? |= XMP;
    out.extend(b"XMP ");
    out.extend((packet.len() as u32).to_le_bytes());
    out.extend(packet.bytes());
    if packet.len() % 2 == 1 {
        out.push(0);
    }
    let length = u32::try_from(out.len() - 8).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTRIBUTES: &str = r#"<rdf:Description
        GPano:ProjectionType = "equirectangular" GPano:UsePanoramaViewer="True"
        GPano:FullPanoWidthPixels="2048" GPano:FullPanoHeightPixels="1024"
        GPano:CroppedAreaImageWidthPixels='2048' GPano:CroppedAreaImageHeightPixels="512"
        GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="256"
        GPano:PoseHeadingDegrees="123.4567" GPano:PosePitchDegrees="999" GPano:Evil="x"/>"#;

    #[test]
    fn tags_are_read_checked_and_written_anew() {
        let read = Panorama::read(ATTRIBUTES.as_bytes()).expect("a panorama");
        let again = Panorama::read(read.packet().as_bytes());
        assert_eq!(again.as_ref(), Some(&read));
        assert!(read.packet().contains("PoseHeadingDegrees=\"123.46\""));
        assert!(!read.packet().contains("Evil") && !read.packet().contains("=\"999"));
        assert!(!read.clone().without_heading().has_heading());
        let picture = Size::new(1024, 256);
        let band = read.all_round(picture).expect("goes round");
        let (low, high) = band.latitudes();
        assert!((high.to_degrees() - 45.0).abs() < 0.01 && (low.to_degrees() + 45.0).abs() < 0.01);
        assert!(!read.fits(Size::new(1024, 512)));
    }

    #[test]
    fn elements_are_read_and_other_projections_are_not() {
        let elements = "<GPano:ProjectionType>equirectangular</GPano:ProjectionType>\
            <GPano:UsePanoramaViewer>True</GPano:UsePanoramaViewer>";
        let read = Panorama::read(elements.as_bytes()).expect("a panorama");
        assert!(read.all_round(Size::new(400, 200)).is_some());
        assert!(read.all_round(Size::new(400, 220)).is_none());
        let other = ATTRIBUTES.replace("equirectangular", "cylindrical");
        assert_eq!(Panorama::read(other.as_bytes()), None);
        let part = ATTRIBUTES.replace(
            "CroppedAreaImageWidthPixels='2048'",
            "CroppedAreaImageWidthPixels='700'",
        );
        let read = Panorama::read(part.as_bytes()).expect("a panorama");
        assert!(
            read.all_round(Size::new(700, 512)).is_none(),
            "not all round"
        );
    }
}
