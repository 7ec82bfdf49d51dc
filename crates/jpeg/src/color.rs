//! Components to red, green and blue (JFIF 1.02, page 3).

use multiversion::multiversion;

/// How colours are coded in the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorModel {
    /// One component.
    Grey,
    /// Luma, blue difference, red difference (JFIF).
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Cyan, magenta, yellow, black; the largest value is no ink. So Adobe writes it, and so nearly
    /// everybody reads it.
    Cmyk,
    /// Inks as YCbCr, black inverted; only Adobe writes it.
    Ycck,
}

/// Fractional bits of the factors below.
const BITS: i32 = 14;

/// `factor` as a whole number.
const fn fixed(factor: f64) -> i32 {
    (factor * (1 << BITS) as f64 + 0.5) as i32
}

/// A row: one line per component, all of the same length, to interleaved pixels.
pub(super) fn to_rgb(model: ColorModel, lines: &[Vec<u8>], out: &mut [u8]) {
    let pixels = out.chunks_exact_mut(3);
    match (model, lines) {
        (ColorModel::YCbCr, [y, cb, cr, ..]) => from_ycc(y, cb, cr, out),
        (ColorModel::Rgb, [r, g, b, ..]) => {
            for (pixel, ((&r, &g), &b)) in pixels.zip(r.iter().zip(g).zip(b)) {
                pixel.copy_from_slice(&[r, g, b]);
            }
        }
        (ColorModel::Cmyk, [c, m, y, k]) => {
            for (pixel, (((&c, &m), &y), &k)) in pixels.zip(c.iter().zip(m).zip(y).zip(k)) {
                pixel.copy_from_slice(&[c, m, y].map(|ink| product(ink, k)));
            }
        }
        (ColorModel::Ycck, [y, cb, cr, k]) => {
            from_ycc(y, cb, cr, out);
            for (pixel, &k) in out.chunks_exact_mut(3).zip(k) {
                pixel.iter_mut().for_each(|v| *v = product(255 - *v, k));
            }
        }
        (_, [grey, ..]) => {
            for (pixel, &v) in pixels.zip(grey) {
                pixel.fill(v);
            }
        }
        (_, []) => {}
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn from_ycc(y: &[u8], cb: &[u8], cr: &[u8], out: &mut [u8]) {
    const RUN: usize = 32;
    let runs = y.chunks(RUN).zip(cb.chunks(RUN)).zip(cr.chunks(RUN));
    for (((y, cb), cr), out) in runs.zip(out.chunks_mut(3 * RUN)) {
        let mut rgb = [[0u8; RUN]; 3];
        let [red, green, blue] = &mut rgb;
        let to = red.iter_mut().zip(green).zip(blue);
        for (((&y, &cb), &cr), ((r, g), b)) in y.iter().zip(cb).zip(cr).zip(to) {
            let y = (i32::from(y) << BITS) + (1 << (BITS - 1));
            let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
            let clamp = |v: i32| (v >> BITS).clamp(0, 255) as u8;
            *r = clamp(y + const { fixed(1.402) } * cr);
            *g = clamp(y - const { fixed(0.344_136_3) } * cb - const { fixed(0.714_136_3) } * cr);
            *b = clamp(y + const { fixed(1.772) } * cb);
        }
        for (i, pixel) in out.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&[rgb[0][i], rgb[1][i], rgb[2][i]]);
        }
    }
}

/// `a * b / 255`, rounded.
fn product(a: u8, b: u8) -> u8 {
    let p = u32::from(a) * u32::from(b) + 128;
    ((p + (p >> 8)) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_jfif_within_one() {
        let steps: Vec<u8> = (0..=255).step_by(5).collect();
        for &y in &steps {
            for &cb in &steps {
                let lines = [vec![y; steps.len()], vec![cb; steps.len()], steps.clone()];
                let mut out = vec![0; steps.len() * 3];
                to_rgb(ColorModel::YCbCr, &lines, &mut out);
                for (pixel, &cr) in out.chunks_exact(3).zip(&steps) {
                    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let exact = [
                        y + 1.402 * cr,
                        y - 0.344_136_3 * cb - 0.714_136_3 * cr,
                        y + 1.772 * cb,
                    ];
                    for (got, exact) in pixel.iter().zip(exact) {
                        assert!((f64::from(*got) - exact.clamp(0.0, 255.0)).abs() < 0.6);
                    }
                }
            }
        }
    }

    #[test]
    fn no_ink_is_white_and_black_is_black() {
        let mut out = [0; 6];
        let line = |a, b| vec![a, b];
        to_rgb(
            ColorModel::Cmyk,
            &[line(255, 255), line(255, 255), line(255, 255), line(255, 0)],
            &mut out,
        );
        assert_eq!(out, [255, 255, 255, 0, 0, 0]);
        to_rgb(
            ColorModel::Ycck,
            &[line(0, 0), line(128, 128), line(128, 128), line(255, 0)],
            &mut out,
        );
        assert_eq!(out, [255, 255, 255, 0, 0, 0]);
    }
}
