//! What a file still hides: `faceveil-inspect` with the errors of this library.

use crate::error::{Error, ErrorKind, Result};
pub use faceveil_inspect::{Finding, FindingKind, Inspection};
use std::path::Path;

/// Inspects a picture or video file in memory and names what hides in it. Pixels are not decoded:
/// what can be seen in the picture, and colour under transparent pixels, is not reported.
///
/// The formats and the limits are those of [`faceveil_inspect::inspect`].
///
/// ```
/// use faceveil::inspect::{FindingKind, inspect};
///
/// # fn main() -> faceveil::Result<()> {
/// let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xfe\x03Ann\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// let found = inspect(gif)?;
/// assert_eq!(found.findings[0].kind, FindingKind::Text);
/// assert_eq!(found.findings[0].detail, "Ann");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Unsupported`] for a file of no known format. A known one that is damaged is no
/// error: [`Inspection::damage`] says where the inspection ended.
pub fn inspect(file: &[u8]) -> Result<Inspection> {
    Ok(faceveil_inspect::inspect(file)?)
}

/// As [`inspect()`], for a file on a disk. A video may be of any length: what it codes is not
/// brought into memory.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for a file of no known format, [`ErrorKind::TooLarge`] for a picture
/// of more than 4 GiB, [`ErrorKind::Malformed`] if it cannot be read.
pub fn inspect_file(path: &Path) -> Result<Inspection> {
    Ok(faceveil_inspect::inspect_file(path)?)
}

impl From<faceveil_inspect::Error> for Error {
    fn from(error: faceveil_inspect::Error) -> Self {
        let kind = match error.kind() {
            faceveil_inspect::ErrorKind::Unsupported => ErrorKind::Unsupported,
            faceveil_inspect::ErrorKind::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Malformed,
        };
        let new = Self::new(kind, error.to_string());
        match error.into_source() {
            Some(source) => new.because(source),
            None => new,
        }
    }
}
