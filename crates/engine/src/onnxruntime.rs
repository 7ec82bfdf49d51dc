//! ONNX Runtime through `ort`, for accelerators and for models that the built-in engine does not
//! know. The only file, with its folder, that names `ort`.
//!
//! Invariant: sessions run on the device that was asked for. `ort` falls back to the CPU silently
//! when a device cannot be had; every path here turns that into an error.

mod image;
mod library;

use self::library::Library;
use super::input::check_size;
use super::{Device, EngineOptions, Input, ModelInfo, Network, Session, Tensor};
use crate::Size;
use crate::error::{Error, ErrorKind, Result};
use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, TensorElementType, TensorRef};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The one library and environment of this process. ONNX Runtime allows one environment, `ort` one
/// library, and neither can be had again once closed, so they stay until the process ends.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

#[derive(Clone)]
struct Loaded {
    library: Library,
    environment: Environment,
}

/// A loaded ONNX Runtime library and the device to run on.
#[derive(Clone)]
pub(crate) struct Runtime {
    loaded: Loaded,
    device: Device,
}

impl Runtime {
    /// Looks for the library and checks that it and the device work.
    pub(crate) fn open(options: &EngineOptions) -> Result<Self> {
        let runtime = Self {
            loaded: loaded(options.onnxruntime.as_deref())?,
            device: match options.device {
                Device::Auto => Device::Cpu,
                named => named,
            },
        };
        let devices = runtime.devices();
        if !devices.contains(&runtime.device) {
            let names: Vec<_> = devices.iter().map(|device| device.name()).collect();
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "ONNX Runtime {} at {} was built without {}; it has {}; name a library that \
                     has it, or another device",
                    runtime.version(),
                    runtime.path().display(),
                    runtime.device.name(),
                    names.join(", "),
                ),
            ));
        }
        runtime.builder()?;
        Ok(runtime)
    }

    /// For the report: `onnxruntime 1.32.0 cpu`.
    pub(crate) fn describe(&self) -> String {
        format!("onnxruntime {} {}", self.version(), self.device.name())
    }

    /// The version of the library: `1.32.0`.
    pub(crate) fn version(&self) -> &str {
        &self.loaded.library.version
    }

    /// Where the library is; a bare name where the system's loader found it.
    pub(crate) fn path(&self) -> &Path {
        &self.loaded.library.path
    }

    /// The devices that the library was built for. Whether one works, [`Runtime::open`] finds out.
    pub(crate) fn devices(&self) -> Vec<Device> {
        let built_in = |device: &Device| match device {
            Device::Auto => false,
            Device::Cpu => true,
            Device::Cuda => ep::CUDA::is_available().unwrap_or(false),
            Device::CoreMl => ep::CoreML::is_available().unwrap_or(false),
            Device::DirectMl => ep::DirectML::is_available().unwrap_or(false),
        };
        Device::ALL.iter().copied().filter(built_in).collect()
    }

    /// Loads an ONNX model with one image input and float outputs.
    pub(crate) fn load(&self, model: &[u8]) -> Result<Arc<dyn Network>> {
        let mut network = Model {
            runtime: self.clone(),
            bytes: model.into(),
            spare: Mutex::new(None),
            info: ModelInfo::default(),
        };
        // Built now so that a bad model fails here; the first worker gets it.
        let first = network.build()?;
        network.info = info(&first);
        *network.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
        Ok(Arc::new(network))
    }

    /// Session options with the device registered.
    fn builder(&self) -> Result<SessionBuilder> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(
                ErrorKind::Unavailable,
                format!(
                    "ONNX Runtime cannot run on {}; its drivers or libraries may be missing",
                    self.device.name()
                ),
            )
            .because(error.to_string())
        };
        // One thread: the workers above are the parallelism. The arena and the memory pattern grow
        // with every new size of input, to gigabytes; a session here sees one size, so both settle,
        // and without them it takes 1.7 times as long. DirectML cannot have the pattern.
        let pattern = self.device != Device::DirectMl;
        SessionBuilder::new(&self.loaded.environment)
            .map_err(|error| failed(&error))?
            .with_intra_threads(1)
            .map_err(|error| failed(&error))?
            .with_inter_threads(1)
            .map_err(|error| failed(&error))?
            .with_memory_pattern(pattern)
            .map_err(|error| failed(&error))?
            .with_execution_providers([self.provider()])
            .map_err(|error| failed(&error))
    }

    fn provider(&self) -> ExecutionProviderDispatch {
        let provider = match self.device {
            Device::Auto | Device::Cpu => ep::CPU::default().with_arena_allocator(true).build(),
            // Full precision, so that the boxes are the same as on the CPU; no search through every
            // algorithm, which takes seconds for each new size.
            Device::Cuda => ep::CUDA::default()
                .with_tf32(false)
                .with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic)
                .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
                .build(),
            Device::CoreMl => ep::CoreML::default().build(),
            Device::DirectMl => ep::DirectML::default().build(),
        };
        provider.error_on_failure()
    }
}

/// The library and environment, found and set up by the first call.
fn loaded(explicit: Option<&Path>) -> Result<Loaded> {
    let mut slot = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = slot.as_ref() {
        let Some(path) = explicit else {
            return Ok(loaded.clone());
        };
        if same(path, &loaded.library.path) {
            return Ok(loaded.clone());
        }
        let asked = library::find(Some(path))?;
        return Err(Error::new(
            ErrorKind::Unavailable,
            format!(
                "ONNX Runtime was already loaded from {}; a process can use one library, start \
                 another for {}",
                loaded.library.path.display(),
                asked.path.display()
            ),
        ));
    }
    let library = library::find(explicit)?;
    let failed = |error: String| {
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "ONNX Runtime {} at {} does not start",
                library.version,
                library.path.display()
            ),
        )
        .because(error)
    };
    let environment = ort::init_from(&library.path)
        .map_err(|error| failed(error.to_string()))?
        .with_name("faceveil")
        .with_telemetry(false)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    // Every failure comes back as an error; the library must not print it as well.
    environment.set_log_level(LogLevel::Fatal);
    Ok(slot
        .insert(Loaded {
            library,
            environment,
        })
        .clone())
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    };
    real(one) == real(other)
}

