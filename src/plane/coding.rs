//! What the numbers in a plane mean: how many bits they have, how much of their range is used, and
//! which mixture of red, green and blue the brightness is. Photos are full range; most videos are
//! not.
//!
//! Invariant: the value of a colour lies within the range that the coding uses, for every channel.

use crate::plane::{Channel, Sample};

/// Which values black and white have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum YuvRange {
    /// 0 and the largest value, as in JPEG.
    #[default]
    Full,
    /// 16 and 235 of 255, colour differences 16 to 240 (BT.601, BT.709): nearly all videos.
    Limited,
}

/// How brightness and colour differences are made of red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum YuvMatrix {
    /// ITU-R BT.601, and JFIF.
    #[default]
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance: high dynamic range.
    Bt2020,
}

impl YuvMatrix {
    /// Shares of red and blue in the brightness.
    #[must_use]
    pub const fn shares(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// What the samples of a picture mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleCoding {
    /// Bits a sample uses, 8..=16; the largest value is `2^bits - 1`, also in wider samples.
    pub bits: u8,
    /// Which values black and white have.
    pub range: YuvRange,
    /// How brightness is made of red, green and blue; without meaning for red, green and blue
    /// planes.
    pub matrix: YuvMatrix,
}

impl SampleCoding {
    /// Full range over all of a sample, BT.601: photos.
    #[must_use]
    pub const fn photo<T: Sample>() -> Self {
        Self {
            bits: T::BITS,
            range: YuvRange::Full,
            matrix: YuvMatrix::Bt601,
        }
    }

    /// The largest value of a sample.
    #[must_use]
    pub fn max(self) -> f32 {
        ((1u32 << self.bits) - 1) as f32
    }

    /// One level of 8-bit samples.
    #[must_use]
    pub fn level(self) -> f32 {
        self.max() / 255.0
    }

    /// The middle of a colour difference: no colour.
    #[must_use]
    pub fn middle(self) -> f32 {
        (1u32 << (self.bits - 1)) as f32
    }

    /// The values of black and white, and the distance between the ends of a colour difference.
    #[must_use]
    pub fn ends(self) -> (f32, f32, f32) {
        let unit = (1u32 << (self.bits - 8)) as f32;
        match self.range {
            YuvRange::Full => (0.0, self.max(), self.max()),
            YuvRange::Limited => (16.0 * unit, 235.0 * unit, 224.0 * unit),
        }
    }

    /// The value of a channel for a colour of red, green and blue in 0..=1 under `alpha`, with
    /// which they are already multiplied. Linear, so that it may be blended.
    ///
    /// Luma and colour differences: BT.601 to BT.2020, E'Y, E'CB, E'CR. Inverted black is "no ink":
    /// the other three inks carry the colour.
    #[must_use]
    pub fn value(self, channel: Channel, [red, green, blue]: [f32; 3], alpha: f32) -> f32 {
        let (kr, kb) = self.matrix.shares();
        let (black, white, swing) = self.ends();
        let luma = kr * red + (1.0 - kr - kb) * green + kb * blue;
        match channel {
            Channel::Red => red * self.max(),
            Channel::Green => green * self.max(),
            Channel::Blue => blue * self.max(),
            Channel::Luma => black * alpha + luma * (white - black),
            Channel::BlueDifference => {
                self.middle() * alpha + (blue - luma) * 0.5 / (1.0 - kb) * swing
            }
            Channel::RedDifference => {
                self.middle() * alpha + (red - luma) * 0.5 / (1.0 - kr) * swing
            }
            Channel::Alpha | Channel::InvertedBlack => alpha * self.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YCC: [Channel; 3] = [
        Channel::Luma,
        Channel::BlueDifference,
        Channel::RedDifference,
    ];

    fn rounded(coding: SampleCoding, rgb: [f32; 3]) -> [u16; 3] {
        YCC.map(|c| coding.value(c, rgb, 1.0).round().clamp(0.0, coding.max()) as u16)
    }

    #[test]
    fn primaries_become_their_jfif_values() {
        let ycc = |rgb| rounded(SampleCoding::photo::<u8>(), rgb);
        assert_eq!(ycc([0.0, 0.0, 0.0]), [0, 128, 128]);
        assert_eq!(ycc([1.0, 1.0, 1.0]), [255, 128, 128]);
        assert_eq!(ycc([1.0, 0.0, 0.0]), [76, 85, 255]);
        assert_eq!(ycc([0.0, 1.0, 0.0]), [150, 44, 21]);
        assert_eq!(ycc([0.0, 0.0, 1.0]), [29, 255, 107]);
    }

    #[test]
    fn limited_range_keeps_to_its_range_at_every_depth() {
        for (bits, unit) in [(8u8, 1), (10, 4), (12, 16), (16, 256)] {
            let coding = SampleCoding {
                bits,
                range: YuvRange::Limited,
                matrix: YuvMatrix::Bt709,
            };
            let at = |v: u16| v * unit;
            assert_eq!(rounded(coding, [0.0; 3]), [at(16), at(128), at(128)]);
            assert_eq!(rounded(coding, [1.0; 3]), [at(235), at(128), at(128)]);
            assert_eq!(rounded(coding, [0.0, 0.0, 1.0])[1], at(240));
            assert_eq!(rounded(coding, [1.0, 0.0, 0.0])[2], at(240));
        }
    }
}
