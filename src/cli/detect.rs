//! `faceveil detect`: flags become a run that finds faces and reports them.

use crate::cli::args::{Detect, library};
use crate::cli::plan::destination::Destination;
use crate::cli::plan::inputs;
use crate::cli::plan::task::Task;
use crate::cli::report::report_file::ReportTo;
use crate::cli::run::config::{self, Config, Plan};
use crate::cli::run::process::process;
use crate::cli::ui::exit::Exit;
use anyhow::{Result, ensure};
use faceveil::AnonymizeOptions;
use faceveil::video::Encoding;

/// Reports faces.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn run(typed: Detect) -> Result<Exit> {
    process(&config(typed)?)
}

/// Checks what was typed after `detect` and plans the run.
///
/// # Errors
/// Flags that do not go together, or a plan that cannot be.
fn config(mut typed: Detect) -> Result<Config> {
    inputs::add_listed(&mut typed.common.inputs, typed.common.files_from.as_deref())?;
    let given = &typed.common.inputs;
    ensure!(
        given.len() == 1 || !given.iter().any(|g| inputs::is_stdin(g)),
        "`-` (standard input) stands alone; give the other inputs in another run"
    );
    let options = AnonymizeOptions::new()
        .panorama(typed.common.detection.panorama)
        .raw(typed.common.detection.raw.into())
        .limits(library::limits(&typed.common.processing.running));
    let destination = Destination::Nowhere;
    let previews = typed.common.preview.as_deref();
    let plan = Plan {
        destination: &destination,
        report: ReportTo::Stdout,
        audit: None,
        record: None,
        previews,
        suffix: None,
    };
    let mut config = Config::new(
        Task::Detect,
        config::find(&typed.common.detection, options)?,
        config::gather(&typed.common, &destination, None)?,
        plan,
        Encoding::default(),
        &typed.common.processing,
    )?;
    config.take_shard(typed.common.shard, &destination)?;
    config.strict = typed.common.strict;
    typed.common.part.add_to(&mut config.video, false)?;
    Ok(config)
}
