//! Entropy-coded data to coefficients.
//!
//! Invariant: a scan gives every block that it announces, or an error: never a block of guesses.

mod bits;
mod progressive;
mod sequential;

use super::coefficients::{Block, Coefficients};
use super::frame::{Frame, Process};
use super::huffman::{Code, Lookup};
use super::order::walk;
use super::scan::{Part, Scan};
use crate::error::malformed;
use crate::error::{Error, Result};
use bits::Bits;

/// The codes that the file has defined so far, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    dc: [Option<Code>; 4],
    ac: [Option<Code>; 4],
}

impl Codes {
    /// Reads a segment of definitions.
    pub(super) fn define(&mut self, mut body: &[u8]) -> Result<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (class, number) = (head >> 4, usize::from(head & 15));
            if class > 1 || number > 3 {
                return Err(malformed("a JPEG Huffman table is damaged"));
            }
            let (code, rest) = Code::parse(rest)?;
            let table = if class == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            table[number] = Some(code);
            body = rest;
        }
        Ok(())
    }
}

/// What is remembered from block to block of a component, up to the next restart.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// The first coefficient of the block before.
    last: i32,
    /// Blocks still to come that have nothing new in this scan's band.
    empty: u32,
}

/// A block that is being read.
struct Target<'a> {
    block: &'a mut Block,
    map: &'a mut u64,
    memory: &'a mut Memory,
}

/// Reads a scan's data from the front of `data` into `planes`, one for each component of the frame.
/// Gives the bytes up to the next marker, and how many of those no block needed.
pub(super) fn read(
    data: &[u8],
    frame: &Frame,
    scan: &Scan,
    codes: &Codes,
    planes: &mut [Coefficients],
) -> Result<(usize, usize)> {
    let tables = |codes: &[Option<Code>; 4], number: fn(&Part) -> usize| -> Result<Vec<Lookup>> {
        let undefined = || malformed("the JPEG uses a Huffman table that it does not define");
        let numbers = scan.parts.iter().map(number);
        numbers
            .map(|n| codes[n].as_ref().map(Lookup::new).ok_or_else(undefined))
            .collect()
    };
    let reader = Reader {
        bits: Bits::new(data),
        frame,
        scan,
        planes,
    };
    let low = scan.low;
    match (frame.process, scan.band.0, scan.high) {
        (Process::Baseline | Process::Extended, ..) => {
            let (dc, ac) = (tables(&codes.dc, |p| p.dc)?, tables(&codes.ac, |p| p.ac)?);
            reader.read(|bits, part, to| sequential::block(bits, &dc[part], &ac[part], to))
        }
        (Process::Progressive, 0, 0) => {
            let dc = tables(&codes.dc, |p| p.dc)?;
            reader.read(|bits, part, to| progressive::first_dc(bits, &dc[part], low, to))
        }
        (Process::Progressive, 0, _) => {
            reader.read(|bits, _, to| progressive::lower_dc(bits, low, to))
        }
        (Process::Progressive, _, 0) => {
            let ac = &tables(&codes.ac, |p| p.ac)?[0];
            reader.read(|bits, _, to| progressive::first_ac(bits, ac, scan.band, low, to))
        }
        (Process::Progressive, ..) => {
            let ac = &tables(&codes.ac, |p| p.ac)?[0];
            reader.read(|bits, _, to| progressive::lower_ac(bits, ac, scan.band, low, to))
        }
    }
}

struct Reader<'a> {
    bits: Bits<'a>,
    frame: &'a Frame,
    scan: &'a Scan,
    planes: &'a mut [Coefficients],
}

impl Reader<'_> {
    /// Reads all blocks by `one`, which gives `None` for damaged data.
    #[inline(always)]
    fn read(
        self,
        mut one: impl FnMut(&mut Bits<'_>, usize, Target<'_>) -> Option<()>,
    ) -> Result<(usize, usize)> {
        let Self {
            mut bits,
            frame,
            scan,
            planes,
        } = self;
        let mut memory = [Memory::default(); 4];
        let mut number = 0;
        let done = walk(frame, scan, |turn| {
            if turn.restart {
                bits.restart(number)?;
                number = (number + 1) % 8;
                memory = [Memory::default(); 4];
            }
            let (block, map) = planes[turn.component].get_mut(turn.x, turn.y);
            let memory = &mut memory[turn.part];
            let target = Target { block, map, memory };
            one(&mut bits, turn.part, target)?;
            (!bits.overdrawn()).then_some(())
        });
        done.and_then(|()| bits.end()).ok_or_else(damaged)
    }
}

/// What is wrong with coded data that cannot be read.
fn damaged() -> Error {
    malformed("the JPEG's picture data is damaged or cut off")
}
