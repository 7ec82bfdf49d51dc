//! Edit lists (ISO/IEC 14496-12, 8.6.6): which part of a track is shown, and when. What no part
//! shows is not written: it would stay in the new file unseen.
//!
//! Invariant: frames are shown at the times at which ffmpeg shows them, so that both backends
//! agree.

use super::file::Reason;
use super::tables::{Picture, Sample};
use mp4_atom::Elst;

/// More parts than a person cuts.
const MOST_PARTS: usize = 4096;

/// A part of a track that is shown, in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it begins in the media.
    pub(super) from: i64,
    /// Where it ends in the media.
    pub(super) to: i64,
    /// When it begins to be shown.
    pub(super) at: i64,
}

/// What an edit list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edits {
    /// Ticks of the track before anything is shown.
    pub(super) delay: i64,
    /// In the order of the media, none of which is shown twice.
    pub(super) parts: Vec<Part>,
}

impl Edits {
    /// Reads a list; `None` if everything is shown at its own time. `movie` and `track`: ticks a
    /// second.
    ///
    /// # Errors
    /// If a part is repeated, moved, slowed down, or without end.
    pub(super) fn read(
        list: Option<&Elst>,
        movie: u32,
        track: u32,
    ) -> Result<Option<Self>, Reason> {
        let unusual = || Reason::from("its edit list does more than leave parts out");
        let entries = list.map_or(&[][..], |l| &l.entries);
        if entries.is_empty() {
            return Ok(None);
        }
        if entries.len() > MOST_PARTS || movie == 0 {
            return Err(unusual());
        }
        let mut out = Self::default();
        let (mut now, mut last) = (0i64, 0i64);
        for entry in entries {
            let length = rescaled(entry.segment_duration, movie, track).ok_or_else(unusual)?;
            let Some(from) = entry.media_time else {
                if !out.parts.is_empty() {
                    return Err(unusual());
                }
                now = now.checked_add(length).ok_or_else(unusual)?;
                out.delay = now;
                continue;
            };
            let from = i64::try_from(from).map_err(|_| unusual())?;
            let to = from.checked_add(length).ok_or_else(unusual)?;
            let rate = entry.media_rate;
            if length == 0 || from < last || (rate.integer(), rate.decimal()) != (1, 0) {
                return Err(unusual());
            }
            out.parts.push(Part { from, to, at: now });
            last = to;
            now = now.checked_add(length).ok_or_else(unusual)?;
        }
        match out.parts.is_empty() {
            true => Err(unusual()),
            false => Ok(Some(out)),
        }
    }

    /// When the last part ends.
    pub(super) fn end(&self) -> i64 {
        self.parts.last().map_or(0, |p| p.at + (p.to - p.from))
    }

    /// Gives the pictures that are shown their times, and hides the others. Their times are those
    /// that ffmpeg computes: a part is moved as a whole, and the first frame of the first part is
    /// shown when the part begins.
    ///
    /// # Errors
    /// If frames would be shown in another order than they have in the media.
    pub(super) fn show(&self, pictures: &mut [Picture]) -> Result<(), Reason> {
        let mut least = None;
        for picture in &mut *pictures {
            picture.is_shown = false;
        }
        for part in &self.parts {
            let inside = |p: &&mut Picture| (part.from..part.to).contains(&p.media);
            let mut shown = pictures.iter_mut().filter(inside).peekable();
            // ffmpeg counts on from the first frame of the part, in the order of decoding.
            let first = shown.peek().map_or(0, |p| p.dts);
            for picture in shown {
                picture.is_shown = true;
                picture.pts = picture.media - first + part.at;
                least = Some(least.map_or(picture.pts, |l: i64| l.min(picture.pts)));
            }
        }
        let late = least.map_or(0, |least| (least - self.delay).max(0));
        let mut shown: Vec<&mut Picture> = pictures.iter_mut().filter(|p| p.is_shown).collect();
        shown.sort_by_key(|p| p.media);
        let mut last = 0;
        for picture in shown {
            picture.pts -= late;
            if picture.pts < last {
                return Err("its edit list shows frames in another order".into());
            }
            last = picture.pts;
        }
        Ok(())
    }

    /// Which samples of sound are heard: those of the parts, and before each as many as a decoder
    /// needs to begin there.
    pub(super) fn heard(&self, samples: &[Sample], lead: usize) -> Vec<bool> {
        let mut heard = vec![false; samples.len()];
        for part in &self.parts {
            let first = samples.partition_point(|s| s.end() <= part.from);
            let end = samples.partition_point(|s| s.dts < part.to);
            if first < end {
                heard[first.saturating_sub(lead)..end].fill(true);
            }
        }
        heard
    }
}

