//! The fitted weights of the decision, as `scripts/fit_decision.py --area 0.3` printed them for 323 pictures of the
//! validation set of WIDER FACE (`docs/accuracy.md` has the cross-validated results).

use super::decide::Judge;

/// Before a second look: CenterFace, CenterFace at half scale, `YuNet`.
pub(super) const FIRST: Judge<3> = Judge {
    scores: [[0.7896, 0.1170], [0.2853, -0.0155], [0.5441, -0.2241]],
    size: [-0.1332, -0.0532],
    bias: 2.5736,
};

/// After it: the same, and CenterFace on the enlarged crop.
pub(super) const SECOND: Judge<4> = Judge {
    scores: [
        [0.3719, 0.1452],
        [0.1890, -0.1116],
        [0.3190, -0.0830],
        [0.9989, -0.1517],
    ],
    size: [-0.2494, -0.1262],
    bias: 2.9747,
};
