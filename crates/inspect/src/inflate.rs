//! Zlib streams: how much comes out, and whether something follows behind their end.

use flate2::{Decompress, FlushDecompress, Status};

/// What comes out is looked at in pieces of this size, and thrown away.
const PIECE: usize = 1 << 15;

/// A stream that comes in pieces and is only measured.
pub(super) struct Measure {
    job: Decompress,
    /// Bytes that came out.
    pub(super) out: u64,
    /// Bytes behind the end of the stream.
    pub(super) behind: u64,
    /// Whether its end came.
    pub(super) ended: bool,
    /// Whether it is damaged.
    pub(super) damaged: bool,
}

impl Measure {
    pub(super) fn new() -> Self {
        Self {
            job: Decompress::new(true),
            out: 0,
            behind: 0,
            ended: false,
            damaged: false,
        }
    }

    /// The next bytes of the stream.
    pub(super) fn feed(&mut self, mut data: &[u8]) {
        let mut piece = [0; PIECE];
        while !data.is_empty() && !self.damaged {
            if self.ended {
                self.behind += data.len() as u64;
                return;
            }
            let (read, written) = (self.job.total_in(), self.job.total_out());
            let status = self.job.decompress(data, &mut piece, FlushDecompress::None);
            let taken = (self.job.total_in() - read) as usize;
            self.out = self.job.total_out();
            data = data.get(taken..).unwrap_or_default();
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if taken > 0 || self.out > written => {}
                // An end without its checksum counts as an end; the rest is damage.
                _ => self.damaged = true,
            }
        }
    }
}

/// What a stream says, at most `most` bytes of it; what came out before damage is given as well.
pub(super) fn inflate(data: &[u8], most: usize) -> Vec<u8> {
    let mut job = Decompress::new(true);
    let mut out = Vec::with_capacity(data.len().saturating_mul(2).min(most).min(1 << 20));
    loop {
        let at = job.total_in() as usize;
        let left = data.get(at..).unwrap_or_default();
        let before = (job.total_in(), job.total_out());
        if out.capacity() - out.len() < 1 << 12 {
            out.reserve(out.len().clamp(1 << 14, 1 << 22));
        }
        let status = job.decompress_vec(left, &mut out, FlushDecompress::None);
        let moved = (job.total_in(), job.total_out()) != before;
        if !matches!(status, Ok(Status::Ok | Status::BufError)) || !moved || out.len() >= most {
            out.truncate(most);
            return out;
        }
    }
}
