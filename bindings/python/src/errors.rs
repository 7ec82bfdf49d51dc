//! Errors of the library as exceptions of `faceveil._errors`, and panics as one of them.

use faceveil::{Error, ErrorKind};
use pyo3::prelude::*;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` without Python's global lock.
///
/// # Errors
/// The exception that fits the library's error; `InternalError` for a panic.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> faceveil::Result<T> + Send,
) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(done) => done.map_err(|e| raised(py, &e)),
        Err(_) => Err(exception(
            py,
            "InternalError",
            "a bug in faceveil; nothing was written",
        )),
    }
}

/// The exception for an error, with its causes in the message.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let name = match error.kind() {
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Malformed => "MalformedError",
        ErrorKind::TooLarge => "TooLargeError",
        ErrorKind::InvalidArgument => "InvalidArgumentError",
        ErrorKind::Input => "InputError",
        ErrorKind::Output => "OutputError",
        ErrorKind::Engine => "EngineError",
        ErrorKind::Internal => "InternalError",
        // `Interrupted` comes with the exception of who asked to stop.
        _ => "FaceveilError",
    };
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    exception(py, name, &message)
}

/// An `InvalidArgumentError`.
pub(crate) fn invalid(py: Python<'_>, message: &str) -> PyErr {
    exception(py, "InvalidArgumentError", message)
}

/// An exception of `faceveil._errors`.
pub(crate) fn exception(py: Python<'_>, name: &str, message: &str) -> PyErr {
    let class = py
        .import("faceveil._errors")
        .and_then(|module| module.getattr(name));
    match class.and_then(|class| class.call1((message,))) {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}
