//! Photos that wait for a thread, and how many may.
//!
//! Invariant: photos in memory are counted before their bytes are read, in number and in bytes,
//! until the answer is sent.

use super::metrics::Metrics;
use super::problem::Problem;
use crate::cli::plan::boxes::NOTHING_BY_HAND;
use crate::cli::run::batch;
use crate::cli::run::worker::{Fault, NotDone, PhotoResult, PhotoTask, Photos};
use anyhow::Result;
use axum::body::Bytes;
use axum::http::StatusCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// How many photos of the largest size may be in memory at a time; of smaller ones, more.
const LARGEST: usize = 8;
/// Unit in which bytes are counted.
const UNIT: usize = 1024;
/// Longest time that a client is asked to wait.
const LONGEST_WAIT: u64 = 60;

/// One photo on its way.
pub(super) struct Work {
    bytes: Bytes,
    cover: bool,
    until: Instant,
    answer: oneshot::Sender<Result<PhotoResult, Problem>>,
}

/// Where handlers leave photos.
pub(super) struct Queue {
    to: Sender<Work>,
    slots: Arc<Semaphore>,
    /// Slots in all, and threads.
    most: usize,
    jobs: usize,
    memory: Arc<Semaphore>,
    max_bytes: usize,
    longest: Duration,
    /// Seconds that a photo takes, smoothed.
    mean: Arc<Mutex<f64>>,
    /// Whether the service ends, and nobody may wait any more.
    closed: watch::Sender<bool>,
}

/// The right to have a photo in memory; given back when it goes out of scope.
pub(super) struct Slot {
    _slot: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

impl Queue {
    /// With room for `jobs` photos that are worked on and `waiting` ones.
    pub(super) fn new(
        jobs: usize,
        waiting: usize,
        max_bytes: usize,
        longest: Duration,
    ) -> (Self, Mutex<Receiver<Work>>) {
        let (to, from) = mpsc::channel();
        let units = (units(max_bytes) * (jobs + LARGEST)).min(Semaphore::MAX_PERMITS);
        let queue = Self {
            to,
            slots: Arc::new(Semaphore::new(jobs + waiting)),
            most: jobs + waiting,
            jobs,
            memory: Arc::new(Semaphore::new(units)),
            max_bytes,
            longest,
            mean: Arc::default(),
            closed: watch::Sender::default(),
        };
        (queue, Mutex::new(from))
    }

    /// Lets a photo of so many bytes in; without a length it counts as one of the largest.
    ///
    /// # Errors
    /// If too many are there.
    pub(super) fn admit(&self, length: Option<usize>) -> Result<Slot, Problem> {
        let length = length.unwrap_or(self.max_bytes).min(self.max_bytes);
        let busy = || Problem::busy(self.wait());
        let slot = Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|_| busy())?;
        let units = u32::try_from(units(length)).map_err(|_| busy())?;
        let memory = Arc::clone(&self.memory).try_acquire_many_owned(units);
        Ok(Slot {
            _slot: slot,
            _memory: memory.map_err(|_| busy())?,
        })
    }

    /// Photos that are worked on or wait, and how many that may be.
    pub(super) fn taken(&self) -> (usize, usize) {
        (
            self.most - self.slots.available_permits().min(self.most),
            self.most,
        )
    }

    /// Sends away whoever still waits.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Waits for that.
    pub(super) async fn closed(&self) -> Problem {
        let mut closed = self.closed.subscribe();
        // The sender is ours.
        let _ = closed.wait_for(|is_so| *is_so).await;
        Problem::ending()
    }

    /// Seconds until there is room again, as far as can be known.
    fn wait(&self) -> u64 {
        let mean = *self.mean.lock().unwrap_or_else(PoisonError::into_inner);
        let all = mean * self.taken().0 as f64 / self.jobs as f64;
        (all.ceil() as u64).clamp(1, LONGEST_WAIT)
    }

    /// Has a thread work on a photo.
    ///
    /// # Errors
    /// What is wrong with it, or that its turn did not come.
    pub(super) async fn photo(&self, bytes: Bytes, cover: bool) -> Result<PhotoResult, Problem> {
        let (answer, answered) = oneshot::channel();
        let start = Instant::now();
        let work = Work {
            bytes,
            cover,
            until: start + self.longest,
            answer,
        };
        self.to.send(work).map_err(|_| Problem::ending())?;
        let result = answered.await.map_err(|_| Problem::ending())?;
        let seconds =
            start.elapsed().as_secs_f64() * self.jobs as f64 / self.taken().0.max(1) as f64;
        let mut mean = self.mean.lock().unwrap_or_else(PoisonError::into_inner);
        *mean += (seconds - *mean) * 0.1;
        result
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT).max(1)
}

/// Works on photos until nobody can leave any more.
pub(super) fn work(from: &Mutex<Receiver<Work>>, photos: &Photos<'_>, metrics: &Metrics) {
    loop {
        let next = from.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // Whoever asked may be gone.
        if work.answer.is_closed() {
            continue;
        }
        if Instant::now() > work.until {
            let _ = work.answer.send(Err(Problem::busy(LONGEST_WAIT)));
            continue;
        }
        let _working = metrics.working();
        let task = PhotoTask {
            by_hand: &NOTHING_BY_HAND,
            line: None,
            preview: None,
            cover: work.cover,
            without_faces: true,
            same_format: false,
        };
        let done = batch::caught(|| photos.photo(&work.bytes, &task));
        let done = done.unwrap_or_else(|message| Err(NotDone::panicked(&message).into()));
        let done = done.map_err(|why| match why.downcast_ref::<NotDone>() {
            // What a decoder said when it crashed is for whoever runs this service.
            Some(NotDone {
                fault: Fault::Crashed,
                ..
            }) => {
                metrics.crashed();
                let what = "the photo could not be worked on";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what)
            }
            _ => Problem::of_photo(&why),
        });
        let _ = work.answer.send(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_let_in_up_to_their_number_and_their_bytes() {
        let max = 1 << 20;
        let (queue, _from) = Queue::new(1, 2, max, Duration::from_secs(1));
        let slots: Vec<Slot> = (0..3)
            .map(|_| queue.admit(Some(10)).expect("room"))
            .collect();
        assert!(queue.admit(Some(10)).is_err());
        assert_eq!(queue.taken(), (3, 3));
        drop(slots);
        assert_eq!(queue.taken(), (0, 3));
        let (queue, _from) = Queue::new(1, 100, max, Duration::from_secs(1));
        let large: Vec<Slot> = (0..9).map(|_| queue.admit(None).expect("room")).collect();
        assert!(queue.admit(Some(1)).is_err());
        drop(large);
        assert!(queue.admit(Some(1)).is_ok());
    }
}
