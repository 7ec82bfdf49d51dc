//! Photo files: read whole, changed in place, written anew in the format they came in or in
//! another.
//!
//! Invariant: a file that is written holds the pixels and the short list of things that
//! [`Photo::kept`] names, built here from parsed values. No byte of the source's container is
//! copied.

mod bmp;
#[cfg(any(feature = "heic", feature = "avif", feature = "jxl"))]
mod boxes;
mod canvas;
mod convert;
mod exif;
mod flatten;
mod format;
mod frames;
mod gif;
mod guard;
mod hdr;
#[cfg(any(feature = "heic", feature = "avif"))]
mod heif;
mod icc;
mod jpeg;
#[cfg(feature = "jxl")]
mod jxl;
mod keep;
mod likeness;
mod notes;
mod options;
mod panorama;
mod png;
mod quality;
mod raster;
mod raw;
mod sniff;
#[cfg(test)]
mod tests;
mod tiff;
mod webp;

use crate::content::ContentKind;
use crate::error::Result;
use crate::geometry::{Equirectangular, Orientation, PixelRect, Size};
use crate::picture::{Picture, RgbImage};
use crate::plane::{AnyPlaneMut, Channel, Layout, Touched};
use convert::Parts;
pub use exif::time_taken;
pub(crate) use flatten::BACKDROPS;
use flatten::Flattened;
pub use format::{FileKind, Format};
use guard::{Budget, guarded};
pub use keep::KeepMetadata;
use notes::Notes;
pub use options::{Limits, RawFiles, ReadOptions};
use panorama::Panorama;
pub use quality::Quality;

