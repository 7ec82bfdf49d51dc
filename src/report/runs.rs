//! Regions of a video: a box that stays the same for many frames is written once.
#![cfg(feature = "video")]

use super::ReportRegion;

/// Joins equal boxes of successive frames. Memory grows with the boxes that differ, not with the
/// frames.
#[derive(Default)]
pub(crate) struct Runs {
    all: Vec<ReportRegion>,
    /// Those of the frame before.
    open: Vec<usize>,
    frame: usize,
}

impl Runs {
    /// Adds the regions of the next frame.
    pub(crate) fn push(&mut self, regions: &[ReportRegion]) {
        let (frame, mut now) = (self.frame, Vec::with_capacity(regions.len()));
        let same = |a: &ReportRegion, b: &ReportRegion| {
            (a.track, a.shape, a.area, a.corners) == (b.track, b.shape, b.area, b.corners)
        };
        for region in regions {
            if now.iter().any(|&i: &usize| same(&self.all[i], region)) {
                continue;
            }
            let run = self.open.iter().find(|&&i| same(&self.all[i], region));
            let index = match run {
                Some(&index) => index,
                None => {
                    self.all.push(*region);
                    self.all.len() - 1
                }
            };
            let first = self.all[index].frames.map_or(frame, |[first, _]| first);
            self.all[index].frames = Some([first, frame]);
            now.push(index);
        }
        self.open = now;
        self.frame += 1;
    }

    /// All of them, by their first frame.
    pub(crate) fn finish(self) -> Vec<ReportRegion> {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Rect, Size};
    use crate::redact::{Region, Shape};

    fn at(x: f32) -> ReportRegion {
        let area = Rect::new(x, 1.0, 5.0, 5.0).expect("a box");
        ReportRegion::new(&Region::new(Shape::Box, area), Size::new(99, 99)).expect("inside")
    }

    #[test]
    fn a_box_that_stays_is_written_once_and_one_that_comes_back_twice() {
        let mut runs = Runs::default();
        let (still, moving) = (at(40.0), |x| at(x).of_track(3));
        runs.push(&[moving(1.0), still]);
        runs.push(&[moving(1.0), still, still]);
        runs.push(&[still]);
        runs.push(&[moving(1.0), still]);
        let written: Vec<_> = runs.finish().iter().map(|r| (r.track, r.frames)).collect();
        assert_eq!(
            written,
            [
                (Some(3), Some([0, 1])),
                (None, Some([0, 3])),
                (Some(3), Some([3, 3]))
            ]
        );
    }
}
