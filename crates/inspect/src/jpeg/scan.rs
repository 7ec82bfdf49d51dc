//! Counts the blocks of a JPEG's picture data without making pixels of them: what is coded beyond
//! the last declared block is seen by nobody, and may be the part of the picture that was cut off.
//!
//! Invariant: work and memory are bounded by the length of the file, whatever its header declares.

use super::blocks::{Band, Part, block};
use super::huffman::{Bits, Tables, restart};
use super::{Component, Frame};

/// Blocks visited in all scans together: ten scans of a 500-megapixel picture without subsampling.
const MOST_VISITS: u64 = 1 << 28;

/// What a walk over one scan found.
pub(super) struct Walked {
    /// Bytes of data before the marker that ends it.
    pub(super) length: usize,
    /// Bytes that no block needs.
    pub(super) hidden: usize,
    /// Whether it codes what an earlier scan coded.
    pub(super) again: bool,
}

/// Tables and what is known of the picture so far.
#[derive(Default)]
pub(super) struct Walker {
    pub(super) tables: Tables,
    pub(super) restart_interval: u64,
    grids: Vec<Grid>,
    mcus: (u64, u64),
    visits: u64,
}

/// The blocks of a component.
#[derive(Clone, Debug, Default)]
struct Grid {
    /// Across and down in a scan of its own.
    own: (u64, u64),
    /// Blocks in a row of `nonzero`: whole MCUs.
    stride: u64,
    /// Which coefficients are not zero; in progressive files only.
    nonzero: Vec<u64>,
    /// Coefficients that some scan has begun to code.
    coded: u64,
    /// Coefficients that are not zero in some block; in progressive files not kept up to date.
    seen: u64,
}

impl Walker {
    /// Takes the measures of a frame; `file`: bytes of the whole file.
    pub(super) fn begin(&mut self, frame: &Frame, file: usize) -> Result<(), String> {
        let most = |side: fn(&Component) -> u8| {
            u64::from(frame.components.iter().map(side).max().unwrap_or(1))
        };
        let (h, v) = (most(|c| c.across), most(|c| c.down));
        let (width, height) = (u64::from(frame.width), u64::from(frame.height));
        self.mcus = (width.div_ceil(8 * h), height.div_ceil(8 * v));
        let mut total = 0;
        for c in &frame.components {
            let own = (
                (width * u64::from(c.across)).div_ceil(8 * h),
                (height * u64::from(c.down)).div_ceil(8 * v),
            );
            let stride = self.mcus.0 * u64::from(c.across);
            let blocks = stride * self.mcus.1 * u64::from(c.down);
            total += blocks;
            self.grids.push(Grid {
                own,
                stride,
                nonzero: Vec::new(),
                coded: 0,
                seen: 0,
            });
        }
        // A block takes a bit or more.
        if total > file as u64 * 8 {
            return Err("the JPEG is too short for its size".into());
        }
        if frame.progressive {
            for (grid, c) in self.grids.iter_mut().zip(&frame.components) {
                let blocks = grid.stride * self.mcus.1 * u64::from(c.down);
                grid.nonzero = vec![0; blocks as usize];
            }
        }
        Ok(())
    }

    /// Coefficients of a component, in the order of the file, that are not zero in some block.
    pub(super) fn seen(&self, component: usize) -> u64 {
        // The first is coded in every block.
        self.grids.get(component).map_or(u64::MAX, |grid| {
            grid.nonzero
                .iter()
                .fold(grid.seen | 1, |seen, cell| seen | cell)
        })
    }

