//! Where the samples of a track lie in the file (ISO/IEC 14496-12, 8.7), without a list of them.

use super::super::bytes::{Order, part, rest};
use super::{Box, first};

const BIG: Order = Order::Big;

/// The tables of a track.
pub(super) struct Tables<'a> {
    /// Entries of `stsz` or `stz2`, and their bits.
    sizes: &'a [u8],
    bits: usize,
    /// The size of all samples, if it is the same.
    each: u32,
    pub(super) count: u32,
    /// Entries of `stsc`: first chunk, samples in each, which sample entry.
    runs: &'a [u8],
    /// Entries of `stco` or `co64`, and their bytes.
    offsets: &'a [u8],
    wide: bool,
    times: &'a [u8],
    shifts: &'a [u8],
}

/// Samples that lie side by side.
pub(super) struct Chunk {
    pub(super) offset: u64,
    pub(super) first: u32,
    pub(super) samples: u32,
}

impl<'a> Tables<'a> {
    /// `None` if a table is missing.
    pub(super) fn new(list: &[Box<'a>]) -> Option<Self> {
        let entries = |kind, each: usize| {
            let body = first(list, kind)?;
            let count = BIG.u32(body, 4)? as usize;
            let table = rest(body, 8);
            Some(&table[..count.saturating_mul(each).min(table.len())])
        };
        let (sizes, bits, each, count) = match (first(list, b"stsz"), first(list, b"stz2")) {
            (Some(body), _) => (rest(body, 12), 32, BIG.u32(body, 4)?, BIG.u32(body, 8)?),
            (None, Some(body)) => {
                let bits = usize::from(*body.get(7)?);
                (rest(body, 12), bits, 0, BIG.u32(body, 8)?)
            }
            (None, None) => return None,
        };
        // A count that the table does not have room for is a lie.
        let most = match (each, bits) {
            (0, 1..) => sizes.len() * 8 / bits,
            _ => usize::MAX,
        };
        let (offsets, wide) = match entries(b"stco", 4) {
            Some(offsets) => (offsets, false),
            None => (entries(b"co64", 8)?, true),
        };
        Some(Self {
            sizes,
            bits,
            each,
            count: count.min(u32::try_from(most).unwrap_or(u32::MAX)),
            runs: entries(b"stsc", 12)?,
            offsets,
            wide,
            times: entries(b"stts", 8).unwrap_or_default(),
            shifts: entries(b"ctts", 8).unwrap_or_default(),
        })
    }

    /// Bytes of a sample.
    pub(super) fn size(&self, sample: u32) -> u64 {
        let at = sample as usize;
        if self.each > 0 {
            return self.each.into();
        }
        let size = match self.bits {
            4 => self
                .sizes
                .get(at / 2)
                .map(|b| if at.is_multiple_of(2) { b >> 4 } else { b & 15 }.into()),
            8 => self.sizes.get(at).map(|b| u32::from(*b)),
            16 => BIG.u16(self.sizes, at * 2).map(u32::from),
            _ => BIG.u32(self.sizes, at * 4),
        };
        size.unwrap_or(0).into()
    }

    /// The chunks, in their order.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Chunk> + '_ {
        let width = if self.wide { 8 } else { 4 };
        let mut runs = self.runs.chunks_exact(12).peekable();
        let (mut samples, mut next) = (0, 0u32);
        let mut index = 0u32;
        let offsets = self.offsets.chunks_exact(width);
        offsets.map_while(move |offset| {
            index += 1;
            while let Some(run) = runs.next_if(|run| BIG.u32(run, 0).is_some_and(|n| n <= index)) {
                samples = BIG.u32(run, 4)?;
            }
            let offset = match width {
                8 => BIG.u64(offset, 0)?,
                _ => BIG.u32(offset, 0)?.into(),
            };
            let first = next;
            let samples = samples.min(self.count - first);
            next += samples;
            (samples > 0 || first < self.count).then_some(Chunk {
                offset,
                first,
                samples,
            })
        })
    }

    /// Bytes of so many samples.
    pub(super) fn bytes(&self, chunk: &Chunk) -> u64 {
        if self.each > 0 {
            return u64::from(self.each) * u64::from(chunk.samples);
        }
        let all = chunk.first..chunk.first + chunk.samples;
        all.map(|sample| self.size(sample))
            .fold(0, u64::saturating_add)
    }

    /// When each sample is shown and for how long, in ticks of the track.
    pub(super) fn times(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let mut durations = Runs::new(self.times);
        let mut shifts = Runs::new(self.shifts);
        let mut decoded = 0i64;
        (0..self.count).map_while(move |_| {
            let duration = i64::from(durations.next()?);
            let shift = i64::from(shifts.next().unwrap_or(0).cast_signed());
            let shown = decoded.saturating_add(shift);
            decoded = decoded.saturating_add(duration);
            Some((shown, duration))
        })
    }
}

/// Values of a table of counts and values.
struct Runs<'a> {
    table: &'a [u8],
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn new(table: &'a [u8]) -> Self {
        Self {
            table,
            left: 0,
            value: 0,
        }
    }

    fn next(&mut self) -> Option<u32> {
        while self.left == 0 {
            let run = part(self.table, 0, 8)?;
            self.table = rest(self.table, 8);
            (self.left, self.value) = (BIG.u32(run, 0)?, BIG.u32(run, 4)?);
        }
        self.left -= 1;
        Some(self.value)
    }
}
