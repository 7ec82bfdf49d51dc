//! How far a cover may be from what its style shows, in levels of 8 bits over a tile. Measured, see
//! `docs/verify.md`: above the largest differences of untouched outputs, noise included, and below
//! the smallest of faces that are open or covered by something weaker.

use crate::redact::Style;

/// Of pixels that a codec keeps.
const LOSSLESS: f32 = 1.5;
/// Steps of a codec that a tile may be off: what lies around a cover was coded anew with it, and
/// what it is filled from is that much noisier.
const STEPS: f32 = 12.0;
/// However coarse a codec is.
const MOST: f32 = 28.0;
/// Of the nearest colour in a palette, beyond its own distance.
const PALETTE: f32 = 6.0;
/// Of a frame of a video, whatever the settings of its encoder.
#[cfg(feature = "video")]
const VIDEO: f32 = 16.0;

/// Of a style's own: what a Gaussian is held against is not quite itself, and where a sticker lets
/// something through that is filled from samples that the sticker's soft edge has changed.
fn own(style: &Style) -> f32 {
    match style {
        Style::Gaussian => 2.0,
        Style::Image(_) => 18.0,
        _ => 0.0,
    }
}

/// Of a plane of a photo; `coarseness` is what one step of its codec does to smooth samples, `None`
/// if it keeps them.
pub(super) fn of_photo(style: &Style, coarseness: Option<f32>) -> f32 {
    (LOSSLESS + STEPS * coarseness.unwrap_or(0.0)).min(MOST) + own(style)
}

/// Of a picture with a palette.
pub(super) fn of_palette(style: &Style) -> f32 {
    PALETTE + own(style)
}

/// Of a frame.
#[cfg(feature = "video")]
pub(super) fn of_frame(style: &Style) -> f32 {
    VIDEO + own(style)
}
