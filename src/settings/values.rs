//! Values of options as text. Each function gives an error that names the value and its bounds.

use crate::anonymize::MovingRegion;
use crate::detect::{Cover, Preset, Writing};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use crate::photo::{Format, KeepMetadata};
use crate::redact::{Rgb, Shape};
#[cfg(feature = "video")]
use crate::video::{Audio, Backend, Damaged, Effort, Outside, Subtitles, TimeRange, VideoEncoder};
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

pub use crate::report::StyleName;

/// Reads an enumeration by its names.
macro_rules! named {
    ($type:ty, $what:literal, $($variant:ident = $name:literal),+) => {
        impl FromStr for $type {
            type Err = Error;

            /// Reads the name of a value.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidArgument`] for any other text.
            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(wrong(format!(
                        concat!("there is no ", $what, " {}; there are {}"),
                        text,
                        [$($name),+].join(", ")
                    ))),
                }
            }
        }
    };
}

named!(
    Preset,
    "preset",
    Fast = "fast",
    Balanced = "balanced",
    Thorough = "thorough"
);
named!(Shape, "shape", Ellipse = "ellipse", Box = "box");
named!(
    StyleName,
    "style",
    Blur = "blur",
    Solid = "solid",
    Mosaic = "mosaic",
    Gaussian = "gaussian",
    Image = "image"
);
#[cfg(feature = "video")]
named!(Audio, "choice for the sound", Keep = "keep", Drop = "drop");
#[cfg(feature = "video")]
named!(
    Subtitles,
    "choice for subtitles",
    Keep = "keep",
    Drop = "drop"
);
#[cfg(feature = "video")]
named!(
    VideoEncoder,
    "encoder of a video",
    Auto = "auto",
    X264 = "x264",
    X265 = "x265",
    Vpx = "vpx",
    Nvenc = "nvenc",
    Videotoolbox = "videotoolbox",
    Vaapi = "vaapi",
    Qsv = "qsv",
    Amf = "amf"
);
#[cfg(feature = "video")]
named!(
    Damaged,
    "choice for damaged videos",
    Refuse = "refuse",
    Conceal = "conceal"
);
#[cfg(feature = "video")]
named!(
    Outside,
    "choice for what lies outside",
    Drop = "drop",
    Copy = "copy"
);
#[cfg(feature = "video")]
named!(
    Backend,
    "video backend",
    Auto = "auto",
    Embedded = "embedded",
    Ffmpeg = "ffmpeg"
);
#[cfg(feature = "video")]
named!(
    Effort,
    "effort of an encoder",
    Ultrafast = "ultrafast",
    Superfast = "superfast",
    Veryfast = "veryfast",
    Faster = "faster",
    Fast = "fast",
    Medium = "medium",
    Slow = "slow",
    Slower = "slower",
    Veryslow = "veryslow"
);

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// Least score of a face, 0 to 1.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`], as of all functions here.
pub fn threshold(text: &str) -> Result<f32> {
    bounded("threshold", text, 0.0, 1.0)
}

/// Least side of a face, 0 to 100,000 pixels.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn min_face(text: &str) -> Result<f32> {
    bounded("min-face", text, 0.0, 100_000.0)
}

/// Least height of writing, 0 to 100,000 pixels.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn text_min_height(text: &str) -> Result<f32> {
    bounded("text-min-height", text, 0.0, 100_000.0)
}

/// What to look for: `faces`, `text` or `plates`, with commas between; `none` where a network of
/// the user's own is all that looks.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`], also for `text` together with `plates`, which it holds.
pub fn cover(text: &str) -> Result<Cover> {
    let mut cover = Cover::NOTHING;
    if text.trim() == "none" {
        return Ok(cover);
    }
    for word in text.split(',').map(str::trim) {
        let writing = match word {
            "faces" => {
                cover.faces = true;
                continue;
            }
            "text" => Writing::All,
            "plates" => Writing::Plates,
            _ => {
                return Err(wrong(format!(
                    "cover {word} is none of faces, text, plates and none"
                )));
            }
        };
        if cover.writing.is_some_and(|other| other != writing) {
            return Err(wrong(
                "text covers plates, too; give one of the two".to_owned(),
            ));
        }
        cover.writing = Some(writing);
    }
    Ok(cover)
}

/// Words with commas between.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for one that is empty.
pub fn words(text: &str) -> Result<Vec<String>> {
    let words = text.split(',').map(str::trim);
    let word = |word: &str| match word.is_empty() {
        true => Err(wrong(format!("there is an empty name in {text:?}"))),
        false => Ok(word.to_owned()),
    };
    words.map(word).collect()
}

