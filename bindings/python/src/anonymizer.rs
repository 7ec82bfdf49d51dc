//! `faceveil.Anonymizer`.

use crate::buffer::{Pixels, in_place, is_array};
use crate::errors::{detached, exception, invalid, raised};
use crate::live::Live;
use crate::options::{boxes, settings};
use crate::results::{Face, PhotoResult, VideoResult};
use crate::source::{UNNAMED, file, last_part, name};
use faceveil::settings::Settings;
use faceveil::{self as fv, Detector, Progress, Rect, Region, Size, VideoAnonymizer};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Bytes of stack of a thread that decodes: what the main thread has.
const STACK: usize = 8 << 20;

type Area = (f32, f32, f32, f32);

/// Finds and covers faces. Models are loaded once; share one between threads.
#[pyclass(frozen, module = "faceveil")]
pub(crate) struct Anonymizer {
    inner: fv::Anonymizer,
    /// What one photo is spread over; without it, on the thread of the call.
    pool: Option<ThreadPool>,
    /// Made with the first video.
    video: OnceLock<VideoAnonymizer>,
    settings: Settings,
    /// The keyword arguments, for workers and for people.
    options: Py<PyDict>,
}

#[pymethods]
impl Anonymizer {
    #[new]
    #[pyo3(
        signature = (**options),
        text_signature = "(*, preset=None, threshold=None, min_face=None, cover=None, \
            text_min_height=None, model=None, model_classes=None, model_names=None, \
            model_threshold=None, engine=None, device=None, \
            onnxruntime=None, models=None, style=None, color=None, cells=None, sticker=None, shape=None, \
            margin=None, regions=None, ignore=None, panorama=None, keep=None, format=None, \
            raw=None, quality=None, max_pixels=None, video_backend=None, audio=None, subtitles=None, encoder=None, crf=None, bitrate=None, preset_video=None, threads=None, \
            from_=None, to=None, outside=None, damaged=None)"
    )]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let settings = settings(options)?;
        let inner = detached(py, || {
            fv::Anonymizer::new(Detector::new(&settings.detector())?, settings.anonymize()?)
        })?;
        let options = match options {
            Some(options) => options.copy()?,
            None => PyDict::new(py),
        };
        Ok(Self {
            inner,
            pool: pool(&options)?,
            video: OnceLock::new(),
            settings,
            options: options.unbind(),
        })
    }

    /// Another process loads its own.
    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyTuple>, Bound<'py, PyDict>) {
        (PyTuple::empty(py), self.options.bind(py).clone())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let given = self.options.bind(py).iter();
        let given: PyResult<Vec<String>> = given
            .map(|(name, value)| Ok(format!("{name}={}", value.repr()?)))
            .collect();
        Ok(format!("Anonymizer({})", given?.join(", ")))
    }

    /// What the networks run on.
    #[getter]
    fn engine(&self) -> &str {
        self.inner.detector().engine()
    }

    /// Covers the faces of a photo file (bytes, a path, or a file open in binary mode) and returns
    /// the new file.
    #[pyo3(signature = (source, /))]
    fn photo(&self, py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<PhotoResult> {
        let data = file(source)?;
        let mut done = self.work(py, || self.inner.photo(&data))?;
        done.report.input = name(source);
        done.report.output = Some(UNNAMED.to_owned());
        PhotoResult::new(py, &done.bytes, &done.report)
    }

    /// Covers boxes (x, y, width, height) in every frame of a photo file, and looks for nothing.
    #[pyo3(signature = (source, /, regions, *, shape = "box"))]
    fn cover(
        &self,
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        regions: &Bound<'_, PyAny>,
        shape: &str,
    ) -> PyResult<PhotoResult> {
        let shape = shape.parse().map_err(|e| raised(py, &e))?;
        let regions: PyResult<Vec<Region>> = boxes(regions)?
            .into_iter()
            .map(
                |[x, y, width, height]| match Rect::new(x, y, width, height) {
                    Some(area) => Ok(Region::new(shape, area)),
                    None => {
                        let message =
                            format!("({x}, {y}, {width}, {height}) is no box with sides above 0");
                        Err(invalid(py, &message))
                    }
                },
            )
            .collect();
        let regions = regions?;
        let data = file(source)?;
        let mut done = self.work(py, || self.inner.cover(&data, &regions))?;
        done.report.input = name(source);
        done.report.output = Some(UNNAMED.to_owned());
        PhotoResult::new(py, &done.bytes, &done.report)
    }

    /// The faces of a photo file, or of an array of pixels (height, width, channels).
    #[pyo3(signature = (source, /, *, order = "rgb"))]
    fn detect(
        &self,
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        order: &str,
    ) -> PyResult<Vec<Face>> {
        if is_array(source) {
            let pixels = Pixels::copied(source, order)?;
            let faces = self.work(py, || self.inner.detector().detect(&pixels.view()?))?;
            return Ok(faces.iter().map(Face::from).collect());
        }
        let data = file(source)?;
        let prepared = self.work(py, || self.inner.prepare(&data))?;
        Ok(prepared.report().faces.iter().map(Face::from).collect())
    }

    /// Covers the faces in an array of pixels (height, width, channels) where it lies. Returns the
    /// boxes that were covered.
    #[pyo3(signature = (array, /, order = "rgb"))]
    fn blur_(&self, array: &Bound<'_, PyAny>, order: &str) -> PyResult<Vec<Area>> {
        let regions = in_place(array, order, |pixels| {
            on(self.pool.as_ref(), || self.inner.pixels(pixels))
        })?;
        let area = |r: &Region| {
            let a = &r.area;
            (a.left(), a.top(), a.width(), a.height())
        };
        Ok(regions.iter().map(area).collect())
    }

    /// A live stream of frames of this size, whose pixels are covered in order with a delay:
    /// `look_ahead` frames after one are searched before it is handed out, `threads` frames at a
    /// time.
    #[pyo3(signature = (width, height, /, order = "rgb", *, look_ahead = 12, threads = 1))]
    fn live(
        &self,
        py: Python<'_>,
        width: u32,
        height: u32,
        order: &str,
        look_ahead: usize,
        threads: usize,
    ) -> PyResult<Live> {
        let size = Size::new(width, height);
        Live::new(py, &self.settings, size, order, look_ahead, threads)
    }

    /// Covers the faces of a video file and writes the new file to `output`, which is replaced once
    /// the new one is whole and checked. `progress(done, total)` is called as frames are done, with
    /// `done` growing; what it raises stops the work, as Ctrl-C does, and nothing is left.
    #[pyo3(signature = (input, output, /, *, progress = None))]
    fn video(
        &self,
        py: Python<'_>,
        input: PathBuf,
        output: PathBuf,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<VideoResult> {
        // As Python says it, with the path.
        py.import("os")?
            .call_method1("stat", (input.as_os_str(),))?;
        if same_file::is_same_file(&input, &output).unwrap_or(false) {
            return Err(invalid(py, "the output is the input itself"));
        }
        let anonymizer = self.video_anonymizer(py)?;
        let temporary =
            temporary(&output).map_err(|e| unwritten(py, &output, "a temporary beside it", &e))?;
        let mut stopped = None;
        let mut said = 0;
        let mut watch = |p: Progress| match Python::attach(|py| {
            py.check_signals()?;
            match &progress {
                // The library also calls while it waits for frames to be decided.
                Some(call) if p.frames > said => {
                    said = p.frames;
                    call.call1(py, (p.frames, p.of)).map(drop)
                }
                _ => Ok(()),
            }
        }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = Some(error);
                ControlFlow::Break(())
            }
        };
        let path = temporary.to_path_buf();
        let done = detached(py, || anonymizer.anonymize(&input, &path, &mut watch));
        if let Some(error) = stopped {
            return Err(error);
        }
        let mut report = done?;
        (report.input, report.output) = (last_part(&input), Some(last_part(&output)));
        py.detach(|| {
            std::fs::File::open(&path)?.sync_all()?;
            temporary.persist(&output).map_err(|e| e.error)
        })
        .map_err(|e| unwritten(py, &output, "the new file", &e))?;
        VideoResult::new(py, output, &report)
    }
}

