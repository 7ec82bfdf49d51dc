//! Reads, plans and runs neural networks: on the CPU with an engine of our own, or through ONNX
//! Runtime (feature `onnxruntime`). It depends on no other crate of faceveil.
//!
//! The two traits [`Network`] and [`Session`] are the only way to inference. A test can implement
//! them, so the code above runs without weights.
//!
//! Invariant: an engine or device that was asked for by name works or fails; it is never replaced.

mod builtin;
mod error;
mod input;
#[cfg(feature = "onnxruntime")]
mod onnxruntime;
#[doc(hidden)]
pub mod side_by_side;

pub use error::{Error, ErrorKind, Result};
pub use input::{Input, Planes, Size};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// A loaded model: weights, shared by all its sessions.
pub trait Network: Send + Sync {
    /// A worker for pictures of one size (both sides multiples of 32). Owns its buffers.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Inference`] for a size that the model cannot have, or that needs too much
    /// memory.
    fn session(&self, size: Size) -> Result<Box<dyn Session>>;

    /// What the model says of itself, where the engine tells it: ONNX Runtime does, and the
    /// built-in engine, which knows its models, does not.
    fn info(&self) -> Option<&ModelInfo> {
        None
    }
}

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Height and width of its input; `None` for a side that may vary.
    pub sides: [Option<u32>; 2],
    /// Its input and outputs with their shapes, for people.
    pub signature: String,
    /// Names and values that whoever made it put beside it: `names`, `task`, `imgsz`.
    pub properties: Vec<(String, String)>,
}

impl ModelInfo {
    /// The value of a property.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        let mut all = self.properties.iter();
        all.find_map(|(n, value)| (n == name).then_some(&**value))
    }
}

/// A network at one input size.
pub trait Session: Send {
    /// The outputs in the order of the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if the input is of another size, [`ErrorKind::Inference`] if the
    /// engine fails.
    fn run(&mut self, input: &dyn Input) -> Result<Vec<Tensor>>;

    /// The same on the calling thread alone, for a caller whose other threads have work of their
    /// own. [`Session::run`] shares it among the threads of the rayon pool that it is called in, if
    /// the engine can do that; the outputs are the same.
    ///
    /// # Errors
    ///
    /// Those of [`Session::run`].
    fn run_alone(&mut self, input: &dyn Input) -> Result<Vec<Tensor>> {
        self.run(input)
    }
}

/// A named output: row-major, the last dimension runs fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// The name that the model gives it.
    pub name: String,
    /// Its sides, from ONNX Runtime; empty from the built-in engine, whose models are known.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Vec<f32>,
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

impl EngineChoice {
    /// All of them, in the order that help texts list them.
    pub const ALL: &'static [Self] = &[Self::Auto, Self::OnnxRuntime, Self::Builtin];

    /// The name that commands and reports use: `auto`, `onnxruntime` or `builtin`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::OnnxRuntime => "onnxruntime",
            Self::Builtin => "builtin",
        }
    }
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for EngineChoice {
    type Err = Error;

    /// Reads [`EngineChoice::name`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        named("engine", text, Self::ALL, |engine| engine.name())
    }
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

impl Device {
    /// All of them, in the order that help texts list them.
    pub const ALL: &'static [Self] = &[
        Self::Auto,
        Self::Cpu,
        Self::Cuda,
        Self::CoreMl,
        Self::DirectMl,
    ];

    /// The name that commands and reports use: `auto`, `cpu`, `cuda`, `coreml` or `directml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::CoreMl => "coreml",
            Self::DirectMl => "directml",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Device {
    type Err = Error;

    /// Reads [`Device::name`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        named("device", text, Self::ALL, |device| device.name())
    }
}

fn named<T: Copy>(what: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T> {
    match all.iter().find(|one| name(**one) == text) {
        Some(one) => Ok(*one),
        None => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "{what} {text:?} is not one of {}",
                all.iter()
                    .map(|one| name(*one))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
    }
}

/// What to run on; the methods change one option each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Which engine.
    pub engine: EngineChoice,
    /// On which device.
    pub device: Device,
    /// The ONNX Runtime library, instead of the places where it is looked for: the environment
    /// variable `ORT_DYLIB_PATH` and nothing else if it is set; otherwise beside the executable, in
    /// its `lib` folder, in `faceveil/onnxruntime` in the user's data folder (which
    /// `scripts/get-onnxruntime.sh` fills), and wherever the system's loader looks. A process loads
    /// one library and keeps it.
    pub onnxruntime: Option<PathBuf>,
}

impl EngineOptions {
    /// Any engine, on the CPU where that is enough.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this engine.
    #[must_use]
    pub const fn engine(mut self, engine: EngineChoice) -> Self {
        self.engine = engine;
        self
    }

    /// On this device.
    #[must_use]
    pub const fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// With this ONNX Runtime library.
    #[must_use]
    pub fn onnxruntime(mut self, library: impl Into<Option<PathBuf>>) -> Self {
        self.onnxruntime = library.into();
        self
    }
}

