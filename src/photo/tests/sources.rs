//! Small files of every kind, made by code: what the tests of this module read.

use crate::geometry::Size;
use std::borrow::Cow;

/// The size of all of them; odd, so that blocks and rows need padding.
pub(super) const SIZE: Size = Size::new(37, 29);

/// A small generator with a seed, so that failures come back (xorshift64*).
pub(in super::super) struct Random(pub(in super::super) u64);

impl Random {
    pub(in super::super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(in super::super) fn below(&mut self, most: usize) -> usize {
        (self.next() >> 16) as usize % most.max(1)
    }
}

/// Interleaved samples of a smooth picture with a little noise; `seed` moves it.
pub(super) fn picture(channels: usize, seed: u64) -> Vec<u8> {
    let mut noise = Random(seed + 1);
    let mut out = Vec::new();
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            for c in 0..channels as u32 {
                let wave = (x * (3 + c) + y * (5 + 2 * c) + seed as u32 * 7) % 200;
                out.push(20 + wave.min(200 - wave) as u8 + (noise.next() % 5) as u8);
            }
        }
    }
    out
}

fn jpeg(
    channels: usize,
    color: jpeg_encoder::ColorType,
    set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut job = jpeg_encoder::Encoder::new(&mut out, 92);
    set(&mut job);
    let (w, h) = (SIZE.width as u16, SIZE.height as u16);
    job.encode(&picture(channels, 1), w, h, color)
        .expect("encodes");
    out
}

/// An EXIF block with an orientation, big-endian for once, and a word that must not survive.
pub(super) fn exif_block(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    block.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    block.extend([0x01, 0x3b, 0, 2, 0, 0, 0, 5, 0, 0, 0, 38]);
    block.extend([0; 4]);
    block.extend(b"LEAK\0");
    block
}

