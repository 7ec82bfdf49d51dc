//! `faceveil.inspect` and `faceveil.verify`: second opinions on files.

use crate::errors::{detached, exception};
use crate::results::{from_json, read_line};
use crate::source::{file, is_path};
use faceveil::Photo;
use faceveil::photo::FileKind;
use faceveil::verify::{Verifier, VerifierOptions};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::to_string;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Names what a photo or video file still hides: bytes, a path, or a file open in binary mode.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn inspect<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let found = if is_path(source)? {
        let path: PathBuf = source.extract()?;
        py.import("os")?.call_method1("stat", (source,))?;
        detached(py, || faceveil::inspect::inspect_file(&path))?
    } else {
        let data = file(source)?;
        detached(py, || faceveil::inspect::inspect(&data))?
    };
    as_objects(py, &found)
}

/// Looks again at a file that was written: whether all that its report names is covered, whether a
/// more sensitive search finds a face, and what it hides. `report`: `Result.report`, or its JSON
/// text. Videos are given by their path.
#[pyfunction]
#[pyo3(signature = (source, /, report = None))]
pub(crate) fn verify<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    report: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let line = match report {
        None => None,
        Some(text) if text.is_instance_of::<PyString>() => {
            Some(read_line(py, &text.extract::<String>()?)?)
        }
        Some(dict) => {
            let dict = dict.cast::<PyDict>()?;
            let text = py.import("json")?.call_method1("dumps", (dict,))?;
            Some(read_line(py, &text.extract::<String>()?)?)
        }
    };
    let verifier = verifier(py)?;
    if is_path(source)? && is_video(py, source)? {
        let path: PathBuf = source.extract()?;
        let mut stopped = None;
        let mut watch = |_| match Python::attach(|py| py.check_signals()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = Some(error);
                ControlFlow::Break(())
            }
        };
        let seen = detached(py, || verifier.video(&path, line.as_ref(), &mut watch));
        return match stopped {
            Some(error) => Err(error),
            None => as_objects(py, &seen?),
        };
    }
    let data = file(source)?;
    let seen = detached(py, || verifier.photo(&data, line.as_ref()))?;
    as_objects(py, &seen)
}

/// Loaded with the first file that is verified.
fn verifier(py: Python<'_>) -> PyResult<&'static Verifier> {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    if let Some(made) = VERIFIER.get() {
        return Ok(made);
    }
    let made = detached(py, || Verifier::new(VerifierOptions::default()))?;
    Ok(VERIFIER.get_or_init(|| made))
}

/// Whether the first 4096 bytes of a file say that it is a video.
#[pyfunction]
pub(crate) fn _is_video(head: &[u8]) -> bool {
    matches!(Photo::recognise(head), FileKind::Video(_))
}

fn is_video(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<bool> {
    py.import("os")?.call_method1("stat", (source,))?;
    let path: PathBuf = source.extract()?;
    let head = |path: &Path| {
        let mut head = Vec::new();
        std::fs::File::open(path)?
            .take(4096)
            .read_to_end(&mut head)?;
        Ok::<_, std::io::Error>(head)
    };
    Ok(matches!(
        Photo::recognise(&head(&path)?),
        FileKind::Video(_)
    ))
}

fn as_objects<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = to_string(value).map_err(|e| exception(py, "InternalError", &e.to_string()))?;
    from_json(py, &text)
}
