//! Covers the faces of one photo: `cargo run --release --example one_picture in.jpg out.jpg`.

use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (args.next(), args.next()) else {
        return Err("usage: one_picture INPUT OUTPUT".into());
    };
    let detector = Detector::new(&DetectorOptions::default())?;
    let anonymizer = Anonymizer::new(detector, AnonymizeOptions::default())?;
    let done = anonymizer.photo(&std::fs::read(input)?)?;
    std::fs::write(output, &done.bytes)?;
    println!(
        "{} faces, dropped: {:?}",
        done.report.faces.len(),
        done.report.dropped
    );
    Ok(())
}
