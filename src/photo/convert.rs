//! From one format to another: what a file comes to apart from its format, and what each format can
//! take of it.
//!
//! Invariant: a picture that changes its format lies upright in memory, and whatever the new format
//! cannot hold is refused or said.

use super::exif;
use super::frames::{Frame, Frames};
use super::guard::unsupported;
use super::hdr::Signal;
use super::icc::Profile;
use super::notes::Notes;
use super::raster::{Model, Raster, Samples};
use super::{Body, Format, Quality, jpeg, png, tiff, webp};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Orientation;
use crate::plane::Sample;

/// When the frames of an animation are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// 0: for ever.
    pub(super) plays: u32,
    /// Milliseconds.
    pub(super) durations: Vec<u32>,
}

/// A file apart from its format.
#[derive(Debug)]
pub(super) struct Parts {
    /// At least one.
    pub(super) frames: Vec<Frame>,
    pub(super) icc: Option<Profile>,
    /// How brightness is coded, if it goes beyond white.
    pub(super) signal: Option<Signal>,
    pub(super) exif: exif::Facts,
    pub(super) timing: Option<Timing>,
    /// Colour was coded at half the size.
    pub(super) subsampled: bool,
    /// Bytes of its codestream, if that is a lossy JPEG XL's.
    #[cfg(feature = "jxl")]
    pub(super) lossy_bytes: Option<usize>,
    /// Colours are multiplied with opacity.
    pub(super) multiplied: bool,
    /// Its colours are those of numbers that only the source's format has a place for.
    pub(super) vague: bool,
    /// What was kept of the source's container that only that has a place for.
    pub(super) own: Vec<ContentKind>,
}

impl Parts {
    /// Pictures about which nothing else is known.
    pub(super) fn new(frames: Vec<Frame>) -> Self {
        Self {
            frames,
            icc: None,
            signal: None,
            exif: exif::Facts::default(),
            timing: None,
            subsampled: false,
            #[cfg(feature = "jxl")]
            lossy_bytes: None,
            multiplied: false,
            vague: false,
            own: Vec::new(),
        }
    }
}

/// What a format can hold.
struct Holds {
    /// Pixels of a side.
    most: u32,
    sixteen_bits: bool,
    grey: bool,
    alpha: bool,
    inks: bool,
    animation: bool,
    pages: bool,
}

const fn holds(format: Format) -> Option<Holds> {
    let plain = Holds {
        most: 65_535,
        sixteen_bits: false,
        grey: true,
        alpha: false,
        inks: false,
        animation: false,
        pages: false,
    };
    Some(match format {
        Format::Jpeg => plain,
        Format::Png => Holds {
            most: 1 << 31,
            sixteen_bits: true,
            alpha: true,
            animation: true,
            ..plain
        },
        Format::WebP => Holds {
            most: 16_384,
            grey: false,
            alpha: true,
            animation: true,
            ..plain
        },
        Format::Tiff => Holds {
            most: u32::MAX,
            sixteen_bits: true,
            alpha: true,
            inks: true,
            pages: true,
            ..plain
        },
        Format::Jxl => Holds {
            most: 1 << 30,
            sixteen_bits: true,
            alpha: true,
            ..plain
        },
        Format::Heic | Format::Avif => Holds {
            sixteen_bits: true,
            grey: false,
            alpha: true,
            ..plain
        },
        _ => return None,
    })
}

/// Formats that any picture can be written in.
pub(super) fn is_written(format: Format) -> bool {
    let missing = match format {
        Format::Heic => !cfg!(feature = "heic"),
        Format::Avif => !cfg!(feature = "avif-write"),
        Format::Jxl => !cfg!(feature = "jxl"),
        _ => false,
    };
    !missing && holds(format).is_some()
}

/// Formats whose codecs always lose something.
const fn is_always_lossy(format: Format) -> bool {
    matches!(format, Format::Jpeg | Format::Heic | Format::Avif)
}

