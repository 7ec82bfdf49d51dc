//! The values that `KeepMetadata` asks for: read from a parsed block, checked one by one, and made
//! anew.
//!
//! Invariant: a number that leaves this file was computed from the source's number, and a text
//! holds printable characters only and has at most [`MOST_TEXT`] of them.

use super::super::keep::KeepMetadata;
use super::super::notes::Notes;
use crate::content::ContentKind;
use exif::{Exif, In, Rational, Tag, Value as Source};

/// Characters of a name or notice.
const MOST_TEXT: usize = 200;

/// A value as EXIF and TIFF know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Value {
    Text(String),
    Byte(u8),
    Bytes([u8; 4]),
    /// Four digits without an end.
    Version([u8; 4]),
    Short(u16),
    Fractions(Vec<(u32, u32)>),
}

/// Bytes of a number in a file's order.
#[derive(Clone, Copy)]
pub(in super::super) struct Order {
    pub(in super::super) short: fn(u16) -> [u8; 2],
    pub(in super::super) long: fn(u32) -> [u8; 4],
}

impl Value {
    /// Type by its number in TIFF 6.
    pub(in super::super) const fn kind(&self) -> u16 {
        match self {
            Self::Byte(_) | Self::Bytes(_) => 1,
            Self::Text(_) => 2,
            Self::Short(_) => 3,
            Self::Fractions(_) => 5,
            Self::Version(_) => 7,
        }
    }

    /// How many there are, and all of them.
    pub(in super::super) fn encode(&self, order: Order) -> (u32, Vec<u8>) {
        match self {
            Self::Byte(v) => (1, vec![*v]),
            Self::Bytes(v) | Self::Version(v) => (4, v.to_vec()),
            Self::Text(text) => {
                let bytes: Vec<u8> = text.bytes().chain([0]).collect();
                (bytes.len() as u32, bytes)
            }
            Self::Short(v) => (1, (order.short)(*v).to_vec()),
            Self::Fractions(list) => {
                let numbers = list.iter().flat_map(|&(above, below)| [above, below]);
                (list.len() as u32, numbers.flat_map(order.long).collect())
            }
        }
    }
}

/// Values with their tags, by directory, each in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Kept {
    pub(in super::super) main: Vec<(u16, Value)>,
    pub(in super::super) exif: Vec<(u16, Value)>,
    pub(in super::super) gps: Vec<(u16, Value)>,
}

