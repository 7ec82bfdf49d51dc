//! Pictures for the page, made from the files when they are asked for.
//!
//! Invariant: what is shown as an original or an output is the very file that the report speaks of,
//! below the folders that were given; nothing is written to disk.

use super::cache::{Cache, Permits, lock};
use super::draft::Stamp;
use super::preview;
use crate::cli::files::kind::InputKind;
use crate::cli::files::read;
use crate::cli::plan::base_dir::BaseDir;
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Context, Result, bail, ensure};
use faceveil::geometry::PixelRect;
use faceveil::picture::RgbImage;
use faceveil::report::Digest;
use faceveil::report::SearchedPart;
use faceveil::video::{Backend, Damaged, Outside, VideoFrames};
use faceveil::{FileReport, Limits, Photo, Picture, RawFiles, ReadOptions};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Longest side of a thumbnail.
pub(super) const THUMB: u32 = 240;
/// Longest side of any picture that is given out.
pub(super) const LARGEST: u32 = 4096;
/// Bytes of pictures that are kept.
const CACHED: usize = 96 << 20;
/// Megapixels that are decoded at a time, and the least that a file counts for: four small ones.
const MEGAPIXELS: u64 = 256;
const LEAST: u64 = MEGAPIXELS / 4;
/// Videos that stay open: the one that is looked at, the next one, and their outputs.
const PLAYERS: usize = 4;

/// Which of the two files of a line, or what the first would become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Original,
    Output,
    /// The original as `apply` would cover it.
    Preview,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// Number of the line.
    pub(super) id: usize,
    pub(super) side: Side,
    pub(super) frame: usize,
    /// Longest side.
    pub(super) longest: u32,
    /// How often the line was changed, for a preview.
    pub(super) revision: u32,
}

/// Which file, as it is now: a run of `apply` may replace an output meanwhile.
type File = (usize, Side, Stamp);
type Player = Arc<Mutex<VideoFrames>>;

/// Where pictures come from.
pub(super) struct Pictures {
    pub(super) inputs: BaseDir,
    pub(super) outputs: BaseDir,
    pub(super) limits: Limits,
    pub(super) interrupt: Interrupt,
    made: Cache<(Wanted, Stamp)>,
    permits: Permits,
    players: Mutex<Vec<(File, Player)>>,
}

