//! Any bytes as a video for the embedded reader: frames or an error, and never a panic or a hang.

#![no_main]

use faceveil::ErrorKind;
use faceveil::video::{Backend, VideoFrames};
use libfuzzer_sys::fuzz_target;
use std::io::Write;
use std::ops::ControlFlow;

/// Frames that are decoded of each file.
const FRAMES: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    let no_bug = |error: faceveil::Error| {
        assert_ne!(error.kind(), ErrorKind::Internal, "{error:?}");
    };
    let mut video = match VideoFrames::open(file.path(), Backend::Embedded, 1 << 18) {
        Ok(video) => video,
        Err(error) => return no_bug(error),
    };
    for frame in 0..FRAMES {
        if let Err(error) = video.frame(frame, 64, &mut || ControlFlow::Continue(())) {
            return no_bug(error);
        }
    }
});
