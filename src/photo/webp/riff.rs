//! The RIFF container of WebP, in and out
//! (<https://developers.google.com/speed/webp/docs/riff_container>).

use super::super::guard::malformed;
use crate::error::Result;
use crate::geometry::{PixelRect, Size};

/// Flags of the VP8X header.
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const ANIMATION: u8 = 0x02;

/// One chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    pub(super) name: [u8; 4],
    pub(super) data: &'a [u8],
}

/// Takes chunks off the front of `data` until it ends; a cut last chunk is an error.
pub(super) fn chunks(mut data: &[u8]) -> Result<Vec<Chunk<'_>>> {
    let mut found = Vec::new();
    while !data.is_empty() {
        let cut = || malformed("the WebP ends in the middle of a chunk");
        let (head, rest) = data.split_at_checked(8).ok_or_else(cut)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        found.push(Chunk {
            name: [head[0], head[1], head[2], head[3]],
            data: rest.get(..length).ok_or_else(cut)?,
        });
        // The last chunk's padding is often forgotten.
        data = rest.get(length + length % 2..).unwrap_or_default();
    }
    Ok(found)
}

/// The chunks of a file, and whether bytes follow behind the container.
pub(super) fn split(file: &[u8]) -> Result<(Vec<Chunk<'_>>, bool)> {
    let length = file
        .get(4..8)
        .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let end = 8 + length;
    // An odd length without its padding byte is common enough.
    let body = file.get(12..end).or_else(|| file.get(12..end - 1));
    let body = body.ok_or_else(|| malformed("the WebP is cut off"))?;
    Ok((chunks(body)?, file.len() > end + length % 2))
}

/// A frame of an animation.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnimationFrame<'a> {
    pub(super) place: PixelRect,
    /// Milliseconds, 24 bits.
    pub(super) duration: u32,
    /// Replaces what was there instead of lying over it.
    pub(super) replaces: bool,
    /// Its rectangle is cleared before the next frame.
    pub(super) clears: bool,
    /// Bitstream chunks.
    pub(super) data: &'a [u8],
}

impl<'a> AnimationFrame<'a> {
    pub(super) fn read(data: &'a [u8]) -> Result<Self> {
        let (head, rest) = data
            .split_at_checked(16)
            .ok_or_else(|| malformed("a frame of the WebP has no header"))?;
        let three = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], 0]);
        Ok(Self {
            place: PixelRect::new(three(0) * 2, three(3) * 2, three(6) + 1, three(9) + 1),
            duration: three(12),
            replaces: head[15] & 2 != 0,
            clears: head[15] & 1 != 0,
            data: rest,
        })
    }

    /// Appends it as a chunk; x and y must be even.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut data = Vec::with_capacity(16 + self.data.len());
        let PixelRect {
            x,
            y,
            width,
            height,
        } = self.place;
        for value in [x / 2, y / 2, width - 1, height - 1, self.duration] {
            data.extend(&value.to_le_bytes()[..3]);
        }
        data.push(u8::from(self.replaces) << 1 | u8::from(self.clears));
        data.extend(self.data);
        chunk(out, *b"ANMF", &data);
    }
}

/// Appends a chunk.
pub(super) fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend(name);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.extend(&[0][..data.len() % 2]);
}

/// A still picture around bitstream chunks, for a decoder. `alpha`: an ALPH chunk is among them.
pub(super) fn still(size: Size, alpha: bool, chunks: &[u8]) -> Vec<u8> {
    if !alpha {
        return file(chunks);
    }
    let mut body = Vec::new();
    header(&mut body, ALPHA, size);
    body.extend(chunks);
    file(&body)
}

/// What a file holds besides the picture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extras<'a> {
    pub(super) icc: Option<&'a [u8]>,
    pub(super) exif: Option<&'a [u8]>,
    /// How often an animation plays, 0 for ever.
    pub(super) plays: Option<u16>,
    pub(super) alpha: bool,
}

/// A whole file: `pictures` are the bitstream chunk or the animation's frames.
pub(super) fn assemble(size: Size, extras: &Extras<'_>, pictures: &[u8]) -> Vec<u8> {
    let is_simple = !pictures.starts_with(b"ALPH");
    if is_simple && extras.icc.is_none() && extras.exif.is_none() && extras.plays.is_none() {
        return file(pictures);
    }
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = flag(extras.icc.is_some(), ICC)
        | flag(extras.exif.is_some(), EXIF)
        | flag(extras.plays.is_some(), ANIMATION)
        | flag(extras.alpha, ALPHA);
    let mut body = Vec::with_capacity(pictures.len() + 4096);
    header(&mut body, flags, size);
    if let Some(icc) = extras.icc {
        chunk(&mut body, *b"ICCP", icc);
    }
    if let Some(plays) = extras.plays {
        let [low, high] = plays.to_le_bytes();
        chunk(&mut body, *b"ANIM", &[0, 0, 0, 0, low, high]);
    }
    body.extend(pictures);
    if let Some(exif) = extras.exif {
        chunk(&mut body, *b"EXIF", exif);
    }
    file(&body)
}

fn header(out: &mut Vec<u8>, flags: u8, size: Size) {
    let mut data = vec![flags, 0, 0, 0];
    data.extend(&(size.width - 1).to_le_bytes()[..3]);
    data.extend(&(size.height - 1).to_le_bytes()[..3]);
    chunk(out, *b"VP8X", &data);
}

fn file(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + body.len());
    out.extend(b"RIFF");
    out.extend((body.len() as u32 + 4).to_le_bytes());
    out.extend(b"WEBP");
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_come_back(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..5)) {
            let mut out = Vec::new();
            parts.iter().for_each(|part| chunk(&mut out, *b"TEST", part));
            let found = chunks(&out).expect("whole");
            let again: Vec<Vec<u8>> = found.iter().map(|c| c.data.to_vec()).collect();
            prop_assert_eq!(again, parts);
        }

        #[test]
        fn any_bytes_are_survived(data: Vec<u8>) {
            let _ = chunks(&data);
            let _ = AnimationFrame::read(&data);
            let mut whole = b"RIFF\x20\0\0\0WEBP".to_vec();
            whole.extend(data);
            let _ = split(&whole);
        }
    }
}
