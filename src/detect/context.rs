//! What the other boxes of a picture say about one. Faces keep company: a weak sighting among sure
//! ones of its size is more likely a face than the same sighting on an empty wall; a box that lies
//! over a likelier one is less likely a face of its own. How sure the surest face of the picture is
//! says nothing here: that would be fitted on pictures that all have faces, and find some in those
//! without.
//!
//! Invariant: the time is bounded by the number of boxes times [`MOST_WITNESSES`], and the result
//! does not depend on the order of the boxes.

use crate::geometry::Rect;

/// Boxes of sizes whose ratio is e to this power count for 0.6 of an equal one.
pub(super) const SIZES: f32 = 0.35;
/// Distance, in sides, over which the company of another face falls to 1 / e.
pub(super) const REACH: f32 = 5.0;
/// Boxes that share more than this of the smaller one are no company, but sightings of one place.
pub(super) const APART: f32 = 0.3;
/// Shares less than this are no overlap.
pub(super) const TOUCH: f32 = 0.1;
/// Only so many of the likeliest boxes say something about the others: more than any crowd.
const MOST_WITNESSES: usize = 2000;
/// Less likely boxes say nothing.
pub(super) const WORTH_HEARING: f32 = 0.01;

/// What is around one box.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Context {
    /// ln(1 + 3 x the sum over the other boxes of probability squared, likeness of size and
    /// nearness).
    pub(super) company: f32,
    /// The most that a likelier box covers of it, times that one's probability, 0..=1.
    pub(super) overlap: f32,
}

/// The context of each box, given its probability before any.
pub(super) fn contexts(boxes: &[(Rect, f32)]) -> Vec<Context> {
    let mut witnesses: Vec<usize> = (0..boxes.len())
        .filter(|&i| boxes[i].1 >= WORTH_HEARING)
        .collect();
    witnesses.sort_by(|&a, &b| boxes[b].1.total_cmp(&boxes[a].1));
    witnesses.truncate(MOST_WITNESSES);
    let of = |i: usize| {
        let mut sum = 0.0;
        let mut context = Context::default();
        for &j in witnesses.iter().filter(|&&j| j != i) {
            let shared = share_of_smaller(&boxes[i].0, &boxes[j].0);
            let other = boxes[j].1;
            if shared < APART {
                sum += other * other * likeness(&boxes[i].0, &boxes[j].0);
            }
            if shared >= TOUCH && other > boxes[i].1 {
                context.overlap = context.overlap.max(shared * other);
            }
        }
        context.company = (3.0 * sum).ln_1p();
        context
    };
    (0..boxes.len()).map(of).collect()
}

fn share_of_smaller(a: &Rect, b: &Rect) -> f32 {
    let shared = a.intersection(b).map_or(0.0, |r| r.area());
    shared / a.area().min(b.area()).max(f32::MIN_POSITIVE)
}

/// How near two boxes are in size and place: 1 for equal ones.
fn likeness(a: &Rect, b: &Rect) -> f32 {
    let (size_a, size_b) = (a.longest().max(1e-3), b.longest().max(1e-3));
    let ratio = (size_a / size_b).ln() / SIZES;
    let (p, q) = (a.center(), b.center());
    let distance = (p.x - q.x).hypot(p.y - q.y) / (size_a * size_b).sqrt();
    (-0.5 * ratio * ratio - distance / REACH).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn square(x: f32, side: f32) -> Rect {
        Rect::new(x, 0.0, side, side).expect("finite")
    }

    #[test]
    fn a_likely_neighbour_of_the_same_size_is_company_and_one_of_another_size_is_hardly() {
        let alone = contexts(&[(square(0.0, 20.0), 0.3)]);
        assert_eq!(alone, [Context::default()]);
        let same = contexts(&[(square(0.0, 20.0), 0.3), (square(40.0, 20.0), 0.9)])[0];
        let other = contexts(&[(square(0.0, 20.0), 0.3), (square(40.0, 80.0), 0.9)])[0];
        assert!(same.company > 0.5 && same.company > 5.0 * other.company);
        assert_eq!(same.overlap, 0.0);
    }

    #[test]
    fn a_box_inside_a_likelier_one_overlaps_and_is_no_company() {
        let c = contexts(&[(square(5.0, 10.0), 0.3), (square(0.0, 20.0), 0.8)]);
        assert_eq!(c[0].company, 0.0);
        assert!((c[0].overlap - 0.8).abs() < 1e-6);
        assert_eq!(c[1], Context::default(), "the likelier one does not suffer");
    }

    proptest! {
        #[test]
        fn every_number_is_finite_and_within_its_bounds(
            all in prop::collection::vec((-1e6f32..1e6, 0.0f32..1e5, 0.0f32..=1.0), 0..30)
        ) {
            let boxes: Vec<(Rect, f32)> = all.iter().map(|&(x, side, p)| (square(x, side), p)).collect();
            for c in contexts(&boxes) {
                prop_assert!(c.company.is_finite() && c.company >= 0.0);
                prop_assert!((0.0..=1.01).contains(&c.overlap));
            }
        }
    }
}
