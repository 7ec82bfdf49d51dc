//! One face is seen by several looks and by neighbouring cells of one: overlap removal within a
//! look, then one group per face across looks.

use super::heads::Candidate;
use crate::geometry::{Point, Rect};

/// A candidate in picture pixels, and which look saw it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sighting {
    pub(super) area: Rect,
    pub(super) score: f32,
    pub(super) landmarks: Option<[Point; 5]>,
    pub(super) look: usize,
}

/// Greedy non-maximum suppression: best score first, whatever overlaps a kept one by more than
/// `overlap` (intersection over union) goes. The result is sorted by falling score.
pub(super) fn non_maximum_suppression<T>(
    mut all: Vec<T>,
    overlap: f32,
    of: impl Fn(&T) -> (&Rect, f32),
) -> Vec<T> {
    sort_by_score(&mut all, &of);
    let mut kept: Vec<T> = Vec::new();
    for candidate in all {
        let area = of(&candidate).0;
        if kept.iter().all(|k| of(k).0.iou(area) <= overlap) {
            kept.push(candidate);
        }
    }
    kept
}

/// Falling score; equal scores by place, so that the order never depends on where they came from.
fn sort_by_score<T>(all: &mut [T], of: impl Fn(&T) -> (&Rect, f32)) {
    all.sort_by(|a, b| {
        let ((ra, sa), (rb, sb)) = (of(a), of(b));
        sb.total_cmp(&sa)
            .then(ra.top().total_cmp(&rb.top()))
            .then(ra.left().total_cmp(&rb.left()))
            .then(ra.right().total_cmp(&rb.right()))
    });
}

/// The `most` best candidates of one canvas, without overlaps.
pub(super) fn best(candidates: Vec<Candidate>, overlap: f32, most: usize) -> Vec<Candidate> {
    let mut all = candidates;
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.truncate(most);
    non_maximum_suppression(all, overlap, |c| (&c.area, c.score))
}

/// Sightings of one face over all looks, best first.
pub(super) fn groups(sightings: Vec<Sighting>, overlap: f32) -> Vec<Vec<Sighting>> {
    let mut all = sightings;
    sort_by_score(&mut all, |s: &Sighting| (&s.area, s.score));
    let mut groups: Vec<Vec<Sighting>> = Vec::new();
    for s in all {
        let nearest = groups
            .iter_mut()
            .map(|g| (g[0].area.iou(&s.area), g))
            .filter(|(iou, _)| *iou > overlap)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((_, group)) => group.push(s),
            None => groups.push(vec![s]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxes() -> impl Strategy<Value = Vec<(Rect, f32)>> {
        let one = (
            0.0f32..100.0,
            0.0f32..100.0,
            1.0f32..60.0,
            1.0f32..60.0,
            0.0f32..1.0,
        );
        prop::collection::vec(one, 0..40).prop_map(|v| {
            v.into_iter()
                .filter_map(|(x, y, w, h, s)| Some((Rect::new(x, y, w, h)?, s)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_kept_does_not_overlap_and_what_goes_overlaps_a_better_one(all in boxes(), limit in 0.1f32..0.9) {
            let kept = non_maximum_suppression(all.clone(), limit, |b| (&b.0, b.1));
            for (i, a) in kept.iter().enumerate() {
                prop_assert!(kept[i + 1..].iter().all(|b| a.0.iou(&b.0) <= limit && a.1 >= b.1));
            }
            for b in &all {
                prop_assert!(kept.contains(b) || kept.iter().any(|k| k.1 >= b.1 && k.0.iou(&b.0) > limit));
            }
        }

        #[test]
        fn suppression_does_not_depend_on_the_order(all in boxes(), limit in 0.1f32..0.9) {
            let mut turned = all.clone();
            turned.reverse();
            let kept = |v| non_maximum_suppression(v, limit, |b: &(Rect, f32)| (&b.0, b.1));
            prop_assert_eq!(kept(all), kept(turned));
        }

        #[test]
        fn groups_lose_nothing(all in boxes(), limit in 0.1f32..0.9) {
            let sightings: Vec<Sighting> = all.iter()
                .map(|(area, score)| Sighting { area: *area, score: *score, landmarks: None, look: 0 }).collect();
            let groups = groups(sightings, limit);
            prop_assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), all.len());
            for g in &groups {
                prop_assert!(g.iter().all(|s| s.score <= g[0].score));
                prop_assert!(g[1..].iter().all(|s| s.area.iou(&g[0].area) > limit));
            }
        }
    }
}
