//! Runs many small jobs on a few threads and gives their results back in the order of the jobs.
//!
//! Invariant: a job that panics is a result like any other, and neither threads nor waiting results
//! grow with the number of jobs.

use crate::cli::ui::interrupt::Interrupt;
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// Image decoders recurse and keep tables on the stack; threads have 2 MiB by default.
const STACK: usize = 8 << 20;
/// How far ahead of the oldest unfinished job a thread may work, in jobs per thread.
const AHEAD: usize = 32;
const THREAD_NAME: &str = "faceveil-worker";

/// What a job came to: its result, or the message of its panic.
pub(crate) type Outcome<T> = Result<T, String>;

/// Runs jobs `0..count` on at most `threads` threads. On the calling thread, `finished` is called
/// as each job ends, and `emit` with each result in the order of the jobs. After an interrupt no
/// job is started; those that run are waited for.
///
/// # Errors
/// If not a single thread can be started.
pub(crate) fn run<T: Send>(
    count: usize,
    threads: usize,
    interrupt: &Interrupt,
    job: impl Fn(usize) -> T + Sync,
    mut finished: impl FnMut(usize),
    mut emit: impl FnMut(usize, Outcome<T>),
) -> io::Result<()> {
    let threads = threads.min(count);
    let gate = Gate {
        count,
        ahead: threads * AHEAD,
        position: Mutex::default(),
        moved: Condvar::new(),
    };
    thread::scope(|scope| {
        let (results, arrivals) = mpsc::sync_channel(threads);
        let mut started = 0;
        for n in 0..threads {
            let (results, gate, job) = (results.clone(), &gate, &job);
            let work = move || {
                while let Some(index) = gate.next(interrupt) {
                    if results.send((index, caught(|| job(index)))).is_err() {
                        return;
                    }
                }
            };
            let spawned = worker(n).spawn_scoped(scope, work);
            match spawned {
                Ok(_) => started += 1,
                Err(e) if started == 0 => return Err(e),
                Err(_) => break, // fewer threads do the same work
            }
        }
        drop(results);
        // Whatever becomes of `emit`: a thread that waits for it would keep the others waiting.
        let _shutting = Shutting(&gate);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, outcome) in arrivals {
            finished(index);
            waiting.insert(index, outcome);
            while let Some(outcome) = waiting.remove(&due) {
                emit(due, outcome);
                due += 1;
            }
            gate.emitted(due);
        }
        Ok(())
    })
}

/// A thread that decodes pictures.
pub(crate) fn worker(number: usize) -> thread::Builder {
    thread::Builder::new()
        .name(format!("{THREAD_NAME}-{number}"))
        .stack_size(STACK)
}

/// Threads that work on one picture together: as those of [`worker`].
///
/// # Errors
/// If the system starts none.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("{THREAD_NAME}-pool-{number}"))
        .stack_size(STACK)
        .build()
}

/// Hands out job numbers, and holds threads back that would run too far ahead.
struct Gate {
    count: usize,
    ahead: usize,
    position: Mutex<Position>,
    moved: Condvar,
}

#[derive(Default)]
struct Position {
    next: usize,
    emitted: usize,
}

/// Lets nobody in any more when it goes out of sight.
struct Shutting<'a>(&'a Gate);

impl Drop for Shutting<'_> {
    fn drop(&mut self) {
        let mut position = self
            .0
            .position
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        position.next = self.0.count;
        self.0.moved.notify_all();
    }
}

impl Gate {
    fn next(&self, interrupt: &Interrupt) -> Option<usize> {
        let mut position = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        while position.next < self.count && position.next >= position.emitted + self.ahead {
            position = self
                .moved
                .wait(position)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if position.next >= self.count || interrupt.requested() {
            return None;
        }
        position.next += 1;
        Some(position.next - 1)
    }

    fn emitted(&self, emitted: usize) {
        self.position
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .emitted = emitted;
        self.moved.notify_all();
    }
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics of workers off the terminal; they become the error of their file.
pub(crate) fn silence_worker_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let in_worker = thread::current()
            .name()
            .is_some_and(|n| n.starts_with(THREAD_NAME));
        if in_worker {
            LAST_PANIC.set(Some(describe(info)));
        } else {
            usual(info);
        }
    }));
}

fn describe(info: &panic::PanicHookInfo<'_>) -> String {
    let what = message(info.payload());
    match info.location() {
        Some(at) => {
            let file = at.file().rsplit(['/', '\\']).next().unwrap_or_default();
            format!("{what} ({file}:{})", at.line())
        }
        None => what.to_owned(),
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Runs a job; a panic is its message.
pub(crate) fn caught<T>(job: impl FnOnce() -> T) -> Outcome<T> {
    // What a job shares is either not changed by it or locked; a poisoned lock is the detector's to
    // handle, so nothing torn is seen afterwards.
    panic::catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
        LAST_PANIC
            .take()
            .unwrap_or_else(|| message(&*payload).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn results_come_in_the_order_of_the_jobs_whatever_takes_longest() {
        let mut seen = Vec::new();
        let job = |i: usize| {
            thread::sleep(Duration::from_millis(if i.is_multiple_of(7) {
                8
            } else {
                0
            }));
            i * 10
        };
        let finished = AtomicUsize::new(0);
        run(
            200,
            4,
            &Interrupt::default(),
            job,
            |_| {
                finished.fetch_add(1, Ordering::Relaxed);
            },
            |i, r| seen.push((i, r.expect("no panic"))),
        )
        .expect("threads");
        assert_eq!(seen, (0..200).map(|i| (i, i * 10)).collect::<Vec<_>>());
        assert_eq!(finished.into_inner(), 200);
    }

    #[test]
    fn a_panic_in_one_job_is_its_result_and_stops_no_other() {
        silence_worker_panics();
        let mut seen = Vec::new();
        let job = |i: usize| {
            assert!(i != 3, "decoder gave up on {i}");
            i
        };
        run(
            6,
            2,
            &Interrupt::default(),
            job,
            |_| (),
            |_, r| seen.push(r),
        )
        .expect("threads");
        assert_eq!(seen.len(), 6);
        let error = seen[3].as_ref().expect_err("panicked");
        assert!(error.starts_with("decoder gave up on 3"), "{error}");
        assert!(seen.iter().enumerate().all(|(i, r)| i == 3 || *r == Ok(i)));
    }

    #[test]
    fn waiting_results_do_not_grow_with_the_number_of_jobs() {
        let (unemitted, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let job = |i: usize| {
            if i == 0 {
                thread::sleep(Duration::from_millis(60));
            }
            let now = unemitted.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
        };
        run(
            5000,
            3,
            &Interrupt::default(),
            job,
            |_| (),
            |_, _| {
                unemitted.fetch_sub(1, Ordering::SeqCst);
            },
        )
        .expect("threads");
        assert!(most.into_inner() <= 3 * AHEAD, "bounded by the gate");
    }

    #[test]
    fn after_an_interrupt_no_job_is_started_and_running_ones_are_told() {
        let interrupt = Interrupt::default();
        let mut seen = 0;
        let job = |i: usize| {
            if i == 5 {
                interrupt.request();
            }
        };
        run(1000, 2, &interrupt, job, |_| (), |_, _| seen += 1).expect("threads");
        assert!((6..=8).contains(&seen), "{seen}");
    }

    #[test]
    fn nothing_to_do_is_done_at_once() {
        run(0, 4, &Interrupt::default(), |_| (), |_| (), |_, _| ()).expect("nothing");
    }
}
