//! Videos, from file to file.

use crate::anonymizer::Anonymizer;
use crate::border::{Error, Failure, Status, call_new, shared, text};
use crate::output::Output;
use library::{Progress, VideoAnonymizer};
use std::ffi::{c_char, c_int, c_void};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Removes a file that did not get its name.
struct Temporary(PathBuf);

impl Temporary {
    /// A path beside `output` that no other call uses.
    fn beside(output: &Path) -> Result<Self, Failure> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let Some(name) = output.file_name() else {
            let message = format!("the output {} names no file", output.display());
            return Err(Failure::argument(message));
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut hidden = std::ffi::OsString::from(format!(".faceveil-{}-{number}-", process::id()));
        hidden.push(name);
        Ok(Self(output.with_file_name(hidden)))
    }

    /// Gives it its name.
    fn rename(self, output: &Path) -> Result<(), Failure> {
        fs::rename(&self.0, output)
            .map_err(|e| Failure::output(format!("writing {}: {e}", output.display())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Called after every frame: `frames` are done, of `total`, which is 0 where the file does not say it.
/// The video stops if it returns anything but 0. It must return: no exception and no longjmp.
pub type ProgressFunction =
    Option<unsafe extern "C" fn(frames: u64, total: u64, user: *mut c_void) -> c_int>;

/// Covers the faces of the video file `input` and writes the file `output`, which is replaced once the
/// new one is whole. Faces are followed through time; unless "preset" was set, with the preset "fast".
/// The result has the report and the faces. Freed with faceveil_result_free.
///
/// `progress` may be NULL; it is called by the calling thread, with `user`.
///
/// # Safety
/// `anonymizer` is from faceveil_anonymizer_new; `input` and `output` end with a zero byte; `*result`
/// may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_video(
    anonymizer: *const Anonymizer,
    input: *const c_char,
    output: *const c_char,
    progress: ProgressFunction,
    user: *mut c_void,
    result: *mut *mut Output,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call_new(error, result, || {
            let settings = &shared(anonymizer, "the anonymizer")?.settings;
            let input = Path::new(text(input, "the input")?);
            let output = Path::new(text(output, "the output")?);
            let videos = VideoAnonymizer::new(
                &settings.video_detector(),
                settings.anonymize()?,
                settings.video(),
            )?;
            let mut watch = |done: Progress| match progress {
                Some(f) if f(done.frames as u64, done.of.unwrap_or(0), user) != 0 => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            };
            let temporary = Temporary::beside(output)?;
            let report = videos.anonymize(input, &temporary.0, &mut watch)?;
            let done = Output::of_report(&report)?;
            temporary.rename(output)?;
            Ok(done)
        })
    }
}
