//! Memory for runs, shared by the sessions of a network: to take it anew for every size of picture
//! cost as much as a twelfth of the time, most of it spent by the system on clearing pages.
//!
//! Invariant: there are never more arenas than were in use at once; what is in them is left from
//! some other run.

use super::aligned::Aligned;
use super::onnx::Res;
use std::sync::{Mutex, PoisonError};

/// A new arena has half as much room again for larger pictures, but no more than this many floats:
/// 64 MiB. What is not used is no more than a promise of the system.
const MOST_ROOM: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Arenas(Mutex<Vec<Aligned<f32>>>);

impl Arenas {
    /// An arena of `floats` or more, with anything in it. Give it back.
    pub(super) fn take(&self, floats: usize) -> Res<Aligned<f32>> {
        match self.idle(floats) {
            Some(arena) if arena.as_slice().len() >= floats => Ok(arena),
            small => {
                drop(small); // before there are both
                Aligned::zeros(floats.saturating_add((floats / 2).min(MOST_ROOM)))
            }
        }
    }

    /// The smallest idle one that fits, else the largest.
    fn idle(&self, floats: usize) -> Option<Aligned<f32>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lens = idle.iter().map(|a| a.as_slice().len()).enumerate();
        let (best, _) = lens.min_by_key(|&(_, len)| (len < floats, len.abs_diff(floats)))?;
        Some(idle.swap_remove(best))
    }

    pub(super) fn give_back(&self, arena: Aligned<f32>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(arena);
    }

    /// An arena with no number in it.
    #[cfg(test)]
    pub(super) fn poisoned(floats: usize) -> Self {
        let mut arena = Aligned::zeros(floats).expect("memory");
        arena.as_mut_slice().fill(f32::NAN);
        Self(Mutex::new(vec![arena]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arenas_are_as_many_as_were_in_use_and_with_room_for_the_longest() {
        let arenas = Arenas::default();
        for floats in [100, 10, 50, 200, 30] {
            let both = [arenas.take(floats), arenas.take(floats / 2)];
            for (arena, floats) in both.into_iter().zip([floats, floats / 2]) {
                let arena = arena.expect("memory");
                assert!(arena.as_slice().len() >= floats);
                arenas.give_back(arena);
            }
        }
        let mut lens: Vec<usize> = arenas
            .0
            .lock()
            .expect("no panic")
            .iter()
            .map(|a| a.as_slice().len())
            .collect();
        lens.sort_unstable();
        assert_eq!(lens, [150, 300]);
    }
}
