//! What a caller has of a file: its bytes, its path, or an open file.

use crate::buffer::is_array;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString};
use std::path::{Path, PathBuf};

/// What reports call a file that came from memory.
pub(crate) const UNNAMED: &str = "-";

/// Whether it is a path: `str` or `os.PathLike`.
pub(crate) fn is_path(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.is_instance_of::<PyString>() || object.hasattr("__fspath__")?)
}

/// The bytes of a file. Those of `bytes` are borrowed; all others are read or copied.
///
/// # Errors
/// `OSError` of a file that cannot be read; `TypeError` for anything else than a file.
pub(crate) fn file(object: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    let py = object.py();
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(bytes.clone().into());
    }
    if is_path(object)? {
        let opened = py.import("io")?.call_method1("open", (object, "rb"))?;
        let read = opened.call_method0("read");
        opened.call_method0("close")?;
        return Ok(read?.cast_into::<PyBytes>().map_err(PyErr::from)?.into());
    }
    if is_array(object) {
        let message = "these are pixels and no file; blur_ and detect take them";
        return Err(PyTypeError::new_err(message));
    }
    if PyUntypedBuffer::get(object).is_ok() {
        return copied(object);
    }
    if object.hasattr("read")? {
        let read = object.call_method0("read")?;
        if PyUntypedBuffer::get(&read).is_ok() {
            return copied(&read);
        }
        let message = "the file gives text; open it with mode \"rb\"";
        return Err(PyTypeError::new_err(message));
    }
    let message = format!(
        "a file is given as bytes, as a path, or open in binary mode, not as {}",
        object.get_type().name()?
    );
    Err(PyTypeError::new_err(message))
}

/// What the report calls a file: the last part of its path, which says least about where it was.
pub(crate) fn name(object: &Bound<'_, PyAny>) -> String {
    let path = object.extract::<PathBuf>();
    let path = path.or_else(|_| object.getattr("name")?.extract());
    path.map_or_else(|_| UNNAMED.to_owned(), |path| last_part(&path))
}

/// The last part of a path.
pub(crate) fn last_part(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.map_or_else(|| UNNAMED.to_owned(), Into::into)
}

fn copied(object: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    let bytes = object.py().get_type::<PyBytes>().call1((object,))?;
    Ok(bytes.cast_into::<PyBytes>().map_err(PyErr::from)?.into())
}
