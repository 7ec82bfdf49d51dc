//! Boxes by hand that move through a video.

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use std::time::Duration;

/// Seconds for which the first box holds before its time, and the last one after it: players round
/// the times that they show.
const ROUNDED: f64 = 0.1;

/// A box that is always covered from one time of a video to another, and that moves in between.
///
/// ```
/// use faceveil::{MovingRegion, Rect};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let at = |seconds, x| (Duration::from_secs(seconds), Rect::new(x, 60.0, 200.0, 80.0));
/// let key_frames = [at(1, 40.0), at(3, 140.0)].map(|(t, r)| (t, r.expect("a box")));
/// let region = MovingRegion::new(key_frames)?;
/// assert_eq!(region.at(2.0).map(|r| r.left()), Some(90.0));
/// assert_eq!(region.at(4.0), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<(Duration, Rect)>", into = "Vec<(Duration, Rect)>")]
pub struct MovingRegion {
    /// At least two, in the order of their times.
    key_frames: Vec<(Duration, Rect)>,
}

impl MovingRegion {
    /// Times from the start of the video, and where the box is then, in pixels of the upright
    /// picture. Between two of them its edges move evenly.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for fewer than two, and for times that do not ascend.
    pub fn new(key_frames: impl Into<Vec<(Duration, Rect)>>) -> Result<Self> {
        let key_frames = key_frames.into();
        let invalid = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        if key_frames.len() < 2 {
            return invalid("a region that moves needs two times at least".into());
        }
        match key_frames.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            Some(pair) => invalid(format!(
                "{} seconds do not come after {} seconds",
                pair[1].0.as_secs_f64(),
                pair[0].0.as_secs_f64()
            )),
            None => Ok(Self { key_frames }),
        }
    }

    /// The times and the boxes, in order.
    #[must_use]
    pub fn key_frames(&self) -> &[(Duration, Rect)] {
        &self.key_frames
    }

    /// Where it is so many seconds after the start of the video; `None` before its first time and
    /// after its last one, by more than a tenth of a second.
    #[must_use]
    pub fn at(&self, seconds: f64) -> Option<Rect> {
        let time = |i: usize| self.key_frames[i].0.as_secs_f64();
        let last = self.key_frames.len() - 1;
        if !(time(0) - ROUNDED..=time(last) + ROUNDED).contains(&seconds) {
            return None;
        }
        let after = self
            .key_frames
            .partition_point(|(t, _)| t.as_secs_f64() < seconds);
        let after = after.clamp(1, last);
        let (from, to) = (time(after - 1), time(after));
        let share = ((seconds - from) / (to - from)).clamp(0.0, 1.0) as f32;
        let (a, b) = (self.key_frames[after - 1].1, self.key_frames[after].1);
        let mix = |a: f32, b: f32| a + (b - a) * share;
        Rect::from_corners(
            mix(a.left(), b.left()),
            mix(a.top(), b.top()),
            mix(a.right(), b.right()),
            mix(a.bottom(), b.bottom()),
        )
    }

    /// For messages: its first and its last time, in seconds.
    #[cfg(feature = "video")]
    pub(super) fn times(&self) -> (f64, f64) {
        let seconds = |key: Option<&(Duration, Rect)>| key.map_or(0.0, |k| k.0.as_secs_f64());
        (
            seconds(self.key_frames.first()),
            seconds(self.key_frames.last()),
        )
    }
}

impl TryFrom<Vec<(Duration, Rect)>> for MovingRegion {
    type Error = Error;

    fn try_from(key_frames: Vec<(Duration, Rect)>) -> Result<Self> {
        Self::new(key_frames)
    }
}

impl From<MovingRegion> for Vec<(Duration, Rect)> {
    fn from(region: MovingRegion) -> Self {
        region.key_frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seconds: f64, x: f32, width: f32) -> (Duration, Rect) {
        let area = Rect::new(x, 10.0, width, 20.0).expect("a box");
        (Duration::from_secs_f64(seconds), area)
    }

    #[test]
    fn the_edges_move_evenly_and_the_ends_hold_for_a_tenth_of_a_second() {
        let region = MovingRegion::new([
            key(1.0, 0.0, 10.0),
            key(2.0, 100.0, 30.0),
            key(2.5, 100.0, 30.0),
        ])
        .expect("a region");
        let edges = |t: f64| region.at(t).map(|r| (r.left(), r.right()));
        assert_eq!(edges(0.89), None);
        assert_eq!(edges(0.91), Some((0.0, 10.0)));
        assert_eq!(edges(1.5), Some((50.0, 70.0)));
        assert_eq!(edges(2.0), Some((100.0, 130.0)));
        assert_eq!(edges(2.59), Some((100.0, 130.0)));
        assert_eq!(edges(2.61), None);
        assert_eq!(edges(f64::NAN), None);
    }

    #[test]
    fn times_that_do_not_ascend_are_refused_wherever_they_come_from() {
        assert!(MovingRegion::new([key(1.0, 0.0, 5.0)]).is_err());
        assert!(MovingRegion::new([key(1.0, 0.0, 5.0), key(1.0, 0.0, 6.0)]).is_err());
        let one = MovingRegion::new([key(1.0, 0.0, 5.0), key(2.0, 0.0, 6.0)]).expect("a region");
        let text = serde_json::to_string(&one).expect("written");
        let read: MovingRegion = serde_json::from_str(&text).expect("read");
        assert_eq!(read, one);
        let back = text.replacen("\"secs\":2", "\"secs\":0", 1);
        assert!(serde_json::from_str::<MovingRegion>(&back).is_err());
    }
}
