//! What ffprobe says about a file: its picture track, its sound, and everything that will be
//! dropped.
//!
//! Invariant: nothing that comes from the file is trusted beyond being text or a number; what is
//! passed on to a command line is one of a known set, a number, or the name of an own file.

use super::super::embedded::{Cuts, SoundCut};
use super::super::failure::{failed, malformed, unsupported};
use super::super::file::{Slot, VideoFile};
use super::super::timeline::TimeBase;
use super::ask::{ask, is_name, number_text, ratio, run, text, time_base};
use super::dropped::Dropped;
use super::promise::Promise;
use super::sound_header::{SoundHeader, undump};
use super::subtitles::SubtitleTrack;
use crate::content::ContentKind;
use crate::error::Result;
use crate::geometry::Size;
use serde_json::Value;

/// With codec headers.
const EVERYTHING: [&str; 4] = [
    "-show_format",
    "-show_streams",
    "-show_chapters",
    "-show_data",
];
const FIRST_FRAME: [&str; 3] = ["-show_frames", "-read_intervals", "%+#1"];

/// A file that ffprobe understood.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    /// ffprobe's names of the container, with commas.
    pub(super) container: String,
    /// Where its time begins, as ffprobe writes it.
    start: String,
    pub(super) video: VideoTrack,
    pub(super) audio: Vec<AudioTrack>,
    pub(super) subtitles: Vec<SubtitleTrack>,
    /// What will not be in the new file.
    pub(super) dropped: Vec<ContentKind>,
    pub(super) warnings: Vec<String>,
}

impl Probe {
    /// Moves pictures so that the file's time begins at 0. In Matroska, what comes before 0 is what
    /// a decoder of Opus takes away again: there only the sound is moved, since the new file says
    /// the same.
    pub(super) fn pictures_to_zero(&self) -> Vec<String> {
        let is_delay = self.start_seconds() < 0.0 && self.container.contains("matroska");
        match is_delay {
            true => Vec::new(),
            false => self.to_zero(0.0),
        }
    }

    /// Moves an input so that the file's time, or what is so many seconds after its beginning, is
    /// 0.
    pub(super) fn to_zero(&self, after: f64) -> Vec<String> {
        let start = ((self.start_seconds() + after) * 1e6).round() as i64;
        if start == 0 {
            return Vec::new();
        }
        // For an offset that is exactly its start, ffmpeg takes the start of those tracks that it
        // reads.
        let offset = 1 - start;
        let sign = if offset < 0 { "-" } else { "" };
        let (seconds, rest) = (
            offset.unsigned_abs() / 1_000_000,
            offset.unsigned_abs() % 1_000_000,
        );
        vec!["-itsoffset".into(), format!("{sign}{seconds}.{rest:06}")]
    }

    /// Where its time begins, in seconds.
    pub(super) fn start_seconds(&self) -> f64 {
        self.start.parse().unwrap_or(0.0)
    }

    /// Whether frames have times of their own in the file, and no decoder makes any up.
    pub(super) fn has_times(&self) -> bool {
        self.container.split(',').any(|n| n == "mpegts")
    }
}

/// The picture track.
#[derive(Clone, Debug)]
pub(super) struct VideoTrack {
    pub(super) index: u64,
    /// ffmpeg's name of it.
    pub(super) codec: String,
    /// Bits a second, as far as the file says.
    pub(super) bit_rate: Option<u64>,
    pub(super) pixel_format: String,
    pub(super) time_base: TimeBase,
    /// Frames a second on average, as a fraction.
    pub(super) rate: (u32, u32),
    /// Frames, as far as it is known beforehand.
    pub(super) frames: Option<u64>,
    /// When the last frame ceases to be shown, in seconds from the file's start, if the container
    /// says.
    pub(super) end: Option<f64>,
    /// What the container counts, if it does.
    pub(super) promise: Option<Promise>,
    pub(super) colour: Colour,
    /// Fields, if they are interleaved.
    pub(super) fields: Option<Fields>,
    pub(super) hdr: Hdr,
    /// What all frames are written at, where their size changes.
    pub(super) largest: Option<Size>,
}

/// Tags as ffmpeg names them; `None` where the file says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Colour {
    pub(super) range: Option<String>,
    pub(super) primaries: Option<String>,
    pub(super) transfer: Option<String>,
    pub(super) matrix: Option<String>,
    pub(super) chroma_location: Option<String>,
}

/// Which field comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    Top,
    Bottom,
}

/// Static metadata of high dynamic range, in x265's notation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hdr {
    pub(super) mastering: Option<String>,
    pub(super) light: Option<String>,
}

