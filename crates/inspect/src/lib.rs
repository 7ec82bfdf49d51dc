//! Names what a photo or video file still hides: metadata, thumbnails, further pictures, private
//! data, unused bytes. The container is parsed strictly, whatever program wrote the file, and
//! everything that is not known to be harmless is named.
//!
//! faceveil inspects every file that it writes with this crate before it publishes the file. So the
//! crate depends on nothing that writes: a mistake would have to be made twice to go unseen.
//!
//! ```
//! use faceveil_inspect::{FindingKind, inspect};
//!
//! let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\
//!     !\xfe\x03Ann\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
//! let found = inspect(gif)?;
//! assert_eq!(found.findings[0].kind, FindingKind::Text);
//! assert_eq!(found.findings[0].detail, "Ann");
//! # Ok::<(), faceveil_inspect::Error>(())
//! ```
//!
//! [`inspect_file`] is the same for a file on a disk, which may be a video of any length.
//!
//! Invariant: any bytes are survived, in time and memory bounded by their number.

#![forbid(unsafe_code)]

mod bits;
mod bmp;
mod bytes;
mod coded;
mod embedded;
mod error;
mod exif;
mod file;
mod finding;
mod form;
mod gif;
mod icc;
mod ifd;
mod inflate;
mod irb;
mod iso;
mod jpeg;
mod jxl;
mod matroska;
mod png;
mod prefix;
mod tags;
mod tiff;
mod transport;
mod webp;
mod window;
mod xmp;

pub use error::{Error, ErrorKind, Result};
pub use file::inspect_file;
pub use finding::{Finding, FindingKind, Inspection};
use std::io::{self, Cursor};

/// Inspects a picture or video file in memory and names what hides in it. Pixels are not decoded:
/// what can be seen in the picture, and colour under transparent pixels, is not reported.
///
/// Knows JPEG, PNG, WebP, GIF, TIFF and raw formats made of it, BMP, HEIF, AVIF, JPEG XL, JPEG
/// 2000, MP4 and QuickTime, Matroska and WebM, MPEG transport streams, and XMP files; in all but
/// the first six only what lies around the coded pictures is seen.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for a file of no known format. A known one that is damaged is no
/// error: [`Inspection::damage`] says where the look ended.
pub fn inspect(file: &[u8]) -> Result<Inspection> {
    let mut out = Inspection::default();
    let head = |with: &[u8]| file.starts_with(with);
    if head(&[0xff, 0xd8, 0xff]) {
        out.format = "jpeg";
        jpeg::look(file, &mut out);
    } else if head(b"\x89PNG\r\n\x1a\n") {
        out.format = "png";
        png::look(file, &mut out);
    } else if head(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        out.format = "webp";
        webp::look(file, &mut out);
    } else if head(b"GIF87a") || head(b"GIF89a") {
        out.format = "gif";
        gif::look(file, &mut out);
    } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .iter()
        .any(|m| head(*m))
    {
        out.format = "tiff";
        tiff::look(file, &mut out);
    } else if let Some(format) = iso::format(file) {
        out.format = format;
        iso::look(file, &mut out);
    } else if head(&matroska::MAGIC) {
        out.format = "matroska";
        memory(matroska::look(Cursor::new(file), &mut out))?;
    } else if transport::is_one(file) {
        out.format = "mpeg-ts";
        memory(transport::look(file, &mut out))?;
    } else if head(&[0xff, 0x0a]) {
        out.format = "jpeg-xl";
        jxl::codestream(file, &mut out);
    } else if head(b"BM") && file.len() >= 26 {
        out.format = "bmp";
        bmp::look(file, &mut out);
    } else if xmp::is_sidecar(file) && bytes::contains(file, b"<x:xmpmeta") {
        out.format = "xmp";
        xmp::packet(file, "file", &mut out);
    } else {
        let message = "it is of no format that can be looked through";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(out)
}

/// Reading from memory cannot fail, but that is not for the types to say.
fn memory(read: io::Result<()>) -> Result<()> {
    read.map_err(Error::read)
}
