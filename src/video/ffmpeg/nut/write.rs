//! Writes frames. Every frame has a syncpoint of its own and spells out its time, so that nothing
//! depends on what was before it.

use super::{Header, INFO, LONG_PACKET, MAGIC, MAIN, STREAM, SYNCPOINT, checksum, flag};
use std::io::{self, Write};

/// The one frame code in use.
const CODE: u8 = 1;
/// Bits of a timestamp that may be coded as a difference; unused, and the least that is usual.
const MSB_PTS_SHIFT: u32 = 7;

/// A stream of frames.
pub(in super::super) struct Writer<W> {
    out: W,
    /// Bytes so far, and where the syncpoint before began.
    position: u64,
    last_syncpoint: u64,
    scratch: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the headers. `rate`: frames a second as a fraction; without it ffmpeg cannot tell how
    /// long the last frame is, and MP4 players do not show it.
    pub(in super::super) fn new(mut out: W, header: &Header, rate: (u32, u32)) -> io::Result<Self> {
        let mut bytes = MAGIC.to_vec();
        packet(&mut bytes, MAIN, &main_header(header));
        packet(&mut bytes, STREAM, &stream_header(header));
        packet(&mut bytes, INFO, &info(rate));
        out.write_all(&bytes)?;
        Ok(Self {
            out,
            position: bytes.len() as u64,
            last_syncpoint: 0,
            scratch: Vec::new(),
        })
    }

    /// Writes a frame; `pts` is not negative.
    pub(in super::super) fn frame(&mut self, pts: i64, data: &[u8]) -> io::Result<()> {
        let pts = u64::try_from(pts).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a frame before the video's zero",
            )
        })?;
        let mut syncpoint = Vec::new();
        put(&mut syncpoint, pts); // times 1, the number of time bases, plus 0, the index of ours
        let back = match self.last_syncpoint {
            0 => 0,
            last => (self.position - last) / 16,
        };
        put(&mut syncpoint, back);
        self.last_syncpoint = self.position;
        let bytes = &mut self.scratch;
        bytes.clear();
        packet(bytes, SYNCPOINT, &syncpoint);
        let start = bytes.len();
        bytes.push(CODE);
        put(bytes, pts + (1 << MSB_PTS_SHIFT));
        put(bytes, data.len() as u64);
        let sum = checksum(&bytes[start..]);
        bytes.extend(sum.to_be_bytes());
        self.out.write_all(bytes)?;
        self.out.write_all(data)?;
        self.position += (bytes.len() + data.len()) as u64;
        Ok(())
    }

    /// Ends the stream.
    pub(in super::super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn main_header(header: &Header) -> Vec<u8> {
    let mut p = Vec::new();
    for value in [3, 1, 1 << 16, 1, header.time_base.0, header.time_base.1] {
        put(&mut p, value); // version, streams, distance of syncpoints, time bases
    }
    let flags = flag::KEY | flag::CODED_PTS | flag::SIZE_MSB | flag::CHECKSUM;
    // Codes 0, 1, and 2 to 255 without 'N', which has no entry.
    for (flags, count) in [(flag::INVALID, 1), (flags, 1), (flag::INVALID, 253)] {
        put(&mut p, flags);
        put(&mut p, 6); // fields that follow
        put_signed(&mut p, 0);
        for value in [1, 0, 0, 0, count] {
            put(&mut p, value); // size multiplier, stream, size, reserved, count
        }
    }
    put(&mut p, 0); // no elision headers
    put(&mut p, 0); // main flags
    p
}

fn stream_header(header: &Header) -> Vec<u8> {
    let mut p = Vec::new();
    put(&mut p, 0); // stream
    put(&mut p, 0); // video
    put(&mut p, 4);
    p.extend(header.fourcc);
    for value in [0, u64::from(MSB_PTS_SHIFT), 1 << 20, 0, 1] {
        put(&mut p, value); // time base, timestamp bits, largest distance, decode delay, fixed rate
    }
    put(&mut p, 0); // no codec data
    for value in [
        header.width,
        header.height,
        header.pixel.0,
        header.pixel.1,
        0,
    ] {
        put(&mut p, value);
    }
    p
}

/// What is told about the stream besides.
fn info(rate: (u32, u32)) -> Vec<u8> {
    let mut p = Vec::new();
    for value in [1, 0, 0, 0, 1] {
        put(&mut p, value); // stream from 1, no chapter, one entry
    }
    let text = |text: &str, p: &mut Vec<u8>| {
        put(p, text.len() as u64);
        p.extend(text.as_bytes());
    };
    text("r_frame_rate", &mut p);
    put_signed(&mut p, -1); // a text follows
    text(&format!("{}/{}", rate.0, rate.1), &mut p);
    p
}

fn packet(out: &mut Vec<u8>, code: u64, payload: &[u8]) {
    let start = out.len();
    out.extend(code.to_be_bytes());
    let length = payload.len() as u64 + 4;
    put(out, length);
    if length > LONG_PACKET {
        let sum = checksum(&out[start..]);
        out.extend(sum.to_be_bytes());
    }
    out.extend(payload);
    out.extend(checksum(payload).to_be_bytes());
}

/// Seven bits a byte, the most significant first.
fn put(out: &mut Vec<u8>, value: u64) {
    let groups = (64 - value.leading_zeros()).div_ceil(7).max(1);
    for i in (0..groups).rev() {
        let more = if i > 0 { 0x80 } else { 0 };
        out.push((value >> (7 * i) & 0x7f) as u8 | more);
    }
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    let coded = match value {
        1.. => value.unsigned_abs() * 2 - 1,
        _ => value.unsigned_abs() * 2,
    };
    put(out, coded);
}
