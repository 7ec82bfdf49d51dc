//! The encoder's command line: pixels, colour, sound, and what keeps everything else out.

use super::super::failure::unsupported;
use super::super::{Audio, Damaged, Effort, Encoding, TimeRange};
use super::containers::Container;
use super::pixels::PixelFormat;
use super::probe::{AudioTrack, Fields, Probe};
use super::rate::Average;
use super::sound_header::{Part, SoundHeader};
use super::tools::{Tools, file_argument};
use crate::error::Result;
use crate::frame::Planes;
use crate::frame::Shape;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Quality when none is asked for: hardly to be told from the source (x264, x265, libvpx).
const CRF: [u8; 3] = [18, 20, 24];
/// x264's quantiser below which bits are wasted, where it has an average to keep: of few bits and
/// of many. With the second, a source of 0.4 bits a pixel became 0.43 times as large, and 0.40 at
/// the fixed quality; noise of 0.75 bits a pixel 1.3 instead of 2.3 times.
const LEAST_QUANTISER: [u8; 2] = [15, 18];
/// The one above which covers are too coarse for `verify` to tell them from something else; rather
/// more bits.
const MOST_QUANTISER: u8 = 32;
/// Effort of x265 when none is asked for: the fastest that does not waste bits.
const PRESET: &str = "veryfast";
/// The same where there are few bits: they go further.
const LOW: &str = "fast";
/// The same of x264: `superfast` with what makes `veryfast` spare bits, bits moved to what later
/// frames refer to. At one quality it took 0.51 of veryfast's CPU for 1.02 of its bytes (1080p of a
/// crowd, equal in SSIM to 0.0002).
const X264: [&str; 4] = [
    "-preset",
    "superfast",
    "-x264-params",
    "mbtree=1:rc-lookahead=10",
];

/// An encoder for pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    H264,
    Hevc,
    Vp9,
}

impl Codec {
    /// H.264 for what everything plays, HEVC for more bits, VP9 where only it is allowed or where
    /// the size is odd, which the others cannot hold at reduced chroma.
    pub(super) fn choose(container: Container, format: &PixelFormat, shape: &Shape) -> Self {
        let is_odd = is_odd(format, shape);
        let takes_vp9 = container != Container::Ts && container != Container::Mov;
        match container {
            Container::WebM => Self::Vp9,
            _ if is_odd && takes_vp9 => Self::Vp9,
            _ if format.bits > 8 || format.planes == Planes::Gbr => Self::Hevc,
            _ => Self::H264,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::H264 => "libx264",
            Self::Hevc => "libx265",
            Self::Vp9 => "libvpx-vp9",
        }
    }
}

/// Whether chroma samples stand for fewer pixels at an edge than elsewhere.
fn is_odd(format: &PixelFormat, shape: &Shape) -> bool {
    let (w, h) = (shape.size.width, shape.size.height);
    match format.planes {
        Planes::Yuv { x, y } => w % (1 << x) != 0 || h % (1 << y) != 0,
        _ => false,
    }
}

/// Everything the command line is made of.
pub(super) struct Job<'a> {
    pub(super) probe: &'a Probe,
    pub(super) container: Container,
    pub(super) format: &'a PixelFormat,
    pub(super) shape: &'a Shape,
    pub(super) codec: Codec,
    pub(super) encoding: &'a Encoding,
    /// The part of the source that is written.
    pub(super) range: Option<TimeRange>,
    pub(super) damaged: Damaged,
}

