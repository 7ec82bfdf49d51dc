//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.8885, 0.2990, 0.6180, -0.3473, 0.1540, -0.1279, 2.2394],
    among: &[
        1.0138, 0.3238, 0.5704, -0.3581, 0.2402, 0.0447, 0.3449, 2.6321, 1.3901,
    ],
    again: &[
        0.4265, 0.1540, 0.2401, -0.2373, -0.1504, -0.2803, 0.3856, 1.1375, 0.7679, -0.1852, 1.0757,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.4491, -0.3771, 0.6287, -0.0242, -0.7076, -0.1917, 3.6974],
    among: &[
        1.7852, -0.5215, 0.4894, 0.1485, -0.5155, 0.0717, 0.4545, 7.8063, 2.1322,
    ],
    again: &[
        1.1521, 0.1792, 0.2867, 0.2196, 0.1381, -0.1812, 0.4267, 5.4416, 0.6454, -0.6135, 1.8794,
    ],
};

/// Large photos: the same, and `YuNet` at the picture's own scale.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5410, -0.0637, 0.2751, 0.4757, 0.7059, -0.4333, -0.1360, -0.6607, 2.5092,
    ],
    among: &[
        0.6799, 0.0230, 0.1914, 0.4550, 0.7268, -0.5763, 0.2299, -0.5413, 0.2676, 3.8948, 1.7013,
    ],
    again: &[
        0.3746, 0.1577, 0.1173, 0.4346, 0.3577, -0.2533, 0.4460, -0.6906, 0.3430, 1.6837, 0.5173,
        -0.2711, 1.0177,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.2271, -0.3899, 0.4599, 0.0845, 0.5948, -0.0909, 0.2873, -0.5356, 4.1419,
    ],
    among: &[
        1.4225, -0.5396, 0.5390, 0.1910, 0.2446, 0.1527, 0.8298, -0.4328, 0.5067, 6.1491, 1.8687,
    ],
    again: &[
        1.0883, -0.3699, 0.3715, 0.1724, 0.1379, 0.1372, 0.8389, -0.5143, 0.5107, 5.1547, 0.5949,
        -0.3193, 1.5209,
    ],
};

/// Large photos: CenterFace at three scales, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.8034, 0.3044, 0.3778, -0.2801, -0.1555, 0.4500, 0.5566, -0.3685, 0.4352, -0.4678, 2.7955,
    ],
    among: &[
        1.0402, 0.3477, 0.2640, -0.0622, -0.3272, 0.3108, 0.5362, -0.3975, 0.7895, -0.1771, 0.3336,
        4.2910, 0.8716,
    ],
    again: &[
        0.6717, 0.2967, 0.0826, 0.0503, -0.3939, 0.4653, 0.2871, -0.2242, 1.3842, -0.4509, 0.3361,
        2.7477, 0.4980, -0.4782, -0.1328,
    ],
};

/// Photos above 3200 pixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the picture's own scale.
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6415, 0.1010, 0.3092, 0.3871, 0.5855, -0.6670, -0.3848, -0.6002, 2.2481,
    ],
    among: &[
        0.7373, 0.1978, 0.1599, 0.3841, 0.6642, -0.7042, 0.1150, -0.5634, 0.1701, 2.9902, 1.5621,
    ],
    again: &[
        0.3280, 0.2525, 0.0230, 0.1568, 0.4171, -0.2917, 0.3014, -0.3011, 0.2850, 1.2852, 0.5093,
        -0.1793, 0.6407,
    ],
};

/// Photos above 4096 pixels: the same as [`THOROUGH_FAR`], but the first look grows with the picture.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.6553, 0.1105, 0.2222, 0.1088, 0.0254, 0.3645, 0.6279, -0.4683, 0.5948, -0.6393, 2.7654,
    ],
    among: &[
        0.8046, 0.1807, 0.1399, 0.2429, -0.3786, 0.3757, 0.6530, -0.5454, 1.4591, -0.5178, 0.2702,
        3.6024, 0.3420,
    ],
    again: &[
        0.5050, 0.2362, -0.0060, 0.2334, -0.2617, 0.3980, 0.3361, -0.3156, 1.5806, -0.6776, 0.3084,
        1.9773, 0.6222, -0.2583, 0.1759,
    ],
};
