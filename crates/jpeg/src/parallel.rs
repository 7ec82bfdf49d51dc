//! Work that is shared among the threads of the rayon pool that the calling thread belongs to. It
//! is done on the calling thread outside of a pool, and without the feature `rayon`.
//!
//! Invariant: results stand in the order of what they were made from, whatever the number of
//! threads.

/// Threads that share work now.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "rayon")]
    if rayon::current_thread_index().is_some() {
        return rayon::current_num_threads();
    }
    1
}

/// What `make` makes of each item.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, make: impl Fn(T) -> R + Sync) -> Vec<R> {
    #[cfg(feature = "rayon")]
    if items.len() > 1 && threads() > 1 {
        use rayon::prelude::*;
        return items.into_par_iter().map(&make).collect();
    }
    items.into_iter().map(make).collect()
}
