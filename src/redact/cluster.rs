//! Masks that touch are covered together: otherwise one face's fill would take its colours from
//! another face that is not covered yet.
//!
//! Invariant: no sample that a group looks at lies inside a mask of another group.

use super::mask::{Bounds, MARGIN, Outline};

/// Masks nearer than this, in samples, are one group: what the one looks at, up to [`MARGIN`], must
/// not lie inside the other nor in its soft ring.
const REACH: u32 = MARGIN + 2;

/// Outlines of one group and the rectangle that holds them.
pub(super) struct Cluster {
    pub(super) outlines: Vec<Outline>,
    pub(super) bounds: Bounds,
}

/// Puts outlines whose rectangles come near each other into one group; those that touch no sample
/// are left out. Groups keep the order of their first outline.
pub(super) fn group(items: impl Iterator<Item = (Outline, Bounds)>) -> Vec<Cluster> {
    let items: Vec<_> = items.filter(|(_, b)| !b.is_empty()).collect();
    let mut parent: Vec<usize> = (0..items.len()).collect();
    let mut order = parent.clone();
    order.sort_unstable_by_key(|&i| items[i].1.left);
    for (n, &i) in order.iter().enumerate() {
        let a = items[i].1;
        let near = |b: &Bounds| {
            b.top < a.bottom.saturating_add(REACH) && a.top < b.bottom.saturating_add(REACH)
        };
        let later = order[n + 1..]
            .iter()
            .take_while(|&&j| items[j].1.left < a.right.saturating_add(REACH));
        for &j in later.filter(|&&j| near(&items[j].1)) {
            let (a, b) = (root(&mut parent, i), root(&mut parent, j));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut index = vec![usize::MAX; items.len()];
    let mut clusters: Vec<Cluster> = Vec::new();
    for (i, (outline, bounds)) in items.into_iter().enumerate() {
        let root = root(&mut parent, i);
        if index[root] == usize::MAX {
            index[root] = clusters.len();
            clusters.push(Cluster {
                outlines: Vec::new(),
                bounds,
            });
        }
        let cluster = &mut clusters[index[root]];
        cluster.outlines.push(outline);
        cluster.bounds = cluster.bounds.union(&bounds);
    }
    clusters
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}
