//! Frames into an MP4: encoded one by one, the source's sound copied beside them chunk by chunk, and
//! tables built anew at the front.
//!
//! Invariant: the file has the frames that were given, at their times, and the sound tracks that were
//! asked for; it is read once more before it counts as written.

use super::super::FrameSink;
use super::super::failure::{failed, malformed};
use super::super::frame::{Frame, Samples};
use super::entries;
use super::file::Source;
use super::parameters::{Colour, with_usability};
use super::tables::{self, Chunk, Written};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use mp4_atom::{
    Avc1, Avcc, Co64, Dinf, Dref, DrefEntry, Encode, FourCC, Ftyp, Hdlr, Mdhd, Mdia, Minf, Moov,
    Mvhd, Stbl, Stsd, Tkhd, Trak, Url,
};
use rusty_h264::{Encoder, EncoderConfig, Preset, YuvPlanes};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Quantisation when no quality is asked for: hardly to be told from the source.
const QP: u8 = 22;
/// Frames between two at which playing may begin.
const KEY_DISTANCE: u32 = 250;
/// Bytes of tables for each picture: its size, place, time, and whether playing may begin there.
const TABLE_BYTES: u64 = 24;

/// A sound track on its way.
struct Sound {
    chunks: std::vec::IntoIter<Chunk>,
    waiting: Option<Chunk>,
    timescale: u32,
    /// The new track, but for the places.
    track: Trak,
    offsets: Vec<u64>,
}

/// A file in the making.
pub(super) struct Writing {
    to: PathBuf,
    out: BufWriter<File>,
    source: File,
    position: u64,
    /// Where tables may go at the front, and how many bytes there are.
    room: (u64, u64),
    encoder: Encoder,
    size: Size,
    sets: Option<(Vec<u8>, Vec<u8>)>,
    pictures: Vec<Written>,
    sound: Vec<Sound>,
    movie: Mvhd,
    video: Trak,
    avc: Option<Avc1>,
    colour: Colour,
    pixel: Option<(u32, u32)>,
    /// How long the last frame is shown.
    last: u32,
}

