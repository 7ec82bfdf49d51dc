//! What each preset looks at, and what it takes to believe a sighting.

use super::decide::Judges;
use super::heads::Head;
use super::look::Look;
use super::turned::Turns;
use super::weights_of_evidence as fitted;
use crate::digest::Digest;
use crate::geometry::{Orientation, Size};

/// How hard to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// Reduced scales only: for weak machines and first passes.
    Fast,
    /// The default: two scales, a fast network on a larger picture for large photos, and a second look
    /// at what is in doubt.
    #[default]
    Balanced,
    /// As `Balanced` with the picture made larger, for what must not slip through.
    Thorough,
}

/// A preset spelt out for pictures of some size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// The first one's canvas is what sizes are measured on.
    pub(super) looks: Vec<Look>,
    /// Fitted for exactly these looks.
    pub(super) judges: Judges,
    /// Faces this likely or more before the second look need none, and others this unlikely are not
    /// worth one.
    pub(super) doubt: (f32, f32),
    /// Most faces of one picture that are looked at again, the likeliest first.
    pub(super) glances: usize,
    /// Side of what a second look sees of each, canvas pixels. At 160 no more of `Balanced`'s faces are found than at
    /// 128, but `Fast` covers a tenth more that is none at 128; at 96 all find fewer.
    pub(super) tile: u32,
    /// Least probability of a face.
    pub(super) threshold: f32,
    /// How turned faces are looked for. `None`: not at all.
    pub(super) turns: Option<Turns>,
}

impl Plan {
    /// The same for pictures that were made smaller by `factor`.
    pub(super) fn reduced(&self, factor: f32) -> Self {
        let mut plan = self.clone();
        for look in &mut plan.looks {
            look.longest = (look.longest as f32 * factor).round() as u32;
        }
        plan
    }
}

/// A preset's plans, each with the longest side that it is for: rising, the last one without a limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plans(Vec<(u32, Plan)>);

impl Plans {
    /// The one for a picture.
    pub(super) fn of(&self, picture: Size) -> &Plan {
        let larger = self
            .0
            .partition_point(|(longest, _)| *longest < picture.longest());
        &self.0[larger].1
    }

    /// Whether any of them shows pictures to this network.
    pub(super) fn use_head(&self, head: Head) -> bool {
        let plans = self.0.iter().map(|(_, plan)| plan);
        let mut looks = plans.flat_map(|p| p.looks.iter().chain(p.turns.iter().map(|t| &t.look)));
        looks.any(|l| l.head == head)
    }