pub(super) fn jpegs() -> Vec<(&'static str, Vec<u8>)> {
    use jpeg_encoder::{ColorType as C, SamplingFactor as S};
    let icc = moxcms::ColorProfile::new_display_p3()
        .encode()
        .expect("encodes");
    // The encoder begins with 20 bytes of JFIF, and 16 of Adobe's marker for inks.
    let mut without_marker = jpeg(4, C::Cmyk, |_| {});
    without_marker.drain(20..36);
    let mut rgb = jpeg(3, C::Rgb, |j| j.set_sampling_factor(S::F_1_1));
    rgb.splice(2..20, *b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0");
    vec![
        ("jpeg grey", jpeg(1, C::Luma, |_| {})),
        (
            "jpeg 4:4:4",
            jpeg(3, C::Rgb, |j| j.set_sampling_factor(S::F_1_1)),
        ),
        (
            "jpeg 4:2:0",
            jpeg(3, C::Rgb, |j| j.set_sampling_factor(S::F_2_2)),
        ),
        (
            "jpeg 4:2:2",
            jpeg(3, C::Rgb, |j| j.set_sampling_factor(S::F_2_1)),
        ),
        (
            "jpeg 4:4:0",
            jpeg(3, C::Rgb, |j| j.set_sampling_factor(S::F_1_2)),
        ),
        (
            "jpeg progressive",
            jpeg(3, C::Rgb, |j| j.set_progressive(true)),
        ),
        (
            "jpeg restarts",
            jpeg(3, C::Rgb, |j| j.set_restart_interval(2)),
        ),
        ("jpeg cmyk", jpeg(4, C::Cmyk, |_| {})),
        ("jpeg ycck", jpeg(4, C::CmykAsYcck, |_| {})),
        ("jpeg cmyk without a marker", without_marker),
        ("jpeg rgb", rgb),
        (
            "jpeg turned, with profile",
            jpeg(3, C::Rgb, |j| {
                j.add_exif_metadata(&exif_block(6)).expect("short");
                j.add_icc_profile(&icc).expect("short");
            }),
        ),
        // One scan per component from here on.
        (
            "jpeg 4:1:1",
            jpeg(3, C::Rgb, |j| j.set_sampling_factor(S::F_4_1)),
        ),
        (
            "jpeg optimised",
            jpeg(3, C::Rgb, |j| j.set_optimized_huffman_tables(true)),
        ),
    ]
}

fn png(
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
    set: impl FnOnce(&mut png::Info<'_>),
) -> Vec<u8> {
    let mut info = png::Info::with_size(SIZE.width, SIZE.height);
    info.color_type = color;
    info.bit_depth = depth;
    set(&mut info);
    let mut out = Vec::new();
    let mut writer = png::Encoder::with_info(&mut out, info)
        .and_then(png::Encoder::write_header)
        .expect("header");
    writer.write_image_data(data).expect("data");
    writer.finish().expect("end");
    out
}

/// Rows of packed numbers of `bits` bits.
fn packed(bits: usize) -> Vec<u8> {
    let row = (SIZE.width as usize * bits).div_ceil(8);
    let mut random = Random(5);
    (0..row * SIZE.height as usize)
        .map(|_| random.next() as u8)
        .collect()
}

pub(super) fn pngs() -> Vec<(&'static str, Vec<u8>)> {
    use png::{BitDepth as D, ColorType as C};
    let none = |_: &mut png::Info<'_>| {};
    let palette = |n: usize| -> Vec<u8> { (0..n * 3).map(|i| (i * 83 % 251) as u8).collect() };
    vec![
        ("png grey 1", png(C::Grayscale, D::One, &packed(1), none)),
        ("png grey 2", png(C::Grayscale, D::Two, &packed(2), none)),
        ("png grey 4", png(C::Grayscale, D::Four, &packed(4), none)),
        (
            "png grey 8",
            png(C::Grayscale, D::Eight, &picture(1, 2), none),
        ),
        (
            "png grey 16",
            png(C::Grayscale, D::Sixteen, &picture(2, 2), none),
        ),
        (
            "png grey alpha 8",
            png(C::GrayscaleAlpha, D::Eight, &picture(2, 2), none),
        ),
        (
            "png grey alpha 16",
            png(C::GrayscaleAlpha, D::Sixteen, &picture(4, 2), none),
        ),
        ("png rgb 8", png(C::Rgb, D::Eight, &picture(3, 2), none)),
        ("png rgb 16", png(C::Rgb, D::Sixteen, &picture(6, 2), none)),
        ("png rgba 8", png(C::Rgba, D::Eight, &picture(4, 2), none)),
        (
            "png rgba 16",
            png(C::Rgba, D::Sixteen, &picture(8, 2), none),
        ),
        (
            "png palette 4",
            png(C::Indexed, D::Four, &packed(4), |i| {
                i.palette = Some(palette(16).into())
            }),
        ),
        (
            "png palette 8, transparent",
            png(C::Indexed, D::Eight, &packed(8), |i| {
                i.palette = Some(palette(256).into());
                i.trns = Some(Cow::Borrowed(&[0, 128, 255, 7]));
            }),
        ),
        (
            "png rgb, one transparent colour, turned",
            png(C::Rgb, D::Eight, &picture(3, 2), |i| {
                i.trns = Some(Cow::Borrowed(&[0, 25, 0, 30, 0, 35]));
                i.exif_metadata = Some(exif_block(8).into());
                i.source_gamma = Some(png::ScaledFloat::new(0.45));
            }),
        ),
        ("apng", apng(false)),
        ("apng with a hidden first picture", apng(true)),
    ]
}

/// Frames with offsets, both blends and all disposals.
fn apng(hidden: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut job = png::Encoder::new(&mut out, SIZE.width, SIZE.height);
    job.set_color(png::ColorType::Rgba);
    job.set_depth(png::BitDepth::Eight);
    job.set_animated(4, 3).expect("animated");
    job.set_sep_def_img(hidden).expect("animated");
    let mut writer = job.write_header().expect("header");
    if hidden {
        writer.write_image_data(&picture(4, 9)).expect("data");
    }
    use png::{BlendOp as B, DisposeOp as D};
    let steps = [
        (0, 0, SIZE.width, SIZE.height, B::Source, D::None),
        (3, 5, 20, 10, B::Over, D::Previous),
        (8, 1, 9, 20, B::Source, D::Background),
        (0, 0, 30, 7, B::Over, D::None),
    ];
    for (i, (x, y, w, h, blend, dispose)) in steps.into_iter().enumerate() {
        writer.reset_frame_position().expect("inside");
        writer.set_frame_dimension(w, h).expect("inside");
        writer.set_frame_position(x, y).expect("inside");
        writer.set_blend_op(blend).expect("animated");
        writer.set_dispose_op(dispose).expect("animated");
        writer.set_frame_delay(i as u16 + 1, 25).expect("animated");
        let data = picture(4, 10 + i as u64);
        writer
            .write_image_data(&data[..(w * h * 4) as usize])
            .expect("data");
    }
    writer.finish().expect("end");
    out
}

pub(super) fn gifs() -> Vec<(&'static str, Vec<u8>)> {
    let make = |frames: usize, dispose: gif::DisposalMethod| {
        let palette: Vec<u8> = (0..768).map(|i| (i * 7 % 256) as u8).collect();
        let (w, h) = (SIZE.width as u16, SIZE.height as u16);
        let mut out = Vec::new();
        let mut job = gif::Encoder::new(&mut out, w, h, &palette).expect("header");
        job.set_repeat(gif::Repeat::Finite(4)).expect("header");
        for i in 0..frames as u16 {
            let (left, top) = (i * 2, i);
            let (width, height) = (w - left * 2, h - top * 2);
            let frame = gif::Frame {
                left,
                top,
                width,
                height,
                delay: 5 + i,
                dispose,
                transparent: (i > 0).then_some(60),
                buffer: Cow::Owned(
                    picture(1, u64::from(i))[..usize::from(width) * usize::from(height)].to_vec(),
                ),
                ..gif::Frame::default()
            };
            job.write_frame(&frame).expect("frame");
        }
        drop(job);
        out
    };
    use gif::DisposalMethod as D;
    vec![
        ("gif", make(1, D::Keep)),
        ("gif that adds", make(4, D::Keep)),
        ("gif that clears", make(4, D::Background)),
        ("gif that restores", make(4, D::Previous)),
    ]
}

pub(super) fn webps() -> Vec<(&'static str, Vec<u8>)> {
    let make = |channels: usize, color, exif: Option<u8>| {
        let mut out = Vec::new();
        let mut job = image_webp::WebPEncoder::new(&mut out);
        if let Some(orientation) = exif {
            job.set_exif_metadata(exif_block(orientation));
            job.set_xmp_metadata(b"<x:xmpmeta>LEAK</x:xmpmeta>".to_vec());
        }
        job.encode(&picture(channels, 3), SIZE.width, SIZE.height, color)
            .expect("encodes");
        out
    };
    use image_webp::ColorType as C;
    vec![
        ("webp rgb", make(3, C::Rgb8, None)),
        ("webp rgba", make(4, C::Rgba8, None)),
        ("webp turned", make(4, C::Rgba8, Some(5))),
        ("webp animated", animated_webp()),
    ]
}

fn animated_webp() -> Vec<u8> {
    let mut body = b"VP8X\x0a\0\0\0\x12\0\0\0\x24\0\0\x1c\0\0ANIM\x06\0\0\0\0\0\0\0\x07\0".to_vec();
    for (i, (x, y, w, h, flags)) in [
        (0, 0, 37, 29, 0),
        (4, 2, 20, 10, 1),
        (2, 6, 30, 20, 2),
        (0, 0, 8, 8, 3),
    ]
    .into_iter()
    .enumerate()
    {
        let mut frame = Vec::new();
        let data = picture(4, 20 + i as u64);
        image_webp::WebPEncoder::new(&mut frame)
            .encode(
                &data[..w * h * 4],
                w as u32,
                h as u32,
                image_webp::ColorType::Rgba8,
            )
            .expect("encodes");
        let mut data = Vec::new();
        for v in [x / 2, y / 2, w - 1, h - 1, 40 + i] {
            data.extend(&(v as u32).to_le_bytes()[..3]);
        }
        data.push(flags);
        data.extend(&frame[12..]);
        data.resize(data.len().next_multiple_of(2), 0);
        body.extend(b"ANMF");
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
    }
    let mut out = b"RIFF".to_vec();
    out.extend((body.len() as u32 + 4).to_le_bytes());
    out.extend(b"WEBP");
    out.extend(body);
    out
}

pub(super) fn bmps() -> Vec<(&'static str, Vec<u8>)> {
    let make = |channels: usize, color| {
        let mut out = Vec::new();
        image::codecs::bmp::BmpEncoder::new(&mut out)
            .encode(&picture(channels, 4), SIZE.width, SIZE.height, color)
            .expect("encodes");
        out
    };
    use image::ExtendedColorType as C;
    vec![
        ("bmp 8", make(1, C::L8)),
        ("bmp 24", make(3, C::Rgb8)),
        ("bmp 32", make(4, C::Rgba8)),
    ]
}

/// One page per colour type, and all of them together.
pub(super) fn tiffs() -> Vec<(&'static str, Vec<u8>)> {
    use tiff::encoder::colortype::{CMYK8, CMYK16, Gray8, Gray16, RGB8, RGB16, RGBA8, RGBA16};
    use tiff::encoder::{Compression, TiffEncoder};
    use tiff::tags::{ExtraSamples, Tag};
    let wide = |channels: usize| -> Vec<u16> {
        picture(channels, 6)
            .iter()
            .map(|&v| u16::from(v) * 257 + 3)
            .collect()
    };
    macro_rules! page {
        ($job:expr, $kind:ty, $data:expr) => {{
            let mut image = $job
                .new_image::<$kind>(SIZE.width, SIZE.height)
                .expect("page");
            image
                .encoder()
                .write_tag(Tag::Orientation, 7u16)
                .expect("tag");
            image
                .encoder()
                .write_tag(Tag::Software, "LEAK")
                .expect("tag");
            image.write_data($data).expect("data");
        }};
    }
    macro_rules! file {
        ($($kind:ty, $data:expr);+) => {{
            let mut out = Vec::new();
            let mut job = TiffEncoder::new(std::io::Cursor::new(&mut out))
                .expect("header")
                .with_compression(Compression::Lzw);
            $(page!(job, $kind, $data);)+
            out
        }};
    }
    let grey_alpha = {
        let mut out = Vec::new();
        let mut job = TiffEncoder::new(std::io::Cursor::new(&mut out)).expect("header");
        let mut image = job
            .new_image::<Gray8>(SIZE.width, SIZE.height)
            .expect("page");
        image
            .extra_samples(&[ExtraSamples::UnassociatedAlpha])
            .expect("before data");
        image.write_data(&picture(2, 6)).expect("data");
        out
    };
    vec![
        ("tiff grey 8", file!(Gray8, &picture(1, 6))),
        ("tiff grey 16", file!(Gray16, &wide(1))),
        ("tiff grey alpha 8", grey_alpha),
        ("tiff rgb 8", file!(RGB8, &picture(3, 6))),
        ("tiff rgb 16", file!(RGB16, &wide(3))),
        ("tiff rgba 8", file!(RGBA8, &picture(4, 6))),
        ("tiff rgba 16", file!(RGBA16, &wide(4))),
        ("tiff cmyk 8", file!(CMYK8, &picture(4, 6))),
        ("tiff cmyk 16", file!(CMYK16, &wide(4))),
        (
            "tiff pages",
            file!(Gray8, &picture(1, 6); RGB16, &wide(3); RGB8, &picture(3, 7)),
        ),
    ]
}

/// Everything that is written without loss.
pub(super) fn lossless() -> Vec<(&'static str, Vec<u8>)> {
    [pngs(), gifs(), webps(), bmps(), tiffs()].concat()
}

/// Everything.
pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    [jpegs(), lossless()].concat()
}
