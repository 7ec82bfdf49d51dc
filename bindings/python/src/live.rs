//! `faceveil.Live`: frames of a camera or a call, one by one.

use crate::buffer::{Pixels, order};
use crate::errors::{detached, exception, invalid};
use crate::results::{Face, from_json};
use faceveil::LiveAnonymizer;
use faceveil::live::{CoveredFrame, FrameFormat, LiveOptions};
use faceveil::picture::{PixelLayout, PixelOrder};
use faceveil::settings::Settings;
use faceveil::{Size, report};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Covers a live stream: frames go in one by one, and come out covered, in order, `delay` frames
/// later. Faces are followed, so that a frame in which the detector misses one is covered, too.
#[pyclass(frozen, module = "faceveil")]
pub(crate) struct Live {
    live: Mutex<LiveAnonymizer>,
    size: Size,
    order: PixelOrder,
    delay: usize,
}

impl Live {
    pub(crate) fn new(
        py: Python<'_>,
        settings: &Settings,
        size: Size,
        name: &str,
        look_ahead: usize,
        threads: usize,
    ) -> PyResult<Self> {
        let order = order(py, name)?;
        let format = FrameFormat::interleaved(PixelLayout::packed(size, order));
        let options = LiveOptions::new(format)
            .look_ahead(look_ahead)
            .threads(threads);
        let live = detached(py, || {
            LiveAnonymizer::new(&settings.video_detector(), settings.anonymize()?, options)
        })?;
        Ok(Self {
            delay: live.delay(),
            live: Mutex::new(live),
            size,
            order,
        })
    }

    /// What is ready after `step`, which is done by one thread at a time.
    fn step(
        &self,
        py: Python<'_>,
        step: impl FnOnce(&mut LiveAnonymizer) -> faceveil::Result<()> + Send,
    ) -> PyResult<Vec<LiveFrame>> {
        let frames = detached(py, || {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            step(&mut live)?;
            Ok(std::iter::from_fn(|| live.receive()).collect::<Vec<_>>())
        })?;
        frames.into_iter().map(|f| LiveFrame::new(py, f)).collect()
    }
}

#[pymethods]
impl Live {
    /// The most frames that are held back.
    #[getter]
    fn delay(&self) -> usize {
        self.delay
    }

    /// Takes the next frame (an array of height, width, channels), which was captured `time`
    /// seconds after any start. Returns the frames that are ready: none at first, then usually one.
    #[pyo3(signature = (array, /, time))]
    fn push(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        time: f64,
    ) -> PyResult<Vec<LiveFrame>> {
        let pixels = Pixels::copied(array, self.order.name())?;
        if pixels.size() != self.size {
            let (was, is) = (self.size, pixels.size());
            let message = format!(
                "a frame of {}x{} pixels in a stream of {}x{}; restart it for another size",
                is.width, is.height, was.width, was.height
            );
            return Err(invalid(py, &message));
        }
        let time = Duration::try_from_secs_f64(time).map_err(|_| {
            invalid(
                py,
                &format!("time {time} is no number of seconds from 0 on"),
            )
        })?;
        self.step(py, |live| live.push(pixels.into_data(), time))
    }

    /// The stream has ended: returns all frames that are left.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<LiveFrame>> {
        self.step(py, LiveAnonymizer::finish)
    }
}

/// A frame of a live stream that was covered.
#[pyclass(frozen, module = "faceveil")]
pub(crate) struct LiveFrame {
    index: usize,
    time: f64,
    data: Py<PyByteArray>,
    faces: Vec<Face>,
    regions: Vec<report::ReportRegion>,
}

impl LiveFrame {
    fn new(py: Python<'_>, frame: CoveredFrame) -> PyResult<Self> {
        Ok(Self {
            index: frame.index,
            time: frame.time.as_secs_f64(),
            data: PyByteArray::new(py, &frame.data).unbind(),
            faces: frame.faces.iter().map(Face::from).collect(),
            regions: frame.regions,
        })
    }
}

#[pymethods]
impl LiveFrame {
    /// Its number in the stream, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    /// Its time, as it was given.
    #[getter]
    fn time(&self) -> f64 {
        self.time
    }

    /// Its pixels, row by row without gaps, in the order of the stream.
    #[getter]
    fn data(&self, py: Python<'_>) -> Py<PyByteArray> {
        self.data.clone_ref(py)
    }

    /// What the detector saw in this frame.
    #[getter]
    fn faces(&self) -> Vec<Face> {
        self.faces.clone()
    }

    /// What is covered, as in a report.
    #[getter]
    fn regions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = serde_json::to_string(&self.regions)
            .map_err(|e| exception(py, "InternalError", &e.to_string()))?;
        from_json(py, &text)
    }

    fn __repr__(&self) -> String {
        format!(
            "<faceveil.LiveFrame {} at {} s, {} regions>",
            self.index,
            self.time,
            self.regions.len()
        )
    }
}
