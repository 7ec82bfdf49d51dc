//! When a picture was taken, as a moment of the world's clock.

use super::kept::{Fields, digits, moment, offset};
use exif::{Exif, Reader, Tag};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::io::Cursor;
use std::time::{Duration, SystemTime};

/// When a picture was taken, by the EXIF block of its file: the original time, or else when it was
/// digitised or changed. Without a time zone beside it (`OffsetTimeOriginal` and the like) it
/// counts as UTC, so that the result is the same on every machine. JPEG, PNG, WebP, TIFF, HEIC,
/// AVIF and JPEG XL; `None` if there is none, or before 1970.
#[must_use]
pub fn time_taken(file: &[u8]) -> Option<SystemTime> {
    let parsed = Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(file))
        .or_else(|error| error.distill_partial_result(|_| {}));
    of(&parsed.ok().or_else(|| of_jxl(file))?)
}

#[cfg(feature = "jxl")]
fn of_jxl(file: &[u8]) -> Option<Exif> {
    use crate::photo::boxes;
    let list = boxes::all(file).ok()?;
    // Four bytes say where the block begins behind them; 0 in files of ours.
    let block = boxes::first(&list, b"Exif")?.get(4..)?;
    super::parse(block.to_vec())
}

#[cfg(not(feature = "jxl"))]
fn of_jxl(_: &[u8]) -> Option<Exif> {
    None
}

fn of(parsed: &Exif) -> Option<SystemTime> {
    let source = Fields(parsed);
    let moments = [
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
        (Tag::DateTime, Tag::OffsetTime, Tag::SubSecTime),
    ];
    moments.into_iter().find_map(|(time, zone, fraction)| {
        let local = calendar(&source.text(time)?)?;
        let zone = source.text(zone).and_then(|text| zone_of(&text));
        let at = zone.unwrap_or(Offset::UTC).to_timestamp(local).ok()?;
        let whole = u64::try_from(at.as_second()).ok()?;
        let fraction = source.text(fraction).and_then(|text| nanoseconds(&text));
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(whole, fraction.unwrap_or(0)))
    })
}

/// `2024:01:31 23:59:59` as a time of the calendar.
fn calendar(text: &str) -> Option<DateTime> {
    let text = moment(text)?;
    let numbers: Vec<i16> = text
        .split([':', ' '])
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let &[year, month, day, h, m, s] = &numbers[..] else {
        return None;
    };
    let small = |n: i16| i8::try_from(n).ok();
    DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(h)?,
        small(m)?,
        small(s)?,
        0,
    )
    .ok()
}

/// `+02:00`.
fn zone_of(text: &str) -> Option<Offset> {
    let text = offset(text)?;
    let (sign, rest) = text.split_at_checked(1)?;
    let (h, m) = rest.split_once(':')?;
    let seconds = h.parse::<i32>().ok()? * 3600 + m.parse::<i32>().ok()? * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

/// Digits behind the point of a second.
fn nanoseconds(text: &str) -> Option<u32> {
    format!("{:0<9}", digits(text)?).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_as_the_calendar_has_them() {
        let seconds = |text| Some(Offset::UTC.to_timestamp(calendar(text)?).ok()?.as_second());
        assert_eq!(seconds("1970:01:01 00:00:00"), Some(0));
        assert_eq!(seconds("2000:02:29 12:00:00"), Some(951_825_600));
        assert_eq!(seconds("2024:12:31 23:59:59"), Some(1_735_689_599));
        assert_eq!(seconds("1969:12:31 23:59:59"), Some(-1));
        assert_eq!(seconds("2024:13:01 00:00:00"), None);
        assert_eq!(seconds("2023:02:29 00:00:00"), None);
        assert_eq!(zone_of("-03:30").map(Offset::seconds), Some(-12_600));
        assert_eq!(nanoseconds("25"), Some(250_000_000));
    }

    #[test]
    fn a_file_without_a_time_has_none() {
        assert_eq!(time_taken(b""), None);
        assert_eq!(time_taken(&[0xff, 0xd8, 0xff, 0xd9]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(file: Vec<u8>) {
            let _ = time_taken(&file);
        }
    }
}