impl Job<'_> {
    /// Sound tracks that are written.
    pub(super) fn sound(&self) -> &[AudioTrack] {
        match self.encoding.audio {
            Audio::Keep => &self.probe.audio,
            Audio::Drop => &[],
        }
    }

    /// The encoder of a sound track; `None` if its packets are copied.
    fn sound_encoder(&self, track: &AudioTrack) -> Option<&'static str> {
        let is_held = self.container.holds(&track.codec);
        match (track.codec.as_str(), &track.header) {
            _ if is_cut_up(track) => Some(self.container.sound_encoder()),
            (_, SoundHeader::Plain | SoundHeader::Emptied(_)) if is_held => None,
            ("flac", _) if is_held => Some("flac"),
            ("alac", _) if is_held => Some("alac"),
            _ => Some(self.container.sound_encoder()),
        }
    }

    /// Whether sound is encoded, which begins a little earlier then.
    pub(super) fn converts_sound(&self) -> bool {
        let mut sound = self.sound().iter();
        sound.any(|t| self.sound_encoder(t).is_some())
    }

    /// What must be emptied in the headers of the copied sound tracks, in their order.
    pub(super) fn too_much(&self) -> Vec<Part> {
        let sound = self.sound().iter();
        let copied = sound.filter(|t| self.sound_encoder(t).is_none());
        let parts = copied.filter_map(|track| match &track.header {
            SoundHeader::Emptied(part) => Some(part.clone()),
            _ => None,
        });
        parts.collect()
    }

    /// What a person should know about the encoding.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all: Vec<String> = self.format.warning.clone().into_iter().collect();
        for track in self.sound() {
            let why = match track.header {
                _ if !self.container.holds(&track.codec) => {
                    format!("{} cannot hold it", self.container.name())
                }
                _ if is_cut_up(track) => "its edit list leaves parts of it out".to_owned(),
                SoundHeader::More => "its header may hold more than sound".to_owned(),
                _ => continue,
            };
            let codec = &track.codec;
            all.push(format!("its sound ({codec}) was converted, since {why}"));
        }
        if self.has_full_chroma() {
            all.push("its size is odd, so its chroma was written at full resolution".into());
        }
        let hdr = &self.probe.video.hdr;
        if self.codec != Codec::Hevc && (hdr.mastering.is_some() || hdr.light.is_some()) {
            all.push("the metadata of its high dynamic range is dropped".into());
        }
        if self.probe.video.fields.is_some() && !self.keeps_fields() {
            all.push("its interlaced fields are written as whole frames".into());
        }
        all
    }

    /// H.264 and HEVC hold odd sizes only with a chroma sample for every pixel.
    fn has_full_chroma(&self) -> bool {
        self.codec != Codec::Vp9 && is_odd(self.format, self.shape)
    }

    fn encoder_format(&self) -> String {
        if !self.has_full_chroma() {
            return self.format.for_encoder();
        }
        // Here the format must say the range, since it is converted.
        let own = &self.format.name;
        own.replace("420", "444").replace("422", "444")
    }

    /// x264 keeps fields where rows come in fours.
    fn keeps_fields(&self) -> bool {
        self.codec == Codec::H264 && self.shape.size.height.is_multiple_of(4)
    }

    /// The command line that reads frames from standard input and sound from `source`, and writes
    /// `to`.
    pub(super) fn arguments(
        &self,
        tools: &Tools,
        source: &OsStr,
        to: &Path,
    ) -> Result<Vec<OsString>> {
        if !tools.can_encode(self.codec.name()) {
            return Err(unsupported(format!(
                "the ffmpeg on the PATH was built without the encoder {}",
                self.codec.name()
            )));
        }
        let mut all = Arguments::default();
        all.add(["-v", "error", "-nostdin", "-xerror", "-y", "-copyts"]);
        all.add(["-f", "nut", "-i", "pipe:0"]);
        let sound = self.sound();
        if !sound.is_empty() {
            all.add(["-protocol_whitelist", "file,pipe"]);
            let begin = self.range.map_or(0.0, |r| r.from.as_secs_f64());
            all.add(self.probe.to_zero(begin));
            if self.damaged == Damaged::Conceal {
                // Damaged packets of sound are left out; those of the pictures are not read here.
                all.add(["-fflags", "+discardcorrupt"]);
            }
            all.add(["-i"]);
            all.0.push(source.to_owned());
        }
        all.add(["-map", "0:v:0"]);
        for (i, track) in sound.iter().enumerate() {
            all.add(["-map", &format!("1:{}", track.index)]);
            let encoder = self.sound_encoder(track);
            let chosen = if track.is_default { "default" } else { "0" };
            all.add([&format!("-disposition:a:{i}"), chosen]);
            all.add([&format!("-c:a:{i}"), encoder.unwrap_or("copy")]);
            self.cut_sound(i, track, encoder.is_some(), &mut all);
            if matches!(encoder, Some("aac" | "libopus")) {
                all.add([&format!("-b:a:{i}"), "192k"]);
            }
        }
        if sound.iter().any(|t| self.container.is_new_for(&t.codec)) {
            all.add(["-strict", "experimental"]);
        }
        all.add(["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]);
        all.add([
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            "-flags:a",
            "+bitexact",
        ]);
        for (i, track) in sound.iter().enumerate() {
            if let Some(language) = &track.language {
                all.add([
                    &format!("-metadata:s:a:{i}"),
                    &format!("language={language}"),
                ]);
            }
        }
        self.time(&mut all);
        self.picture(&mut all);
        self.file(&mut all);
        all.0.push(file_argument(to)?);
        Ok(all.0)
    }

    /// Leaves out what is not heard of a track: what an edit list hides, and what lies outside the
    /// part.
    fn cut_sound(&self, i: usize, track: &AudioTrack, is_converted: bool, all: &mut Arguments) {
        const SLACK: f64 = 0.0005;
        let begin = self.range.map_or(0.0, |r| r.from.as_secs_f64());
        let end = self
            .range
            .and_then(|r| r.to)
            .map(|to| to.as_secs_f64() - begin);
        if is_converted {
            let mut parts = Vec::new();
            parts.extend((begin > 0.0).then_some("start=0".to_owned()));
            parts.extend(end.map(|end| format!("end={end:.6}")));
            if !parts.is_empty() {
                all.add([
                    &format!("-filter:a:{i}"),
                    &format!("atrim={}", parts.join(":")),
                ]);
            }
            return;
        }
        let mut dropped = Vec::new();
        if let Some(cut) = track.cut.filter(|cut| cut.is_trimmed) {
            // ffmpeg copies up to a second of what lies before the part that is heard.
            let start = track.start - self.probe.start_seconds() - begin + SLACK;
            let packets = cut.lead + 1;
            dropped.push(format!("lt((pts+{packets}*duration)*tb\\,{start:.6})"));
        }
        if begin > 0.0 {
            dropped.push(format!("lt(pts*tb\\,{:.6})", -SLACK));
        }
        dropped.extend(end.map(|end| format!("gt((pts+duration)*tb\\,{:.6})", end + SLACK)));
        if !dropped.is_empty() {
            let drop = format!("noise=amount=0:drop='{}'", dropped.join("+"));
            all.add([&format!("-bsf:a:{i}"), &drop]);
        }
    }

    fn time(&self, all: &mut Arguments) {
        let base = self.probe.video.time_base;
        all.add(["-fps_mode", "passthrough", "-enc_time_base:v"]);
        all.add([&format!("{}:{}", base.num(), base.den())]);
        if self.container.is_iso() {
            // Finer than the source where that has whole ticks only (1001/30000).
            all.add(["-video_track_timescale", &base.den().to_string()]);
        }
    }

    fn picture(&self, all: &mut Arguments) {
        let video = &self.probe.video;
        let colour = &video.colour;
        let mut set: Vec<String> = Vec::new();
        for (key, value) in [
            ("range", &colour.range),
            ("color_primaries", &colour.primaries),
            ("color_trc", &colour.transfer),
            ("colorspace", &colour.matrix),
        ] {
            set.extend(value.as_ref().map(|v| format!("{key}={v}")));
        }
        let mut filters = Vec::new();
        if !set.is_empty() {
            filters.push(format!("setparams={}", set.join(":")));
        }
        if let (Some(fields), true) = (video.fields, self.keeps_fields()) {
            let first = match fields {
                Fields::Top => "tff",
                Fields::Bottom => "bff",
            };
            filters.push(format!("setfield={first}"));
            all.add(["-flags:v", "+bitexact+ildct+ilme"]);
        }
        if !filters.is_empty() {
            all.add(["-vf", &filters.join(",")]);
        }
        if let Some(location) = &colour.chroma_location {
            all.add(["-chroma_sample_location", location]);
        }
        let Encoding {
            crf,
            bitrate,
            effort,
            ..
        } = self.encoding;
        let average = match (crf, bitrate) {
            (None, None) => Average::new(video, self.shape.size.area(), self.codec),
            _ => None,
        };
        let low = average.filter(|a| a.is_low).map(|_| LOW);
        let asked = effort.map(Effort::name);
        let preset = asked.or(low).unwrap_or(PRESET);
        all.add([
            "-pix_fmt",
            &self.encoder_format(),
            "-c:v",
            self.codec.name(),
        ]);
        match self.codec {
            Codec::H264 => {
                match asked.or(low) {
                    Some(preset) => all.add(["-preset", preset]),
                    None => all.add(X264),
                }
                all.add(self.quality(0, average));
            }
            Codec::Hevc => {
                let mut own = vec!["log-level=error".to_owned(), "info=0".to_owned()];
                own.extend(
                    video
                        .hdr
                        .mastering
                        .iter()
                        .map(|m| format!("master-display={m}")),
                );
                own.extend(video.hdr.light.iter().map(|l| format!("max-cll={l}")));
                if video.hdr.mastering.is_some() {
                    own.push("hdr10=1".into());
                }
                all.add(["-preset", preset]);
                all.add(self.quality(1, average));
                all.add(["-x265-params", &own.join(":")]);
                if self.container.is_iso() {
                    all.add(["-tag:v", "hvc1"]);
                }
            }
            Codec::Vp9 => {
                all.add(self.quality(2, average));
                all.add(["-deadline", "good", "-cpu-used", "5", "-row-mt", "1"]);
            }
        }
    }

    /// How good pictures are, or how many bits they get; `i`: which of [`CRF`].
    fn quality(&self, i: usize, average: Option<Average>) -> Vec<String> {
        let mut all = Vec::new();
        let mut add = |word: &str, value: String| all.extend([word.to_owned(), value]);
        let crf = self.encoding.crf.unwrap_or(CRF[i]).to_string();
        match (self.encoding.bitrate, average, self.codec) {
            (Some(bits), ..) => add("-b:v", bits.to_string()),
            (None, Some(average), codec) => {
                add("-b:v", average.rate.to_string());
                match codec {
                    // What is easy needs fewer.
                    Codec::H264 => {
                        let least = LEAST_QUANTISER[usize::from(average.is_high)];
                        add("-qmin", least.to_string());
                        add("-qmax", MOST_QUANTISER.to_string());
                    }
                    Codec::Vp9 => add("-crf", crf),
                    Codec::Hevc => {}
                }
            }
            (None, None, codec) => {
                if codec == Codec::Vp9 {
                    add("-b:v", "0".to_owned());
                }
                add("-crf", crf);
            }
        }
        all
    }

    /// When the last frame of the new file ceases to be shown, in seconds.
    fn end(&self) -> Option<f64> {
        let end = self.probe.video.end?;
        let Some(TimeRange { from, to }) = self.range else {
            return Some(end);
        };
        let end = to.map_or(end, |to| end.min(to.as_secs_f64()));
        Some(end - from.as_secs_f64())
    }

    fn file(&self, all: &mut Arguments) {
        let mut filters = Vec::new();
        if self.codec == Codec::H264 {
            // x264 writes its settings into the stream.
            filters.push("filter_units=remove_types=6".to_owned());
        }
        if let Some(end) = self.end()
            && self.container.is_iso()
        {
            // A pipe of frames does not say how long the last one is shown. Of the others, the time
            // of the next one counts.
            filters.push(format!(
                "setts=pts=PTS:dts=DTS:duration='max(1\\,round({end:.6}/TB)-PTS)'"
            ));
        }
        if !filters.is_empty() {
            all.add(["-bsf:v", &filters.join(",")]);
        }
        if self.container.is_iso() {
            all.add(["-movflags", "+faststart", "-write_tmcd", "0"]);
        }
        if self.container == Container::Ts {
            all.add(["-muxdelay", "0", "-muxpreload", "0"]);
            // Else it depends on the name of the file.
            all.add(["-mpegts_m2ts_mode", "0"]);
        }
        all.add(["-f", self.container.format()]);
    }
}

/// Whether several parts of a sound track are heard: only what is decoded can be joined.
fn is_cut_up(track: &AudioTrack) -> bool {
    track.cut.is_some_and(|cut| !cut.is_whole)
}

/// A command line in the making.
#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn add(&mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        let words = words.into_iter().map(|w| w.as_ref().to_owned());
        self.0.extend(words);
    }
}
