//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

#![expect(
    clippy::approx_constant,
    reason = "a fitted weight may lie near a famous number"
)]

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.8820, 0.3009, 0.6202, -0.3577, 0.1409, -0.1610, 2.2379],
    among: &[
        1.0182, 0.3536, 0.5646, -0.3853, 0.1474, -0.1901, 0.3809, -4.3438, 2.4697, 5.6422,
    ],
    again: &[
        0.2579, -0.0086, 0.1893, -0.2976, -0.6632, -0.4482, 0.3625, -2.7139, 0.6368, 0.7860,
        -0.2309, 3.5936,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.4496, -0.3496, 0.6309, -0.0312, -0.7054, -0.1710, 3.6899],
    among: &[
        1.7759, -0.5812, 0.5067, 0.1621, -0.5960, -0.0072, 0.5092, -2.7977, 7.7773, 4.8073,
    ],
    again: &[
        0.9835, -0.0159, 0.2241, 0.1201, -0.3402, -0.2253, 0.4722, -2.6927, 4.3008, 0.7900,
        -0.5752, 4.4048,
    ],
};

/// Large photos: the same, and `YuNet` on a larger picture.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5336, -0.0800, 0.2913, 0.4873, 0.7098, -0.4266, -0.1709, -0.6621, 2.5204,
    ],
    among: &[
        0.6931, 0.0252, 0.2533, 0.4525, 0.7128, -0.5862, -0.2334, -0.7572, 0.3372, -3.8857, 3.8109,
        5.4380,
    ],
    again: &[
        0.2773, 0.0508, 0.0186, 0.2659, 0.3003, -0.2931, -0.1312, -0.4805, 0.3791, -3.3520, 0.9892,
        0.5656, -0.2843, 3.8888,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.2111, -0.3821, 0.4778, 0.0937, 0.5897, -0.1039, 0.1204, -0.3671, 4.1126,
    ],
    among: &[
        1.4255, -0.5705, 0.5519, 0.1915, 0.2620, 0.1331, 0.7260, -0.4602, 0.5523, -3.9103, 6.0337,
        5.7442,
    ],
    again: &[
        1.0444, -0.4076, 0.3606, 0.1793, 0.1284, 0.1112, 0.7075, -0.4890, 0.5498, -3.6068, 4.5056,
        0.6671, -0.2419, 5.1385,
    ],
};

/// Large photos: CenterFace, at half the scale, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.7476, 0.2616, 0.2504, -0.0811, 0.5689, -0.3209, -0.3105, -0.2133, 2.8278,
    ],
    among: &[
        0.9858, 0.3218, 0.2037, -0.0222, 0.5136, -0.4246, -0.2318, -0.2259, 0.3885, -4.0390,
        4.2361, 5.7137,
    ],
    again: &[
        0.5428, 0.2232, 0.0018, 0.0134, 0.2707, -0.1856, -0.1343, -0.3843, 0.3834, -3.0969, 1.9074,
        0.7216, -0.3226, 4.3914,
    ],
};
