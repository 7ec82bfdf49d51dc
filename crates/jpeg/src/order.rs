//! The order in which a scan visits blocks (T.81, A.2).
//!
//! Invariant: reading and writing walk the same way, so what one codes the other finds.

use super::frame::Frame;
use super::scan::Scan;
use std::ops::Range;

/// A block's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Which of the scan's parts, and of the frame's components.
    pub(super) part: usize,
    pub(super) component: usize,
    /// Column and row of the block.
    pub(super) x: usize,
    pub(super) y: usize,
    /// Whether a restart marker comes before it.
    pub(super) restart: bool,
}

/// MCUs across and down of a scan.
pub(super) fn mcus(frame: &Frame, scan: &Scan) -> (usize, usize) {
    match scan.parts[..] {
        [alone] => frame.components[alone.component].own,
        _ => frame.mcus,
    }
}

/// Blocks across and down that each of a scan's MCUs has of one of its components.
pub(super) fn in_mcu(frame: &Frame, scan: &Scan, component: usize) -> (usize, usize) {
    match scan.parts.len() {
        1 => (1, 1),
        _ => frame.components[component].factors,
    }
}

/// Calls `visit` for each block of a scan, until it gives `None`.
#[inline]
pub(super) fn walk(
    frame: &Frame,
    scan: &Scan,
    visit: impl FnMut(Turn) -> Option<()>,
) -> Option<()> {
    walk_rows(frame, scan, 0..mcus(frame, scan).1, visit)
}

/// The same for some rows of MCUs.
#[inline]
pub(super) fn walk_rows(
    frame: &Frame,
    scan: &Scan,
    rows: Range<usize>,
    mut visit: impl FnMut(Turn) -> Option<()>,
) -> Option<()> {
    let (across, _) = mcus(frame, scan);
    // Up to the next restart marker; none comes before the first MCU of all.
    let mut left = match (rows.start * across).checked_rem(scan.restart) {
        None => 0,
        Some(0) if rows.start > 0 => 0,
        Some(since) => scan.restart - since,
    };
    for row in rows {
        for column in 0..across {
            let mut restart = scan.restart > 0 && left == 0;
            if restart {
                left = scan.restart;
            }
            left = left.saturating_sub(1);
            for (part, of) in scan.parts.iter().enumerate() {
                let (h, v) = in_mcu(frame, scan, of.component);
                for y in row * v..(row + 1) * v {
                    for x in column * h..(column + 1) * h {
                        visit(Turn {
                            part,
                            component: of.component,
                            x,
                            y,
                            restart,
                        })?;
                        restart = false;
                    }
                }
            }
        }
    }
    Some(())
}
