//! JPEG XL codestreams (ISO/IEC 18181-1): what a picture has besides its colours, and bytes behind
//! the last frame. Headers and tables of contents are read; what the sections of frames code is not
//! looked at.

mod entropy;
mod frames;
mod header;

use super::bits::LowFirst;
use super::bytes::{rest, says_something};
use super::embedded;
use super::finding::{Finding, FindingKind as Kind, Inspection};

/// A codestream that comes in the boxes of a file.
#[derive(Default)]
pub(super) struct Stream {
    data: Vec<u8>,
    has_begun: bool,
}

impl Stream {
    /// Takes the next part.
    pub(super) fn push(&mut self, part: &[u8]) {
        self.has_begun = true;
        self.data.extend(part);
    }

    /// Looks through the whole.
    pub(super) fn finish(self, out: &mut Inspection) {
        if self.has_begun {
            codestream(&self.data, out);
        }
    }
}

/// Looks at a codestream from its signature on.
pub(super) fn codestream(data: &[u8], out: &mut Inspection) {
    out.frames = 1;
    let mut bits = LowFirst::new(data);
    if bits.take(16) != 0x0aff {
        out.damaged("the codestream has no signature");
        return;
    }
    let Some(image) = header::read(&mut bits, out).filter(|_| !bits.is_over()) else {
        out.damaged("the codestream's header is damaged or cut off");
        return;
    };
    match frames::end(&image, &mut bits, data, out) {
        Some(end) => {
            let behind = rest(data, end);
            if says_something(behind) {
                let found = embedded::anywhere(behind);
                let finding = Finding::new(Kind::Trailer, "behind the codestream");
                out.add(
                    finding
                        .bytes(behind.len())
                        .size(found.and_then(|f| f.size))
                        .detail(found.map_or("", |f| f.what.name())),
                );
            }
        }
        None => out.damaged("a frame of the codestream is damaged or cut off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(file: &[u8]) -> Inspection {
        let mut out = Inspection::default();
        codestream(file, &mut out);
        out
    }

    #[test]
    fn any_stream_is_survived_and_a_cut_one_is_damage() {
        // 16x8, all by default; the frame by default, too, of one section with one byte.
        let mut whole = vec![0xff, 0x0a, 0x01 | 7 << 6, 0x03];
        whole.extend([0x01, 0x00]);
        let seen = looked_at(&whole);
        assert_eq!((seen.width, seen.height), (16, 8));
        assert!(looked_at(&[0xff, 0x0a]).damage.is_some());
        for seed in 0..4000u32 {
            let mut state = seed.wrapping_mul(2_654_435_761) | 1;
            let mut file = vec![0xff, 0x0a];
            for _ in 0..60 {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                file.push(state as u8);
            }
            looked_at(&file);
        }
    }
}
