//! Reads frames as ffmpeg writes them.
//!
//! Invariant: memory is bounded whatever the bytes say: headers by [`LONGEST_HEADER`], frames by
//! the caller's buffer.

use super::{
    Header, INDEX, INFO, LONG_PACKET, MAGIC, MAIN, STREAM, SYNCPOINT, checksum, damaged, flag,
};
use std::io::{self, BufReader, ErrorKind, Read};

/// Longest header packet; ffmpeg's are a few hundred bytes, an index of a long video some more.
const LONGEST_HEADER: u64 = 1 << 24;
/// Frames up to this size may have their first bytes in the header (elision).
const ELISION: u64 = 4096;

/// One of the 256 frame codes.
#[derive(Clone, Copy, Debug, Default)]
struct FrameCode {
    flags: u64,
    size_multiplier: u64,
    size: u64,
    pts_step: i64,
    reserved: u64,
    header: u64,
}

/// A stream of frames.
pub(in super::super) struct Reader<R> {
    from: BufReader<R>,
    codes: Vec<FrameCode>,
    elisions: Vec<Vec<u8>>,
    time_bases: Vec<(u64, u64)>,
    header: Header,
    msb_pts_shift: u32,
    last_pts: i64,
}

impl<R: Read> Reader<R> {
    /// Reads the headers.
    pub(in super::super) fn new(from: R) -> io::Result<Self> {
        let mut from = BufReader::with_capacity(1 << 20, from);
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic)?;
        if &magic != MAGIC {
            return Err(damaged("they are no NUT stream"));
        }
        let mut reader = Self {
            from,
            codes: Vec::new(),
            elisions: vec![Vec::new()],
            time_bases: Vec::new(),
            header: Header {
                fourcc: [0; 4],
                width: 0,
                height: 0,
                pixel: (0, 0),
                time_base: (0, 0),
            },
            msb_pts_shift: 0,
            last_pts: 0,
        };
        let main = reader.header_packet(MAIN)?;
        reader.main_header(&main)?;
        let stream = reader.header_packet(STREAM)?;
        reader.stream_header(&stream)?;
        Ok(reader)
    }

    pub(in super::super) const fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the next frame's bytes into `data`, whose length must be the frame's, and gives its
    /// time; `None` at the end.
    pub(in super::super) fn frame(&mut self, data: &mut [u8]) -> io::Result<Option<i64>> {
        loop {
            let mut code = [0];
            if self.from.read(&mut code)? == 0 {
                return Ok(None);
            }
            if code[0] == b'N' {
                self.other_packet()?;
                continue;
            }
            let code = self.codes[usize::from(code[0])];
            let mut flags = code.flags;
            if flags & flag::INVALID != 0 {
                return Err(damaged("an invalid frame code"));
            }
            let from = &mut self.from;
            if flags & flag::CODED != 0 {
                flags ^= number(from)?;
            }
            if flags & flag::STREAM_ID != 0 && number(from)? != 0 {
                return Err(damaged("a second stream"));
            }
            let pts = match flags & flag::CODED_PTS {
                0 => self.last_pts.checked_add(code.pts_step),
                _ => full_pts(number(from)?, self.last_pts, self.msb_pts_shift),
            };
            let pts = pts.ok_or_else(|| damaged("a time out of range"))?;
            let mut size = code.size;
            if flags & flag::SIZE_MSB != 0 {
                let msb = number(from)?.checked_mul(code.size_multiplier);
                size = msb
                    .and_then(|m| m.checked_add(size))
                    .ok_or_else(|| damaged("a size out of range"))?;
            }
            if flags & flag::MATCH_TIME != 0 {
                number(from)?;
            }
            let header = match flags & flag::HEADER_INDEX {
                0 => code.header,
                _ => number(from)?,
            };
            let reserved = match flags & flag::RESERVED {
                0 => code.reserved,
                _ => number(from)?,
            };
            for _ in 0..reserved.min(256) {
                number(from)?;
            }
            if flags & flag::CHECKSUM != 0 {
                from.read_exact(&mut [0; 4])?;
            }
            if flags & flag::SIDE_DATA != 0 {
                return Err(damaged("side data in a frame"));
            }
            self.last_pts = pts;
            if flags & flag::EOR != 0 {
                continue;
            }
            if size != data.len() as u64 {
                let what = format!("a frame of {size} bytes instead of {}", data.len());
                return Err(damaged(&what));
            }
            let elided = match size > ELISION {
                true => &[][..],
                false => self
                    .elisions
                    .get(header as usize)
                    .ok_or_else(|| damaged("an unknown elision header"))?,
            };
            let (first, rest) = data
                .split_at_mut_checked(elided.len())
                .ok_or_else(|| damaged("an elision header longer than its frame"))?;
            first.copy_from_slice(elided);
            self.from.read_exact(rest)?;
            return Ok(Some(pts));
        }
    }

    /// The header with this start code; others before it are passed over.
    fn header_packet(&mut self, wanted: u64) -> io::Result<Vec<u8>> {
        for _ in 0..64 {
            let mut code = [0; 8];
            self.from.read_exact(&mut code)?;
            let packet = self.packet()?;
            if u64::from_be_bytes(code) == wanted {
                return Ok(packet);
            }
        }
        Err(damaged("a header is missing"))
    }

    /// A packet that is no frame; its first byte is read.
    fn other_packet(&mut self) -> io::Result<()> {
        let mut code = [b'N'; 8];
        self.from.read_exact(&mut code[1..])?;
        let packet = self.packet()?;
        match u64::from_be_bytes(code) {
            SYNCPOINT => {
                let coded = number(&mut &packet[..])?;
                let count = self.time_bases.len() as u64;
                let (num, den) = self.time_bases[(coded % count) as usize];
                let (own_num, own_den) = self.header.time_base;
                let ticks = u128::from(coded / count) * u128::from(num) * u128::from(own_den);
                let unit = u128::from(den) * u128::from(own_num);
                self.last_pts =
                    i64::try_from(ticks / unit).map_err(|_| damaged("a time out of range"))?;
                Ok(())
            }
            INDEX | INFO | MAIN | STREAM => Ok(()),
            _ => Err(damaged("an unknown packet")),
        }
    }

    /// The rest of a packet after its start code.
    fn packet(&mut self) -> io::Result<Vec<u8>> {
        let length = number(&mut self.from)?;
        if length > LONG_PACKET {
            self.from.read_exact(&mut [0; 4])?;
        }
        if !(4..=LONGEST_HEADER).contains(&length) {
            return Err(damaged("a packet's length"));
        }
        let mut bytes = Vec::new();
        (&mut self.from).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if checksum(&bytes) != 0 {
            return Err(damaged("a checksum"));
        }
        bytes.truncate(bytes.len() - 4);
        Ok(bytes)
    }

    fn main_header(&mut self, packet: &[u8]) -> io::Result<()> {
        let p = &mut &packet[..];
        let version = number(p)?;
        if !(2..=4).contains(&version) {
            return Err(damaged("an unknown version"));
        }
        if version > 3 {
            number(p)?;
        }
        number(p)?; // streams
        number(p)?; // largest distance
        for _ in 0..number(p)?.min(64) {
            let base = (number(p)?, number(p)?);
            if base.0 == 0 || base.1 == 0 {
                return Err(damaged("a time base of 0"));
            }
            self.time_bases.push(base);
        }
        if self.time_bases.is_empty() {
            return Err(damaged("no time base"));
        }
        self.frame_codes(p)?;
        for _ in 0..number(p)?.min(128) {
            let mut bytes = vec![0; number(p)?.min(ELISION) as usize];
            p.read_exact(&mut bytes)?;
            self.elisions.push(bytes);
        }
        Ok(())
    }

    /// The table of frame codes, run by run.
    fn frame_codes(&mut self, p: &mut &[u8]) -> io::Result<()> {
        let (mut pts_step, mut multiplier, mut header) = (0, 1, 0);
        while self.codes.len() < 256 {
            let (flags, fields) = (number(p)?, number(p)?);
            let (mut size, mut reserved) = (0, 0);
            if fields > 0 {
                pts_step = signed(p)?;
            }
            if fields > 1 {
                multiplier = number(p)?;
            }
            if fields > 2 {
                number(p)?; // stream
            }
            if fields > 3 {
                size = number(p)?;
            }
            if fields > 4 {
                reserved = number(p)?;
            }
            let count = match fields > 5 {
                true => number(p)?,
                false => multiplier.wrapping_sub(size),
            };
            if fields > 6 {
                number(p)?; // match time
            }
            if fields > 7 {
                header = number(p)?;
            }
            for _ in 8..fields.min(64) {
                number(p)?;
            }
            if !(1..=256).contains(&count) {
                return Err(damaged("the table of frame codes"));
            }
            let mut step = 0;
            while step < count && self.codes.len() < 256 {
                let is_reserved = self.codes.len() == usize::from(b'N');
                self.codes.push(FrameCode {
                    flags: if is_reserved { flag::INVALID } else { flags },
                    size_multiplier: multiplier,
                    size: size.saturating_add(step),
                    pts_step,
                    reserved,
                    header,
                });
                step += u64::from(!is_reserved);
            }
        }
        Ok(())
    }

    fn stream_header(&mut self, packet: &[u8]) -> io::Result<()> {
        let p = &mut &packet[..];
        number(p)?; // stream
        if number(p)? != 0 {
            return Err(damaged("the stream is no video"));
        }
        let mut fourcc = [0; 4];
        if number(p)? != 4 {
            return Err(damaged("a code of the pixel format"));
        }
        p.read_exact(&mut fourcc)?;
        let base = number(p)? as usize;
        let shift = number(p)?;
        self.msb_pts_shift = u32::try_from(shift)
            .ok()
            .filter(|s| *s < 32)
            .ok_or_else(|| damaged("the bits of a time"))?;
        number(p)?; // largest distance
        number(p)?; // decode delay
        number(p)?; // flags
        let mut skipped = vec![0; number(p)?.min(LONG_PACKET) as usize];
        p.read_exact(&mut skipped)?;
        self.header = Header {
            fourcc,
            width: number(p)?,
            height: number(p)?,
            pixel: (number(p)?, number(p)?),
            time_base: *self
                .time_bases
                .get(base)
                .ok_or_else(|| damaged("an unknown time base"))?,
        };
        Ok(())
    }
}

/// A time of which perhaps only the last bits are coded: the one nearest to the time before it.
fn full_pts(coded: u64, last: i64, shift: u32) -> Option<i64> {
    let coded = i64::try_from(coded).ok()?;
    let unit = 1i64 << shift;
    if coded >= unit {
        return coded.checked_sub(unit);
    }
    let mask = unit - 1;
    let least = last.checked_sub(mask / 2)?;
    (coded.checked_sub(least)? & mask).checked_add(least)
}

/// Seven bits a byte, the most significant first.
fn number(from: &mut impl Read) -> io::Result<u64> {
    let mut value = 0u64;
    for _ in 0..10 {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        value = value << 7 | u64::from(byte[0] & 0x7f);
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(damaged("a number that does not end"))
}

fn signed(from: &mut impl Read) -> io::Result<i64> {
    let coded = number(from)?;
    let half = i64::try_from(coded / 2).map_err(|_| damaged("a number out of range"))?;
    Ok(if coded % 2 == 1 { half + 1 } else { -half })
}
