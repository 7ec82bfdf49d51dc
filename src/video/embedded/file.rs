//! An MP4 or QuickTime file: its `moov`, and which of its tracks can be dealt with without ffmpeg.
//!
//! Invariant: a file passes only if everything in it that will be kept is understood.

use super::super::failure::{failed, malformed};
use super::entries;
use super::parameters::{Sequence, is_decoded_wrongly};
use super::tables::{self, Chunk, Picture};
use crate::error::Result;
use crate::geometry::Orientation;
use mp4_atom::{Atom, Avc1, Avcc, Codec, FourCC, Header, Moov, ReadFrom, Trak};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The largest `moov` that is read: tables of a day of video.
const LONGEST_MOOV: u64 = 256 << 20;
/// The most that is decoded without ffmpeg: 4K.
const MOST_SIDE: u32 = 3840;

/// Why a file needs ffmpeg, as the end of a sentence.
pub(super) type Reason = String;

/// A file that can be dealt with.
pub(super) struct Source {
    pub(super) moov: Moov,
    pub(super) video: usize,
    pub(super) sequence: Sequence,
    pub(super) orientation: Orientation,
    pub(super) pictures: Vec<Picture>,
    /// Index of the track, and where its samples lie.
    pub(super) sound: Vec<(usize, Vec<Chunk>)>,
    pub(super) dropped: Vec<String>,
    pub(super) is_quicktime: bool,
}

impl Source {
    /// The picture track.
    pub(super) fn track(&self) -> &Trak {
        &self.moov.trak[self.video]
    }

    /// Its codec's configuration.
    pub(super) fn avc(&self) -> Option<&Avc1> {
        avc(self.track())
    }
}

/// Reads a file's tables.
///
/// # Errors
/// If it is damaged.
pub(super) fn read(path: &Path) -> Result<std::result::Result<Source, Reason>> {
    let file = File::open(path).map_err(|e| failed("reading it").because(e))?;
    let length = file
        .metadata()
        .map_err(|e| failed("reading it").because(e))?
        .len();
    let mut file = BufReader::new(file);
    let (mut moov, mut raw, mut is_quicktime) = (None, Vec::new(), true);
    loop {
        let at = file
            .stream_position()
            .map_err(|e| failed("reading it").because(e))?;
        if at >= length {
            break;
        }
        let header = Option::<Header>::read_from(&mut file)
            .map_err(|e| malformed("its boxes are damaged").because(e))?;
        let Some(header) = header else { break };
        let start = file
            .stream_position()
            .map_err(|e| failed("reading it").because(e))?;
        let size = header.size.map_or(length - start, |s| s as u64);
        if size > length - start {
            return Err(malformed("it is cut off"));
        }
        match header.kind {
            k if k == FourCC::new(b"moof") => return Ok(Err("it is fragmented".into())),
            k if k == FourCC::new(b"ftyp") => {
                let bytes = bytes(&mut file, size.min(64))?;
                is_quicktime = bytes.starts_with(b"qt  ");
            }
            k if k == Moov::KIND => {
                if size > LONGEST_MOOV {
                    return Err(malformed("its tables are longer than can be"));
                }
                raw = bytes(&mut file, size)?;
                let read = Moov::decode_body(&mut &raw[..]);
                match read {
                    Ok(read) => moov = Some(read),
                    Err(e) => return Ok(Err(format!("its tables are unusual ({e})"))),
                }
            }
            _ => {}
        }
        file.seek(SeekFrom::Start(start + size))
            .map_err(|e| failed("reading it").because(e))?;
    }
    let Some(moov) = moov else {
        return Err(malformed("it is cut off: it has no tables"));
    };
    sort_tracks(moov, &raw, length, is_quicktime)
}

fn bytes(file: &mut impl Read, size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(size)
        .read_to_end(&mut bytes)
        .map_err(|e| failed("reading it").because(e))?;
    Ok(bytes)
}

