//! From samples as a TIFF has them to pixels of the models that are covered and written.

use super::samples::Raw;
use super::stored::{Colours, Packing, Stored};
use crate::error::Result;
use crate::photo::guard::malformed;
use crate::photo::notes::Notes;
use crate::photo::raster::{Model, Raster, Samples};

/// White of the connection space, CIE XYZ of D50.
const WHITE: [f32; 3] = [0.9642, 1.0, 0.8249];
/// From D50 to linear sRGB (ICC.1:2022, annex E, the inverse of its sRGB colorants).
const TO_SRGB: [[f32; 3]; 3] = [
    [3.133_856, -1.616_867, -0.490_615],
    [-0.978_768, 1.916_142, 0.033_454],
    [0.071_945, -0.228_991, 1.405_243],
];

/// Pixels of a page: red, green and blue for all colours but inks and grey.
pub(super) fn raster(
    stored: &Stored,
    raw: Raw,
    model: Model,
    palette: Option<&[u16]>,
    notes: &mut Notes,
) -> Result<Raster> {
    let mut samples = match raw {
        Raw::U8(data) if stored.colours == Colours::Palette => {
            looked_up(data.into_iter().map(usize::from), stored, palette)?
        }
        Raw::U16(data) if stored.colours == Colours::Palette => {
            looked_up(data.into_iter().map(usize::from), stored, palette)?
        }
        Raw::U8(data) => Samples::U8(stretched(data, stored.bits, 8)),
        Raw::U16(data) => Samples::U16(stretched(data, stored.bits, 16)),
        Raw::Floating(data) => Samples::U16(from_floats(&data, notes)),
    };
    let n = model.channels().len();
    match stored.colours {
        // Opacity, if there is any, is no brightness.
        Colours::WhiteIsZero => inverted(&mut samples, n, 1),
        Colours::Inks => inverted(&mut samples, n, 4),
        Colours::YCbCr if !matches!(stored.packing, Packing::Jpeg | Packing::WebP) => {
            changed(&mut samples, n, |[y, cb, cr]| {
                let (cb, cr) = (cb - 128.0 / 255.0, cr - 128.0 / 255.0);
                // ITU-R BT.601, as TIFF 6 has it without tags that say otherwise.
                [
                    y + 1.402 * cr,
                    y - 0.344_136 * cb - 0.714_136 * cr,
                    y + 1.772 * cb,
                ]
            });
        }
        Colours::Lab => {
            let wide = wide(&samples);
            changed(&mut samples, n, |[l, a, b]| {
                // Two's complement: the upper half is below zero.
                let signed = |v: f32| {
                    if v > 0.5 {
                        v * wide - 256.0 / 255.0
                    } else {
                        v * wide
                    }
                };
                srgb(l, signed(a), signed(b))
            });
        }
        Colours::IccLab => {
            let wide = wide(&samples);
            changed(&mut samples, n, |[l, a, b]| {
                srgb(l * wide, a * wide - 128.0 / 255.0, b * wide - 128.0 / 255.0)
            });
        }
        _ => {}
    }
    Raster::new(stored.size, model, samples)
}

/// What the range of 16 bits is of that of 8, which are their upper half.
fn wide(samples: &Samples) -> f32 {
    match samples {
        Samples::U8(_) => 1.0,
        Samples::U16(_) => 65535.0 / 65280.0,
    }
}

/// Numbers of so many bits over the whole range of `to` bits.
fn stretched<T: Copy + Into<u32> + TryFrom<u32>>(mut data: Vec<T>, bits: u32, to: u32) -> Vec<T> {
    if bits < to {
        let (most, wanted) = ((1u32 << bits) - 1, (1u32 << to) - 1);
        for v in &mut data {
            let wide = (*v).into() * wanted;
            *v = T::try_from((wide + most / 2) / most).unwrap_or(*v);
        }
    }
    data
}

