//! What a call gives: a report, and for photos the new file.

use crate::border::{Failure, free};
use library::inspect::Inspection;
use library::{Anonymized, FileReport};
use serde::Serialize;
use std::ffi::{CString, c_char};
use std::fmt::Display;
use std::ptr;

/// What became of a file. It does not change, so threads may share it.
pub struct Output {
    file: Vec<u8>,
    media_type: Option<CString>,
    report: CString,
    faces: Vec<Face>,
}

/// A face: its box in pixels of the upright picture, origin at the top left. It may reach beyond
/// the edge.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Confidence, 0 to 1.
    pub score: f32,
    /// Frame or page, from 0.
    pub frame: u32,
}

impl Output {
    /// Of a photo that was written.
    pub(crate) fn of_photo(done: Anonymized) -> Result<Self, Failure> {
        Ok(Self {
            file: done.bytes,
            media_type: CString::new(done.format.media_type()).ok(),
            ..Self::of_report(&done.report)?
        })
    }

    /// Without a new file in memory.
    pub(crate) fn of_report(report: &FileReport) -> Result<Self, Failure> {
        let faces = report.faces.iter().map(|face| {
            let [x, y, width, height] = face.area;
            Face {
                x,
                y,
                width,
                height,
                score: face.score,
                frame: face
                    .frame
                    .map_or(0, |f| u32::try_from(f).unwrap_or(u32::MAX)),
            }
        });
        Ok(Self {
            file: Vec::new(),
            media_type: None,
            report: json(report)?,
            faces: faces.collect(),
        })
    }

    pub(crate) fn of_inspection(seen: &Inspection) -> Result<Self, Failure> {
        Ok(Self {
            file: Vec::new(),
            media_type: None,
            report: json(seen)?,
            faces: Vec::new(),
        })
    }
}

/// As text that ends with a zero byte. JSON has none in it.
fn json(value: &impl Serialize) -> Result<CString, Failure> {
    let failure = |e: &dyn Display| Failure::internal(format!("writing the report: {e}"));
    let text = serde_json::to_string(value).map_err(|e| failure(&e))?;
    CString::new(text).map_err(|e| failure(&e))
}

/// The new file, and its size in bytes; NULL and 0 where there is none, as after faceveil_detect.
/// Valid until the result is freed.
///
/// # Safety
/// `result` is NULL or a result; `size` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_result_data(
    result: *const Output,
    size: *mut usize,
) -> *const u8 {
    // SAFETY: the caller's promises.
    let (result, size) = unsafe { (result.as_ref(), size.as_mut()) };
    let file = result.map(|r| &r.file[..]).filter(|file| !file.is_empty());
    if let Some(size) = size {
        *size = file.map_or(0, <[u8]>::len);
    }
    file.map_or(ptr::null(), <[u8]>::as_ptr)
}

/// Media type of the new file, such as "image/jpeg"; NULL where there is none. Valid until the result is
/// freed.
///
/// # Safety
/// `result` is NULL or a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_result_type(result: *const Output) -> *const c_char {
    // SAFETY: the caller's promise.
    let media_type = unsafe { result.as_ref() }.and_then(|r| r.media_type.as_ref());
    media_type.map_or(ptr::null(), |m| m.as_ptr())
}

/// The report as JSON: docs/report.md, or docs/inspect.md after faceveil_inspect. NULL for NULL. Valid
/// until the result is freed.
///
/// # Safety
/// `result` is NULL or a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_result_report(result: *const Output) -> *const c_char {
    // SAFETY: the caller's promise.
    let result = unsafe { result.as_ref() };
    result.map_or(ptr::null(), |r| r.report.as_ptr())
}

/// The faces that were found, and their number; NULL and 0 where there is none. Valid until the result
/// is freed.
///
/// # Safety
/// `result` is NULL or a result; `count` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_result_faces(
    result: *const Output,
    count: *mut usize,
) -> *const Face {
    // SAFETY: the caller's promises.
    let (result, count) = unsafe { (result.as_ref(), count.as_mut()) };
    let faces = result
        .map(|r| &r.faces[..])
        .filter(|faces| !faces.is_empty());
    if let Some(count) = count {
        *count = faces.map_or(0, <[Face]>::len);
    }
    faces.map_or(ptr::null(), <[Face]>::as_ptr)
}

/// Frees a result with its file, report and faces. NULL is ignored.
///
/// # Safety
/// `result` is NULL, or a result that was not freed and that no call is using.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_result_free(result: *mut Output) {
    // SAFETY: the caller's promise.
    unsafe { free(result) }
}
