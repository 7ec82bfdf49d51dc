//! The fitted weights of the decision, as `scripts/fit_decision.py` printed them for 323 pictures of the validation
//! set of WIDER FACE. `docs/accuracy.md` has the commands and the cross-validated results. In the order of the looks
//! of `preset.rs`; features as in `decide.rs`.

use super::decide::Judges;

/// CenterFace, and `YuNet` on a larger picture.
pub(super) const FAST: Judges = Judges {
    alone: &[0.8879, 0.2978, 0.6223, -0.3384, 0.1674, -0.1170, 2.2411],
    among: &[
        1.0131, 0.3237, 0.5742, -0.3503, 0.2517, 0.0493, 0.3455, 2.6264, 1.3921,
    ],
    again: &[
        0.4488, 0.1727, 0.2631, -0.1901, 0.0284, -0.1627, 0.3900, 1.2428, 0.7613, -0.1975, 1.1165,
    ],
};

/// CenterFace and CenterFace at half the scale.
pub(super) const BALANCED: Judges = Judges {
    alone: &[1.4520, -0.3651, 0.6280, -0.0334, -0.7196, -0.1988, 3.7069],
    among: &[
        1.7874, -0.5139, 0.4885, 0.1431, -0.5227, 0.0677, 0.4540, 7.8098, 2.1370,
    ],
    again: &[
        1.1496, 0.1774, 0.2845, 0.1611, -0.0689, -0.1770, 0.4249, 5.3725, 0.6398, -0.6355, 1.8888,
    ],
};

/// Large photos: the same, and `YuNet` on a larger picture.
pub(super) const BALANCED_FAR: Judges = Judges {
    alone: &[
        0.5342, -0.0675, 0.2789, 0.4696, 0.7195, -0.4153, -0.1400, -0.6516, 2.5268,
    ],
    among: &[
        0.6718, 0.0176, 0.1942, 0.4512, 0.7390, -0.5581, 0.2366, -0.5284, 0.2692, 3.8721, 1.7103,
    ],
    again: &[
        0.4080, 0.2061, 0.1064, 0.4199, 0.3655, -0.2375, 0.4775, -0.7325, 0.3353, 1.7126, 0.5198,
        -0.2678, 1.0648,
    ],
};

/// CenterFace at twice the scale, as it is and halved.
pub(super) const THOROUGH: Judges = Judges {
    alone: &[
        1.2196, -0.3515, 0.4599, 0.0689, 0.6109, -0.1087, 0.2580, -0.5462, 4.2012,
    ],
    among: &[
        1.4218, -0.5281, 0.5378, 0.1883, 0.2508, 0.1411, 0.8050, -0.4330, 0.5070, 6.1569, 1.8901,
    ],
    again: &[
        1.0878, -0.3521, 0.3704, 0.1801, 0.1478, 0.1191, 0.8219, -0.5199, 0.5134, 5.2028, 0.5982,
        -0.3201, 1.5536,
    ],
};

/// Large photos: CenterFace at three scales, and `YuNet`.
pub(super) const THOROUGH_FAR: Judges = Judges {
    alone: &[
        0.8179, 0.3297, 0.3813, -0.3265, -0.0914, 0.3926, 0.5589, -0.3621, 0.1344, -0.4474, 3.1028,
    ],
    among: &[
        1.0640, 0.3836, 0.2643, -0.1204, -0.2437, 0.2274, 0.5357, -0.3958, 0.3680, -0.1471, 0.3356,
        4.3123, 1.2489,
    ],
    again: &[
        0.6901, 0.3288, 0.0957, -0.0127, -0.2122, 0.2989, 0.2930, -0.2105, 0.6293, -0.4247, 0.3402,
        2.7245, 0.4995, -0.4750, 0.6786,
    ],
};

/// Photos of more than 12 megapixels: CenterFace, the whole picture at 512 pixels, and `YuNet` at the scale that it has in
/// smaller ones.
pub(super) const BALANCED_VAST: Judges = Judges {
    alone: &[
        0.6497, 0.0393, 0.4288, 0.3969, 0.5890, -0.6869, -0.6647, -0.5611, 2.5458,
    ],
    among: &[
        0.7286, 0.1137, 0.2794, 0.4124, 0.6265, -0.7474, -0.1170, -0.5194, 0.1819, 2.5862, 1.8873,
    ],
    again: &[
        0.3206, 0.1482, 0.0727, 0.2768, 0.1519, -0.4627, 0.2143, -0.3218, 0.2769, 0.4015, 0.8130,
        -0.0368, 0.7372,
    ],
};

/// Photos of more than 12 megapixels: the same.
pub(super) const THOROUGH_VAST: Judges = Judges {
    alone: &[
        0.6497, 0.1065, 0.2236, 0.1014, 0.0261, 0.3639, 0.6367, -0.4549, 0.5844, -0.6278, 2.7773,
    ],
    among: &[
        0.7976, 0.1757, 0.1409, 0.2343, -0.3784, 0.3732, 0.6627, -0.5305, 1.4409, -0.5030, 0.2711,
        3.5953, 0.3490,
    ],
    again: &[
        0.5053, 0.2376, -0.0072, 0.2404, -0.2797, 0.4160, 0.3358, -0.3168, 1.6776, -0.6784, 0.3083,
        1.9861, 0.6209, -0.2596, 0.0980,
    ],
};
