//! Runs neural networks. The one seam to inference: everything above sees [`Network`] and [`Session`],
//! which tests fake, so the whole pipeline runs without weights.
//!
//! Invariant: an engine or device that was asked for by name works or fails; it is never replaced.

pub(crate) mod builtin;
#[cfg(feature = "onnxruntime")]
pub(crate) mod onnxruntime;

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use std::path::PathBuf;
use std::sync::Arc;

/// A loaded model: weights, shared by all its sessions.
pub(crate) trait Network: Send + Sync {
    /// A worker for pictures of one size (both sides multiples of 32). Owns its buffers, runs on the
    /// calling thread.
    fn session(&self, size: Size) -> Result<Box<dyn Session>>;
}

/// A network at one input size, on one thread.
pub(crate) trait Session: Send {
    /// `input`: three planes one after the other, each `height` rows of `width` floats, in the channel
    /// order and range that the model's contract names. The outputs in the order of the file.
    fn run(&mut self, input: &[f32]) -> Result<Vec<Tensor>>;
}

/// A named output: row-major, the last dimension runs fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) data: Vec<f32>,
}

/// Which engine to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineChoice {
    /// The built-in one, unless a device other than the CPU was asked for.
    #[default]
    Auto,
    /// ONNX Runtime, from a shared library found at run time.
    OnnxRuntime,
    /// Our own CPU engine, always there.
    Builtin,
}

/// Where to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The CPU.
    #[default]
    Auto,
    /// The CPU, by name.
    Cpu,
    /// An NVIDIA GPU through ONNX Runtime.
    Cuda,
    /// Apple's accelerators through ONNX Runtime.
    CoreMl,
    /// A GPU on Windows through ONNX Runtime.
    DirectMl,
}

/// What to run on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineOptions {
    /// Which engine.
    pub engine: EngineChoice,
    /// On which device.
    pub device: Device,
    /// The ONNX Runtime library, instead of the places where it is looked for.
    pub onnxruntime: Option<PathBuf>,
}

/// An engine that was chosen and works, ready to load models.
#[derive(Clone)]
pub(crate) struct Engine {
    name: String,
    load: Arc<dyn Fn(&[u8]) -> Result<Arc<dyn Network>> + Send + Sync>,
}

impl Engine {
    /// Chooses by the options, in the order that the design names.
    pub(crate) fn open(options: &EngineOptions) -> Result<Self> {
        let cpu = matches!(options.device, Device::Auto | Device::Cpu);
        match options.engine {
            EngineChoice::Builtin if !cpu => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the built-in engine runs on the CPU only, not on {:?}",
                    options.device
                ),
            )),
            EngineChoice::Auto | EngineChoice::Builtin if cpu => Ok(Self {
                name: builtin::describe(),
                load: Arc::new(|model| builtin::load(model)),
            }),
            #[cfg(feature = "onnxruntime")]
            _ => {
                let runtime = onnxruntime::Runtime::open(options)?;
                Ok(Self {
                    name: runtime.describe(),
                    load: Arc::new(move |model| runtime.load(model)),
                })
            }
            #[cfg(not(feature = "onnxruntime"))]
            _ => Err(Error::new(
                ErrorKind::Engine,
                "this build has no ONNX Runtime engine; build it with the feature `onnxruntime`",
            )),
        }
    }

    /// Loads one ONNX model.
    pub(crate) fn load(&self, model: &[u8]) -> Result<Arc<dyn Network>> {
        (self.load)(model)
    }

    /// For the report: `builtin avx512`, `onnxruntime 1.32.0 cpu`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// One engine of this build, and whether it can be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineInfo {
    /// Which engine.
    pub engine: EngineChoice,
    /// Its version.
    pub version: String,
    /// Its library.
    pub location: Option<PathBuf>,
    /// Its devices.
    pub devices: Vec<Device>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// Every engine (stub).
#[must_use]
pub fn engines(_onnxruntime: Option<&std::path::Path>) -> Vec<EngineInfo> {
    Vec::new()
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
