//! Promises of live streams, on frames made by code and a detector whose answers are known.

use super::*;
use crate::face::Face;
use crate::geometry::{Orientation, PixelRect, Rect, Size};
use crate::picture::{Picture, PixelLayout, PixelOrder};
use crate::redact::{Rgb, Style};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SIZE: Size = Size::new(97, 61);

/// What a detector says of a frame, by the number that is written into it.
type Says = dyn Fn(usize) -> Result<Vec<Face>> + Send + Sync;

struct Fake {
    says: Box<Says>,
    searched: Arc<AtomicUsize>,
}

impl FindFaces for Fake {
    fn find(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        self.searched.fetch_add(1, Ordering::SeqCst);
        let corner = picture.view(PixelRect::new(0, 0, 4, 4), Size::new(4, 4))?;
        (self.says)(usize::from(corner.data()[0] / 4))
    }
}

fn face(x: f32, y: f32) -> Face {
    Face {
        subject: crate::face::Subject::Face,
        corners: None,
        area: Rect::new(x, y, 12.0, 12.0).expect("a box"),
        score: 0.9,
        landmarks: None,
        found_by: vec!["fake".into()],
    }
}

/// A face that goes to the right by half a pixel a frame.
fn moving(frame: usize) -> Face {
    face(20.0 + frame as f32 / 2.0, 24.0)
}

pub(super) fn stream(
    live: LiveOptions,
    says: impl Fn(usize) -> Result<Vec<Face>> + Send + Sync + 'static,
) -> (LiveAnonymizer, Arc<AtomicUsize>) {
    let searched = Arc::new(AtomicUsize::new(0));
    let fake = Fake {
        says: Box::new(says),
        searched: Arc::clone(&searched),
    };
    live.check(1 << 24).expect("valid");
    let options = AnonymizeOptions {
        style: Style::Solid(Rgb(255, 0, 255)),
        ..AnonymizeOptions::default()
    };
    (
        LiveAnonymizer::with(Box::new(fake), 0.5, options, live),
        searched,
    )
}

#[test]
fn a_box_that_moves_is_covered_by_the_frames_own_times() {
    let (mut live, _) = stream(LiveOptions::new(rgb()), |_| Ok(Vec::new()));
    let key = |seconds, x| {
        let area = Rect::new(x, 30.0, 10.0, 10.0).expect("a box");
        (Duration::from_secs(seconds), area)
    };
    let region =
        crate::anonymize::MovingRegion::new([key(1, 20.0), key(2, 40.0)]).expect("a region");
    live.options.moving.push(region);
    for frame in 0..30 {
        let time = Duration::from_millis(100 * frame as u64);
        live.push(picture(&rgb(), frame), time).expect("taken");
    }
    live.finish().expect("ended");
    let mut covered = 0;
    while let Some(frame) = live.receive() {
        let is_covered = (9..=21).contains(&frame.index);
        assert_eq!(
            frame.regions.len(),
            usize::from(is_covered),
            "{}",
            frame.index
        );
        covered += usize::from(frame.data != picture(&rgb(), frame.index));
    }
    assert_eq!(covered, 13);
}

pub(super) fn rgb() -> FrameFormat {
    FrameFormat::interleaved(PixelLayout::packed(SIZE, PixelOrder::Rgb))
}

/// A picture of noise that does not move, with the frame's number, less than 60, in the corner.
pub(super) fn picture(format: &FrameFormat, frame: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut data: Vec<u8> = (0..format.bytes() + 5)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    for (start, layout, channel) in format.channels() {
        let value = match channel {
            crate::plane::Channel::BlueDifference | crate::plane::Channel::RedDifference => 128,
            // Limited range: the RGB of it is about 4 times the number, and 2.
            crate::plane::Channel::Luma => 16 + ((frame * 4 + 2) * 219 / 255) as u8,
            _ => (frame * 4 + 2) as u8,
        };
        let side = 8 / layout.subsampling.0 as usize;
        for y in 0..side {
            for x in 0..side {
                data[start + y * layout.stride + x * layout.step] = value;
            }
        }
    }
    data
}

