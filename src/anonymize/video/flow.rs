//! Threads of a video: one that decodes, several that look, one that encodes, and the caller's,
//! which sees every frame in order.
//!
//! Invariant: never more frames are in memory than their [`Pool`] has; when a function here
//! returns, every thread that it started has ended.

pub(crate) use crate::anonymize::progress::interrupted;
use crate::error::{Error, ErrorKind, Result};
use crate::video::{Frame, FrameSink, FrameSource, Shape, caught};
use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Frames that may wait for the encoder.
pub(super) const WRITER_QUEUE: usize = 4;
/// Frames that no decision holds back take no more than this many bytes, where a few do not take
/// more already.
const IN_FLIGHT: usize = 192 << 20;
/// How often the caller is asked whether to go on while nothing comes.
const TICK: Duration = Duration::from_millis(200);
/// Decoders keep tables on the stack; threads have 2 MiB by default.
const STACK: usize = 8 << 20;

/// Frames of this shape that may be decoded, searched and encoded at a time; few of large ones.
pub(super) fn frames_in_flight(shape: &Shape) -> usize {
    (IN_FLIGHT / shape.bytes().max(1)).max(3)
}

/// Frames that are used again and again.
pub(crate) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    idle: Vec<Frame>,
    /// Frames that were never made yet.
    unmade: usize,
    is_closed: bool,
}

impl Pool {
    /// A pool of this many frames.
    pub(crate) fn new(frames: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                unmade: frames,
                is_closed: false,
            }),
            returned: Condvar::new(),
        })
    }

    /// Waits for a frame; `None` once the pool is closed.
    pub(super) fn take(&self) -> Option<Frame> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(frame) = state.idle.pop() {
                return Some(frame);
            }
            if state.unmade > 0 {
                state.unmade -= 1;
                return Some(Frame::default());
            }
            state = self
                .returned
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a frame back.
    pub(crate) fn give(&self, frame: Frame) {
        self.lock().idle.push(frame);
        self.returned.notify_one();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.returned.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decodes on one thread, calls `look` on `workers` more, and `each` here with every frame and what
/// was seen in it, in order; with `None` now and then. Frames come from `pool`, which is closed
/// afterwards, and are for `each` to give back.
///
/// # Errors
/// The first in the order of the frames, of the source, of `look`, or of `each`.
pub(crate) fn in_order<L: Send>(
    mut source: Box<dyn FrameSource + '_>,
    shape: &Shape,
    workers: usize,
    pool: &Pool,
    look: impl Fn(&Frame) -> Result<L> + Sync,
    mut each: impl FnMut(Option<(Frame, L)>) -> Result<()>,
) -> Result<()> {
    thread::scope(|scope| {
        // Whatever becomes of `each`: a thread that waits for a frame would keep the others
        // waiting.
        let _closing = Closing(pool);
        let (to_workers, work) = mpsc::sync_channel::<(usize, Result<Frame>)>(workers);
        let (done, results) = mpsc::channel();
        let read = move || {
            for index in 0.. {
                let Some(mut frame) = pool.take() else { return };
                let item = match source.next(shape, &mut frame) {
                    Ok(true) => Ok(frame),
                    Ok(false) => return,
                    Err(e) => Err(e),
                };
                let is_last = item.is_err();
                if to_workers.send((index, item)).is_err() || is_last {
                    return;
                }
            }
        };
        spawn(scope, read)?;
        let work = Arc::new(Mutex::new(work));
        for _ in 0..workers {
            let (work, done, look) = (Arc::clone(&work), done.clone(), &look);
            let run = move || {
                loop {
                    let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((index, item)) = next else { return };
                    let looked = item.and_then(|frame| {
                        let seen = caught("looking for faces", || look(&frame))?;
                        Ok((frame, seen))
                    });
                    if done.send((index, looked)).is_err() {
                        return;
                    }
                }
            };
            spawn(scope, run)?;
        }
        drop((work, done));
        give_out(&results, &mut each)
    })
}

/// Closes a pool when it goes out of sight.
struct Closing<'a>(&'a Pool);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Calls `each` in the order of the frames until all threads have ended.
fn give_out<L>(
    results: &mpsc::Receiver<(usize, Result<(Frame, L)>)>,
    each: &mut impl FnMut(Option<(Frame, L)>) -> Result<()>,
) -> Result<()> {
    let mut waiting = BTreeMap::new();
    let mut due = 0;
    loop {
        match results.recv_timeout(TICK) {
            Ok((index, looked)) => {
                waiting.insert(index, looked);
                while let Some(looked) = waiting.remove(&due) {
                    each(Some(looked?))?;
                    due += 1;
                }
            }
            Err(RecvTimeoutError::Timeout) => each(None)?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match waiting.is_empty() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Internal, "a frame was lost")),
    }
}

