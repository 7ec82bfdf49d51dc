//! Writes a seed corpus into `corpus/`, a folder a target: small files of every format, made by
//! code. Clips are made with `ffmpeg` where it is installed.
//!
//!     cargo run --manifest-path fuzz/Cargo.toml --example seeds

use faceveil::{Format, Photo, ReadOptions};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

/// One pixel.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\
    \x02\x02D\x01\0;";
const FORMATS: [Format; 7] = [
    Format::Jpeg,
    Format::Png,
    Format::WebP,
    Format::Tiff,
    Format::Heic,
    Format::Avif,
    Format::Jxl,
];
const REPORT: &str = r#"{"schema":1,"input":"a/b.jpg","output":"a/b.jpg","outcome":"redacted","sha256":null,"width":400,"height":300,"frames":1,"faces":[{"box":[80.5,40.25,96,121.5],"score":0.93,"landmarks":null,"found_by":["centerface@1"]}],"rejected":[],"regions":[{"shape":"ellipse","box":[79.3,41.5,134.4,170.1]}],"style":{"name":"blur","irreversible":true},"dropped":["gps"],"kept":["icc"],"warnings":[],"engine":"builtin","ms":null,"error":null}
"#;

/// A bitmap with 24 bits a pixel.
fn bitmap(width: u32, height: u32) -> Vec<u8> {
    let row = (width * 3).next_multiple_of(4);
    let size = 54 + row * height;
    let mut out = b"BM".to_vec();
    for number in [size, 0, 54, 40, width, height] {
        out.extend(number.to_le_bytes());
    }
    out.extend([1, 0, 24, 0]);
    for number in [0, row * height, 2835, 2835, 0, 0] {
        out.extend(number.to_le_bytes());
    }
    for y in 0..height {
        let pixels = (0..row).map(|x| (x * 5 + y * 9) as u8);
        out.extend(pixels);
    }
    out
}

fn clip(to: &Path, coding: &[&str]) -> bool {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi"])
        .args(["-i", "testsrc=size=64x48:rate=10:duration=0.5"])
        .args(coding)
        .arg(to)
        .status();
    made.is_ok_and(|status| status.success())
}

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folder = |name: &str| -> std::io::Result<_> {
        let folder = corpus.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    let [photos, converted, inspected] = [folder("photo")?, folder("convert")?, folder("inspect")?];
    let bitmap = bitmap(37, 29);
    let mut files = vec![("bmp", bitmap.clone()), ("gif", GIF.to_vec())];
    for format in FORMATS {
        let photo = Photo::read(&bitmap, &ReadOptions::new().format(format))?;
        files.push((format.short(), photo.write()?));
    }
    for (name, file) in &files {
        fs::write(photos.join(name), file)?;
        fs::write(inspected.join(name), file)?;
        for target in 0..FORMATS.len() as u8 {
            let data: Vec<u8> = [target].into_iter().chain(file.iter().copied()).collect();
            fs::write(converted.join(format!("{name}-{target}")), data)?;
        }
    }
    let jpegs = folder("jpeg")?;
    for (number, (_, layout)) in jpeg_coefficients::testing::layouts().iter().enumerate() {
        let file = jpeg_coefficients::testing::file(&layout.picture(number as u64));
        fs::write(jpegs.join(number.to_string()), file)?;
    }
    fs::write(folder("report")?.join("line"), REPORT)?;
    let videos = folder("video")?;
    let h264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
    for (name, coding) in [
        ("clip.mp4", &h264[..]),
        ("clip.mov", &h264[..]),
        ("clip.mkv", &h264[..]),
        ("clip.ts", &h264[..]),
    ] {
        if !clip(&videos.join(name), coding) {
            eprintln!("skipped: {name} needs ffmpeg with libx264");
            continue;
        }
        fs::copy(videos.join(name), inspected.join(name))?;
    }
    println!("seeds are in {}", corpus.display());
    Ok(())
}
