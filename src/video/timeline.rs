//! Time as videos count it: whole ticks of a time base. Nothing here rounds.

use crate::digest::Digest;
use std::cmp::Ordering;

/// A tick: `num / den` seconds, neither 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeBase {
    num: u32,
    den: u32,
}

impl TimeBase {
    /// `None` if either is 0.
    pub(crate) fn new(num: u32, den: u32) -> Option<Self> {
        (num > 0 && den > 0).then_some(Self { num, den })
    }

    /// So many ticks a second; 0 counts as 1.
    pub(crate) const fn of_rate(ticks: u32) -> Self {
        let den = if ticks == 0 { 1 } else { ticks };
        Self { num: 1, den }
    }

    pub(crate) const fn num(self) -> u32 {
        self.num
    }

    pub(crate) const fn den(self) -> u32 {
        self.den
    }

    /// Ticks a second.
    pub(crate) fn rate(self) -> f64 {
        f64::from(self.den) / f64::from(self.num)
    }

    /// The first tick that is not before a time.
    pub(crate) fn ticks_from(self, time: std::time::Duration) -> i64 {
        let unit = u128::from(self.num) * 1_000_000_000;
        let ticks = (time.as_nanos().saturating_mul(self.den.into())).div_ceil(unit);
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// For people.
    pub(crate) fn seconds(self, ticks: i64) -> f64 {
        ticks as f64 * f64::from(self.num) / f64::from(self.den)
    }

    /// Ticks in a common unit of this time base and another one.
    fn common(self, ticks: i64, other: Self) -> i128 {
        i128::from(ticks) * i128::from(self.num) * i128::from(other.den)
    }
}

/// Presentation timestamps of a whole video, in the order in which frames are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    pub(crate) base: TimeBase,
    pub(crate) pts: Vec<i64>,
}

/// A digest of when frames are shown, counted from the first: equal for equal times, whatever time
/// base they are counted in.
pub(crate) fn times(base: TimeBase, pts: &[i64]) -> Digest {
    let first = pts.first().copied().unwrap_or(0);
    let mut bytes = Vec::with_capacity(pts.len() * 32);
    for pts in pts {
        let ticks = (i128::from(*pts) - i128::from(first)) * i128::from(base.num());
        let common = divisor(ticks.unsigned_abs(), base.den().into()).max(1) as i128;
        bytes.extend((ticks / common).to_le_bytes());
        bytes.extend((i128::from(base.den()) / common).to_le_bytes());
    }
    Digest::of(&bytes)
}

/// The greatest common one.
fn divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Most that the first frame may have moved, in seconds: MP4 files of older muxers begin on a whole
/// millisecond of their movie.
const START: f64 = 0.0011;

impl Timeline {
    /// When the first frame is shown, in seconds.
    pub(crate) fn begin(&self) -> f64 {
        self.base.seconds(self.pts.first().copied().unwrap_or(0))
    }

    /// The first frame whose time differs from the other's. `start` is what the other one's zero is
    /// in this one's time, in seconds; steps between frames are compared exactly.
    pub(crate) fn first_difference(&self, other: &Self, start: f64) -> Option<usize> {
        let (Some(&a0), Some(&b0)) = (self.pts.first(), other.pts.first()) else {
            return (self.pts.len() != other.pts.len()).then_some(0);
        };
        let moved = self.begin() - start - other.begin();
        if moved.abs() > START {
            return Some(0);
        }
        let same = |(a, b): (&i64, &i64)| {
            let a = a.checked_sub(a0).map(|t| self.base.common(t, other.base));
            let b = b.checked_sub(b0).map(|t| other.base.common(t, self.base));
            a.is_some() && a == b
        };
        let pairs = self.pts.iter().zip(&other.pts);
        let differs = pairs.map(same).position(|same| !same);
        differs.or(match self.pts.len().cmp(&other.pts.len()) {
            Ordering::Equal => None,
            _ => Some(self.pts.len().min(other.pts.len())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(num: u32, den: u32, pts: &[i64]) -> Timeline {
        let base = TimeBase::new(num, den).expect("not 0");
        Timeline {
            base,
            pts: pts.to_vec(),
        }
    }

    #[test]
    fn the_same_times_in_another_time_base_are_the_same() {
        let a = timeline(1001, 30000, &[0, 1, 3, 4]);
        let b = timeline(1, 30000, &[0, 1001, 3003, 4004]);
        assert_eq!(a.first_difference(&b, 0.0), None);
        assert_eq!(b.first_difference(&a, 0.0), None);
        assert_eq!(times(a.base, &a.pts), times(b.base, &b.pts));
        let moved: Vec<i64> = b.pts.iter().map(|t| t + 77).collect();
        assert_eq!(times(a.base, &a.pts), times(b.base, &moved));
        assert_ne!(times(a.base, &a.pts), times(b.base, &[0, 1001, 3003, 4005]));
        assert_ne!(times(a.base, &a.pts), times(a.base, &a.pts[..3]));
    }

    #[test]
    fn a_tick_a_missing_frame_and_a_moved_start_are_seen() {
        let a = timeline(1, 90000, &[129_600, 133_200, 136_801]);
        let shifted = timeline(1, 90000, &[0, 3600, 7201]);
        assert_eq!(a.first_difference(&shifted, 1.44), None);
        assert_eq!(a.first_difference(&shifted, 1.40), Some(0));
        let one_off = timeline(1, 90000, &[0, 3600, 7200]);
        assert_eq!(a.first_difference(&one_off, 1.44), Some(2));
        let short = timeline(1, 90000, &[0, 3600]);
        assert_eq!(a.first_difference(&short, 1.44), Some(2));
        let none = timeline(1, 90000, &[]);
        assert_eq!(a.first_difference(&none, 1.44), Some(0));
        assert_eq!(none.first_difference(&none, 0.0), None);
    }
}
