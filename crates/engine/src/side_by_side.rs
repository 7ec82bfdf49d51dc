//! What `benches/engines.rs` needs of the private modules. Hidden from the documentation and no
//! part of the public interface.

use super::{EngineChoice, EngineOptions, Planes, Session, builtin};
use crate::Size;
use crate::error::Result;

/// One model at one size on one engine and one thread.
pub struct Runner {
    name: String,
    size: Size,
    session: Box<dyn Session>,
}

impl Runner {
    /// The built-in engine, on the instruction set of that name.
    ///
    /// # Errors
    ///
    /// If the processor lacks it or the model is refused.
    pub fn builtin(instructions: &str, model: &[u8], size: impl Into<Size>) -> Result<Self> {
        let size = size.into();
        Ok(Self {
            name: format!("builtin {instructions}"),
            size,
            session: builtin::load_for(model, instructions)?.session(size)?,
        })
    }

    /// ONNX Runtime on the CPU, from the usual places.
    ///
    /// # Errors
    ///
    /// If there is no usable library or the model is refused.
    pub fn onnxruntime(model: &[u8], size: impl Into<Size>) -> Result<Self> {
        let size = size.into();
        let engine = super::Engine::open(&EngineOptions {
            engine: EngineChoice::OnnxRuntime,
            ..EngineOptions::default()
        })?;
        Ok(Self {
            name: engine.name().to_owned(),
            size,
            session: engine.load(model)?.session(size)?,
        })
    }

    /// `builtin avx512`, `onnxruntime 1.32.0 cpu`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it on three planes of floats; the outputs in the order of the file.
    ///
    /// # Errors
    ///
    /// If there are more or fewer floats, or the engine fails.
    pub fn run(&mut self, input: &[f32]) -> Result<Vec<Vec<f32>>> {
        let outputs = self.session.run(&Planes::new(self.size, input)?)?;
        Ok(outputs.into_iter().map(|tensor| tensor.data).collect())
    }
}

/// The instruction sets of the built-in engine that this processor has, the best first.
#[must_use]
pub fn instruction_sets() -> Vec<&'static str> {
    builtin::instruction_sets()
}
