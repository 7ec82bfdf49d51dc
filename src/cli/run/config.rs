//! What runs, checked: from what was typed to what the library takes. Flags that make sense only
//! together are checked here; nothing below asks again.
//!
//! Invariant: a flag is used or refused, never passed over.

use super::given::check_given;
use crate::cli::args::value_parsers::IsolateArg;
use crate::cli::args::{Common, Detection, Processing, Writing, library};
use crate::cli::files::kind::InputKind;
use crate::cli::files::shard::Shard;
use crate::cli::plan::destination::Destination;
use crate::cli::plan::glob::Filter;
use crate::cli::plan::inputs::{self, Inputs};
use crate::cli::plan::left_alone::LeftAlone;
use crate::cli::plan::naming::NamingOptions;
use crate::cli::plan::outputs::{self, Planned};
use crate::cli::plan::task::Task;
use crate::cli::plan::{companion_files, unrelated_files};
use crate::cli::report::report_file::ReportTo;
use crate::cli::ui::show;
use crate::cli::ui::terminal::{LogArg, ProgressArg};
use anyhow::{Result, ensure};
use faceveil::photo::{FileKind, Quality};
use faceveil::verify::VerifierOptions;
use faceveil::video::Encoding;
use faceveil::{
    AnonymizeOptions, DetectorOptions, Format, Preset, ReportApplier, Style, VideoAnonymizer,
    VideoOptions,
};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The slowest honest photo, 500 megapixels to AVIF, takes a third of it.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);

/// A whole run.
#[derive(Debug)]
pub(crate) struct Config {
    /// What is done to each photo.
    pub(crate) task: Task,
    /// Where faces come from, and what covers them.
    pub(crate) faces: Faces,
    /// How videos are dealt with.
    pub(crate) video: VideoOptions,
    /// Whether a video in which a face may show is refused.
    pub(crate) strict: bool,
    /// The photos, and where each goes.
    pub(crate) plan: Vec<Planned>,
    /// Which part of all that was found this run deals with; `None`: all.
    pub(crate) shard: Option<Shard>,
    /// Files in all shards.
    pub(crate) listed: usize,
    /// Whether more files come while it runs.
    pub(crate) arriving: bool,
    /// Which pass over the same files this is.
    pub(crate) pass: Pass,
    /// What was found and is not dealt with.
    pub(crate) left_alone: LeftAlone,
    /// Where the report goes.
    pub(crate) report: ReportTo,
    /// Where the audit goes.
    pub(crate) audit: Option<PathBuf>,
    /// The output folder, if there is one: it has a record of what was done in it.
    pub(crate) folder: Option<PathBuf>,
    /// Whether outputs lie beside their originals.
    pub(crate) is_beside: bool,
    /// Where the record of the output folder is, if it was said.
    pub(crate) record: Option<PathBuf>,
    /// What comes between the stem and the ending of new files, if that was said.
    pub(crate) suffix: Option<String>,
    /// Messages before anything else.
    pub(crate) notices: Vec<String>,
    /// How outputs are verified, if they are.
    pub(crate) verify: Option<VerifierOptions>,
    /// The file of the sticker, if there is one.
    pub(crate) sticker: Option<PathBuf>,
    /// When photos are worked on in other processes.
    pub(crate) isolate: IsolateArg,
    /// Bytes for photos that are worked on, instead of a share of what there is.
    pub(crate) max_memory: Option<u64>,
    /// A worker process that works on a photo for longer hangs.
    pub(crate) longest: Duration,
    /// Threads of the run.
    pub(crate) jobs: usize,
    /// Nothing but errors for people.
    pub(crate) quiet: bool,
    /// When to show progress.
    pub(crate) progress: ProgressArg,
}

impl Config {
    /// Photos that are worked on at a time.
    pub(crate) fn photos_at_a_time(&self) -> usize {
        match self.arriving {
            true => self.jobs,
            false => self.jobs.min(self.plan.len()).max(1),
        }
    }

