//! Pixels of somebody else's array: NumPy's, a camera's, a `memoryview`. They are covered where
//! they lie, so what would have to be copied is refused.
//!
//! Invariant: no two calls of this module work on one byte at a time.

use crate::errors::{detached, invalid};
use faceveil::Size;
use faceveil::picture::{self, PixelLayout, PixelOrder, PixelsMut};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Addresses that are being worked on.
static BUSY: Mutex<Vec<Range<usize>>> = Mutex::new(Vec::new());

/// Marks addresses as being worked on, as long as it lives.
struct Claim(Range<usize>);

impl Claim {
    /// `None` if a part of them is already being worked on.
    fn new(range: Range<usize>) -> Option<Self> {
        let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        let meets = |other: &Range<usize>| other.start < range.end && range.start < other.end;
        if busy.iter().any(meets) {
            return None;
        }
        busy.push(range.clone());
        Some(Self(range))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = busy.iter().position(|range| *range == self.0) {
            busy.swap_remove(at);
        }
    }
}

/// Whether an object is an array of pixels and not the bytes of a file.
pub(crate) fn is_array(object: &Bound<'_, PyAny>) -> bool {
    pyo3::buffer::PyUntypedBuffer::get(object).is_ok_and(|buffer| buffer.dimensions() > 1)
}

/// Reads the name of an order of channels.
pub(crate) fn order(py: Python<'_>, name: &str) -> PyResult<PixelOrder> {
    let found = PixelOrder::ALL.iter().find(|o| o.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = PixelOrder::ALL.iter().map(|o| o.name()).collect();
        let message = format!("there is no order {name}; there are {}", names.join(", "));
        invalid(py, &message)
    })
}

/// The buffer of an array of bytes, and the size of the picture in it.
fn open(object: &Bound<'_, PyAny>, order: PixelOrder) -> PyResult<(PyBuffer<u8>, Size)> {
    let py = object.py();
    let buffer = PyBuffer::<u8>::get(object).map_err(|_| {
        let message = format!(
            "pixels are given in a buffer of bytes (numpy.uint8, memoryview), not in {}",
            object
                .get_type()
                .name()
                .map_or_else(|_| "this".into(), |n| n.to_string())
        );
        PyTypeError::new_err(message)
    })?;
    let side = |n: usize| u32::try_from(n).ok();
    let size = match *buffer.shape() {
        [height, width, channels] if channels == order.bytes() => side(width).zip(side(height)),
        _ => None,
    };
    match size {
        Some((width, height)) => Ok((buffer, Size::new(width, height))),
        None => {
            let message = format!(
                "an array of shape {:?} is not (height, width, {}), which the order {} asks for",
                buffer.shape(),
                order.bytes(),
                order.name()
            );
            Err(invalid(py, &message))
        }
    }
}

/// A copy of the pixels of an array, without gaps.
pub(crate) struct Pixels {
    data: Vec<u8>,
    layout: PixelLayout,
}

impl Pixels {
    /// Copies the pixels of an array in any layout, while Python's lock is held.
    pub(crate) fn copied(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        let order = order(object.py(), name)?;
        let (buffer, size) = open(object, order)?;
        Ok(Self {
            data: buffer.to_vec(object.py())?,
            layout: PixelLayout::packed(size, order),
        })
    }

    /// Width and height.
    pub(crate) const fn size(&self) -> Size {
        self.layout.size
    }

    /// The bytes, row by row.
    pub(crate) fn data(&self) -> &[u8] {
        &self.data
    }

    /// The bytes themselves.
    pub(crate) fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// What the library reads.
    pub(crate) fn view(&self) -> faceveil::Result<picture::Pixels<'_>> {
        picture::Pixels::new(&self.data, self.layout)
    }
}

/// Lets `work` change the pixels of an array where they lie, without Python's global lock.
///
/// # Errors
/// `InvalidArgumentError` for an array that cannot be written to, lies in memory in another way
/// than row by row and pixel by pixel, or is being worked on by another thread.
pub(crate) fn in_place<T: Send>(
    object: &Bound<'_, PyAny>,
    name: &str,
    work: impl FnOnce(&mut PixelsMut<'_>) -> faceveil::Result<T> + Send,
) -> PyResult<T> {
    let py = object.py();
    let order = order(py, name)?;
    let (buffer, size) = open(object, order)?;
    if buffer.readonly() {
        return Err(invalid(py, "the array is read-only; cover a copy of it"));
    }
    let layout = layout(&buffer, size, order).ok_or_else(|| {
        let message = format!(
            "pixels with the strides {:?} cannot be covered in place: bytes of a pixel, then \
             pixels of a \
             row must follow each other without gaps; cover a contiguous copy, or give the order that memory has",
            buffer.strides()
        );
        invalid(py, &message)
    })?;
    let row = size.width as usize * order.bytes();
    let length = (size.height as usize - 1) * layout.stride + row;
    let start = buffer.buf_ptr().cast::<u8>();
    let _claim = Claim::new(start as usize..start as usize + length)
        .ok_or_else(|| invalid(py, "another call is covering these pixels"))?;
    // SAFETY: `buffer` lives to the end of this function, and as long as it does its owner may
    // neither move nor free the memory (PEP 3118). It is writable, its items are bytes, and
    // `layout` has seen that all strides are positive and the last row begins
    // `(height - 1) * stride` bytes from the first, so `length` bytes from `start` are the array's
    // own. `_claim` keeps other calls of this function away. That no Python code writes to the
    // array at the same time is asked of the caller, as NumPy asks it for its own functions without
    // the lock.
    #[expect(unsafe_code, reason = "pixels are covered where they lie")]
    let data = unsafe { std::slice::from_raw_parts_mut(start, length) };
    detached(py, move || work(&mut PixelsMut::new(data, layout)?))
}

/// How pixels lie; `None` if not row by row and pixel by pixel.
fn layout(buffer: &PyBuffer<u8>, size: Size, order: PixelOrder) -> Option<PixelLayout> {
    if buffer.suboffsets().is_some() || size.width == 0 || size.height == 0 {
        return None;
    }
    let step = order.bytes();
    let &[rows, pixels, 1] = buffer.strides() else {
        return None;
    };
    let row = size.width as usize * step;
    // Strides of a dimension with one entry say nothing.
    let pixel = size.width == 1 || usize::try_from(pixels).ok()? == step;
    let stride = match size.height {
        1 => row,
        _ => usize::try_from(rows).ok()?,
    };
    (pixel && stride >= row).then(|| PixelLayout::with_stride(size, order, stride))
}
