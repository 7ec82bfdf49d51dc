//! What every function at the border does: checks pointers, catches panics, and reports failures.

use library::ErrorKind;
use std::cell::RefCell;
use std::error::Error as _;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::path::Path;
use std::ptr;
use std::sync::Once;

/// What became of a call.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is done.
    Ok = 0,
    /// The input is of a kind that is recognised and not handled.
    Unsupported = 1,
    /// The input is damaged, truncated or not what it says it is.
    Malformed = 2,
    /// The input is larger than a limit, or than memory.
    TooLarge = 3,
    /// An argument or an option makes no sense.
    InvalidArgument = 4,
    /// The new file could not be written.
    Output = 5,
    /// The caller asked to stop.
    Interrupted = 6,
    /// An inference engine, device or model could not be had, or failed.
    Engine = 7,
    /// A bug in the library. Nothing was written.
    Internal = 8,
    /// The input cannot be opened or read.
    Input = 9,
}

/// Bytes of a message, with the zero at its end.
const MESSAGE: usize = 256;

/// Why a call failed. Every call that is given one fills it in.
#[repr(C)]
pub struct Error {
    /// A value of faceveil_status.
    pub status: u32,
    /// A sentence in UTF-8 that ends with a zero byte, cut to fit. Empty if the status is
    /// FACEVEIL_STATUS_OK.
    pub message: [c_char; 256],
}

/// A status other than [`Status::Ok`], and why.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    message: String,
}

impl Failure {
    /// [`Status::InvalidArgument`].
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self {
            status: Status::InvalidArgument,
            message: message.into(),
        }
    }

    /// [`Status::Internal`].
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            status: Status::Internal,
            message: message.into(),
        }
    }

    /// [`Status::Output`].
    #[cfg(feature = "video")]
    pub(crate) fn output(message: String) -> Self {
        Self {
            status: Status::Output,
            message,
        }
    }
}

impl From<library::Error> for Failure {
    fn from(error: library::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        let status = match error.kind() {
            ErrorKind::Unsupported => Status::Unsupported,
            ErrorKind::Malformed => Status::Malformed,
            ErrorKind::TooLarge => Status::TooLarge,
            ErrorKind::InvalidArgument => Status::InvalidArgument,
            ErrorKind::Input => Status::Input,
            ErrorKind::Output => Status::Output,
            ErrorKind::Interrupted => Status::Interrupted,
            ErrorKind::Engine => Status::Engine,
            _ => Status::Internal,
        };
        Self { status, message }
    }
}

thread_local! {
    /// Where the last panic of this thread was.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps where a panic was, instead of printing it: a library has no stderr of its own.
fn note_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |at| {
        let file = Path::new(at.file()).file_name().unwrap_or_default();
        format!(" at {}:{}", file.to_string_lossy(), at.line())
    });
    let _ = PANIC.try_with(|last| *last.borrow_mut() = place);
}

/// Runs the body of a function. A failure or a panic becomes the status, and is written to `error`.
///
/// # Safety
/// `error` is null or may be written to.
pub(crate) unsafe fn call(error: *mut Error, body: impl FnOnce() -> Result<(), Failure>) -> Status {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| std::panic::set_hook(Box::new(note_panic)));
    let done = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let place = PANIC.with(|last| last.take());
        Err(Failure::internal(format!(
            "a bug in faceveil{place}; nothing was written, please report it"
        )))
    });
    let (status, message) = match done {
        Ok(()) => (Status::Ok, String::new()),
        Err(failure) => (failure.status, failure.message),
    };
    if !error.is_null() {
        let filled = Error {
            status: status as u32,
            message: cut(&message),
        };
        // SAFETY: not null, and the caller promises that it may be written to.
        unsafe { error.write(filled) };
    }
    status
}

/// As much of a message as fits, and zeros.
fn cut(message: &str) -> [c_char; MESSAGE] {
    let mut end = message.len().min(MESSAGE - 1);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = [0; MESSAGE];
    for (to, from) in out.iter_mut().zip(&message.as_bytes()[..end]) {
        *to = *from as c_char;
    }
    out
}

/// What a pointer points to.
///
/// # Safety
/// `pointer` is null or points to a `T` that nobody changes during `'a`.
pub(crate) unsafe fn shared<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// What a pointer points to, to be changed.
///
/// # Safety
/// `pointer` is null or points to a `T` that nobody else uses during `'a`.
pub(crate) unsafe fn exclusive<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

/// Puts what `make` gives on the heap and its address into `*out`, which is null until then.
///
/// # Safety
/// `out` is null or may be written to.
unsafe fn give<T>(
    out: *mut *mut T,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise; a pointer that was never set is a valid value to write over.
    let out = unsafe { exclusive(out, "the place for the result") }?;
    *out = ptr::null_mut();
    *out = Box::into_raw(Box::new(make()?));
    Ok(())
}

