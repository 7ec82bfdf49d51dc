//! Live frames, followed through time.

use crate::border::{Error, Failure, Status, call, call_new, exclusive, free, shared};
use crate::options::Options;
use crate::pixels::{Image, order};
use library::live::{FrameFormat, LiveOptions};
use library::picture::{PixelLayout, PixelOrder};
use library::{LiveAnonymizer, Size};
use std::ffi::c_int;
use std::ptr::NonNull;
use std::time::Duration;

/// A stream of frames. Used by one thread at a time.
pub struct Frames {
    live: LiveAnonymizer,
    size: Size,
    order: PixelOrder,
}

impl Frames {
    fn new(
        options: Option<&Options>,
        size: Size,
        order: PixelOrder,
        look_ahead: u32,
        threads: u32,
    ) -> Result<Self, Failure> {
        let settings = options.map(Options::settings).unwrap_or_default();
        let format = FrameFormat::interleaved(PixelLayout::packed(size, order));
        let mut asked = LiveOptions::new(format);
        if look_ahead > 0 {
            asked = asked.look_ahead(look_ahead as usize);
        }
        if threads > 0 {
            asked = asked.threads(threads as usize);
        }
        let live = LiveAnonymizer::new(&settings.video_detector(), settings.anonymize()?, asked)?;
        Ok(Self { live, size, order })
    }

    /// Bytes of a row of pixels.
    fn row(&self) -> usize {
        self.size.width as usize * self.order.bytes()
    }

    /// The rows of the caller's image.
    ///
    /// # Safety
    /// As of [`Image::bytes`].
    unsafe fn rows<'a>(
        &self,
        image: &Image,
    ) -> Result<impl Iterator<Item = &'a mut [u8]> + use<'a>, Failure> {
        let size = Size::new(image.width, image.height);
        if (size, order(image.order)?) != (self.size, self.order) {
            let (w, h) = (self.size.width, self.size.height);
            let message = format!("the stream has {w}x{h} {} frames", self.order.name());
            return Err(Failure::argument(message));
        }
        // SAFETY: the caller's promise.
        let bytes = unsafe { image.bytes() }?;
        let (row, rows) = (self.row(), size.height as usize);
        Ok(bytes
            .chunks_mut(image.stride)
            .take(rows)
            .map(move |line| &mut line[..row]))
    }
}

/// Starts a stream of frames of this size and order, a faceveil_order. A frame is given back when
/// `look_ahead` frames after it were searched, so that a face is covered before it is first seen and
/// where it is missed: 0 for the usual 12, 2 to 4096. `threads` frames are searched at a time: 0 for 1.
/// NULL for `options`: the defaults, with the preset "fast". Freed with faceveil_frames_free.
///
/// # Safety
/// `options` is NULL or from faceveil_options_new; `*frames` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_frames_new(
    options: *const Options,
    width: u32,
    height: u32,
    order: u32,
    look_ahead: u32,
    threads: u32,
    frames: *mut *mut Frames,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call_new(error, frames, || {
            let order = crate::pixels::order(order)?;
            let size = Size::new(width, height);
            Frames::new(options.as_ref(), size, order, look_ahead, threads)
        })
    }
}

/// Frees a stream and the frames in it. NULL is ignored.
///
/// # Safety
/// `frames` is NULL, or is from faceveil_frames_new, was not freed, and no call is using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_frames_free(frames: *mut Frames) {
    // SAFETY: the caller's promise.
    unsafe { free(frames) }
}

/// Most frames that are held back: a frame can be received once so many more were pushed. 0 for NULL.
///
/// # Safety
/// `frames` is NULL or from faceveil_frames_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_frames_delay(frames: *const Frames) -> usize {
    // SAFETY: the caller's promise.
    unsafe { frames.as_ref() }.map_or(0, |frames| frames.live.delay())
}

/// Copies the next frame into the stream. `microseconds` is when it was captured, counted from any start;
/// it never goes back. After FACEVEIL_STATUS_INVALID_ARGUMENT the frame was not taken and the stream goes
/// on; after any other failure it takes no more.
///
/// # Safety
/// `frames` is from faceveil_frames_new; nobody else uses the bytes of `image` during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_frames_push(
    frames: *mut Frames,
    image: *const Image,
    microseconds: u64,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call(error, || {
            let frames = exclusive(frames, "frames")?;
            let rows = frames.rows(shared(image, "the image")?)?;
            let mut packed = Vec::with_capacity(frames.row() * frames.size.height as usize);
            for row in rows {
                packed.extend_from_slice(row);
            }
            Ok(frames
                .live
                .push(packed, Duration::from_micros(microseconds))?)
        })
    }
}

/// Writes the next covered frame into `image`, which has the size and order of the stream, and 1 to
/// `*received`; 0 if none is ready, and then `image` is unchanged. `*microseconds`, which may be NULL,
/// becomes the time of the frame.
///
/// # Safety
/// `frames` is from faceveil_frames_new; nobody else uses the bytes of `image` during the call;
/// `*received` may be written to, and so may `*microseconds` unless it is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_frames_receive(
    frames: *mut Frames,
    image: *const Image,
    microseconds: *mut u64,
    received: *mut c_int,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call(error, || {
            let received = exclusive(received, "received")?;
            *received = 0;
            let frames = exclusive(frames, "frames")?;
            let rows = frames.rows(shared(image, "the image")?)?;
            let Some(frame) = frames.live.receive() else {
                return Ok(());
            };
            for (to, from) in rows.zip(frame.data.chunks_exact(frames.row())) {
                to.copy_from_slice(from);
            }
            if let Some(to) = NonNull::new(microseconds) {
                to.write(u64::try_from(frame.time.as_micros()).unwrap_or(u64::MAX));
            }
            *received = 1;
            Ok(())
        })
    }
}

/// Ends the stream: all frames that are left can be received.
///
/// # Safety
/// `frames` is from faceveil_frames_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_frames_finish(frames: *mut Frames, error: *mut Error) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe { call(error, || Ok(exclusive(frames, "frames")?.live.finish()?)) }
}
