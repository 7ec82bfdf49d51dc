//! The presets: how hard to look at pictures of which size.
//!
//! What is said of percents is exposure of faces of 16 pixels and more on the labelled pictures,
//! see `docs/accuracy.md`.

use super::dark;
use super::heads::Head;
use super::look::Look;
use super::plan::{Doubt, Plan, Plans};
use super::turned::Turns;
use super::weights_of_evidence as fitted;
use crate::digest::Digest;
use crate::geometry::Orientation;

/// How hard to look. Serialised as [`Preset::name`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Preset {
    /// Reduced scales only: for weak machines and first passes.
    Fast,
    /// The default: two scales, a fast network on a larger picture for large photos, and a second
    /// look at what is in doubt.
    #[default]
    Balanced,
    /// As `Balanced` with the picture made larger, for what must not slip through.
    Thorough,
}

impl Preset {
    /// All of them, from fast to slow.
    pub const ALL: &'static [Self] = &[Self::Fast, Self::Balanced, Self::Thorough];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Thorough => "thorough",
        }
    }

    /// Of all its constants: looks, fitted weights and thresholds, for photos and for frames of
    /// videos. Two builds whose presets differ in any of them have different digests, whatever
    /// their version says.
    #[must_use]
    pub fn digest(self) -> Digest {
        let all = self.plans();
        let all = (
            all,
            self.plans_for_frames(),
            dark::CONSTANTS,
            self.writing_scale(),
        );
        Digest::of(format!("{all:?}").as_bytes())
    }

    /// Least score of a face, for pictures that are not large, unless another is asked for.
    pub(crate) fn threshold(self) -> f32 {
        self.plans().all()[0].threshold
    }

    /// Least share of their own scale at which pictures are searched for writing. Of plates that
    /// are 20 pixels high in photos of 12 megapixels, 15 % are found at a half, 86 % at one and
    /// 98 % at two; of those of 14 pixels 3, 65 and 90 % (`docs/text.md`).
    pub(super) fn writing_scale(self) -> f32 {
        match self {
            Self::Fast => 0.5,
            Self::Balanced => 1.0,
            Self::Thorough => 2.0,
        }
    }

    /// For photos.
    pub(super) fn plans(self) -> Plans {
        match self {
            Self::Fast => fast(768, 1536),
            // At their own scale up to here: with what larger photos get, pictures of 2500 pixels
            // have 8.2 % of their faces exposed, and 5.2 % so. 5 megapixels take 0.61 s.
            Self::Balanced => balanced(2560, LEANING),
            Self::Thorough => thorough(),
        }
    }

    /// For frames of a video, in which a face has many chances to be seen: `Fast` looks at smaller
    /// pictures, and `Balanced` turns none by an eighth and takes those of 1080p for large.
    pub(super) fn plans_for_frames(self) -> Plans {
        match self {
            Self::Fast => fast(640, 1024),
            Self::Balanced => balanced(1792, &[]),
            Self::Thorough => thorough(),
        }
    }
}

/// Turns by an eighth that show only what leans to either side.
const LEANING: &[Orientation] = &[Orientation::Normal, Orientation::Rotate270];
/// All of them.
const ALL_TILTS: &[Orientation] = &[
    Orientation::Normal,
    Orientation::Rotate90,
    Orientation::Rotate180,
    Orientation::Rotate270,
];

/// One plan for all. `center` and `small`: longest side of what CenterFace and `YuNet` are shown.
fn fast(center: u32, small: u32) -> Plans {
    Plans::new(vec![Plan {
        longest: u32::MAX,
        looks: vec![center_face_first(center, 1.0), yunet(small)],
        judges: fitted::FAST,
        threshold: 0.4,
        doubt: Doubt {
            least: 0.2,
            sure: 0.65,
            glances: 100,
            tile: 160,
        },
        turns: None,
    }])
}