/// Runs `work` on a pool, or here.
fn on<T: Send>(
    pool: Option<&ThreadPool>,
    work: impl FnOnce() -> fv::Result<T> + Send,
) -> fv::Result<T> {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Threads for one photo, where `threads` asks for more than one.
fn pool(options: &Bound<'_, PyDict>) -> PyResult<Option<ThreadPool>> {
    let threads = match options.get_item("threads")? {
        Some(threads) => threads.str()?.to_string().parse().unwrap_or(1),
        None => 1,
    };
    if threads == 1 {
        return Ok(None);
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("faceveil-pool-{number}"))
        .stack_size(STACK)
        .build();
    pool.map(Some).map_err(|e| {
        let message = format!("{threads} threads cannot be started: {e}");
        exception(options.py(), "EngineError", &message)
    })
}

impl Anonymizer {
    fn work<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce() -> fv::Result<T> + Send,
    ) -> PyResult<T> {
        detached(py, || on(self.pool.as_ref(), work))
    }

    fn video_anonymizer(&self, py: Python<'_>) -> PyResult<&VideoAnonymizer> {
        if let Some(made) = self.video.get() {
            return Ok(made);
        }
        let settings = &self.settings;
        let made = detached(py, || {
            VideoAnonymizer::new(
                &settings.video_detector(),
                settings.anonymize()?,
                settings.video(),
            )
        })?;
        Ok(self.video.get_or_init(|| made))
    }
}

fn unwritten(py: Python<'_>, output: &Path, what: &str, error: &std::io::Error) -> PyErr {
    let message = format!("{}: {what} cannot be written: {error}", output.display());
    exception(py, "OutputError", &message)
}

/// A file beside `output` with its ending, which says what it is to be, and its permissions.
fn temporary(output: &Path) -> std::io::Result<tempfile::TempPath> {
    let folder = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let ending = output
        .extension()
        .map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".faceveil-").suffix(&ending);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // less the umask
    }
    Ok(builder.tempfile_in(folder)?.into_temp_path())
}