fn spawn<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    run: impl FnOnce() + Send + 'scope,
) -> Result<()> {
    let spawned = worker().spawn_scoped(scope, run);
    spawned.map(drop).map_err(no_thread)
}

fn worker() -> thread::Builder {
    thread::Builder::new()
        .name("faceveil-worker-video".into())
        .stack_size(STACK)
}

fn no_thread(why: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, "starting a thread").because(why)
}

/// What goes to the encoder's thread.
enum Order {
    Frame(Lent),
    Finish,
}

/// A frame that goes back to its pool however it ends: encoded, or in a queue that nobody reads any
/// more.
struct Lent {
    frame: Frame,
    pool: Arc<Pool>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.frame));
    }
}

/// An encoder on a thread of its own. Dropped before it has finished, it leaves a file that is not
/// whole.
pub(super) struct Writing {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<Result<usize>>>,
    waited: Duration,
}

impl Writing {
    /// Starts the thread.
    ///
    /// # Errors
    /// If there is none to be had.
    pub(super) fn start(mut sink: Box<dyn FrameSink>) -> Result<Self> {
        let (orders, received) = mpsc::sync_channel(WRITER_QUEUE);
        let write = move || {
            let mut written = 0;
            for order in received {
                match order {
                    Order::Frame(lent) => {
                        sink.write(&lent.frame)?;
                        written += 1;
                    }
                    Order::Finish => {
                        sink.finish()?;
                        return Ok(written);
                    }
                }
            }
            Err(interrupted())
        };
        let thread = worker().spawn(move || caught("encoding", write));
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread.map_err(no_thread)?),
            waited: Duration::ZERO,
        })
    }

    /// Hands over a frame, which goes to `pool` when it is encoded.
    pub(super) fn send(&mut self, frame: Frame, pool: &Arc<Pool>) -> Result<()> {
        let pool = Arc::clone(pool);
        self.order(Order::Frame(Lent { frame, pool }))
    }

    /// Completes the file. Gives the frames written, and the seconds that frames had to wait.
    pub(super) fn finish(mut self) -> Result<(usize, f64)> {
        self.order(Order::Finish)?;
        self.orders = None;
        Ok((self.join()?, self.waited.as_secs_f64()))
    }

    fn order(&mut self, order: Order) -> Result<()> {
        let start = Instant::now();
        let sent = self.orders.as_ref().map(|o| o.send(order));
        self.waited += start.elapsed();
        match sent {
            Some(Ok(())) => Ok(()),
            _ => match self.join() {
                Err(e) => Err(e),
                Ok(_) => Err(Error::new(ErrorKind::Internal, "the encoder ended early")),
            },
        }
    }

    fn join(&mut self) -> Result<usize> {
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(result)) => result,
            _ => Err(Error::new(
                ErrorKind::Internal,
                "the encoder's thread is gone",
            )),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::Samples;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SHAPE: Shape = Shape::GREY;

    /// Counts frames up to `end`, then ends or fails.
    struct Counting {
        next: i64,
        end: i64,
        fails: bool,
    }

    impl FrameSource for Counting {
        fn next(&mut self, _: &Shape, frame: &mut Frame) -> Result<bool> {
            if self.next == self.end {
                return match self.fails {
                    true => Err(Error::new(ErrorKind::Malformed, "cut off")),
                    false => Ok(false),
                };
            }
            frame.pts = self.next;
            frame.samples = Samples::U8(vec![0; 4]);
            self.next += 1;
            Ok(true)
        }
    }

    fn counting(end: i64, fails: bool) -> Box<Counting> {
        Box::new(Counting {
            next: 0,
            end,
            fails,
        })
    }

    #[test]
    fn frames_come_in_order_whatever_takes_longest_and_no_more_than_the_pool_has() {
        let pool = Pool::new(9);
        let (out, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let look = |frame: &Frame| {
            let now = out.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            if frame.pts % 7 == 0 {
                thread::sleep(Duration::from_millis(3));
            }
            Ok(frame.pts * 2)
        };
        let mut seen = Vec::new();
        in_order(counting(300, false), &SHAPE, 3, &pool, look, |item| {
            if let Some((frame, twice)) = item {
                assert_eq!(twice, frame.pts * 2);
                seen.push(frame.pts);
                out.fetch_sub(1, Ordering::SeqCst);
                pool.give(frame);
            }
            Ok(())
        })
        .expect("all frames");
        assert_eq!(seen, (0..300).collect::<Vec<_>>());
        assert!(most.into_inner() <= 9);
    }

    #[test]
    fn an_error_anywhere_ends_all_threads() {
        let run = |source, look: fn(&Frame) -> Result<()>, stop: i64| {
            let pool = Pool::new(8);
            let mut frames = 0;
            let result = in_order(source, &SHAPE, 2, &pool, look, |item| {
                let Some((frame, ())) = item else {
                    return Ok(());
                };
                frames += 1;
                if frame.pts == stop {
                    return Err(interrupted());
                }
                pool.give(frame);
                Ok(())
            });
            (result.expect_err("failed").kind(), frames)
        };
        assert_eq!(
            run(counting(5, true), |_| Ok(()), -1),
            (ErrorKind::Malformed, 5)
        );
        let fail = |f: &Frame| match f.pts {
            3 => Err(Error::new(ErrorKind::Engine, "no")),
            _ => Ok(()),
        };
        assert_eq!(run(counting(1000, false), fail, -1), (ErrorKind::Engine, 3));
        let panic = |f: &Frame| {
            assert!(f.pts != 4, "a bug");
            Ok(())
        };
        assert_eq!(
            run(counting(1000, false), panic, -1),
            (ErrorKind::Internal, 4)
        );
        let none = |_: &Frame| Ok(());
        assert_eq!(
            run(counting(1000, false), none, 10),
            (ErrorKind::Interrupted, 11)
        );
    }

    #[test]
    fn a_panic_of_the_caller_ends_all_threads() {
        let pool = Pool::new(4);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            in_order(
                counting(1000, false),
                &SHAPE,
                2,
                &pool,
                |_| Ok(()),
                |item| {
                    assert!(item.is_none_or(|(f, ())| f.pts != 2), "a bug");
                    Ok(())
                },
            )
        }));
        assert!(panicked.is_err());
    }

    struct Sink {
        room: usize,
    }

    impl FrameSink for Sink {
        fn write(&mut self, _: &Frame) -> Result<()> {
            self.room = self
                .room
                .checked_sub(1)
                .ok_or_else(|| Error::new(ErrorKind::Output, "disk full"))?;
            Ok(())
        }

        fn finish(self: Box<Self>) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_the_error_that_is_told() {
        let pool = Pool::new(4);
        let mut writing = Writing::start(Box::new(Sink { room: 10 })).expect("a thread");
        let error = loop {
            let frame = pool.take().expect("open");
            if let Err(e) = writing.send(frame, &pool) {
                break e;
            }
        };
        assert_eq!(error.kind(), ErrorKind::Output);
        let writing = Writing::start(Box::new(Sink { room: 10 })).expect("a thread");
        assert_eq!(writing.finish().expect("finished").0, 0);
    }
}
