//! A part of a video's time: the only one that is searched and covered.
//!
//! Invariant: a frame is in the part exactly if some of the time for which it is shown is. The
//! frame that is on the screen when the part begins belongs to it.

use super::timeline::TimeBase;
use super::{Frame, FrameSource, Shape, Video};
use crate::error::{Error, ErrorKind, Result};
use crate::time_range::TimeRange;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

impl TimeRange {
    /// Both ends in ticks, rounded up: a tick is in the part if it is at least the first and less
    /// than the second.
    pub(super) fn ticks(&self, base: TimeBase) -> (i64, i64) {
        let to = self.to.map_or(i64::MAX, |to| base.ticks_from(to));
        (base.ticks_from(self.from), to)
    }

    /// What is said of a video of which the part shows nothing.
    pub(super) fn shows_nothing(&self, end: f64) -> Error {
        let from = self.from.as_secs_f64();
        let until = match self.to {
            Some(to) => format!("{from} to {} seconds", to.as_secs_f64()),
            None => format!("{from} seconds on"),
        };
        let message = format!("it shows no frame from {until}; it ends at {end:.3} seconds");
        Error::new(ErrorKind::InvalidArgument, message)
    }
}

/// What a [`PartSource`] does with frames outside of its part.
#[derive(Debug)]
enum Others {
    /// It does not give them, and counts time from the part's beginning.
    Leave,
    /// It gives them, and says here which frame is the part's first before it gives that.
    Mark(Arc<AtomicI64>),
}

/// Frames of a video of which a part matters.
pub(crate) struct PartSource<S> {
    from: S,
    range: TimeRange,
    base: TimeBase,
    /// Both ends of the part in ticks.
    part: (i64, i64),
    /// When the last frame ceases to be shown, if that is known.
    end: Option<i64>,
    /// Ticks for which a frame is shown, on average.
    step: i64,
    others: Others,
    /// The frame after the one that was given last, if it was read.
    ahead: Option<Frame>,
    /// A buffer that is used again.
    spare: Frame,
    has_begun: bool,
}

impl FrameSource for Box<dyn FrameSource + '_> {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        (**self).next(shape, frame)
    }
}

/// Whether a frame is in a part, for those that get it from a [`PartSource`].
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    first: Arc<AtomicI64>,
    end: i64,
}

impl Inside {
    /// Whether a frame that is shown from this tick on is before the part (`Less`), in it, or after
    /// it.
    pub(crate) fn compare(&self, pts: i64) -> std::cmp::Ordering {
        if pts < self.first.load(Ordering::Acquire) {
            std::cmp::Ordering::Less
        } else if pts >= self.end {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        }
    }
}

impl<S: FrameSource> PartSource<S> {
    /// Gives the part's frames only, at times from its beginning on. `end`, `rate`: of the whole
    /// video.
    pub(super) fn cut(
        from: S,
        range: TimeRange,
        base: TimeBase,
        end: Option<i64>,
        rate: f64,
    ) -> Self {
        Self {
            from,
            range,
            base,
            part: range.ticks(base),
            end,
            step: (base.rate() / rate.max(1.0)).round().max(1.0) as i64,
            others: Others::Leave,
            ahead: None,
            spare: Frame::default(),
            has_begun: false,
        }
    }

    /// Gives all frames, and says which are in the part.
    pub(crate) fn mark(from: S, range: TimeRange, video: &dyn Video) -> (Self, Inside) {
        let (base, end, rate) = (video.time_base(), video.end(), video.rate());
        let mut source = Self::cut(from, range, base, end, rate);
        let first = Arc::new(AtomicI64::new(i64::MAX));
        source.others = Others::Mark(Arc::clone(&first));
        let end = source.part.1;
        (source, Inside { first, end })
    }

    /// The next frame of the video, whether it is in the part or not.
    fn read(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        match self.ahead.take() {
            Some(ahead) => {
                self.spare = std::mem::replace(frame, ahead);
                Ok(true)
            }
            None => self.from.next(shape, frame),
        }
    }

    /// Whether a frame before the part's beginning is still shown then.
    fn is_shown_at_begin(&mut self, shape: &Shape, frame: &Frame) -> Result<bool> {
        let mut next = std::mem::take(&mut self.spare);
        let begin = self.part.0;
        match self.from.next(shape, &mut next)? {
            true => {
                let is_shown = next.pts > begin;
                self.ahead = Some(next);
                Ok(is_shown)
            }
            false => {
                let end = self.end.unwrap_or(frame.pts.saturating_add(self.step));
                match end > begin {
                    true => Ok(true),
                    false => Err(self.range.shows_nothing(self.base.seconds(end))),
                }
            }
        }
    }
}

