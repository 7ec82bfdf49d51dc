//! A photo of twelve megapixels, made by code.

use faceveil::Size;

pub(crate) const PHOTO: Size = Size::new(4032, 3024);

/// Noise in -1..=1 that belongs to a place.
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let mut n = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed;
    n = (n ^ n >> 15).wrapping_mul(0x2C1B_3C6D);
    n = (n ^ n >> 12).wrapping_mul(0x297A_2D39);
    ((n ^ n >> 15) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Noise of which one wave is about `side` pixels long, smooth between.
fn texture(x: u32, y: u32, side: u32) -> f32 {
    let at = |dx, dy| noise(x / side + dx, y / side + dy, side);
    let ease = |v: u32| {
        let t = (v % side) as f32 / side as f32;
        t * t * (3.0 - 2.0 * t)
    };
    let (tx, ty) = (ease(x), ease(y));
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    mix(mix(at(0, 0), at(1, 0), tx), mix(at(0, 1), at(1, 1), tx), ty)
}

/// Slopes, soft shapes, some parts with fine texture, and a sensor's grain.
pub(crate) fn pixels() -> Vec<u8> {
    let mut out = Vec::with_capacity(PHOTO.area() as usize * 3);
    for y in 0..PHOTO.height {
        for x in 0..PHOTO.width {
            let shapes = texture(x, y, 700) * 60.0 + texture(x, y, 150) * 25.0;
            let rough = (texture(x, y, 400) + 0.3).clamp(0.0, 1.0);
            let fine = rough * (texture(x, y, 12) * 22.0 + texture(x, y, 5) * 16.0);
            let grain = noise(x, y, 1) * 9.0;
            let light = 120.0 + shapes + fine + grain;
            let tint = texture(x, y, 500) * 20.0;
            let colours = [light + tint, light, light - tint + noise(x, y, 2) * 2.0];
            out.extend(colours.map(|v| v.clamp(0.0, 255.0) as u8));
        }
    }
    out
}
