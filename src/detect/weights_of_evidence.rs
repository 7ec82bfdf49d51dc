//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them.

use super::decide::Judge;

/// Before a second look: CenterFace, CenterFace at half scale, YuNet.
pub(super) const FIRST: Judge<3> = Judge {
    scores: [[1.0, 0.0], [0.3, 0.0], [0.3, 0.0]],
    size: [0.0, 0.0],
    bias: 2.0,
};

/// After it: the same, and CenterFace on the enlarged crop.
pub(super) const SECOND: Judge<4> = Judge {
    scores: [[0.5, 0.0], [0.3, 0.0], [0.3, 0.0], [0.7, 0.0]],
    size: [0.0, 0.0],
    bias: 3.0,
};
