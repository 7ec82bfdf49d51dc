//! What each preset looks at, and what it takes to believe a sighting.

use super::heads::Head;
use super::look::{Look, Scale};

/// How hard to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// Reduced scales only: for weak machines and first passes.
    Fast,
    /// The default: two scales, a fast network on a larger picture, and a second look at what is
    /// in doubt.
    #[default]
    Balanced,
    /// As `Balanced` with the picture made larger, for what must not slip through.
    Thorough,
}

/// A preset spelt out. All have the same kinds of looks, so that one decision serves them all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    /// CenterFace, CenterFace at half of that scale, YuNet.
    pub(super) looks: [Look; 3],
    /// Faces this likely or more before the second look need none, and others this unlikely are not
    /// worth one.
    pub(super) doubt: (f32, f32),
    /// Most faces of one picture that are looked at again, the likeliest first.
    pub(super) glances: usize,
    /// Least probability of a face.
    pub(super) threshold: f32,
}

impl Preset {
    /// All of them, from fast to slow.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Balanced, Self::Thorough];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Thorough => "thorough",
        }
    }

    pub(super) fn plan(self) -> Plan {
        // The longest side for CenterFace, the most it is enlarged, and the same for YuNet.
        // YuNet costs a sixth of CenterFace: a face of 20 pixels in a 12-megapixel photo keeps 14.
        let yunet = Scale::Fit {
            longest: 2816,
            most: 1.0,
        };
        let (longest, most, yunet) = match self {
            Self::Fast => (
                768,
                1.0,
                Scale::Fit {
                    longest: 1024,
                    most: 1.0,
                },
            ),
            Self::Balanced => (1280, 1.0, yunet),
            Self::Thorough => (3072, 2.0, Scale::Times(1.0)),
        };
        let look = |head, scale, floor| Look {
            head,
            scale,
            mirrored: false,
            surround: 0.0,
            floor,
        };
        Plan {
            looks: [
                look(Head::CenterFace, Scale::Fit { longest, most }, 0.08),
                look(
                    Head::CenterFace,
                    Scale::Fit {
                        longest: longest / 2,
                        most: most / 2.0,
                    },
                    0.10,
                ),
                look(Head::YuNet, yunet, 0.25),
            ],
            doubt: (0.12, 0.85),
            glances: match self {
                Self::Fast => 0,
                Self::Balanced => 400,
                Self::Thorough => 1000,
            },
            threshold: 0.31,
        }
    }
}