/// Side of a mask over side of a face, 1 to 10.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn margin(text: &str) -> Result<f32> {
    bounded("margin", text, 1.0, 10.0)
}

fn bounded(what: &str, text: &str, least: f32, most: f32) -> Result<f32> {
    let number = text.parse::<f32>();
    let value = number.map_err(|_| wrong(format!("{what} {text} is not a number")))?;
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => Err(wrong(format!("{what} {value} is outside {least}..={most}"))),
    }
}

fn whole<T: FromStr + PartialOrd + std::fmt::Display>(
    what: &str,
    text: &str,
    least: T,
    most: T,
) -> Result<T> {
    match text.parse::<T>() {
        Ok(n) if n >= least && n <= most => Ok(n),
        _ => Err(wrong(format!(
            "{what} {text} is not a whole number in {least}..={most}"
        ))),
    }
}

/// Cells across a mask, 1 to 64.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn cells(text: &str) -> Result<u32> {
    whole("cells", text, 1, 64)
}

/// Constant rate factor of a video encoder, 0 to 51.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn crf(text: &str) -> Result<u8> {
    whole("crf", text, 0, 51)
}

/// Bits a second of a video's pictures, 10,000 to a thousand million; `k` and `M` mean thousand and
/// million.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn bitrate(text: &str) -> Result<u32> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1e6),
            None => (text, 1.0),
        },
    };
    let bits = digits.parse::<f64>().map(|n| n * unit);
    match bits {
        Ok(bits) if (1e4..=1e9).contains(&bits) => Ok(bits as u32),
        _ => Err(wrong(format!(
            "bitrate {text} is not a number of bits a second in 10k..=1000M, such as 800k or 2.5M"
        ))),
    }
}

/// Threads, 1 to 1024.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn threads(text: &str) -> Result<NonZeroUsize> {
    whole(
        "threads",
        text,
        NonZeroUsize::MIN,
        NonZeroUsize::MIN.saturating_add(1023),
    )
}

/// A time in a video: seconds, or hours, minutes and seconds with colons between: `90.5`, `1:30.5`,
/// `0:01:30.5`. At most 1000 hours.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn time(text: &str) -> Result<Duration> {
    const MOST: u64 = 1000 * 3600;
    let parts: Vec<&str> = text.split(':').collect();
    let is_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let read = || -> Option<Duration> {
        let (seconds, larger) = parts.split_last()?;
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
        if larger.len() > 2 || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 9 {
            return None;
        }
        let mut all: u64 = 0;
        for (i, part) in larger.iter().chain([&whole]).enumerate() {
            let number: u64 = part.parse().ok().filter(|_| is_digits(part))?;
            if i > 0 && number >= 60 {
                return None;
            }
            all = all.checked_mul(60)?.checked_add(number)?;
        }
        let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
        (all <= MOST).then(|| Duration::new(all, nanoseconds))
    };
    read().ok_or_else(|| {
        wrong(format!(
            "time {text} is neither seconds nor [h:]mm:ss, as 90.5 and 1:30.5 are"
        ))
    })
}

/// The part of a video between two times, if one is given.
#[cfg(feature = "video")]
pub fn range(from: Option<Duration>, to: Option<Duration>) -> Option<TimeRange> {
    let from_start = from.unwrap_or_default();
    (from.is_some() || to.is_some()).then_some(TimeRange {
        from: from_start,
        to,
    })
}

/// `true` or `false`.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn truth(text: &str) -> Result<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(format!("{text} is neither true nor false"))),
    }
}

/// A number of pixels; `M` means million.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn pixels(text: &str) -> Result<u64> {
    let (digits, unit) = match text.strip_suffix(['M', 'm']) {
        Some(digits) => (digits, 1_000_000),
        None => (text, 1),
    };
    match digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)) {
        Some(n) if n > 0 => Ok(n),
        _ => Err(wrong(format!(
            "max-pixels {text} is not a whole number from 1 on, such as 80000000 or 80M"
        ))),
    }
}

/// A colour as six hexadecimal digits, with or without `#` before them.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn color(text: &str) -> Result<Rgb> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let byte = |i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok();
    match (digits.len(), byte(0), byte(2), byte(4)) {
        (6, Some(r), Some(g), Some(b)) if digits.bytes().all(|c| c.is_ascii_hexdigit()) => {
            Ok(Rgb(r, g, b))
        }
        _ => Err(wrong(format!(
            "color {text} is not six hexadecimal digits, such as FF8800"
        ))),
    }
}

