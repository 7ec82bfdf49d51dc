//! Where a track's samples lie in its file and when they are shown, out of the tables of an MP4,
//! and back into such tables.
//!
//! Invariant: every place lies inside the file, and no table costs more memory than a few times the
//! bytes that it, or the samples it tells of, take, whatever it says.

use super::super::failure::malformed;
use crate::error::Result;
use mp4_atom::{Co64, Ctts, Stbl, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry};

/// The longest sample that is read; a frame of 8K at any quality is shorter.
const LONGEST_SAMPLE: u64 = 64 << 20;
/// The most frames of a track: a week at 60 a second.
const MOST_FRAMES: usize = 40_000_000;

/// Bytes of a track that belong together: a coded picture, or a packet of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// When it is decoded, in ticks of the track.
    pub(super) dts: i64,
    pub(super) duration: u32,
}

impl Sample {
    /// When the next one is decoded.
    pub(super) const fn end(&self) -> i64 {
        self.dts.saturating_add(self.duration as i64)
    }
}

/// One coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// When it is decoded, in ticks of the track.
    pub(super) dts: i64,
    pub(super) duration: u32,
    /// Where it stands in the media, in ticks of the track.
    pub(super) media: i64,
    /// When it is shown.
    pub(super) pts: i64,
    /// Whether decoding may begin here.
    pub(super) is_sync: bool,
    /// Whether it is shown at all.
    pub(super) is_shown: bool,
}

fn wrong(what: &str) -> crate::error::Error {
    malformed(format!("its tables are damaged: {what}"))
}

/// The samples of a track, in the order in which they are decoded.
pub(super) fn samples(tables: &Stbl, file: u64) -> Result<Vec<Sample>> {
    let cut = || malformed("it is cut off: samples lie beyond its end");
    let sizes = &tables.stsz.samples;
    let count = match sizes {
        StszSamples::Identical { count, size } => {
            if u64::from(*count) * u64::from(*size) > file {
                return Err(cut());
            }
            *count as usize
        }
        StszSamples::Different { sizes } => sizes.len(),
    };
    let size_of = |sample: usize| match sizes {
        StszSamples::Identical { size, .. } => Some(*size),
        StszSamples::Different { sizes } => sizes.get(sample).copied(),
    };
    // Samples of no bytes cost nothing in a file; nobody has so many.
    if count > MOST_FRAMES || count as u64 > file {
        return Err(wrong("more samples than can be"));
    }
    let offsets: Vec<u64> = match (&tables.stco, &tables.co64) {
        (Some(stco), _) => stco.entries.iter().map(|o| u64::from(*o)).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        (None, None) => return Err(wrong("no places")),
    };
    let mut runs = tables.stsc.entries.iter().peekable();
    let mut per_chunk = 0;
    let mut out: Vec<Sample> = Vec::with_capacity(count);
    for (i, mut offset) in offsets.into_iter().enumerate() {
        while let Some(run) = runs.next_if(|run| run.first_chunk as usize <= i + 1) {
            per_chunk = run.samples_per_chunk;
        }
        for _ in 0..(per_chunk as usize).min(count - out.len()) {
            let size = size_of(out.len()).ok_or_else(|| wrong("sizes"))?;
            if u64::from(size) > LONGEST_SAMPLE {
                return Err(wrong("a sample's length"));
            }
            let end = offset.checked_add(size.into()).filter(|end| *end <= file);
            out.push(Sample {
                offset,
                size,
                dts: 0,
                duration: 0,
            });
            offset = end.ok_or_else(cut)?;
        }
    }
    if out.len() < count {
        return Err(wrong("more samples than places"));
    }
    let mut dts = 0i64;
    let mut all = out.iter_mut();
    for run in &tables.stts.entries {
        for sample in all.by_ref().take(run.sample_count as usize) {
            (sample.dts, sample.duration) = (dts, run.sample_delta);
            let next = dts.checked_add(run.sample_delta.into());
            dts = next.ok_or_else(|| wrong("times"))?;
        }
    }
    match all.next() {
        Some(_) => Err(wrong("samples without a time")),
        None => Ok(out),
    }
}

