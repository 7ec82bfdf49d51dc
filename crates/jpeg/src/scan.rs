//! Scan headers, and the order in which scans may build up a picture (T.81, B.2.3 and G.1.1.1).
//!
//! Invariant: a coefficient is sent once, and its lower bits once each, from above; so the work for
//! a file is bounded by its size, and nothing is sent that a later scan paints over.

use super::frame::{Frame, MOST_IN_MCU, Process};
use crate::error::Result;
use crate::error::malformed;

/// A component's part in a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Which of the frame's components.
    pub(super) component: usize,
    /// Numbers of its Huffman tables, 0..=3.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// A scan header, and the restart interval that was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// First and last coefficient, in file order.
    pub(super) band: (usize, usize),
    /// Bits below which the coefficients were known before; 0 if they were not.
    pub(super) high: u32,
    /// Lower bits that this scan leaves out.
    pub(super) low: u32,
    /// MCUs from one restart to the next; 0 for none.
    pub(super) restart: usize,
}

impl Scan {
    /// Reads the segment of a scan header.
    pub(super) fn parse(body: &[u8], frame: &Frame, restart: usize) -> Result<Self> {
        let damaged = || malformed("a JPEG scan header is damaged");
        let (&count, rest) = body.split_first().ok_or_else(damaged)?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != 3 + 2 * count {
            return Err(damaged());
        }
        let mut parts: Vec<Part> = Vec::new();
        for c in rest[..2 * count].chunks_exact(2) {
            let component = frame.components.iter().position(|known| known.id == c[0]);
            let part = Part {
                component: component.ok_or_else(damaged)?,
                dc: usize::from(c[1] >> 4),
                ac: usize::from(c[1] & 15),
            };
            if parts.iter().any(|p| p.component == part.component) {
                return Err(damaged());
            }
            parts.push(part);
        }
        let blocks = parts.iter().map(|p| {
            let (h, v) = frame.components[p.component].factors;
            h * v
        });
        if count > 1 && blocks.sum::<usize>() > MOST_IN_MCU {
            return Err(malformed(
                "a JPEG scan mixes more blocks than the standard allows",
            ));
        }
        let (band, high, low) = if frame.process == Process::Progressive {
            let [first, last, bits] = [0, 1, 2].map(|i| rest[2 * count + i]);
            let (high, low) = (u32::from(bits >> 4), u32::from(bits & 15));
            let alone = first == 0 && last == 0 || first > 0 && count == 1;
            if !alone || first > last || last > 63 || low > 13 || high > 0 && high != low + 1 {
                return Err(damaged());
            }
            ((first.into(), last.into()), high, low)
        } else {
            ((0, 63), 0, 0) // these bytes mean nothing here, and some cameras write zeros
        };
        let mut scan = Self {
            parts,
            band,
            high,
            low,
            restart,
        };
        scan.forget_unused();
        if scan.parts.iter().any(|p| p.dc > 3 || p.ac > 3) {
            return Err(damaged());
        }
        Ok(scan)
    }

    /// Makes the numbers of codes that the scan has no use for zero, as libjpeg writes them.
    fn forget_unused(&mut self) {
        let (dc, ac) = (self.needs_dc(), self.needs_ac());
        for part in &mut self.parts {
            part.dc *= usize::from(dc);
            part.ac *= usize::from(ac);
        }
    }

    /// Whether it has first coefficients with a code.
    fn needs_dc(&self) -> bool {
        self.band.0 == 0 && self.high == 0
    }

    /// Whether it has others.
    fn needs_ac(&self) -> bool {
        self.band.1 > 0
    }
}

/// Most scans that a component may be in: some ten are usual, and a file of few bytes can make each
/// one cost a walk over the whole picture.
const MOST_SCANS: usize = 100;

/// Which bits of which coefficients have come.
pub(super) struct Progress {
    /// For each component, the scans it was in.
    scans: Vec<usize>,
    /// For each component and coefficient, how many of the lower bits are missing.
    missing: Vec<[Option<u32>; 64]>,
}