impl Writing {
    pub(super) fn start(
        source: &Source,
        input: File,
        to: &Path,
        qp: Option<u8>,
        preset: Preset,
        with_sound: bool,
    ) -> Result<Self> {
        let (width, height) = (source.sequence.width, source.sequence.height);
        let mut config = EncoderConfig::new(width as usize, height as usize);
        config.qp = qp.unwrap_or(QP);
        config.bitrate = 0;
        config.preset = preset;
        config.gop_size = KEY_DISTANCE;
        // One frame in, one out.
        config.lookahead = 0;
        let pictures = &source.pictures;
        let track = source.track();
        let seconds = f64::from(track.mdia.mdhd.timescale.max(1));
        let span = track.mdia.mdhd.duration as f64 / seconds;
        let rate = (pictures.len() as f64 / span.max(1e-3)).clamp(1.0, 300.0);
        config.framerate = rate as f32;
        config.level_idc = level(width, height, rate);
        let encoder = Encoder::new(config).map_err(|e| {
            Error::new(ErrorKind::Internal, format!("preparing the encoder: {e:?}"))
        })?;
        let mut sound = Vec::new();
        for (index, chunks) in source.sound.iter().filter(|_| with_sound) {
            sound.push(Sound {
                chunks: chunks.clone().into_iter(),
                waiting: None,
                timescale: source.moov.trak[*index].mdia.mdhd.timescale.max(1),
                track: sound_track(&source.moov.trak[*index]),
                offsets: Vec::with_capacity(chunks.len()),
            });
        }
        let out = File::create(to).map_err(output)?;
        let durations = &track.mdia.minf.stbl.stts.entries;
        let mut writing = Self {
            to: to.to_owned(),
            out: BufWriter::with_capacity(1 << 20, out),
            source: input,
            position: 0,
            room: (0, 0),
            encoder,
            size: Size::new(width, height),
            sets: None,
            pictures: Vec::with_capacity(pictures.len()),
            sound,
            movie: movie(&source.moov.mvhd),
            video: video_track(track),
            avc: source.avc().cloned(),
            colour: source.sequence.colour,
            pixel: source.sequence.pixel,
            last: durations.last().map_or(1, |run| run.sample_delta.max(1)),
        };
        writing.begin(source.is_quicktime, pictures.len())?;
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
        let mut room = 4096 + pictures as u64 * TABLE_BYTES;
        for sound in &self.sound {
            let mut track = Vec::new();
            encode(&sound.track, &mut track)?;
            room += track.len() as u64 + sound.chunks.len() as u64 * 8 + 64;
        }
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
        for i in 0..self.sound.len() {
            loop {
                let sound = &mut self.sound[i];
                let Some(chunk) = sound.waiting.take().or_else(|| sound.chunks.next()) else {
                    break;
                };
                if chunk.dts as f64 / f64::from(sound.timescale) > until {
                    sound.waiting = Some(chunk);
                    break;
                }
                sound.offsets.push(self.position);
                self.source
                    .seek(SeekFrom::Start(chunk.offset))
                    .map_err(|e| failed("reading its sound").because(e))?;
                let mut from = (&self.source).take(chunk.bytes);
                let copied = std::io::copy(&mut from, &mut self.out).map_err(output)?;
                if copied != chunk.bytes {
                    return Err(malformed("its sound is cut off"));
                }
                self.position += copied;
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
        let mut tables = tables::for_pictures(&self.pictures, self.last)?;
        let entry = entries::picture(self.avc.as_ref(), self.size, avcc);
        tables.stsd = Stsd {
            codecs: vec![entry.into()],
        };
        self.video.mdia.minf.stbl = tables;
        let mut all = vec![self.video.clone()];
        for sound in &mut self.sound {
            sound.track.mdia.minf.stbl.co64 = Some(Co64 {
                entries: std::mem::take(&mut sound.offsets),
            });
            all.push(sound.track.clone());
        }
        Ok(Moov {
            mvhd: self.movie.clone(),
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
        let timescale = f64::from(self.video.mdia.mdhd.timescale.max(1));
        self.copy_sound(frame.pts as f64 / timescale)?;
        self.pictures.push(Written {
            offset: self.position,
            size: packed.len() as u32,
            pts: frame.pts,
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
        let written: Vec<i64> = self.pictures.iter().map(|p| p.pts).collect();
        let sound = self.sound.len();
        let back = super::file::read(&self.to)?
            .map_err(|why| malformed(format!("the new file cannot be read: {why}")))?;
        let shown: Vec<i64> = back.pictures.iter().map(|p| p.pts).collect();
        match shown == written && back.sound.len() == sound && back.moov.trak.len() == sound + 1 {
            true => Ok(()),
            false => Err(malformed("the new file is not what was written")),
        }
    }
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

/// A movie header without dates.
fn movie(from: &Mvhd) -> Mvhd {
    Mvhd {
        creation_time: 0,
        modification_time: 0,
        ..from.clone()
    }
}

fn header(from: &Tkhd) -> Tkhd {
    Tkhd {
        creation_time: 0,
        modification_time: 0,
        ..from.clone()
    }
}

fn media(from: &Mdhd) -> Mdhd {
    Mdhd {
        creation_time: 0,
        modification_time: 0,
        ..from.clone()
    }
}

/// The picture track without its tables.
fn video_track(from: &Trak) -> Trak {
    Trak {
        tkhd: header(&from.tkhd),
        edts: from.edts.clone(),
        mdia: Mdia {
            mdhd: media(&from.mdia.mdhd),
            hdlr: Hdlr {
                handler: FourCC::new(b"vide"),
                name: String::new(),
            },
            minf: Minf {
                vmhd: from
                    .mdia
                    .minf
                    .vmhd
                    .clone()
                    .or_else(|| Some(Default::default())),
                dinf: own_data(),
                ..Minf::default()
            },
        },
        ..Trak::default()
    }
}

/// A sound track without its places.
fn sound_track(from: &Trak) -> Trak {
    let tables = &from.mdia.minf.stbl;
    let codecs = tables.stsd.codecs.iter().filter_map(entries::sound);
    let codecs = codecs.collect();
    let (sbgp, sgpd) = entries::rolls(&tables.sbgp, &tables.sgpd);
    Trak {
        tkhd: header(&from.tkhd),
        edts: from.edts.clone(),
        mdia: Mdia {
            mdhd: media(&from.mdia.mdhd),
            hdlr: Hdlr {
                handler: FourCC::new(b"soun"),
                name: String::new(),
            },
            minf: Minf {
                smhd: from
                    .mdia
                    .minf
                    .smhd
                    .clone()
                    .or_else(|| Some(Default::default())),
                dinf: own_data(),
                stbl: Stbl {
                    stsd: Stsd { codecs },
                    stts: tables.stts.clone(),
                    ctts: tables.ctts.clone(),
                    stss: tables.stss.clone(),
                    stsc: tables.stsc.clone(),
                    stsz: tables.stsz.clone(),
                    sbgp,
                    sgpd,
                    ..Stbl::default()
                },
                ..Minf::default()
            },
        },
        ..Trak::default()
    }
}

/// All data lies in the file itself.
fn own_data() -> Dinf {
    let here = DrefEntry::Url(Url::default());
    Dinf {
        dref: Dref {
            entries: vec![here],
        },
    }
}
