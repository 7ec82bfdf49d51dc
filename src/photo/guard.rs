//! The one place where codecs that others wrote are called: what panics in there becomes an error.

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic inside becomes [`ErrorKind::Internal`]. Its message is not repeated, since
/// it names places in somebody else's source and may quote the input.
///
/// What `work` has half changed when it panics must not be used again: callers drop it.
pub(super) fn guarded<T>(doing: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let message = format!("a codec stopped with a bug while {doing}; the file was left alone");
        Err(Error::new(ErrorKind::Internal, message))
    })
}

/// Counts pixels down from a limit, before memory for them is taken.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    /// `limit`: most pixels of all frames or pages together.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    /// Pixels that may still be paid for.
    #[cfg(feature = "jxl")]
    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Pays for `count` pictures of `size`.
    pub(super) fn take(&mut self, size: Size, count: u64) -> Result<()> {
        if size.is_empty() {
            let message = format!(
                "a picture of {}x{} pixels is empty",
                size.width, size.height
            );
            return Err(Error::new(ErrorKind::Malformed, message));
        }
        let wanted = size.area().saturating_mul(count);
        if wanted > self.left {
            let times = if count > 1 {
                format!(", {count} times,")
            } else {
                String::new()
            };
            let message = format!(
                "{}x{} pixels{times} are more than the limit of {} pixels a file; raise the limit \
                 if you trust it",
                size.width, size.height, self.limit
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.left -= wanted;
        Ok(())
    }
}

/// An error about a damaged file: `message` says what is wrong with it.
pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

/// An error about a file of a kind that is recognised and not handled.
pub(super) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

/// An error about an encoder that failed on pixels that were in order.
pub(super) fn encoder(
    format: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::new(ErrorKind::Internal, format!("encoding the {format}")).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_does_not_repeat_it() {
        let error = guarded("reading a PNG", || -> Result<()> { panic!("secret {}", 7) });
        let error = error.expect_err("panicked");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn pixels_are_counted_over_all_frames_and_never_wrap() {
        let mut budget = Budget::new(100);
        assert!(budget.take(Size::new(5, 5), 2).is_ok());
        assert!(budget.take(Size::new(5, 5), 2).is_ok());
        let error = budget.take(Size::new(1, 1), 1).expect_err("spent");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let huge = Size::new(u32::MAX, u32::MAX);
        assert!(Budget::new(u64::MAX - 1).take(huge, u64::MAX).is_err());
        assert!(Budget::new(100).take(Size::new(0, 5), 1).is_err());
    }
}
