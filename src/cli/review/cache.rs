//! Pictures that were made lately, in memory and nowhere else.
//!
//! Invariant: no more bytes are held than were allowed, and no more pixels are decoded at a time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The latest values under their keys, up to a number of bytes.
pub(super) struct Cache<K> {
    most: usize,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    bytes: usize,
    clock: u64,
    values: HashMap<K, (Arc<Vec<u8>>, u64)>,
}

impl<K: Clone + Eq + Hash> Cache<K> {
    pub(super) fn new(most: usize) -> Self {
        let held = Held {
            bytes: 0,
            clock: 0,
            values: HashMap::new(),
        };
        Self {
            most,
            held: Mutex::new(held),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<Arc<Vec<u8>>> {
        let held = &mut *lock(&self.held);
        held.clock += 1;
        let (value, used) = held.values.get_mut(key)?;
        *used = held.clock;
        Some(Arc::clone(value))
    }

    /// Keeps a value in place of those that were not used for longest.
    pub(super) fn put(&self, key: K, value: &Arc<Vec<u8>>) {
        if value.len() > self.most {
            return;
        }
        let held = &mut *lock(&self.held);
        held.clock += 1;
        held.bytes += value.len();
        if let Some((old, _)) = held.values.insert(key, (Arc::clone(value), held.clock)) {
            held.bytes -= old.len();
        }
        while held.bytes > self.most {
            let oldest = held.values.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            if let Some((old, _)) = held.values.remove(&oldest) {
                held.bytes -= old.len();
            }
        }
    }
}

/// Megapixels that may be decoded at a time.
pub(super) struct Permits {
    free: Mutex<u64>,
    freed: Condvar,
    all: u64,
}

/// Some of them, taken.
pub(super) struct Permit<'a> {
    from: &'a Permits,
    taken: u64,
}

impl Permits {
    pub(super) fn new(all: u64) -> Self {
        Self {
            free: Mutex::new(all),
            freed: Condvar::new(),
            all,
        }
    }

    /// Waits for so many, or for all if that is more.
    pub(super) fn take(&self, wanted: u64) -> Permit<'_> {
        let taken = wanted.min(self.all);
        let mut free = lock(&self.free);
        while *free < taken {
            free = self
                .freed
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= taken;
        Permit { from: self, taken }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *lock(&self.from.free) += self.taken;
        self.from.freed.notify_all();
    }
}

/// What a thread that panicked left is whole: nothing here panics halfway.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let cache = Cache::new(10);
        let value = |n: usize| Arc::new(vec![0; n]);
        cache.put("a", &value(4));
        cache.put("b", &value(4));
        assert!(cache.get(&"a").is_some());
        cache.put("c", &value(4));
        assert!(cache.get(&"b").is_none());
        assert!(cache.get(&"a").is_some() && cache.get(&"c").is_some());
        cache.put("d", &value(11));
        assert!(cache.get(&"d").is_none() && cache.get(&"a").is_some());
        cache.put("a", &value(6));
        assert_eq!(lock(&cache.held).bytes, 10);
        cache.put("e", &value(10));
        assert_eq!(lock(&cache.held).bytes, 10);
    }

    #[test]
    fn more_than_there_is_waits_for_all_and_is_given_back() {
        let permits = Permits::new(4);
        for _ in 0..2 {
            let _all = permits.take(900);
            assert_eq!(*lock(&permits.free), 0);
        }
        let (_a, _b) = (permits.take(2), permits.take(2));
        assert_eq!(*lock(&permits.free), 0);
    }
}
