//! What calls return.

use crate::errors::exception;
use faceveil::report::{Outcome, ReportFace};
use faceveil::{FileReport, report};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple};
use std::path::PathBuf;

type Points = [(f32, f32); 5];

/// A face: its box in pixels of the upright picture, its score, five points where they are known.
#[pyclass(frozen, module = "faceveil", get_all, eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Face {
    /// Left edge; may lie outside the picture.
    x: f32,
    /// Upper edge.
    y: f32,
    /// Width of the box.
    width: f32,
    /// Height of the box.
    height: f32,
    /// Confidence, 0 to 1.
    score: f32,
    /// Right eye, left eye, nose, right and left corner of the mouth, as the person has them.
    landmarks: Option<Points>,
    /// Networks and scales that saw it: `centerface@0.5`.
    found_by: Vec<String>,
    /// Frame or page, from 0, where there are several.
    frame: Option<usize>,
    /// Number of its track in a video.
    track: Option<usize>,
}

#[pymethods]
impl Face {
    #[new]
    #[pyo3(signature = (x, y, width, height, score, landmarks=None, found_by=None, frame=None, track=None))]
    #[expect(clippy::too_many_arguments, reason = "one for each field")]
    fn new(
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        score: f32,
        landmarks: Option<Points>,
        found_by: Option<Vec<String>>,
        frame: Option<usize>,
        track: Option<usize>,
    ) -> Self {
        Self {
            x,
            y,
            width,
            height,
            score,
            landmarks,
            found_by: found_by.unwrap_or_default(),
            frame,
            track,
        }
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let all = (
            self.x,
            self.y,
            self.width,
            self.height,
            self.score,
            self.landmarks,
            self.found_by.clone(),
            self.frame,
            self.track,
        );
        all.into_pyobject(py)
    }

    fn __repr__(&self) -> String {
        let Self {
            x,
            y,
            width,
            height,
            score,
            ..
        } = self;
        format!("Face(x={x}, y={y}, width={width}, height={height}, score={score})")
    }
}

impl From<&ReportFace> for Face {
    fn from(face: &ReportFace) -> Self {
        let [x, y, width, height] = face.area;
        Self {
            x,
            y,
            width,
            height,
            score: face.score,
            landmarks: face.landmarks.map(|points| points.map(|[x, y]| (x, y))),
            found_by: face.found_by.clone(),
            frame: face.frame,
            track: face.track,
        }
    }
}

impl From<&faceveil::Face> for Face {
    fn from(face: &faceveil::Face) -> Self {
        Self {
            x: face.area.left(),
            y: face.area.top(),
            width: face.area.width(),
            height: face.area.height(),
            score: face.score,
            landmarks: face.landmarks.map(|points| points.map(|p| (p.x, p.y))),
            found_by: face.found_by.clone(),
            frame: None,
            track: None,
        }
    }
}

/// A report as text, which becomes a dictionary when somebody wants it.
struct Report {
    json: String,
    faces: Vec<Face>,
    outcome: Outcome,
    dict: PyOnceLock<Py<PyAny>>,
}

impl Report {
    fn new(py: Python<'_>, report: &FileReport) -> PyResult<Self> {
        let json = serde_json::to_string(report)
            .map_err(|e| exception(py, "InternalError", &e.to_string()))?;
        Ok(Self {
            json,
            faces: report.faces.iter().map(Face::from).collect(),
            outcome: report.outcome,
            dict: PyOnceLock::new(),
        })
    }

    fn read(py: Python<'_>, json: &str) -> PyResult<Self> {
        Self::new(py, &read_line(py, json)?)
    }

