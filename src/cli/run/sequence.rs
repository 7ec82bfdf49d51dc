//! Photos that are the frames of one video: all are searched first, what is found is followed from
//! one to the next, and then they are covered, as `apply` covers what a report says.
//!
//! Invariant: a photo is written only with the masks that follow from the photos around it.

use super::config::{Config, Faces, Pass};
use super::process::process_with;
use crate::cli::plan::inputs::Source;
use crate::cli::plan::outputs::Planned;
use crate::cli::plan::task::Task;
use crate::cli::report::report_file::{self, ReportTo};
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Context, Result, bail, ensure};
use faceveil::follow::follow_photos;
use faceveil::{AnonymizeOptions, FileReport, ReportApplier, Style};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::mem;
use std::path::Path;

/// Deals with every file of a plan; so many photos a second were taken of each folder.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn process_sequences(mut config: Config, photos_per_second: f64) -> Result<Exit> {
    let Faces::Find {
        detector, options, ..
    } = &config.faces
    else {
        bail!("faces are not searched for, so there is nothing to follow");
    };
    let has_stdin = |planned: &Planned| planned.input.source == Source::Stdin;
    ensure!(
        !config.plan.iter().any(has_stdin),
        "--as-video takes the photos of folders, and `-` (standard input) is one photo"
    );
    let (detector, options) = (detector.clone(), options.clone());
    let applier = applier(&options);
    let interrupt = Interrupt::listen()?;
    let (mut lines, ended) = search(&mut config, &interrupt)?;
    if !matches!(ended, Exit::Done | Exit::SomeFailed | Exit::SomethingFound) {
        return Ok(ended);
    }
    for frames in sequences(&config.plan) {
        let mut of_folder: Vec<FileReport> = frames.iter().map(|&i| lines[i].clone()).collect();
        follow_photos(&mut of_folder, photos_per_second, &detector, &options)?;
        for (i, line) in frames.into_iter().zip(of_folder) {
            lines[i] = line;
        }
    }
    config.faces = Faces::FromReport(applier);
    for (planned, line) in config.plan.iter_mut().zip(lines) {
        match (&line.error, &planned.input.source) {
            (Some(why), Source::File(path)) => {
                planned.input.source = Source::Unreachable(path.clone(), why.clone());
            }
            _ => planned.line = Some(Box::new(line)),
        }
    }
    process_with(&config, &interrupt)
}

/// Searches all files, and says nothing of them but how far it is. Gives what a report would have
/// of each, and how that ended.
fn search(config: &mut Config, interrupt: &Interrupt) -> Result<(Vec<FileReport>, Exit)> {
    let Task::Blur {
        existing,
        on_no_face,
    } = config.task
    else {
        bail!("nothing is to be written");
    };
    let there = tempfile::NamedTempFile::new().context("making a file for what is found")?;
    let to = ReportTo::File(there.path().to_owned());
    let dry_run = Task::DryRun {
        existing,
        on_no_face,
    };
    let task = mem::replace(&mut config.task, dry_run);
    let report = mem::replace(&mut config.report, to);
    let (audit, verify) = (config.audit.take(), config.verify.take());
    config.pass = Pass::Search;
    let ended = process_with(config, interrupt);
    config.pass = Pass::Cover;
    (config.task, config.report) = (task, report);
    (config.audit, config.verify) = (audit, verify);
    // They were said.
    config.notices.clear();
    config.left_alone.empty.clear();
    let ended = ended?;
    let (lines, _) = report_file::read(there.path().as_os_str())?;
    let is_whole = lines.len() == config.plan.len();
    ensure!(
        is_whole || ended == Exit::Interrupted,
        "{} of {} files were searched",
        lines.len(),
        config.plan.len()
    );
    Ok((lines, ended))
}

/// What covers as the options of a search say.
fn applier(options: &AnonymizeOptions) -> ReportApplier {
    let sticker = match &options.style {
        Style::Image(sticker) => Some(sticker.clone()),
        _ => None,
    };
    ReportApplier::new()
        .sticker(sticker)
        .keep(options.keep)
        .quality(options.quality)
        .format(options.format)
        .limits(options.limits)
}

/// The photos of each folder in the order of their names, by their place in the plan.
fn sequences(plan: &[Planned]) -> Vec<Vec<usize>> {
    let mut folders: BTreeMap<&Path, Vec<(&OsStr, usize)>> = BTreeMap::new();
    for (i, planned) in plan.iter().enumerate() {
        if let Source::File(path) = &planned.input.source
            && !planned.input.kind().is_video()
            && let (Some(folder), Some(name)) = (path.parent(), path.file_name())
        {
            folders.entry(folder).or_default().push((name, i));
        }
    }
    let in_order = |mut photos: Vec<(&OsStr, usize)>| {
        photos.sort_by(|(a, _), (b, _)| by_number(&a.to_string_lossy(), &b.to_string_lossy()));
        photos.into_iter().map(|(_, i)| i).collect()
    };
    folders.into_values().map(in_order).collect()
}

/// As people count: `9.jpg` before `10.jpg`.
fn by_number(a: &str, b: &str) -> Ordering {
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (mut left, mut right) = (a, b);
    loop {
        let (m, n) = (digits(left), digits(right));
        if m > 0 && n > 0 {
            let [x, y] = [&left[..m], &right[..n]].map(|s| s.trim_start_matches('0'));
            let order = x.len().cmp(&y.len()).then(x.cmp(y));
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (&left[m..], &right[n..]);
            continue;
        }
        let (mut x, mut y) = (left.chars(), right.chars());
        match (x.next(), y.next()) {
            (Some(c), Some(d)) if c == d => (left, right) = (x.as_str(), y.as_str()),
            // `01` and `1` are not the same: in some order.
            (None, None) => return a.cmp(b),
            (c, d) => return c.cmp(&d),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = [
            "b2", "a10.png", "a9.png", "a009.png", "a", "a1b10", "a1b9", "B1", "10", "9",
        ];
        names.sort_by(|a, b| by_number(a, b));
        let sorted = [
            "9", "10", "B1", "a", "a1b9", "a1b10", "a009.png", "a9.png", "a10.png", "b2",
        ];
        assert_eq!(names, sorted);
    }

    proptest! {
        #[test]
        fn the_order_is_one(a in "[a0-9.]{0,6}", b in "[a0-9.]{0,6}", c in "[a0-9.]{0,6}") {
            prop_assert_eq!(by_number(&a, &b), by_number(&b, &a).reverse());
            prop_assert_eq!(by_number(&a, &b) == Ordering::Equal, a == b);
            if by_number(&a, &b).is_le() && by_number(&b, &c).is_le() {
                prop_assert!(by_number(&a, &c).is_le());
            }
        }
    }
}
