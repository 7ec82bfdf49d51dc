//! Frames of a video for a person to look at: any of them, upright, as RGB of a bounded size. What
//! it is for is stepping back and forth, so it goes on from where it is if it can.

use super::failure::malformed;
use super::{
    Backend, Damaged, Frame, FramePicture, FrameSource, Opening, TimeRange, Video, VideoFile,
    VideoInput,
};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{PixelRect, Size};
use crate::picture::{Picture, RgbImage};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A video whose frames can be had one by one.
pub struct VideoFrames {
    file: Arc<VideoFile>,
    video: Box<dyn Video>,
    source: Option<Box<dyn FrameSource>>,
    /// What the source gives next.
    next: usize,
    /// The last frame that it gave.
    frame: Frame,
}

impl VideoFrames {
    /// Opens a video. Frames are counted as the backend counts them: what a report says of frames
    /// holds for the backend that the report names.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if what is needed for it is missing, [`ErrorKind::Malformed`] for
    /// a damaged file, [`ErrorKind::TooLarge`] for frames of more than `max_pixels`.
    pub fn open(input: impl Into<VideoInput>, backend: Backend, max_pixels: u64) -> Result<Self> {
        Self::open_part(input, backend, max_pixels, None, Damaged::Refuse)
    }

    /// Opens a part of a video, whose first frame has the number 0; all of it for `None`.
    /// `damaged`: whether damaged frames can be had.
    ///
    /// # Errors
    /// As [`VideoFrames::open`]; [`ErrorKind::InvalidArgument`] if the part shows no frame.
    pub fn open_part(
        input: impl Into<VideoInput>,
        backend: Backend,
        max_pixels: u64,
        range: Option<TimeRange>,
        damaged: Damaged,
    ) -> Result<Self> {
        range.as_ref().map_or(Ok(()), TimeRange::check)?;
        let file = input.into().open()?;
        Ok(Self {
            video: super::open(
                &file,
                backend,
                Opening {
                    max_pixels,
                    range,
                    damaged,
                },
            )?,
            file,
            source: None,
            next: 0,
            frame: Frame::default(),
        })
    }

    /// SHA-256 of the file that the frames come from. It is read to its end for it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn digest(&self) -> Result<Digest> {
        self.file.digest()
    }

    /// Size of an upright frame, in pixels as stored: what boxes of a report are measured in.
    #[must_use]
    pub fn size(&self) -> Size {
        self.video.shape().upright()
    }

    /// Frames, as far as the file says.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.video.frames()
    }

    /// Frames a second on average.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.video.rate()
    }

    /// Frame `wanted`, counted from 0, upright, its longer side at most `longest`. All frames
    /// between a place where decoding may begin and this one are decoded; `watch` is called after
    /// each, and to break is to stop.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the video has no such frame, [`ErrorKind::Interrupted`] if
    /// `watch` breaks; else whatever keeps it from being decoded, or a file that was written to
    /// since it was opened.
    pub fn frame(
        &mut self,
        wanted: usize,
        longest: u32,
        watch: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<RgbImage> {
        if self.next != wanted + 1 || self.source.is_none() {
            self.seek(wanted, watch)?;
        }
        self.file.ensure_unchanged()?;
        let picture = FramePicture::new(&self.frame, self.video.shape());
        // Pixels as stored, so that the sides are those of the report's boxes.
        let stored = self.video.shape().upright();
        let size = stored.within(longest);
        picture.view(PixelRect::of(picture.size()), size)
    }

    fn seek(&mut self, wanted: usize, watch: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
        let begin = self.video.begins_before(wanted);
        let goes_on = self.source.is_some() && self.next <= wanted && self.next >= begin;
        if !goes_on {
            self.source = None;
            self.start(begin)?;
        }
        match self.decode_to(wanted, watch) {
            // The file may have said that decoding can begin where it cannot.
            Err(e) if begin > 0 && !goes_on && e.kind() != ErrorKind::Interrupted => {
                self.start(0)?;
                self.decode_to(wanted, watch)
            }
            other => other,
        }
    }

    fn start(&mut self, at: usize) -> Result<()> {
        self.source = Some(match at {
            0 => self.video.source()?,
            at => self.video.source_from(at)?,
        });
        self.next = at;
        Ok(())
    }

    fn decode_to(
        &mut self,
        wanted: usize,
        watch: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<()> {
        let Some(mut source) = self.source.take() else {
            return Err(malformed("it cannot be decoded"));
        };
        while self.next <= wanted {
            if !source.next(self.video.shape(), &mut self.frame)? {
                let message = format!("it has {} frames, and no frame {wanted}", self.next);
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
            self.next += 1;
            if watch().is_break() {
                return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
            }
        }
        // A source that failed is not used again.
        self.source = Some(source);
        Ok(())
    }
}

impl std::fmt::Debug for VideoFrames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoFrames")
            .field("size", &self.size())
            .field("count", &self.count())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn go_on() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn any_frame_can_be_asked_for_and_is_the_one_that_comes_in_turn() {
        if Command::new("ffmpeg").arg("-version").output().is_err() {
            assert!(std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none());
            eprintln!("skipped: no ffmpeg on the PATH");
            return;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.mp4");
        for options in ["-g 12 -bf 3", "-x264-params open-gop=1:keyint=10:bframes=3"] {
            let made = Command::new("ffmpeg")
                .args(["-v", "error", "-y", "-f", "lavfi", "-i"])
                .args(["testsrc2=s=208x112:r=25:d=1.6", "-c:v", "libx264"])
                .args(["-pix_fmt", "yuv420p"])
                .args(options.split(' '))
                .arg(&path)
                .status();
            assert!(made.expect("ffmpeg runs").success());
            for backend in [Backend::Embedded, Backend::Ffmpeg] {
                let mut video = VideoFrames::open(&path, backend, 1 << 24).expect("a video");
                assert_eq!((video.size(), video.rate()), (Size::new(208, 112), 25.0));
                let in_turn: Vec<RgbImage> = (0..40)
                    .map(|n| video.frame(n, 208, &mut go_on).expect("a frame"))
                    .collect();
                assert!(in_turn.windows(2).all(|w| w[0] != w[1]));
                for n in [3, 39, 39, 11, 12, 13, 0, 30, 29, 31, 25] {
                    let seen = video.frame(n, 208, &mut go_on).expect("a frame");
                    assert!(seen == in_turn[n], "{options}: frame {n} with {backend:?}");
                }
                let error = video.frame(40, 208, &mut go_on).expect_err("there is none");
                assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                assert!(
                    video.frame(7, 104, &mut go_on).expect("a frame").size() == Size::new(104, 56)
                );
                let error = video.frame(39, 208, &mut || ControlFlow::Break(()));
                assert_eq!(error.expect_err("stopped").kind(), ErrorKind::Interrupted);
                let again = video.frame(39, 208, &mut go_on).expect("a frame");
                assert!(again == in_turn[39]);
            }
        }
    }
}
