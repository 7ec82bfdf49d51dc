//! What the edit lists of an MP4 hide, for a backend that reads its samples by other means.

use super::super::file::VideoFile;
use super::edits::Edits;
use super::{entries, file, tables};
use mp4_atom::{FourCC, Trak};

/// What a file's edit lists hide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cuts {
    /// Whether there are frames that are not shown.
    pub(crate) hides_frames: bool,
    /// Of each sound track, in their order.
    pub(crate) sound: Vec<SoundCut>,
}

/// What is heard of a sound track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SoundCut {
    /// Whether there are packets that are not needed for it.
    pub(crate) is_trimmed: bool,
    /// Whether it is one part.
    pub(crate) is_whole: bool,
    /// Packets before it that a decoder needs.
    pub(crate) lead: usize,
}

impl Cuts {
    /// Reads a file's edit lists. What cannot be read hides nothing that is known of.
    pub(crate) fn read(from: &VideoFile) -> Option<Self> {
        let moov = file::read_tables(from).ok()?.ok()?.moov;
        let is = |t: &&Trak, kind: &[u8; 4]| t.mdia.hdlr.handler == FourCC::new(kind);
        let movie = moov.mvhd.timescale;
        let edits = |t: &Trak| {
            let list = t.edts.as_ref().and_then(|e| e.elst.as_ref());
            Edits::read(list, movie, t.mdia.mdhd.timescale.max(1))
        };
        let mut out = Self::default();
        let mut pictures = moov.trak.iter().filter(|t| is(t, b"vide"));
        let track = pictures
            .clone()
            .find(|t| t.tkhd.enabled)
            .or(pictures.next());
        if let Some(track) = track
            && let Ok(Some(edits)) = edits(track)
            && let Ok(mut all) = tables::pictures(&track.mdia.minf.stbl, from.len())
        {
            let _ = edits.show(&mut all);
            out.hides_frames = all.iter().any(|p| !p.is_shown);
        }
        for track in moov.trak.iter().filter(|t| is(t, b"soun")) {
            let tables = &track.mdia.minf.stbl;
            let lead = tables.stsd.codecs.first().map_or(0, entries::lead);
            let (mut is_trimmed, mut is_whole) = (false, true);
            match edits(track) {
                Ok(Some(edits)) => {
                    is_whole = edits.parts.len() == 1;
                    if let Ok(all) = tables::samples(tables, from.len()) {
                        is_trimmed = edits.heard(&all, lead).contains(&false);
                    }
                }
                Ok(None) => {}
                Err(_) => is_whole = false,
            }
            out.sound.push(SoundCut {
                is_trimmed,
                is_whole,
                lead,
            });
        }
        Some(out)
    }
}