/// `own_scale`: longest side of pictures that are shown as they are. `tilts`: see [`Turns`].
fn balanced(own_scale: u32, tilts: &'static [Orientation]) -> Plans {
    let small = Plan {
        longest: own_scale,
        looks: vec![center_face_first(own_scale, 1.0), center_face(1024, 0.5)],
        judges: fitted::BALANCED,
        threshold: 0.26,
        doubt: Doubt {
            least: 0.15,
            sure: 0.7,
            glances: 400,
            tile: 128,
        },
        // A fortieth of the whole search, each turn. Among upright faces, what looks like a turned
        // one rarely is: at 0.5 a tenth of the pictures of upright people get a turned mask, most
        // of them false.
        turns: Some(Turns {
            look: look(Head::YuNet, 512, 1.0, 0.6),
            // At 512 pixels a sixth more of the faces that lean are missed.
            look_tilted: look(Head::YuNet, 640, 1.0, 0.6),
            tilts,
            // A fifth less work, and one labelled face in 200 has its middle there.
            corners: 0.1,
            confirmed: 0.5,
            threshold: 0.85,
            negatives: false,
        }),
    };
    let far = Plan {
        longest: 3200,
        looks: vec![
            center_face_first(1024, 1.0),
            center_face(512, 0.5),
            yunet_whole(),
        ],
        judges: fitted::BALANCED_FAR,
        threshold: 0.3,
        ..small.clone()
    };
    let vast = Plan {
        longest: u32::MAX,
        looks: vec![
            at_least(0.16, center_face_first(1024, 1.0)),
            center_face(512, 1.0),
            yunet_whole(),
        ],
        judges: fitted::BALANCED_VAST,
        threshold: 0.2,
        ..small.clone()
    };
    Plans::new(vec![small, far, vast])
}

fn thorough() -> Plans {
    let small = Plan {
        longest: 3072,
        looks: vec![
            center_face_first(2560, 2.0),
            center_face(1280, 1.0),
            center_face(640, 0.5),
        ],
        judges: fitted::THOROUGH,
        threshold: 0.11,
        doubt: Doubt {
            least: 0.05,
            sure: 0.9,
            glances: 1000,
            tile: 128,
        },
        turns: Some(Turns {
            look: look(Head::YuNet, 1280, 1.0, 0.5),
            look_tilted: look(Head::YuNet, 1280, 1.0, 0.5),
            tilts: ALL_TILTS,
            corners: 0.0,
            confirmed: 0.0,
            threshold: 0.65,
            negatives: true,
        }),
    };
    let far = Plan {
        longest: 4096,
        looks: vec![
            center_face_first(3072, 1.0),
            center_face(1280, 1.0),
            center_face(512, 1.0),
            yunet_whole(),
        ],
        judges: fitted::THOROUGH_FAR,
        threshold: 0.18,
        ..small.clone()
    };
    let mut vast = Plan {
        longest: u32::MAX,
        judges: fitted::THOROUGH_VAST,
        ..far.clone()
    };
    vast.looks[0].least = 0.32;
    Plans::new(vec![small, far, vast])
}

fn look(head: Head, longest: u32, most: f32, floor: f32) -> Look {
    Look {
        head,
        longest,
        least: 0.0,
        most,
        floor,
    }
}

/// CenterFace. Looks after the first, smaller ones, see what is too large at its scale, and
/// agreement between them tells faces from the rest.
fn center_face(longest: u32, most: f32) -> Look {
    look(Head::CenterFace, longest, most, 0.07)
}

/// The first look, which is asked for weaker sightings, too.
fn center_face_first(longest: u32, most: f32) -> Look {
    look(Head::CenterFace, longest, most, 0.055)
}

/// `YuNet` costs a fifth of CenterFace, for small faces.
fn yunet(longest: u32) -> Look {
    look(Head::YuNet, longest, 1.0, 0.25)
}

/// The same at the picture's own scale, whatever its size, and asked for weaker sightings. At 0.64
/// of a 12-megapixel photo half as many faces again are missed (cross-validated: 13.7 %; 9.1 % at
/// its own), and of those weaker than 0.25 one in a hundred more (9.0 and 8.0 %; from 0.06 as many
/// as from 0.12).
fn yunet_whole() -> Look {
    at_least(
        1.0,
        Look {
            floor: 0.12,
            ..yunet(u32::MAX)
        },
    )
}

/// Larger pictures at no less than this scale, so that a face of so many pixels is seen in them,
/// too.
fn at_least(least: f32, look: Look) -> Look {
    Look { least, ..look }
}

#[cfg(test)]
mod tests {
    use super::super::{SAME_BETWEEN_LOOKS, context, decide};
    use super::*;
    use crate::geometry::Size;

