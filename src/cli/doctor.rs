//! `faceveil doctor`: what is there, and whether it works on a sample.

use crate::cli::args::{Doctor, library};
use crate::cli::options;
use crate::cli::run::worker;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use anyhow::{Context, Result};
use faceveil::detect::bundled_models;
use faceveil::engine::{EngineChoice, EngineInfo, EngineOptions, engines};
use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions};
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

/// One frontal face; NASA, public domain.
const SAMPLE: &[u8] = include_bytes!("../../samples/astronaut.jpg");
/// Runs of which the fastest counts; the first one also makes buffers.
const RUNS: usize = 3;

/// Everything that is said.
#[derive(Serialize)]
struct Findings {
    version: &'static str,
    arch: &'static str,
    os: &'static str,
    cores: usize,
    models: Vec<Model>,
    engines: Vec<Engine>,
    isolation: Isolation,
    /// The user's ffmpeg.
    ffmpeg: Option<String>,
    ffmpeg_missing: Option<String>,
    configuration: Configuration,
    /// Whether the built-in engine works and the configuration can be used.
    healthy: bool,
}

/// How the work on files is kept from this process.
#[derive(Serialize)]
struct Isolation {
    photos: String,
    videos: String,
}

/// Options that need not be typed, for inputs in the current folder.
#[derive(Default, Serialize)]
struct Configuration {
    file: Option<String>,
    options: Vec<ConfiguredOption>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct ConfiguredOption {
    name: String,
    from: String,
}

#[derive(Serialize)]
struct Model {
    name: &'static str,
    bytes: usize,
    sha256: faceveil::report::Digest,
}

#[derive(Serialize)]
struct Engine {
    /// `builtin` or `onnxruntime`.
    engine: &'static str,
    version: String,
    library: Option<String>,
    devices: Vec<String>,
    /// What it found in the sample; `None` if it is not there or does not work.
    sample: Option<Sample>,
    missing: Option<String>,
    failed: Option<String>,
}

#[derive(Serialize)]
struct Sample {
    engine: String,
    loaded_ms: u128,
    detect_ms: f64,
}

/// Tries every engine that is there, and says on standard output what is there.
///
/// # Errors
/// If standard output cannot be written; a broken engine is part of the answer.
pub(crate) fn run(typed: &Doctor) -> Result<Exit> {
    let found = Findings::gather(typed.onnxruntime.as_deref());
    let mut to = anstream::stdout();
    let said = match typed.json {
        true => serde_json::to_string(&found)
            .map_err(io::Error::from)
            .and_then(|text| writeln!(to, "{text}")),
        false => found.tell(&mut to),
    };
    said.context("writing to standard output")?;
    Ok(match found.healthy {
        true => Exit::Done,
        false => Exit::SomeFailed,
    })
}

impl Findings {
    fn gather(onnxruntime: Option<&Path>) -> Self {
        let models = bundled_models().into_iter().map(|model| Model {
            name: model.name,
            bytes: model.bytes.len(),
            sha256: model.digest(),
        });
        let engines = engines(onnxruntime);
        let engines: Vec<Engine> = engines
            .iter()
            .map(|info| Engine::tried(info, onnxruntime))
            .collect();
        let (ffmpeg, ffmpeg_missing) = match faceveil::video::ffmpeg() {
            Ok(name) => (Some(name), None),
            Err(why) => (None, Some(why.to_string())),
        };
        let configuration = Configuration::gather();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            arch: std::env::consts::ARCH,
            os: std::env::consts::OS,
            cores: library::cores(),
            models: models.collect(),
            // The other engine is optional.
            healthy: configuration.problem.is_none()
                && engines
                    .iter()
                    .all(|e| e.engine != BUILTIN || e.sample.is_some()),
            configuration,
            engines,
            isolation: {
                let [photos, videos] = worker::describe();
                Isolation { photos, videos }
            },
            ffmpeg,
            ffmpeg_missing,
        }
    }

