//! Whether a picture track was decoded to its end. A cut file may end like a whole one, and so may
//! a decoder that gave up.

/// How many frames a picture track has and how long it lasts, by what the container says of it
/// beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Promise {
    frames: u64,
    /// In seconds, in the track's own time.
    end: f64,
    /// Seconds from frame to frame, on average.
    step: f64,
}

impl Promise {
    /// `start` and `length` in seconds.
    pub(super) fn new(frames: u64, start: f64, length: f64) -> Self {
        Self {
            frames,
            end: start + length,
            step: length / frames.max(1) as f64,
        }
    }

    /// Whether a track cannot have ended after this many frames, the last of which is shown from
    /// `last` on, in seconds. Decoders leave out what they cannot show, edit lists hide frames, and
    /// a last frame may be long: only fewer frames and an earlier end together are a cut.
    pub(super) fn is_broken(&self, frames: u64, last: f64) -> bool {
        let missing = self.end - (last + self.step);
        frames < self.frames && missing > (2.0 * self.step).max(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_frames_and_an_earlier_end_break_a_promise() {
        let usual = Promise::new(45, 100.0, 1.5);
        assert!(usual.is_broken(15, 100.4667));
        assert!(!usual.is_broken(45, 101.4667));
        assert!(!usual.is_broken(43, 101.4667), "two could not be shown");
        assert!(!usual.is_broken(44, 101.4333), "nor could the last");
        let slides = Promise::new(2, 100.0, 4.0);
        assert!(!slides.is_broken(2, 102.0), "a slide show");
        assert!(
            !Promise::new(3, 100.0, 40.0).is_broken(3, 101.0),
            "a long last frame"
        );
        assert!(
            !Promise::new(45, 100.0, 1.0).is_broken(30, 100.9667),
            "an edit list"
        );
    }
}
