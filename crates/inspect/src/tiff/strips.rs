//! Where the coded data of a strip or tile ends, for the usual ways to compress (TIFF 6, sections
//! 9, 13 and 22, and its supplements). Of fax, Zstandard, LZMA and the rarer ones nothing is said.

use super::super::bits::HighFirst;
use super::super::bytes::rest;
use super::super::embedded;
use super::super::inflate::Measure;

/// What a strip holds besides its rows.
#[derive(Default)]
pub(super) struct Excess {
    /// Bytes behind the coded data.
    pub(super) behind: usize,
    /// Bytes of pixels behind the last row.
    pub(super) pixels: u64,
}

/// Looks at a strip that codes `needed` bytes of pixels, or fewer if chroma is subsampled.
pub(super) fn excess(compression: u64, strip: &[u8], needed: u64) -> Excess {
    match compression {
        8 | 32_946 => {
            let mut stream = Measure::new();
            stream.feed(strip);
            Excess {
                behind: usize::try_from(stream.behind).unwrap_or(usize::MAX),
                pixels: stream.out.saturating_sub(needed),
            }
        }
        5 => lzw(strip, needed),
        32_773 => pack_bits(strip, needed),
        // A JPEG in each.
        7 => Excess {
            behind: embedded::jpeg_end(strip).map_or(0, |end| rest(strip, end).len()),
            pixels: 0,
        },
        _ => Excess::default(),
    }
}

/// Section 13. Old files with the lowest bit first have no end that could be found.
fn lzw(strip: &[u8], needed: u64) -> Excess {
    const CLEAR: usize = 256;
    const END: usize = 257;
    if strip.first() != Some(&0x80) {
        return Excess::default();
    }
    let mut bits = HighFirst::new(strip);
    // Length of what each code stands for; all that matters here.
    let mut lengths: Vec<u64> = Vec::new();
    let (mut previous, mut out) = (None, 0u64);
    loop {
        let width = match lengths.len() {
            0..511 => 9,
            511..1023 => 10,
            1023..2047 => 11,
            _ => 12,
        };
        let code = bits.take(width) as usize;
        if bits.is_over() || code == END {
            break;
        }
        if code == CLEAR {
            lengths.clear();
            lengths.extend([1; 258]);
            previous = None;
            continue;
        }
        let length = match (lengths.get(code), previous) {
            (Some(length), _) => *length,
            (None, Some(previous)) if code == lengths.len() => previous + 1,
            _ => return Excess::default(), // damaged
        };
        if let Some(previous) = previous
            && lengths.len() < 4096
        {
            lengths.push(previous + 1);
        }
        previous = Some(length);
        out = out.saturating_add(length);
    }
    Excess {
        behind: strip.len().saturating_sub(bits.at().div_ceil(8)),
        pixels: out.saturating_sub(needed),
    }
}

/// Section 9: whole runs until all bytes of the rows are there.
fn pack_bits(strip: &[u8], needed: u64) -> Excess {
    let (mut at, mut out) = (0, 0);
    while out < needed
        && let Some(&head) = strip.get(at)
    {
        let (bytes, length) = match head {
            0..128 => (usize::from(head) + 2, u64::from(head) + 1),
            128 => (1, 0),
            _ => (2, 257 - u64::from(head)),
        };
        at += bytes;
        out += length;
    }
    // Some pad with a run of nothing.
    let behind = rest(strip, at);
    Excess {
        behind: if behind.iter().all(|b| *b == 128) {
            0
        } else {
            behind.len()
        },
        pixels: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_codes_end_with_the_rows() {
        let behind = |compression, strip: &[u8], needed| excess(compression, strip, needed).behind;
        assert_eq!(behind(32_773, b"\x03abcd\xfdx", 8), 0);
        assert_eq!(behind(32_773, b"\x03abcd\xfdxAlice", 8), 5);
        // Clear, `a`, `b`, end; nine bits each.
        let coded = [0x80, 0x18, 0x4c, 0x50, 0x10];
        assert_eq!(behind(5, &coded, 2), 0);
        assert_eq!(behind(5, &[&coded[..], b"Alice"].concat(), 2), 5);
        assert_eq!(excess(5, &coded, 1).pixels, 1);
        assert_eq!(behind(7, b"\xff\xd8\xff\xd9Alice", 8), 5);
        for seed in 0..400usize {
            let noise: Vec<u8> = (0..60).map(|i| (seed * 31 + i * i * 7) as u8).collect();
            for compression in [5, 7, 8, 32_773] {
                excess(compression, &noise, 50);
                excess(compression, &[&[0x80], &noise[..]].concat(), 50);
            }
        }
    }
}
