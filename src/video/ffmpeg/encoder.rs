//! Encoders of pictures: which one takes a video, and its part of the command line.

use super::super::failure::unsupported;
use super::super::{Effort, Encoding, VideoEncoder};
use super::arguments::{Arguments, Job, is_odd};
use super::containers::Container;
use super::pixels::PixelFormat;
use super::probe::Fields;
use super::rate::Average;
use crate::error::Result;
use crate::frame::{Planes, Shape};

/// Quality when none is asked for: hardly to be told from the source (x264, x265, libvpx).
const CRF: [u8; 3] = [18, 20, 24];
/// x264's quantiser below which bits are wasted, where it has an average to keep: of few bits and
/// of many. With the second, a source of 0.4 bits a pixel became 0.43 times as large, and 0.40 at
/// the fixed quality; noise of 0.75 bits a pixel 1.3 instead of 2.3 times.
const LEAST_QUANTISER: [u8; 2] = [15, 18];
/// The one above which covers are too coarse for `verify` to tell them from something else; rather
/// more bits.
const MOST_QUANTISER: u8 = 36;
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

/// Pixels from which the memory of an encoder counts: of 8K, x264 took 2.9 GB with [`X264`] and
/// takes 0.76 GB with [`X264_OF_LARGE`], in the same time.
const LARGE: u64 = 1 << 24;
/// The same without frames that wait: slices of one frame are encoded at a time.
const X264_OF_LARGE: [&str; 4] = [
    "-preset",
    "superfast",
    "-x264-params",
    "mbtree=0:rc-lookahead=0:sync-lookahead=0:bframes=0:sliced-threads=1",
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
}

/// An encoder, by the name that ffmpeg has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureEncoder {
    pub(super) codec: Codec,
    by: VideoEncoder,
}

impl PictureEncoder {
    /// The one that is asked for, with a codec that the container and the frames go into.
    ///
    /// # Errors
    /// If it cannot encode them.
    pub(super) fn choose(
        asked: VideoEncoder,
        container: Container,
        format: &PixelFormat,
        shape: &Shape,
    ) -> Result<Self> {
        let name = asked.name();
        let usual = Codec::choose(container, format, shape);
        let is_webm = container == Container::WebM;
        let is_deep = format.bits > 8 || format.planes == Planes::Gbr;
        let refused = |why: &str| unsupported(format!("the encoder {name} cannot write it: {why}"));
        let codec = match asked {
            VideoEncoder::Auto => usual,
            _ if is_webm && asked != VideoEncoder::Vpx => {
                return Err(refused("WebM holds VP9 only"));
            }
            VideoEncoder::X264 if is_deep => {
                return Err(refused("it has more than 8 bits, or no YUV"));
            }
            VideoEncoder::X264 => Codec::H264,
            VideoEncoder::X265 => Codec::Hevc,
            VideoEncoder::Vpx if matches!(container, Container::Ts | Container::Mov) => {
                return Err(refused(&format!("{} holds no VP9", container.name())));
            }
            VideoEncoder::Vpx => Codec::Vp9,
            _ => {
                let is_420 = format.planes == Planes::Yuv { x: 1, y: 1 };
                if !is_420 || format.bits > 10 || is_odd(format, shape) {
                    let why = "hardware takes 4:2:0 of 8 or 10 bits and even sides";
                    return Err(refused(why));
                }
                if format.bits == 8 {
                    Codec::H264
                } else {
                    Codec::Hevc
                }
            }
        };
        Ok(Self { codec, by: asked })
    }

    /// Whether it is none of the libraries.
    pub(super) const fn is_hardware(self) -> bool {
        !matches!(
            self.by,
            VideoEncoder::Auto | VideoEncoder::X264 | VideoEncoder::X265 | VideoEncoder::Vpx
        )
    }

    /// ffmpeg's name of it.
    pub(super) const fn name(self) -> &'static str {
        let is_hevc = matches!(self.codec, Codec::Hevc);
        match (self.by, is_hevc) {
            (VideoEncoder::Nvenc, false) => "h264_nvenc",
            (VideoEncoder::Nvenc, true) => "hevc_nvenc",
            (VideoEncoder::Videotoolbox, false) => "h264_videotoolbox",
            (VideoEncoder::Videotoolbox, true) => "hevc_videotoolbox",
            (VideoEncoder::Vaapi, false) => "h264_vaapi",
            (VideoEncoder::Vaapi, true) => "hevc_vaapi",
            (VideoEncoder::Qsv, false) => "h264_qsv",
            (VideoEncoder::Qsv, true) => "hevc_qsv",
            (VideoEncoder::Amf, false) => "h264_amf",
            (VideoEncoder::Amf, true) => "hevc_amf",
            _ => match self.codec {
                Codec::H264 => "libx264",
                Codec::Hevc => "libx265",
                Codec::Vp9 => "libvpx-vp9",
            },
        }
    }
}

