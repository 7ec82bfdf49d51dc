//! Which sighting of a frame belongs to which track.
//!
//! Boxes are grown before they are compared (buffered intersection over union), so that a fast or
//! small face still meets its track. Sure sightings choose first, weak ones only carry tracks on:
//! the order of ByteTrack (Zhang et al., ECCV 2022). Pairs are taken greedily, the best first.
//!
//! Invariant: a sighting belongs to exactly one track, and a track takes at most one of a frame.

use super::clock::Clock;
use super::trail::{Belief, Trail};
use super::{GAP, Seen};
use crate::geometry::{Rect, Size};

/// Both sides are grown by this share in each direction before boxes are compared.
const BUFFER: f32 = 0.5;
/// Least buffered overlap of a sure sighting with where its track should be.
const SURE_OVERLAP: f32 = 0.2;
/// The same for a weak one.
const WEAK_OVERLAP: f32 = 0.3;
/// A face that moves by more than so many of its sides a second is another one: 30 pixels a frame
/// at 25 frames a second are 12 for a face of 62 pixels.
const FASTEST: f64 = 16.0;
/// The larger of two sides over the smaller one, of one face that was not seen for less than a
/// second.
const MOST_RESIZED: f32 = 1.6;

/// Intersection over union of boxes that are grown by half of their sides in each direction.
pub(super) fn overlap(a: &Rect, b: &Rect) -> f32 {
    const FACTOR: f32 = 1.0 + 2.0 * BUFFER;
    a.grown(FACTOR).iou(&b.grown(FACTOR))
}

/// Gives every sighting of `frame` to a track, old or new.
pub(super) fn associate(
    trails: &mut Vec<Trail>,
    frame: usize,
    scene: usize,
    seen: Vec<Seen>,
    belief: Belief,
    clock: &Clock,
) {
    let at = At {
        frame,
        belief,
        clock,
    };
    let (sure, weak): (Vec<Seen>, Vec<Seen>) =
        seen.into_iter().partition(|s| s.score >= belief.sure);
    // Tracks that are believed come before those that may be noise.
    let sure = take(trails, at, sure, SURE_OVERLAP, true);
    let sure = take(trails, at, sure, SURE_OVERLAP, false);
    let weak = take(trails, at, weak, WEAK_OVERLAP, true);
    let weak = take(trails, at, weak, WEAK_OVERLAP, false);
    for sighting in sure {
        let mut born = Trail::new(frame, scene, sighting);
        walk_back(trails, &mut born, at);
        trails.push(born);
    }
    trails.extend(weak.into_iter().map(|s| Trail::new(frame, scene, s)));
}

/// What all steps need to know.
#[derive(Clone, Copy)]
struct At<'a> {
    frame: usize,
    belief: Belief,
    clock: &'a Clock,
}

/// Lets the tracks that are believed, or those that are not, choose among sightings; gives those
/// that none took.
fn take(
    trails: &mut [Trail],
    at: At<'_>,
    seen: Vec<Seen>,
    overlaps: f32,
    believed: bool,
) -> Vec<Seen> {
    let mut pairs = Vec::new();
    for (t, trail) in trails.iter().enumerate() {
        if trail.is_waiting(at.frame) && trail.is_believed(at.belief) == believed {
            let expected = trail.expected(at.frame, at.clock);
            let of_kind = seen.iter().enumerate();
            let of_kind = of_kind.filter(|(_, sighting)| sighting.subject == trail.subject());
            let near = of_kind.map(|(s, sighting)| {
                let overlap = overlap(&expected, &sighting.area);
                (overlap, t, s)
            });
            pairs.extend(near.filter(|(overlap, ..)| *overlap >= overlaps));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = vec![false; seen.len()];
    for (_, t, s) in pairs {
        if !taken[s] && trails[t].is_waiting(at.frame) {
            trails[t].add(at.frame, seen[s], at.clock);
            taken[s] = true;
        }
    }
    let left = seen.into_iter().zip(taken).filter(|(_, taken)| !taken);
    left.map(|(sighting, _)| sighting).collect()
}

/// A face that is sure now was perhaps seen weakly before: takes over the tracks that nobody
/// believed and that lead to it.
fn walk_back(trails: &mut Vec<Trail>, born: &mut Trail, at: At<'_>) {
    loop {
        let leads_here = |trail: &Trail| {
            !trail.is_believed(at.belief)
                && trail.subject() == born.subject()
                && trail.last_frame() < born.first_frame()
                && at.clock.apart(trail.last_frame(), born.first_frame()) < GAP
        };
        let best = trails
            .iter()
            .enumerate()
            .filter(|(_, trail)| leads_here(trail))
            .map(|(t, trail)| (overlap(&trail.last_area(), &born.first_area()), t))
            .filter(|(overlap, _)| *overlap >= WEAK_OVERLAP)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, t)) = best else { return };
        born.prepend(trails.swap_remove(t), at.clock);
    }
}

/// The track that probably has the face of another one: it began near the place where that one
/// still waits, but not so near where the face was expected that it was taken for it.
pub(super) fn follower(trails: &[Trail], of: &Trail) -> Option<usize> {
    trails
        .iter()
        .enumerate()
        .filter(|(_, trail)| trail.may_follow(of))
        .map(|(t, trail)| (overlap(&of.last_area(), &trail.first_area()), t))
        .filter(|(overlap, _)| *overlap >= SURE_OVERLAP)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, t)| t)
}

/// The same for a face that nobody could see while it moved too fast, as in a quick turn of the
/// camera: the only track that began since, if its face is as large and not too far away. One that
/// was leaving the picture has left it.
pub(super) fn distant_follower(
    trails: &[Trail],
    of: &Trail,
    picture: Size,
    clock: &Clock,
) -> Option<usize> {
    let last = of.last_area();
    let soon = of.expected(of.last_frame() + 1, clock);
    let picture = Rect::of(picture);
    if last.share_inside(&picture) < 1.0 || soon.share_inside(&picture) < 1.0 {
        return None;
    }
    let mut began = trails
        .iter()
        .enumerate()
        .filter(|(_, trail)| trail.may_follow(of));
    let (t, trail) = began.next().filter(|_| began.next().is_none())?;
    let first = trail.first_area();
    let side = |r: &Rect| r.width().max(r.height()).max(1.0);
    let resized = side(&last).max(side(&first)) / side(&last).min(side(&first));
    let (a, b) = (last.center(), first.center());
    let way = f64::from((a.x - b.x).hypot(a.y - b.y) / side(&last));
    let gap = clock.span(of.last_frame(), trail.first_frame());
    let is_same = resized <= MOST_RESIZED && way <= FASTEST * gap;
    (is_same && gap <= GAP).then_some(t)
}
