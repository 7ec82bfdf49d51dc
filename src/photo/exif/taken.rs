//! When a picture was taken, as a moment of the world's clock.

use super::kept::{Fields, digits, moment, offset};
use exif::{Exif, Reader, Tag};
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
        let local = seconds(&source.text(time)?)?;
        let zone = source.text(zone).and_then(|text| offset_seconds(&text));
        let whole = u64::try_from(local - zone.unwrap_or(0)).ok()?;
        let fraction = source.text(fraction).and_then(|text| nanoseconds(&text));
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(whole, fraction.unwrap_or(0)))
    })
}

/// Seconds from 1970 to `2024:01:31 23:59:59`, without a time zone.
fn seconds(text: &str) -> Option<i64> {
    let text = moment(text)?;
    let numbers: Vec<i64> = text
        .split([':', ' '])
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let &[year, month, day, h, m, s] = &numbers[..] else {
        return None;
    };
    Some(days(year, month, day) * 86_400 + h * 3600 + m * 60 + s)
}

/// Days from 1970-01-01 in the Gregorian calendar; the year begins in March, so that the leap day
/// is its last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `+02:00` in seconds.
fn offset_seconds(text: &str) -> Option<i64> {
    let text = offset(text)?;
    let (sign, rest) = text.split_at_checked(1)?;
    let (h, m) = rest.split_once(':')?;
    let seconds = h.parse::<i64>().ok()? * 3600 + m.parse::<i64>().ok()? * 60;
    Some(if sign == "-" { -seconds } else { seconds })
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
        assert_eq!(seconds("1970:01:01 00:00:00"), Some(0));
        assert_eq!(seconds("2000:02:29 12:00:00"), Some(951_825_600));
        assert_eq!(seconds("2024:12:31 23:59:59"), Some(1_735_689_599));
        assert_eq!(seconds("1969:12:31 23:59:59"), Some(-1));
        assert_eq!(seconds("2024:13:01 00:00:00"), None);
        assert_eq!(offset_seconds("-03:30"), Some(-12_600));
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