/// A sound track.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AudioTrack {
    pub(super) index: u64,
    pub(super) codec: String,
    /// Three letters.
    pub(super) language: Option<String>,
    pub(super) header: SoundHeader,
    /// Whether players choose it.
    pub(super) is_default: bool,
    /// When it begins, in seconds.
    pub(super) start: f64,
    /// What an edit list leaves of it.
    pub(super) cut: Option<SoundCut>,
}

/// Asks ffprobe about a file.
///
/// # Errors
/// If it is no video, damaged, or of a kind that is not handled.
pub(super) fn probe(file: &VideoFile) -> Result<Probe> {
    let ask = |what: &[&str]| ask(file.for_child(Slot::Input)?, what);
    // Starting ffprobe takes longer than what it does.
    let first_of = |track: &str| {
        let mut what = vec!["-select_streams", track];
        what.extend(FIRST_FRAME);
        ask(&what)
    };
    let (all, first) = std::thread::scope(|scope| {
        let first = scope.spawn(|| first_of("V:0"));
        (ask(&EVERYTHING), first.join())
    });
    let (all, first) = (all?, first.map_err(|_| failed("starting ffprobe"))?);
    let streams = all["streams"].as_array().map_or(&[][..], Vec::as_slice);
    let is = |s: &Value, kind: &str| s["codec_type"] == kind;
    let is_cover = |s: &Value| s["disposition"]["attached_pic"] == 1;
    let pictures = || streams.iter().filter(|s| is(s, "video") && !is_cover(s));
    // What players show: a track that is off is there for other reasons.
    let is_on = |s: &&Value| s["disposition"]["default"] == 1;
    let video = pictures().find(is_on).or(pictures().next());
    let video = video.ok_or_else(|| malformed("it has no video track"))?;
    let index = video["index"].as_u64();
    let index = index.ok_or_else(|| malformed("its video track has no number"))?;
    let first = match pictures().next() == Some(video) {
        true => first?,
        false => first_of(&index.to_string())?,
    };
    let mut dropped = Dropped::default();
    let mut warnings = Vec::new();
    let mut audio = Vec::new();
    let mut subtitles = Vec::new();
    let cuts = is_iso(&all["format"]).then(|| Cuts::read(file)).flatten();
    let cuts = cuts.unwrap_or_default();
    if video["closed_captions"] == 1 {
        dropped.add(ContentKind::Captions);
    }
    if cuts.hides_frames {
        dropped.add(ContentKind::HiddenFrames);
    }
    let mut sound_cuts = cuts.sound.into_iter();
    for stream in streams {
        if stream["index"] == video["index"] {
            dropped.tags(&stream["tags"]);
            continue;
        }
        match text(stream, "codec_type").unwrap_or("") {
            "audio" => match audio_track(stream, sound_cuts.next()) {
                Some(track) => {
                    if has_kind(stream) {
                        dropped.add(ContentKind::TrackKind);
                    }
                    if track.cut.is_some_and(|c| c.is_trimmed) {
                        dropped.add(ContentKind::HiddenSound);
                    }
                    audio.push(track);
                    dropped.tags(&stream["tags"]);
                }
                None => {
                    dropped.add(ContentKind::AudioTrack);
                    warnings.push("a sound track of an unknown codec is dropped".into());
                }
            },
            "video" if is_cover(stream) => dropped.add(ContentKind::CoverArt),
            "video" => dropped.add(ContentKind::SecondVideoTrack),
            "subtitle" => {
                dropped.add(ContentKind::Subtitles);
                subtitles.extend(SubtitleTrack::new(stream));
            }
            "attachment" => dropped.add(ContentKind::Attachment),
            _ => dropped.add(ContentKind::DataTrack),
        }
    }
    if all["chapters"].as_array().is_some_and(|c| !c.is_empty()) {
        dropped.add(ContentKind::Chapters);
    }
    let format = &all["format"];
    dropped.tags(&format["tags"]);
    let largest = match may_change(format) {
        true => largest(file, index)?,
        false => None,
    };
    if let Some(Size { width, height }) = largest {
        warnings.push(format!(
            "its frames change their size; all are written at {width}x{height}, the smaller ones enlarged"
        ));
    }
    let (mut video, more) = video_track(index, video, format, &first["frames"][0])?;
    warnings.extend(more);
    video.largest = largest;
    // Where a file does not say it of its tracks, it is what the sound leaves.
    let bits = |v: &Value| number_text(v, "bit_rate").and_then(|t| t.parse::<u64>().ok());
    let sound = streams.iter().filter(|s| is(s, "audio")).filter_map(bits);
    let left = bits(format).map(|all| all.saturating_sub(sound.sum()));
    video.bit_rate = video.bit_rate.or(left);
    let start = number_text(format, "start_time").unwrap_or("0");
    Ok(Probe {
        container: text(format, "format_name").unwrap_or("").to_owned(),
        start: start.to_owned(),
        video,
        audio,
        subtitles,
        dropped: dropped.0,
        warnings,
    })
}

