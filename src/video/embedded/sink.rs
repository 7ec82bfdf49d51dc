//! Frames into an MP4: encoded one by one, the source's sound copied beside them packet by packet,
//! and tables built anew at the front.
//!
//! Invariant: the file has the frames that were given, at their times, and the sound tracks that
//! were asked for; it is read once more before it counts as written.

use super::super::FrameSink;
use super::super::failure::{failed, malformed};
use super::super::file::{FileReader, VideoFile};
use super::entries;
use super::file::Source;
use super::parameters::{Colour, with_usability};
use super::sound::Sound;
use super::tables::{self, Written};
use super::tracks::{self, Header};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Samples};
use crate::geometry::Size;
use mp4_atom::{Avc1, Avcc, Encode, FourCC, Ftyp, Moov, Stbl, Stsd};
use rusty_h264::{Encoder, EncoderConfig, Preset, YuvPlanes};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How good pictures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quality {
    /// With this quantisation, 0 to 51.
    Qp(u8),
    /// With so many bits a second.
    Bits(u32),
}

/// Frames between two at which playing may begin.
const KEY_DISTANCE: u32 = 250;
/// Bytes of tables for each picture: its size, place, time, and whether playing may begin there.
const TABLE_BYTES: u64 = 28;
/// The same for each packet of sound: most are as long as the one before, and many lie side by
/// side.
const PACKET_BYTES: u64 = 16;

/// A sound track on its way.
struct Copying {
    sound: Sound,
    /// The next packet, and when it is decoded in the new track.
    next: usize,
    dts: i64,
    written: Vec<Written>,
}

/// A file in the making.
pub(super) struct Writing {
    to: PathBuf,
    out: BufWriter<File>,
    source: BufReader<FileReader>,
    position: u64,
    /// Where tables may go at the front, and how many bytes there are.
    room: (u64, u64),
    encoder: Encoder,
    size: Size,
    sets: Option<(Vec<u8>, Vec<u8>)>,
    pictures: Vec<Written>,
    times: Vec<i64>,
    sound: Vec<Copying>,
    header: Header,
    avc: Option<Avc1>,
    colour: Colour,
    pixel: Option<(u32, u32)>,
    /// When the last frame ceases to be shown.
    end: i64,
    /// When frames of the source are shown from which playing may begin, falling; none if these
    /// are most.
    keys: Vec<i64>,
}

impl Writing {
    pub(super) fn start(
        source: &Source,
        input: FileReader,
        to: &Path,
        quality: Quality,
        preset: Preset,
        with_sound: bool,
    ) -> Result<Self> {
        let (width, height) = (source.sequence.width, source.sequence.height);
        let mut config = EncoderConfig::new(width as usize, height as usize);
        match quality {
            Quality::Qp(qp) => (config.qp, config.bitrate) = (qp, 0),
            Quality::Bits(bits) => config.bitrate = bits.max(1),
        }
        config.preset = preset;
        config.gop_size = KEY_DISTANCE;
        // One frame in, one out.
        config.lookahead = 0;
        let frames = source.shown().len();
        let header = source.header();
        let span = source.end as f64 / f64::from(header.timescale);
        let rate = (frames as f64 / span.max(1e-3)).clamp(1.0, 300.0);
        config.framerate = rate as f32;
        config.level_idc = level(width, height, rate);
        let encoder = Encoder::new(config).map_err(|e| {
            Error::new(ErrorKind::Internal, format!("preparing the encoder: {e:?}"))
        })?;
        let copied = source.sound.iter().filter(|_| with_sound);
        let copying = |sound: &Sound| Copying {
            sound: sound.clone(),
            next: 0,
            dts: 0,
            written: Vec::with_capacity(sound.samples.len()),
        };
        let out = File::create(to).map_err(output)?;
        let mut writing = Self {
            to: to.to_owned(),
            out: BufWriter::with_capacity(1 << 20, out),
            source: BufReader::with_capacity(1 << 16, input),
            position: 0,
            room: (0, 0),
            encoder,
            size: Size::new(width, height),
            sets: None,
            pictures: Vec::with_capacity(frames),
            times: Vec::with_capacity(frames),
            sound: copied.map(copying).collect(),
            header,
            avc: source.avc().cloned(),
            colour: source.sequence.colour,
            pixel: source.sequence.pixel,
            end: source.end,
            keys: key_times(source),
        };
        writing.begin(source.is_quicktime, frames)?;
        Ok(writing)
    }