/// A model's bytes: each worker has a session of its own, as `ort` lets one run at a time.
struct Model {
    runtime: Runtime,
    bytes: Box<[u8]>,
    spare: Mutex<Option<ort::session::Session>>,
    info: ModelInfo,
}

impl Model {
    fn build(&self) -> Result<ort::session::Session> {
        let session = self
            .runtime
            .builder()?
            .commit_from_memory(&self.bytes)
            .map_err(|error| {
                Error::new(
                    ErrorKind::Model,
                    format!(
                        "{} cannot load this model of {} bytes",
                        self.runtime.describe(),
                        self.bytes.len()
                    ),
                )
                .because(error.to_string())
            })?;
        check_shape(&session)?;
        Ok(session)
    }
}

impl Network for Model {
    fn session(&self, size: Size) -> Result<Box<dyn Session>> {
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let session = match spare {
            Some(session) => session,
            None => self.build()?,
        };
        let (height, width) = (i64::from(size.height), i64::from(size.width));
        if let Some([.., h, w]) = session.inputs().first().and_then(dimensions)
            && ((*h > 0 && *h != height) || (*w > 0 && *w != width))
        {
            return Err(Error::new(
                ErrorKind::Inference,
                format!("this model takes {w}x{h} pixels only, not {width}x{height}"),
            ));
        }
        Ok(Box::new(Worker {
            session,
            size,
            planes: vec![0.0; 3 * size.area() as usize],
        }))
    }

    fn info(&self) -> Option<&ModelInfo> {
        Some(&self.info)
    }
}

/// What a model says of itself.
fn info(session: &ort::session::Session) -> ModelInfo {
    let side = |side: &i64| u32::try_from(*side).ok().filter(|side| *side > 0);
    let sides = match session.inputs().first().and_then(dimensions) {
        Some([.., h, w]) => [side(h), side(w)],
        _ => [None; 2],
    };
    let properties = session.metadata().map_or_else(
        |_| Vec::new(),
        |all| {
            let names = all.custom_keys().unwrap_or_default().into_iter();
            let value = |name: String| all.custom(&name).map(|value| (name, value));
            names.filter_map(value).collect()
        },
    );
    ModelInfo {
        sides,
        signature: signature(session),
        properties,
    }
}

/// Input and outputs with their shapes, for people.
fn signature(session: &ort::session::Session) -> String {
    let list = |all: &[Outlet]| {
        let one = |o: &Outlet| format!("{} {}", o.name(), o.dtype());
        all.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let (inputs, outputs) = (list(session.inputs()), list(session.outputs()));
    format!("input {inputs}; output {outputs}")
}

/// The declared dimensions of a float tensor; -1 for one that may vary.
fn dimensions(outlet: &Outlet) -> Option<&[i64]> {
    let float = outlet.dtype().tensor_type() == Some(TensorElementType::Float32);
    outlet
        .dtype()
        .tensor_shape()
        .filter(|_| float)
        .map(|shape| &**shape)
}

fn check_shape(session: &ort::session::Session) -> Result<()> {
    let refuse = |why: String| {
        let why = format!("{why} ({})", signature(session));
        Err(Error::new(ErrorKind::Model, why))
    };
    let [input] = session.inputs() else {
        return refuse(format!(
            "this model takes {} inputs; a detector takes one, an image",
            session.inputs().len()
        ));
    };
    match dimensions(input) {
        Some([n, c, _, _]) if matches!(n, -1 | 1) && matches!(c, -1 | 3) => {}
        _ => {
            return refuse(
                "the input of this model is no picture; a detector takes 32-bit floats of 1 x 3 x \
                 height x width"
                    .to_owned(),
            );
        }
    }
    for output in session.outputs() {
        if dimensions(output).is_none() {
            return refuse(format!(
                "the output {:?} of this model is no 32-bit float; a detector gives such",
                output.name()
            ));
        }
    }
    Ok(())
}

/// A session at one size, on the calling thread.
struct Worker {
    session: ort::session::Session,
    size: Size,
    /// The input as the library wants it.
    planes: Vec<f32>,
}

impl Session for Worker {
    fn run(&mut self, input: &dyn Input) -> Result<Vec<Tensor>> {
        let (height, width) = (self.size.height as usize, self.size.width as usize);
        let failed = |error: ort::Error| {
            Error::new(
                ErrorKind::Inference,
                format!("ONNX Runtime failed on an input of {width}x{height} pixels"),
            )
            .because(error.to_string())
        };
        check_size(input, self.size)?;
        let (first, rest) = self.planes.split_at_mut(height * width);
        let (second, third) = rest.split_at_mut(height * width);
        for y in 0..height {
            let line = y * width..(y + 1) * width;
            input.row(
                y,
                [
                    &mut first[line.clone()],
                    &mut second[line.clone()],
                    &mut third[line],
                ],
            );
        }
        let planes = ([1, 3, height, width], self.planes.as_slice());
        let input = TensorRef::from_array_view(planes).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(failed)?;
        outputs
            .iter()
            .map(|(name, value)| {
                let (shape, data) = value.try_extract_tensor::<f32>().map_err(failed)?;
                Ok(Tensor {
                    name: name.to_owned(),
                    shape: shape.iter().map(|side| *side as usize).collect(),
                    data: data.to_vec(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