impl Kept {
    /// Takes what is wanted and there.
    pub(super) fn read(parsed: &Exif, wanted: KeepMetadata, notes: &mut Notes) -> Self {
        let mut kept = Self::default();
        let source = Fields(parsed);
        for (asked, kind, take) in [
            (
                wanted.time,
                ContentKind::Time,
                Self::time as fn(&mut Self, &Fields<'_>),
            ),
            (wanted.camera, ContentKind::Camera, Self::camera),
            (wanted.gps, ContentKind::Gps, Self::gps),
            (wanted.copyright, ContentKind::Copyright, Self::copyright),
        ] {
            let before = kept.len();
            if asked {
                take(&mut kept, &source);
            }
            if kept.len() > before {
                notes.keep(kind);
            }
        }
        if !kept.exif.is_empty() {
            kept.exif.push((0x9000, Value::Version(*b"0232")));
        }
        for list in [&mut kept.main, &mut kept.exif, &mut kept.gps] {
            list.sort_by_key(|field| field.0);
        }
        kept
    }

    fn len(&self) -> usize {
        self.main.len() + self.exif.len() + self.gps.len()
    }

    fn time(&mut self, source: &Fields<'_>) {
        let moments = [
            (Tag::DateTime, Tag::OffsetTime, Tag::SubSecTime),
            (
                Tag::DateTimeOriginal,
                Tag::OffsetTimeOriginal,
                Tag::SubSecTimeOriginal,
            ),
            (
                Tag::DateTimeDigitized,
                Tag::OffsetTimeDigitized,
                Tag::SubSecTimeDigitized,
            ),
        ];
        for (tag, zone, fraction) in moments {
            let Some(moment) = source.text(tag).and_then(|text| moment(&text)) else {
                continue;
            };
            let list = match tag {
                Tag::DateTime => &mut self.main,
                _ => &mut self.exif,
            };
            list.push((tag.number(), Value::Text(moment)));
            if let Some(offset) = source.text(zone).and_then(|text| offset(&text)) {
                self.exif.push((zone.number(), Value::Text(offset)));
            }
            if let Some(digits) = source.text(fraction).and_then(|text| digits(&text)) {
                self.exif.push((fraction.number(), Value::Text(digits)));
            }
        }
    }

    fn camera(&mut self, source: &Fields<'_>) {
        for tag in [Tag::Make, Tag::Model] {
            let text = source.text(tag);
            self.main
                .extend(text.map(|t| (tag.number(), Value::Text(t))));
        }
        if let Some(lens) = source.text(Tag::LensModel) {
            self.exif.push((Tag::LensModel.number(), Value::Text(lens)));
        }
        for (tag, most) in [
            (Tag::ExposureTime, 86_400.0),
            (Tag::FNumber, 1000.0),
            (Tag::FocalLength, 100_000.0),
        ] {
            let value = source.fractions(tag).and_then(|list| list.first().copied());
            if let Some(value) = value.filter(|v| *v > 0.0 && *v <= most) {
                let fraction = Value::Fractions(vec![fraction(value)]);
                self.exif.push((tag.number(), fraction));
            }
        }
        let tag = Tag::PhotographicSensitivity;
        let number = source.0.get_field(tag, In::PRIMARY);
        let number = number.and_then(|field| field.value.get_uint(0));
        if let Some(number) = number.and_then(|n| u16::try_from(n).ok()) {
            self.exif.push((tag.number(), Value::Short(number)));
        }
    }

    fn gps(&mut self, source: &Fields<'_>) {
        let side = |tag, known: [&str; 2]| source.text(tag).filter(|t| known.contains(&&t[..]));
        let latitude = source.degrees(Tag::GPSLatitude, 90.0);
        let longitude = source.degrees(Tag::GPSLongitude, 180.0);
        let north = side(Tag::GPSLatitudeRef, ["N", "S"]);
        let east = side(Tag::GPSLongitudeRef, ["E", "W"]);
        // One without the other is no place.
        if let (Some(latitude), Some(longitude), Some(north), Some(east)) =
            (latitude, longitude, north, east)
        {
            self.gps.push((0, Value::Bytes([2, 3, 0, 0])));
            self.gps.push((1, Value::Text(north)));
            self.gps.push((2, latitude));
            self.gps.push((3, Value::Text(east)));
            self.gps.push((4, longitude));
            let height = source.fractions(Tag::GPSAltitude);
            let height = height.and_then(|list| list.first().copied());
            if let Some(height) = height.filter(|h| (0.0..=100_000.0).contains(h)) {
                let field = source.0.get_field(Tag::GPSAltitudeRef, In::PRIMARY);
                let below = field.and_then(|f| f.value.get_uint(0)) == Some(1);
                self.gps.push((5, Value::Byte(below.into())));
                self.gps.push((6, Value::Fractions(vec![fraction(height)])));
            }
            self.around_position(source);
        }
    }

    /// When the position was taken, how the camera moved and looked, and how exact all that is.
    fn around_position(&mut self, source: &Fields<'_>) {
        for (tag, unit, units, most) in [
            (
                Tag::GPSSpeed,
                Tag::GPSSpeedRef,
                &["K", "M", "N"][..],
                100_000.0,
            ),
            (Tag::GPSTrack, Tag::GPSTrackRef, &["T", "M"], 360.0),
            (
                Tag::GPSImgDirection,
                Tag::GPSImgDirectionRef,
                &["T", "M"],
                360.0,
            ),
        ] {
            let unit_text = source.text(unit).filter(|t| units.contains(&&t[..]));
            if let Some((unit_text, value)) = unit_text.zip(source.number(tag, most)) {
                self.gps.push((unit.number(), Value::Text(unit_text)));
                self.gps.push((tag.number(), value));
            }
        }
        for (tag, most) in [(Tag::GPSDOP, 10_000.0), (Tag::GPSHPositioningError, 1e6)] {
            let value = source.number(tag, most);
            self.gps.extend(value.map(|v| (tag.number(), v)));
        }
        let mode = source.text(Tag::GPSMeasureMode);
        if let Some(mode) = mode.filter(|m| matches!(&m[..], "2" | "3")) {
            self.gps
                .push((Tag::GPSMeasureMode.number(), Value::Text(mode)));
        }
        let day = source.text(Tag::GPSDateStamp).and_then(|text| day(&text));
        self.gps
            .extend(day.map(|day| (Tag::GPSDateStamp.number(), Value::Text(day))));
        if let Some([h, m, s]) = source.fractions(Tag::GPSTimeStamp).as_deref()
            && (0.0..24.0).contains(h)
            && (0.0..60.0).contains(m)
            && (0.0..61.0).contains(s)
        {
            let parts = [(*h as u32, 1), (*m as u32, 1), thousandths(*s)];
            let tag = Tag::GPSTimeStamp.number();
            self.gps.push((tag, Value::Fractions(parts.to_vec())));
        }
    }

    /// Whether a field of the source is among them.
    pub(super) fn has(&self, tag: Tag) -> bool {
        let list = match tag.context() {
            exif::Context::Tiff => &self.main,
            exif::Context::Exif => &self.exif,
            exif::Context::Gps => &self.gps,
            _ => return false,
        };
        list.iter().any(|(number, _)| *number == tag.number())
    }

    fn copyright(&mut self, source: &Fields<'_>) {
        for tag in [Tag::Artist, Tag::Copyright] {
            let text = source.text(tag);
            self.main
                .extend(text.map(|t| (tag.number(), Value::Text(t))));
        }
    }
}

/// The fields of a block, as values that make sense.
pub(super) struct Fields<'a>(pub(super) &'a Exif);

