//! Where a track's samples lie in its file and when they are shown, out of the tables of an MP4, and
//! back into such tables.
//!
//! Invariant: every place lies inside the file, and no table costs more memory than a few times the bytes
//! that it, or the samples it tells of, take, whatever it says.

use super::super::failure::malformed;
use crate::error::Result;
use mp4_atom::{
    Co64, Ctts, CttsEntry, Stbl, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry,
};

/// The longest sample that is read; a frame of 8K at any quality is shorter.
const LONGEST_SAMPLE: u64 = 64 << 20;
/// The most frames of a track: a week at 60 a second.
const MOST_FRAMES: usize = 40_000_000;

/// One coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// When it is shown, in ticks of the track.
    pub(super) pts: i64,
    /// Whether decoding may begin here.
    pub(super) is_sync: bool,
}

/// Samples that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    pub(super) samples: u32,
    /// Of its first sample, in ticks of the track.
    pub(super) dts: u64,
}

fn wrong(what: &str) -> crate::error::Error {
    malformed(format!("its tables are damaged: {what}"))
}

/// The chunks of a track.
pub(super) fn chunks(tables: &Stbl, file: u64) -> Result<Vec<Chunk>> {
    let offsets: Vec<u64> = match (&tables.stco, &tables.co64) {
        (Some(stco), _) => stco.entries.iter().map(|o| u64::from(*o)).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        (None, None) => return Err(wrong("no places")),
    };
    let mut runs = tables.stsc.entries.iter().peekable();
    let mut per_chunk = 0;
    let mut sizes = Sizes::new(&tables.stsz);
    let mut durations = Durations::new(&tables.stts);
    let mut out = Vec::with_capacity(offsets.len());
    for (i, offset) in offsets.into_iter().enumerate() {
        while let Some(run) = runs.next_if(|run| run.first_chunk as usize <= i + 1) {
            per_chunk = run.samples_per_chunk;
        }
        let samples = per_chunk.min(sizes.left);
        if samples == 0 {
            continue;
        }
        let dts = durations.skip(samples);
        let bytes = sizes.skip(samples).ok_or_else(|| wrong("sizes"))?;
        let end = offset.checked_add(bytes);
        if end.is_none_or(|end| end > file) {
            return Err(malformed("it is cut off: samples lie beyond its end"));
        }
        out.push(Chunk {
            offset,
            bytes,
            samples,
            dts,
        });
    }
    match sizes.left {
        0 => Ok(out),
        _ => Err(wrong("more samples than places")),
    }
}

/// The pictures of a track, in the order in which they are decoded.
pub(super) fn pictures(tables: &Stbl, file: u64) -> Result<Vec<Picture>> {
    let samples = &tables.stsz.samples;
    let count = match samples {
        StszSamples::Identical { count, size } => {
            if u64::from(*count) * u64::from(*size) > file {
                return Err(malformed("it is cut off: samples lie beyond its end"));
            }
            *count as usize
        }
        StszSamples::Different { sizes } => sizes.len(),
    };
    let size_of = |sample: usize| match samples {
        StszSamples::Identical { size, .. } => Some(*size),
        StszSamples::Different { sizes } => sizes.get(sample).copied(),
    };
    if count == 0 {
        return Err(malformed("it has no frames"));
    }
    if count > MOST_FRAMES {
        return Err(wrong("more frames than can be"));
    }
    let mut out: Vec<Picture> = Vec::with_capacity(count);
    for chunk in chunks(tables, file)? {
        let mut offset = chunk.offset;
        for _ in 0..chunk.samples {
            let size = size_of(out.len()).ok_or_else(|| wrong("sizes"))?;
            if u64::from(size) > LONGEST_SAMPLE {
                return Err(wrong("a frame's length"));
            }
            out.push(Picture {
                offset,
                size,
                pts: 0,
                is_sync: tables.stss.is_none(),
            });
            offset += u64::from(size);
        }
    }
    let mut dts = 0i64;
    let mut all = out.iter_mut();
    for run in &tables.stts.entries {
        for picture in all.by_ref().take(run.sample_count as usize) {
            picture.pts = dts;
            dts = dts
                .checked_add(run.sample_delta.into())
                .ok_or_else(|| wrong("times"))?;
        }
    }
    if all.next().is_some() {
        return Err(wrong("frames without a time"));
    }
    if let Some(shifts) = &tables.ctts {
        let mut all = out.iter_mut();
        for run in &shifts.entries {
            for picture in all.by_ref().take(run.sample_count as usize) {
                picture.pts = picture
                    .pts
                    .checked_add(run.sample_offset)
                    .ok_or_else(|| wrong("times"))?;
            }
        }
    }
    for number in tables.stss.iter().flat_map(|s| &s.entries) {
        let index = (*number as usize).checked_sub(1);
        if let Some(picture) = index.and_then(|i| out.get_mut(i)) {
            picture.is_sync = true;
        }
    }
    Ok(out)
}

/// Sizes of samples, run by run.
struct Sizes<'a> {
    left: u32,
    each: Option<u32>,
    list: std::slice::Iter<'a, u32>,
}

