//! Idle sessions of one network. A call takes one that fits or makes a new one, and gives it back.
//!
//! Invariant: what lies idle never exceeds twice the most that were in use at once and one, so
//! memory grows neither with the number of pictures nor with the number of their sizes.

use crate::error::Result;
use crate::parallel::Share;
use faceveil_engine::{Input, ModelInfo, Network, Session, Size, Tensor};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Pool {
    network: Arc<dyn Network>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The longest idle first.
    idle: Vec<Worker>,
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

    /// What the model says of itself.
    pub(super) fn info(&self) -> Option<&ModelInfo> {
        self.network.info()
    }

    /// Runs the network on `input`, at that one's size, on all threads of the caller's pool.
    pub(super) fn run(&self, input: &dyn Input) -> Result<Vec<Tensor>> {
        self.run_as(input, Share::Together)
    }

    /// The same on all threads or on the calling one alone.
    pub(super) fn run_as(&self, input: &dyn Input, share: Share) -> Result<Vec<Tensor>> {
        let size = input.size();
        let worker = self.take(size);
        let mut worker = match worker {
            Some(worker) => worker,
            None => Worker {
                size,
                session: self.network.session(size).inspect_err(|_| self.lost())?,
            },
        };
        let outputs = match share {
            Share::Together => worker.session.run(input),
            Share::Alone => worker.session.run_alone(input),
        };
        match &outputs {
            Ok(_) => self.give_back(worker),
            Err(_) => self.lost(), // a session that failed is not used again
        }
        Ok(outputs?)
    }

    fn take(&self, size: Size) -> Option<Worker> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use += 1;
        state.most_in_use = state.most_in_use.max(state.in_use);
        let at = state.idle.iter().rposition(|w| w.size == size);
        at.map(|at| state.idle.remove(at))
    }

    fn give_back(&self, worker: Worker) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use = state.in_use.saturating_sub(1);
        state.idle.push(worker);
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
    use faceveil_engine::{Planes, Result};

    struct Fake;
    impl Network for Fake {
        fn session(&self, _: Size) -> Result<Box<dyn Session>> {
            Ok(Box::new(Fake))
        }
    }
    impl Session for Fake {
        fn run(&mut self, input: &dyn Input) -> Result<Vec<Tensor>> {
            Ok(vec![Tensor {
                name: "width".into(),
                data: vec![input.size().width as f32],
                ..Tensor::default()
            }])
        }
    }

    #[test]
    fn idle_sessions_do_not_grow_with_the_number_of_sizes() {
        let pool = Pool::new(Arc::new(Fake));
        for side in 1..100 {
            let size = Size::new(32 * side, 32);
            let planes = Planes::new(size, vec![0.0; 3 * size.area() as usize]);
            let out = pool.run(&planes.expect("as many floats as it takes"));
            let out = out.expect("the fake never fails");
            assert_eq!(out[0].data, [32.0 * side as f32]);
        }
        let state = pool.state.lock().expect("no panic above");
        assert_eq!(state.idle.len(), 3);
    }
}
