//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.9726, 0.2949, 0.5684, -0.3103, 0.2789, -0.0479, 2.2917],
    among: &[
        1.1355, 0.3234, 0.4961, -0.3166, 0.3564, 0.1066, 0.3266, 3.1246, 1.5228,
    ],
    again: &[
        0.2970, 0.0283, 0.1418, -0.2079, -0.4357, -0.1878, 0.3663, 1.0221, 0.8949, -0.1837, 1.0090,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.5439, -0.4516, 0.5654, 0.0514, -0.4804, -0.1696, 3.6179],
    among: &[
        1.8395, -0.5688, 0.4824, 0.2499, -0.1841, -0.0243, 0.4718, 8.4315, 2.2649,
    ],
    again: &[
        1.1086, -0.1000, 0.2563, 0.2217, -0.0174, -0.2957, 0.4646, 5.4810, 0.7587, -0.4675, 2.0563,
    ],
};

/// Large photos: the same, and `YuNet` at the picture's own scale.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5175, 0.0351, 0.3177, 0.3567, 0.7200, -0.4789, -0.1146, -0.6144, 2.4657,
    ],
    among: &[
        0.6943, 0.1090, 0.2593, 0.3745, 0.7420, -0.5690, 0.2053, -0.5135, 0.2620, 3.9982, 1.7479,
    ],
    again: &[
        0.3970, 0.2488, 0.0530, 0.4638, 0.2850, -0.3724, 0.8314, -0.6337, 0.3609, 1.9499, 0.4735,
        -0.2611, 0.6329,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.4011, -0.3488, 0.3957, 0.0786, 0.5922, -0.0868, 0.4768, -0.5106, 4.2203,
    ],
    among: &[
        1.5604, -0.5094, 0.4884, 0.2132, 0.3242, 0.0958, 0.8310, -0.3737, 0.5338, 6.1328, 2.2647,
    ],
    again: &[
        1.1756, -0.3280, 0.3264, 0.2230, 0.1609, 0.1320, 1.1984, -0.4624, 0.5553, 4.8479, 0.6344,
        -0.2277, 1.8068,
    ],
};

/// Large photos: CenterFace at three scales, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.7672, 0.2460, 0.3420, -0.1644, 0.1362, 0.2814, 0.6025, -0.4109, 0.2203, -0.5210, 3.5379,
    ],
    among: &[
        1.0724, 0.2870, 0.2776, 0.0241, -0.1583, 0.2190, 0.5510, -0.4283, 0.7630, -0.1749, 0.3599,
        4.6055, 1.3462,
    ],
    again: &[
        0.7710, 0.3811, 0.1068, 0.0941, -0.0625, 0.1814, 0.3379, -0.2565, 0.6315, -0.3895, 0.3857,
        3.3077, 0.4500, -0.4694, 1.1952,
    ],
};

/// Photos above 3200 pixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the picture's own scale.
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6484, 0.0618, 0.6354, 0.4615, 0.5825, -0.5474, -0.8660, -0.7455, 2.9457,
    ],
    among: &[
        0.7840, 0.1762, 0.4611, 0.4111, 0.6842, -0.5550, -0.3833, -0.6767, 0.1859, 2.9984, 2.3349,
    ],
    again: &[
        0.6296, 0.3159, 0.3797, 0.2722, 0.4831, -0.1568, 0.0385, -0.5435, 0.3327, 1.2568, 0.4736,
        -0.1645, 2.1929,
    ],
};

/// Photos above 4096 pixels: the same as [`THOROUGH_FAR`], but the first look grows with the picture.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.6588, 0.1821, 0.3289, -0.0199, 0.2329, 0.4085, 0.6572, -0.5365, 0.4145, -0.7011, 3.7375,
    ],
    among: &[
        0.8283, 0.2224, 0.2635, 0.1417, -0.1755, 0.3759, 0.6816, -0.5777, 1.1661, -0.5045, 0.2905,
        3.7360, 1.3111,
    ],
    again: &[
        0.5314, 0.2552, 0.0586, 0.2962, -0.0669, 0.4319, 0.3898, -0.2896, 2.0302, -0.5814, 0.3880,
        2.1229, 0.5475, -0.2844, 0.9233,
    ],
};
