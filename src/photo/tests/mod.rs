//! Promises of the module, kept over files of every kind.

mod convert;
mod hostile;
pub(super) mod sources;

use super::*;
use crate::error::ErrorKind;
use crate::plane::{PlaneMut, Sample};
use proptest::prelude::*;
use sources::{SIZE, all, exif_block, jpegs, lossless};

fn read(file: &[u8]) -> Photo {
    Photo::read(file, &ReadOptions::new()).expect("reads")
}

/// All samples of a frame, plane by plane.
fn samples(photo: &mut Photo, frame: usize) -> Vec<(Channel, Vec<u16>)> {
    fn all<T: Sample>(plane: &PlaneMut<'_, T>) -> Vec<u16> {
        let size = plane.layout().size;
        (0..size.height as usize)
            .flat_map(|y| (0..size.width as usize).map(move |x| (x, y)))
            .map(|(x, y)| plane.get(x, y).to_f32() as u16)
            .collect()
    }
    let mut planes = Vec::new();
    let everywhere = |layout: &Layout| vec![PixelRect::of(layout.size)];
    photo
        .edit(frame, &everywhere, &mut |plane, channel| {
            planes.push((
                channel,
                match &plane {
                    AnyPlaneMut::U8(plane) => all(plane),
                    AnyPlaneMut::U16(plane) => all(plane),
                },
            ));
        })
        .expect("planes");
    planes
}

/// The samples of a plane that stand for pixels of a rectangle.
fn samples_of(part: PixelRect, layout: &Layout) -> PixelRect {
    let (across, down) = layout.subsampling;
    let (x, y) = (part.x / across, part.y / down);
    let right = part.right().div_ceil(across).min(layout.size.width);
    let bottom = part.bottom().div_ceil(down).min(layout.size.height);
    PixelRect::new(x, y, right - x, bottom - y)
}

/// Writes one value into a rectangle of every plane but opacity.
fn paint(photo: &mut Photo, frame: usize, part: PixelRect, value: u8) {
    fn fill<T: Sample>(plane: &mut PlaneMut<'_, T>, part: PixelRect, value: u8) {
        let value = T::from_f32(f32::from(value) / 255.0 * T::MAX);
        let part = samples_of(part, plane.layout());
        for y in part.y..part.bottom() {
            for x in part.x..part.right() {
                plane.set(x as usize, y as usize, value);
            }
        }
    }
    let touched = |layout: &Layout| vec![samples_of(part, layout)];
    photo
        .edit(frame, &touched, &mut |mut plane, channel| {
            if channel != Channel::Alpha {
                match &mut plane {
                    AnyPlaneMut::U8(plane) => fill(plane, part, value),
                    AnyPlaneMut::U16(plane) => fill(plane, part, value),
                }
            }
        })
        .expect("planes");
}

/// The samples that a viewer can tell apart: colour under full transparency does not count in GIF.
fn seen(planes: Vec<(Channel, Vec<u16>)>, format: Format) -> Vec<(Channel, Vec<u16>)> {
    let clear: Vec<bool> = match planes.last() {
        Some((Channel::Alpha, alpha)) if format == Format::Gif => {
            alpha.iter().map(|&a| a == 0).collect()
        }
        _ => return planes,
    };
    let hide = |(channel, values): (Channel, Vec<u16>)| {
        let values = values
            .iter()
            .zip(&clear)
            .map(|(&v, &c)| if c { 0 } else { v });
        (channel, values.collect())
    };
    planes.into_iter().map(hide).collect()
}

fn assert_same(name: &str, a: &mut Photo, b: &mut Photo) {
    assert_eq!(a.frame_count(), b.frame_count(), "{name}");
    for frame in 0..a.frame_count() {
        assert_eq!(a.stored_size(frame), b.stored_size(frame), "{name}");
        assert_eq!(a.orientation(frame), b.orientation(frame), "{name}");
        let format = a.format();
        let mut before = seen(samples(a, frame), format);
        let after = seen(samples(b, frame), format);
        // Pictures without transparency may come back without a plane for it.
        before.truncate(after.len().max(before.len().saturating_sub(1)));
        assert!(before == after, "{name}: frame {frame} changed");
    }
}