/// What each format's module does with a file once it is decoded. Frames are counted from 0;
/// callers ask for frames that exist.
trait Body: Send + Sync {
    /// At least 1.
    fn frame_count(&self) -> usize;
    /// As stored.
    fn size(&self, frame: usize) -> Size;
    fn orientation(&self, frame: usize) -> Orientation;
    /// See [`Picture::view`].
    fn view(&self, frame: usize, crop: PixelRect, size: Size) -> Result<RgbImage>;
    /// See [`Photo::over`].
    fn over(&self, frame: usize, backdrop: u8) -> Result<Option<Flattened>> {
        let _ = (frame, backdrop);
        Ok(None)
    }
    /// See [`Photo::edit`].
    fn edit(
        &mut self,
        frame: usize,
        touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()>;
    /// See [`Photo::edit_at_once`].
    fn edit_at_once(
        &mut self,
        frame: usize,
        touched: &(dyn Fn(&Layout) -> Touched + Sync),
        change: &(dyn Fn(AnyPlaneMut<'_>, Channel) + Sync),
    ) -> Result<()> {
        let touched = |layout: &Layout| touched(layout).rects;
        self.edit(frame, &touched, &mut |plane, channel| {
            change(plane, channel)
        })
    }
    /// Stored size of its gain map, if it has one that is kept.
    fn gain_map_size(&self) -> Option<Size> {
        None
    }
    /// The gain map, as a picture of its own.
    fn gain_map(&mut self) -> Option<&mut dyn Body> {
        None
    }
    /// See [`Photo::write`].
    fn write(&self) -> Result<Vec<u8>>;
    /// Its pixels and all else that another format may have a place for.
    fn parts(self: Box<Self>) -> Result<Parts>;
    /// See [`Photo::to_rgba`].
    fn to_rgba(&self) -> (Size, Vec<u8>);
    /// See [`Photo::coarseness`].
    fn coarseness(&self) -> Vec<f32> {
        Vec::new()
    }
}

/// A decoded photo: its pixels as stored, and the short list of things that are written again.
pub struct Photo {
    format: Format,
    written: Format,
    /// The kind of raw file whose preview it is.
    raw: Option<&'static str>,
    body: Box<dyn Body>,
    panorama: Option<Panorama>,
    notes: Notes,
}

impl Photo {
    /// Decodes a file. Its format is taken from the content. [`Photo::kept`] says what of the
    /// metadata that was asked for is there, [`Photo::warnings`] what another format loses.
    ///
    /// # Errors
    /// [`Unsupported`] for a recognised format or variant that is not handled, [`Malformed`] for a
    /// damaged or truncated file, [`TooLarge`] beyond `limits`; [`Internal`] for a decoder that
    /// panicked.
    ///
    /// [`Unsupported`]: crate::ErrorKind::Unsupported
    /// [`Malformed`]: crate::ErrorKind::Malformed
    /// [`TooLarge`]: crate::ErrorKind::TooLarge
    /// [`Internal`]: crate::ErrorKind::Internal
    pub fn read(file: &[u8], options: &ReadOptions) -> Result<Self> {
        let ReadOptions {
            limits,
            keep,
            format: to,
            raw,
            quality,
        } = *options;
        if let (RawFiles::Preview, FileKind::Raw(kind)) = (raw, sniff::recognise(file)) {
            return Self::preview(file, kind, options);
        }
        let format = sniff::format(file)?;
        let written = to.unwrap_or(format.written_as());
        let mut budget = Budget::new(limits.max_pixels);
        guarded(&format!("reading the {}", format.name()), || {
            let mut notes = Notes::wanting(keep);
            if written != Format::Jpeg {
                notes.cannot_keep_gain_map();
            }
            let (budget, n) = (&mut budget, &mut notes);
            let own: Box<dyn Body> = match format {
                Format::Jpeg => Box::new(jpeg::read(file, budget, n)?),
                Format::Png => Box::new(png::read(file, budget, n)?),
                Format::WebP => {
                    let quality = (written == format).then_some(quality);
                    Box::new(webp::read(file, quality, budget, n)?)
                }
                Format::Gif => Box::new(gif::read(file, budget, n)?),
                Format::Bmp => Box::new(bmp::read(file, budget, n)?),
                Format::Tiff => Box::new(tiff::read(file, budget, n)?),
                other => {
                    let parts = Self::parts(other, file, budget, n)?;
                    let body = convert::body(parts, (written, quality), n)?;
                    return Ok(Self::new((format, written), body, keep, notes));
                }
            };
            let body = match written == format {
                true => own,
                false => convert::body(own.parts()?, (written, quality), n)?,
            };
            Ok(Self::new((format, written), body, keep, notes))
        })
    }

    /// Reads the largest JPEG that is embedded in a raw file of this kind.
    fn preview(file: &[u8], kind: &'static str, options: &ReadOptions) -> Result<Self> {
        let written = options.format.unwrap_or(Format::Jpeg);
        let mut budget = Budget::new(options.limits.max_pixels);
        guarded(&format!("reading the preview of the {kind}"), || {
            let Some(preview) = raw::preview(file) else {
                return Err(guard::unsupported(format!(
                    "{kind} files are not handled, and no JPEG is embedded in this one: develop it \
                     to JPEG or TIFF first"
                )));
            };
            let mut notes = Notes::wanting(options.keep);
            if written != Format::Jpeg {
                notes.cannot_keep_gain_map();
            }
            let tags = preview.tags.as_deref();
            let own = jpeg::read_with(preview.jpeg, tags, &mut budget, &mut notes)?;
            let Size { width, height } = own.size(0);
            notes.warn(format!(
                "the new file shows the {width}x{height} preview that is embedded in the {kind}; \
                 the raw file shows the faces and stays as it is"
            ));
            let body = match written {
                Format::Jpeg => Box::new(own),
                _ => {
                    let to = (written, options.quality);
                    convert::body(Box::new(own).parts()?, to, &mut notes)?
                }
            };
            let mut photo = Self::new((Format::Jpeg, written), body, options.keep, notes);
            photo.raw = Some(kind);
            Ok(photo)
        })
    }

    fn new(
        (format, written): (Format, Format),
        body: Box<dyn Body>,
        keep: KeepMetadata,
        mut notes: Notes,
    ) -> Self {
        let size = body.orientation(0).upright_size(body.size(0));
        let found = notes.panorama.take();
        let mut panorama = found.filter(|p| body.frame_count() == 1 && p.fits(size));
        if let Some(found) = panorama.take() {
            if panorama::is_written_in(written) {
                notes.keep(ContentKind::Panorama);
            } else {
                notes.drop(ContentKind::Panorama);
                let name = written.name();
                notes.warn(format!(
                    "{name} is written without the tags of a panorama: viewers show it flat"
                ));
            }
            if found.has_heading() && keep.gps && panorama::is_written_in(written) {
                notes.keep(ContentKind::Gps);
                panorama = Some(found);
            } else {
                panorama = Some(found.without_heading());
            }
        }
        notes.say_what_is_missed();
        Self {
            format,
            written,
            raw: None,
            body,
            panorama,
            notes,
        }
    }

    /// Formats that have no way back to a file of their own kind but through pixels.
    fn parts(format: Format, file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Parts> {
        match format {
            #[cfg(any(feature = "heic", feature = "avif"))]
            Format::Heic | Format::Avif => heif::read(file, budget, notes),
            #[cfg(feature = "jxl")]
            Format::Jxl => jxl::read(file, budget, notes),
            other => {
                let _ = (file, budget, notes);
                Err(guard::unsupported(format!(
                    "{} is not in this build",
                    other.name()
                )))
            }
        }
    }

    /// What the first bytes of a file (4096 are enough) say it is.
    #[must_use]
    pub fn recognise(head: &[u8]) -> FileKind {
        sniff::recognise(head)
    }

    /// The kind of raw file whose embedded preview it is, `Nikon NEF (RAW)` for instance; `None` of
    /// any other photo.
    #[must_use]
    pub fn raw_file(&self) -> Option<&'static str> {
        self.raw
    }

    /// Its format; of a raw file, that of its preview.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The format in which [`Photo::write`] writes it.
    #[must_use]
    pub fn written(&self) -> Format {
        self.written
    }

    /// Whether its frames follow one another in time.
    #[must_use]
    pub fn is_animation(&self) -> bool {
        self.written != Format::Tiff && self.frame_count() > 1
    }

    /// How many pictures it holds: 1, or the frames of an animation, or the pages of a TIFF.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        self.body.frame_count()
    }

    /// Size of frame `frame` as stored (pages of a TIFF may differ).
    ///
    /// # Panics
    /// If there is no such frame.
    #[must_use]
    pub fn stored_size(&self, frame: usize) -> Size {
        self.body.size(frame)
    }

    /// How frame `frame` must be turned to be upright.
    ///
    /// # Panics
    /// If there is no such frame.
    #[must_use]
    pub fn orientation(&self, frame: usize) -> Orientation {
        self.body.orientation(frame)
    }

    /// Frame `frame` as a detector sees it.
    ///
    /// # Panics
    /// When it is used, if there is no such frame.
    #[must_use]
    pub fn picture(&self, frame: usize) -> impl Picture + '_ {
        FrameView {
            body: self.body.as_ref(),
            frame,
        }
    }

    /// Frame `frame` over a grey of 0 to 255, if some of it is partly transparent. The colours of
    /// [`Photo::picture`] are those that the file has, whatever their opacity.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(crate) fn over(&self, frame: usize, backdrop: u8) -> Result<Option<impl Picture + use<>>> {
        self.body.over(frame, backdrop)
    }