impl Pictures {
    pub(super) fn new(
        inputs: BaseDir,
        outputs: BaseDir,
        limits: Limits,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            inputs,
            outputs,
            limits,
            interrupt,
            made: Cache::new(CACHED),
            permits: Permits::new(MEGAPIXELS),
            players: Mutex::default(),
        }
    }

    /// A picture as a JPEG file.
    ///
    /// # Errors
    /// If there is no such file, or it is another one than the report's, or it cannot be decoded.
    pub(super) fn jpeg(&self, report: &FileReport, wanted: &Wanted) -> Result<Arc<Vec<u8>>> {
        let path = self.path(report, wanted.side)?;
        let stamp = Stamp::of(&path)?;
        let key = (wanted.clone(), stamp);
        if let Some(made) = self.made.get(&key) {
            return Ok(made);
        }
        let area = u64::from(report.width) * u64::from(report.height);
        let _permit = self.permits.take((area / 1_000_000).max(LEAST));
        // Another request for the same may have waited for the same.
        if let Some(made) = self.made.get(&key) {
            return Ok(made);
        }
        let image = match report.is_video() {
            true => self.frame(report, wanted, &path, stamp)?,
            false => self.photo(report, wanted, &path)?,
        };
        let made = Arc::new(encode(
            &image,
            if wanted.longest <= THUMB { 75 } else { 88 },
        )?);
        self.made.put(key, &made);
        Ok(made)
    }

    /// The original of a video, for its caller alone.
    ///
    /// # Errors
    /// As of [`Pictures::jpeg`].
    pub(super) fn video(&self, report: &FileReport) -> Result<VideoFrames> {
        let path = self.path(report, Side::Original)?;
        let video = open(&path, report, Side::Original, self.limits.max_pixels)?;
        check_hash(report, Side::Original, video.digest()?)?;
        Ok(video)
    }

    /// Frames a second of a video, 0 if it is unknown.
    pub(super) fn rate(&self, id: usize, report: &FileReport) -> f64 {
        if !report.is_video() {
            return 0.0;
        }
        let player = self.path(report, Side::Original).and_then(|path| {
            let stamp = Stamp::of(&path)?;
            self.player((id, Side::Original, stamp), report, &path)
        });
        player.map_or(0.0, |p| lock(&p).rate())
    }

    fn path(&self, report: &FileReport, side: Side) -> Result<PathBuf> {
        match (side, &report.output) {
            (Side::Original | Side::Preview, _) => self.inputs.find(&report.input),
            (Side::Output, Some(output)) => self.outputs.find(output),
            (Side::Output, None) => bail!("no output was written"),
        }
    }

    fn photo(&self, report: &FileReport, wanted: &Wanted, path: &Path) -> Result<RgbImage> {
        let bytes = read::photo(path, InputKind::read(path))?;
        check_hash(report, wanted.side, Digest::of(&bytes))?;
        if wanted.side == Side::Preview {
            return preview::photo(&bytes, report, self.limits, wanted);
        }
        let photo = Photo::read(
            &bytes,
            &ReadOptions::new()
                .limits(self.limits)
                .raw(RawFiles::Preview),
        )?;
        let (frame, frames) = (wanted.frame, photo.frame_count());
        ensure!(
            frame < frames,
            "it has {frames} frames, and no frame {frame}"
        );
        view(&photo.picture(frame), wanted.longest)
    }

    fn frame(
        &self,
        report: &FileReport,
        wanted: &Wanted,
        path: &Path,
        stamp: Stamp,
    ) -> Result<RgbImage> {
        let mut watch = || match self.interrupt.requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        // One frame for the list: not worth keeping it open.
        if wanted.longest <= THUMB && wanted.side == Side::Original {
            let mut video = open(path, report, wanted.side, self.limits.max_pixels)?;
            check_hash(report, wanted.side, video.digest()?)?;
            return Ok(video.frame(wanted.frame, wanted.longest, &mut watch)?);
        }
        // A preview is made of the original, which is open already.
        let (side, longest) = match wanted.side {
            Side::Preview => (Side::Original, preview::LARGEST_FRAME),
            side => (side, wanted.longest),
        };
        let player = self.player((wanted.id, side, stamp), report, path)?;
        let image = lock(&player).frame(wanted.frame, longest, &mut watch)?;
        match wanted.side {
            Side::Preview => preview::frame(&image, report, self.limits, wanted),
            _ => Ok(image),
        }
    }

    /// The video of a line, opened.
    fn player(&self, file: File, report: &FileReport, path: &Path) -> Result<Player> {
        let players = lock(&self.players);
        if let Some((_, player)) = players.iter().find(|(of, _)| *of == file) {
            return Ok(Arc::clone(player));
        }
        drop(players);
        let video = open(path, report, file.1, self.limits.max_pixels)?;
        check_hash(report, file.1, video.digest()?)?;
        let player = Arc::new(Mutex::new(video));
        let mut players = lock(&self.players);
        if players.len() >= PLAYERS {
            players.remove(0);
        }
        players.push((file, Arc::clone(&player)));
        Ok(player)
    }
}

/// Opens a video with what counts its frames as the report does. The built-in decoder is asked
/// first, since it can begin in the middle.
fn open(path: &Path, report: &FileReport, side: Side, max_pixels: u64) -> Result<VideoFrames> {
    // A report of a part counts frames from its first one.
    let part = report
        .part
        .as_ref()
        .filter(|part| part.outside == Outside::Drop);
    let part = part.filter(|_| side != Side::Output);
    let range = part.and_then(SearchedPart::range);
    let damaged = match report.concealed.is_empty() || side == Side::Output {
        true => Damaged::Refuse,
        false => Damaged::Conceal,
    };
    let built_in = VideoFrames::open_part(path, Backend::Embedded, max_pixels, range, damaged);
    if let Ok(video) = built_in
        && video.count() == Some(report.frames as u64)
    {
        return Ok(video);
    }
    let is_built_in = report.backend.as_deref() == Some("embedded");
    let backend = if is_built_in {
        Backend::Embedded
    } else {
        Backend::Ffmpeg
    };
    Ok(VideoFrames::open_part(
        path, backend, max_pixels, range, damaged,
    )?)
}

/// Boxes of a report mean nothing on another picture, and what is called an output must not be an
/// original.
fn check_hash(report: &FileReport, side: Side, is: Digest) -> Result<()> {
    let hashes = report.sha256.as_ref();
    let (said, what) = match side {
        Side::Original | Side::Preview => (hashes.map(|h| h.input), "picture"),
        Side::Output => (hashes.and_then(|h| h.output), "output"),
    };
    match said {
        Some(said) => ensure!(
            said == is,
            "the file is not the {what} that the report speaks of: its SHA-256 is another one"
        ),
        None => ensure!(
            side != Side::Output,
            "the report has no SHA-256 of the output"
        ),
    }
    Ok(())
}

/// The whole of a picture, reduced.
pub(super) fn view(picture: &impl Picture, longest: u32) -> Result<RgbImage> {
    let full = picture.size();
    Ok(picture.view(PixelRect::of(full), full.within(longest))?)
}

/// As a JPEG file.
pub(super) fn encode(image: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    crate::cli::ui::preview::encode(image.data(), image.size(), quality)
        .context("encoding the picture")
}
