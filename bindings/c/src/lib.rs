//! The C library of faceveil. `include/faceveil.h` and `docs/c.md` document it.
//!
//! Invariant: nothing unwinds into the caller, no argument is used unchecked, and what a function gives
//! out is null unless its status is [`Status::Ok`](border::Status::Ok).
//!
//! The npm package is this crate, compiled to WebAssembly.

mod anonymizer;
mod border;
#[cfg(feature = "video")]
mod frames;
#[cfg(target_family = "wasm")]
mod memory;
mod options;
mod output;
mod pixels;
#[cfg(feature = "video")]
mod video;

use std::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// Version of the library, such as "0.1.0". Never freed.
#[unsafe(no_mangle)]
pub extern "C" fn faceveil_version() -> *const c_char {
    VERSION.as_ptr()
}
