//! Covers the faces of every photo in a folder, on all cores:
//! `cargo run --release --example folder IN_FOLDER OUT_FOLDER`.
//!
//! One `Anonymizer` serves all threads. A photo that fails is named and leaves no output.

use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (args.next(), args.next()) else {
        return Err("usage: folder IN_FOLDER OUT_FOLDER".into());
    };
    let anonymizer = Anonymizer::new(
        Detector::new(&DetectorOptions::default())?,
        AnonymizeOptions::default(),
    )?;
    std::fs::create_dir_all(&output)?;
    let files: Vec<PathBuf> = std::fs::read_dir(&input)?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.is_file())
        .collect();

    let next = AtomicUsize::new(0);
    let failures = AtomicUsize::new(0);
    let cover = |path: &PathBuf| -> Result<(), Box<dyn std::error::Error>> {
        let done = anonymizer.photo(&std::fs::read(path)?)?;
        std::fs::write(
            output.join(path.file_name().unwrap_or_default()),
            &done.bytes,
        )?;
        Ok(())
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = cover(path) {
                        eprintln!("{}: {why}", path.display());
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match failures.into_inner() {
        0 => Ok(()),
        n => Err(format!("{n} of {} files failed", files.len()).into()),
    }
}
