//! An MP4 or QuickTime file: its `moov`, and which of its tracks can be dealt with without ffmpeg.
//!
//! Invariant: a file passes only if everything in it that will be kept is understood.

use super::super::failure::{failed, malformed};
use super::super::file::VideoFile;
use super::edits::Edits;
use super::entries;
use super::outline::Outline;
use super::parameters::{Sequence, is_decoded_wrongly};
use super::sound::Sound;
use super::tables::{self, Picture};
use super::tracks::{Header as TrackHeader, Kind, Stretch};
use crate::content::ContentKind;
use crate::error::Result;
use crate::geometry::{Orientation, Size};
use mp4_atom::{Atom, Avc1, Avcc, Codec, FourCC, Header, Moov, ReadFrom, Trak};
use std::io::{BufReader, Read, Seek, SeekFrom};

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
    /// All that are coded, in the order of decoding.
    pub(super) pictures: Vec<Picture>,
    /// When the last one ceases to be shown.
    pub(super) end: i64,
    pub(super) sound: Vec<Sound>,
    pub(super) dropped: Vec<ContentKind>,
    pub(super) is_quicktime: bool,
}

impl Source {
    /// The picture track.
    pub(super) fn track(&self) -> &Trak {
        &self.moov.trak[self.video]
    }

    /// When frames are shown, in this order.
    pub(super) fn shown(&self) -> Vec<i64> {
        let shown = self.pictures.iter().filter(|p| p.is_shown);
        let mut all: Vec<i64> = shown.map(|p| p.pts).collect();
        all.sort_unstable();
        all
    }

    /// What a new picture track with these frames says of itself.
    pub(super) fn header(&self) -> TrackHeader {
        let track = self.track();
        let first = self.shown().first().copied().unwrap_or(0);
        let pause = Stretch {
            from: None,
            length: first,
        };
        let whole = Stretch {
            from: Some(0),
            length: self.end - first,
        };
        let pixel = self.avc().and_then(|a| a.pasp.as_ref());
        let pixel = pixel.map(|p| (p.h_spacing, p.v_spacing));
        let size = Size::new(self.sequence.width, self.sequence.height);
        TrackHeader {
            kind: Kind::Picture(size, pixel.or(self.sequence.pixel), self.orientation),
            timescale: track.mdia.mdhd.timescale.max(1),
            language: track.mdia.mdhd.language.clone(),
            stretches: match first {
                0 => Vec::new(),
                _ => vec![pause, whole],
            },
        }
    }

    /// Its codec's configuration.
    pub(super) fn avc(&self) -> Option<&Avc1> {
        avc(self.track())
    }
}

/// What a file says of its tracks.
pub(super) struct Tables {
    pub(super) moov: Moov,
    outline: Outline,
    /// All of it.
    raw: Vec<u8>,
    is_quicktime: bool,
}

/// Reads a file's tables, and whether its tracks can be dealt with.
///
/// # Errors
/// If it is damaged.
pub(super) fn read(file: &VideoFile) -> Result<std::result::Result<Source, Reason>> {
    match read_tables(file)? {
        Ok(tables) => sort_tracks(tables, file.len()),
        Err(reason) => Ok(Err(reason)),
    }
}

/// Reads a file's tables.
///
/// # Errors
/// If it is damaged.
pub(super) fn read_tables(file: &VideoFile) -> Result<std::result::Result<Tables, Reason>> {
    let length = file.len();
    let mut file = BufReader::new(file.reader());
    let (mut raw, mut is_quicktime) = (None, true);
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
                raw = Some(bytes(&mut file, size)?);
            }
            _ => {}
        }
        file.seek(SeekFrom::Start(start + size))
            .map_err(|e| failed("reading it").because(e))?;
    }
    let Some(raw) = raw else {
        return Err(malformed("it is cut off: it has no tables"));
    };
    let Some(outline) = Outline::read(&raw) else {
        return Ok(Err("its tables are unusual".into()));
    };
    if outline.is_fragmented {
        return Ok(Err("it is fragmented".into()));
    }
    if outline.is_elsewhere {
        return Ok(Err("its samples lie in another file".into()));
    }
    let moov = Moov::decode_body(&mut &outline.moov[..]);
    Ok(match moov {
        Ok(moov) => Ok(Tables {
            moov,
            outline,
            raw,
            is_quicktime,
        }),
        Err(e) => Err(format!("its tables are unusual ({e})")),
    })
}