    fn tell(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "faceveil {}", self.version)?;
        let cores = show::count(self.cores, "core");
        writeln!(to, "  {} on {}, {cores}", self.arch, self.os)?;
        writeln!(to, "\nmodels in this build")?;
        for model in &self.models {
            writeln!(
                to,
                "  {:<26} {:>5.1} MB",
                model.name,
                model.bytes as f64 / 1e6
            )?;
        }
        if self.models.is_empty() {
            writeln!(to, "  none; build it with the feature `bundled-models`")?;
        }
        self.engines.iter().try_for_each(|engine| engine.tell(to))?;
        let Isolation { photos, videos } = &self.isolation;
        writeln!(to, "\nisolation\n  photos: {}", show::text(photos))?;
        writeln!(to, "  videos: {}\n\nvideos", show::text(videos))?;
        match (&self.ffmpeg, &self.ffmpeg_missing) {
            (Some(name), _) => writeln!(to, "  {}", show::text(name)),
            (None, why) => writeln!(
                to,
                "  MP4 with H.264 only; for all others: {}",
                show::text(why.as_deref().unwrap_or_default())
            ),
        }?;
        self.configuration.tell(to)
    }
}

impl Configuration {
    fn gather() -> Self {
        match options::in_force(Path::new("")) {
            Ok(found) => Self {
                file: found.file.as_deref().map(show::path),
                options: found
                    .options
                    .into_iter()
                    .map(|(name, from)| ConfiguredOption {
                        name,
                        from: from.to_string(),
                    })
                    .collect(),
                problem: None,
            },
            Err(why) => Self {
                problem: Some(show::chain(&why)),
                ..Self::default()
            },
        }
    }

    fn tell(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "\noptions that need not be typed, in this folder")?;
        if let Some(why) = &self.problem {
            return writeln!(to, "  WRONG: {}", show::text(why));
        }
        let file = self.file.as_deref();
        writeln!(to, "  config file {}", file.unwrap_or("none"))?;
        for option in &self.options {
            writeln!(to, "  {:<18} from {}", option.name, option.from)?;
        }
        Ok(())
    }
}

const BUILTIN: &str = "builtin";

impl Engine {
    fn tried(info: &EngineInfo, library: Option<&Path>) -> Self {
        let sample = match info.problem {
            None => Some(try_sample(info.engine, library)),
            Some(_) => None,
        };
        let (sample, failed) = match sample {
            Some(Ok(sample)) => (Some(sample), None),
            Some(Err(why)) => (None, Some(show::chain(&why))),
            None => (None, None),
        };
        Self {
            engine: match info.engine {
                EngineChoice::Builtin => BUILTIN,
                _ => "onnxruntime",
            },
            version: info.version.clone(),
            library: info.location.as_deref().map(show::path),
            devices: info.devices.iter().map(ToString::to_string).collect(),
            sample,
            missing: info.problem.clone(),
            failed,
        }
    }

    fn tell(&self, to: &mut dyn Write) -> io::Result<()> {
        let name = match self.engine {
            BUILTIN => "built-in engine",
            _ => "ONNX Runtime",
        };
        writeln!(to, "\n{name} {}", show::text(&self.version))?;
        if let Some(library) = &self.library {
            writeln!(to, "  library   {library}")?;
        }
        if let Some(problem) = &self.missing {
            writeln!(to, "  missing   {}", show::text(problem))?;
            return writeln!(
                to,
                "  to add it run scripts/get-onnxruntime.sh, or give --onnxruntime PATH"
            );
        }
        writeln!(to, "  devices   {}", self.devices.join(", "))?;
        match (&self.sample, &self.failed) {
            (Some(sample), _) => writeln!(
                to,
                "  sample    1 face found as it should be; loaded in {} ms, 512x512 in {:.0} ms \
                 on one thread ({})",
                sample.loaded_ms,
                sample.detect_ms,
                show::text(&sample.engine)
            ),
            (None, why) => writeln!(
                to,
                "  sample    FAILED: {}",
                show::text(why.as_deref().unwrap_or_default())
            ),
        }
    }
}

/// Finds the face of the sample.
fn try_sample(engine: EngineChoice, library: Option<&Path>) -> Result<Sample> {
    let start = Instant::now();
    let library = library.filter(|_| engine == EngineChoice::OnnxRuntime);
    let engine = EngineOptions::new()
        .engine(engine)
        .onnxruntime(library.map(Path::to_owned));
    let detector = Detector::new(&DetectorOptions::new().engine(engine))?;
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
    Ok(Sample {
        engine: name,
        loaded_ms: loaded.as_millis(),
        detect_ms: best,
    })
}