#[test]
fn lossless_files_come_back_sample_for_sample() {
    for (name, file) in lossless() {
        let mut photo = read(&file);
        let written = photo.write().expect(name);
        let mut again = read(&written);
        assert_eq!(photo.format(), again.format());
        assert_same(name, &mut photo, &mut again);
    }
}

#[test]
fn a_source_that_was_written_once_is_written_the_same_again() {
    for (name, file) in lossless() {
        let once = read(&file).write().expect(name);
        let twice = read(&once).write().expect(name);
        assert!(once == twice, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn what_is_painted_is_written_and_nothing_else_changes(
        x in 0u32..SIZE.width, y in 0u32..SIZE.height, w in 1u32..20, h in 1u32..20, value: u8,
    ) {
        let part = PixelRect::new(x, y, w.min(SIZE.width - x), h.min(SIZE.height - y));
        for (name, file) in lossless() {
            let mut photo = read(&file);
            for frame in 0..photo.frame_count() {
                paint(&mut photo, frame, part, value);
            }
            let mut again = read(&photo.write().expect(name));
            assert_same(name, &mut photo, &mut again);
        }
    }
}

#[test]
fn a_jpeg_that_nobody_changes_keeps_its_pixels_and_how_it_is_coded() {
    for (name, file) in jpegs() {
        let photo = read(&file);
        let written = photo.write().expect(name);
        let again = read(&written);
        assert_eq!(photo.orientation(0), again.orientation(0), "{name}");
        assert_eq!(photo.kept(), again.kept(), "{name}");
        assert!(photo.to_rgba() == again.to_rgba(), "{name}");
        // Codes are defined in segments of their own, each with four bytes around it.
        assert!(
            written.len() < file.len() + 64,
            "{name}: {} {}",
            file.len(),
            written.len()
        );
        let coded = |file| jpeg::coded(file).expect(name);
        assert!(coded(&file) == coded(&written), "{name}");
    }
}

#[test]
fn a_painted_jpeg_shows_it_and_nothing_elsewhere() {
    for (name, file) in jpegs() {
        let before = read(&file).to_rgba().1;
        let mut photo = read(&file);
        // Two MCUs of 16 by 16 from the corner.
        paint(&mut photo, 0, PixelRect::new(3, 5, 20, 8), 200);
        let again = read(&photo.write().expect(name));
        let (size, after) = photo.to_rgba();
        assert!(
            (size, &after) == (again.to_rgba().0, &again.to_rgba().1),
            "{name}"
        );
        assert!(before != after, "{name}");
        if photo.orientation(0) == Orientation::Normal {
            for (i, (a, b)) in before.chunks(4).zip(after.chunks(4)).enumerate() {
                let (x, y) = (i as u32 % size.width, i as u32 / size.width);
                // One more where chroma is spread over two pixels; factors of four make MCUs of 32.
                if x >= 33 || y >= 17 {
                    assert_eq!(a, b, "{name}: {x},{y}");
                }
            }
        }
    }
}

#[test]
fn all_eight_orientations_survive_and_impossible_ones_are_normal() {
    let (_, plain) = &jpegs()[1];
    for value in 0..=9u8 {
        let mut file = plain[..2].to_vec();
        let block = exif_block(value);
        file.extend([0xff, 0xe1]);
        file.extend((block.len() as u16 + 8).to_be_bytes());
        file.extend(b"Exif\0\0");
        file.extend(block);
        file.extend(&plain[2..]);
        let photo = read(&file);
        let expected = Orientation::from_exif(value.into()).unwrap_or_default();
        assert_eq!(photo.orientation(0), expected);
        assert_eq!(photo.picture(0).size(), expected.upright_size(SIZE));
        assert_eq!(photo.to_rgba().0, expected.upright_size(SIZE));
        let again = read(&photo.write().expect("writes"));
        assert_eq!(again.orientation(0), expected);
        assert_eq!(
            photo.kept().contains(&ContentKind::Orientation),
            value > 1 && value < 9
        );
    }
}

#[test]
fn no_word_of_the_metadata_survives_and_all_of_it_is_named() {
    for (name, file) in leaky() {
        assert!(notes::contains(&file, b"LEAK"), "{name}");
        let photo = read(&file);
        assert!(!photo.dropped().is_empty(), "{name}");
        let written = photo.write().expect(&name);
        assert!(!notes::contains(&written, b"LEAK"), "{name}");
        let again = read(&written);
        assert!(again.dropped().is_empty(), "{name}: {:?}", again.dropped());
    }
}

/// Files with a marked word in places where programs leave words.
fn leaky() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let (_, jpeg) = &jpegs()[2];
    let segments: [(u8, &[u8]); 9] = [
        (0xfe, b"LEAK"),
        (0xe0, b"JFXX\0\x10LEAK"),
        (0xe1, b"http://ns.adobe.com/xap/1.0/\0LEAK"),
        (0xe1, b"http://ns.adobe.com/xmp/extension/\0LEAK"),
        (0xe2, b"MPF\0LEAK"),
        (0xe4, b"LEAK"),
        (0xeb, b"JP\0\0\0\0\0\x01\0\0\0\0jumbLEAK"),
        (0xed, b"Photoshop 3.0\08BIM\x04\x0c\0\0LEAK"),
        (0xee, b"LEAK of another kind"),
    ];
    for (marker, data) in segments {
        let mut file = jpeg[..20].to_vec();
        file.extend([0xff, marker]);
        file.extend((data.len() as u16 + 2).to_be_bytes());
        file.extend(data);
        file.extend(&jpeg[20..]);
        files.push((format!("jpeg segment {marker:x}"), file));
    }
    let (_, png) = &sources::pngs()[7];
    for name in [b"tEXt", b"zTXt", b"caBX", b"prVt", b"tIME"] {
        let mut file = png[..33].to_vec();
        file.extend([0, 0, 0, 7]);
        file.extend(name);
        file.extend(b"ab\0LEAK");
        file.extend([0; 4]);
        file.extend(&png[33..]);
        files.push((format!("png {}", String::from_utf8_lossy(name)), file));
    }
    let (_, gif) = &sources::gifs()[0];
    let mut file = gif[..gif.len() - 1].to_vec();
    file.extend(b"\x21\xfe\x04LEAK\0\x3b");
    files.push(("gif comment".into(), file));
    for (name, file) in all() {
        if notes::contains(&file, b"LEAK") {
            files.push((name.to_owned(), file.clone()));
        }
        let tail = !name.starts_with("tiff"); // whose bytes may lie anywhere
        if tail {
            let file = [file, b"LEAK".to_vec()].concat();
            files.push((format!("{name}, trailer"), file));
        }
    }
    files
}

#[test]
fn timing_and_loops_of_animations_survive() {
    let timing = |file: &[u8]| {
        let mut decoder = ::gif::DecodeOptions::new().read_info(file).expect("gif");
        let mut delays = Vec::new();
        while let Some(frame) = decoder.read_next_frame().expect("frame") {
            delays.push(frame.delay);
        }
        (delays, decoder.repeat())
    };
    for (name, file) in sources::gifs() {
        let written = read(&file).write().expect(name);
        assert_eq!(timing(&file).0, timing(&written).0, "{name}");
        if timing(&file).0.len() > 1 {
            assert_eq!(timing(&file).1, timing(&written).1, "{name}");
        }
    }
    let chunks = |file: &[u8], wanted: &[u8; 4]| -> Vec<Vec<u8>> {
        let mut at = 8;
        let mut found = Vec::new();
        while let Some(head) = file.get(at..at + 8) {
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            if head[4..] == *wanted {
                found.push(file[at + 8..at + 8 + length].to_vec());
            }
            at += 12 + length;
        }
        found
    };
    for (name, file) in sources::pngs() {
        let written = read(&file).write().expect(name);
        assert_eq!(chunks(&file, b"acTL"), chunks(&written, b"acTL"), "{name}");
        let delays = |file| -> Vec<Vec<u8>> {
            chunks(file, b"fcTL")
                .iter()
                .map(|c| c[20..24].to_vec())
                .collect()
        };
        assert_eq!(delays(&file), delays(&written), "{name}");
    }
    let (_, file) = &sources::webps()[3];
    let mut decoder =
        image_webp::WebPDecoder::new(std::io::Cursor::new(read(file).write().expect("writes")))
            .expect("webp");
    assert_eq!(decoder.num_frames(), 4);
    assert_eq!(decoder.loop_duration(), 40 + 41 + 42 + 43);
    assert!(!decoder.is_lossy());
    assert_eq!(
        decoder.loop_count(),
        image_webp::LoopCount::Times(7.try_into().expect("not 0"))
    );
}

#[test]
fn colour_numbers_of_a_png_survive() {
    let (_, file) = &sources::pngs()[13];
    let photo = read(file);
    assert_eq!(photo.kept(), ["gamma", "orientation"]);
    let written = photo.write().expect("writes");
    let reader = ::png::Decoder::new(std::io::Cursor::new(written))
        .read_info()
        .expect("png");
    assert_eq!(
        reader.info().gama_chunk,
        Some(::png::ScaledFloat::new(0.45))
    );
}

#[test]
fn a_palette_stays_a_palette_while_its_colours_suffice() {
    for index in [11, 12] {
        let (name, file) = &sources::pngs()[index];
        let mut photo = read(file);
        let written = photo.write().expect(name);
        assert_eq!(written[25], 3, "{name}: colour type");
        let part = PixelRect::new(0, 0, SIZE.width, SIZE.height);
        photo
            .edit(0, &|_| vec![part], &mut |mut plane, channel| {
                if let (AnyPlaneMut::U8(plane), Channel::Red) = (&mut plane, channel) {
                    for y in 0..SIZE.height as usize {
                        for x in 0..SIZE.width as usize {
                            plane.set(x, y, (x * 7 + y * 31) as u8);
                        }
                    }
                }
            })
            .expect("planes");
        let mut again = read(&photo.write().expect(name));
        assert_same(name, &mut photo, &mut again);
    }
}

#[test]
fn every_file_of_the_tricky_collection_is_written_or_refused_with_a_reason() {
    let folder = std::path::Path::new("../shared/data/tricky");
    let Ok(kinds) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let limits = Limits::max_pixels(3_000_000); // keeps the test short
    let mut written = 0;
    for kind in kinds.flatten().filter(|entry| entry.path().is_dir()) {
        for entry in std::fs::read_dir(kind.path()).expect("folder").flatten() {
            let file = std::fs::read(entry.path()).expect("readable");
            match Photo::read(&file, &ReadOptions::new().limits(limits)) {
                Ok(photo) => {
                    let again = photo.write().expect("writes");
                    let again = Photo::read(&again, &ReadOptions::new().limits(limits))
                        .expect("reads its own");
                    assert_eq!(photo.frame_count(), again.frame_count());
                    assert_eq!(photo.orientation(0), again.orientation(0));
                    assert!(again.dropped().is_empty(), "{:?}", again.dropped());
                    written += 1;
                }
                Err(error) => assert_ne!(error.kind(), ErrorKind::Internal, "{:?}", entry.path()),
            }
        }
    }
    assert!(written > 40, "{written}");
}

#[test]
fn a_png_is_not_much_larger_than_its_source_whether_it_repeats_itself_or_not() {
    // 192 bytes of noise a row, and the same 16 rows over and over, or never the same.
    for rows in [16u32, 64] {
        let noise = |i: u32| {
            let x = i.wrapping_mul(2_654_435_761);
            ((x ^ x >> 15).wrapping_mul(2_246_822_519) >> 24) as u8
        };
        let data: Vec<u8> = (0..64 * 192)
            .map(|i| noise(i / 192 % rows * 192 + i % 192))
            .collect();
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, 64, 64);
        encoder.set_color(::png::ColorType::Rgb);
        encoder.set_compression(::png::Compression::High);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&data).expect("pixels");
        writer.finish().expect("a file");
        let written = read(&file).write().expect("a file");
        let (was, is) = (file.len(), written.len());
        assert!(
            is < was * 6 / 5 && read(&written).to_rgba() == read(&file).to_rgba(),
            "{was} {is}"
        );
    }
}
