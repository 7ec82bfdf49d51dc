//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.8820, 0.3009, 0.6202, -0.3577, 0.1409, -0.1610, 2.2379],
    among: &[
        1.0061, 0.3219, 0.5715, -0.3673, 0.2172, 0.0215, 0.3418, 2.6058, 1.3881,
    ],
    again: &[
        0.3237, 0.0665, 0.2188, -0.2505, -0.3614, -0.3315, 0.3722, 0.7791, 0.8130, -0.2121, 1.0413,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.4496, -0.3496, 0.6309, -0.0312, -0.7054, -0.1710, 3.6899],
    among: &[
        1.7827, -0.5397, 0.5058, 0.1697, -0.5186, 0.0856, 0.4844, 7.8121, 2.0714,
    ],
    again: &[
        1.0185, 0.0680, 0.2432, 0.1941, -0.0084, -0.2986, 0.4602, 4.3204, 0.7912, -0.5609, 1.8785,
    ],
};

/// Large photos: the same, and `YuNet` on a larger picture.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5336, -0.0800, 0.2913, 0.4873, 0.7098, -0.4266, -0.1709, -0.6621, 2.5204,
    ],
    among: &[
        0.6747, 0.0070, 0.2050, 0.4657, 0.7301, -0.5703, 0.1989, -0.5390, 0.2735, 3.8988, 1.6962,
    ],
    again: &[
        0.3605, 0.1501, 0.0930, 0.3888, 0.3045, -0.2673, 0.3535, -0.6772, 0.3163, 0.7312, 0.6556,
        -0.2076, 1.2561,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.2111, -0.3821, 0.4778, 0.0937, 0.5897, -0.1039, 0.1204, -0.3671, 4.1126,
    ],
    among: &[
        1.4097, -0.5046, 0.5560, 0.1635, 0.2648, 0.1216, 0.6101, -0.3145, 0.5297, 6.1043, 1.9055,
    ],
    again: &[
        1.0546, -0.4317, 0.3667, 0.1334, 0.1556, 0.0595, 0.4471, -0.3785, 0.5194, 4.4766, 0.6379,
        -0.1465, 1.7112,
    ],
};

/// Large photos: CenterFace, at half the scale, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.7476, 0.2616, 0.2504, -0.0811, 0.5689, -0.3209, -0.3105, -0.2133, 2.8278,
    ],
    among: &[
        0.9685, 0.2898, 0.1986, -0.0160, 0.5293, -0.3913, -0.1480, -0.0388, 0.3463, 4.3300, 1.7614,
    ],
    again: &[
        0.5664, 0.2178, -0.0125, 0.0434, 0.2666, -0.1947, 0.0776, -0.1945, 0.3609, 2.1276, 0.7391,
        -0.2833, 1.3269,
    ],
};