fn sort_tracks(
    moov: Moov,
    raw: &[u8],
    length: u64,
    is_quicktime: bool,
) -> Result<std::result::Result<Source, Reason>> {
    if moov.mvex.is_some() {
        return Ok(Err("it is fragmented".into()));
    }
    let handler = |t: &Trak| t.mdia.hdlr.handler;
    let is_video = |t: &Trak| handler(t) == FourCC::new(b"vide");
    let Some(video) = moov.trak.iter().position(|t| is_video(t) && t.tkhd.enabled) else {
        return Ok(Err("it has no enabled video track".into()));
    };
    let track = &moov.trak[video];
    let (sequence, orientation) = match check_video(track) {
        Ok(checked) => checked,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut dropped = Vec::new();
    let mut drop = |name: &str| {
        if !dropped.iter().any(|n| n == name) {
            dropped.push(name.to_owned());
        }
    };
    for name in avc(track).into_iter().flat_map(entries::lost_of_picture) {
        drop(name);
    }
    let mut sound = Vec::new();
    for (i, track) in moov.trak.iter().enumerate() {
        let kind = handler(track);
        if i == video {
        } else if kind == FourCC::new(b"soun") {
            let [codec] = track.mdia.minf.stbl.stsd.codecs.as_slice() else {
                return Ok(Err("its sound is of an unusual codec".into()));
            };
            if entries::sound(codec).is_none() {
                return Ok(Err("its sound is of an unusual codec".into()));
            }
            if let Some(name) = entries::lost_of_sound(codec) {
                drop(name);
            }
            sound.push((i, tables::chunks(&track.mdia.minf.stbl, length)?));
        } else if is_video(track) {
            drop("second-video-track");
        } else if [b"text", b"sbtl", b"subt", b"clcp"]
            .iter()
            .any(|k| kind == FourCC::new(k))
        {
            drop("subtitles");
        } else {
            drop("data-track");
        }
        let usual = ["", "VideoHandler", "SoundHandler"];
        if !usual.contains(&track.mdia.hdlr.name.as_str()) {
            drop("handler-name");
        }
        if track.udta.is_some() || track.meta.is_some() {
            drop("metadata");
        }
    }
    if moov.udta.is_some() || moov.meta.is_some() {
        drop("metadata");
    }
    let says = |word: &[u8]| raw.windows(word.len()).any(|w| w == word);
    for (words, name) in [
        (
            &[&b"\xa9xyz"[..], b"loci", b"location.ISO6709"][..],
            "location",
        ),
        (&[b"\xa9nam", b"titl"], "title"),
        (&[b"\xa9day", b"creationdate"], "date"),
        (&[b"\xa9mak", b"\xa9mod", b"quicktime.make"], "camera"),
        (&[b"\xa9too", b"\xa9swr"], "encoder"),
        (&[b"covr"], "cover-art"),
        (&[b"chap", b"chpl"], "chapters"),
    ] {
        if words.iter().any(|word| says(word)) {
            drop(name);
        }
    }
    if moov.mvhd.creation_time != 0 {
        drop("date");
    }
    let pictures = tables::pictures(&track.mdia.minf.stbl, length)?;
    if pictures.iter().any(|p| p.pts < 0) {
        return Ok(Err("its frames begin before its time does".into()));
    }
    Ok(Ok(Source {
        video,
        sequence,
        orientation,
        pictures,
        sound,
        dropped,
        is_quicktime,
        moov,
    }))
}

/// Whether the built-in decoder may be trusted with a track.
fn check_video(track: &Trak) -> std::result::Result<(Sequence, Orientation), Reason> {
    let no = |why: &str| Err(why.to_owned());
    let Some(avc) = avc(track) else {
        return no("its video is not H.264");
    };
    let Avcc {
        sequence_parameter_sets: sps,
        picture_parameter_sets: pps,
        length_size,
        ..
    } = &avc.avcc;
    let [sps] = sps.as_slice() else {
        return no("its H.264 has several sequences");
    };
    let Some(sequence) = Sequence::read(sps) else {
        return no("its H.264 has damaged parameters");
    };
    if sequence.chroma_format != 1 || sequence.bits != (8, 8) || sequence.is_lossless {
        return no("its H.264 is not 8-bit 4:2:0");
    }
    if !sequence.is_progressive {
        return no("its H.264 may be interlaced");
    }
    if pps.is_empty() || pps.iter().any(|p| is_decoded_wrongly(p) != Some(false)) {
        return no("its H.264 is of a rare kind");
    }
    if !matches!(length_size, 1 | 2 | 4) {
        return no("its H.264 is packed in a rare way");
    }
    let (width, height) = (sequence.width, sequence.height);
    if width.max(height) > MOST_SIDE || width % 2 + height % 2 > 0 || width.min(height) < 16 {
        return no("its frames are larger than 4K or of a rare size");
    }
    let m = &track.tkhd.matrix;
    const ONE: i32 = 1 << 16;
    // Rows of the matrix: where x and y go (ISO/IEC 14496-12, 6.2.2).
    let orientation = match [m.a, m.b, m.c, m.d] {
        [ONE, 0, 0, ONE] => Orientation::Normal,
        [0, ONE, n, 0] if n == -ONE => Orientation::Rotate90,
        [n, 0, 0, k] if n == -ONE && k == -ONE => Orientation::Rotate180,
        [0, n, ONE, 0] if n == -ONE => Orientation::Rotate270,
        _ => return no("its frames are turned in a rare way"),
    };
    Ok((sequence, orientation))
}

fn avc(track: &Trak) -> Option<&Avc1> {
    match track.mdia.minf.stbl.stsd.codecs.as_slice() {
        [Codec::Avc1(avc)] => Some(avc),
        _ => None,
    }
}
