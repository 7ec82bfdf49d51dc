//! JPEG files as the quantised coefficients that they hold, read and written.
//!
//! What nobody changes is written again bit by bit, with the source's own quantisation tables,
//! sampling, scans and restart intervals; only the Huffman codes are fitted anew. So a few blocks
//! of a photo can be changed without coding the rest of it again, and without any loss there.
//!
//! # Layout
//!
//! A [`CodedImage`] has one plane of [`Coefficients`] for each component of its [`Frame`]. A plane
//! is a grid of 8 by 8 blocks, row by row, padded to whole MCUs. A [`Block`] is 64 `i16` in file
//! order (zigzag, see [`ZIGZAG`]), each to be multiplied by the step of the component's
//! [`QuantTable`], which is in natural (row by row) order. Coordinates are in whole pixels, samples
//! or blocks from the top left corner; samples have 8 bits.
//!
//! # Example
//!
//! Makes the first block flat, and leaves all others as they are:
//!
//! ```
//! use jpeg_coefficients::{CodedImage, EncodeOptions, MaxPixels, PixelLayout, Size};
//!
//! # fn main() -> Result<(), jpeg_coefficients::Error> {
//! # let pixels: Vec<u8> = (0..64 * 48 * 3).map(|i| (i * 7 % 251) as u8).collect();
//! # let options = EncodeOptions::default();
//! # let image = CodedImage::from_pixels(&pixels, Size::new(64, 48), PixelLayout::Rgb, &options)?;
//! # let file = image.write(&[])?;
//! let mut image = jpeg_coefficients::read(&file, &mut MaxPixels(100_000_000))?;
//! let untouched = *image.plane(0).block(1, 0);
//! let plane = image.plane_mut(0);
//! let mut block = *plane.block(0, 0);
//! block[1..].fill(0);
//! plane.set(0, 0, &block);
//! let written = image.write(&[])?;
//!
//! let again = jpeg_coefficients::read(&written, &mut MaxPixels(100_000_000))?;
//! assert_eq!(again.plane(0).block(0, 0), &block);
//! assert_eq!(again.plane(0).block(1, 0), &untouched);
//! # Ok(())
//! # }
//! ```
//!
//! # Handled
//!
//! Baseline, extended sequential and progressive files with Huffman codes and 8 bits a sample, of
//! 1, 3 or 4 components with any sampling factors. Not handled: arithmetic coding, lossless and
//! hierarchical files, 12 bits a sample, and a height that comes behind the picture (DNL).
//!
//! Invariant: what a file does not say is never guessed. Damaged or missing data is an error, and a
//! picture that was read can be written.
//!
//! Application segments (EXIF, ICC profiles) and comments are not interpreted. A [`Visitor`] sees
//! them when a file is read, and [`CodedImage::write`] takes those that shall be in the new file.
//!
//! With the feature `rayon` the work on a picture is shared among the threads of the pool in which a
//! function is called. The global pool is never started, and results are the same to the bit.

#![forbid(unsafe_code)]

mod coded;
mod coefficients;
mod color;
mod dct;
mod decode;
mod edges;
mod edit;
mod encode;
mod error;
mod frame;
mod from_pixels;
mod geometry;
mod huffman;
mod order;
mod parallel;
mod scan;
mod segments;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use coded::{CodedImage, Density, DensityUnit};
pub use coefficients::{Block, Coefficients, LARGEST, QuantTable, ZIGZAG};
pub use color::ColorModel;
pub use edit::{ComponentMut, SamplesMut};
pub use error::{Error, ErrorKind, Result};
pub use frame::{Component, Frame, Process, SIDE};
pub use from_pixels::{EncodeOptions, PixelLayout};
pub use geometry::{Rect, Size};
pub use segments::{MaxPixels, Segment, Visitor, read};
pub use view::Reduction;
