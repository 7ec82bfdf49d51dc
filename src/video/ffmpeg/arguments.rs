//! The encoder's command line: pixels, colour, sound, and what keeps everything else out.

use super::super::{Audio, Damaged, Encoding, TimeRange};
use super::containers::Container;
use super::encoder::{Codec, PictureEncoder};
use super::pixels::PixelFormat;
use super::probe::{AudioTrack, Probe};
use super::sound_header::{Part, SoundHeader};
use super::subtitles::{self, SubtitleTrack};
use super::tools::{Tools, file_argument};
use crate::error::Result;
use crate::frame::Planes;
use crate::frame::Shape;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Whether chroma samples stand for fewer pixels at an edge than elsewhere.
pub(super) fn is_odd(format: &PixelFormat, shape: &Shape) -> bool {
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
    pub(super) encoder: PictureEncoder,
    /// When frames of the source are shown from which playing may begin, in seconds.
    pub(super) keys: Vec<f64>,
    pub(super) encoding: &'a Encoding,
    /// Tracks of subtitles that are written.
    pub(super) subtitles: Vec<&'a SubtitleTrack>,
    /// What gives the captions of the pictures' stream as subtitles, if they are written.
    pub(super) captions: Option<String>,
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
        if self.encoder.name() != "libx265" && (hdr.mastering.is_some() || hdr.light.is_some()) {
            all.push("the metadata of its high dynamic range is dropped".into());
        }
        if self.encoder.is_hardware() && self.encoding.effort.is_some() {
            all.push("its encoder takes no effort; its own usual one was used".into());
        }
        if self.probe.video.fields.is_some() && !self.keeps_fields() {
            all.push("its interlaced fields are written as whole frames".into());
        }
        all
    }

    /// H.264 and HEVC hold odd sizes only with a chroma sample for every pixel.
    pub(super) fn has_full_chroma(&self) -> bool {
        self.encoder.codec != Codec::Vp9 && is_odd(self.format, self.shape)
    }

    pub(super) fn encoder_format(&self) -> String {
        if !self.has_full_chroma() {
            return self.format.for_encoder();
        }
        // Here the format must say the range, since it is converted.
        let own = &self.format.name;
        own.replace("420", "444").replace("422", "444")
    }

    /// x264 keeps fields where rows come in fours.
    pub(super) fn keeps_fields(&self) -> bool {
        self.encoder.name() == "libx264" && self.shape.size.height.is_multiple_of(4)
    }

    /// The command line that reads frames from standard input and sound from `source`, and writes
    /// `to`.
    pub(super) fn arguments(
        &self,
        tools: &Tools,
        source: &OsStr,
        to: &Path,
    ) -> Result<Vec<OsString>> {
        tools.ensure_encoder(self.encoder.name())?;
        let mut all = Arguments::default();
        all.add(["-v", "error", "-nostdin", "-xerror", "-y", "-copyts"]);
        all.add(["-f", "nut", "-i", "pipe:0"]);
        let sound = self.sound();
        let begin = self.range.map_or(0.0, |r| r.from.as_secs_f64());
        if self.reads_source() {
            all.add(["-protocol_whitelist", "file,pipe"]);
            all.add(self.probe.to_zero(begin));
            if self.damaged == Damaged::Conceal {
                // Damaged packets of sound are left out; those of the pictures are not read here.
                all.add(["-fflags", "+discardcorrupt"]);
            }
            all.add(["-i"]);
            all.0.push(source.to_owned());
        }
        if let Some(graph) = &self.captions {
            all.add(self.probe.to_zero(begin));
            all.add(["-f", "lavfi", "-i", graph]);
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
        self.words(&mut all);
        all.add(["-dn", "-map_metadata", "-1", "-map_chapters", "-1"]);
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

    /// Subtitles, written anew; those of a part that lie outside of it are left out.
    fn words(&self, all: &mut Arguments) {
        let own = self.subtitles.iter().map(|track| {
            let language = track.language.as_deref();
            (format!("1:{}", track.index), language, track.is_default)
        });
        let input = if self.reads_source() { 2 } else { 1 };
        let captions = self
            .captions
            .iter()
            .map(|_| (format!("{input}:s:0"), None, false));
        let tracks: Vec<_> = own.chain(captions).collect();
        let Some(encoder) = subtitles::encoder(self.container).filter(|_| !tracks.is_empty())
        else {
            return all.add(["-sn"]);
        };
        for (i, (track, language, is_default)) in tracks.iter().enumerate() {
            all.add(["-map", track, &format!("-c:s:{i}"), encoder]);
            let chosen = if *is_default { "default" } else { "0" };
            all.add([&format!("-disposition:s:{i}"), chosen]);
            if let Some(language) = language {
                all.add([
                    &format!("-metadata:s:s:{i}"),
                    &format!("language={language}"),
                ]);
            }
            let Some(range) = self.range else { continue };
            let mut dropped = vec!["lt(pts*tb\\,-0.0005)".to_owned()];
            if let Some(to) = range.to {
                let end = (to - range.from.min(to)).as_secs_f64() + 0.0005;
                dropped.push(format!("gt((pts+duration)*tb\\,{end:.6})"));
            }
            let drop = format!("noise=amount=0:drop='{}'", dropped.join("+"));
            all.add([&format!("-bsf:s:{i}"), &drop]);
        }
    }

    /// Whether more than pictures come from the source.
    fn reads_source(&self) -> bool {
        !self.sound().is_empty() || !self.subtitles.is_empty()
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
        if self.encoder.codec == Codec::H264 {
            // x264 writes its settings into the stream.
            filters.push("filter_units=remove_types=6".to_owned());
        } else if self.encoder.is_hardware() {
            filters.push("filter_units=remove_types=39|40".to_owned());
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
pub(super) struct Arguments(Vec<OsString>);

impl Arguments {
    pub(super) fn add(&mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        let words = words.into_iter().map(|w| w.as_ref().to_owned());
        self.0.extend(words);
    }
}