    /// Writes the file's type, leaves room for the tables, and begins the data.
    fn begin(&mut self, is_quicktime: bool, pictures: usize) -> Result<()> {
        let brand = if is_quicktime { b"qt  " } else { b"isom" };
        let mut head = Vec::new();
        let ftyp = Ftyp {
            major_brand: FourCC::new(brand),
            minor_version: 512,
            compatible_brands: [brand, b"iso2", b"avc1", b"mp41"].map(FourCC::new).to_vec(),
        };
        encode(&ftyp, &mut head)?;
        let packets: usize = self.sound.iter().map(|c| c.sound.samples.len()).sum();
        let room = 4096
            + 1024 * self.sound.len() as u64
            + pictures as u64 * TABLE_BYTES
            + packets as u64 * PACKET_BYTES;
        self.room = (head.len() as u64, room);
        head.extend(free(room)?);
        // A length of 64 bits, which is written at the end.
        head.extend([0, 0, 0, 1]);
        head.extend(b"mdat");
        head.extend([0; 8]);
        self.put(&head)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(output)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Copies the sound that begins before a time in seconds.
    fn copy_sound(&mut self, until: f64) -> Result<()> {
        for copying in &mut self.sound {
            let timescale = f64::from(copying.sound.header.timescale);
            while let Some(sample) = copying.sound.samples.get(copying.next).copied() {
                if copying.dts as f64 / timescale > until {
                    break;
                }
                let mut packet = vec![0; sample.size as usize];
                self.source
                    .seek(SeekFrom::Start(sample.offset))
                    .and_then(|_| self.source.read_exact(&mut packet))
                    .map_err(|e| failed("reading its sound").because(e))?;
                copying.sound.packets.blank(&mut packet);
                self.out.write_all(&packet).map_err(output)?;
                copying.written.push(Written {
                    offset: self.position,
                    size: packet.len() as u32,
                    duration: sample.duration,
                    is_sync: true,
                });
                self.position += packet.len() as u64;
                copying.next += 1;
                copying.dts += i64::from(sample.duration);
            }
        }
        Ok(())
    }

    /// A coded picture as it stands in a file: lengths before its units, parameter sets aside.
    fn packed(&mut self, stream: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(stream.len() + 16);
        let mut is_sync = false;
        let (mut sps, mut pps) = (None, None);
        for unit in units(stream) {
            match unit.first().map_or(0, |b| b & 31) {
                7 => sps = Some(unit.to_vec()),
                8 => pps = Some(unit.to_vec()),
                kind => {
                    is_sync |= kind == 5;
                    out.extend((unit.len() as u32).to_be_bytes());
                    out.extend(unit);
                }
            }
        }
        if let (Some(sps), Some(pps)) = (sps, pps) {
            self.sets.get_or_insert((sps, pps));
        }
        (out, is_sync)
    }

    /// The whole `moov`.
    fn tables(&mut self) -> Result<Moov> {
        let lost = || Error::new(ErrorKind::Internal, "the encoder gave no parameters");
        let (sps, pps) = self.sets.clone().ok_or_else(lost)?;
        let sps = with_usability(&sps, self.pixel, self.colour, 1).ok_or_else(lost)?;
        let avcc = Avcc::new(&sps, &pps)
            .map_err(|e| Error::new(ErrorKind::Internal, "building the tables").because(e))?;
        // How long a frame is shown is known when the next one is.
        let next = self.times.iter().skip(1).chain([&self.end]);
        for ((picture, time), next) in self.pictures.iter_mut().zip(&self.times).zip(next) {
            let duration = u32::try_from(next - time);
            picture.duration = duration.map_err(|_| malformed("its frames are out of order"))?;
        }
        let entry = entries::picture(self.avc.as_ref(), self.size, avcc);
        let tables = Stbl {
            stsd: Stsd {
                codecs: vec![entry.into()],
            },
            ..tables::for_samples(&self.pictures)?
        };
        let movie = tracks::movie_timescale(self.header.timescale);
        let mut all = vec![self.header.track(1, movie, tables)];
        for (number, copying) in (2..).zip(&self.sound) {
            let tables = copying.sound.tables(&copying.written)?;
            all.push(copying.sound.header.track(number, movie, tables));
        }
        Ok(Moov {
            mvhd: tracks::movie(movie, &all),
            trak: all,
            ..Moov::default()
        })
    }
}

impl FrameSink for Writing {
    fn write(&mut self, frame: &Frame) -> Result<()> {
        let Samples::U8(data) = &frame.samples else {
            return Err(Error::new(ErrorKind::Internal, "a frame of another depth"));
        };
        let (w, h) = (self.size.width as usize, self.size.height as usize);
        let (luma, chroma) = (w * h, w * h / 4);
        let planes = data
            .split_at_checked(luma)
            .and_then(|(y, rest)| Some((y, rest.split_at_checked(chroma)?)))
            .and_then(|(y, (u, v))| YuvPlanes::new(w, h, y, u, v, w, w / 2))
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a frame of another size"))?;
        let is_due = |key: &&i64| **key <= frame.pts;
        if self.keys.last().filter(is_due).is_some() {
            self.encoder.request_keyframe();
            while self.keys.last().filter(is_due).is_some() {
                self.keys.pop();
            }
        }
        let stream = self
            .encoder
            .encode_planes(&planes)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("encoding a frame: {e:?}")))?;
        let (packed, is_sync) = self.packed(&stream);
        if packed.is_empty() {
            return Err(Error::new(
                ErrorKind::Internal,
                "the encoder dropped a frame",
            ));
        }
        self.copy_sound(frame.pts as f64 / f64::from(self.header.timescale))?;
        self.times.push(frame.pts);
        self.pictures.push(Written {
            offset: self.position,
            size: packed.len() as u32,
            duration: 0,
            is_sync,
        });
        self.put(&packed)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.copy_sound(f64::INFINITY)?;
        let rest = self.encoder.try_flush().map_err(|e| {
            Error::new(
                ErrorKind::Internal,
                format!("encoding the last frame: {e:?}"),
            )
        })?;
        if !rest.is_empty() {
            return Err(Error::new(
                ErrorKind::Internal,
                "the encoder held frames back",
            ));
        }
        let end = self.position;
        let mut moov = Vec::new();
        encode(&self.tables()?, &mut moov)?;
        let (at, room) = self.room;
        let left = room.checked_sub(moov.len() as u64).filter(|n| *n >= 8);
        let file = &mut self.out;
        match left {
            Some(left) => {
                file.seek(SeekFrom::Start(at)).map_err(output)?;
                moov.extend(&free(left)?[..8]);
                file.write_all(&moov).map_err(output)?;
            }
            // More than was thought: the tables go to the end.
            None => file.write_all(&moov).map_err(output)?,
        }
        let data = at + room;
        file.seek(SeekFrom::Start(data + 8)).map_err(output)?;
        file.write_all(&(end - data).to_be_bytes())
            .map_err(output)?;
        file.flush().map_err(output)?;
        let new = VideoFile::open(&self.to)?;
        let back = super::file::read(&new)?
            .map_err(|why| malformed(format!("the new file cannot be read: {why}")))?;
        let is_whole = back.shown() == self.times
            && back.end == self.end
            && back.pictures.len() == self.times.len()
            && back.moov.trak.len() == self.sound.len() + 1
            && back
                .sound
                .iter()
                .map(|s| s.samples.len())
                .eq(self.sound.iter().map(|c| c.written.len()));
        match is_whole {
            true => Ok(()),
            false => Err(malformed("the new file is not what was written")),
        }
    }
}

