//! A part of a file's time, as if its edit lists showed nothing else.
//!
//! Invariant: no packet of sound is left that is heard outside the part.

use super::super::TimeBase;
use super::file::Source;
use super::sound::Sound;
use super::tables::Sample;
use super::tracks::Stretch;
use crate::error::Result;
use crate::time_range::TimeRange;

impl Source {
    /// Leaves a part of the file, whose beginning is time 0 then.
    ///
    /// # Errors
    /// If it shows no frame.
    pub(super) fn cut(&mut self, range: &TimeRange) -> Result<()> {
        let base = TimeBase::of_rate(self.header().timescale);
        let (begin, end) = range.ticks(base);
        let shown = self.shown();
        // The frame that is on the screen when the part begins.
        let first = shown.partition_point(|pts| *pts <= begin).saturating_sub(1);
        let first = shown.get(first).copied().unwrap_or(0);
        for picture in &mut self.pictures {
            picture.is_shown &= (first..end).contains(&picture.pts);
            picture.pts = picture.pts.max(begin) - begin;
        }
        if begin >= self.end || !self.pictures.iter().any(|p| p.is_shown) {
            return Err(range.shows_nothing(base.seconds(self.end)));
        }
        self.end = self.end.min(end) - begin;
        for sound in &mut self.sound {
            sound.cut(range);
        }
        self.sound.retain(|sound| !sound.samples.is_empty());
        Ok(())
    }
}

impl Sound {
    /// Leaves the packets of a part of the file's time, whose beginning is time 0 then.
    fn cut(&mut self, range: &TimeRange) {
        let (begin, end) = range.ticks(TimeBase::of_rate(self.header.timescale));
        let length: i64 = self.samples.iter().map(|s| i64::from(s.duration)).sum();
        let whole = [Stretch {
            from: Some(0),
            length,
        }];
        let stretches = match self.header.stretches.as_slice() {
            [] => &whole[..],
            some => some,
        };
        (self.samples, self.header.stretches) = cut(&self.samples, stretches, (begin, end));
    }
}

/// What is left of packets and of the stretches of their track. Packets that a decoder needs before
/// what it gives first stay only where the part begins with the file.
fn cut(
    samples: &[Sample],
    stretches: &[Stretch],
    (begin, end): (i64, i64),
) -> (Vec<Sample>, Vec<Stretch>) {
    let (mut left, mut out) = (Vec::new(), Vec::new());
    let pause = |out: &mut Vec<Stretch>, length: i64| match out.last_mut() {
        _ if length <= 0 => {}
        Some(Stretch {
            from: None,
            length: before,
        }) => *before += length,
        _ => out.push(Stretch { from: None, length }),
    };
    let (mut now, mut next, mut media) = (0, 0, 0i64);
    // Ticks of the packets that are left.
    let mut kept = 0;
    for stretch in stretches {
        let (from, to) = (now.max(begin), (now + stretch.length).min(end));
        let start = now;
        now += stretch.length;
        let Some(at) = stretch.from.filter(|_| from < to) else {
            pause(&mut out, to - from);
            continue;
        };
        let (first, last) = (at + from - start, at + to - start);
        let is_cut_before = from > start || begin > 0;
        let is_cut_after = now > end;
        let mut inner: Option<(i64, i64)> = None;
        while let Some(sample) = samples.get(next) {
            let (from, to) = (media, media + i64::from(sample.duration));
            if from >= last {
                break;
            }
            (next, media) = (next + 1, to);
            let is_early = is_cut_before && from < first;
            let is_late = is_cut_after && to > last;
            if is_early || is_late {
                continue;
            }
            left.push(*sample);
            let heard = (kept + (first - from).max(0), kept + (last.min(to) - from));
            kept += to - from;
            if heard.0 < heard.1 {
                let begin = inner.map_or(heard.0, |(begin, _)| begin);
                let late = inner.is_none().then_some((from - first).max(0));
                pause(&mut out, late.unwrap_or(0));
                inner = Some((begin, heard.1));
            }
        }
        if let Some((begin, end)) = inner {
            out.push(Stretch {
                from: Some(begin),
                length: end - begin,
            });
        }
    }
    // What begins at once and is whole needs no list.
    if let [
        Stretch {
            from: Some(0),
            length,
        },
    ] = out[..]
        && length == kept
    {
        out.clear();
    }
    (left, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(count: i64) -> Vec<Sample> {
        let sample = |i: i64| Sample {
            offset: i as u64,
            size: 1,
            dts: i * 10,
            duration: 10,
        };
        (0..count).map(sample).collect()
    }

    fn stretch(from: Option<i64>, length: i64) -> Stretch {
        Stretch { from, length }
    }

    fn numbers(samples: &[Sample]) -> Vec<u64> {
        samples.iter().map(|s| s.offset).collect()
    }

    #[test]
    fn a_packet_that_is_heard_outside_is_left_out_and_the_others_keep_their_time() {
        let whole = [stretch(Some(0), 100)];
        let (left, stretches) = cut(&samples(10), &whole, (25, 61));
        assert_eq!(numbers(&left), [3, 4, 5]);
        assert_eq!(stretches, [stretch(None, 5), stretch(Some(0), 30)]);
        let (left, stretches) = cut(&samples(10), &whole, (20, i64::MAX));
        assert_eq!(numbers(&left), [2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(stretches, []);
    }

    #[test]
    fn what_a_decoder_takes_away_at_the_beginning_stays_there() {
        let primed = [stretch(Some(13), 87)];
        let (left, stretches) = cut(&samples(10), &primed, (0, 30));
        // Heard until 43 in the media, within packet 4.
        assert_eq!(numbers(&left), [0, 1, 2, 3]);
        assert_eq!(stretches, [stretch(Some(13), 27)]);
        let (left, stretches) = cut(&samples(10), &primed, (10, i64::MAX));
        assert_eq!(numbers(&left), [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(stretches, [stretch(None, 7), stretch(Some(0), 70)]);
    }

    #[test]
    fn several_parts_and_pauses_are_cut_where_they_are() {
        let parts = [
            stretch(None, 7),
            stretch(Some(0), 30),
            stretch(None, 20),
            stretch(Some(30), 50),
        ];
        let (left, stretches) = cut(&samples(8), &parts, (17, 90));
        assert_eq!(numbers(&left), [1, 2, 3, 4, 5]);
        assert_eq!(
            stretches,
            [
                stretch(Some(0), 20),
                stretch(None, 20),
                stretch(Some(20), 30)
            ]
        );
        let (left, stretches) = cut(&samples(8), &parts, (40, 55));
        assert_eq!((left.len(), stretches), (0, vec![stretch(None, 15)]));
    }
}
