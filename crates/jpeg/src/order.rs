//! The order in which a scan visits blocks (T.81, A.2).
//!
//! Invariant: reading and writing walk the same way, so what one codes the other finds.

use super::frame::Frame;
use super::scan::Scan;

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

/// Calls `visit` for each block of a scan, until it gives `None`.
#[inline]
pub(super) fn walk(
    frame: &Frame,
    scan: &Scan,
    mut visit: impl FnMut(Turn) -> Option<()>,
) -> Option<()> {
    let alone = scan.parts.len() == 1;
    let (across, down) = if alone {
        frame.components[scan.parts[0].component].own
    } else {
        frame.mcus
    };
    let mut left = scan.restart;
    for row in 0..down {
        for column in 0..across {
            let mut restart = scan.restart > 0 && left == 0;
            if restart {
                left = scan.restart;
            }
            left = left.saturating_sub(1);
            for (part, of) in scan.parts.iter().enumerate() {
                let (h, v) = if alone {
                    (1, 1)
                } else {
                    frame.components[of.component].factors
                };
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