impl Fields<'_> {
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        match &self.0.get_field(tag, In::PRIMARY)?.value {
            Source::Ascii(list) => printable(list.first()?),
            _ => None,
        }
    }

    fn fractions(&self, tag: Tag) -> Option<Vec<f64>> {
        let real = |r: &Rational| (r.denom > 0).then(|| r.to_f64());
        match &self.0.get_field(tag, In::PRIMARY)?.value {
            Source::Rational(list) => list.iter().map(real).collect(),
            _ => None,
        }
    }

    /// One number from 0 to `most`, to a thousandth.
    fn number(&self, tag: Tag, most: f64) -> Option<Value> {
        let value = self.fractions(tag)?.first().copied()?;
        (0.0..=most)
            .contains(&value)
            .then(|| Value::Fractions(vec![thousandths(value)]))
    }

    /// Degrees, minutes and seconds, the last to a thousandth: three centimetres.
    fn degrees(&self, tag: Tag, most: f64) -> Option<Value> {
        let parts = self.fractions(tag)?;
        let part = |i| parts.get(i).copied().unwrap_or(0.0);
        let value = part(0) + part(1) / 60.0 + part(2) / 3600.0;
        if !(0.0..=most).contains(&value) || part(0) < 0.0 {
            return None;
        }
        let thousandths = (value * 3_600_000.0).round() as u64;
        let (seconds, minutes) = (thousandths % 60_000, thousandths / 60_000);
        Some(Value::Fractions(vec![
            ((minutes / 60) as u32, 1),
            ((minutes % 60) as u32, 1),
            (seconds as u32, 1000),
        ]))
    }
}

