//! Tests of the whole engine; those of the kernels and of the plan are beside them.

mod hostile;
mod models;
mod refused;
mod tiny;
mod write;

use super::kernels::{self, Kernels};
use super::{CACHE_BUDGET, onnx, pack, plan, session};
use crate::Size;
use crate::{Input, Planes};
use std::sync::Arc;

/// A small generator of numbers that look random: SplitMix64.
#[derive(Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..n.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// In -1..1.
    pub(super) fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(super) fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }
}

/// The models, by name.
fn models() -> [(&'static str, &'static [u8]); 4] {
    [
        (
            "centerface",
            include_bytes!("../../../../../models/centerface.onnx"),
        ),
        (
            "yunet_2023mar",
            include_bytes!("../../../../../models/yunet_2023mar.onnx"),
        ),
        (
            "retinaface_mnet025",
            include_bytes!("../../../../../models/retinaface_mnet025.onnx"),
        ),
        (
            "text_ppocrv4",
            include_bytes!("../../../../../models/text_ppocrv4.onnx"),
        ),
    ]
}

/// A made picture, the one of `golden.py`.
fn picture(size: Size) -> Planes<Vec<f32>> {
    let (h, w) = (size.height as usize, size.width as usize);
    let values = (0..3 * h * w).map(|i| ((i * 7919 + i / w * 31 + i / 7) % 251) as f32);
    Planes::new(size, values.collect()).unwrap()
}

fn packed(
    model: &[u8],
    fuse: bool,
    kernels: &'static Kernels,
) -> Result<Arc<pack::Packed>, String> {
    let graph = onnx::parse(model)?;
    let plan = plan::lower(&graph, fuse)?;
    Ok(Arc::new(pack::Packed::new(plan, kernels)?))
}

/// With memory of its own.
fn session(
    packed: Arc<pack::Packed>,
    size: Size,
    budget: usize,
) -> Result<session::Session, String> {
    session::Session::new(packed, Arc::default(), size, budget)
}

/// Outputs of a model, in the order of the file.
fn run(
    model: &[u8],
    fuse: bool,
    kernels: &'static Kernels,
    input: &dyn Input,
) -> Result<Vec<Vec<f32>>, String> {
    session(packed(model, fuse, kernels)?, input.size(), CACHE_BUDGET)?.run(input)
}

/// The largest difference of two lists of one length.
#[track_caller]
fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, d| if d <= worst { worst } else { d })
}
