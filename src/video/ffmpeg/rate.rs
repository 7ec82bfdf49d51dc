//! How many bits the pictures of a new file get: quality follows the source, which was encoded once
//! already, so that a file does not grow for details that it does not have.
//!
//! An average is set and no bound: with one (VBV), x264 on several threads gives other bytes in
//! each run.

use super::encoder::Codec;
use super::probe::VideoTrack;

/// Bits a second of a new file over those of the source, whose encoder looked longer for them.
const SHARE: f64 = 1.25;
/// From so many bits a pixel on a source has, an encoder's own high quality mostly needs less.
const MANY: f64 = 0.15;
/// Bits a pixel below which an encoder must look longer to keep up with the source's: 960x540 at
/// 0.03 had 37.4 dB with `fast` and 35.3 dB with `superfast` at the same size.
const FEW: f64 = 0.06;

/// An average for an encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Average {
    /// Bits a second.
    pub(super) rate: u64,
    /// Whether these are few for so many pixels.
    pub(super) is_low: bool,
    /// Whether these are many: hardly ever are all of them needed.
    pub(super) is_high: bool,
}

impl Average {
    /// Of pictures that are written with a codec; `None` if the source does not say how many bits
    /// it has, or has many and the encoder would use up all of them.
    pub(super) fn new(track: &VideoTrack, pixels: u64, to: Codec) -> Option<Self> {
        let own = track.bit_rate? as f64;
        let rate = f64::from(track.rate.0) / f64::from(track.rate.1);
        // What one codec says in so many bits takes others more.
        let more = match (track.codec.as_str(), to) {
            ("av1", Codec::H264) => 2.0,
            ("hevc" | "vp9", Codec::H264) | ("av1", _) => 1.5,
            _ => 1.0,
        };
        let bits = own * more;
        let a_pixel = bits / (pixels as f64 * rate);
        let is_high = a_pixel >= MANY;
        let is_bounded = to != Codec::Hevc || !is_high;
        (is_bounded && bits > 1000.0).then_some(Self {
            rate: (bits * SHARE) as u64,
            is_low: a_pixel < FEW,
            is_high,
        })
    }
}