fn bytes(file: &mut impl Read, size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(size)
        .read_to_end(&mut bytes)
        .map_err(|e| failed("reading it").because(e))?;
    Ok(bytes)
}

fn sort_tracks(tables: Tables, length: u64) -> Result<std::result::Result<Source, Reason>> {
    let Tables {
        moov,
        outline,
        raw,
        is_quicktime,
    } = tables;
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
    let mut drop = |kind: ContentKind| {
        if !dropped.contains(&kind) {
            dropped.push(kind);
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
            let read = match Sound::read(track, moov.mvhd.timescale, length)? {
                Ok(read) => read,
                Err(reason) => return Ok(Err(reason)),
            };
            let codecs = &track.mdia.minf.stbl.stsd.codecs;
            for name in codecs.iter().filter_map(entries::lost_of_sound) {
                drop(name);
            }
            if read.is_trimmed {
                drop(ContentKind::HiddenSound);
            }
            sound.push(read);
        } else {
            drop(ContentKind::SecondVideoTrack);
        }
        if !is_usual_name(&track.mdia.hdlr.name) {
            drop(ContentKind::HandlerName);
        }
    }
    for (kind, name) in &outline.others {
        let is_text = [b"text", b"sbtl", b"subt", b"clcp"]
            .map(FourCC::new)
            .contains(kind);
        drop(if is_text {
            ContentKind::Subtitles
        } else {
            ContentKind::DataTrack
        });
        if !is_usual_name(name) {
            drop(ContentKind::HandlerName);
        }
    }
    if outline.has_metadata {
        drop(ContentKind::Metadata);
    }
    let says = |word: &[u8]| raw.windows(word.len()).any(|w| w == word);
    for (words, name) in [
        (
            &[&b"\xa9xyz"[..], b"loci", b"location.ISO6709"][..],
            ContentKind::Location,
        ),
        (&[b"\xa9nam", b"titl"], ContentKind::Title),
        (&[b"\xa9day", b"creationdate"], ContentKind::Date),
        (
            &[b"\xa9mak", b"\xa9mod", b"quicktime.make"],
            ContentKind::Camera,
        ),
        (&[b"\xa9too", b"\xa9swr"], ContentKind::Encoder),
        (&[b"covr"], ContentKind::CoverArt),
        (&[b"chap", b"chpl"], ContentKind::Chapters),
    ] {
        if words.iter().any(|word| says(word)) {
            drop(name);
        }
    }
    if moov.mvhd.creation_time != 0 {
        drop(ContentKind::Date);
    }
    let mut pictures = tables::pictures(&track.mdia.minf.stbl, length)?;
    let list = track.edts.as_ref().and_then(|e| e.elst.as_ref());
    let edits = match Edits::read(list, moov.mvhd.timescale, track.mdia.mdhd.timescale.max(1)) {
        Ok(edits) => edits,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Some(Err(reason)) = edits.as_ref().map(|e| e.show(&mut pictures)) {
        return Ok(Err(reason));
    }
    let shown = || pictures.iter().filter(|p| p.is_shown);
    if shown().count() < pictures.len() {
        drop(ContentKind::HiddenFrames);
    }
    if shown().any(|p| p.pts < 0) {
        return Ok(Err("its frames begin before its time does".into()));
    }
    let Some(last) = shown().max_by_key(|p| p.pts) else {
        return Err(malformed("its edit list shows no frame"));
    };
    // Frames are decoded in another order than they are shown in, but none is longer than the
    // others.
    let own = pictures.last().map_or(1, |p| i64::from(p.duration.max(1)));
    let end = last.pts.saturating_add(own);
    let end = edits
        .map_or(end, |edits| end.min(edits.end()))
        .max(last.pts + 1);
    Ok(Ok(Source {
        video,
        sequence,
        orientation,
        pictures,
        end,
        sound,
        dropped,
        is_quicktime,
        moov,
    }))
}

fn is_usual_name(handler: &str) -> bool {
    ["", "VideoHandler", "SoundHandler"].contains(&handler)
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
