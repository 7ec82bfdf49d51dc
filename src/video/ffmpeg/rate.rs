//! How many bits the pictures of a new file get: quality follows the source, which was encoded once already, so that
//! a file does not grow for details that it does not have.

use super::arguments::Codec;
use super::probe::VideoTrack;

/// Bits a second of a new file, as a share of the source's: the new file repeats what the source's encoder left out
/// of its own free will, too. With what the buffer holds at the beginning, it stays below 1.3.
const SHARE: f64 = 1.15;
/// The buffer, in seconds of a video: what may be spent at once. Its least and most, in seconds.
const BUFFER: (f64, f64, f64) = (0.15, 0.5, 5.0);
/// Bits a pixel below which an encoder must look longer to keep up with the source's: 960x540 at 0.03 had 39.8 dB
/// with `fast` and 37.0 dB with `superfast` at the same size; 1080p at 0.09 had 46.9 and 46.8.
const FEW: f64 = 0.06;

/// A bound for an encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    /// Bits a second.
    pub(super) rate: u64,
    /// Bits.
    pub(super) buffer: u64,
    /// Whether these are few for so many pixels.
    pub(super) is_low: bool,
}

impl Bound {
    /// Of pictures that are written with a codec; `None` if the source does not say how many bits it has.
    pub(super) fn new(track: &VideoTrack, pixels: u64, to: Codec) -> Option<Self> {
        let own = track.bit_rate? as f64;
        let rate = f64::from(track.rate.0) / f64::from(track.rate.1);
        let seconds = track.frames.map_or(BUFFER.2, |n| n as f64 / rate);
        // What one codec says in so many bits takes others more.
        let more = match (track.codec.as_str(), to) {
            ("av1", Codec::H264) => 2.0,
            ("hevc" | "vp9", Codec::H264) | ("av1", _) => 1.5,
            _ => 1.0,
        };
        let bits = own * more;
        let bound = Self {
            rate: (bits * SHARE) as u64,
            buffer: (bits * (BUFFER.0 * seconds).clamp(BUFFER.1, BUFFER.2)) as u64,
            is_low: bits < FEW * pixels as f64 * rate,
        };
        (bound.rate >= 1000).then_some(bound)
    }
}
