//! When frames are shown. Everything that lasts is measured in seconds, so that a second is one at
//! any frame rate, and where the rate varies, too.
//!
//! Invariant: two frames are never told to be further apart than they are shown, unless more than
//! [`MOST_FRAMES`] lie between them. Memory does not grow with the length of the video.

use std::collections::VecDeque;

/// A frame that is shown for longer counts for this long, seconds: where frames are rare a second
/// holds too few of them to tell a face that is gone from one that was missed, so it takes twelve
/// at least.
const LONGEST: f64 = 1.0 / 12.0;
/// Frames that are further apart than this many have nothing to do with each other, whenever they
/// are shown: a bound on what is held, beyond all cameras.
pub(super) const MOST_FRAMES: usize = 4096;

/// Frames whose times are kept: spans end within some seconds, and none of them asks for more.
const KEPT: usize = 2 * MOST_FRAMES;

/// The times of a video's latest frames, in seconds.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// By frame from `first` on: the time that counts, never falling, and the one that the video
    /// says.
    times: VecDeque<(f64, f64)>,
    /// The first frame whose time is kept.
    first: usize,
}

impl Clock {
    /// The next frame is shown at this time, in seconds from any start.
    pub(super) fn push(&mut self, time: f64) {
        let (last, said) = self.times.back().copied().unwrap_or((0.0, time));
        let step = time - said;
        // A time that is no number takes none.
        let step = if step > 0.0 { step.min(LONGEST) } else { 0.0 };
        self.times.push_back((last + step, time));
        if self.times.len() > KEPT {
            self.times.pop_front();
            self.first += 1;
        }
    }

    /// When a frame is shown, as the video says.
    pub(super) fn said(&self, frame: usize) -> f64 {
        self.entry(frame).1
    }

    /// Seconds from the beginning of one frame to that of another, in either order.
    pub(super) fn span(&self, a: usize, b: usize) -> f64 {
        (self.at(b) - self.at(a)).abs()
    }

    /// Seconds for which other frames are shown between two, in either order.
    pub(super) fn apart(&self, a: usize, b: usize) -> f64 {
        let (first, last) = (a.min(b), a.max(b));
        if last - first > MOST_FRAMES {
            return f64::INFINITY;
        }
        (self.at(last) - self.at(first + 1)).max(0.0)
    }

    fn at(&self, frame: usize) -> f64 {
        self.entry(frame).0
    }

    /// A frame that is yet to come is shown no earlier than the newest one, a forgotten one no
    /// later than the oldest that is kept.
    fn entry(&self, frame: usize) -> (f64, f64) {
        let kept = self.times.get(frame.saturating_sub(self.first));
        kept.or(self.times.back()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clock(times: &[f64]) -> Clock {
        let mut clock = Clock::default();
        times.iter().for_each(|t| clock.push(*t));
        clock
    }

    #[test]
    fn a_second_is_as_many_frames_as_the_rate_says_and_twelve_at_least() {
        for (rate, frames) in [(1, 12), (10, 12), (24, 24), (30, 30), (60, 60), (480, 480)] {
            let times: Vec<f64> = (0..600).map(|i| f64::from(i) / f64::from(rate)).collect();
            let clock = clock(&times);
            let apart = |n| clock.apart(50, 50 + n);
            assert!(apart(frames) < 1.0 - 1e-9, "{rate}: {}", apart(frames));
            assert!(apart(frames + 1) > 1.0 - 1e-9, "{rate}");
            assert!((clock.span(50 + frames, 50) - 1.0).abs() < 1e-9, "{rate}");
        }
    }

    #[test]
    fn times_that_make_no_sense_are_none() {
        let clock = clock(&[f64::NAN, 0.0, f64::INFINITY, -5.0, f64::NEG_INFINITY, 1.0]);
        for frame in 0..8 {
            assert!((0.0..1.0).contains(&clock.at(frame)));
        }
        assert_eq!(Clock::default().apart(0, 3), 0.0);
        assert_eq!(clock.said(3), -5.0);
        assert_eq!(clock.apart(0, MOST_FRAMES + 1), f64::INFINITY);
    }

    #[test]
    fn memory_is_bounded_and_what_is_kept_is_right() {
        let times: Vec<f64> = (0..KEPT + 500).map(|i| i as f64 / 50.0).collect();
        let clock = clock(&times);
        assert_eq!(clock.times.len(), KEPT);
        let (last, earlier) = (times.len() - 1, times.len() - 101);
        assert!((clock.span(earlier, last) - 2.0).abs() < 1e-6);
        assert_eq!(clock.said(last), times[last]);
        assert_eq!(clock.span(0, 500), 0.0, "no further apart than they are");
    }

    proptest! {
        #[test]
        fn frames_are_never_further_apart_than_they_are_shown(
            steps in prop::collection::vec(0.0f64..0.4, 1..60), from in -1e6f64..1e6
        ) {
            let mut time = from;
            let times: Vec<f64> = steps.iter().map(|step| { time += step; time }).collect();
            let clock = clock(&times);
            for i in 0..times.len() {
                for j in i + 1..times.len() {
                    prop_assert!(clock.apart(i, j) <= times[j] - times[i + 1] + 1e-6);
                    prop_assert!(clock.apart(i, j) <= clock.span(i, j));
                    prop_assert_eq!(clock.apart(i, j), clock.apart(j, i));
                }
            }
        }
    }
}
