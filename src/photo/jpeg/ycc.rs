//! YCbCr as JFIF defines it (BT.601, full range), for the few pixels of CMYK files that the codecs do
//! not convert themselves.

/// Red, green, blue to Y, Cb, Cr, rounded.
pub(super) fn from_rgb([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (f32::from(r), f32::from(g), f32::from(b));
    let round = |v: f32| (v + 0.5) as u8;
    [
        round(0.299 * r + 0.587 * g + 0.114 * b),
        round(-0.168_736 * r - 0.331_264 * g + 0.5 * b + 128.0),
        round(0.5 * r - 0.418_688 * g - 0.081_312 * b + 128.0),
    ]
}

/// Y, Cb, Cr to red, green, blue, rounded and clamped.
pub(super) fn to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let round = |v: f32| (v + 0.5) as u8;
    [
        round(y + 1.402 * cr),
        round(y - 0.344_136 * cb - 0.714_136 * cr),
        round(y + 1.772 * cb),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_at_most_one_off() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let back = to_rgb(from_rgb([r, g, b]));
                    let worst = back.iter().zip([r, g, b]).map(|(a, b)| a.abs_diff(b)).max();
                    assert!(worst <= Some(1), "{r} {g} {b} {back:?}");
                }
            }
        }
    }
}
