//! AV1 pictures, decoded in Rust by a fork of rav1d that gives errors where rav1d 1.1.0 ends the
//! process (its issue 1497).

use super::super::guard::{guarded, malformed};
use super::items::CodePoints;
use super::yuv::{Channel, Planes};
use crate::error::{Error, Result};
use crate::geometry::Size;
use codec::pixel::{ChromaLocation, YUVRange};
use codec::{PixelLayout, PlanarImageComponent as Component};
use re_rav1d::dav1d as codec;

fn damaged(error: codec::Error) -> Error {
    malformed("an AV1 picture in the file is damaged").because(error)
}

/// Decodes the first picture of `data`. No frame of more than `most` pixels is decoded.
pub(super) fn decode(data: &[u8], most: u64) -> Result<Planes> {
    let mut settings = codec::Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(u32::try_from(most).unwrap_or(u32::MAX));
    let mut decoder = codec::Decoder::with_settings(&settings).map_err(damaged)?;
    if data.is_empty() {
        return Err(malformed("an AV1 picture in the file is empty"));
    }
    let mut sent = decoder.send_data(data.to_vec(), None, None, None);
    let picture = loop {
        match decoder.get_picture() {
            Ok(picture) => break picture,
            Err(codec::Error::Again) => {}
            Err(error) => return Err(damaged(error)),
        }
        match sent {
            Ok(()) => {
                return Err(malformed("an AV1 picture in the file shows nothing"));
            }
            Err(codec::Error::Again) => sent = decoder.send_pending_data(),
            Err(error) => return Err(damaged(error)),
        }
    };
    planes(&picture)
}

fn planes(picture: &codec::Picture) -> Result<Planes> {
    let full = Size::new(picture.width(), picture.height());
    let bits = picture.bit_depth() as u8;
    let half = |side: u32| side.div_ceil(2);
    let colour_size = match picture.pixel_layout() {
        PixelLayout::I400 => None,
        PixelLayout::I420 => Some(Size::new(half(full.width), half(full.height))),
        PixelLayout::I422 => Some(Size::new(half(full.width), full.height)),
        PixelLayout::I444 => Some(full),
    };
    let channel = |component, size| channel(picture, component, size, bits);
    let chroma = match colour_size {
        Some(size) => Some([channel(Component::U, size)?, channel(Component::V, size)?]),
        None => None,
    };
    // The decoder's wrapper panics on numbers that are reserved.
    let read = guarded("reading an AV1 picture's colour", || {
        let colocated = picture.pixel_layout() == PixelLayout::I420
            && picture.chroma_location() == ChromaLocation::Left;
        let colour = CodePoints {
            primaries: picture.color_primaries() as u16,
            transfer: picture.transfer_characteristic() as u16,
            matrix: picture.matrix_coefficients() as u16,
            full: picture.color_range() == YUVRange::Full,
        };
        Ok((colour, colocated))
    });
    let (colour, colocated) =
        read.map_err(|_| malformed("an AV1 picture in the file has a colour that does not exist"))?;
    Ok(Planes {
        luma: channel(Component::Y, full)?,
        chroma,
        colour,
        on_rows: false,
        on_columns: colocated,
    })
}

/// Samples of a plane without the gaps between rows.
fn channel(picture: &codec::Picture, of: Component, size: Size, bits: u8) -> Result<Channel> {
    let cut = || malformed("an AV1 picture in the file is smaller than it says");
    let plane = picture.plane(of);
    // Bytes, whatever the name says.
    let stride = picture.stride(of) as usize;
    let width = size.width as usize;
    let mut samples = Vec::with_capacity(size.area() as usize);
    for y in 0..size.height as usize {
        let row = plane.get(y * stride..).ok_or_else(cut)?;
        if bits == 8 {
            let row = row.get(..width).ok_or_else(cut)?;
            samples.extend(row.iter().map(|&v| u16::from(v)));
        } else {
            let row = row.get(..width * 2).ok_or_else(cut)?;
            let wide = row
                .chunks_exact(2)
                .map(|b| u16::from_ne_bytes([b[0], b[1]]));
            samples.extend(wide);
        }
    }
    Ok(Channel {
        size,
        samples,
        bits,
    })
}
