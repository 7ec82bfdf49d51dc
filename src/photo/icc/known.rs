//! Colour spaces that half the world shares, recognised by what they do and not by their names, and
//! replaced by profiles of our own: then nothing at all of the source's profile is left.

use moxcms::{ColorProfile, DataColorSpace, ToneReprCurve, Xyzd};

/// How far a coordinate of a primary may be off: the 16-bit fractions of profiles and the various
/// ways to adapt to D50 differ by less.
const NEAR_PRIMARY: f64 = 0.002;
/// How far a curve may be off, in linear light. Half a step of 8 bits near white is 0.004.
const NEAR_CURVE: f64 = 0.002;

/// Our own profile of the same space, if it is a known one.
pub(super) fn replacement(source: &ColorProfile) -> Option<ColorProfile> {
    let has_tables = source.lut_a_to_b_perceptual.is_some()
        || source.lut_a_to_b_colorimetric.is_some()
        || source.lut_a_to_b_saturation.is_some();
    if source.color_space != DataColorSpace::Rgb || has_tables {
        return None;
    }
    let known: [fn() -> ColorProfile; 6] = [
        ColorProfile::new_srgb,
        ColorProfile::new_display_p3,
        ColorProfile::new_adobe_rgb,
        ColorProfile::new_pro_photo_rgb,
        ColorProfile::new_bt2020,
        ColorProfile::new_dci_p3,
    ];
    known
        .iter()
        .map(|make| make())
        .find(|ours| is_same(source, ours))
}

fn is_same(a: &ColorProfile, b: &ColorProfile) -> bool {
    let near = |a: Xyzd, b: Xyzd| {
        let off = [a.x - b.x, a.y - b.y, a.z - b.z];
        off.iter().all(|d| d.abs() < NEAR_PRIMARY)
    };
    let curves = |a: &Option<ToneReprCurve>, b: &Option<ToneReprCurve>| match (a, b) {
        (Some(a), Some(b)) => is_same_curve(a, b),
        _ => false,
    };
    // Code points, where there are any, come before everything else.
    let points = |p: &ColorProfile| {
        p.cicp
            .map(|c| (c.color_primaries as u8, c.transfer_characteristics as u8))
    };
    (a.cicp.is_none() || points(a) == points(b))
        && near(a.red_colorant, b.red_colorant)
        && near(a.green_colorant, b.green_colorant)
        && near(a.blue_colorant, b.blue_colorant)
        && curves(&a.red_trc, &b.red_trc)
        && curves(&a.green_trc, &b.green_trc)
        && curves(&a.blue_trc, &b.blue_trc)
}

fn is_same_curve(a: &ToneReprCurve, b: &ToneReprCurve) -> bool {
    (0..=64).all(|i| {
        let x = f64::from(i) / 64.0;
        match (value(a, x), value(b, x)) {
            (Some(a), Some(b)) => (a - b).abs() < NEAR_CURVE,
            _ => false,
        }
    })
}

/// Linear light for a coded value in 0..=1 (ICC.1:2022, 10.6 and 10.18).
fn value(curve: &ToneReprCurve, x: f64) -> Option<f64> {
    match curve {
        ToneReprCurve::Lut(table) => match table[..] {
            [] => Some(x),
            [gamma] => Some(x.powf(f64::from(gamma) / 256.0)),
            _ => {
                let place = x * (table.len() - 1) as f64;
                let below = place.floor();
                let at = |i: f64| table.get(i as usize).map(|&v| f64::from(v) / 65535.0);
                let (low, high) = (at(below)?, at(place.ceil())?);
                Some(low + (high - low) * (place - below))
            }
        },
        ToneReprCurve::Parametric(numbers) => {
            let n: Vec<f64> = numbers.iter().map(|&v| f64::from(v)).collect();
            let (g, a, b, c, d, e, f) = match n[..] {
                [g] => (g, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
                [g, a, b] => (g, a, b, 0.0, -b / a, 0.0, 0.0),
                [g, a, b, c] => (g, a, b, 0.0, -b / a, c, c),
                [g, a, b, c, d] => (g, a, b, c, d, 0.0, 0.0),
                [g, a, b, c, d, e, f] => (g, a, b, c, d, e, f),
                _ => return None,
            };
            let light = if x >= d {
                (a * x + b).max(0.0).powf(g) + e
            } else {
                c * x + f
            };
            light.is_finite().then_some(light)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_bytes(profile: &ColorProfile) -> ColorProfile {
        let bytes = profile.encode().expect("encodes");
        ColorProfile::new_from_slice(&bytes).expect("parses")
    }

    #[test]
    fn each_known_space_is_found_as_itself() {
        for make in [
            ColorProfile::new_srgb,
            ColorProfile::new_display_p3,
            ColorProfile::new_adobe_rgb,
            ColorProfile::new_pro_photo_rgb,
            ColorProfile::new_bt2020,
        ] {
            let source = make();
            let found = replacement(&through_bytes(&source)).expect("known");
            assert_eq!(found.red_colorant, source.red_colorant);
            assert_eq!(found.red_trc, source.red_trc);
        }
    }

    #[test]
    fn a_name_makes_no_known_space_of_another_one() {
        let mut other = ColorProfile::new_srgb();
        other.green_colorant.y += 0.01;
        assert!(replacement(&through_bytes(&other)).is_none());
        let mut other = ColorProfile::new_srgb();
        other.blue_trc = Some(ToneReprCurve::Lut(vec![(1.8 * 256.0) as u16]));
        assert!(replacement(&through_bytes(&other)).is_none());
        assert!(replacement(&ColorProfile::new_gray_with_gamma(2.2)).is_none());
    }

    #[test]
    fn a_table_of_the_same_curve_is_the_same_curve() {
        let mut table = ColorProfile::new_srgb();
        let curve = table.red_trc.clone().expect("a curve");
        let samples = (0..1024).map(|i| value(&curve, f64::from(i) / 1023.0).expect("a value"));
        let list: Vec<u16> = samples.map(|v| (v * 65535.0).round() as u16).collect();
        let list = ToneReprCurve::Lut(list);
        (table.red_trc, table.green_trc, table.blue_trc) =
            (Some(list.clone()), Some(list.clone()), Some(list));
        assert!(replacement(&through_bytes(&table)).is_some());
    }
}