/// Runs the body of a function that makes something: [`call`] and [`give`] together.
///
/// # Safety
/// `error` and `out` are null or may be written to.
pub(crate) unsafe fn call_new<T>(
    error: *mut Error,
    out: *mut *mut T,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Status {
    // SAFETY: the caller's promise about `out`.
    let body = || unsafe { give(out, make) };
    // SAFETY: the caller's promise about `error`.
    unsafe { call(error, body) }
}

/// Frees what [`give`] gave.
///
/// # Safety
/// `pointer` is null, or is from [`give`] and was not freed.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: it came from `Box::into_raw`.
        let owned = unsafe { Box::from_raw(pointer) };
        // A panic while it is dropped leaks it, and ends here.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(owned)));
    }
}

/// A string of the caller's.
///
/// # Safety
/// `text` is null or ends with a zero byte.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(null(name));
    }
    // SAFETY: not null, and the caller promises the zero.
    let text = unsafe { CStr::from_ptr(text) };
    let text = text.to_str();
    text.map_err(|_| Failure::argument(format!("{name} is not UTF-8")))
}

/// Bytes of the caller's. No bytes at all may be at a null pointer.
///
/// # Safety
/// `data` is null or points to `size` bytes that nobody changes during `'a`.
pub(crate) unsafe fn bytes<'a>(data: *const u8, size: usize) -> Result<&'a [u8], Failure> {
    check_bytes(data, size)?;
    if size == 0 {
        return Ok(&[]);
    }
    // SAFETY: not null, no longer than memory, and readable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, size) })
}

/// As [`bytes`], to be changed.
///
/// # Safety
/// `data` is null or points to `size` bytes that nobody else uses during `'a`.
pub(crate) unsafe fn bytes_mut<'a>(data: *mut u8, size: usize) -> Result<&'a mut [u8], Failure> {
    check_bytes(data, size)?;
    if size == 0 {
        return Ok(&mut []);
    }
    // SAFETY: not null, no longer than memory, and writable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, size) })
}

fn check_bytes(data: *const u8, size: usize) -> Result<(), Failure> {
    if data.is_null() && size > 0 {
        return Err(null("data"));
    }
    if isize::try_from(size).is_err() {
        let message = format!("{size} bytes are more than memory has");
        return Err(Failure::argument(message));
    }
    Ok(())
}

fn null(name: &str) -> Failure {
    Failure::argument(format!("{name} is NULL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: impl FnOnce() -> Result<(), Failure>) -> (Status, String) {
        let mut error = Error {
            status: 99,
            message: [1; MESSAGE],
        };
        // SAFETY: a local variable.
        let status = unsafe { call(&raw mut error, body) };
        assert_eq!(error.status, status as u32);
        // SAFETY: `call` has put a zero at its end.
        let message = unsafe { CStr::from_ptr(error.message.as_ptr()) };
        (status, message.to_str().expect("UTF-8").to_owned())
    }

    #[test]
    fn a_panic_becomes_a_status() {
        let (status, message) = said(|| panic!("on purpose"));
        assert_eq!(status, Status::Internal);
        assert!(
            message.starts_with("a bug in faceveil at border.rs:"),
            "{message}"
        );
        assert_eq!(said(|| Ok(())), (Status::Ok, String::new()));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let (_, message) = said(|| Err(Failure::argument("ä".repeat(200))));
        assert_eq!(message, "ä".repeat(127));
        // SAFETY: null is allowed.
        let status = unsafe { call(ptr::null_mut(), || Err(Failure::argument("unread"))) };
        assert_eq!(status, Status::InvalidArgument);
    }

    #[test]
    fn what_failed_gives_null() {
        let mut out = ptr::dangling_mut::<u8>();
        // SAFETY: a local variable.
        let done = unsafe { give(&raw mut out, || Err(Failure::argument("no"))) };
        assert!(done.is_err() && out.is_null());
        // SAFETY: null is checked.
        assert!(unsafe { give::<u8>(ptr::null_mut(), || Ok(1)) }.is_err());
    }

    #[test]
    fn sizes_and_strings_are_checked() {
        // SAFETY: null and sizes are checked before memory is touched.
        unsafe {
            assert!(bytes(ptr::null(), 1).is_err());
            assert!(bytes(ptr::null(), 0).is_ok_and(<[u8]>::is_empty));
            assert!(bytes(ptr::dangling(), usize::MAX).is_err());
            assert!(bytes_mut(ptr::dangling_mut(), usize::MAX).is_err());
            assert!(text(ptr::null(), "name").is_err());
            assert!(text(c"\xff".as_ptr(), "name").is_err());
            assert!(shared::<u8>(ptr::null(), "it").is_err());
        }
    }
}
