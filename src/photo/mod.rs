//! Photo files (stub).

use crate::error::Result;
use crate::geometry::{Orientation, PixelRect, Size};
use crate::picture::Picture;
use crate::plane::{AnyPlaneMut, Channel};

/// A picture format that is read and written in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG and APNG.
    Png,
    /// WebP, still or animated.
    WebP,
    /// GIF, still or animated.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF, every page.
    Tiff,
}

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recognised {
    /// A format that is handled.
    Photo(Format),
    /// A picture or video format that is not handled, by name.
    Refused(&'static str),
    /// Nothing known.
    Unknown,
}

/// Bounds checked before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most pixels of one file, all its frames or pages together.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 500 megapixels.
    fn default() -> Self {
        Self {
            max_pixels: 500_000_000,
        }
    }
}

/// A decoded photo: its pixels as stored, and the short list of things that are written again.
pub struct Photo {}

impl Photo {
    /// Decodes a file. Its format is taken from the content.
    ///
    /// # Errors
    /// `Unsupported` for a recognised format that is not handled, `Malformed`, `TooLarge`; `Internal` for a decoder that panicked.
    pub fn read(_file: &[u8], _limits: &Limits) -> Result<Self> {
        todo!()
    }

    /// What the first bytes of a file (4096 are enough) say it is.
    #[must_use]
    pub fn recognise(head: &[u8]) -> Recognised {
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Recognised::Photo(Format::Jpeg),
            [0x89, b'P', b'N', b'G', ..] => Recognised::Photo(Format::Png),
            _ => Recognised::Unknown,
        }
    }

    /// Its format.
    #[must_use]
    pub fn format(&self) -> Format {
        todo!()
    }

    /// Whether its frames follow one another in time.
    #[must_use]
    pub fn is_animation(&self) -> bool {
        todo!()
    }

    /// How many pictures it holds: 1, or the frames of an animation, or the pages of a TIFF.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        todo!()
    }

    /// Size of frame `frame` as stored (pages of a TIFF may differ).
    #[must_use]
    pub fn stored_size(&self, _frame: usize) -> Size {
        todo!()
    }

    /// How frame `frame` must be turned to be upright.
    #[must_use]
    pub fn orientation(&self, _frame: usize) -> Orientation {
        todo!()
    }

    /// Frame `frame` as a detector sees it.
    #[must_use]
    pub fn picture(&self, _frame: usize) -> impl Picture + '_ {
        let _ = self;
        struct Todo;
        impl Picture for Todo {
            fn size(&self) -> Size {
                todo!()
            }
            fn view(&self, _: PixelRect, _: Size) -> Result<crate::picture::RgbImage> {
                todo!()
            }
        }
        Todo
    }

    /// Hands every plane of frame `frame` to `change`, one after the other. `touched`: rectangles of
    /// stored pixels outside which `change` promises to leave every sample alone.
    ///
    /// # Errors
    /// Whatever keeps the pixels from being had.
    pub fn edit(
        &mut self,
        _frame: usize,
        _touched: &[PixelRect],
        _change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        todo!()
    }

    /// Encodes in the source's format: pixels and the allow-list, nothing else.
    ///
    /// # Errors
    /// `Internal` if an encoder fails.
    pub fn write(&self) -> Result<Vec<u8>> {
        todo!()
    }

    /// Upright RGBA pixels of the first frame, 8 bits a channel, with its size.
    #[must_use]
    pub fn to_rgba(&self) -> (Size, Vec<u8>) {
        todo!()
    }

    /// What the source held that is not written again: `exif-thumbnail`, `gps`, `mpf`.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        todo!()
    }

    /// What is written again besides the pixels: `orientation`, `icc`, `resolution`.
    #[must_use]
    pub fn kept(&self) -> &[String] {
        todo!()
    }

    /// Sentences for a person, about what a viewer may miss or what could not be kept.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        todo!()
    }
}
