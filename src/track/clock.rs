//! When frames are shown. Everything that lasts is measured in seconds, so that a second is one at any
//! frame rate, and where the rate varies, too.
//!
//! Invariant: two frames are never told to be further apart than they are shown, unless more than
//! [`MOST_FRAMES`] lie between them.

/// A frame that is shown for longer counts for this long, seconds: where frames are rare a second holds
/// too few of them to tell a face that is gone from one that was missed, so it takes twelve at least.
const LONGEST: f64 = 1.0 / 12.0;
/// Frames that are further apart than this many have nothing to do with each other, whenever they are
/// shown: a bound on what is held, beyond all cameras.
pub(super) const MOST_FRAMES: usize = 4096;

/// The times of a video's frames, in seconds, from the first one on.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// By frame, never falling.
    times: Vec<f64>,
    /// When the newest frame is shown, as the video says.
    newest: f64,
}

impl Clock {
    /// The next frame is shown at this time, in seconds from any start.
    pub(super) fn push(&mut self, time: f64) {
        let step = time - self.newest;
        // A time that is no number takes none.
        let step = if step > 0.0 { step.min(LONGEST) } else { 0.0 };
        let shown = self.times.last().map_or(0.0, |last| last + step);
        self.times.push(shown);
        self.newest = time;
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

    /// A frame that is yet to come is shown no earlier than the newest one.
    fn at(&self, frame: usize) -> f64 {
        let time = self.times.get(frame).or(self.times.last());
        time.copied().unwrap_or(0.0)
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
        assert_eq!(clock.apart(0, MOST_FRAMES + 1), f64::INFINITY);
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