fn time(frame: usize) -> Duration {
    Duration::from_millis(40 * frame as u64)
}

/// Runs a stream of so many frames and gives what comes out.
pub(super) fn run(live: &mut LiveAnonymizer, frames: usize) -> Vec<CoveredFrame> {
    let format = live.live.format.clone();
    let mut out = Vec::new();
    for i in 0..frames {
        live.push(picture(&format, i), time(i)).expect("taken");
        out.extend(std::iter::from_fn(|| live.receive()));
        assert!(i + 1 - out.len() <= live.delay(), "held back too long");
    }
    live.finish().expect("finished");
    out.extend(std::iter::from_fn(|| live.receive()));
    out
}

/// Whether the mask of some region holds the face's middle.
fn is_covered(frame: &CoveredFrame, face: &Face) -> bool {
    let holds = |r: &ReportRegion| {
        let region = r.region().expect("a box");
        face.area.share_inside(&region.area) > 0.99
    };
    frame.regions.iter().any(holds)
}

/// Samples that differ although no region is near.
fn changed_outside(format: &FrameFormat, frame: &CoveredFrame, before: &[u8]) -> Vec<usize> {
    let mut may = vec![false; before.len()];
    for (start, layout, _) in format.channels() {
        for y in 0..layout.size.height {
            for x in 0..layout.size.width {
                let (sx, sy) = layout.subsampling;
                // A sample's ring of soft edge is one sample wide.
                let pixels = Rect::from_corners(
                    x as f32 * sx as f32 - sx as f32,
                    y as f32 * sy as f32 - sy as f32,
                    (x + 2) as f32 * sx as f32,
                    (y + 2) as f32 * sy as f32,
                )
                .expect("a box");
                let is_near = frame.regions.iter().any(|r| {
                    let area = r.region().expect("a box").area;
                    area.intersection(&pixels).is_some()
                });
                let at = start + y as usize * layout.stride + x as usize * layout.step;
                may[at] = is_near;
            }
        }
    }
    let pairs = before.iter().zip(&frame.data).enumerate();
    pairs
        .filter(|(i, (a, b))| a != b && !may[*i])
        .map(|(i, _)| i)
        .collect()
}

fn formats() -> Vec<FrameFormat> {
    let interleaved = |order: &PixelOrder, gap| {
        let stride = SIZE.width as usize * order.bytes() + gap;
        FrameFormat::interleaved(PixelLayout::with_stride(SIZE, *order, stride))
    };
    let mut all: Vec<FrameFormat> = PixelOrder::ALL.iter().map(|o| interleaved(o, 0)).collect();
    all.extend(PixelOrder::ALL.iter().map(|o| interleaved(o, 7)));
    all.extend([FrameFormat::i420(SIZE), FrameFormat::nv12(SIZE)]);
    all.extend([
        FrameFormat::i420(SIZE).stride(110),
        FrameFormat::nv12(SIZE).stride(110),
        FrameFormat::nv12(SIZE).planes(&[(5000, 101), (3, 128)]),
    ]);
    all
}

