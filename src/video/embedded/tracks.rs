//! The boxes of a new file around its tables. All of them are made from what was understood: times,
//! sizes, the kind of a track and its language. Nothing is copied from the source's.

use super::edits::rescaled;
use super::entries;
use crate::geometry::{Orientation, Size};
use mp4_atom::{
    Dinf, Dref, DrefEntry, Edts, Elst, ElstEntry, FourCC, Hdlr, Matrix, Mdhd, Mdia, Minf, Mvhd,
    Stbl, Tkhd, Trak, Url,
};

/// 1.0 in a matrix.
const ONE: i32 = 1 << 16;
/// Ticks a second of a movie, at least: what its edit lists are rounded to.
const LEAST_MOVIE: u32 = 90_000;

/// What a track is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Pictures of this size, with how wide a pixel is, and how they are turned to be upright.
    Picture(Size, Option<(u32, u32)>, Orientation),
    /// Sound.
    Sound,
}

/// A stretch of a new track, and when it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where it begins in the new track, in its ticks; `None` for a pause.
    pub(super) from: Option<i64>,
    /// Ticks of the track.
    pub(super) length: i64,
}

/// What is written of a track beside its tables.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) timescale: u32,
    pub(super) language: String,
    /// What is shown; everything at once if it is empty.
    pub(super) stretches: Vec<Stretch>,
}

/// Ticks a second of a movie: a multiple of those of its pictures, so that these begin exactly when
/// they should.
pub(super) fn movie_timescale(pictures: u32) -> u32 {
    let pictures = pictures.max(1);
    pictures.saturating_mul(LEAST_MOVIE.div_ceil(pictures))
}

/// The movie's header.
pub(super) fn movie(timescale: u32, tracks: &[Trak]) -> Mvhd {
    Mvhd {
        creation_time: 0,
        modification_time: 0,
        timescale,
        duration: tracks.iter().map(|t| t.tkhd.duration).max().unwrap_or(0),
        rate: 1.into(),
        volume: 1.into(),
        matrix: matrix(Orientation::Normal, Size::new(0, 0)),
        next_track_id: tracks.len() as u32 + 1,
    }
}

impl Header {
    /// The track with this number, from 1.
    pub(super) fn track(&self, number: u32, movie: u32, tables: Stbl) -> Trak {
        let of_movie =
            |ticks: i64| rescaled(ticks.max(0) as u64, self.timescale, movie).unwrap_or(0) as u64;
        let media: u64 = tables
            .stts
            .entries
            .iter()
            .map(|run| u64::from(run.sample_count) * u64::from(run.sample_delta))
            .sum();
        let entries: Vec<ElstEntry> = self
            .stretches
            .iter()
            .map(|stretch| ElstEntry {
                segment_duration: of_movie(stretch.length),
                media_time: stretch.from.map(|from| from.max(0) as u64),
                media_rate: 1.into(),
            })
            .collect();
        let duration = match entries.is_empty() {
            true => of_movie(i64::try_from(media).unwrap_or(i64::MAX)),
            false => entries.iter().map(|e| e.segment_duration).sum(),
        };
        let (orientation, size, shown) = match self.kind {
            Kind::Picture(size, pixel, orientation) => (orientation, size, shown_size(size, pixel)),
            Kind::Sound => (Orientation::Normal, Size::new(0, 0), [0, 0]),
        };
        let is_sound = self.kind == Kind::Sound;
        let handler = if is_sound { b"soun" } else { b"vide" };
        Trak {
            tkhd: Tkhd {
                track_id: number,
                duration,
                enabled: true,
                in_movie: true,
                alternate_group: u16::from(is_sound),
                volume: u8::from(is_sound).into(),
                matrix: matrix(orientation, size),
                width: shown[0].into(),
                height: shown[1].into(),
                ..Tkhd::default()
            },
            edts: (!entries.is_empty()).then_some(Edts {
                elst: Some(Elst { entries }),
            }),
            mdia: Mdia {
                mdhd: Mdhd {
                    timescale: self.timescale,
                    duration: media,
                    language: entries::language(&self.language),
                    ..Mdhd::default()
                },
                hdlr: Hdlr {
                    handler: FourCC::new(handler),
                    name: String::new(),
                },
                minf: Minf {
                    vmhd: (!is_sound).then(Default::default),
                    smhd: is_sound.then(Default::default),
                    dinf: own_data(),
                    stbl: tables,
                    ..Minf::default()
                },
            },
            ..Trak::default()
        }
    }
}

/// Size in square pixels, before it is turned.
fn shown_size(size: Size, pixel: Option<(u32, u32)>) -> [u16; 2] {
    let side = |v: f64| v.round().clamp(1.0, f64::from(u16::MAX)) as u16;
    let aspect = match pixel {
        Some((x @ 1.., y @ 1..)) => f64::from(x) / f64::from(y),
        _ => 1.0,
    };
    [
        side(f64::from(size.width) * aspect),
        side(size.height.into()),
    ]
}

/// Turns and moves a picture so that it lies in the quarter right of and below zero (ISO/IEC
/// 14496-12, 6.2.2).
pub(super) fn matrix(orientation: Orientation, size: Size) -> Matrix {
    let (w, h) = (size.width as i32 * ONE, size.height as i32 * ONE);
    let [a, b, c, d, x, y] = match orientation {
        Orientation::Rotate90 => [0, ONE, -ONE, 0, h, 0],
        Orientation::Rotate180 => [-ONE, 0, 0, -ONE, w, h],
        Orientation::Rotate270 => [0, -ONE, ONE, 0, 0, w],
        _ => [ONE, 0, 0, ONE, 0, 0],
    };
    Matrix {
        a,
        b,
        u: 0,
        c,
        d,
        v: 0,
        x,
        y,
        w: 1 << 30,
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
