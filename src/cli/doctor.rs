//! `faceveil doctor`: what is there, and whether it works on a sample.

use super::{Exit, show, summary};
use anyhow::{Context, Result};
use faceveil::{
    Anonymizer, Detector, DetectorOptions, EngineChoice, EngineInfo, EngineOptions, Options,
    bundled_models, engines,
};
use std::path::Path;
use std::time::Instant;

/// One frontal face; NASA, public domain.
const SAMPLE: &[u8] = include_bytes!("../../samples/astronaut.jpg");
/// Runs of which the fastest counts; the first one also makes buffers.
const RUNS: usize = 3;

/// Looks around, tries every engine that is there, and says so on standard output.
///
/// # Errors
/// None so far; a broken engine is part of the answer.
pub(super) fn run(onnxruntime: Option<&Path>) -> Result<Exit> {
    anstream::println!("faceveil {}", env!("CARGO_PKG_VERSION"));
    anstream::println!(
        "  {} on {}, {}",
        std::env::consts::ARCH,
        std::env::consts::OS,
        summary::count(
            std::thread::available_parallelism().map_or(1, usize::from),
            "core"
        )
    );
    anstream::println!("\nmodels in this build");
    let models = bundled_models();
    for (name, bytes) in &models {
        anstream::println!("  {name:<26} {:>5.1} MB", *bytes as f64 / 1e6);
    }
    if models.is_empty() {
        anstream::println!("  none; build it with the feature `bundled-models`");
    }
    let mut healthy = true;
    for info in engines(onnxruntime) {
        let works = describe(&info, onnxruntime);
        // The other engine is optional.
        healthy &= works || info.engine != EngineChoice::Builtin;
    }
    Ok(if healthy {
        Exit::Done
    } else {
        Exit::SomeFailed
    })
}

fn describe(info: &EngineInfo, library: Option<&Path>) -> bool {
    let name = match info.engine {
        EngineChoice::Builtin => "built-in engine",
        _ => "ONNX Runtime",
    };
    anstream::println!("\n{name} {}", show::text(&info.version));
    if let Some(location) = &info.location {
        anstream::println!("  library   {}", show::path(location));
    }
    if let Some(problem) = &info.problem {
        anstream::println!("  missing   {}", show::text(problem));
        anstream::println!(
            "  to add it run scripts/get-onnxruntime.sh, or give --onnxruntime PATH"
        );
        return false;
    }
    let devices: Vec<String> = info.devices.iter().map(ToString::to_string).collect();
    anstream::println!("  devices   {}", devices.join(", "));
    match try_sample(info.engine, library) {
        Ok(said) => {
            anstream::println!("  sample    {said}");
            true
        }
        Err(why) => {
            anstream::println!("  sample    FAILED: {}", show::text(&show::chain(&why)));
            false
        }
    }
}

/// Finds the face of the sample, and says how long that took.
fn try_sample(engine: EngineChoice, library: Option<&Path>) -> Result<String> {
    let start = Instant::now();
    let detector = Detector::new(&DetectorOptions {
        engine: EngineOptions {
            engine,
            onnxruntime: library
                .filter(|_| engine == EngineChoice::OnnxRuntime)
                .map(Path::to_owned),
            ..EngineOptions::default()
        },
        ..DetectorOptions::default()
    })?;
    let name = detector.engine().to_owned();
    let loaded = start.elapsed();
    let anonymizer = Anonymizer::new(detector, Options::default())?;
    let mut best = f64::INFINITY;
    let mut faces = 0;
    for _ in 0..RUNS {
        let found = anonymizer.find(SAMPLE).context("looking at the sample")?;
        faces = found.report().faces.len();
        best = best.min(found.report().ms.detect);
    }
    anyhow::ensure!(faces == 1, "{faces} faces in the sample, which has 1");
    Ok(format!(
        "1 face found as it should be; loaded in {} ms, 512x512 in {best:.0} ms on one thread ({})",
        loaded.as_millis(),
        show::text(&name)
    ))
}