/// When frames are shown from which playing may begin, the last one first. None of a source that
/// has so many that each frame would cost as much as a picture.
fn key_times(source: &Source) -> Vec<i64> {
    /// Pictures for one from which playing may begin.
    const RARE: usize = 8;
    let keys = source.pictures.iter().filter(|p| p.is_sync && p.is_shown);
    let mut keys: Vec<i64> = keys.map(|p| p.pts).collect();
    if keys.len() * RARE > source.pictures.len() {
        keys.clear();
    }
    keys.sort_unstable_by(|a, b| b.cmp(a));
    keys
}

fn output(e: std::io::Error) -> Error {
    Error::new(ErrorKind::Output, "writing the new file").because(e)
}

fn encode(what: &impl Encode, to: &mut Vec<u8>) -> Result<()> {
    what.encode(to)
        .map_err(|e| Error::new(ErrorKind::Internal, "building the tables").because(e))
}

/// A box of this many bytes that means nothing.
fn free(bytes: u64) -> Result<Vec<u8>> {
    let length =
        u32::try_from(bytes).map_err(|_| malformed("its tables would be longer than can be"))?;
    let mut out = length.to_be_bytes().to_vec();
    out.extend(b"free");
    out.resize(bytes as usize, 0);
    Ok(out)
}

/// The units of a stream with start codes.
fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts: Vec<usize> = Vec::new();
    let mut i = 0;
    while i + 3 <= stream.len() {
        if stream[i..i + 3] == [0, 0, 1] {
            starts.push(i + 3);
            i += 3;
        } else {
            i += 1;
        }
    }
    let ends: Vec<usize> = starts
        .iter()
        .skip(1)
        .map(|s| s - 3)
        .chain([stream.len()])
        .collect();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let unit = &stream[start..end];
        // The zero before a start code of four bytes is not the unit's.
        let zeros = unit.iter().rev().take_while(|b| **b == 0).count();
        &unit[..unit.len() - zeros]
    })
}

/// The lowest level that allows this many blocks a frame and a second (H.264, table A-1).
fn level(width: u32, height: u32, rate: f64) -> u8 {
    const LEVELS: [(u8, u32, f64); 9] = [
        (30, 1620, 40_500.0),
        (31, 3600, 108_000.0),
        (32, 5120, 216_000.0),
        (40, 8192, 245_760.0),
        (42, 8704, 522_240.0),
        (50, 22_080, 589_824.0),
        (51, 36_864, 983_040.0),
        (52, 36_864, 2_073_600.0),
        (60, 139_264, 4_177_920.0),
    ];
    let blocks = width.div_ceil(16) * height.div_ceil(16);
    let fits = |(_, frame, second): &&(u8, u32, f64)| {
        blocks <= *frame && f64::from(blocks) * rate <= *second
    };
    LEVELS.iter().find(fits).map_or(62, |l| l.0)
}