    /// Walks over a scan: its header and the data behind.
    pub(super) fn scan(
        &mut self,
        frame: &Frame,
        head: &[u8],
        data: &[u8],
    ) -> Result<Walked, String> {
        let damaged = || "a scan header of the JPEG is damaged".to_owned();
        let (&count, list) = head.split_first().ok_or_else(damaged)?;
        let count = usize::from(count);
        let (list, &[begin, end, approximation]) =
            list.split_at_checked(count * 2).ok_or_else(damaged)?
        else {
            return Err(damaged());
        };
        let band = if frame.progressive {
            Band {
                begin: begin.into(),
                end: end.into(),
                first: approximation >> 4 == 0,
            }
        } else {
            Band {
                begin: 0,
                end: 63,
                first: true,
            }
        };
        let mut parts = Vec::new();
        for pair in list.chunks_exact(2) {
            let index = frame.components.iter().position(|c| c.id == pair[0]);
            let table = |class: usize, number: u8| {
                self.tables.classes[class].get(usize::from(number))?.clone()
            };
            parts.push(Part {
                component: index.ok_or_else(damaged)?,
                single: table(0, pair[1] >> 4),
                run: table(1, pair[1] & 15),
            });
        }
        let wrong = frame.progressive && band.begin > 0 && parts.len() != 1;
        if parts.is_empty() || band.end > 63 || band.begin > band.end || wrong {
            return Err(damaged());
        }
        let mut again = false;
        for part in &parts {
            let grid = &mut self.grids[part.component];
            again |= band.first && grid.coded & band.mask() != 0;
            grid.coded |= band.mask();
        }
        let (length, hidden) = self.walk(frame, &parts, band, data)?;
        Ok(Walked {
            length,
            hidden,
            again,
        })
    }

    fn walk(
        &mut self,
        frame: &Frame,
        parts: &[Part],
        band: Band,
        data: &[u8],
    ) -> Result<(usize, usize), String> {
        let alone = match parts {
            [only] => Some(self.grids[only.component].own),
            _ => None,
        };
        let (across, down) = alone.unwrap_or(self.mcus);
        let total = across * down;
        let interval = match self.restart_interval {
            0 => total,
            n => n,
        };
        let (mut bits, mut hidden) = (Bits::new(data, 0), 0);
        let mut run = 0u32;
        for unit in 0..total {
            if unit > 0 && unit % interval == 0 {
                let (at, left) = bits.end();
                hidden += left;
                restart(data, at).ok_or("the JPEG's restart markers are out of order")?;
                bits = Bits::new(data, at + 2);
                run = 0;
            }
            let (x, y) = (unit % across, unit / across);
            if alone.is_some() {
                let grid = &mut self.grids[parts[0].component];
                let place = (y * grid.stride + x) as usize;
                let cell = grid.nonzero.get_mut(place).unwrap_or(&mut grid.seen);
                block(&mut bits, &parts[0], band, frame, Some(cell), &mut run)?;
                self.visits += 1;
            } else {
                for part in parts {
                    let c = frame.components[part.component];
                    let grid = &mut self.grids[part.component];
                    let (h, v) = (u64::from(c.across), u64::from(c.down));
                    for inner in 0..h * v {
                        let place = (y * v + inner / h) * grid.stride + x * h + inner % h;
                        let cell = grid.nonzero.get_mut(place as usize);
                        let cell = cell.unwrap_or(&mut grid.seen);
                        block(&mut bits, part, band, frame, Some(cell), &mut run)?;
                    }
                    self.visits += h * v;
                }
            }
            if bits.overdrawn() {
                return Err("the JPEG's picture data ends too early".into());
            }
            if self.visits > MOST_VISITS {
                return Err("the JPEG has more scans than can be walked".into());
            }
        }
        let (at, left) = bits.end();
        hidden += left;
        // What follows behind further restart markers is shown by nobody either.
        let mut end = at;
        while restart(data, end).is_some() {
            let more = interval_length(data, end + 2);
            hidden += more;
            end += 2 + more;
        }
        Ok((end, hidden))
    }
}

/// Bytes of data before the next marker, restart markers included as ends.
pub(super) fn interval_length(data: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let Some(next) = super::rest(data, at).iter().position(|&b| b == 0xff) else {
            return data.len().saturating_sub(from);
        };
        at += next;
        match data.get(at + 1) {
            Some(0) => at += 2,
            _ => return at - from,
        }
    }
}

/// Bytes of data of a scan that cannot be walked: to the next marker that is no restart.
pub(super) fn length(data: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += interval_length(data, at);
        if restart(data, at).is_none() {
            return at;
        }
        at += 2;
    }
}