    /// How new files are named.
    pub(crate) fn names(&self) -> NamingOptions<'_> {
        NamingOptions {
            format: self.faces.format(),
            suffix: self.suffix.as_deref(),
        }
    }

    /// Threads for one photo: several only where there are fewer photos than threads.
    pub(crate) fn threads_per_photo(&self) -> usize {
        (self.jobs / self.photos_at_a_time()).max(1)
    }
}

/// Which pass over its files a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// There is no other.
    Only,
    /// Faces are searched for. Another pass follows, which says what became of the files.
    Search,
    /// They are covered where the pass before found them.
    Cover,
}

/// Where faces come from.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a run")]
pub(crate) enum Faces {
    /// They are looked for.
    Find {
        /// How, in photos.
        detector: DetectorOptions,
        /// How, in videos.
        video_detector: DetectorOptions,
        /// What covers them.
        options: Box<AnonymizeOptions>,
    },
    /// A report says where they are.
    FromReport(ReportApplier),
}

impl Faces {
    /// The format that photos are to have.
    pub(crate) fn format(&self) -> Option<Format> {
        match self {
            Self::Find { options, .. } => options.format,
            Self::FromReport(applier) => applier.format,
        }
    }
}

/// Where everything goes that a run writes.
pub(crate) struct Plan<'a> {
    pub(crate) destination: &'a Destination,
    pub(crate) report: ReportTo,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) previews: Option<&'a Path>,
    /// Comes between the stem and the ending of new files.
    pub(crate) suffix: Option<String>,
}

impl Config {
    /// Has outputs verified, if `asked`.
    ///
    /// # Errors
    /// If there is none that could be.
    pub(crate) fn verify_outputs(
        &mut self,
        asked: bool,
        is_dry: bool,
        destination: &Destination,
    ) -> Result<()> {
        if !asked {
            return Ok(());
        }
        ensure!(
            !is_dry,
            "--dry-run writes nothing that --verify could look at"
        );
        ensure!(
            *destination != Destination::Stdout,
            "--verify reads the new file again, which standard output cannot; give -o FILE"
        );
        let mut options = VerifierOptions::new().video(self.video.clone());
        match &self.faces {
            Faces::Find {
                detector,
                options: covering,
                ..
            } => {
                options.cover = detector.cover;
                options.objects.clone_from(&detector.objects);
                options.min_text_height = detector.min_text_height;
                options.min_face = detector.min_face;
                options.engine = detector.engine.clone();
                options.models.clone_from(&detector.models);
                options.limits = covering.limits;
                if let Style::Image(sticker) = &covering.style {
                    options.sticker = Some(sticker.clone());
                }
            }
            Faces::FromReport(applier) => {
                options.sticker.clone_from(&applier.sticker);
                options.limits = applier.limits;
            }
        }
        self.verify = Some(options);
        Ok(())
    }

    /// Leaves to other runs what is not in a shard. The plan was made, and checked, of all files.
    ///
    /// # Errors
    /// If there are no files to divide.
    pub(crate) fn take_shard(
        &mut self,
        shard: Option<Shard>,
        destination: &Destination,
    ) -> Result<()> {
        let Some(shard) = shard else { return Ok(()) };
        ensure!(
            !matches!(destination, Destination::File(_) | Destination::Stdout),
            "--shard divides the files of folders and lists, and this is a single one"
        );
        self.shard = Some(shard);
        self.plan
            .retain(|planned| shard.takes(&planned.report_name()));
        Ok(())
    }

