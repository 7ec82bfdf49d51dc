//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.8885, 0.2988, 0.6180, -0.3473, 0.1538, -0.1273, 2.2391],
    among: &[
        1.0137, 0.3238, 0.5705, -0.3582, 0.2400, 0.0440, 0.3448, 2.6344, 1.3907,
    ],
    again: &[
        0.4565, 0.1929, 0.2406, -0.2330, -0.1294, -0.2711, 0.3682, 1.7922, 0.6288, -0.2039, 0.8616,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.4504, -0.3624, 0.6276, -0.0289, -0.6971, -0.1543, 3.6844],
    among: &[
        1.7868, -0.5129, 0.4890, 0.1483, -0.5059, 0.0764, 0.4558, 7.8232, 2.1277,
    ],
    again: &[
        1.1772, 0.1924, 0.2780, 0.2045, 0.1017, -0.2391, 0.4216, 5.5405, 0.6498, -0.6202, 1.9256,
    ],
};

/// Large photos: the same, and `YuNet` on a larger picture.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5419, -0.0636, 0.2750, 0.4717, 0.7042, -0.4360, -0.1546, -0.6616, 2.5091,
    ],
    among: &[
        0.6808, 0.0231, 0.1915, 0.4504, 0.7258, -0.5784, 0.2085, -0.5428, 0.2674, 3.8982, 1.7024,
    ],
    again: &[
        0.3692, 0.1513, 0.1175, 0.4400, 0.3546, -0.2548, 0.4550, -0.6859, 0.3429, 1.6705, 0.5180,
        -0.2703, 1.0052,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.2239, -0.4264, 0.4656, 0.1093, 0.5709, -0.0706, 0.2447, -0.4266, 4.0367,
    ],
    among: &[
        1.4126, -0.5349, 0.5443, 0.1878, 0.2505, 0.1433, 0.7374, -0.3725, 0.5113, 6.1304, 1.8759,
    ],
    again: &[
        1.0902, -0.4070, 0.3783, 0.1828, 0.1416, 0.1276, 0.7647, -0.4265, 0.5101, 5.1512, 0.5611,
        -0.2459, 1.5043,
    ],
};

/// Large photos: CenterFace at three scales, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.8040, 0.3032, 0.3770, -0.2755, -0.1817, 0.4673, 0.5539, -0.3732, 0.5101, -0.4648, 2.6842,
    ],
    among: &[
        1.0419, 0.3473, 0.2636, -0.0571, -0.3455, 0.3215, 0.5334, -0.4033, 0.8395, -0.1766, 0.3338,
        4.3029, 0.7928,
    ],
    again: &[
        0.6711, 0.2952, 0.0835, 0.0544, -0.4044, 0.4753, 0.2838, -0.2283, 1.4292, -0.4473, 0.3368,
        2.7414, 0.4978, -0.4771, -0.1834,
    ],
};

/// Photos of more than 12 megapixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the scale that it has in
/// smaller ones.
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6493, 0.0384, 0.4285, 0.3942, 0.5884, -0.6874, -0.6807, -0.5617, 2.5413,
    ],
    among: &[
        0.7283, 0.1129, 0.2792, 0.4097, 0.6263, -0.7476, -0.1329, -0.5200, 0.1818, 2.5858, 1.8836,
    ],
    again: &[
        0.3205, 0.1482, 0.0726, 0.2768, 0.1518, -0.4627, 0.2143, -0.3218, 0.2769, 0.4012, 0.8130,
        -0.0368, 0.7372,
    ],
};

/// Photos of more than 12 megapixels: the same.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.6555, 0.1107, 0.2222, 0.1079, 0.0315, 0.3571, 0.6277, -0.4686, 0.5637, -0.6391, 2.7899,
    ],
    among: &[
        0.8049, 0.1811, 0.1398, 0.2423, -0.3730, 0.3693, 0.6529, -0.5457, 1.4325, -0.5180, 0.2702,
        3.6038, 0.3641,
    ],
    again: &[
        0.5050, 0.2361, -0.0060, 0.2334, -0.2616, 0.3980, 0.3361, -0.3155, 1.5805, -0.6776, 0.3084,
        1.9770, 0.6222, -0.2583, 0.1762,
    ],
};