#[test]
fn every_format_comes_out_in_order_covered_and_the_same_outside() {
    for format in formats() {
        let live = LiveOptions::new(format.clone()).look_ahead(5);
        let (mut live, _) = stream(live, |frame| match frame {
            10..13 => Ok(vec![]),
            _ => Ok(vec![moving(frame)]),
        });
        let out = run(&mut live, 30);
        assert_eq!(out.len(), 30);
        for (i, frame) in out.iter().enumerate() {
            assert_eq!((frame.index, frame.time), (i, time(i)));
            let before = picture(&format, i);
            assert!(is_covered(frame, &moving(i)), "{format:?}: frame {i}");
            assert_eq!(frame.data.len(), before.len());
            assert_ne!(frame.data, before);
            let outside = changed_outside(&format, frame, &before);
            assert!(outside.is_empty(), "{format:?}: frame {i}: {outside:?}");
            assert_eq!(frame.faces.len(), usize::from(!(10..13).contains(&i)));
        }
        let summary = live.take_summary();
        assert_eq!((summary.frames, summary.tracks.len()), (30, 1));
        let track = &summary.tracks[&0];
        assert_eq!((track.first, track.last, track.seen), (0, 29, 27));
        assert_eq!((track.between, track.beyond), (3, 0));
        assert!(summary.spans.is_empty());
        assert_eq!(live.take_summary().tracks.len(), 0, "each once");
    }
}

#[test]
fn all_formats_show_the_detector_the_same_picture() {
    let red = |format: &FrameFormat| {
        let mut data = vec![0; format.bytes()];
        for (start, layout, channel) in format.channels() {
            let coding = format.sample_coding();
            let value = coding.value(channel, [0.8, 0.3, 0.1], 1.0).round() as u8;
            for y in 0..layout.size.height as usize {
                for x in 0..layout.size.width as usize {
                    data[start + y * layout.stride + x * layout.step] = value;
                }
            }
        }
        let mut planes = Frame::default();
        format.copy_planes(&data, &mut planes).expect("it fits");
        let shape = format.shape();
        let picture = crate::frame::FramePicture::new(&planes, &shape);
        let crop = PixelRect::new(3, 2, 24, 16);
        picture.view(crop, Size::new(12, 8)).expect("seen").data()[..3].to_vec()
    };
    for format in formats() {
        for (got, want) in red(&format).into_iter().zip([204u8, 77, 26]) {
            assert!(got.abs_diff(want) <= 3, "{format:?}: {:?}", red(&format));
        }
    }
}

#[test]
fn regions_are_in_pixels_of_the_upright_frame() {
    let format = rgb().orientation(Orientation::Rotate90);
    let (mut live, _) = stream(LiveOptions::new(format.clone()), |_| {
        Ok(vec![face(5.0, 70.0)])
    });
    let out = run(&mut live, 3);
    for (i, frame) in out.iter().enumerate() {
        assert!(is_covered(frame, &face(5.0, 70.0)));
        let magenta = |x: usize, y: usize| {
            let at = (y * SIZE.width as usize + x) * 3;
            frame.data[at..at + 3] == [255, 0, 255]
        };
        // Turned to the right by 90 degrees the frame's left edge is on top.
        let middle = Orientation::Rotate90.to_stored(face(5.0, 70.0).area.center(), SIZE);
        assert!(magenta(middle.x as usize, middle.y as usize), "frame {i}");
    }
}

#[test]
fn a_frame_is_handed_out_only_when_its_look_ahead_was_searched() {
    for (look_ahead, threads) in [(2, 1), (12, 1), (5, 3), (3, 8)] {
        let options = LiveOptions::new(rgb())
            .look_ahead(look_ahead)
            .threads(threads);
        let (mut live, searched) = stream(options, |frame| Ok(vec![moving(frame)]));
        let mut received = 0;
        for i in 0..50 {
            live.push(picture(&rgb(), i), time(i)).expect("taken");
            while live.receive().is_some() {
                received += 1;
                assert!(received + look_ahead <= searched.load(Ordering::SeqCst));
            }
        }
        live.finish().expect("finished");
        assert_eq!(searched.load(Ordering::SeqCst), 50);
        assert_eq!(received + std::iter::from_fn(|| live.receive()).count(), 50);
    }
}

