//! What a search does with a picture: at which scales it is shown to which network, and what it
//! takes to believe a sighting. `preset.rs` fills it in.

use super::decide::Judges;
use super::heads::Head;
use super::look::Look;
use super::turned::Turns;
use crate::geometry::Size;

/// A preset spelt out for pictures of some size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// It is for pictures whose longer side is at most this.
    pub(super) longest: u32,
    /// The first one's canvas is what sizes are measured on.
    pub(super) looks: Vec<Look>,
    /// Fitted for exactly these looks.
    pub(super) judges: Judges,
    /// Least probability of a face.
    pub(super) threshold: f32,
    /// What is looked at again.
    pub(super) doubt: Doubt,
    /// How turned faces are looked for. `None`: not at all.
    pub(super) turns: Option<Turns>,
}

/// What takes a second look, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Doubt {
    /// What is less likely than this before the second look is not worth one.
    pub(super) least: f32,
    /// What is as likely as this or more needs none.
    pub(super) sure: f32,
    /// Most faces of one picture that are looked at again, the likeliest first.
    pub(super) glances: usize,
    /// Side of what a second look sees of each, canvas pixels. At 160 no more of `Balanced`'s faces
    /// are found than at 128, but `Fast` covers a tenth more that is none at 128; at 96 all find
    /// fewer.
    pub(super) tile: u32,
}

impl Doubt {
    pub(super) fn holds(&self, likelihood: f32) -> bool {
        (self.least..self.sure).contains(&likelihood)
    }
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

/// A preset's plans, by the size of the pictures that they are for: rising, the last one without a
/// limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plans(Vec<Plan>);

impl Plans {
    /// `plans`: rising, the last one for `u32::MAX`.
    pub(super) fn new(plans: Vec<Plan>) -> Self {
        debug_assert!(plans.is_sorted_by(|a, b| a.longest < b.longest));
        debug_assert!(plans.last().is_some_and(|p| p.longest == u32::MAX));
        Self(plans)
    }

    /// The one for a picture.
    pub(super) fn of(&self, picture: Size) -> &Plan {
        let longest = picture.longest();
        &self.0[self.0.partition_point(|p| p.longest < longest)]
    }

    /// From the one for small pictures to the one for any.
    pub(super) fn all(&self) -> &[Plan] {
        &self.0
    }

    /// Whether any of them shows pictures to this network.
    pub(super) fn use_head(&self, head: Head) -> bool {
        let turned = |p: &Plan| {
            let turns = p.turns.iter();
            turns
                .flat_map(|t| [&t.look, &t.look_tilted])
                .any(|l| l.head == head)
        };
        let plain = |p: &Plan| p.looks.iter().any(|l| l.head == head);
        self.0.iter().any(|p| plain(p) || turned(p))
    }

    pub(super) fn set_threshold(&mut self, threshold: f32) {
        for plan in &mut self.0 {
            plan.threshold = threshold;
        }
    }
}
