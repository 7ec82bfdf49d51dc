//! What each preset looks at, and what it takes to believe a sighting.

use super::heads::Head;
use super::look::{Look, Scale};

/// How hard to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// One network, one look: for weak machines and first passes.
    Fast,
    /// The default: several scales, and a fast network on the full resolution.
    #[default]
    Balanced,
    /// Every network, more scales, mirrored too: for what must not slip through.
    Thorough,
}

/// A preset spelt out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) looks: Vec<Look>,
    /// Least score of a face.
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
        let look = |head, longest, floor| Look {
            head,
            scale: Scale::Fit { longest, most: 1.0 },
            mirrored: false,
            surround: 0.0,
            floor,
        };
        match self {
            Self::Fast => Plan {
                looks: vec![look(Head::CenterFace, 640, 0.1)],
                threshold: 0.2,
            },
            Self::Balanced => Plan {
                looks: vec![
                    look(Head::CenterFace, 1024, 0.1),
                    look(Head::CenterFace, 512, 0.1),
                ],
                threshold: 0.2,
            },
            Self::Thorough => Plan {
                looks: vec![
                    look(Head::CenterFace, 2048, 0.1),
                    look(Head::CenterFace, 1024, 0.1),
                ],
                threshold: 0.2,
            },
        }
    }
}
