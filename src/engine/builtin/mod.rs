//! Our own CPU engine: the few layer types that the three detectors use, in pure Rust.
//!
//! The only room with unsafe code.

mod kernels;
mod onnx;
mod plan;
mod session;
mod simd;

use super::{Network, Tensor};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use std::sync::Arc;

/// Bytes of row buffers per chain: fits the L2 cache of every CPU of the last ten years.
const CACHE_BUDGET: usize = 512 << 10;

/// Name and instruction set, for the report: `builtin avx512`.
pub(crate) fn describe() -> String {
    format!("builtin {}", kernels::pick(None).map_or("none", |k| k.name))
}

/// The instruction sets that this processor has, the best first.
pub(crate) fn instruction_sets() -> Vec<&'static str> {
    ["avx512", "avx2", "neon", "simd128", "scalar"]
        .into_iter()
        .filter(|name| kernels::pick(Some(name)).is_some())
        .collect()
}

/// Loads an ONNX model; refuses one with another layer type, by name.
pub(crate) fn load(model: &[u8]) -> Result<Arc<dyn Network>> {
    load_for(model, None)
}

/// The same for one instruction set, to compare them.
pub(crate) fn load_for(model: &[u8], instructions: Option<&str>) -> Result<Arc<dyn Network>> {
    let refused = |why: String| {
        Error::new(
            ErrorKind::Engine,
            format!("the built-in engine cannot run this model: {why}"),
        )
    };
    let graph = onnx::parse(model).map_err(refused)?;
    let net = plan::lower(&graph, true).map_err(refused)?;
    let names = net.outputs.iter().map(|o| o.name.clone()).collect();
    let kernels =
        kernels::pick(instructions).ok_or_else(|| refused("no kernels for this CPU".into()))?;
    Ok(Arc::new(Model {
        names,
        packed: Arc::new(session::Packed::new(net, kernels)),
    }))
}

struct Model {
    names: Vec<String>,
    packed: Arc<session::Packed>,
}

impl Network for Model {
    fn session(&self, size: Size) -> Result<Box<dyn super::Session>> {
        let session = session::Session::new(
            self.packed.clone(),
            size.height as usize,
            size.width as usize,
            CACHE_BUDGET,
        );
        Ok(Box::new(Worker {
            names: self.names.clone(),
            session,
        }))
    }
}

struct Worker {
    names: Vec<String>,
    session: session::Session,
}

impl super::Session for Worker {
    fn run(&mut self, input: &[f32]) -> Result<Vec<Tensor>> {
        let outputs = self.session.run(input);
        Ok(self
            .names
            .iter()
            .zip(outputs)
            .map(|(name, data)| Tensor {
                name: name.clone(),
                data,
            })
            .collect())
    }
}
