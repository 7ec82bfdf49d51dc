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
        0.5704, -0.0297, 0.3449, 0.2414, 0.6860, -0.3366, -0.5405, -0.4189, 2.7935,
    ],
    among: &[
        0.7685, 0.0727, 0.2102, 0.2894, 0.6648, -0.5051, 0.0458, -0.3439, 0.3020, 4.1548, 1.8366,
    ],
    again: &[
        0.4635, 0.1849, 0.0680, 0.2959, 0.3786, -0.1463, 0.4551, -0.3497, 0.3510, 1.9918, 0.4153,
        -0.3491, 1.0839,
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
        0.8577, 0.3005, 0.3556, -0.2362, 0.2478, 0.2239, 0.5094, -0.3379, -0.2649, -0.4175, 4.1926,
    ],
    among: &[
        1.1479, 0.3254, 0.2523, -0.0093, -0.1077, 0.1629, 0.4514, -0.3583, 0.4660, -0.0868, 0.3504,
        4.4393, 1.6567,
    ],
    again: &[
        0.7864, 0.3630, 0.1094, 0.0641, -0.0750, 0.3426, 0.2549, -0.1708, 0.9886, -0.3580, 0.3578,
        2.7786, 0.4740, -0.5302, 1.2813,
    ],
};

/// Photos above 3200 pixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the picture's own scale.
#[expect(
    clippy::approx_constant,
    reason = "one of them is near log10(e) by chance"
)]
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6756, 0.0031, 0.5540, 0.5045, 0.4892, -0.6744, -0.7942, -0.7223, 2.8580,
    ],
    among: &[
        0.8258, 0.1475, 0.3423, 0.4580, 0.5476, -0.7269, -0.2173, -0.6681, 0.1792, 3.0808, 2.1547,
    ],
    again: &[
        0.4342, 0.2114, 0.2509, 0.2941, 0.1916, -0.2915, 0.2726, -0.3796, 0.3248, 0.2703, 0.4840,
        -0.2222, 1.5610,
    ],
};

/// Photos above 4096 pixels: the same as [`THOROUGH_FAR`], but the first look grows with the picture.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.7245, 0.1812, 0.3075, -0.0559, 0.2296, 0.4268, 0.5883, -0.4478, 0.3144, -0.6487, 3.8551,
    ],
    among: &[
        0.9005, 0.2409, 0.1969, 0.1613, -0.2176, 0.4047, 0.5770, -0.5255, 1.3446, -0.5192, 0.3202,
        3.6082, 1.1049,
    ],
    again: &[
        0.5358, 0.2340, -0.0009, 0.2559, -0.1242, 0.4337, 0.2971, -0.2564, 1.9421, -0.5155, 0.3607,
        1.5536, 0.6120, -0.2850, 0.7391,
    ],
};
