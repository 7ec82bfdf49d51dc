//! ONNX Runtime through `ort` (stub).

use super::{EngineOptions, Network};
use crate::error::Result;
use std::sync::Arc;

/// A loaded ONNX Runtime library and the device to run on.
#[derive(Clone)]
pub(crate) struct Runtime {}

impl Runtime {
    /// Looks for the library and checks that it and the device work.
    pub(crate) fn open(_options: &EngineOptions) -> Result<Self> {
        todo!()
    }

    /// For the report: `onnxruntime 1.32.0 cpu`.
    pub(crate) fn describe(&self) -> String {
        todo!()
    }

    /// Loads an ONNX model.
    pub(crate) fn load(&self, _model: &[u8]) -> Result<Arc<dyn Network>> {
        todo!()
    }
}