fn video_track(
    index: u64,
    stream: &Value,
    format: &Value,
    frame: &Value,
) -> Result<(VideoTrack, Vec<String>)> {
    let mut warnings = Vec::new();
    let base = time_base(stream).ok_or_else(|| malformed("its video track has no time base"))?;
    let rate = |key| -> Option<(u32, u32)> {
        let (num, den) = text(stream, key)?.split_once('/')?;
        Some((num.parse().ok()?, den.parse().ok()?))
    };
    // A variable rate's average may be nonsense (1000 in some Matroska files).
    let (average, real) = (rate("avg_frame_rate"), rate("r_frame_rate"));
    let usual = |r: &(u32, u32)| (1.0..=300.0).contains(&(f64::from(r.0) / f64::from(r.1)));
    let rate = average
        .filter(usual)
        .or(real.filter(usual))
        .unwrap_or((30, 1));
    let seconds = |v: &Value| number_text(v, "duration").and_then(|t| t.parse::<f64>().ok());
    let counted = number_text(stream, "nb_frames").and_then(|t| t.parse::<u64>().ok());
    let start = number_text(stream, "start_time").and_then(|t| t.parse::<f64>().ok());
    let zero = number_text(format, "start_time").and_then(|t| t.parse::<f64>().ok());
    let start = start.unwrap_or(0.0) - zero.unwrap_or(0.0);
    let promise = counted
        .zip(seconds(stream))
        .map(|(frames, length)| Promise::new(frames, start, length));
    let frames = counted.or_else(|| {
        Some((seconds(stream).or(seconds(format))? * f64::from(rate.0) / f64::from(rate.1)) as u64)
    });
    let pixel_format = text(stream, "pix_fmt").ok_or_else(|| {
        let codec = text(stream, "codec_name").unwrap_or("unknown");
        unsupported(format!(
            "this ffmpeg cannot decode its video codec ({codec})"
        ))
    })?;
    // A frame knows more than the container: H.264 in Matroska has its colour in the stream only.
    let tag = |key: &str| {
        let known =
            |v| text(v, key).filter(|t| is_name(t) && !matches!(*t, "unknown" | "reserved"));
        known(frame).or(known(stream)).map(str::to_owned)
    };
    let mut colour = Colour {
        range: tag("color_range"),
        primaries: tag("color_primaries"),
        transfer: tag("color_transfer"),
        matrix: tag("color_space"),
        chroma_location: tag("chroma_location").filter(|t| t != "unspecified"),
    };
    if pixel_format.starts_with("yuvj") {
        colour.range = Some("pc".into());
    }
    let fields = match text(stream, "field_order").unwrap_or("progressive") {
        "tt" | "tb" => Some(Fields::Top),
        "bb" | "bt" => Some(Fields::Bottom),
        _ => None,
    };
    let mut hdr = Hdr::default();
    let lists = [&stream["side_data_list"], &frame["side_data_list"]];
    for data in lists.into_iter().filter_map(Value::as_array).flatten() {
        match text(data, "side_data_type").unwrap_or("") {
            "Mastering display metadata" => hdr.mastering = mastering(data),
            "Content light level metadata" => {
                let level = |key: &str| data[key].as_u64();
                if let (Some(most), Some(mean)) = (level("max_content"), level("max_average")) {
                    hdr.light = Some(format!("{most},{mean}"));
                }
            }
            kind if kind.contains("DOVI") || kind.contains("Dolby Vision") => {
                warnings.push("Dolby Vision's dynamic metadata is dropped".into());
            }
            kind if kind.contains("Spherical") || kind.contains("Stereo 3D") => {
                warnings.push("how its panorama or its two views are laid out is dropped".into());
            }
            kind if kind.contains("SMPTE2094-40") => {
                warnings.push("HDR10+'s dynamic metadata is dropped".into());
            }
            _ => {}
        }
    }
    if text(&stream["tags"], "alpha_mode") == Some("1") {
        warnings.push("its opacity is dropped".into());
    }
    warnings.dedup();
    let track = VideoTrack {
        index,
        codec: text(stream, "codec_name").unwrap_or("").to_owned(),
        bit_rate: number_text(stream, "bit_rate").and_then(|t| t.parse().ok()),
        pixel_format: pixel_format.to_owned(),
        time_base: base,
        rate,
        frames,
        end: seconds(stream)
            .filter(|_| is_iso(format))
            .map(|length| start + length),
        promise,
        colour,
        fields,
        hdr,
        largest: None,
    };
    Ok((track, warnings))
}