/// The beginning of a text without control characters and marks that turn the reading direction.
fn printable(bytes: &[u8]) -> Option<String> {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    let text = String::from_utf8_lossy(bytes);
    let clean = text.chars().filter(|c| !c.is_control() && !turns(*c));
    let clean: String = clean.filter(|c| *c != '\u{fffd}').take(MOST_TEXT).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// `2024:01:31 23:59:59`, if it is such a moment.
pub(super) fn moment(text: &str) -> Option<String> {
    let (day, time) = text.split_once(' ')?;
    let numbers =
        |part: &str| -> Option<Vec<u32>> { part.split(':').map(|n| n.parse().ok()).collect() };
    let (day, time) = (numbers(day)?, numbers(time)?);
    match (&day[..], &time[..]) {
        (
            &[year @ 1..=9999, month @ 1..=12, day @ 1..=31],
            &[h @ 0..=23, m @ 0..=59, s @ 0..=60],
        ) => Some(format!(
            "{year:04}:{month:02}:{day:02} {h:02}:{m:02}:{s:02}"
        )),
        _ => None,
    }
}

/// `2024:01:31`, if it is such a day.
fn day(text: &str) -> Option<String> {
    let whole = moment(&format!("{text} 00:00:00"))?;
    whole.split(' ').next().map(str::to_owned)
}

/// Digits behind the point of a second, at most nine.
pub(super) fn digits(text: &str) -> Option<String> {
    let fine = text.bytes().all(|b| b.is_ascii_digit()) && (1..=9).contains(&text.len());
    fine.then(|| text.to_owned())
}

/// `+02:00`, if it is such an offset.
pub(super) fn offset(text: &str) -> Option<String> {
    let (sign, rest) = text.split_at_checked(1)?;
    let (h, m) = rest.split_once(':')?;
    let (h, m) = (h.parse::<u32>().ok()?, m.parse::<u32>().ok()?);
    let fine = matches!(sign, "+" | "-") && h <= 15 && m <= 59;
    fine.then(|| format!("{sign}{h:02}:{m:02}"))
}

/// A number as people write it: `1/250` below a tenth, else with at most three digits behind the
/// point.
fn fraction(value: f64) -> (u32, u32) {
    if value <= 0.0 {
        return (0, 1);
    }
    if value < 0.1 {
        return (1, (1.0 / value).round().clamp(1.0, 4e9) as u32);
    }
    thousandths(value)
}

/// A number with at most three digits behind the point.
fn thousandths(value: f64) -> (u32, u32) {
    let thousandths = (value * 1000.0).round().clamp(0.0, 4e9) as u32;
    let common = (1..=1000)
        .rev()
        .find(|n| thousandths.is_multiple_of(*n) && 1000u32.is_multiple_of(*n));
    let common = common.unwrap_or(1);
    (thousandths / common, 1000 / common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_zones_are_checked() {
        let good = "2024:02:03 04:05:06";
        assert_eq!(moment(good), Some(good.to_owned()));
        for bad in [
            "",
            "2024:13:01 00:00:00",
            "2024:01:01",
            "2024:01:01 24:00:00",
            "0000:00:00 00:00:00",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
        assert_eq!(offset("+5:30"), Some("+05:30".into()));
        assert_eq!(offset("+99:00"), None);
        assert_eq!(offset("é02:00"), None);
    }

    #[test]
    fn a_text_is_printable_and_short() {
        assert_eq!(printable(b"An\x1b[2Jn\0\xff"), Some("An[2Jn".into()));
        assert_eq!(printable(b" \x07 "), None);
        assert_eq!(printable(&[b'a'; 5000]).map(|t| t.len()), Some(MOST_TEXT));
    }

    #[test]
    fn fractions_are_made_anew() {
        assert_eq!(fraction(1.0 / 250.0), (1, 250));
        assert_eq!(fraction(2.8), (14, 5));
        assert_eq!(fraction(50.0), (50, 1));
        assert_eq!(fraction(0.0), (0, 1));
        assert_eq!(thousandths(0.0304), (3, 100));
    }

    #[test]
    fn days_and_parts_of_seconds_are_checked() {
        assert_eq!(day("2024:02:03"), Some("2024:02:03".to_owned()));
        assert_eq!(day("2024:02:03 x"), None);
        assert_eq!(day("today"), None);
        assert_eq!(digits("0123"), Some("0123".to_owned()));
        assert_eq!(digits("12a"), None);
        assert_eq!(digits("0123456789"), None);
    }
}