impl<S: FrameSource> FrameSource for PartSource<S> {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        let (begin, end) = self.part;
        let mut last = 0;
        while self.read(shape, frame)? {
            last = frame.pts;
            let is_first =
                !self.has_begun && (frame.pts >= begin || self.is_shown_at_begin(shape, frame)?);
            if is_first && frame.pts >= end {
                break;
            }
            self.has_begun |= is_first;
            match &self.others {
                Others::Mark(first) => {
                    if is_first {
                        first.store(frame.pts, Ordering::Release);
                    }
                    return Ok(true);
                }
                Others::Leave if !self.has_begun => {}
                Others::Leave if frame.pts >= end => return Ok(false),
                Others::Leave => {
                    frame.pts = frame.pts.max(begin) - begin;
                    return Ok(true);
                }
            }
        }
        match self.has_begun {
            true => Ok(false),
            false => Err(self
                .range
                .shows_nothing(self.base.seconds(last.saturating_add(self.step)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp;
    use std::collections::VecDeque;

    struct Given(VecDeque<i64>);

    impl FrameSource for Given {
        fn next(&mut self, _: &Shape, frame: &mut Frame) -> Result<bool> {
            let next = self.0.pop_front();
            frame.pts = next.unwrap_or(frame.pts);
            Ok(next.is_some())
        }
    }

    use std::time::Duration;

    fn range(from: u64, to: Option<u64>) -> TimeRange {
        TimeRange {
            from: Duration::from_millis(from),
            to: to.map(Duration::from_millis),
        }
    }

    fn source(pts: &[i64], range: TimeRange) -> PartSource<Given> {
        let base = TimeBase::of_rate(1000);
        PartSource::cut(
            Given(pts.iter().copied().collect()),
            range,
            base,
            None,
            10.0,
        )
    }

    fn all(mut source: PartSource<Given>) -> std::result::Result<Vec<i64>, ErrorKind> {
        let (mut frame, mut out) = (Frame::default(), Vec::new());
        while source
            .next(&Shape::GREY, &mut frame)
            .map_err(|e| e.kind())?
        {
            out.push(frame.pts);
        }
        Ok(out)
    }

    #[test]
    fn a_part_has_the_frame_on_the_screen_and_counts_from_its_beginning() {
        let pts = [0, 100, 200, 300, 400];
        let cut = |from, to| all(source(&pts, range(from, to)));
        assert_eq!(cut(0, None), Ok(pts.to_vec()));
        assert_eq!(cut(100, Some(300)), Ok(vec![0, 100]));
        assert_eq!(cut(150, Some(301)), Ok(vec![0, 50, 150]));
        assert_eq!(cut(499, None), Ok(vec![0]));
        assert_eq!(cut(500, None), Err(ErrorKind::InvalidArgument));
        let slides = source(&[0, 4000, 8000], range(1000, Some(5000)));
        assert_eq!(all(slides), Ok(vec![0, 3000]));
        let late = source(&[700, 800], range(500, Some(750)));
        assert_eq!(all(late), Ok(vec![200]));
        let before = source(&[700, 800], range(500, Some(600)));
        assert_eq!(all(before), Err(ErrorKind::InvalidArgument));
        assert!(range(5, Some(5)).check().is_err());
    }

    proptest! {
        #[test]
        fn marked_frames_are_those_that_a_cut_would_give(
            steps in prop::collection::vec(1i64..900, 1..20), from in 0u64..3000, length in 1u64..3000
        ) {
            let mut pts = vec![0];
            pts.extend(steps.iter().scan(0, |now, step| { *now += step; Some(*now) }));
            let range = range(from, Some(from + length));
            let cut = all(source(&pts, range));
            let mut marked = source(&pts, range);
            let first = Arc::new(AtomicI64::new(i64::MAX));
            marked.others = Others::Mark(Arc::clone(&first));
            let inside = Inside { first, end: marked.part.1 };
            let (mut frame, mut inner, mut given) = (Frame::default(), Vec::new(), Vec::new());
            loop {
                match marked.next(&Shape::GREY, &mut frame) {
                    Ok(true) => {
                        given.push(frame.pts);
                        if inside.compare(frame.pts) == cmp::Ordering::Equal {
                            inner.push(frame.pts.max(from as i64) - from as i64);
                        }
                    }
                    Ok(false) => {
                        prop_assert_eq!(&given, &pts);
                        prop_assert_eq!(cut, Ok(inner));
                        break;
                    }
                    Err(e) => {
                        prop_assert_eq!(cut, Err(e.kind()));
                        break;
                    }
                }
            }
        }
    }
}
