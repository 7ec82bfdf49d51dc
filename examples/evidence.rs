//! Prints what the decision is fitted on, one JSON line per picture, for `scripts/fit_decision.py`:
//! `cargo run --release --example evidence -- PRESET PICTURE...`.

use faceveil::{Detector, DetectorOptions, Limits, Photo, Preset};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    let preset = Preset::ALL.into_iter().find(|p| p.name() == name);
    let preset = preset.ok_or("usage: evidence fast|balanced|thorough PICTURE...")?;
    let detector = Detector::new(&DetectorOptions {
        preset,
        ..DetectorOptions::default()
    })?;
    for path in args {
        let photo = Photo::read(&std::fs::read(&path)?, &Limits::default())?;
        let rows = detector.evidence(&photo.picture(0))?;
        println!("{{\"picture\":{path:?},\"rows\":{rows:?}}}");
    }
    Ok(())
}
