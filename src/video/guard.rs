//! Decoders and encoders below are young. What one of them panics with is an error of the file, not
//! the end of the program.

use super::{Frame, FrameSource, Shape};
use crate::error::{Error, ErrorKind, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs it; a panic is an error of kind [`ErrorKind::Internal`].
pub(crate) fn caught<T>(doing: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let message = format!("a bug while {doing} the video");
        Err(Error::new(ErrorKind::Internal, message))
    })
}

/// A source whose panics are errors.
pub(super) struct Guarded<S>(pub(super) S);

impl<S: FrameSource> FrameSource for Guarded<S> {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        caught("decoding", || self.0.next(shape, frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl FrameSource for Broken {
        fn next(&mut self, _: &Shape, _: &mut Frame) -> Result<bool> {
            panic!("a bug")
        }
    }

    #[test]
    fn a_decoder_that_panics_is_an_error_of_its_file() {
        let seen = Guarded(Broken).next(&Shape::GREY, &mut Frame::default());
        assert_eq!(seen.expect_err("a bug").kind(), ErrorKind::Internal);
        let kind = |e: Error| e.kind();
        let opened = caught("opening", || -> Result<()> { panic!("a bug") });
        assert_eq!(opened.map_err(kind), Err(ErrorKind::Internal));
    }
}