    /// A run over these inputs.
    ///
    /// # Errors
    /// Flags that do not go together, or a plan that cannot be.
    pub(crate) fn new(
        task: Task,
        faces: Faces,
        inputs: Inputs,
        to: Plan<'_>,
        encoding: Encoding,
        processing: &Processing,
    ) -> Result<Self> {
        let Processing {
            running, isolation, ..
        } = processing;
        library::check_isolation(isolation)?;
        ensure!(
            !(running.quiet && running.progress == ProgressArg::Always),
            "--quiet and --progress always contradict each other"
        );
        ensure!(
            !(running.log == LogArg::Json && running.progress == ProgressArg::Always),
            "--log json and --progress always contradict each other"
        );
        if let Some(folder) = to.previews {
            ensure!(
                folder.is_dir() || !folder.exists(),
                "--preview {} is a file; give a folder",
                show::path(folder)
            );
        }
        ensure!(
            to.audit.as_deref() != Some(Path::new("-")),
            "--audit needs a file; standard output is for results"
        );
        let Inputs { list, left_alone } = inputs;
        let companion_files = companion_files::find(&list);
        let own = [
            ("--report", to.report.path()),
            ("--audit", to.audit.as_deref()),
            ("--record", to.record.as_deref()),
        ];
        ensure!(
            to.record.is_none() || matches!(to.destination, Destination::Folder(_)),
            "--record would not be used: it is of an output folder; give one with -o DIR"
        );
        ensure!(
            to.suffix.is_none()
                || matches!(to.destination, Destination::Beside | Destination::Folder(_)),
            "--suffix would not be used: the name of the new file is given, or that of the original"
        );
        let names = NamingOptions {
            format: faces.format(),
            suffix: to.suffix.as_deref(),
        };
        let mut plan = outputs::plan_as(list, to.destination, to.previews, &own, names)?;
        for (planned, beside) in plan.iter_mut().zip(companion_files) {
            planned.companion_files = beside;
        }
        let mut notices = unrelated_files::sentences(&left_alone, &plan);
        notices.extend(to.report.notice_of_shared(&plan));
        notices.extend(left_alone.notices());
        notices.extend(unused_quality(&faces, &plan));
        let jobs = running.jobs.map_or_else(library::cores, usize::from);
        let folder = match to.destination {
            Destination::Folder(folder) => Some(folder.clone()),
            _ => None,
        };
        Ok(Self {
            task,
            faces,
            video: VideoOptions::new()
                .backend(running.video_backend.into())
                .encoding(encoding)
                .workers(jobs),
            strict: false,
            shard: None,
            listed: plan.len(),
            plan,
            arriving: false,
            left_alone,
            report: to.report,
            audit: to.audit,
            folder,
            is_beside: *to.destination == Destination::Beside,
            pass: Pass::Only,
            record: to.record,
            suffix: to.suffix,
            notices,
            verify: None,
            sticker: None,
            isolate: isolation.isolate,
            max_memory: isolation.max_memory,
            longest: LONGEST,
            jobs,
            quiet: running.quiet,
            progress: running.progress,
        })
    }
}

/// A sentence about a quality that no file of a plan is coded with. `watch` has other files later.
fn unused_quality(faces: &Faces, plan: &[Planned]) -> Option<String> {
    use FileKind::{Photo, Refused, Video};
    use Format::{Bmp, Gif, Jpeg, Png, Tiff};
    let (quality, format) = match faces {
        Faces::Find { options, .. } => (options.quality, options.format),
        Faces::FromReport(applier) => (applier.quality, applier.format),
    };
    let keeps = |one: &Planned| match one.input.kind().recognised() {
        Photo(kind) => [Jpeg, Png, Gif, Bmp, Tiff].contains(&kind),
        kind => matches!(kind, Video(_) | Refused(_)),
    };
    let is_unused = match format {
        None => !plan.is_empty() && plan.iter().all(keeps),
        // By the name of the new file.
        Some(format) => [Png, Gif, Bmp, Tiff].contains(&format),
    };
    (is_unused && matches!(quality, Quality::Percent(_))).then(|| {
        format!(
            "--quality {quality} changes nothing here: a JPEG keeps its own, and the other files \
             are written without loss; --format jpeg, webp, heic, avif or jxl has them coded anew"
        )
    })
}

