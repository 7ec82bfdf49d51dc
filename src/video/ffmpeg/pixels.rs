//! ffmpeg's pixel formats: which planes they are, what is asked of the decoder, and what an encoder
//! takes. A video keeps its own format; the few that no encoder takes become the next larger one.

use super::super::failure::unsupported;
use crate::error::Result;
use crate::frame::Planes;

/// A pixel format that is piped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PixelFormat {
    /// What is asked of the decoder.
    pub(super) name: String,
    pub(super) planes: Planes,
    pub(super) bits: u8,
    /// A sentence if it is not the source's own.
    pub(super) warning: Option<String>,
}

impl PixelFormat {
    /// For a source's `pix_fmt`.
    pub(super) fn of(source: &str) -> Result<Self> {
        let base = source.trim_end_matches("le").trim_end_matches("be");
        let exact = |name: &str, planes, bits| Self {
            name: name.to_owned(),
            planes,
            bits,
            warning: None,
        };
        let yuv = |x, y| Planes::Yuv { x, y };
        Ok(match base {
            // Only the order of the samples differs.
            "nv12" | "nv21" => exact("yuv420p", yuv(1, 1), 8),
            "nv16" | "yuyv422" | "uyvy422" | "yvyu422" => exact("yuv422p", yuv(1, 0), 8),
            "nv24" | "nv42" => exact("yuv444p", yuv(0, 0), 8),
            "p010" => exact("yuv420p10le", yuv(1, 1), 10),
            "p012" => exact("yuv420p12le", yuv(1, 1), 12),
            "nv20" | "p210" | "y210" => exact("yuv422p10le", yuv(1, 0), 10),
            "p410" => exact("yuv444p10le", yuv(0, 0), 10),
            "rgb24" | "bgr24" | "rgb0" | "bgr0" | "0rgb" | "0bgr" => exact("gbrp", Planes::Gbr, 8),
            "x2rgb10" | "x2bgr10" => exact("gbrp10le", Planes::Gbr, 10),
            _ => planar(base, source)?,
        })
    }

    /// What an encoder is told; full range goes by a tag, not by a format of its own.
    pub(super) fn for_encoder(&self) -> String {
        self.name.replacen("yuvj", "yuv", 1)
    }
}

/// `yuv422p10`, `yuvj420p`, `yuva444p`, `gbrp`, `gray12`, and what must become one of them.
fn planar(base: &str, source: &str) -> Result<PixelFormat> {
    let unknown = || unsupported(format!("its pixel format {source} is not handled"));
    let converted = |to: &str| Some(format!("its pixel format {source} became {to}"));
    let digits = |text: &str| match text {
        "" => Some(8),
        _ => text.parse::<u8>().ok(),
    };
    // Depths for which there is an encoder.
    let depth = |bits: u8| match bits {
        8 | 10 | 12 => Some(bits),
        9 => Some(10),
        14 | 16 => Some(12),
        _ => None,
    };
    let suffix = |bits: u8| match bits {
        8 => String::new(),
        _ => format!("{bits}le"),
    };
    let alpha = "its transparency is dropped".to_owned();
    if let Some(rest) = base.strip_prefix("gray") {
        let bits = digits(rest).ok_or_else(unknown)?;
        let to = depth(bits).ok_or_else(unknown)?;
        let name = format!("gray{}", suffix(to));
        return Ok(PixelFormat {
            warning: if to == bits { None } else { converted(&name) },
            name,
            planes: Planes::Grey,
            bits: to,
        });
    }
    if matches!(base, "monow" | "monob") {
        return Ok(PixelFormat {
            name: "gray".into(),
            planes: Planes::Grey,
            bits: 8,
            warning: converted("gray"),
        });
    }
    for (prefix, has_alpha) in [("gbrap", true), ("gbrp", false)] {
        if let Some(bits) = base.strip_prefix(prefix).and_then(digits) {
            let to = depth(bits).ok_or_else(unknown)?;
            let name = format!("gbrp{}", suffix(to));
            return Ok(PixelFormat {
                warning: match has_alpha {
                    true => Some(alpha),
                    false if to != bits => converted(&name),
                    false => None,
                },
                name,
                planes: Planes::Gbr,
                bits: to,
            });
        }
    }
    if matches!(
        base,
        "pal8" | "rgba" | "bgra" | "argb" | "abgr" | "rgb8" | "bgr8" | "rgb555" | "rgb565"
    ) {
        return Ok(PixelFormat {
            name: "gbrp".into(),
            planes: Planes::Gbr,
            bits: 8,
            warning: base.contains('a').then_some(alpha),
        });
    }
    let (rest, kind) = [("yuvj", "j"), ("yuva", "a"), ("yuv", "")]
        .into_iter()
        .find_map(|(prefix, kind)| Some((base.strip_prefix(prefix)?, kind)))
        .ok_or_else(unknown)?;
    let (sampling, bits) = rest.split_once('p').ok_or_else(unknown)?;
    let bits = digits(bits).ok_or_else(unknown)?;
    let to = depth(bits).ok_or_else(unknown)?;
    let (kept, x, y) = match sampling {
        "420" => ("420", 1, 1),
        "422" | "411" => ("422", 1, 0),
        "444" | "440" => ("444", 0, 0),
        "410" => ("420", 1, 1),
        _ => return Err(unknown()),
    };
    let full = if kind == "j" { "j" } else { "" };
    let name = format!("yuv{full}{kept}p{}", suffix(to));
    let warning = match kind {
        "a" => Some(alpha),
        _ if kept != sampling || to != bits => converted(&name),
        _ => None,
    };
    Ok(PixelFormat {
        name,
        planes: Planes::Yuv { x, y },
        bits: to,
        warning,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_keeps_its_own_pixel_format() {
        for name in [
            "yuv420p",
            "yuvj420p",
            "yuv422p",
            "yuv444p",
            "yuv420p10le",
            "yuv422p10le",
            "yuv444p12le",
            "gray",
            "gray10le",
            "gbrp",
        ] {
            let format = PixelFormat::of(name).expect("known");
            assert_eq!((format.name.as_str(), format.warning), (name, None));
        }
        assert_eq!(PixelFormat::of("nv12").expect("known").name, "yuv420p");
        assert_eq!(PixelFormat::of("p010le").expect("known").bits, 10);
        let full = PixelFormat::of("yuvj420p").expect("known");
        assert_eq!(full.for_encoder(), "yuv420p");
    }

    #[test]
    fn what_changes_is_said() {
        for (from, to) in [
            ("yuva444p10le", "yuv444p10le"),
            ("yuv411p", "yuv422p"),
            ("yuv422p16le", "yuv422p12le"),
            ("bgra", "gbrp"),
        ] {
            let format = PixelFormat::of(from).expect("known");
            assert_eq!(format.name, to);
            assert!(format.warning.is_some(), "{from}");
        }
        assert!(PixelFormat::of("bayer_rggb8").is_err());
        assert!(PixelFormat::of("xyz12le").is_err());
    }
}
