//! Work on the threads of the rayon pool that the calling thread belongs to: outside of a pool, on
//! the calling thread. The global pool is never started.
//!
//! Invariant: results stand in the order of what they were made from, whatever the number of
//! threads.

use rayon::prelude::*;

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

/// Parts of `len` things, as equal as possible, of at least `least` each where there are several:
/// one a thread.
pub(crate) fn parts(len: usize, least: usize) -> Vec<std::ops::Range<usize>> {
    let n = threads().min(len / least.max(1)).max(1);
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
            let doubled = map((0..100).collect(), |n: u32| 2 * n);
            assert_eq!(doubled, (0..200).step_by(2).collect::<Vec<_>>());
        });
    }
}
