//! Pictures brighter than white (PQ and HLG, ITU-R BT.2100), made into ordinary ones.
//!
//! Ordinary formats cannot say how bright a pixel is, and each viewer guesses in its own way. Here
//! there is one way, with a warning: white is 203 cd/m² (BT.2408), primaries become those of
//! sRGB, and what is brighter than white is rolled off so that 1000 cd/m² is white.

use super::notes::Notes;
use super::raster::{Model, Raster, Samples};
use crate::content::ContentKind;
use crate::error::Result;

/// A way to code more than white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SMPTE ST 2084.
    Pq { wide: bool },
    /// ARIB STD-B67.
    Hlg { wide: bool },
}

/// cd/m² of white in an ordinary picture.
const WHITE: f32 = 203.0;
/// cd/m² that become white.
const BRIGHTEST: f32 = 1000.0;

impl Signal {
    /// From the code points of H.273; `None` for ordinary ones.
    pub(super) fn of(primaries: u16, transfer: u16) -> Option<Self> {
        let wide = primaries == 9;
        match transfer {
            16 => Some(Self::Pq { wide }),
            18 => Some(Self::Hlg { wide }),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pq { .. } => "PQ",
            Self::Hlg { .. } => "HLG",
        }
    }

    /// Light for a value of 0..=1: of the display with white as 1 for PQ, of the scene for HLG.
    fn light(self, v: f32) -> f32 {
        match self {
            Self::Pq { .. } => {
                let p = v.powf(1.0 / 78.84375);
                let above = (p - 0.835_937_5).max(0.0);
                let below = 18.851_562 - 18.6875 * p;
                (above / below).powf(1.0 / 0.159_301_76) * 10_000.0 / WHITE
            }
            Self::Hlg { .. } if v <= 0.5 => v * v / 3.0,
            Self::Hlg { .. } => (((v - 0.559_910_7) / 0.178_832_77).exp() + 0.284_668_92) / 12.0,
        }
    }

    /// The ordinary picture, and a sentence about it.
    pub(super) fn to_ordinary(self, raster: Raster, notes: &mut Notes) -> Result<Raster> {
        notes.warn(format!(
            "the picture is HDR ({}) and was made an ordinary one: bright parts look different",
            self.name()
        ));
        notes.drop(ContentKind::Hdr);
        let deep: Vec<u16> = match raster.samples() {
            Samples::U8(v) => v.iter().map(|&v| u16::from(v) * 257).collect(),
            Samples::U16(v) => v.clone(),
        };
        let table: Vec<f32> = (0..=u16::MAX)
            .map(|v| self.light(f32::from(v) / 65535.0))
            .collect();
        let coded: Vec<u16> = (0..=4095).map(|i| srgb(i as f32 / 4095.0)).collect();
        let n = raster.model().channels().len();
        let colours = if n > 2 { 3 } else { 1 };
        let mut out = deep;
        for pixel in out.chunks_exact_mut(n) {
            let mut rgb = [0f32; 3];
            for (i, v) in rgb.iter_mut().enumerate() {
                *v = table[usize::from(pixel[i.min(colours - 1)])];
            }
            let rgb = self.ordinary(rgb);
            for (to, v) in pixel.iter_mut().zip(rgb).take(colours) {
                // Finer steps where the curve is steep.
                let place = v.sqrt() * 4095.0;
                *to = coded[(place + 0.5) as usize];
            }
        }
        let model = match raster.model() {
            Model::InvertedCmyk => Model::Rgba,
            model => model,
        };
        Raster::new(raster.size(), model, Samples::U16(out))
    }

    /// Light of sRGB's primaries in 0..=1.
    fn ordinary(self, mut rgb: [f32; 3]) -> [f32; 3] {
        if matches!(self, Self::Hlg { .. }) {
            // BT.2100, table 5: a display of 1000 cd/m² has a gamma of 1.2.
            let luma = 0.2627 * rgb[0] + 0.678 * rgb[1] + 0.0593 * rgb[2];
            let gain = BRIGHTEST / WHITE * luma.max(1e-6).powf(0.2);
            rgb = rgb.map(|v| v * gain);
        }
        let wide = match self {
            Self::Pq { wide } | Self::Hlg { wide } => wide,
        };
        if wide {
            let [r, g, b] = rgb;
            // BT.2087, table 2.
            rgb = [
                1.6605 * r - 0.5876 * g - 0.0728 * b,
                -0.1246 * r + 1.1329 * g - 0.0083 * b,
                -0.0182 * r - 0.1006 * g + 1.1187 * b,
            ];
        }
        let most = rgb.into_iter().fold(0.0, f32::max);
        let gain = if most > 0.0 { rolled(most) / most } else { 0.0 };
        rgb.map(|v| (v * gain).clamp(0.0, 1.0))
    }
}

/// Reinhard's curve with a white of its own: dark parts stay, and the brightest becomes 1.
fn rolled(v: f32) -> f32 {
    let white = BRIGHTEST / WHITE;
    v * (1.0 + v / (white * white)) / (1.0 + v)
}

/// The code of sRGB (IEC 61966-2-1) for the square root of light.
fn srgb(root: f32) -> u16 {
    let light = root * root;
    let code = if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (code * 65535.0 + 0.5) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn known_light_is_found_and_brighter_stays_brighter() {
        let pq = Signal::Pq { wide: true };
        // BT.2408: 203 cd/m² is 58 % PQ and 75 % HLG; the ends are black and 10,000.
        assert!((pq.light(0.5806) - 1.0).abs() < 0.01);
        assert!((pq.light(1.0) * WHITE - 10_000.0).abs() < 5.0);
        let hlg = Signal::Hlg { wide: true };
        assert!((hlg.light(0.75) - 0.265).abs() < 0.001);
        assert!((hlg.light(1.0) - 1.0).abs() < 0.001);
        for signal in [pq, hlg] {
            let ramp: Vec<u16> = (0..256).flat_map(|v| [v * 257; 3]).collect();
            let raster = Raster::new(Size::new(256, 1), Model::Rgb, Samples::U16(ramp));
            let mut notes = Notes::default();
            let out = signal.to_ordinary(raster.expect("whole"), &mut notes);
            let out = out.expect("made");
            let Samples::U16(v) = out.samples() else {
                panic!("16 bits")
            };
            assert!(v.windows(4).step_by(3).all(|w| w[3] >= w[0]), "{signal:?}");
            assert_eq!((v[0], v[767]), (0, 65535));
            assert_eq!(notes.warnings.len(), 1);
        }
    }
}