impl Job<'_> {
    /// Filters, format, encoder and quality of the pictures.
    pub(super) fn picture(&self, all: &mut Arguments) {
        self.filters(all);
        if let Some(location) = &self.probe.video.colour.chroma_location {
            all.add(["-chroma_sample_location", location]);
        }
        self.key_frames(all);
        let Encoding { crf, bitrate, .. } = self.encoding;
        let average = match (crf, bitrate) {
            (None, None) => {
                let pixels = self.shape.size.area();
                Average::new(&self.probe.video, pixels, self.encoder.codec)
            }
            _ => None,
        };
        if self.encoder.is_hardware() {
            self.hardware(average, all);
        } else {
            all.add(["-pix_fmt", &self.encoder_format()]);
            all.add(["-c:v", self.encoder.name()]);
            self.library(average, all);
        }
        if self.encoder.codec == Codec::Hevc && self.container.is_iso() {
            all.add(["-tag:v", "hvc1"]);
        }
    }

    fn filters(&self, all: &mut Arguments) {
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
        if self.encoder.by == VideoEncoder::Vaapi {
            all.add(["-init_hw_device", "vaapi"]);
            filters.push(format!("format={},hwupload", self.hardware_format()));
        }
        if !filters.is_empty() {
            all.add(["-vf", &filters.join(",")]);
        }
    }

    /// Playing may begin where it could in the source, so that seeking is as quick.
    fn key_frames(&self, all: &mut Arguments) {
        if self.keys.is_empty() {
            return;
        }
        let times: Vec<String> = self.keys.iter().map(|t| format!("{t:.6}")).collect();
        all.add(["-force_key_frames", &times.join(",")]);
        match self.encoder.name() {
            "libx265" | "h264_nvenc" | "hevc_nvenc" => all.add(["-forced-idr", "1"]),
            "h264_qsv" | "hevc_qsv" => all.add(["-forced_idr", "1"]),
            _ => {}
        }
    }

    /// What hardware takes: the same samples in another order.
    fn hardware_format(&self) -> &'static str {
        match (self.format.bits, self.encoder.by) {
            (8, VideoEncoder::Vaapi | VideoEncoder::Qsv) => "nv12",
            (8, _) => "yuv420p",
            _ => "p010le",
        }
    }

    /// An encoder of hardware. Its quality has a scale of its own; a constant rate factor is taken
    /// for the quantiser, which it is about.
    fn hardware(&self, average: Option<Average>, all: &mut Arguments) {
        if self.encoder.by != VideoEncoder::Vaapi {
            all.add(["-pix_fmt", self.hardware_format()]);
        }
        all.add(["-c:v", self.encoder.name()]);
        let bits = self.encoding.bitrate.map(u64::from);
        if let Some(bits) = bits.or(average.map(|a| a.rate)) {
            return all.add(["-b:v", &bits.to_string()]);
        }
        let quantiser = self.encoding.crf.unwrap_or(CRF[1]);
        let q = quantiser.to_string();
        match self.encoder.by {
            VideoEncoder::Nvenc => all.add(["-rc", "vbr", "-cq", &q, "-b:v", "0"]),
            VideoEncoder::Videotoolbox => {
                let share = 100 * u32::from(51 - quantiser.min(51)) / 51;
                all.add(["-q:v", &share.max(1).to_string()]);
            }
            VideoEncoder::Vaapi => all.add(["-rc_mode", "CQP", "-qp", &q]),
            VideoEncoder::Amf => all.add(["-rc", "cqp", "-qp_i", &q, "-qp_p", &q]),
            _ => all.add(["-global_quality", &q]),
        }
    }

    fn library(&self, average: Option<Average>, all: &mut Arguments) {
        let low = average.filter(|a| a.is_low).map(|_| LOW);
        let asked = self.encoding.effort.map(Effort::name);
        let preset = asked.or(low).unwrap_or(PRESET);
        match self.encoder.codec {
            Codec::H264 => {
                let is_large = self.shape.size.area() >= LARGE;
                match (asked, low) {
                    (None, _) if is_large => all.add(X264_OF_LARGE),
                    (Some(preset), _) | (None, Some(preset)) => all.add(["-preset", preset]),
                    (None, None) => all.add(X264),
                }
                all.add(self.quality(0, average));
            }
            Codec::Hevc => {
                let hdr = &self.probe.video.hdr;
                let mut own = vec!["log-level=error".to_owned(), "info=0".to_owned()];
                let mastering = hdr.mastering.iter();
                own.extend(mastering.map(|m| format!("master-display={m}")));
                own.extend(hdr.light.iter().map(|l| format!("max-cll={l}")));
                if hdr.mastering.is_some() {
                    own.push("hdr10=1".into());
                }
                all.add(["-preset", preset]);
                all.add(self.quality(1, average));
                all.add(["-x265-params", &own.join(":")]);
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
        match (self.encoding.bitrate, average, self.encoder.codec) {
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
}
