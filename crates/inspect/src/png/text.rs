//! The text chunks of a PNG: words, XMP, and whole profiles in hexadecimal digits.

use super::super::bytes::{contains, rest, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::inflate::inflate;
use super::super::{exif, icc, irb, xmp};
use super::inside;

/// A text chunk; `room` is how many bytes all of them may still inflate to.
pub(super) fn words(chunk: &str, data: &[u8], room: &mut usize, out: &mut Inspection) {
    let end = data.iter().position(|&b| b == 0).unwrap_or(data.len());
    let keyword = String::from_utf8_lossy(&data[..end.min(79)]).into_owned();
    let value = rest(data, end + 1);
    let value = match chunk {
        "zTXt" => inflate(rest(value, 1), *room),
        "iTXt" => {
            let packed = value.first() == Some(&1);
            let mut behind = rest(value, 2);
            for _ in 0..2 {
                let end = behind.iter().position(|&b| b == 0).unwrap_or(behind.len());
                behind = rest(behind, end + 1);
            }
            if packed {
                inflate(behind, *room)
            } else {
                behind.to_vec()
            }
        }
        _ => value.to_vec(),
    };
    *room = room.saturating_sub(value.len());
    let place = format!("{chunk} {keyword}");
    if let Some(kind) = keyword.strip_prefix("Raw profile type ") {
        let profile = from_hex(&value);
        match kind.trim() {
            "exif" | "APP1" | "app1" if profile.starts_with(b"Exif\0") => {
                exif::block(&profile, &place, out);
            }
            "xmp" => xmp::packet(&profile, &place, out),
            "iptc" | "8bim" if contains(&profile, b"8BIM") => irb::resources(&profile, &place, out),
            "iptc" => irb::iptc(&profile, &place, out),
            "icc" | "icm" => icc::profile(&profile, &place, out),
            _ => {}
        }
        inside(&profile, &place, out);
        out.add(Finding::new(Kind::PrivateData, place).bytes(value.len()));
        return;
    }
    if keyword == "XML:com.adobe.xmp" || contains(&value[..value.len().min(400)], b"<x:xmpmeta") {
        xmp::packet(&value, &place, out);
        return;
    }
    let kind = match &keyword[..] {
        "Author" | "Artist" => Kind::Author,
        "Copyright" => Kind::Copyright,
        "Software" => Kind::Software,
        "Creation Time" => Kind::Time,
        other if other.starts_with("date:") => Kind::Time,
        _ => Kind::Text,
    };
    out.add(
        Finding::new(kind, place)
            .bytes(value.len())
            .detail(text(&value)),
    );
}

/// ImageMagick's form of a profile: a name and a length in lines of their own, then digits.
fn from_hex(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    let digits = lines.skip(2).flatten();
    let digits: Vec<u8> = digits
        .filter_map(|&b| char::from(b).to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits.chunks_exact(2).map(|d| d[0] << 4 | d[1]).collect()
}
