//! The frame header: the picture's size, its components, and how many blocks each has (T.81, A.1,
//! A.2 and B.2.2).
//!
//! Invariant: sides are 1..=65535, there are 1, 3 or 4 components with names of their own, and
//! factors are 1..=4; so no count of blocks can overflow.

use crate::error::{Error, Result};
use crate::error::{malformed, unsupported};
use crate::geometry::Size;

/// Samples across and down a block.
pub const SIDE: usize = 8;

/// Most blocks of an interleaved MCU (T.81, B.2.3).
pub(super) const MOST_IN_MCU: usize = 10;

/// The Huffman processes that are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Sequential, with at most two Huffman tables of each class.
    Baseline,
    /// Sequential.
    Extended,
    /// Bands of coefficients and some of their bits at a time.
    Progressive,
}

impl Process {
    /// The marker of its frame header.
    pub(super) const fn marker(self) -> u8 {
        match self {
            Self::Baseline => 0xc0,
            Self::Extended => 0xc1,
            Self::Progressive => 0xc2,
        }
    }
}

/// A component as the frame header declares it, and what follows for its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// Its name in the file.
    pub id: u8,
    /// Sampling factors across and down, 1..=4.
    pub factors: (usize, usize),
    /// Number of its quantisation table, 0..=3.
    pub quant: usize,
    /// Samples that stand for pixels.
    pub samples: Size,
    /// Blocks across and down that hold such samples: those of a scan of its own.
    pub own: (usize, usize),
    /// Blocks across and down of whole MCUs.
    pub padded: (usize, usize),
}

/// A frame header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// How it is coded.
    pub process: Process,
    /// Pixels across and down.
    pub size: Size,
    /// 1, 3 or 4 of them.
    pub components: Vec<Component>,
    /// The largest sampling factors.
    pub most: (usize, usize),
    /// MCUs across and down of an interleaved scan.
    pub mcus: (usize, usize),
}

impl Frame {
    /// Reads the segment behind `marker`, which is one of SOF0 to SOF15.
    pub(super) fn parse(marker: u8, body: &[u8]) -> Result<Self> {
        let process = match marker {
            0xc0 => Process::Baseline,
            0xc1 => Process::Extended,
            0xc2 => Process::Progressive,
            0xc3 => return Err(unsupported("lossless JPEG is not handled")),
            0xc5..=0xc7 => return Err(hierarchical()),
            _ => return Err(unsupported("JPEG with arithmetic coding is not handled")),
        };
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = body else {
            return Err(malformed("the JPEG's frame header is cut off"));
        };
        if precision != 8 {
            return Err(unsupported(format!(
                "JPEG with {precision} bits a sample is not handled, only 8"
            )));
        }
        let size = Size::new(
            u16::from_be_bytes([w1, w0]).into(),
            u16::from_be_bytes([h1, h0]).into(),
        );
        if size.height == 0 && size.width > 0 {
            return Err(hidden_height());
        }
        if size.is_empty() {
            return Err(malformed("the JPEG's picture is empty"));
        }
        if rest.len() != usize::from(count) * 3 || !matches!(count, 1 | 3 | 4) {
            return Err(malformed(format!(
                "a JPEG with {count} components is not known"
            )));
        }
        let mut declared: Vec<(u8, (usize, usize), usize)> = Vec::new();
        for c in rest.chunks_exact(3) {
            let (h, v, quant) = (usize::from(c[1] >> 4), usize::from(c[1] & 15), c[2]);
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) || quant > 3 {
                return Err(malformed("a JPEG component has impossible factors"));
            }
            if declared.iter().any(|other| other.0 == c[0]) {
                return Err(malformed("two JPEG components have one name"));
            }
            declared.push((c[0], (h, v), quant.into()));
        }
        if let [only] = &mut declared[..] {
            only.1 = (1, 1); // T.81 A.2.2: a lone component's factors mean nothing
        }
        Ok(Self::new(process, size, &declared))
    }

    /// From names, factors and numbers of quantisation tables that are in order.
    pub(super) fn new(
        process: Process,
        size: Size,
        declared: &[(u8, (usize, usize), usize)],
    ) -> Self {
        let largest = |of: fn(&(usize, usize)) -> usize| {
            let factors = declared.iter().map(|d| of(&d.1));
            factors.max().unwrap_or(1)
        };
        let most = (largest(|f| f.0), largest(|f| f.1));
        let (width, height) = (size.width as usize, size.height as usize);
        let mcus = (
            width.div_ceil(SIDE * most.0),
            height.div_ceil(SIDE * most.1),
        );
        let component = |&(id, factors, quant): &(u8, (usize, usize), usize)| {
            let across = (width * factors.0).div_ceil(most.0);
            let down = (height * factors.1).div_ceil(most.1);
            Component {
                id,
                factors,
                quant,
                samples: Size::new(across as u32, down as u32),
                own: (across.div_ceil(SIDE), down.div_ceil(SIDE)),
                padded: (mcus.0 * factors.0, mcus.1 * factors.1),
            }
        };
        Self {
            process,
            size,
            components: declared.iter().map(component).collect(),
            most,
            mcus,
        }
    }
}

/// What a file with a DNL segment, or without a height, is answered.
pub(super) fn hidden_height() -> Error {
    unsupported("JPEG that gives its height behind the picture (DNL) is not handled")
}

/// What a file of several frames is answered.
pub(super) fn hierarchical() -> Error {
    unsupported("hierarchical JPEG is not handled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(width: u16, height: u16, factors: &[(u8, u8)]) -> Result<Frame> {
        let mut body = vec![8];
        body.extend(height.to_be_bytes());
        body.extend(width.to_be_bytes());
        body.push(factors.len() as u8);
        for (i, (h, v)) in factors.iter().enumerate() {
            body.extend([i as u8 + 1, h << 4 | v, 0]);
        }
        Frame::parse(0xc0, &body)
    }

    #[test]
    fn blocks_are_counted_as_the_standard_does() {
        let frame = parse(33, 17, &[(2, 2), (1, 1), (1, 1)]).expect("valid");
        assert_eq!(frame.mcus, (3, 2));
        let [luma, chroma, _] = frame.components[..] else {
            panic!("three components");
        };
        assert_eq!((luma.own, luma.padded), ((5, 3), (6, 4)));
        assert_eq!((chroma.own, chroma.padded), ((3, 2), (3, 2)));
        assert_eq!(chroma.samples, Size::new(17, 9));
    }

    #[test]
    fn factors_of_a_lone_component_mean_nothing() {
        let frame = parse(33, 17, &[(2, 2)]).expect("valid");
        assert_eq!(frame.mcus, (5, 3));
        assert_eq!(frame.components[0].padded, (5, 3));
    }

    #[test]
    fn headers_that_make_no_sense_are_refused() {
        for factors in [&[(0, 1)][..], &[(5, 1)], &[(1, 1), (1, 1)], &[]] {
            assert!(parse(8, 8, factors).is_err(), "{factors:?}");
        }
        assert!(parse(0, 8, &[(1, 1)]).is_err());
        assert!(Frame::parse(0xc0, &[8, 0, 8, 0]).is_err());
        assert!(Frame::parse(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11]).is_err());
    }
}
