//! One colour, in whatever channels the picture has.
//!
//! Invariant: a colour's channels are full-range (JFIF) values whatever the sample type.

use super::Rgb;
use crate::plane::Channel;

/// The value of a channel for a colour of red, green and blue in 0..=1 under `alpha`, with which they
/// are already multiplied, as a share of the largest sample. Linear, so that it may be blended.
///
/// Luma and colour differences: BT.601 as in JFIF 1.02, page 3. Inverted black is "no ink": the other
/// three inks carry the colour.
pub(super) fn channel_value(channel: Channel, [red, green, blue]: [f32; 3], alpha: f32) -> f32 {
    const MIDDLE: f32 = 128.0 / 255.0;
    match channel {
        Channel::Red => red,
        Channel::Green => green,
        Channel::Blue => blue,
        Channel::Luma => 0.299 * red + 0.587 * green + 0.114 * blue,
        Channel::BlueDifference => {
            MIDDLE * alpha - 0.168_735_9 * red - 0.331_264_1 * green + 0.5 * blue
        }
        Channel::RedDifference => {
            MIDDLE * alpha + 0.5 * red - 0.418_687_6 * green - 0.081_312_4 * blue
        }
        Channel::Alpha | Channel::InvertedBlack => alpha,
    }
}

/// The value of a channel for an opaque colour, as a share of the largest sample.
pub(super) fn opaque(channel: Channel, colour: Rgb) -> f32 {
    let share = |v: u8| f32::from(v) / 255.0;
    let rgb = [share(colour.0), share(colour.1), share(colour.2)];
    channel_value(channel, rgb, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_become_their_jfif_values() {
        let ycc = |c| {
            [
                Channel::Luma,
                Channel::BlueDifference,
                Channel::RedDifference,
            ]
            .map(|channel| (opaque(channel, c) * 255.0).round().clamp(0.0, 255.0) as u8)
        };
        assert_eq!(ycc(Rgb(0, 0, 0)), [0, 128, 128]);
        assert_eq!(ycc(Rgb(255, 255, 255)), [255, 128, 128]);
        assert_eq!(ycc(Rgb(255, 0, 0)), [76, 85, 255]);
        assert_eq!(ycc(Rgb(0, 255, 0)), [150, 44, 21]);
        assert_eq!(ycc(Rgb(0, 0, 255)), [29, 255, 107]);
    }
}
