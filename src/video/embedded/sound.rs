//! A sound track that is copied packet by packet: what of it is heard, and the tables of its copy.
//!
//! Invariant: a packet that no part of the edit list needs is not copied.

use super::edits::Edits;
use super::entries;
use super::file::Reason;
use super::packets::Packets;
use super::tables::{self, Sample, Written};
use super::tracks::{Header, Kind, Stretch};
use crate::error::Result;
use mp4_atom::{Codec, Stbl, Stsd, Trak};

/// A track that can be copied.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    /// The packets that are copied.
    pub(super) samples: Vec<Sample>,
    /// Whether others are not.
    pub(super) is_trimmed: bool,
    pub(super) header: Header,
    pub(super) packets: Packets,
    entry: Codec,
    /// How many packets before a place decoding has to begin, as a negative number.
    roll: Option<i16>,
}

impl Sound {
    /// Reads a track's tables.
    ///
    /// # Errors
    /// If they are damaged.
    pub(super) fn read(
        track: &Trak,
        movie: u32,
        file: u64,
    ) -> Result<std::result::Result<Self, Reason>> {
        let unusual = || Ok(Err("its sound is of an unusual codec".into()));
        let tables = &track.mdia.minf.stbl;
        let [codec] = tables.stsd.codecs.as_slice() else {
            return unusual();
        };
        let Some(entry) = entries::sound(codec) else {
            return unusual();
        };
        if tables.ctts.is_some() {
            return Ok(Err(
                "its sound is not in the order in which it is heard".into()
            ));
        }
        let timescale = track.mdia.mdhd.timescale.max(1);
        let list = track.edts.as_ref().and_then(|e| e.elst.as_ref());
        let edits = match Edits::read(list, movie, timescale) {
            Ok(edits) => edits,
            Err(reason) => return Ok(Err(reason)),
        };
        let all = tables::samples(tables, file)?;
        let heard = match &edits {
            Some(edits) => edits.heard(&all, entries::lead(codec)),
            None => vec![true; all.len()],
        };
        let stretches = edits.map_or_else(Vec::new, |edits| stretches(&edits, &all, &heard));
        let each = all.iter().zip(&heard);
        let samples: Vec<Sample> = each.filter(|(_, h)| **h).map(|(s, _)| *s).collect();
        Ok(Ok(Self {
            is_trimmed: samples.len() < all.len(),
            samples,
            header: Header {
                kind: Kind::Sound,
                timescale,
                language: track.mdia.mdhd.language.clone(),
                stretches,
            },
            packets: Packets::of_codec(codec),
            entry,
            roll: entries::roll(&tables.sgpd),
        }))
    }

    /// The tables of the copy.
    ///
    /// # Errors
    /// If there are more packets than a table can have.
    pub(super) fn tables(&self, written: &[Written]) -> Result<Stbl> {
        let (sbgp, sgpd) = self.roll.map_or_else(Default::default, |distance| {
            let (runs, described) = entries::rolls(distance, written.len());
            (vec![runs], vec![described])
        });
        let rates = entries::Rates::of_samples(written, self.header.timescale);
        Ok(Stbl {
            stsd: Stsd {
                codecs: vec![entries::with_rates(self.entry.clone(), rates)],
            },
            sbgp,
            sgpd,
            ..tables::for_samples(written)?
        })
    }
}

/// The parts of an edit list in a track of the packets that are heard.
fn stretches(edits: &Edits, samples: &[Sample], heard: &[bool]) -> Vec<Stretch> {
    let mut out = Vec::new();
    if edits.delay > 0 {
        out.push(Stretch {
            from: None,
            length: edits.delay,
        });
    }
    let (mut next, mut moved) = (0, 0);
    for part in &edits.parts {
        let first = samples.partition_point(|s| s.end() <= part.from);
        // What is left out before this part moves it to the front.
        let before = samples.iter().zip(heard).take(first).skip(next);
        moved += before
            .filter(|(_, heard)| !**heard)
            .map(|(s, _)| i64::from(s.duration))
            .sum::<i64>();
        next = next.max(first);
        let is_there = samples.get(first).is_some_and(|s| s.dts < part.to);
        out.push(Stretch {
            from: is_there.then_some(part.from - moved),
            length: part.to - part.from,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::edits::Part;
    use super::*;

    #[test]
    fn parts_stay_where_they_are_in_what_is_left() {
        let sample = |i: i64| Sample {
            offset: 0,
            size: 1,
            dts: i * 10,
            duration: 10,
        };
        let samples: Vec<Sample> = (0..20).map(sample).collect();
        let part = |from, to, at| Part { from, to, at };
        let edits = Edits {
            delay: 7,
            parts: vec![part(35, 50, 7), part(122, 140, 22), part(500, 510, 40)],
        };
        let heard = edits.heard(&samples, 1);
        let left: Vec<usize> = (0..20).filter(|i| heard[*i]).collect();
        assert_eq!(left, [2, 3, 4, 11, 12, 13]);
        let stretch = |from, length| Stretch { from, length };
        let expected = [
            stretch(None, 7),
            // Frame 3 is the second one now, frame 12 the fifth.
            stretch(Some(15), 15),
            stretch(Some(42), 18),
            stretch(None, 10),
        ];
        assert_eq!(stretches(&edits, &samples, &heard), expected);
    }
}