    fn dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let dict = self
            .dict
            .get_or_try_init(py, || from_json(py, &self.json).map(Bound::unbind))?;
        Ok(dict.clone_ref(py))
    }

    fn outcome(&self) -> &'static str {
        match self.outcome {
            Outcome::Redacted => "redacted",
            Outcome::NoFaces => "no-faces",
            Outcome::Skipped => "skipped",
            _ => "failed",
        }
    }

    fn in_words(&self) -> String {
        let faces = match self.faces.len() {
            1 => "1 face".to_owned(),
            n => format!("{n} faces"),
        };
        format!("{}, {faces}", self.outcome())
    }
}

/// Python's objects for a JSON text.
pub(crate) fn from_json<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (text,))
}

/// One line of a report, read strictly.
pub(crate) fn read_line(py: Python<'_>, json: &str) -> PyResult<FileReport> {
    match report::read_report(json.as_bytes()).next() {
        Some(line) => line.map_err(|e| crate::errors::raised(py, &e)),
        None => Err(crate::errors::invalid(py, "the report is empty")),
    }
}

/// A photo that was covered: the new file, and what was done.
#[pyclass(frozen, module = "faceveil", name = "Result")]
pub(crate) struct PhotoResult {
    data: Py<PyBytes>,
    report: Report,
}

impl PhotoResult {
    pub(crate) fn new(py: Python<'_>, data: &[u8], report: &FileReport) -> PyResult<Self> {
        Ok(Self {
            data: PyBytes::new(py, data).unbind(),
            report: Report::new(py, report)?,
        })
    }
}

#[pymethods]
impl PhotoResult {
    /// `report`: a line of a report as JSON.
    #[new]
    fn from_parts(py: Python<'_>, data: Py<PyBytes>, report: &str) -> PyResult<Self> {
        Ok(Self {
            data,
            report: Report::read(py, report)?,
        })
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (&self.data, self.report.json.as_str()).into_pyobject(py)
    }

    /// The whole new file.
    #[getter]
    fn data(&self, py: Python<'_>) -> Py<PyBytes> {
        self.data.clone_ref(py)
    }

    /// What was found, covered, dropped and kept, as in docs/report.md.
    #[getter]
    fn report(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.report.dict(py)
    }

    /// The faces that were found.
    #[getter]
    fn faces(&self) -> Vec<Face> {
        self.report.faces.clone()
    }

    /// "redacted" or "no-faces".
    #[getter]
    fn outcome(&self) -> &'static str {
        self.report.outcome()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let bytes = self.data.bind(py).as_bytes().len();
        format!(
            "<faceveil.Result: {}, {bytes} bytes>",
            self.report.in_words()
        )
    }
}

/// A video that was covered, and what was done.
#[pyclass(frozen, module = "faceveil")]
pub(crate) struct VideoResult {
    path: PathBuf,
    report: Report,
}

impl VideoResult {
    pub(crate) fn new(py: Python<'_>, path: PathBuf, report: &FileReport) -> PyResult<Self> {
        Ok(Self {
            path,
            report: Report::new(py, report)?,
        })
    }
}

#[pymethods]
impl VideoResult {
    /// `report`: a line of a report as JSON.
    #[new]
    fn from_parts(py: Python<'_>, path: PathBuf, report: &str) -> PyResult<Self> {
        Ok(Self {
            path,
            report: Report::read(py, report)?,
        })
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (self.path.as_os_str(), self.report.json.as_str()).into_pyobject(py)
    }

    /// Where the new file is.
    #[getter]
    fn path(&self) -> &std::ffi::OsStr {
        self.path.as_os_str()
    }

    /// What was found, covered, dropped and kept, as in docs/report.md.
    #[getter]
    fn report(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.report.dict(py)
    }

    /// The faces that were found, one for each frame that shows it.
    #[getter]
    fn faces(&self) -> Vec<Face> {
        self.report.faces.clone()
    }

    /// "redacted" or "no-faces".
    #[getter]
    fn outcome(&self) -> &'static str {
        self.report.outcome()
    }

    fn __repr__(&self) -> String {
        format!(
            "<faceveil.VideoResult: {}, {:?}>",
            self.report.in_words(),
            self.path
        )
    }
}
