//! Pictures as `apply` will write them, made in memory by the code that it uses.
//!
//! A frame of a video is covered by the same code, too, but is not encoded as a video.

use super::pictures::{self, Wanted};
use anyhow::{Context, Result, bail, ensure};
use faceveil::geometry::PixelRect;
use faceveil::picture::RgbImage;
use faceveil::report::{Digest, FileDigests};
use faceveil::{FileReport, Limits, Photo, Picture, ReadOptions, ReportApplier, Size};

/// Largest frame of a video that is shown covered.
pub(super) const LARGEST_FRAME: u32 = 8192;

/// A photo with the regions of its line covered.
///
/// # Errors
/// What keeps `apply` from covering it.
pub(super) fn photo(
    bytes: &[u8],
    line: &FileReport,
    limits: Limits,
    wanted: &Wanted,
) -> Result<RgbImage> {
    let applier = ReportApplier::new().limits(limits);
    let done = applier.prepare(bytes, line)?.redact()?;
    let covered = Photo::read(&done.bytes, &ReadOptions::new().limits(limits))
        .context("reading what was covered")?;
    let (frame, frames) = (wanted.frame, covered.frame_count());
    ensure!(
        frame < frames,
        "it has {frames} frames, and no frame {frame}"
    );
    pictures::view(&covered.picture(frame), wanted.longest)
}

/// A frame of a video, as large as stored, with what its line has for it covered.
///
/// # Errors
/// If it is too large, or the style needs a sticker.
pub(super) fn frame(
    image: &RgbImage,
    line: &FileReport,
    limits: Limits,
    wanted: &Wanted,
) -> Result<RgbImage> {
    let size = image.size();
    ensure!(
        (size.width, size.height) == (line.width, line.height),
        "a frame this large is shown when `apply` has run"
    );
    let bytes = bitmap(size, image.data())?;
    let mut still = FileReport::new("none");
    (still.width, still.height, still.frames) = (size.width, size.height, 1);
    still.sha256 = Some(FileDigests::of_input(Digest::of(&bytes)));
    still.style.clone_from(&line.style);
    still.regions = line.regions_of(wanted.frame).into_iter().copied().collect();
    for region in &mut still.regions {
        (region.frame, region.frames, region.track) = (None, None, None);
    }
    let first = Wanted {
        frame: 0,
        ..wanted.clone()
    };
    if still.regions.is_empty() {
        let view = image.as_view();
        return Ok(view.view(PixelRect::of(size), size.within(wanted.longest))?);
    }
    photo(&bytes, &still, limits, &first)
}

/// RGB as a Windows bitmap of 24 bits a pixel: nothing is lost, and nothing is computed.
fn bitmap(size: Size, rgb: &[u8]) -> Result<Vec<u8>> {
    const HEADERS: u32 = 14 + 40;
    let row = (size.width as usize * 3).next_multiple_of(4);
    let length = u32::try_from(row * size.height as usize)?;
    let Some(total) = length.checked_add(HEADERS) else {
        bail!("the frame is too large");
    };
    let mut bytes = Vec::with_capacity(total as usize);
    bytes.extend(b"BM");
    for value in [total, 0, HEADERS, 40, size.width] {
        bytes.extend(value.to_le_bytes());
    }
    // Rows from the top down.
    bytes.extend((-i64::from(size.height) as i32).to_le_bytes());
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(24u16.to_le_bytes());
    for value in [0, length, 2835, 2835, 0, 0u32] {
        bytes.extend(value.to_le_bytes());
    }
    for pixels in rgb.chunks(size.width as usize * 3) {
        let start = bytes.len();
        bytes.extend(pixels.chunks(3).flat_map(|p| [p[2], p[1], p[0]]));
        bytes.resize(start + row, 0);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_has_the_pixels_it_was_made_from() {
        let size = Size::new(5, 3);
        let rgb: Vec<u8> = (0..45).map(|v| v * 5).collect();
        let bytes = bitmap(size, &rgb).expect("made");
        let photo = Photo::read(&bytes, &ReadOptions::new()).expect("read");
        let view = pictures::view(&photo.picture(0), 100).expect("seen");
        assert_eq!(view.data(), rgb);
    }
}