/// A duration in other ticks, rounded as ffmpeg does.
pub(super) fn rescaled(ticks: u64, from: u32, to: u32) -> Option<i64> {
    let (from, to) = (u128::from(from.max(1)), u128::from(to));
    i64::try_from((u128::from(ticks) * to + from / 2) / from).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mp4_atom::ElstEntry;

    fn list(entries: &[(u64, Option<u64>)]) -> Elst {
        let entry = |(duration, time): &(u64, Option<u64>)| ElstEntry {
            segment_duration: *duration,
            media_time: *time,
            media_rate: 1.into(),
        };
        Elst {
            entries: entries.iter().map(entry).collect(),
        }
    }

    /// Ten frames of 10 ticks, each shown 20 ticks after it is decoded.
    fn pictures() -> Vec<Picture> {
        let picture = |i: i64| Picture {
            offset: 0,
            size: 1,
            dts: i * 10,
            duration: 10,
            media: i * 10 + 20,
            pts: i * 10 + 20,
            is_sync: i == 0,
            is_shown: true,
        };
        (0..10).map(picture).collect()
    }

    fn shown(entries: &[(u64, Option<u64>)]) -> Result<Vec<i64>, Reason> {
        let edits = Edits::read(Some(&list(entries)), 1000, 1000)?;
        let mut all = pictures();
        edits.expect("a list").show(&mut all)?;
        Ok(all.iter().filter(|p| p.is_shown).map(|p| p.pts).collect())
    }

    #[test]
    fn parts_are_shown_one_after_the_other() {
        assert_eq!(Edits::read(None, 1000, 1000), Ok(None));
        let all: Vec<i64> = (0..10).map(|i| i * 10).collect();
        assert_eq!(shown(&[(100, Some(20))]), Ok(all.clone()));
        assert_eq!(shown(&[(30, Some(40))]), Ok(vec![0, 10, 20]));
        let late: Vec<i64> = all.iter().map(|t| t + 70).collect();
        assert_eq!(shown(&[(70, None), (100, Some(20))]), Ok(late));
        assert_eq!(
            shown(&[(20, Some(20)), (30, Some(90))]),
            Ok(vec![0, 10, 20, 30, 40])
        );
        assert_eq!(shown(&[(100, Some(500))]), Ok(vec![]));
    }

    #[test]
    fn what_is_shown_twice_or_at_another_speed_is_not_understood() {
        assert!(shown(&[(50, Some(20)), (50, Some(20))]).is_err());
        assert!(shown(&[(50, Some(70)), (50, Some(20))]).is_err());
        assert!(shown(&[(50, Some(20)), (50, None), (50, Some(70))]).is_err());
        assert!(shown(&[(0, Some(20))]).is_err());
        assert!(shown(&[(50, None)]).is_err());
        assert!(shown(&[(u64::MAX, Some(20))]).is_err());
        let mut slow = list(&[(50, Some(20))]);
        slow.entries[0].media_rate = 2.into();
        assert!(Edits::read(Some(&slow), 1000, 1000).is_err());
    }

    #[test]
    fn sound_is_heard_from_a_little_before_its_part() {
        let sample = |i: i64| Sample {
            offset: 0,
            size: 1,
            dts: i * 10,
            duration: 10,
        };
        let samples: Vec<Sample> = (0..10).map(sample).collect();
        let heard = |entries: &[(u64, Option<u64>)], lead| {
            let edits = Edits::read(Some(&list(entries)), 1000, 1000);
            let heard = edits.expect("usual").expect("a list").heard(&samples, lead);
            let heard = heard.iter().enumerate().filter(|(_, h)| **h);
            heard.map(|(i, _)| i).collect::<Vec<_>>()
        };
        assert_eq!(heard(&[(20, Some(35))], 0), [3, 4, 5]);
        assert_eq!(heard(&[(20, Some(35))], 2), [1, 2, 3, 4, 5]);
        assert_eq!(heard(&[(10, Some(0)), (500, Some(80))], 1), [0, 7, 8, 9]);
        assert_eq!(heard(&[(10, Some(400))], 1), Vec::<usize>::new());
    }

    #[test]
    fn ticks_are_rounded_to_the_nearest() {
        assert_eq!(rescaled(1, 1000, 12800), Some(13));
        assert_eq!(rescaled(3, 2, 1), Some(2));
        assert_eq!(rescaled(u64::MAX, 1, 90_000), None);
    }
}
