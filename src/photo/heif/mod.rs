//! HEIF: the container of HEIC (HEVC pictures) and AVIF (AV1 pictures). The main picture is put
//! together from its tiles, cut, given its opacity and turned upright; everything else is named.
//!
//! Invariant: pixels are paid for before memory for them is taken, and only those of the main
//! picture leave this module.

#[cfg(feature = "avif")]
mod av1;
#[cfg(feature = "heic")]
mod hevc;
mod items;
mod names;
mod paint;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "heic", feature = "avif-write"))]
mod write;
mod yuv;

use super::boxes;
use super::convert::Parts;
use super::exif;
use super::frames::Frame;
use super::guard::{Budget, malformed, unsupported};
use super::hdr::Signal;
use super::icc::Profile;
use super::notes::Notes;
use crate::content::ContentKind;
use crate::error::Result;
use crate::geometry::Orientation;
use items::{CodePoints, Items, Property};
use paint::Painter;
#[cfg(any(feature = "heic", feature = "avif-write"))]
pub(super) use write::HeifWriter;

/// See [`super::Photo::coarseness`]: of the files that are written here. Measured on red, green and
/// blue, since colour at half the size blurs the edge of a cover by up to 13 levels a tile.
pub(super) const COARSENESS: f32 = 2.0;

/// Decodes the main picture.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Parts> {
    let (list, behind) = boxes::split(file)?;
    // A second beginning is a file behind the file: the video of a motion photo.
    let first = list.iter().skip(1).position(|b| b.kind == *b"ftyp");
    let own = first.map_or(&list[..], |at| &list[..=at]);
    names::boxes(&list, own.len(), behind, notes);
    if own.iter().any(|b| b.kind == *b"moov") {
        return Err(unsupported(
            "animated HEIF and AVIF are not handled; convert it to WebP, APNG or a video first",
        ));
    }
    let meta = boxes::first(own, b"meta")
        .ok_or_else(|| malformed("the file has no list of pictures, or it is cut off"))?;
    let items = Items::read(file, meta)?;
    let main = main_picture(&items)?;
    let facts = names::items(&items, main, notes);
    if facts.orientation != Orientation::Normal && !items.is_turned(main) {
        notes.warn(
            "its EXIF says that it is turned, which viewers of this format ignore; it is written \
             as they \
             show it",
        );
    }
    let mut painter = Painter::new(&items, budget);
    let painted = painter.upright(main)?;
    let (icc, colour) = colour(&items, main, painted.colour);
    let icc = match icc {
        Some(icc) => Profile::take(icc, notes),
        None => Profile::of_code_points(colour.primaries, colour.transfer),
    };
    if icc.is_some() {
        notes.keep(ContentKind::Icc);
    }
    if facts.resolution.is_some() {
        notes.keep(ContentKind::Resolution);
    }
    let signal = Signal::of(colour.primaries, colour.transfer).filter(|_| icc.is_none());
    let frame = Frame {
        raster: painted.raster,
        orientation: Orientation::Normal,
    };
    Ok(Parts {
        icc,
        signal,
        // Orientation in EXIF only repeats the file's own (23008-12, annex A).
        exif: exif::Facts {
            orientation: Orientation::Normal,
            ..facts
        },
        subsampled: painted.subsampled,
        ..Parts::new(vec![frame])
    })
}

/// The main picture, or of one with a second rendering the plain one.
fn main_picture(items: &Items<'_>) -> Result<u32> {
    let main = items.primary;
    if items.item(main)?.kind != *b"tmap" {
        return Ok(main);
    }
    let base = items.to(main, b"dimg").first().copied();
    base.ok_or_else(|| malformed("the file's main picture is made of nothing"))
}

/// The profile of a picture, or of its first tile; and what its numbers mean otherwise.
fn colour<'a>(items: &Items<'a>, main: u32, coded: CodePoints) -> (Option<&'a [u8]>, CodePoints) {
    let first_tile = items.to(main, b"dimg").first().copied();
    let mut said = coded;
    for id in first_tile.into_iter().chain([main]) {
        if let Some(points) = paint::code_points(items, id) {
            said = points;
        }
    }
    let icc = [Some(main), first_tile]
        .into_iter()
        .flatten()
        .find_map(|id| {
            items.properties(id).find_map(|p| match p {
                Property::Icc(icc) => Some(*icc),
                _ => None,
            })
        });
    (icc, said)
}
