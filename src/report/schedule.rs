//! From a report's regions, which have spans, back to those of each frame.

use super::ReportRegion;
use crate::redact::Region;

/// Gives the regions of one frame after the other.
pub(crate) struct Schedule<'a> {
    regions: &'a [ReportRegion],
    /// Those that are still to come, by falling first frame.
    coming: Vec<usize>,
    /// Those of the frame before, in the order of covering.
    now: Vec<usize>,
    frame: usize,
}

fn first(region: &ReportRegion) -> usize {
    let span = region.frames.map_or(0, |[first, _]| first);
    region.frame.unwrap_or(span)
}

impl<'a> Schedule<'a> {
    /// From the first frame on.
    pub(crate) fn new(regions: &'a [ReportRegion]) -> Self {
        let mut coming: Vec<usize> = (0..regions.len()).collect();
        coming.sort_by_key(|&i| std::cmp::Reverse(first(&regions[i])));
        Self {
            regions,
            coming,
            now: Vec::new(),
            frame: 0,
        }
    }

    /// The regions of the next frame, in the order of [`super::FileReport::regions_of`].
    pub(crate) fn next(&mut self) -> Vec<Region> {
        let (all, frame) = (self.regions, self.frame);
        self.now.retain(|&i| all[i].is_in(frame));
        let before = self.now.len();
        while let Some(i) = self.coming.pop_if(|i| first(&all[*i]) <= frame) {
            self.now.push(i);
        }
        if self.now.len() > before {
            self.now.sort_by_key(|&i| (all[i].order(), i));
        }
        self.frame += 1;
        self.now.iter().filter_map(|&i| all[i].region()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Rect, Size};
    use crate::redact::Shape;
    use crate::report::FileReport;
    use proptest::prelude::*;

    fn covered() -> impl Strategy<Value = ReportRegion> {
        let when = prop_oneof![
            Just((None, None)),
            (0usize..8).prop_map(|f| (Some(f), None)),
            (0usize..8, 0usize..8).prop_map(|(a, n)| (None, Some([a, (a + n).min(7)]))),
        ];
        (0.0f32..90.0, when, prop::option::of(0usize..4)).prop_map(|(x, (frame, frames), track)| {
            let area = Rect::new(x, 1.0, 5.0, 5.0).expect("a box");
            let region = Region::new(Shape::Box, area);
            let mut one = ReportRegion::new(&region, Size::new(99, 99)).expect("inside");
            (one.frame, one.frames, one.track) = (frame, frames, track);
            one
        })
    }

    proptest! {
        #[test]
        fn each_frame_gets_its_regions_in_their_order(regions in prop::collection::vec(covered(), 0..30)) {
            let mut report = FileReport::new("none");
            report.regions = regions;
            let mut schedule = Schedule::new(&report.regions);
            for frame in 0..8 {
                let of: Vec<Region> = report.regions_of(frame).iter().filter_map(|r| r.region()).collect();
                prop_assert_eq!(schedule.next(), of);
            }
        }
    }
}