    pub(super) fn set_threshold(&mut self, threshold: f32) {
        for (_, plan) in &mut self.0 {
            plan.threshold = threshold;
        }
    }
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

/// CenterFace. Looks after the first, smaller ones, see what is too large at its scale, and agreement between them
/// tells faces from the rest.
fn center_face(longest: u32, most: f32) -> Look {
    look(Head::CenterFace, longest, most, 0.07)
}

/// The first look, which is asked for weaker sightings, too.
fn center_face_first(longest: u32, most: f32) -> Look {
    look(Head::CenterFace, longest, most, 0.055)
}

/// YuNet costs a fifth of CenterFace, for small faces.
fn yunet(longest: u32) -> Look {
    look(Head::YuNet, longest, 1.0, 0.25)
}

/// The same at the picture's own scale, whatever its size, and asked for weaker sightings. At 0.64 of a 12-megapixel
/// photo half as many faces again are missed (cross-validated: 13.7 % of those of 16 pixels and more; 9.1 % at its own),
/// and of those weaker than 0.25 one in a hundred more (9.0 and 8.0 %; from 0.06 as many as from 0.12).
fn yunet_whole() -> Look {
    at_least(
        1.0,
        Look {
            floor: 0.12,
            ..yunet(u32::MAX)
        },
    )
}

/// Larger pictures at no less than this scale, so that a face of so many pixels is seen in them, too.
fn at_least(least: f32, look: Look) -> Look {
    Look { least, ..look }
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

    /// Of all its constants: looks, fitted weights and thresholds, for photos and for frames of videos. Two builds whose
    /// presets differ in any of them have different digests, whatever their version says.
    #[must_use]
    pub fn digest(self) -> Digest {
        let all = self.plans();
        #[cfg(feature = "video")]
        let all = (all, self.plans_for_frames());
        Digest::of(format!("{all:?}").as_bytes())
    }

    /// Least score of a face, for pictures that are not large, unless another is asked for.
    #[cfg(feature = "video")]
    pub(crate) fn threshold(self) -> f32 {
        self.plans().0[0].1.threshold
    }

    /// For frames of a video, in which a face has many chances to be seen: `Fast` looks at smaller pictures, and
    /// `Balanced` turns none by an eighth and takes those of 1080p for large.
    #[cfg(feature = "video")]
    pub(super) fn plans_for_frames(self) -> Plans {
        let mut plans = self.plans();
        if self == Self::Fast {
            for (_, plan) in &mut plans.0 {
                plan.looks[0].longest = 640;
                plan.looks[1].longest = 1024;
            }
        }
        if self == Self::Balanced {
            plans.0[0].0 = 1792;
            for (_, plan) in &mut plans.0 {
                if let Some(turns) = &mut plan.turns {
                    turns.tilts = &[];
                }
            }
        }
        plans
    }

    pub(super) fn plans(self) -> Plans {
        let (doubt, glances, tile) = match self {
            Self::Fast => ((0.2, 0.65), 100, 160),
            Self::Balanced => ((0.15, 0.7), 400, 128),
            Self::Thorough => ((0.05, 0.9), 1000, 128),
        };
        // A fortieth of the whole search, each turn. Among upright faces, what looks like a turned one rarely
        // is: at 0.5 a tenth of the pictures of upright people get a turned mask, most of them false.
        let turns = match self {
            Self::Fast => None,
            Self::Balanced => Some(Turns {
                look: look(Head::YuNet, 512, 1.0, 0.6),
                look_tilted: look(Head::YuNet, 640, 1.0, 0.6),
                // Only what leans to either side. At 512 pixels a sixth more of those are missed.
                tilts: &[Orientation::Normal, Orientation::Rotate270],
                // A fifth less work, and one labelled face in 200 has its middle there.
                corners: 0.1,
                confirmed: 0.5,
                threshold: 0.85,
            }),
            Self::Thorough => Some(Turns {
                look: look(Head::YuNet, 1280, 1.0, 0.5),
                look_tilted: look(Head::YuNet, 1280, 1.0, 0.5),
                tilts: &[
                    Orientation::Normal,
                    Orientation::Rotate90,
                    Orientation::Rotate180,
                    Orientation::Rotate270,
                ],
                corners: 0.0,
                confirmed: 0.0,
                threshold: 0.65,
            }),
        };
        let plan = |looks, judges, threshold| Plan {
            looks,
            judges,
            doubt,
            glances,
            tile,
            threshold,
            turns: turns.clone(),
        };
        Plans(match self {
            Self::Fast => vec![(
                u32::MAX,
                plan(
                    vec![center_face_first(768, 1.0), yunet(1536)],
                    fitted::FAST,
                    0.4,
                ),
            )],
            Self::Balanced => vec![
                (
                    // At their own scale up to here: with what larger photos get, pictures of 2500 pixels have 8.2 % of
                    // their faces of 16 pixels and more exposed, and 5.2 % so. 5 megapixels take 0.61 s.
                    2560,
                    plan(
                        vec![center_face_first(2560, 1.0), center_face(1024, 0.5)],
                        fitted::BALANCED,
                        0.26,
                    ),
                ),
                (
                    3200,
                    plan(
                        vec![
                            center_face_first(1024, 1.0),
                            center_face(512, 0.5),
                            yunet_whole(),
                        ],
                        fitted::BALANCED_FAR,
                        0.3,
                    ),
                ),
                (
                    u32::MAX,
                    plan(
                        vec![
                            at_least(0.16, center_face_first(1024, 1.0)),
                            center_face(512, 1.0),
                            yunet_whole(),
                        ],
                        fitted::BALANCED_VAST,
                        0.2,
                    ),
                ),
            ],
            Self::Thorough => vec![
                (
                    3072,
                    plan(
                        vec![
                            center_face_first(2560, 2.0),
                            center_face(1280, 1.0),
                            center_face(640, 0.5),
                        ],
                        fitted::THOROUGH,
                        0.11,
                    ),
                ),
                (
                    4096,
                    plan(
                        vec![
                            center_face_first(3072, 1.0),
                            center_face(1280, 1.0),
                            center_face(512, 1.0),
                            yunet_whole(),
                        ],
                        fitted::THOROUGH_FAR,
                        0.18,
                    ),
                ),
                (
                    u32::MAX,
                    plan(
                        vec![
                            at_least(0.32, center_face_first(3072, 1.0)),
                            center_face(1280, 1.0),
                            center_face(512, 1.0),
                            yunet_whole(),
                        ],
                        fitted::THOROUGH_VAST,
                        0.18,
                    ),
                ),
            ],
        })
    }
}

#[cfg(all(test, feature = "video"))]
mod tests {
    use super::*;

    #[test]
    fn balanced_turns_photos_by_eighths_and_frames_by_quarters_only() {
        let tilts = |plans: Plans| -> Vec<usize> {
            let turns = plans.0.into_iter().filter_map(|(_, plan)| plan.turns);
            turns.map(|t| t.tilts.len()).collect()
        };
        assert_eq!(tilts(Preset::Balanced.plans()), [2; 3]);
        assert_eq!(tilts(Preset::Balanced.plans_for_frames()), [0; 3]);
        assert_eq!(tilts(Preset::Thorough.plans_for_frames()), [4; 3]);
        assert!(tilts(Preset::Fast.plans()).is_empty());
    }

    #[test]
    fn presets_have_digests_of_their_own() {
        let [fast, balanced, thorough] = Preset::ALL.map(Preset::digest);
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
            let turns = preset.plans().0.into_iter().filter_map(|(_, p)| p.turns);
            turns.map(|t| t.corners).collect()
        };
        assert_eq!(corners(Preset::Balanced), [0.1; 3]);
        assert_eq!(corners(Preset::Thorough), [0.0; 3]);
    }

    #[test]
    fn balanced_looks_at_photos_of_1080p_at_their_own_scale_and_at_frames_with_yunet() {
        let heads = |plans: Plans| -> Vec<Head> {
            let plan = plans.of(Size::new(1920, 1080));
            plan.looks.iter().map(|l| l.head).collect()
        };
        let center = Head::CenterFace;
        assert_eq!(heads(Preset::Balanced.plans()), [center; 2]);
        let frames = heads(Preset::Balanced.plans_for_frames());
        assert_eq!(frames, [center, center, Head::YuNet]);
    }
}
