//! `faceveil watch`: files that arrive in a folder are covered as soon as they are complete.
//!
//! Invariant: every file that arrived is done, has a line that says why not, or is counted as left
//! over at the end; and no two of them share an output.

mod arrivals;

use crate::cli::args::Watch;
use crate::cli::blur;
use crate::cli::files::path_identity::{PathIdentities, resolved};
use crate::cli::plan::boxes::ByHand;
use crate::cli::plan::companion_files;
use crate::cli::plan::destination::Destination;
use crate::cli::plan::glob::Filter;
use crate::cli::plan::inputs::{self, Input, Source};
use crate::cli::plan::outputs::{self, Planned, Target};
use crate::cli::run::config::Config;
use crate::cli::run::process::process_arriving;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show::{self, count};
use crate::cli::ui::terminal::ProgressArg;
use anyhow::{Context, Result, bail, ensure};
use arrivals::Arrivals;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Watches a folder until a signal.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(typed: Watch) -> Result<Exit> {
    let Watch { blur, settle, poll } = typed;
    let root = root(&blur)?;
    let common = &blur.common;
    let filter = Filter::new(&common.include, &common.exclude);
    let previews = common.preview.clone();
    let folder = blur.writing.output.clone().map(PathBuf::from);
    let folder = folder.context("an output folder is needed: -o DIR")?;
    // Before the folder is listed: what comes in between is not missed.
    let poll = poll.map(Duration::from_secs);
    let watching = || format!("watching {}", show::path(&root));
    let own: Vec<&Path> = [Some(&*folder), previews.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    for path in &own {
        ensure!(
            !resolved(&root).starts_with(resolved(path)),
            "{} holds the watched folder {}, and nothing in it would count as arrived; choose a \
             folder beside it or in it",
            show::path(path),
            show::path(&root)
        );
    }
    let mut arrivals =
        Arrivals::watch(&root, &own, Duration::from_secs(settle), poll).with_context(watching)?;
    let mut config = blur::config(blur)?;
    config.progress = ProgressArg::Never;
    config.arriving = true;
    ensure!(
        config.folder.as_deref() == Some(&*folder),
        "-o {} is no folder",
        show::path(&folder)
    );
    for planned in &config.plan {
        ensure!(
            planned.by_hand.is_empty(),
            "boxes for single files are for `blur`; nobody knows the names of files that will come"
        );
    }
    let mut planner = Planner::new(&config, &folder, previews.as_deref());
    process_arriving(&config, |interrupt, terminal, batch| {
        terminal
            .borrow()
            .note(format_args!("{}, until Ctrl-C", watching()));
        let mut first = HashMap::new();
        for planned in &config.plan {
            match planned.input.path().filter(|path| path.is_file()) {
                Some(path) if arrivals.expect(path) => {
                    first.insert(path.to_owned(), planned.clone());
                }
                _ => batch(std::slice::from_ref(planned))?,
            }
        }
        while !interrupt.requested() {
            let ready = arrivals.next(&root);
            if !root.is_dir() {
                interrupt.stop("the watched folder is gone");
            }
            let plan: Vec<Planned> = ready
                .iter()
                .filter_map(|path| match first.remove(path) {
                    Some(planned) => Some(planned),
                    None => Some(planner.plan(inputs::arrived(&root, path, &filter)?)),
                })
                .collect();
            if !plan.is_empty() {
                batch(&plan)?;
            }
        }
        let left = arrivals.waiting(|path| {
            first.contains_key(path) || inputs::arrived(&root, path, &filter).is_some()
        });
        if left > 0 {
            let files = count(left, "file");
            terminal
                .borrow()
                .error(format_args!("{files} still being written when it ended"));
        }
        Ok(left)
    })
}

/// The folder that is watched.
///
/// # Errors
/// If what was typed is none, or flags do not go with watching.
fn root(blur: &crate::cli::args::Blur) -> Result<PathBuf> {
    let (common, writing) = (&blur.common, &blur.writing);
    for (given, flag) in [
        (blur.dry_run, "--dry-run"),
        (blur.as_video.is_some(), "--as-video"),
        (writing.in_place, "--in-place"),
        (common.files_from.is_some(), "--files-from"),
        (common.shard.is_some(), "--shard"),
        (
            common.processing.running.progress != ProgressArg::Auto,
            "--progress",
        ),
    ] {
        ensure!(
            !given,
            "{flag} is for `blur`; a folder is watched until it is ended"
        );
    }
    let [given] = &common.inputs[..] else {
        bail!("one folder is watched; start another `faceveil watch` for another");
    };
    let path = PathBuf::from(given);
    let shown = show::path(&path);
    ensure!(
        path.is_dir(),
        "{shown} is no folder, and folders are watched"
    );
    Ok(path)
}

/// Plans files one by one, as they come.
struct Planner<'a> {
    config: &'a Config,
    destination: Destination,
    previews: Option<&'a Path>,
    identities: PathIdentities,
    /// The inputs that have an output.
    claimed: HashMap<OsString, PathBuf>,
}

impl<'a> Planner<'a> {
    fn new(config: &'a Config, folder: &Path, previews: Option<&'a Path>) -> Self {
        let mut planner = Self {
            config,
            destination: Destination::Folder(folder.to_owned()),
            previews,
            identities: PathIdentities::default(),
            claimed: HashMap::new(),
        };
        for planned in &config.plan {
            // They were checked together.
            let _ = planner.claim(planned);
        }
        planner
    }

    /// Says which other input has the output.
    fn claim(&mut self, planned: &Planned) -> Option<PathBuf> {
        let (Target::File { path, .. }, Some(input)) = (&planned.target, planned.input.path())
        else {
            return None;
        };
        let key = self.identities.key(path);
        let has = self.claimed.entry(key).or_insert_with(|| input.to_owned());
        (has != input).then(|| has.clone())
    }

    /// What becomes of a file. One that cannot be planned fails with the reason.
    fn plan(&mut self, input: Input) -> Planned {
        let path = input.path().unwrap_or(Path::new("")).to_owned();
        let name = input.name.clone();
        let beside = companion_files::find(std::slice::from_ref(&input));
        let names = self.config.names();
        let planned = outputs::plan_as(vec![input], &self.destination, self.previews, &[], names);
        let why = match planned.map(|mut all| all.pop()) {
            Ok(Some(mut planned)) => match self.claim(&planned) {
                None => {
                    // A photo or a video beside it is covered, too, when it comes.
                    let stays = |name: &&String| !inputs::has_picture_name(Path::new(name));
                    let beside = beside.iter().flatten().filter(stays);
                    planned.companion_files = beside.cloned().collect();
                    return planned;
                }
                Some(other) => format!(
                    "its output has the name of that of {}; start anew to give them different names",
                    show::in_report(other.file_name().unwrap_or_default().as_ref())
                ),
            },
            Ok(None) => "it has no output path".into(),
            Err(why) => show::chain(&why),
        };
        Planned {
            input: Input::new(Source::Unreachable(path, why), name),
            target: Target::Nothing,
            preview: None,
            companion_files: Vec::new(),
            by_hand: ByHand::default(),
            line: None,
        }
    }
}

/// How long a wait for events lasts at most, so that a signal is heard.
const TICK: Duration = Duration::from_millis(200);

/// Whether a moment is over for so long.
fn is_past(since: Instant, wait: Duration) -> bool {
    since.elapsed() >= wait
}
