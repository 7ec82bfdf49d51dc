//! Idle sessions of one network, and memory for their inputs. A call takes a session that fits or makes a new one, and
//! gives it back.
//!
//! Invariant: what lies idle never exceeds twice the most that were in use at once and one, so memory grows
//! neither with the number of pictures nor with the number of their sizes.

use crate::engine::{Network, Session, Tensor};
use crate::error::Result;
use crate::geometry::Size;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Pool {
    network: Arc<dyn Network>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The longest idle first.
    idle: Vec<Worker>,
    /// Buffers that inputs of any size are laid out in: at most as many as were in use at once.
    planes: Vec<Vec<f32>>,
    in_use: usize,
    most_in_use: usize,
}

struct Worker {
    size: Size,
    session: Box<dyn Session>,
}

impl Pool {
    pub(super) fn new(network: Arc<dyn Network>) -> Self {
        Self {
            network,
            state: Mutex::default(),
        }
    }

    /// Runs the network at `size` on what `fill` writes into the input planes.
    pub(super) fn run(&self, size: Size, fill: impl FnOnce(&mut Vec<f32>)) -> Result<Vec<Tensor>> {
        let (worker, mut planes) = self.take(size);
        let mut worker = match worker {
            Some(worker) => worker,
            None => Worker {
                size,
                session: self.network.session(size).inspect_err(|_| self.lost())?,
            },
        };
        fill(&mut planes);
        let outputs = worker.session.run(&planes);
        match &outputs {
            Ok(_) => self.give_back(worker, planes),
            Err(_) => self.lost(), // a session that failed is not used again
        }
        outputs
    }

    fn take(&self, size: Size) -> (Option<Worker>, Vec<f32>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use += 1;
        state.most_in_use = state.most_in_use.max(state.in_use);
        let at = state.idle.iter().rposition(|w| w.size == size);
        let worker = at.map(|at| state.idle.remove(at));
        (worker, state.planes.pop().unwrap_or_default())
    }

    fn give_back(&self, worker: Worker, planes: Vec<f32>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use = state.in_use.saturating_sub(1);
        state.idle.push(worker);
        state.planes.push(planes);
        let surplus = state.idle.len().saturating_sub(2 * state.most_in_use + 1);
        state.idle.drain(..surplus);
    }

    fn lost(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use = state.in_use.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake;
    impl Network for Fake {
        fn session(&self, _: Size) -> Result<Box<dyn Session>> {
            Ok(Box::new(Fake))
        }
    }
    impl Session for Fake {
        fn run(&mut self, input: &[f32]) -> Result<Vec<Tensor>> {
            Ok(vec![Tensor {
                name: "sum".into(),
                data: vec![input.iter().sum()],
            }])
        }
    }

    #[test]
    fn idle_sessions_do_not_grow_with_the_number_of_sizes() {
        let pool = Pool::new(Arc::new(Fake));
        for side in 1..100 {
            let out = pool.run(Size::new(32 * side, 32), |planes| {
                planes.clear();
                planes.resize(3, 1.0);
            });
            assert_eq!(out.expect("the fake never fails")[0].data, [3.0]);
        }
        let state = pool.state.lock().expect("no panic above");
        assert_eq!((state.idle.len(), state.planes.len()), (3, 1));
    }
}
