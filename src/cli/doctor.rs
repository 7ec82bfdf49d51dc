//! `faceveil doctor`: what is there, and whether it works on a sample.

use crate::cli::run::worker;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use anyhow::{Context, Result};
use faceveil::detect::bundled_models;
use faceveil::engine::{EngineChoice, EngineInfo, EngineOptions, engines};
use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

/// One frontal face; NASA, public domain.
const SAMPLE: &[u8] = include_bytes!("../../samples/astronaut.jpg");
/// Runs of which the fastest counts; the first one also makes buffers.
const RUNS: usize = 3;

/// Looks around, tries every engine that is there, and says so on standard output.
///
/// # Errors
/// If nobody can be told; a broken engine is part of the answer.
pub(crate) fn run(onnxruntime: Option<&Path>) -> Result<Exit> {
    let told = tell(&mut anstream::stdout(), onnxruntime);
    let healthy = told.context("writing to standard output")?;
    Ok(match healthy {
        true => Exit::Done,
        false => Exit::SomeFailed,
    })
}

/// Whether the built-in engine works.
fn tell(to: &mut dyn Write, onnxruntime: Option<&Path>) -> io::Result<bool> {
    writeln!(to, "faceveil {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(
        to,
        "  {} on {}, {}",
        std::env::consts::ARCH,
        std::env::consts::OS,
        show::count(
            std::thread::available_parallelism().map_or(1, usize::from),
            "core"
        )
    )?;
    writeln!(to, "\nmodels in this build")?;
    let models = bundled_models();
    for model in &models {
        let (name, size) = (model.name, model.bytes.len());
        writeln!(to, "  {name:<26} {:>5.1} MB", size as f64 / 1e6)?;
    }
    if models.is_empty() {
        writeln!(to, "  none; build it with the feature `bundled-models`")?;
    }
    let mut healthy = true;
    for info in engines(onnxruntime) {
        let works = describe(to, &info, onnxruntime)?;
        // The other engine is optional.
        healthy &= works || info.engine != EngineChoice::Builtin;
    }
    writeln!(
        to,
        "\nisolation of photos\n  {}",
        show::text(&worker::describe())
    )?;
    writeln!(to, "\nvideos")?;
    match faceveil::video::ffmpeg() {
        Ok(name) => writeln!(to, "  {name}")?,
        Err(why) => writeln!(
            to,
            "  MP4 with H.264 only; for all others: {}",
            show::text(&why.to_string())
        )?,
    }
    Ok(healthy)
}

/// Tells of one engine. Whether it works.
fn describe(to: &mut dyn Write, info: &EngineInfo, library: Option<&Path>) -> io::Result<bool> {
    let name = match info.engine {
        EngineChoice::Builtin => "built-in engine",
        _ => "ONNX Runtime",
    };
    writeln!(to, "\n{name} {}", show::text(&info.version))?;
    if let Some(location) = &info.location {
        writeln!(to, "  library   {}", show::path(location))?;
    }
    if let Some(problem) = &info.problem {
        writeln!(to, "  missing   {}", show::text(problem))?;
        writeln!(
            to,
            "  to add it run scripts/get-onnxruntime.sh, or give --onnxruntime PATH"
        )?;
        return Ok(false);
    }
    let devices: Vec<String> = info.devices.iter().map(ToString::to_string).collect();
    writeln!(to, "  devices   {}", devices.join(", "))?;
    match try_sample(info.engine, library) {
        Ok(said) => {
            writeln!(to, "  sample    {said}")?;
            Ok(true)
        }
        Err(why) => {
            writeln!(to, "  sample    FAILED: {}", show::text(&show::chain(&why)))?;
            Ok(false)
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
    let anonymizer = Anonymizer::new(detector, AnonymizeOptions::default())?;
    let mut best = f64::INFINITY;
    let mut faces = 0;
    for _ in 0..RUNS {
        let found = anonymizer
            .prepare(SAMPLE)
            .context("looking at the sample")?;
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
