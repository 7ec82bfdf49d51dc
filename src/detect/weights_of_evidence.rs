//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures
//! of the validation set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated
//! results. In the order of the looks of `preset.rs`; features as in `decide.rs`.
#![allow(
    clippy::approx_constant,
    reason = "a fitted number may lie near any constant"
)]

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.9915, 0.2882, 0.5572, -0.3138, -0.0794, -0.0388, 2.2935],
    among: &[
        1.1522, 0.3083, 0.4826, -0.3242, 0.0369, 0.0963, 0.3608, 3.3711, 1.4607,
    ],
    again: &[
        0.3616, 0.0365, 0.0928, -0.2918, -0.8118, -0.1943, 0.4263, 1.3525, 0.8938, -0.1785, 0.9232,
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
        0.5413, 0.0436, 0.2618, 0.4232, 0.7193, -0.4578, -0.1756, -0.6432, 2.1149,
    ],
    among: &[
        0.7272, 0.1298, 0.2025, 0.4141, 0.7411, -0.5668, 0.1501, -0.5307, 0.3062, 4.2551, 1.3639,
    ],
    again: &[
        0.4343, 0.3010, 0.0237, 0.5506, 0.2745, -0.3949, 0.9199, -0.7050, 0.4262, 2.2218, 0.4498,
        -0.2824, 0.2495,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.3580, -0.3028, 0.4153, 0.1024, 0.5721, -0.0996, 0.1167, -0.5314, 4.2414,
    ],
    among: &[
        1.5557, -0.4822, 0.5020, 0.2000, 0.2736, 0.1044, 0.6085, -0.4534, 0.5928, 6.6204, 2.1125,
    ],
    again: &[
        1.1737, -0.3503, 0.3438, 0.1753, 0.1300, 0.1036, 0.6196, -0.5180, 0.6061, 5.3286, 0.6178,
        -0.2471, 1.7223,
    ],
};

/// Large photos: CenterFace at three scales, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.7864, 0.2657, 0.3304, -0.1849, -0.0181, 0.3772, 0.5953, -0.3919, 0.3033, -0.5520, 2.9813,
    ],
    among: &[
        1.0961, 0.2952, 0.2579, 0.0117, -0.2709, 0.2602, 0.5481, -0.4167, 0.7133, -0.1929, 0.4012,
        4.7041, 0.8541,
    ],
    again: &[
        0.7896, 0.3964, 0.0880, 0.0508, -0.1090, 0.1531, 0.3225, -0.2402, 0.2179, -0.3823, 0.4246,
        3.3666, 0.4347, -0.4696, 0.9147,
    ],
};

/// Photos above 3200 pixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the
/// picture's own scale.
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6607, 0.1445, 0.5684, 0.5320, 0.5876, -0.5432, -0.6336, -0.7624, 2.2391,
    ],
    among: &[
        0.8059, 0.2610, 0.3730, 0.4685, 0.6903, -0.5571, -0.1391, -0.6886, 0.2279, 3.2500, 1.5610,
    ],
    again: &[
        0.7522, 0.4631, 0.1205, 0.3339, 0.6494, -0.1033, 0.4987, -0.6078, 0.3838, 1.7164, 0.5743,
        -0.1041, 1.2337,
    ],
};

/// Photos above 4096 pixels: the same as [`THOROUGH_FAR`], but the first look grows with the
/// picture.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.6813, 0.1804, 0.2693, 0.0325, 0.0811, 0.4947, 0.6443, -0.5254, 0.6424, -0.7128, 2.8548,
    ],
    among: &[
        0.8650, 0.2335, 0.2031, 0.1888, -0.3599, 0.4647, 0.6719, -0.5763, 1.4711, -0.5198, 0.3351,
        3.9263, 0.2671,
    ],
    again: &[
        0.5433, 0.2494, 0.0084, 0.3562, -0.3784, 0.4492, 0.3473, -0.3296, 2.0944, -0.5789, 0.4212,
        2.2546, 0.5501, -0.2613, -0.6221,
    ],
};
