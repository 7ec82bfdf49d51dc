//! Work on the threads of the rayon pool that the calling thread belongs to: outside of a pool, on
//! the calling thread. The global pool is never started.
//!
//! Invariant: results stand in the order of what they were made from, whatever the number of
//! threads.

use rayon::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Threads that share work now.
pub(crate) fn threads() -> usize {
    match rayon::current_thread_index() {
        Some(_) => rayon::current_num_threads(),
        None => 1,
    }
}

/// What `make` makes of each item.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, make: impl Fn(T) -> R + Sync) -> Vec<R> {
    if items.len() < 2 || threads() == 1 {
        return items.into_iter().map(make).collect();
    }
    items.into_par_iter().map(&make).collect()
}

/// What both make, at the same time if there are several threads, else the first one first.
pub(crate) fn join<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    match threads() {
        1 => (first(), second()),
        _ => rayon::join(first, second),
    }
}

/// Who works on an item of [`map_by_cost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// The calling thread, while others have items of their own.
    Alone,
    /// The calling thread, and others may help.
    Together,
}

/// What `make` makes of each item, where items cost very different amounts of time. One that costs
/// more than a thread's share of the whole is worked on together, before the others; those are
/// given to one thread each, the dearest first.
pub(crate) fn map_by_cost<T: Send, R: Send>(
    items: Vec<T>,
    cost: impl Fn(&T) -> u64,
    make: impl Fn(T, Share) -> R + Sync,
) -> Vec<R> {
    let threads = threads();
    if items.len() < 2 || threads == 1 {
        return items
            .into_iter()
            .map(|t| make(t, Share::Together))
            .collect();
    }
    let all: u64 = items.iter().map(&cost).sum();
    let mut queue: Vec<(usize, u64, T)> = items
        .into_iter()
        .enumerate()
        .map(|(i, item)| (i, cost(&item), item))
        .collect();
    queue.sort_by_key(|&(i, cost, _)| (std::cmp::Reverse(cost), i));
    let large = queue.partition_point(|&(_, cost, _)| cost > all / threads as u64);
    let mut queue = queue.into_iter();
    let mut made: Vec<(usize, R)> = queue
        .by_ref()
        .take(large)
        .map(|(i, _, item)| (i, make(item, Share::Together)))
        .collect();
    let (queue, rest) = (Mutex::new(queue), Mutex::new(Vec::new()));
    let next = || lock(&queue).next(); // here, so that no lock is held during the work
    rayon::in_place_scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                while let Some((i, _, item)) = next() {
                    let result = make(item, Share::Alone);
                    lock(&rest).push((i, result));
                }
            });
        }
    });
    made.append(&mut lock(&rest));
    made.sort_unstable_by_key(|&(i, _)| i);
    made.into_iter().map(|(_, result)| result).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parts of `len` things, as equal as possible, of at least `least` each where there are several:
/// one a thread.
pub(crate) fn parts(len: usize, least: usize) -> Vec<std::ops::Range<usize>> {
    cut(len, threads().min(len / least.max(1)))
}

/// As [`parts`], but several a thread, for threads that do not begin at the same time.
pub(crate) fn shares(len: usize, least: usize) -> Vec<std::ops::Range<usize>> {
    let most = match threads() {
        1 => 1,
        threads => 4 * threads,
    };
    cut(len, most.min(len / least.max(1)))
}

/// `n` parts of `len` things; at least one.
fn cut(len: usize, n: usize) -> Vec<std::ops::Range<usize>> {
    let n = n.max(1);
    (0..n).map(|i| i * len / n..(i + 1) * len / n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_inside_a_pool_only_and_keeps_its_order() {
        assert_eq!(parts(100, 1).len(), 1);
        assert!(rayon::current_thread_index().is_none());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        pool.expect("threads").install(|| {
            assert_eq!(parts(100, 40), [0..50, 50..100]);
            assert_eq!(parts(0, 40).len(), 1);
            assert_eq!(shares(100, 30), [0..33, 33..66, 66..100]);
            assert_eq!(shares(100, 1).len(), 12);
            let doubled = map((0..100).collect(), |n: u32| 2 * n);
            assert_eq!(doubled, (0..200).step_by(2).collect::<Vec<_>>());
            assert_eq!(join(threads, || 7), (3, 7));
            let costs = [1, 90, 5, 5, 30, 1];
            let made = map_by_cost(costs.to_vec(), |&cost| cost, |cost, share| (cost, share));
            let share = |cost| {
                if cost == 90 {
                    Share::Together
                } else {
                    Share::Alone
                }
            };
            assert!(made.into_iter().eq(costs.map(|cost| (cost, share(cost)))));
        });
    }
}
