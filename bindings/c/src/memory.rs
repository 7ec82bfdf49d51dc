//! Memory for the host of a WebAssembly module, which has none of its own in here.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr;

/// Enough for every struct of the interface.
const ALIGNMENT: usize = 8;

/// `size` bytes, aligned to eight; null for 0 bytes and where there is no memory left.
#[unsafe(no_mangle)]
pub extern "C" fn faceveil_alloc(size: usize) -> *mut u8 {
    match Layout::from_size_align(size, ALIGNMENT) {
        // SAFETY: the size is not 0.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => ptr::null_mut(),
    }
}

/// Frees what [`faceveil_alloc`] gave.
///
/// # Safety
/// `pointer` is null, or from `faceveil_alloc` with the same size and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_dealloc(pointer: *mut u8, size: usize) {
    if let (false, Ok(layout)) = (pointer.is_null(), Layout::from_size_align(size, ALIGNMENT)) {
        // SAFETY: the caller's promise.
        unsafe { dealloc(pointer, layout) }
    }
}