#[test]
fn after_a_search_that_failed_nothing_is_handed_out_any_more() {
    for threads in [1, 4] {
        let options = LiveOptions::new(rgb()).look_ahead(3).threads(threads);
        let (mut live, _) = stream(options, |frame| match frame {
            20 => Err(Error::new(ErrorKind::Engine, "no memory on the device")),
            _ => Ok(vec![moving(frame)]),
        });
        let mut failed_at = None;
        for i in 0..40 {
            let pushed = live.push(picture(&rgb(), i), time(i));
            match (failed_at, pushed) {
                (None, Ok(())) => {}
                (None, Err(e)) => {
                    assert_eq!(e.to_string(), "no memory on the device");
                    failed_at = Some(i);
                }
                (Some(_), pushed) => {
                    let error = pushed.expect_err("refused");
                    assert_eq!(error.kind(), ErrorKind::Engine);
                    assert!(error.to_string().contains("restart"), "{error}");
                }
            }
        }
        assert!(failed_at.is_some_and(|i| (20..20 + threads).contains(&i)));
        assert_eq!(
            live.finish().expect_err("refused").kind(),
            ErrorKind::Engine
        );
        // Frames 17 to 19 were searched, but what follows them was not.
        let out: Vec<usize> = std::iter::from_fn(|| live.receive())
            .map(|f| f.index)
            .collect();
        assert_eq!(out, (0..17).collect::<Vec<_>>());
        live.restart(rgb()).expect("valid");
        live.push(picture(&rgb(), 0), time(0)).expect("taken");
        live.finish().expect("finished");
        assert_eq!(live.receive().map(|f| f.index), Some(0));
    }
}

#[test]
fn a_search_that_panics_is_a_failure_too() {
    for threads in [1, 3] {
        let options = LiveOptions::new(rgb()).threads(threads);
        let (mut live, _) = stream(options, |frame| {
            assert!(frame != 4, "a bug");
            Ok(vec![])
        });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (0..30).try_for_each(|i| live.push(picture(&rgb(), i), time(i)))
        }));
        assert!(ended.is_err() || ended.is_ok_and(|pushed| pushed.is_err()));
        let error = live
            .push(picture(&rgb(), 0), time(30))
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(live.receive().is_none());
    }
}

#[test]
fn a_frame_that_cannot_be_taken_is_refused_and_the_stream_goes_on() {
    let (mut live, _) = stream(LiveOptions::new(rgb()), |_| Ok(vec![]));
    live.push(picture(&rgb(), 0), time(5)).expect("taken");
    let short = vec![0; rgb().bytes() - 1];
    let error = live.push(short, time(6)).expect_err("too short");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = live.push(picture(&rgb(), 1), time(4)).expect_err("earlier");
    assert!(error.to_string().contains("200ms"), "{error}");
    live.push(picture(&rgb(), 2), time(5))
        .expect("at the same time");
    live.finish().expect("finished");
    assert_eq!(std::iter::from_fn(|| live.receive()).count(), 2);
    let error = live.push(picture(&rgb(), 3), time(7)).expect_err("ended");
    assert!(error.to_string().contains("ended"), "{error}");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let bad = [
        LiveOptions::new(rgb()).look_ahead(1),
        LiveOptions::new(rgb()).look_ahead(5000),
        LiveOptions::new(rgb()).threads(0),
        LiveOptions::new(rgb().stride(290)),
        LiveOptions::new(FrameFormat::i420(Size::new(0, 5))),
        LiveOptions::new(FrameFormat::i420(SIZE).planes(&[(0, 97)])),
        LiveOptions::new(FrameFormat::nv12(SIZE).planes(&[(0, 97), (100, 98)])),
        LiveOptions::new(FrameFormat::nv12(SIZE).planes(&[(0, usize::MAX), (0, usize::MAX)])),
    ];
    for options in bad {
        let error = options.check(1 << 20).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{options:?}");
    }
    let large = LiveOptions::new(FrameFormat::i420(Size::new(4000, 3000)));
    let error = large.check(1 << 20).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(FrameFormat::by_name("yuyv", SIZE).is_err());
    for name in ["rgb", "bgr", "rgba", "bgra", "i420", "nv12"] {
        assert!(FrameFormat::by_name(name, SIZE).is_ok());
    }
}