/// Standard output holds one thing: a photo, or the report.
///
/// # Errors
/// If two want it, or a flag makes no sense with it.
pub(crate) fn check_stdout(
    destination: &Destination,
    report: &ReportTo,
    typed: &Writing,
) -> Result<()> {
    if *destination != Destination::Stdout {
        return Ok(());
    }
    ensure!(
        *report != ReportTo::Stdout,
        "-o - and --report - both want standard output; write the report to a file"
    );
    for (given, flag) in [
        (typed.overwrite, "--overwrite"),
        (typed.skip_existing, "--skip-existing"),
    ] {
        ensure!(!given, "{flag} has no meaning for standard output");
    }
    ensure!(
        !is_stdout_closed(),
        "standard output is closed; give -o FILE or pipe the output somewhere"
    );
    ensure!(
        !std::io::stdout().is_terminal(),
        "a photo is not written to a terminal; give -o FILE or pipe the output somewhere"
    );
    Ok(())
}

/// The format that a photo is to have: what was `asked` for, or else what the name of the new file
/// says.
///
/// # Errors
/// If both contradict each other, or no photo of another format can be written as the name says.
pub(crate) fn format(
    destination: &Destination,
    asked: Option<Format>,
    given: &[OsString],
) -> Result<Option<Format>> {
    let (Destination::File(path), [input]) = (destination, given) else {
        return Ok(asked);
    };
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let ending = ending.to_ascii_lowercase();
    let has_it = |format: &Format| format.extensions().contains(&ending.as_str());
    let Some(named) = Format::ALL.iter().copied().find(has_it) else {
        return Ok(asked);
    };
    if let Some(asked) = asked {
        ensure!(
            asked == named,
            "-o {} would be a {} under the name of a {}; give one of the two",
            show::path(path),
            asked.name(),
            named.name()
        );
        return Ok(Some(asked));
    }
    let own = match InputKind::read(Path::new(input)).recognised() {
        // Its preview.
        FileKind::Raw(_) => FileKind::Photo(Format::Jpeg),
        other => other,
    };
    match own {
        FileKind::Photo(own) if own.written_as() == named => Ok(None),
        FileKind::Photo(own) => {
            ensure!(
                named.is_target(),
                "-o {}: a {} is not written as {}; choose another ending",
                show::path(path),
                own.name(),
                named.name()
            );
            Ok(Some(named))
        }
        // What is on standard input is known later; a video keeps its own format.
        _ => Ok(None),
    }
}

/// Whether this program was started without a standard output. The runtime puts `/dev/null` in its
/// place, open for reading, too, which no shell does.
#[cfg(target_os = "linux")]
fn is_stdout_closed() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl};
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let stdout = std::io::stdout();
    let is_null = || {
        let there = std::fs::metadata("/proc/self/fd/1").ok()?;
        let null = std::fs::metadata("/dev/null").ok()?;
        Some(there.file_type().is_char_device() && there.rdev() == null.rdev())
    };
    let flags = fcntl_getfl(&stdout);
    flags.is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR) && is_null() == Some(true)
}

#[cfg(not(target_os = "linux"))]
fn is_stdout_closed() -> bool {
    false
}

/// Faces that are to be looked for.
///
/// # Errors
/// If a flag would not be used.
pub(crate) fn find(typed: &Detection, options: AnonymizeOptions) -> Result<Faces> {
    let preset = typed.preset.map(Preset::from);
    let detector = library::detector(typed, preset.unwrap_or_default())?;
    Ok(Faces::Find {
        video_detector: detector
            .clone()
            .preset(preset.unwrap_or(VideoAnonymizer::PRESET)),
        detector,
        options: Box::new(options),
    })
}

/// Walks what was given, but not into the folders that are written to.
///
/// # Errors
/// If something that was given is not there, or was most likely meant for `-o`.
pub(crate) fn gather(
    typed: &Common,
    destination: &Destination,
    suffix: Option<&str>,
) -> Result<Inputs> {
    let given = &typed.inputs[..];
    check_given(given, *destination == Destination::Beside)?;
    let mut own: Vec<&Path> = typed.preview.as_deref().into_iter().collect();
    if let Destination::Folder(folder) = destination {
        own.push(folder);
    }
    let filter = Filter::new(&typed.include, &typed.exclude).raw(typed.detection.raw.into());
    let suffix = suffix.filter(|_| *destination == Destination::Beside);
    Ok(inputs::gather(given, &own, &filter, suffix))
}
