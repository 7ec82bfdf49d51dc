//! `faceveil blur`: flags become a run that finds faces and covers them.

use crate::cli::args::{Blur, library};
use crate::cli::plan::boxes::{ByHand, ManualBoxes};
use crate::cli::plan::destination::Destination;
use crate::cli::plan::inputs;
use crate::cli::plan::task::Task;
use crate::cli::report::report_file::ReportTo;
use crate::cli::run::config::{self, Config, Plan};
use crate::cli::run::process::process;
use crate::cli::run::sequence::process_sequences;
use crate::cli::ui::exit::Exit;
use anyhow::{Result, ensure};
use faceveil::AnonymizeOptions;
use std::path::Path;

/// Covers faces.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn run(typed: Blur) -> Result<Exit> {
    let as_video = typed.as_video;
    let config = config(typed)?;
    match as_video {
        Some(photos_per_second) => process_sequences(config, photos_per_second),
        None => process(&config),
    }
}

/// Checks what was typed after `blur` and plans the run. Reads folders and the sticker; writes
/// nothing.
///
/// # Errors
/// Flags that do not go together, or a plan that cannot be.
pub(super) fn config(mut typed: Blur) -> Result<Config> {
    inputs::add_listed(&mut typed.common.inputs, typed.common.files_from.as_deref())?;
    let writing = &typed.writing;
    let destination = Destination::choose(
        writing.output.as_deref(),
        writing.in_place,
        &typed.common.inputs,
    )?;
    let shard = typed.common.shard;
    let report = ReportTo::choose(writing.report.as_deref(), shard);
    let task = if typed.dry_run {
        Task::dry_run(writing)
    } else {
        config::check_stdout(&destination, &report, writing)?;
        Task::blur(writing)
    };
    let regions = ManualBoxes::gather(&typed.regions, "--region")?;
    let ignore = ManualBoxes::gather(&typed.ignore, "--ignore")?;
    ensure!(!ignore.has_moving(), "--ignore takes boxes without times");
    ensure!(
        typed.as_video.is_none() || !regions.has_moving(),
        "--region takes times for videos, and not for photos with --as-video"
    );
    let limits = library::limits(&typed.common.processing.running);
    let format = config::format(&destination, writing.photo.format, &typed.common.inputs)?;
    let options = AnonymizeOptions::new()
        .style(library::style(&typed.covering, &limits)?)
        .masking(library::masking(&typed.covering))
        .regions(regions.always.clone())
        .moving(regions.moving.clone())
        .ignore(ignore.always.clone())
        .panorama(typed.common.detection.panorama)
        .raw(typed.common.detection.raw.into())
        .keep(library::keep(&writing.photo.keep))
        .quality(library::quality(&writing.photo)?)
        .format(format)
        .limits(limits);
    let previews = typed.common.preview.as_deref();
    let gathered = config::gather(&typed.common, &destination, writing.suffix.as_deref())?;
    regions.check(&gathered.list, "--region")?;
    ignore.check(&gathered.list, "--ignore")?;
    let shard_path = |path: Option<&Path>| match (path, shard) {
        (Some(path), Some(shard)) => Some(shard.own_path(path)),
        (path, _) => path.map(Path::to_owned),
    };
    let plan = Plan {
        destination: &destination,
        report,
        audit: shard_path(writing.audit.as_deref()),
        record: writing.record.clone(),
        previews,
        suffix: writing.suffix.clone(),
    };
    let mut config = Config::new(
        task,
        config::find(&typed.common.detection, options)?,
        gathered,
        plan,
        library::encoding(writing),
        &typed.common.processing,
    )?;
    config.strict = typed.common.strict;
    typed
        .common
        .part
        .add_to(&mut config.video, writing.in_place)?;
    if config.plan.len() == 1 {
        config
            .notices
            .extend(destination.notice(writing.output.as_deref()));
    }
    config.sticker.clone_from(&typed.covering.image);
    config.verify_outputs(writing.verify, typed.dry_run, &destination)?;
    config.take_shard(shard, &destination)?;
    for planned in &mut config.plan {
        let (regions, moving) = regions.for_input(&planned.input);
        let (ignore, _) = ignore.for_input(&planned.input);
        planned.by_hand = ByHand {
            regions,
            moving,
            ignore,
        };
    }
    Ok(config)
}