#[test]
fn a_face_is_covered_before_it_was_first_seen_and_while_it_may_come_back() {
    let (mut live, _) = stream(LiveOptions::new(rgb()), |frame| match frame {
        15..25 | 45.. => Ok(vec![face(40.0, 24.0)]),
        _ => Ok(vec![]),
    });
    let out = run(&mut live, 60);
    let open: Vec<usize> = out
        .iter()
        .filter(|f| !is_covered(f, &face(40.0, 24.0)))
        .map(|f| f.index)
        .collect();
    // 0.27 seconds before the first sighting; 20 frames of gap are longer than the look-ahead.
    assert_eq!(open, (0..8).collect::<Vec<_>>());
    assert!(live.take_summary().spans.is_empty());
}

#[test]
fn three_weak_sightings_are_a_face_and_two_are_none() {
    for (weak, covered) in [(3, 20..25), (2, 0..0)] {
        let (mut live, _) = stream(LiveOptions::new(rgb()), move |frame| {
            let is_seen = (0..weak).any(|n| frame == 20 + 2 * n);
            let mut face = face(40.0, 24.0);
            face.score = 0.25;
            Ok(if is_seen { vec![face] } else { vec![] })
        });
        let out = run(&mut live, 40);
        let is_open = |frame: &CoveredFrame| !is_covered(frame, &face(40.0, 24.0));
        assert!(out[covered.clone()].iter().all(|f| !is_open(f)));
        assert!(!covered.is_empty() || out.iter().all(|f| f.regions.is_empty()));
    }
}

#[test]
fn a_face_that_moved_while_nobody_saw_it_is_reported_as_a_span() {
    // Too far away for the mask that is held, near enough to be the same face.
    let (mut live, _) = stream(LiveOptions::new(rgb()), |frame| match frame {
        0..20 => Ok(vec![face(10.0, 20.0)]),
        38.. => Ok(vec![face(28.0, 20.0)]),
        _ => Ok(vec![]),
    });
    run(&mut live, 60);
    let summary = live.take_summary();
    let [span] = &summary.spans[..] else {
        panic!("{:?}", summary.spans);
    };
    assert!(span.first > 20 && span.last < 38, "{span:?}");
    assert_eq!(
        span.seconds,
        [span.first, span.last].map(|f| f as f64 * 0.04)
    );
}

proptest! {
    #[test]
    fn with_a_second_of_look_ahead_a_stream_is_covered_as_a_video(
        seen in prop::collection::vec(any::<bool>(), 1..60), threads in 1usize..4
    ) {
        let says = seen.clone();
        let options = LiveOptions::new(rgb()).look_ahead(30).threads(threads);
        let (mut live, _) = stream(options, move |frame| match says.get(frame) {
            Some(true) => Ok(vec![moving(frame)]),
            _ => Ok(vec![]),
        });
        let out = run(&mut live, seen.len());
        let mut video = Tracker::new(0.5, SIZE);
        let glimpse = crate::track::Glimpse::new(97, 61, |x, y| (x * 7 + y * 3) as u8);
        let mut expected = Vec::new();
        for (i, is_seen) in seen.iter().enumerate() {
            let sighting = crate::track::Sighting {
                subject: crate::face::Subject::Face,
                corners: None,
                area: moving(i).area,
                score: 0.9,
            };
            let all = if *is_seen { vec![sighting] } else { vec![] };
            expected.extend(video.push(time(i).as_secs_f64(), &all, &glimpse));
        }
        expected.extend(video.finish());
        prop_assert_eq!(out.len(), expected.len());
        let options = AnonymizeOptions::default();
        for (frame, places) in out.iter().zip(&expected) {
            let masks = options.masks_of_frame(places, frame.time.as_secs_f64(), SIZE);
            prop_assert_eq!(&frame.regions, &masks);
        }
    }
}