    /// Hands the planes of frame `frame` to `change`, one after the other.
    ///
    /// `touched` gives, for a plane that lies in memory as its layout says, rectangles of samples
    /// outside which `change` leaves every one alone. A JPEG codes the 8x8 blocks that they touch
    /// anew and no others: the rectangles should follow a shape closely. It hands out planes as
    /// they are coded, those that nothing touches not at all, and of the others only those samples
    /// that are less than eight away from a touched one; elsewhere a plane holds zeros.
    ///
    /// # Errors
    /// Whatever keeps the pixels from being had.
    ///
    /// # Panics
    /// If there is no such frame, or `change` does.
    pub fn edit(
        &mut self,
        frame: usize,
        touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        self.body.edit(frame, touched, change)
    }

    /// As [`Photo::edit`], for several planes at the same time where they lie apart and the calling
    /// thread belongs to a rayon pool.
    ///
    /// # Errors
    /// Those of [`Photo::edit`].
    ///
    /// # Panics
    /// As [`Photo::edit`].
    pub(crate) fn edit_at_once(
        &mut self,
        frame: usize,
        touched: &(dyn Fn(&Layout) -> Touched + Sync),
        change: &(dyn Fn(AnyPlaneMut<'_>, Channel) + Sync),
    ) -> Result<()> {
        self.body.edit_at_once(frame, touched, change)
    }

    /// Size of its HDR gain map as stored, if it has one that is kept. It is turned as frame 0 is.
    #[must_use]
    pub fn gain_map_size(&self) -> Option<Size> {
        self.body.gain_map_size()
    }

    /// As [`Photo::edit`], for the planes of the gain map. Nothing happens if there is none.
    ///
    /// # Errors
    /// Those of [`Photo::edit`].
    pub fn edit_gain_map(
        &mut self,
        touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        match self.body.gain_map() {
            Some(map) => map.edit(0, touched, change),
            None => Ok(()),
        }
    }

    /// Encodes in the format of [`Photo::written`]: pixels and the allow-list, nothing else.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if an encoder fails.
    pub fn write(&self) -> Result<Vec<u8>> {
        let doing = format!("writing the {}", self.written.name());
        guarded(&doing, || match &self.panorama {
            Some(tags) => tags.put_into(self.written, self.body.write()?),
            None => self.body.write(),
        })
    }

    /// How its pixels lie on the sphere around the camera, if its tags say that it is a panorama
    /// that goes all the way round.
    #[must_use]
    pub fn panorama(&self) -> Option<Equirectangular> {
        let size = self.orientation(0).upright_size(self.stored_size(0));
        self.panorama.as_ref()?.all_round(size)
    }

    /// Upright RGBA pixels of the first frame, 8 bits a channel, with its size.
    #[must_use]
    pub fn to_rgba(&self) -> (Size, Vec<u8>) {
        self.body.to_rgba()
    }

    /// By how many levels one step of its codec changes smooth samples, for each plane in the order
    /// of [`Photo::edit`]; empty if a format keeps every sample.
    pub(crate) fn coarseness(&self) -> Vec<f32> {
        match self.format {
            #[cfg(any(feature = "heic", feature = "avif"))]
            Format::Heic | Format::Avif => vec![heif::COARSENESS; 4],
            _ => self.body.coarseness(),
        }
    }

    /// Whether its tags say that it is a panorama, or a part of one.
    pub(crate) fn is_part_of_panorama(&self) -> bool {
        self.panorama.is_some()
    }

    /// What the source held that is not written again: `exif-thumbnail`, `gps`, `mpf`.
    #[must_use]
    pub fn dropped(&self) -> &[ContentKind] {
        &self.notes.dropped
    }

    /// What is written again besides the pixels: `orientation`, `icc`, `resolution`.
    #[must_use]
    pub fn kept(&self) -> &[ContentKind] {
        &self.notes.kept
    }

    /// Sentences for a person, about what a viewer may miss or what could not be kept.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.notes.warnings
    }
}

impl std::fmt::Debug for Photo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Photo")
            .field("format", &self.format)
            .field("written", &self.written)
            .field("frames", &self.frame_count())
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

struct FrameView<'a> {
    body: &'a dyn Body,
    frame: usize,
}

impl Picture for FrameView<'_> {
    fn size(&self) -> Size {
        let stored = self.body.size(self.frame);
        self.body.orientation(self.frame).upright_size(stored)
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        self.body.view(self.frame, crop, size)
    }
}