fn audio_track(stream: &Value, cut: Option<SoundCut>) -> Option<AudioTrack> {
    let codec = text(stream, "codec_name").filter(|c| *c != "unknown" && *c != "none")?;
    let header = undump(text(stream, "extradata").unwrap_or(""));
    let language = text(&stream["tags"], "language");
    let language = language.filter(|l| l.len() == 3 && l.bytes().all(|b| b.is_ascii_lowercase()));
    Some(AudioTrack {
        index: stream["index"].as_u64()?,
        codec: codec.to_owned(),
        language: language.filter(|l| *l != "und").map(str::to_owned),
        header: header.map_or(SoundHeader::More, |h| SoundHeader::of(codec, &h)),
        start: number_text(stream, "start_time")
            .and_then(|t| t.parse().ok())
            .unwrap_or(0.0),
        is_default: stream["disposition"]["default"] == 1,
        cut,
    })
}

/// x265's `G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)`, in its units.
fn mastering(data: &Value) -> Option<String> {
    let value = |key: &str, unit: f64| {
        let share = ratio(text(data, key)?)?;
        Some((share * unit).round() as u64)
    };
    let point = |name: &str| {
        let (x, y) = (format!("{name}_x"), format!("{name}_y"));
        Some(format!(
            "({},{})",
            value(&x, 50_000.0)?,
            value(&y, 50_000.0)?
        ))
    };
    let [green, blue, red, white] = ["green", "blue", "red", "white_point"].map(point);
    let most = value("max_luminance", 10_000.0)?;
    let least = value("min_luminance", 10_000.0)?;
    Some(format!(
        "G{}B{}R{}WP{}L({most},{least})",
        green?, blue?, red?, white?
    ))
}

/// Whether frames of a container may change their size: it is one of streams.
fn may_change(format: &Value) -> bool {
    let names = text(format, "format_name").unwrap_or("");
    let streams = ["mpegts", "matroska", "flv", "mpeg", "h264", "hevc"];
    names.split(',').any(|n| streams.contains(&n))
}

/// The largest width and height of those frames that need no others, if they are not all of one
/// size.
fn largest(file: &VideoFile, index: u64) -> Result<Option<Size>> {
    let track = index.to_string();
    let what = [
        "-select_streams",
        &track,
        "-skip_frame",
        "nokey",
        "-show_entries",
        "frame=width,height",
        "-of",
        "csv=p=0",
    ];
    // Damage is for the decoder to find.
    let Ok(frames) = run(file.for_child(Slot::Input)?, &what) else {
        return Ok(None);
    };
    let size = |line: &str| {
        let mut sides = line.split(',').map(|side| side.trim().parse::<u32>().ok());
        Some(Size::new(sides.next()??, sides.next()??))
    };
    let mut sizes = frames.lines().filter_map(size);
    let Some(first) = sizes.next() else {
        return Ok(None);
    };
    let (mut most, mut is_one) = (first, true);
    for size in sizes {
        is_one &= size == first;
        most = Size::new(most.width.max(size.width), most.height.max(size.height));
    }
    Ok((!is_one).then_some(most))
}

/// Whether a track says what it is for: comments, a description of the pictures, another language.
fn has_kind(stream: &Value) -> bool {
    let all = stream["disposition"].as_object();
    let set = |(key, value): (&String, &Value)| key != "default" && value == 1;
    all.is_some_and(|all| all.iter().any(set))
}

/// Whether a file is of the family that has edit lists.
fn is_iso(format: &Value) -> bool {
    let names = text(format, "format_name").unwrap_or("");
    names.split(',').any(|n| n == "mov" || n == "mp4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mastering_data_is_turned_into_the_encoders_units() {
        let data = serde_json::json!({
            "red_x": "35400/50000", "red_y": "14600/50000", "green_x": "8500/50000",
            "green_y": "39850/50000", "blue_x": "6550/50000", "blue_y": "2300/50000",
            "white_point_x": "15635/50000", "white_point_y": "16450/50000",
            "min_luminance": "1/10000", "max_luminance": "10000000/10000"
        });
        let expected = "G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,1)";
        assert_eq!(mastering(&data).as_deref(), Some(expected));
        assert_eq!(mastering(&serde_json::json!({})), None);
    }

    #[test]
    fn nothing_but_plain_names_reaches_a_command_line() {
        assert!(is_name("bt2020nc") && is_name("arib-std-b67"));
        assert!(!is_name("bt709,drawtext=x") && !is_name("a b"));
    }
}