    fn turns(plans: &Plans) -> Vec<&Turns> {
        let all = plans.all().iter();
        all.filter_map(|p| p.turns.as_ref()).collect()
    }

    fn heads(plans: &Plans, picture: Size) -> Vec<Head> {
        plans.of(picture).looks.iter().map(|l| l.head).collect()
    }

    #[test]
    fn presets_have_digests_of_their_own() {
        let [fast, balanced, thorough] =
            [Preset::Fast, Preset::Balanced, Preset::Thorough].map(Preset::digest);
        assert!(fast != balanced && balanced != thorough && fast != thorough);
        assert_eq!(fast, Preset::Fast.digest());
        // What is digested tells weights and thresholds.
        let mut plans = Preset::Fast.plans();
        let before = format!("{plans:?}");
        assert!(before.contains(&format!("{:?}", fitted::FAST)));
        plans.set_threshold(0.123);
        assert_ne!(format!("{plans:?}"), before);
    }

    #[test]
    fn only_balanced_leaves_corners_out() {
        let corners = |preset: Preset| -> Vec<f32> {
            turns(&preset.plans()).iter().map(|t| t.corners).collect()
        };
        assert_eq!(corners(Preset::Balanced), [0.1; 3]);
        assert_eq!(corners(Preset::Thorough), [0.0; 3]);
    }

    #[test]
    fn large_photos_are_asked_for_weaker_sightings_at_their_own_scale() {
        for preset in [Preset::Balanced, Preset::Thorough] {
            for plan in &preset.plans().all()[1..] {
                let yunet = plan.looks.iter().find(|l| l.head == Head::YuNet);
                let yunet = yunet.expect("YuNet in every plan for large photos");
                assert_eq!((yunet.least, yunet.floor), (1.0, 0.12), "{preset:?}");
            }
        }
    }

    #[test]
    fn judges_have_weights_for_all_that_the_looks_say() {
        for plan in Preset::ALL.iter().flat_map(|p| p.plans().all().to_vec()) {
            // Two of each look, two of the size, the constant; then two more at each stage.
            let alone = 2 * plan.looks.len() + 3;
            let judges = [plan.judges.alone, plan.judges.among, plan.judges.again];
            assert_eq!(judges.map(<[f32]>::len), [alone, alone + 2, alone + 4]);
        }
    }

    #[test]
    fn balanced_turns_photos_by_eighths_and_frames_by_quarters_only() {
        let tilts =
            |plans: &Plans| -> Vec<usize> { turns(plans).iter().map(|t| t.tilts.len()).collect() };
        assert_eq!(tilts(&Preset::Balanced.plans()), [2; 3]);
        assert_eq!(tilts(&Preset::Balanced.plans_for_frames()), [0; 3]);
        assert_eq!(tilts(&Preset::Thorough.plans_for_frames()), [4; 3]);
        assert!(tilts(&Preset::Fast.plans()).is_empty());
    }

    #[test]
    fn balanced_looks_at_photos_of_1080p_at_their_own_scale() {
        let found = heads(&Preset::Balanced.plans(), Size::new(1920, 1080));
        assert_eq!(found, [Head::CenterFace; 2]);
    }

    #[test]
    fn balanced_looks_at_frames_of_1080p_with_yunet_too() {
        let found = heads(&Preset::Balanced.plans_for_frames(), Size::new(1920, 1080));
        assert_eq!(found, [Head::CenterFace, Head::CenterFace, Head::YuNet]);
    }

    /// The script fits on what this program sees, so it has to count as the program does.
    #[test]
    fn the_script_that_fits_has_the_numbers_of_the_program() {
        let script = include_str!("../../scripts/fit_decision.py");
        let numbers = [
            ("LEAST", decide::LEAST),
            ("UNIT", decide::UNIT),
            ("LARGEST", decide::LARGEST),
            ("SIZES", context::SIZES),
            ("REACH", context::REACH),
            ("APART", context::APART),
            ("TOUCH", context::TOUCH),
            ("WORTH_HEARING", context::WORTH_HEARING),
            ("SAME", SAME_BETWEEN_LOOKS),
        ];
        for (name, number) in numbers {
            let line = format!("{name} = {number:?}");
            assert!(script.lines().any(|l| l == line), "{line}");
        }
    }
}
