//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.9710, 0.2951, 0.5688, -0.3119, 0.2762, -0.0531, 2.3176],
    among: &[
        1.1404, 0.3277, 0.4945, -0.3213, 0.3533, 0.1032, 0.3278, 3.2419, 1.5440,
    ],
    again: &[
        0.3220, 0.0592, 0.1438, -0.2027, -0.4147, -0.1841, 0.3762, 1.1396, 0.8833, -0.2041, 1.0052,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.5404, -0.4517, 0.5672, 0.0514, -0.4784, -0.1745, 3.6412],
    among: &[
        1.8454, -0.5712, 0.4751, 0.2526, -0.1663, -0.0348, 0.4718, 8.5354, 2.2746,
    ],
    again: &[
        1.1178, -0.0980, 0.2609, 0.2326, -0.0119, -0.2938, 0.4663, 5.5063, 0.7485, -0.4800, 2.0666,
    ],
};

/// Large photos: the same, and `YuNet` at the picture's own scale.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5726, -0.0305, 0.3476, 0.2359, 0.6858, -0.3356, -0.5655, -0.4151, 2.8293,
    ],
    among: &[
        0.7752, 0.0772, 0.2087, 0.2843, 0.6649, -0.5090, 0.0340, -0.3399, 0.3043, 4.2110, 1.8542,
    ],
    again: &[
        0.4865, 0.2130, 0.0825, 0.3011, 0.3842, -0.1377, 0.5508, -0.3668, 0.3573, 1.9998, 0.4114,
        -0.3490, 1.2164,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.4001, -0.3488, 0.3948, 0.0780, 0.5927, -0.0861, 0.4878, -0.5172, 4.2389,
    ],
    among: &[
        1.5711, -0.5161, 0.4878, 0.2191, 0.3090, 0.1057, 0.8865, -0.3916, 0.5293, 6.3092, 2.2499,
    ],
    again: &[
        1.1959, -0.3352, 0.3317, 0.2304, 0.1472, 0.1472, 1.2709, -0.4788, 0.5511, 5.0518, 0.6190,
        -0.2276, 1.7928,
    ],
};

/// Large photos: CenterFace at three scales, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.8569, 0.3029, 0.3555, -0.2362, 0.2491, 0.2215, 0.5099, -0.3393, -0.2713, -0.4214, 4.2236,
    ],
    among: &[
        1.1527, 0.3325, 0.2473, -0.0044, -0.1126, 0.1600, 0.4515, -0.3620, 0.4814, -0.0885, 0.3523,
        4.4952, 1.6439,
    ],
    again: &[
        0.7926, 0.3688, 0.1072, 0.0688, -0.0818, 0.3451, 0.2528, -0.1747, 1.0112, -0.3626, 0.3567,
        2.8399, 0.4701, -0.5310, 1.2651,
    ],
};

/// Photos above 3200 pixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the picture's own scale.
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6750, -0.0011, 0.5523, 0.5075, 0.4899, -0.6727, -0.8053, -0.7216, 2.8606,
    ],
    among: &[
        0.8309, 0.1509, 0.3333, 0.4572, 0.5507, -0.7273, -0.2097, -0.6642, 0.1817, 3.1610, 2.1364,
    ],
    again: &[
        0.4422, 0.2054, 0.2655, 0.3133, 0.1973, -0.3024, 0.2406, -0.3934, 0.3298, 0.4072, 0.4597,
        -0.2301, 1.5489,
    ],
};

/// Photos above 4096 pixels: the same as [`THOROUGH_FAR`], but the first look grows with the picture.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.7238, 0.1773, 0.3104, -0.0570, 0.2244, 0.4270, 0.5888, -0.4466, 0.2972, -0.6445, 3.8645,
    ],
    among: &[
        0.9036, 0.2411, 0.1950, 0.1664, -0.2269, 0.4019, 0.5780, -0.5276, 1.3476, -0.5148, 0.3231,
        3.6613, 1.0754,
    ],
    again: &[
        0.5376, 0.2327, 0.0009, 0.2554, -0.1242, 0.4305, 0.2979, -0.2577, 1.9160, -0.5138, 0.3596,
        1.5746, 0.6100, -0.2879, 0.7629,
    ],
};
