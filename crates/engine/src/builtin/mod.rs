//! Our own CPU engine: the few layer types that the three detectors use, in pure Rust.
//!
//! From bytes to numbers: `onnx` reads the file, `plan` lowers it to a short list of checked
//! operations, `pack` orders the weights for one instruction set, `layout` places every row for one
//! size of picture, `session` runs in memory that `arenas` lend and that threads share (`shared`),
//! `kernels` compute, `simd` are the vectors.
//!
//! Invariant: unsafe code is only in `kernels` and `simd`, behind functions that check every row,
//! and where bands of rows go to threads. A model is either run as its file says or refused by the
//! name of an operator.

mod aligned;
mod arenas;
mod kernels;
mod layout;
mod narrow;
mod onnx;
mod output;
mod pack;
mod plan;
mod session;
mod shared;
mod simd;
#[cfg(test)]
mod tests;

use super::input::{Input, check_size};
use super::{Network, Tensor};
use crate::Size;
use crate::error::{Error, ErrorKind, Result};
use kernels::Kernels;
use std::sync::Arc;

/// Bytes of row buffers per chain: fits the L2 cache of every CPU of the last ten years.
const CACHE_BUDGET: usize = 512 << 10;

/// Name and instruction set, for the report: `builtin avx512`.
pub(crate) fn describe() -> String {
    format!("builtin {}", kernels::best().name())
}

/// The instruction sets that this processor has, the best first.
pub(crate) fn instruction_sets() -> Vec<&'static str> {
    kernels::available().iter().map(|k| k.name()).collect()
}

/// Loads an ONNX model; refuses one with another layer type, by name.
pub(crate) fn load(model: &[u8]) -> Result<Arc<dyn Network>> {
    Ok(Arc::new(Model::load(model, kernels::best())?))
}

/// The same for one instruction set, to compare them.
pub(crate) fn load_for(model: &[u8], instructions: &str) -> Result<Arc<dyn Network>> {
    let all = kernels::available();
    let kernels = all.iter().find(|k| k.name() == instructions);
    let kernels = kernels.ok_or_else(|| {
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "this processor has no {instructions}, only {}",
                instruction_sets().join(", ")
            ),
        )
    })?;
    Ok(Arc::new(Model::load(model, kernels)?))
}

struct Model {
    names: Vec<String>,
    packed: Arc<pack::Packed>,
    arenas: Arc<arenas::Arenas>,
}

impl Model {
    /// For one instruction set of this CPU.
    fn load(model: &[u8], kernels: &'static Kernels) -> Result<Self> {
        let packed = onnx::parse(model)
            .and_then(|graph| plan::lower(&graph, true))
            .and_then(|plan| pack::Packed::new(plan, kernels))
            .map_err(|why| {
                Error::new(
                    ErrorKind::Model,
                    format!("the built-in engine cannot run this model: {why}"),
                )
            })?;
        let names = packed.plan.outputs().iter().map(|o| o.name.clone());
        Ok(Self {
            names: names.collect(),
            packed: Arc::new(packed),
            arenas: Arc::default(),
        })
    }
}

impl Network for Model {
    fn session(&self, size: Size) -> Result<Box<dyn super::Session>> {
        let (packed, arenas) = (self.packed.clone(), self.arenas.clone());
        let session = session::Session::new(packed, arenas, size, CACHE_BUDGET)
            .map_err(|why| Error::new(ErrorKind::Inference, format!("no session: {why}")))?;
        Ok(Box::new(Worker {
            size,
            names: self.names.clone(),
            session,
        }))
    }
}

struct Worker {
    size: Size,
    names: Vec<String>,
    session: session::Session,
}

impl Worker {
    fn run_by(
        &mut self,
        input: &dyn Input,
        run: impl FnOnce(&mut session::Session, &dyn Input) -> onnx::Res<Vec<Vec<f32>>>,
    ) -> Result<Vec<Tensor>> {
        check_size(input, self.size)?;
        let outputs = run(&mut self.session, input).map_err(|why| {
            Error::new(
                ErrorKind::Inference,
                format!("the network did not run: {why}"),
            )
        })?;
        let named = self.names.iter().cloned().zip(outputs);
        let tensor = |(name, data)| Tensor {
            name,
            data,
            ..Tensor::default()
        };
        Ok(named.map(tensor).collect())
    }
}

impl super::Session for Worker {
    fn run(&mut self, input: &dyn Input) -> Result<Vec<Tensor>> {
        self.run_by(input, session::Session::run)
    }

    fn run_alone(&mut self, input: &dyn Input) -> Result<Vec<Tensor>> {
        self.run_by(input, session::Session::run_alone)
    }
}