/// The pictures of a track, in the order in which they are decoded, each shown at its time in the
/// media.
pub(super) fn pictures(tables: &Stbl, file: u64) -> Result<Vec<Picture>> {
    let samples = samples(tables, file)?;
    let Some(last) = samples.last() else {
        return Err(malformed("it has no frames"));
    };
    // A frame is shown no later after it is decoded than the whole track lasts.
    let length = last.end().max(1);
    let mut shifts = tables.ctts.as_ref().map(Shifts::new);
    let mut out = Vec::with_capacity(samples.len());
    for sample in samples {
        let shift = shifts.as_mut().map_or(0, Shifts::next);
        let media = sample.dts.checked_add(shift);
        let media = media.filter(|_| shift.abs() <= length);
        let media = media.ok_or_else(|| wrong("times"))?;
        out.push(Picture {
            offset: sample.offset,
            size: sample.size,
            dts: sample.dts,
            duration: sample.duration,
            media,
            pts: media,
            is_sync: tables.stss.is_none(),
            is_shown: true,
        });
    }
    for number in tables.stss.iter().flat_map(|s| &s.entries) {
        let index = (*number as usize).checked_sub(1);
        if let Some(picture) = index.and_then(|i| out.get_mut(i)) {
            picture.is_sync = true;
        }
    }
    Ok(out)
}

/// How much later than it is decoded each frame is shown.
struct Shifts<'a> {
    runs: std::slice::Iter<'a, mp4_atom::CttsEntry>,
    left: u32,
    now: i64,
    is_signed: bool,
}

impl<'a> Shifts<'a> {
    /// QuickTime's are signed in version 0, too, where ISO's are not: there nothing is shown two
    /// thousand million ticks after it is decoded.
    fn new(table: &'a Ctts) -> Self {
        let beyond = |e: &mp4_atom::CttsEntry| e.sample_offset > i32::MAX.into();
        Self {
            runs: table.entries.iter(),
            left: 0,
            now: 0,
            is_signed: table.entries.iter().any(beyond),
        }
    }

    fn next(&mut self) -> i64 {
        while self.left == 0 {
            let Some(run) = self.runs.next() else {
                return 0;
            };
            self.left = run.sample_count;
            self.now = match self.is_signed {
                true => i64::from(run.sample_offset as i32),
                false => run.sample_offset,
            };
        }
        self.left -= 1;
        self.now
    }
}

/// A sample that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) offset: u64,
    pub(super) size: u32,
    pub(super) duration: u32,
    pub(super) is_sync: bool,
}

