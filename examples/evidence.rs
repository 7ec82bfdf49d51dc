//! Prints what the decision is fitted on, for `scripts/fit_decision.py`: the preset and its digest, then one JSON line
//! per picture. `cargo run --release --example evidence -- PRESET [models=FOLDER] [as-if=LONGEST] [turned=LONGEST]
//! [features=FILE] PICTURE...`. With `as-if` each picture is treated as one of that size made smaller, to fit the plan
//! for large photos. With `turned` the rows are what YuNet sees in the three turns by quarters at that size, one line
//! per turn. `features` gets the features of the close-ups as 32-bit floats; each row's last number is the index of
//! its own, -1 for none.

use faceveil::{Detector, DetectorOptions, Limits, Photo, Preset};
use std::io::{BufWriter, Write};

/// Less likely proposals get no close-up.
const LEAST: f32 = 0.02;
/// Weaker sightings of a turned picture are none.
const LEAST_TURNED: f32 = 0.2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let name = args.next().unwrap_or_default();
    let preset = Preset::ALL.into_iter().find(|p| p.name() == name);
    let preset = preset.ok_or(
        "usage: evidence fast|balanced|thorough [models=FOLDER] [as-if=LONGEST] [turned=LONGEST] \
         [features=FILE] PICTURE...",
    )?;
    let mut option = |name: &str| {
        let given = args.next_if(|a| a.starts_with(name) && a[name.len()..].starts_with('='));
        given.map(|a| a[name.len() + 1..].to_owned())
    };
    let models = option("models");
    let as_if = option("as-if").map(|a| a.parse()).transpose()?;
    let turned: Option<u32> = option("turned").map(|a| a.parse()).transpose()?;
    let features = option("features").map(std::fs::File::create).transpose()?;
    let mut features = features.map(BufWriter::new);
    let detector = Detector::new(&DetectorOptions {
        preset,
        models: models.map(Into::into),
        ..DetectorOptions::default()
    })?;
    println!("{{\"preset\":{name:?},\"digest\":\"{}\"}}", preset.digest());
    let mut count = 0;
    for path in args {
        let photo = Photo::read(&std::fs::read(&path)?, &Limits::default())?;
        let picture = photo.picture(0);
        let views = if turned.is_some() { 1..4 } else { 0..1 };
        for turn in views {
            let found = match turned {
                Some(longest) => detector.turned_evidence(&picture, turn, longest, LEAST_TURNED)?,
                None => detector.evidence(&picture, as_if, LEAST)?,
            };
            let mut rows = Vec::with_capacity(found.len());
            for (mut row, close_up) in found {
                let index = if close_up.is_empty() {
                    -1.0
                } else {
                    count as f32
                };
                row.push(index);
                rows.push(row);
                if let Some(file) = features.as_mut().filter(|_| !close_up.is_empty()) {
                    let bytes: Vec<u8> = close_up.iter().flat_map(|v| v.to_le_bytes()).collect();
                    file.write_all(&bytes)?;
                    count += 1;
                }
            }
            println!("{{\"picture\":{path:?},\"turn\":{turn},\"rows\":{rows:?}}}");
        }
    }
    Ok(())
}