/// A body of `parts` that is written in another format.
pub(super) fn body(
    mut parts: Parts,
    (to, quality): (Format, Quality),
    notes: &mut Notes,
) -> Result<Box<dyn Body>> {
    let name = to.name();
    if quality == Quality::Lossless && is_always_lossy(to) {
        return Err(unsupported(format!(
            "{name} cannot be written without loss; PNG and WebP can"
        )));
    }
    let Some(holds) = holds(to).filter(|_| is_written(to)) else {
        return Err(unsupported(format!(
            "{name} cannot be written from other formats"
        )));
    };
    let several = parts.frames.len();
    if several > 1 && parts.timing.is_some() && !holds.animation {
        return Err(unsupported(format!(
            "an animation of {several} frames does not fit into {name}; PNG and WebP can hold it"
        )));
    }
    if several > 1 && parts.timing.is_none() && !holds.pages {
        return Err(unsupported(format!(
            "{several} pages do not fit into {name}; TIFF can hold them"
        )));
    }
    let sides = parts.frames.iter().map(|f| f.raster.size());
    if let Some(size) = sides
        .into_iter()
        .find(|s| s.width.max(s.height) > holds.most)
    {
        return Err(unsupported(format!(
            "{}x{} pixels do not fit into {name}; PNG can hold them",
            size.width, size.height
        )));
    }
    for own in std::mem::take(&mut parts.own) {
        notes.forget(own);
    }
    if parts.vague && parts.icc.is_none() && parts.signal.is_none() {
        notes.warn(
            "colours may look different: only a PNG can say which gamma and primaries these are",
        );
    }
    if parts.exif.adobe_rgb {
        parts.exif.adobe_rgb = false;
        notes.forget(ContentKind::ColorSpace);
        parts.icc = parts.icc.or_else(Profile::adobe_rgb);
        if parts.icc.is_some() {
            notes.keep(ContentKind::Icc);
        }
    }
    let frames = std::mem::take(&mut parts.frames);
    let signal = parts.signal.take();
    let mut fit = Vec::with_capacity(frames.len());
    for frame in frames {
        let mut raster = frame.raster.turned(frame.orientation)?;
        if let Some(signal) = signal {
            raster = signal.to_ordinary(raster, notes)?;
        }
        let raster = fitted(raster, &holds, to, parts.multiplied, notes)?;
        fit.push(Frame {
            raster,
            orientation: Orientation::Normal,
        });
    }
    parts.exif.orientation = Orientation::Normal;
    notes.settle(ContentKind::Orientation);
    let grey = fit.iter().all(|f| f.raster.model().channels().len() < 3);
    let inks = fit.iter().any(|f| f.raster.model() == Model::InvertedCmyk);
    let misfit = |icc: &Profile| icc.is_for_grey() != grey || icc.is_for_inks() != inks;
    if parts.icc.as_ref().is_some_and(misfit) {
        parts.icc = None;
        notes.forget(ContentKind::Icc);
        notes.warn(
            "the colour profile is one for other kinds of pixels and was dropped: colours \
            may look different",
        );
    }
    let built: Option<Box<dyn Body>> = match to {
        Format::Jpeg => {
            let writer = jpeg::PixelWriter::new(&mut parts, quality);
            Frames::new(fit, writer).map(|b| Box::new(b) as Box<dyn Body>)
        }
        Format::Png => {
            let writer = png::PngWriter::new(&mut parts, &fit);
            Frames::new(fit, writer).map(|b| Box::new(b) as Box<dyn Body>)
        }
        Format::WebP => {
            let writer = webp::WebPWriter::new(&mut parts, quality);
            Frames::new(fit, writer).map(|b| Box::new(b) as Box<dyn Body>)
        }
        Format::Tiff => {
            let writer = tiff::TiffWriter::new(&mut parts, &fit);
            Frames::new(fit, writer).map(|b| Box::new(b) as Box<dyn Body>)
        }
        #[cfg(feature = "jxl")]
        Format::Jxl => {
            let (fit, writer) = super::jxl::JxlWriter::new(&mut parts, fit, quality, notes)?;
            Frames::new(fit, writer).map(|b| Box::new(b) as Box<dyn Body>)
        }
        #[cfg(any(feature = "heic", feature = "avif-write"))]
        Format::Heic | Format::Avif => super::heif::HeifWriter::new(&mut parts, to, quality)
            .and_then(|writer| Frames::new(fit, writer))
            .map(|b| Box::new(b) as Box<dyn Body>),
        _ => None,
    };
    built.ok_or_else(|| Error::new(ErrorKind::Internal, format!("no picture for a {name}")))
}