/// Colours by their numbers in a palette: all reds, then all greens, then all blues.
fn looked_up(
    data: impl Iterator<Item = usize>,
    stored: &Stored,
    palette: Option<&[u16]>,
) -> Result<Samples> {
    let count = 1usize << stored.bits;
    let palette = palette.filter(|p| p.len() >= 3 * count);
    let palette = palette.ok_or_else(|| malformed("a TIFF page has no whole palette"))?;
    // Some writers put 8 bits where 16 belong.
    let shift = if palette.iter().all(|&v| v < 256) {
        0
    } else {
        8
    };
    let colours: Vec<[u8; 3]> = (0..count)
        .map(|i| [i, count + i, 2 * count + i].map(|at| (palette[at] >> shift) as u8))
        .collect();
    Ok(Samples::U8(data.flat_map(|i| colours[i]).collect()))
}

/// 0 is black and 1 white; where numbers lie outside, the least and the largest are.
fn from_floats(data: &[f32], notes: &mut Notes) -> Vec<u16> {
    let finite = || data.iter().copied().filter(|v| v.is_finite());
    let (least, most) = finite().fold((0.0f32, 1.0f32), |(a, b), v| (a.min(v), b.max(v)));
    match (least, most) {
        (0.0, 1.0) => notes.warn("a TIFF page with floating-point samples is written with 16 bits"),
        _ => notes.warn(
            "a TIFF page with floating-point samples from outside 0 to 1 is written with 16 bits: \
             its least is black and its largest white",
        ),
    }
    let scale = 65535.0 / (f64::from(most) - f64::from(least));
    let whole = |v: &f32| match v.is_finite() {
        true => ((f64::from(*v) - f64::from(least)) * scale).round() as u16,
        false => 0,
    };
    data.iter().map(whole).collect()
}

/// Turns light into dark in the first `colours` of `n` channels.
fn inverted(samples: &mut Samples, n: usize, colours: usize) {
    match samples {
        Samples::U8(data) => data
            .chunks_exact_mut(n)
            .flat_map(|p| p.iter_mut().take(colours))
            .for_each(|v| *v = u8::MAX - *v),
        Samples::U16(data) => data
            .chunks_exact_mut(n)
            .flat_map(|p| p.iter_mut().take(colours))
            .for_each(|v| *v = u16::MAX - *v),
    }
}

/// Changes the colours of every pixel, as shares of the whole range.
fn changed(samples: &mut Samples, n: usize, change: impl Fn([f32; 3]) -> [f32; 3]) {
    match samples {
        Samples::U8(data) => {
            for p in data.chunks_exact_mut(n) {
                let new = change([p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0));
                let whole = new.map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8);
                p[..3].copy_from_slice(&whole);
            }
        }
        Samples::U16(data) => {
            for p in data.chunks_exact_mut(n) {
                let new = change([p[0], p[1], p[2]].map(|v| f32::from(v) / 65535.0));
                let whole = new.map(|v| (v * 65535.0).round().clamp(0.0, 65535.0) as u16);
                p[..3].copy_from_slice(&whole);
            }
        }
    }
}

/// CIE L*a*b* to sRGB: L* as a share of 100, a* and b* as shares of 255.
fn srgb(l: f32, a: f32, b: f32) -> [f32; 3] {
    let y = (l * 100.0 + 16.0) / 116.0;
    let cubed = |t: f32| match t > 6.0 / 29.0 {
        true => t * t * t,
        false => 3.0 * (6.0f32 / 29.0).powi(2) * (t - 4.0 / 29.0),
    };
    let f = [y + a * 255.0 / 500.0, y, y - b * 255.0 / 200.0];
    let xyz = [0, 1, 2].map(|i| cubed(f[i]) * WHITE[i]);
    TO_SRGB.map(|row| {
        let linear: f32 = row.iter().zip(xyz).map(|(m, v)| m * v).sum();
        match linear <= 0.003_130_8 {
            true => 12.92 * linear.max(0.0),
            false => 1.055 * linear.powf(1.0 / 2.4) - 0.055,
        }
    })
}