/// An engine that was chosen and works, ready to load models.
#[derive(Clone)]
pub struct Engine {
    name: String,
    load: Arc<Load>,
}

type Load = dyn Fn(&[u8]) -> Result<Arc<dyn Network>> + Send + Sync;

impl Engine {
    /// Chooses by the options: [`EngineChoice::Auto`] is the built-in engine on the CPU, and ONNX
    /// Runtime on any other device.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for the built-in engine on another device than the CPU,
    /// [`ErrorKind::Unavailable`] if the engine or the device is not there or does not work.
    pub fn open(options: &EngineOptions) -> Result<Self> {
        let cpu = matches!(options.device, Device::Auto | Device::Cpu);
        match options.engine {
            EngineChoice::Builtin if !cpu => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the built-in engine runs on the CPU only, not on {}; use the engine \
                     onnxruntime",
                    options.device
                ),
            )),
            EngineChoice::Auto | EngineChoice::Builtin if cpu => Ok(Self {
                name: builtin::describe(),
                load: Arc::new(builtin::load),
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
            _ => Err(Error::new(ErrorKind::Unavailable, NOT_BUILT)),
        }
    }

    /// Loads one ONNX model.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] if the engine cannot run it.
    pub fn load(&self, model: &[u8]) -> Result<Arc<dyn Network>> {
        (self.load)(model)
    }

    /// For the report: `builtin avx512`, `onnxruntime 1.32.0 cpu`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// One engine of this build, and whether it can be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineInfo {
    /// Which engine: [`EngineChoice::Builtin`] or [`EngineChoice::OnnxRuntime`].
    pub engine: EngineChoice,
    /// The instruction set of the built-in engine (`avx512`), the version of ONNX Runtime
    /// (`1.32.0`); empty where there is a problem.
    pub version: String,
    /// The library of ONNX Runtime; a bare file name if the system's loader found it.
    pub location: Option<PathBuf>,
    /// The devices that it was built for; their drivers may still be missing.
    pub devices: Vec<Device>,
    /// Why it cannot be used and what to do, if so.
    pub problem: Option<String>,
}

/// Every engine, with what is wrong with it if it cannot be used here. Loads ONNX Runtime, from the
/// path given or as [`EngineOptions::onnxruntime`] says.
#[must_use]
pub fn engines(onnxruntime: Option<&Path>) -> Vec<EngineInfo> {
    let builtin = builtin::describe();
    vec![
        EngineInfo {
            engine: EngineChoice::Builtin,
            version: builtin
                .strip_prefix("builtin ")
                .unwrap_or_default()
                .to_owned(),
            location: None,
            devices: vec![Device::Cpu],
            problem: None,
        },
        onnxruntime_info(onnxruntime),
    ]
}

fn onnxruntime_info(path: Option<&Path>) -> EngineInfo {
    let mut info = EngineInfo {
        engine: EngineChoice::OnnxRuntime,
        version: String::new(),
        location: None,
        devices: Vec::new(),
        problem: None,
    };
    #[cfg(feature = "onnxruntime")]
    match onnxruntime::Runtime::open(&EngineOptions {
        engine: EngineChoice::OnnxRuntime,
        device: Device::Auto,
        onnxruntime: path.map(Path::to_path_buf),
    }) {
        Ok(runtime) => {
            info.version = runtime.version().to_owned();
            info.location = Some(runtime.path().to_path_buf());
            info.devices = runtime.devices();
        }
        Err(error) => info.problem = Some(with_cause(&error)),
    }
    #[cfg(not(feature = "onnxruntime"))]
    {
        let _ = path;
        info.problem = Some(NOT_BUILT.to_owned());
    }
    info
}

#[cfg(not(feature = "onnxruntime"))]
const NOT_BUILT: &str =
    "this build has no ONNX Runtime engine; build it with the feature `onnxruntime`";

/// The message and what is below it, in one line.
#[cfg(feature = "onnxruntime")]
fn with_cause(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_no_other_does() {
        for engine in EngineChoice::ALL {
            assert_eq!(engine.name().parse::<EngineChoice>().unwrap(), *engine);
        }
        for device in Device::ALL {
            assert_eq!(device.name().parse::<Device>().unwrap(), *device);
        }
        let error = "CUDA".parse::<Device>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("cuda, coreml, directml"));
    }

    #[test]
    fn the_builtin_engine_is_never_taken_for_another_device() {
        let error = Engine::open(&EngineOptions {
            engine: EngineChoice::Builtin,
            device: Device::Cuda,
            onnxruntime: None,
        });
        assert_eq!(error.err().unwrap().kind(), ErrorKind::InvalidArgument);
        assert_eq!(
            engines(None)[0].engine.to_string() + " " + &engines(None)[0].version,
            Engine::open(&EngineOptions::default()).unwrap().name()
        );
    }
}