/// A box as `x,y,width,height` in pixels.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn rectangle(text: &str) -> Result<Rect> {
    let error = || {
        wrong(format!(
            "box {text} is not x,y,width,height in pixels with both sides above 0, such as \
             40,60,200,80"
        ))
    };
    let numbers: Vec<f32> = text
        .split(',')
        .map(|n| n.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|_| error())?;
    match numbers[..] {
        [x, y, w, h] if w > 0.0 && h > 0.0 => Rect::new(x, y, w, h).ok_or_else(error),
        _ => Err(error()),
    }
}

/// A box that moves through a video: `box@time;box@time` with as many as it takes, boxes as of
/// [`rectangle`] and times as of [`time`]: `40,60,200,80@1.5;90,60,200,80@0:03`.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn moving_region(text: &str) -> Result<MovingRegion> {
    let key_frame = |one: &str| match one.split_once('@') {
        Some((area, when)) => Ok((time(when.trim())?, rectangle(area)?)),
        None => Err(wrong(format!(
            "{one} has no time; a box that moves is box@time;box@time, such as \
             40,60,200,80@1.5;90,60,200,80@3"
        ))),
    };
    let key_frames: Vec<_> = text.split(';').map(key_frame).collect::<Result<_>>()?;
    MovingRegion::new(key_frames)
}

/// Names of metadata with commas between; an empty text keeps nothing.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn keep(text: &str) -> Result<KeepMetadata> {
    let mut keep = KeepMetadata::default();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        match name {
            "time" => keep.time = true,
            "camera" => keep.camera = true,
            "gps" => keep.gps = true,
            "copyright" => keep.copyright = true,
            "hdr" => keep.hdr = true,
            _ => {
                return Err(wrong(format!(
                    "{name} cannot be kept; there are time, camera, gps, copyright, hdr"
                )));
            }
        }
    }
    Ok(keep)
}

/// A format that photos can be written in, by its name or an ending of its files.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`].
pub fn format(text: &str) -> Result<Format> {
    const TARGETS: &str = "jpeg, png, webp, tiff, heic, avif or jxl";
    let lower = text.to_ascii_lowercase();
    let named = |f: &Format| f.short() == lower || f.extensions().contains(&lower.as_str());
    let Some(format) = Format::ALL.iter().copied().find(named) else {
        return Err(wrong(format!("{text} is no format; give {TARGETS}")));
    };
    if format.is_target() {
        return Ok(format);
    }
    Err(wrong(format!(
        "{} is not written from other formats: {}; give {TARGETS}",
        format.name(),
        match format {
            Format::Heic => "this build is without the feature `heic`",
            Format::Avif => "this build is without the feature `avif-write`",
            Format::Gif => "its 256 colours are too few for photos",
            Format::Jxl => "this build is without the feature `jxl`",
            _ => "it cannot hold a colour profile",
        }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_its_bounds_is_refused_with_value_and_bound() {
        let said = |result: Result<f32>| result.expect_err("out of bounds").to_string();
        assert_eq!(said(threshold("1.3")), "threshold 1.3 is outside 0..=1");
        assert_eq!(said(margin("0.5")), "margin 0.5 is outside 1..=10");
        assert!(threshold("NaN").is_err());
        assert!(margin("inf").is_err());
        assert!(cells("0").is_err() && cells("65").is_err() && cells("x").is_err());
        assert!(threads("0").is_err() && threads("-1").is_err() && threads("1025").is_err());
        assert!(pixels("0").is_err() && pixels("99999999999999999999").is_err());
        assert!(pixels("99999999999999M").is_err());
        assert!(keep("time,names").is_err() && format("pdf").is_err() && format("gif").is_err());
        for bad in ["", "12345", "1234567", "GG0000", "+10000", "ÄÄÄ"] {
            assert!(color(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,0,4",
            "1,2,3,-4",
            "NaN,2,3,4",
            "1,2,inf,4",
            "a,b,c,d",
        ] {
            assert!(rectangle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_read_as_they_are_documented() {
        assert_eq!(color("#fF8000").expect("a colour"), Rgb(255, 128, 0));
        assert_eq!(pixels("80M").expect("a number"), 80_000_000);
        assert_eq!(pixels("123").expect("a number"), 123);
        let r = rectangle("-5, 0.5,10,20").expect("a box");
        assert_eq!((r.left(), r.top(), r.width()), (-5.0, 0.5, 10.0));
    }
}