/// The same picture in what a format holds; what is lost is said.
fn fitted(
    raster: Raster,
    holds: &Holds,
    to: Format,
    multiplied: bool,
    notes: &mut Notes,
) -> Result<Raster> {
    let name = to.name();
    let size = raster.size();
    if let (Samples::U16(_), Format::Heic | Format::Avif) = (raster.samples(), to) {
        notes.warn(format!("{name} is written with 10 bits a channel"));
    }
    let mut model = raster.model();
    let mut samples = raster.into_samples();
    if let (Samples::U16(deep), false) = (&samples, holds.sixteen_bits) {
        notes.warn(format!(
            "{name} holds 8 bits a channel: finer steps are lost"
        ));
        let fewer = |&v: &u16| ((u32::from(v) * 255 + 32767) / 65535) as u8;
        samples = Samples::U8(deep.iter().map(fewer).collect());
    }
    if model == Model::InvertedCmyk && !holds.inks {
        notes.warn(
            "inks (CMYK) were made red, green and blue by the plain formula: colours may \
            look different",
        );
        samples = match samples {
            Samples::U8(v) => Samples::U8(without_inks(&v)),
            Samples::U16(v) => Samples::U16(without_inks(&v)),
        };
        model = Model::Rgb;
    }
    let n = model.channels().len();
    if n.is_multiple_of(2) && model != Model::InvertedCmyk && !holds.alpha {
        let opaque = match &samples {
            Samples::U8(v) => v.chunks_exact(n).all(|p| p[n - 1] == u8::MAX),
            Samples::U16(v) => v.chunks_exact(n).all(|p| p[n - 1] == u16::MAX),
        };
        if !opaque {
            notes.warn(format!("{name} has no transparency: it was laid on white"));
        }
        samples = match samples {
            Samples::U8(v) => Samples::U8(on_white(&v, n, multiplied)),
            Samples::U16(v) => Samples::U16(on_white(&v, n, multiplied)),
        };
        model = match model {
            Model::GreyAlpha => Model::Grey,
            _ => Model::Rgb,
        };
    } else if multiplied && n.is_multiple_of(2) && to != Format::Tiff {
        samples = match samples {
            Samples::U8(v) => Samples::U8(divided(&v, n)),
            Samples::U16(v) => Samples::U16(divided(&v, n)),
        };
    }
    if !holds.grey && model.channels().len() < 3 {
        let n = model.channels().len();
        samples = match samples {
            Samples::U8(v) => Samples::U8(coloured(&v, n)),
            Samples::U16(v) => Samples::U16(coloured(&v, n)),
        };
        model = match model {
            Model::Grey => Model::Rgb,
            _ => Model::Rgba,
        };
    }
    Raster::new(size, model, samples)
}

fn without_inks<T: Sample>(data: &[T]) -> Vec<T> {
    let pixels = data.chunks_exact(4);
    let one = |p: &[T]| {
        let black = p[3].to_f32() / T::MAX;
        [0, 1, 2].map(|i| T::from_f32(p[i].to_f32() * black))
    };
    pixels.flat_map(one).collect()
}

/// Lays pixels of `n` channels, the last of them opacity, on white.
fn on_white<T: Sample>(data: &[T], n: usize, multiplied: bool) -> Vec<T> {
    let mut out = Vec::with_capacity(data.len() / n * (n - 1));
    for pixel in data.chunks_exact(n) {
        let alpha = pixel[n - 1].to_f32() / T::MAX;
        for &v in &pixel[..n - 1] {
            let own = if multiplied {
                v.to_f32()
            } else {
                v.to_f32() * alpha
            };
            out.push(T::from_f32(own + T::MAX * (1.0 - alpha)));
        }
    }
    out
}

fn divided<T: Sample>(data: &[T], n: usize) -> Vec<T> {
    let mut out = data.to_vec();
    for pixel in out.chunks_exact_mut(n) {
        let alpha = pixel[n - 1].to_f32();
        if alpha > 0.0 {
            for v in &mut pixel[..n - 1] {
                *v = T::from_f32(v.to_f32() * T::MAX / alpha);
            }
        }
    }
    out
}

/// Grey, with or without opacity, as red, green and blue.
fn coloured<T: Sample>(data: &[T], n: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(data.len() / n * (n + 2));
    for pixel in data.chunks_exact(n) {
        out.extend([pixel[0]; 3]);
        out.extend(&pixel[1..]);
    }
    out
}