impl<'a> Sizes<'a> {
    fn new(table: &'a Stsz) -> Self {
        match &table.samples {
            StszSamples::Identical { count, size } => Self {
                left: *count,
                each: Some(*size),
                list: [].iter(),
            },
            StszSamples::Different { sizes } => Self {
                left: u32::try_from(sizes.len()).unwrap_or(u32::MAX),
                each: None,
                list: sizes.iter(),
            },
        }
    }

    /// Bytes of the next samples.
    fn skip(&mut self, samples: u32) -> Option<u64> {
        self.left = self.left.checked_sub(samples)?;
        Some(match self.each {
            Some(size) => u64::from(size) * u64::from(samples),
            None => {
                let next = self.list.by_ref().take(samples as usize);
                next.map(|s| u64::from(*s)).sum()
            }
        })
    }
}

/// Durations of samples, run by run.
struct Durations<'a> {
    runs: std::slice::Iter<'a, SttsEntry>,
    /// Samples left of the run, and their duration.
    run: (u32, u32),
    dts: u64,
}

impl<'a> Durations<'a> {
    fn new(table: &'a Stts) -> Self {
        Self {
            runs: table.entries.iter(),
            run: (0, 0),
            dts: 0,
        }
    }

    /// When the next sample is decoded; then goes on by as many.
    fn skip(&mut self, mut samples: u32) -> u64 {
        let now = self.dts;
        while samples > 0 {
            if self.run.0 == 0 {
                match self.runs.next() {
                    Some(run) => self.run = (run.sample_count, run.sample_delta),
                    None => return now,
                }
            }
            let step = samples.min(self.run.0);
            let time = u64::from(step) * u64::from(self.run.1);
            self.dts = self.dts.saturating_add(time);
            self.run.0 -= step;
            samples -= step;
        }
        now
    }
}

/// A picture that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) offset: u64,
    pub(super) size: u32,
    pub(super) pts: i64,
    pub(super) is_sync: bool,
}

/// The tables for pictures that are decoded in the order in which they are shown. `last`: how long the
/// last one is shown. The sample entry is left empty.
pub(super) fn for_pictures(all: &[Written], last: u32) -> Result<Stbl> {
    let first = all.first().map_or(0, |p| p.pts);
    let mut durations: Vec<SttsEntry> = Vec::new();
    for (i, picture) in all.iter().enumerate() {
        let next = all.get(i + 1).map(|next| next.pts - picture.pts);
        let delta = match next {
            Some(step) => {
                u32::try_from(step).map_err(|_| wrong("a frame before the one before"))?
            }
            None => last,
        };
        match durations.last_mut() {
            Some(run) if run.sample_delta == delta => run.sample_count += 1,
            _ => durations.push(SttsEntry {
                sample_count: 1,
                sample_delta: delta,
            }),
        }
    }
    let count = u32::try_from(all.len()).map_err(|_| wrong("more frames than can be"))?;
    // Decoding begins at 0; all are shown as much later as the first one was in the source.
    let shift = CttsEntry {
        sample_count: count,
        sample_offset: first,
    };
    let numbers = (1..).zip(all).filter(|(_, p)| p.is_sync);
    Ok(Stbl {
        stts: Stts { entries: durations },
        ctts: (first != 0).then(|| Ctts {
            entries: vec![shift],
        }),
        stss: Some(Stss {
            entries: numbers.map(|(n, _)| n).collect(),
        }),
        stsc: Stsc {
            entries: vec![StscEntry {
                first_chunk: 1,
                samples_per_chunk: 1,
                sample_description_index: 1,
            }],
        },
        stsz: Stsz {
            samples: StszSamples::Different {
                sizes: all.iter().map(|p| p.size).collect(),
            },
        },
        co64: Some(Co64 {
            entries: all.iter().map(|p| p.offset).collect(),
        }),
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
            start in -5000i64..5000, steps in prop::collection::vec((1i64..9000, 1u32..900, any::<bool>()), 1..60)
        ) {
            let (mut offset, mut pts) = (40, start);
            let all: Vec<Written> = steps.iter().map(|(step, size, is_sync)| {
                let picture = Written { offset, size: *size, pts, is_sync: *is_sync };
                offset += u64::from(*size) + 3;
                pts += step;
                picture
            }).collect();
            let tables = for_pictures(&all, 7).expect("in order");
            let back = pictures(&tables, offset).expect("whole");
            prop_assert_eq!(back.len(), all.len());
            for (a, b) in all.iter().zip(&back) {
                prop_assert_eq!((a.offset, a.size, a.pts, a.is_sync), (b.offset, b.size, b.pts, b.is_sync));
            }
            prop_assert!(pictures(&tables, offset - 4).is_err(), "cut off");
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
            for chunk in chunks(&tables, 1 << 20).unwrap_or_default() {
                prop_assert!(chunk.offset + chunk.bytes <= 1 << 20);
            }
            let _ = pictures(&tables, 1 << 20);
        }
    }
}
