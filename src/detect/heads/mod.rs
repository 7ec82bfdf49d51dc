//! From a network's output tensors to candidates: one file per network, each with its contract.
//!
//! Invariant: no NaN or infinity leaves this module, and no score outside 0..=1.

mod centerface;
mod retinaface;
mod yunet;

use super::letterbox::Ink;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Point, Rect, Size};
use faceveil_engine::Tensor;

/// A box that a network proposes, in pixels of its canvas.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) area: Rect,
    pub(super) score: f32,
    pub(super) landmarks: Option<[Point; 5]>,
}

/// The three networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Head {
    CenterFace,
    YuNet,
    RetinaFace,
}

impl Head {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::CenterFace, Self::YuNet, Self::RetinaFace];

    /// Its name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CenterFace => "centerface",
            Self::YuNet => "yunet",
            Self::RetinaFace => "retinaface",
        }
    }

    /// Its weights' file in `models/`.
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::CenterFace => "centerface.onnx",
            Self::YuNet => "yunet_2023mar.onnx",
            Self::RetinaFace => "retinaface_mnet025.onnx",
        }
    }

    /// What a pixel of a canvas costs, compared with the other networks.
    pub(super) const fn cost(self) -> u64 {
        match self {
            Self::CenterFace => 5,
            Self::YuNet => 1,
            Self::RetinaFace => 2,
        }
    }

    /// Order and zero of its input planes.
    pub(super) const fn ink(self) -> Ink {
        let (channels, mean) = match self {
            Self::CenterFace => ([0, 1, 2], [0.0; 3]),
            Self::YuNet => ([2, 1, 0], [0.0; 3]),
            Self::RetinaFace => ([2, 1, 0], [104.0, 117.0, 123.0]),
        };
        Ink { channels, mean }
    }

    /// Everything scored `threshold` or more, not yet rid of overlaps.
    pub(super) fn decode(
        self,
        outputs: &[Tensor],
        canvas: Size,
        threshold: f32,
    ) -> Result<Vec<Candidate>> {
        match self {
            Self::CenterFace => centerface::decode(outputs, canvas, threshold),
            Self::YuNet => yunet::decode(outputs, canvas, threshold),
            Self::RetinaFace => retinaface::decode(outputs, canvas, threshold),
        }
    }
}

/// The output called `name`, which must hold `len` numbers.
pub(super) fn tensor<'a>(outputs: &'a [Tensor], name: &str, len: usize) -> Result<&'a [f32]> {
    let found = outputs
        .iter()
        .find(|t| t.name == name)
        .map(|t| t.data.as_slice());
    match found {
        Some(data) if data.len() == len => Ok(data),
        Some(data) => Err(Error::new(
            ErrorKind::Engine,
            format!(
                "the model's output `{name}` holds {} numbers where {len} belong",
                data.len()
            ),
        )),
        None => Err(Error::new(
            ErrorKind::Engine,
            format!("the model has no output `{name}`"),
        )),
    }
}

/// A candidate from the middle and sides of its box; `None` if a number is not finite or the box is
/// empty.
fn candidate(
    cx: f32,
    cy: f32,
    w: f32,
    h: f32,
    score: f32,
    landmarks: [Point; 5],
) -> Option<Candidate> {
    let area = Rect::from_corners(cx - w * 0.5, cy - h * 0.5, cx + w * 0.5, cy + h * 0.5)?;
    let sound = area.area() > 0.0 && score.is_finite();
    let finite = landmarks.iter().all(|p| p.x.is_finite() && p.y.is_finite());
    sound.then(|| Candidate {
        area,
        score: score.clamp(0.0, 1.0),
        landmarks: finite.then_some(landmarks),
    })
}
