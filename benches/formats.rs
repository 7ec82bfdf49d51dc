//! What reading and writing a photo of twelve megapixels costs in each format:
//! `cargo bench --bench formats`.
//!
//! Prints seconds and the most memory of one read (file to pixels) and one write (pixels to file),
//! on one thread. The memory is that of the process, the file included, and is counted on Linux
//! only.

mod made;

use faceveil::{Format, Limits, Photo, ReadOptions};
use made::{PHOTO, pixels};
use std::fs;
use std::time::Instant;

fn main() {
    let source = as_png(&pixels());
    println!("format      MB   read s    MB   write s    MB");
    for &format in Format::ALL {
        if format.is_target() {
            measure(format, &source);
        }
    }
}

fn as_png(rgb: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, PHOTO.width, PHOTO.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().expect("a vector takes it");
    writer.write_image_data(rgb).expect("a vector takes it");
    writer.finish().expect("a vector takes it");
    file
}

fn measure(format: Format, source: &[u8]) {
    let limits = Limits::default();
    let photo =
        Photo::read(source, &ReadOptions::new().limits(limits).format(format)).expect("a PNG");
    let (file, write_s, write_mb) = timed(|| photo.write().expect("written"));
    drop(photo);
    let (photo, read_s, read_mb) =
        timed(|| Photo::read(&file, &ReadOptions::new().limits(limits)).expect("our own file"));
    assert_eq!(photo.stored_size(0), PHOTO);
    let megabytes = file.len() as f32 / 1e6;
    let name = format.name();
    println!("{name:10} {megabytes:5.1} {read_s:8.2} {read_mb:5.0} {write_s:9.2} {write_mb:5.0}");
}

/// What `work` gives, how long it takes, and the most memory that the process has meanwhile in
/// megabytes.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f32, f32) {
    // Sets the high-water mark back (man 5 proc). Where there is no such file, there is no figure
    // either.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let start = Instant::now();
    let done = work();
    (done, start.elapsed().as_secs_f32(), peak_mb())
}

/// 0 where it is not known.
fn peak_mb() -> f32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<f32>().ok());
    kb.map_or(0.0, |kb| kb * 1024.0 / 1e6)
}