/// The tables for samples that are decoded in the order in which they are shown. The sample entry
/// is left empty.
pub(super) fn for_samples(all: &[Written]) -> Result<Stbl> {
    let mut durations: Vec<SttsEntry> = Vec::new();
    for sample in all {
        match durations.last_mut() {
            Some(run) if run.sample_delta == sample.duration => run.sample_count += 1,
            _ => durations.push(SttsEntry {
                sample_count: 1,
                sample_delta: sample.duration,
            }),
        }
    }
    u32::try_from(all.len()).map_err(|_| wrong("more samples than can be"))?;
    // Samples that lie side by side are one chunk.
    let (mut chunks, mut places, mut end) = (Vec::<u32>::new(), Vec::new(), None);
    for sample in all {
        match chunks.last_mut() {
            Some(count) if end == Some(sample.offset) => *count += 1,
            _ => {
                chunks.push(1);
                places.push(sample.offset);
            }
        }
        end = Some(sample.offset + u64::from(sample.size));
    }
    let mut runs: Vec<StscEntry> = Vec::new();
    for (first_chunk, samples_per_chunk) in (1..).zip(chunks) {
        if runs
            .last()
            .is_none_or(|r| r.samples_per_chunk != samples_per_chunk)
        {
            runs.push(StscEntry {
                first_chunk,
                samples_per_chunk,
                sample_description_index: 1,
            });
        }
    }
    let numbers = (1..).zip(all).filter(|(_, p)| p.is_sync);
    let numbers: Vec<u32> = numbers.map(|(n, _)| n).collect();
    Ok(Stbl {
        stts: Stts { entries: durations },
        // Without it every sample is one where decoding may begin.
        stss: (numbers.len() < all.len()).then_some(Stss { entries: numbers }),
        stsc: Stsc { entries: runs },
        stsz: Stsz {
            samples: StszSamples::Different {
                sizes: all.iter().map(|p| p.size).collect(),
            },
        },
        co64: Some(Co64 { entries: places }),
        ..Stbl::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pictures_come_back_from_their_own_tables(
            steps in prop::collection::vec((0u32..9000, 1u32..900, any::<bool>(), 0u64..2), 1..60)
        ) {
            let (mut end, mut dts) = (40, 0);
            let all: Vec<Written> = steps.iter().map(|(duration, size, is_sync, gap)| {
                let offset = end + gap * 3;
                end = offset + u64::from(*size);
                Written { offset, size: *size, duration: *duration, is_sync: *is_sync }
            }).collect();
            let tables = for_samples(&all).expect("few");
            let back = pictures(&tables, end).expect("whole");
            prop_assert_eq!(back.len(), all.len());
            for (a, b) in all.iter().zip(&back) {
                let expected = (a.offset, a.size, a.duration, dts, a.is_sync);
                prop_assert_eq!(expected, (b.offset, b.size, b.duration, b.pts, b.is_sync));
                dts += i64::from(a.duration);
            }
            prop_assert!(pictures(&tables, end - 1).is_err(), "cut off");
        }

        #[test]
        fn pictures_of_one_size_are_read_as_those_of_many(
            count in 1u32..40, size in 1u32..900, per_chunk in 1u32..9
        ) {
            let run = StscEntry { first_chunk: 1, samples_per_chunk: per_chunk, sample_description_index: 1 };
            let places = (0..count.div_ceil(per_chunk)).map(|i| 40 + u64::from(i * per_chunk * size));
            let file = 40 + u64::from(count * size);
            let time = SttsEntry { sample_count: count, sample_delta: 3 };
            let tables = |samples| Stbl {
                stsc: Stsc { entries: vec![run.clone()] },
                stts: Stts { entries: vec![time.clone()] },
                stsz: Stsz { samples },
                co64: Some(Co64 { entries: places.clone().collect() }),
                ..Stbl::default()
            };
            let one = pictures(&tables(StszSamples::Identical { count, size }), file).expect("whole");
            let sizes = vec![size; count as usize];
            let many = pictures(&tables(StszSamples::Different { sizes }), file).expect("whole");
            prop_assert_eq!(one, many);
            let more = StszSamples::Identical { count: count + 41, size };
            prop_assert!(pictures(&tables(more), file).is_err(), "more than the file has");
        }

        #[test]
        fn tables_that_lie_are_errors(
            counts in prop::collection::vec((any::<u32>(), any::<u32>()), 0..5),
            offsets in prop::collection::vec(any::<u64>(), 0..6),
            sizes in prop::collection::vec(any::<u32>(), 0..9),
            each in any::<Option<(u32, u32)>>()
        ) {
            let samples = match each {
                Some((count, size)) => StszSamples::Identical { count, size },
                None => StszSamples::Different { sizes },
            };
            let run = |(a, b): &(u32, u32)| StscEntry { first_chunk: *a, samples_per_chunk: *b, sample_description_index: 1 };
            let time = |(a, b): &(u32, u32)| SttsEntry { sample_count: *a, sample_delta: *b };
            let tables = Stbl {
                stsc: Stsc { entries: counts.iter().map(run).collect() },
                stts: Stts { entries: counts.iter().map(time).collect() },
                stsz: Stsz { samples },
                co64: Some(Co64 { entries: offsets }),
                ..Stbl::default()
            };
            for sample in super::samples(&tables, 1 << 14).unwrap_or_default() {
                prop_assert!(sample.offset + u64::from(sample.size) <= 1 << 14);
            }
            let _ = pictures(&tables, 1 << 14);
        }
    }

    /// Frames of 10 ticks with what a `ctts` says of each.
    fn shown(shifts: &[i64]) -> Result<Vec<i64>> {
        let count = shifts.len() as u32;
        let place = |i: u32| Written {
            offset: 40 + u64::from(i),
            size: 1,
            duration: 10,
            is_sync: true,
        };
        let all: Vec<Written> = (0..count).map(place).collect();
        let mut tables = for_samples(&all)?;
        let entry = |shift: &i64| mp4_atom::CttsEntry {
            sample_count: 1,
            sample_offset: *shift,
        };
        tables.ctts = Some(Ctts {
            entries: shifts.iter().map(entry).collect(),
        });
        let all = pictures(&tables, 4096)?;
        Ok(all.iter().map(|p| p.pts).collect())
    }

    #[test]
    fn quicktimes_shifts_are_signed() {
        let minus = |n: i64| (1 << 32) - n;
        let expected = vec![0, 30, 10, 20];
        assert_eq!(
            shown(&[0, 20, minus(10), minus(10)]).expect("usual"),
            expected
        );
        assert_eq!(shown(&[0, 20, -10, -10]).expect("usual"), expected);
    }

    #[test]
    fn a_frame_that_is_shown_long_after_the_end_is_damage() {
        assert!(shown(&[0, 1 << 30, 0]).is_err());
        assert!(shown(&[0, 0, (1 << 32) - (1 << 30)]).is_err());
        assert_eq!(shown(&[10, 10, 10]).expect("usual"), [10, 20, 30]);
    }
}