impl Progress {
    pub(super) fn new(frame: &Frame) -> Self {
        Self {
            scans: vec![0; frame.components.len()],
            missing: vec![[None; 64]; frame.components.len()],
        }
    }

    /// Takes note of a scan, before it is read.
    pub(super) fn add(&mut self, scan: &Scan) -> Result<()> {
        let disorder = || malformed("the scans of the JPEG do not follow one another");
        for part in &scan.parts {
            let scans = &mut self.scans[part.component];
            *scans += 1;
            if *scans > MOST_SCANS {
                let message = format!("the JPEG has more than {MOST_SCANS} scans of one component");
                return Err(malformed(message));
            }
            let missing = &mut self.missing[part.component];
            let (first, last) = scan.band;
            if first > 0 && missing[0].is_none() {
                return Err(disorder());
            }
            for bits in &mut missing[first..=last] {
                let expected = if scan.high > 0 { Some(scan.high) } else { None };
                if *bits != expected {
                    return Err(disorder());
                }
                *bits = Some(scan.low);
            }
        }
        Ok(())
    }

    /// Whether a picture is complete at its end.
    ///
    /// Every component must have come, and each coefficient that was begun must have all its bits.
    /// A progressive file in which a band was never begun is taken as it is: the standard allows it
    /// and libjpeg reads it without a warning, though it may be a file that was cut between two
    /// scans and closed.
    pub(super) fn check(&self) -> Result<()> {
        let begun = |of: &[Option<u32>; 64]| of[0].is_some();
        let whole = |of: &[Option<u32>; 64]| of.iter().flatten().all(|&bits| bits == 0);
        if self.missing.iter().all(|m| begun(m) && whole(m)) {
            return Ok(());
        }
        Err(malformed("the last scans of the JPEG are missing"))
    }
}

impl Progress {
    /// Whether each bit of each coefficient has come.
    pub(super) fn is_complete(&self) -> bool {
        self.missing.iter().flatten().all(|bits| *bits == Some(0))
    }
}

/// A script of ten scans for a picture with colour: what libjpeg writes by default, and nearly
/// every progressive file has. Components without colour differences get the same as luma.
pub(super) fn usual(frame: &Frame, restart: usize) -> Vec<Scan> {
    let count = frame.components.len();
    let part = |component: usize| Part {
        component,
        dc: component.min(1),
        ac: component.min(1),
    };
    let scan = |parts: Vec<Part>, band, high, low| {
        let mut scan = Scan {
            parts,
            band,
            high,
            low,
            restart,
        };
        scan.forget_unused();
        scan
    };
    let blocks: usize = frame
        .components
        .iter()
        .map(|c| c.factors.0 * c.factors.1)
        .sum();
    let together = |high, low| -> Vec<Scan> {
        if count == 1 || blocks <= MOST_IN_MCU {
            return vec![scan((0..count).map(part).collect(), (0, 0), high, low)];
        }
        let each = (0..count).map(|c| scan(vec![part(c)], (0, 0), high, low));
        each.collect()
    };
    let is_colour = |c: usize| count == 3 && c > 0;
    let mut scans = together(0, 1);
    let single = |c: usize, band, high, low| scan(vec![part(c)], band, high, low);
    let others = || (0..count).filter(|&c| !is_colour(c));
    let colours = || (0..count).filter(|&c| is_colour(c)).rev();
    scans.extend(others().map(|c| single(c, (1, 5), 0, 2)));
    scans.extend(colours().map(|c| single(c, (1, 63), 0, 1)));
    scans.extend(others().map(|c| single(c, (6, 63), 0, 2)));
    scans.extend(others().map(|c| single(c, (1, 63), 2, 1)));
    scans.extend(together(1, 0));
    scans.extend(colours().map(|c| single(c, (1, 63), 1, 0)));
    scans.extend(others().map(|c| single(c, (1, 63), 1, 0)));
    scans
}
