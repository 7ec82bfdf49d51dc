//! Prints what the decision is fitted on, for `scripts/fit_decision.py`: the preset and its digest,
//! then one JSON line per picture. `cargo run --release --example evidence -- PRESET
//! [models=FOLDER] [as-if=LONGEST] PICTURE...`. With `as-if` each picture is treated as one of that
//! size made smaller, to fit the plan for large photos.

use faceveil::detect::ModelSource;
use faceveil::{Detector, DetectorOptions, Photo, Preset, ReadOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let name = args.next().unwrap_or_default();
    let preset = Preset::ALL.iter().copied().find(|p| p.name() == name);
    let preset = preset.ok_or(
        "usage: evidence fast|balanced|thorough [models=FOLDER] [as-if=LONGEST] PICTURE...",
    )?;
    let models = args.next_if(|a| a.starts_with("models="));
    let detector = Detector::new(&DetectorOptions::new().preset(preset).models(
        models.map_or(ModelSource::Bundled, |m| {
            ModelSource::Folder(m["models=".len()..].into())
        }),
    ))?;
    let as_if = args.next_if(|a| a.starts_with("as-if="));
    let as_if = as_if.map(|a| a["as-if=".len()..].parse()).transpose()?;
    println!("{{\"preset\":{name:?},\"digest\":\"{}\"}}", preset.digest());
    for path in args {
        let photo = Photo::read(&std::fs::read(&path)?, &ReadOptions::new())?;
        let rows = detector.evidence(&photo.picture(0), as_if)?;
        println!("{{\"picture\":{path:?},\"rows\":{rows:?}}}");
    }
    Ok(())
}
