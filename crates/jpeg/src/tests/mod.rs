//! Promises of this crate, kept over pictures of every layout.

mod edges;
mod hostile;

use super::color::ColorModel;
use super::frame::Process;
use super::view::{self, Reduction};
use crate::geometry::Rect;
use crate::testing::{Script, file, layouts, read};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

#[test]
fn every_layout_comes_back_coefficient_for_coefficient() {
    for (seed, (name, layout)) in layouts().into_iter().enumerate() {
        let picture = layout.picture(seed as u64);
        let written = file(&picture);
        let again = read(&written).expect(&name);
        assert!(again == picture, "{name}");
        assert!(file(&again) == written, "{name}");
    }
}

/// What zune-jpeg makes of a file.
fn decoded(file: &[u8], wanted: ColorSpace) -> Vec<u8> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode().expect("decodes")
}

/// How far two pictures are apart at most.
fn farthest(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[test]
fn an_independent_decoder_sees_the_same_picture_in_every_layout_that_it_knows() {
    let mut seen = 0;
    for (seed, (name, layout)) in layouts().into_iter().enumerate() {
        // It knows factors of 1 and 2 where the first component has the largest, and loses rows of
        // small pictures with several sequential scans.
        let (h, v) = layout.factors[0];
        let colours_alike = layout.factors[1..].iter().all(|&f| f == (1, 1));
        let several = matches!(layout.script, Script::Apart | Script::Mixed);
        // So it does with progressive ones whose colours are halved downwards only (libjpeg agrees
        // with us on these, and on all others that it knows).
        let halved = v > h && layout.process == Process::Progressive;
        if h.max(v) > 2 || !colours_alike || several || halved || layout.factors.len() == 4 {
            continue;
        }
        let picture = layout.picture(seed as u64);
        let written = file(&picture);
        let whole = Rect::whole(layout.size);
        let grey = view::pixels(&picture, ColorModel::Grey, Reduction::ALL[0], whole);
        let first: Vec<u8> = grey.iter().step_by(3).copied().collect();
        let off = farthest(&first, &decoded(&written, ColorSpace::Luma));
        assert!(off <= 2, "{name}: {off}");
        if layout.factors.len() == 3 && h * v == 1 {
            let rgb = view::pixels(&picture, ColorModel::YCbCr, Reduction::ALL[0], whole);
            let off = farthest(&rgb, &decoded(&written, ColorSpace::RGB));
            assert!(off <= 4, "{name}: {off}");
        }
        seen += 1;
    }
    assert!(seen >= 28, "{seen}");
}

#[test]
fn samples_that_nobody_reads_need_no_decoding() {
    for (seed, (name, layout)) in layouts().into_iter().enumerate() {
        let picture = layout.picture(seed as u64);
        for turned in [false, true] {
            // A disc as runs, and a box; some of it lies beyond the picture.
            let run = |i: u32| {
                let half = 20 - i.abs_diff(20) / 2;
                match turned {
                    false => Rect::new(30 - half, 10 + i, 2 * half, 1),
                    true => Rect::new(10 + i, 30 - half, 1, 2 * half),
                }
            };
            let runs: Vec<Rect> = (0..40)
                .map(run)
                .chain([Rect::new(40, 40, 90, 33)])
                .collect();
            let edit = |unread: &[Rect]| {
                let mut picture = picture.clone();
                for mut part in picture.components_mut() {
                    let changed = part.overwrite_samples(&runs, unread, |part| {
                        for rect in &runs {
                            let size = part.size;
                            for y in rect.y..rect.bottom().min(size.height) {
                                for x in rect.x..rect.right().min(size.width) {
                                    let at = y as usize * part.stride + x as usize;
                                    part.samples[at] = (x * 7 + y * 3) as u8;
                                }
                            }
                        }
                        Ok::<(), ()>(())
                    });
                    changed.expect("does not fail");
                }
                picture
            };
            assert!(edit(&runs) == edit(&[]), "{name} {turned}");
        }
    }
}

#[test]
fn a_part_of_a_view_is_the_part_of_the_whole_view() {
    for (name, layout) in layouts().into_iter().step_by(3) {
        let picture = layout.picture(3);
        let model = match layout.factors.len() {
            1 => ColorModel::Grey,
            3 => ColorModel::YCbCr,
            _ => ColorModel::Ycck,
        };
        for &by in Reduction::ALL {
            let size = by.size(layout.size);
            let whole = view::pixels(&picture, model, by, Rect::whole(size));
            for part in [(0, 0, 1, 1), (1, 2, 7, 3), (3, 1, 6, 5), (5, 3, 5, 4)] {
                let part = Rect::new(part.0, part.1, part.2, part.3);
                let got = view::pixels(&picture, model, by, part);
                for y in 0..part.height {
                    let start = ((part.y + y) * size.width + part.x) as usize * 3;
                    let length = part.width as usize * 3;
                    let row = &got[y as usize * length..][..length];
                    assert!(
                        row == &whole[start..start + length],
                        "{name} {by:?} {part:?}"
                    );
                }
            }
        }
    }
}
