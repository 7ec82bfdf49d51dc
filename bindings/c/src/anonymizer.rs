//! Photo files in memory.

use crate::border::{Error, Failure, Status, bytes, call_new, free, shared};
use crate::options::Options;
use crate::output::Output;
use library::Detector;
use library::inspect::inspect;
#[cfg(feature = "video")]
use library::settings::Settings;

/// Finds and covers faces. Any number of threads may use one at once.
pub struct Anonymizer {
    pub(crate) photos: library::Anonymizer,
    /// What [`crate::video`] makes its own from.
    #[cfg(feature = "video")]
    pub(crate) settings: Settings,
}

/// Threads of the caller share handles.
const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<Anonymizer>();
    shared_by_threads::<Output>();
};

impl Anonymizer {
    fn new(options: Option<&Options>) -> Result<Self, Failure> {
        let settings = options.map(Options::settings).unwrap_or_default();
        let detector = Detector::new(&settings.detector())?;
        Ok(Self {
            photos: library::Anonymizer::new(detector, settings.anonymize()?)?,
            #[cfg(feature = "video")]
            settings,
        })
    }
}

/// Loads the networks and checks that the options fit together. NULL for `options`: the defaults. They
/// are copied, so they may be changed or freed afterwards. Freed with faceveil_anonymizer_free.
///
/// # Safety
/// `options` is NULL or from faceveil_options_new; `*anonymizer` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_anonymizer_new(
    options: *const Options,
    anonymizer: *mut *mut Anonymizer,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe { call_new(error, anonymizer, || Anonymizer::new(options.as_ref())) }
}

/// Frees an anonymizer. Results stay. NULL is ignored.
///
/// # Safety
/// `anonymizer` is NULL, or is from faceveil_anonymizer_new, was not freed, and no call is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_anonymizer_free(anonymizer: *mut Anonymizer) {
    // SAFETY: the caller's promise.
    unsafe { free(anonymizer) }
}

/// Covers the faces of a photo file of `size` bytes: the result has the new file, the report and the
/// faces. `*result` is NULL unless the status is FACEVEIL_STATUS_OK. Freed with faceveil_result_free.
///
/// # Safety
/// `anonymizer` is from faceveil_anonymizer_new; `data` points to `size` bytes; `*result` may be written
/// to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_photo(
    anonymizer: *const Anonymizer,
    data: *const u8,
    size: usize,
    result: *mut *mut Output,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call_new(error, result, || {
            let anonymizer = shared(anonymizer, "the anonymizer")?;
            let done = anonymizer.photos.photo(bytes(data, size)?)?;
            Output::of_photo(done)
        })
    }
}

/// Finds the faces of a photo file of `size` bytes and writes nothing: the result has the report and
/// the faces. Freed with faceveil_result_free.
///
/// # Safety
/// As of faceveil_photo.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_detect(
    anonymizer: *const Anonymizer,
    data: *const u8,
    size: usize,
    result: *mut *mut Output,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call_new(error, result, || {
            let anonymizer = shared(anonymizer, "the anonymizer")?;
            let found = anonymizer.photos.prepare(bytes(data, size)?)?;
            Output::of_report(found.report())
        })
    }
}

/// Names what a photo or video file of `size` bytes still hides: metadata, thumbnails, unused bytes. The
/// result has a report. A damaged file is no error: `damage` in the report says why. Freed with
/// faceveil_result_free.
///
/// # Safety
/// `data` points to `size` bytes; `*result` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_inspect(
    data: *const u8,
    size: usize,
    result: *mut *mut Output,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call_new(error, result, || {
            Output::of_inspection(&inspect(bytes(data, size)?)?)
        })
    }
}
