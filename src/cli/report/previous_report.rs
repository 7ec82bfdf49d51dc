//! What a report says of the run that wrote it, for a run that does the same again.
//!
//! Invariant: nothing here is guessed: a report that says two things counts as saying none.

use crate::cli::args::value_parsers;
use crate::cli::files::kind::InputKind;
use crate::cli::files::path_identity::PathIdentities;
use crate::cli::plan::base_dir::BaseDir;
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::ui::show;
use crate::cli::ui::show::count;
use anyhow::{Result, bail};
use faceveil::photo::FileKind;
use faceveil::{FileReport, Format};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// The `--format` that the photos were written with; `None` if each was written as it would be
/// without one.
///
/// # Errors
/// If no single one can have been it.
pub(crate) fn format<'a>(
    lines: impl IntoIterator<Item = &'a FileReport>,
    inputs: &BaseDir,
) -> Result<Option<Format>> {
    let all: Vec<(&str, Format, Format)> = lines
        .into_iter()
        .filter_map(|line| written(line, inputs).map(|(own, as_)| (line.input.as_str(), own, as_)))
        .collect();
    let Some((name, _, format)) = all.iter().find(|(_, own, as_)| *as_ != own.written_as()) else {
        return Ok(None);
    };
    if let Some((other, _, as_)) = all.iter().find(|(_, _, as_)| as_ != format) {
        bail!(
            "the report says that {name} was written as {} and {other} as {}; choose with \
             --format, or apply a report for each",
            format.short(),
            as_.short()
        );
    }
    Ok(Some(*format))
}

/// What every new name has between the stem and the ending, as `--suffix` puts it there; `None` if
/// that is nothing, or not the same everywhere.
pub(crate) fn suffix<'a>(lines: impl IntoIterator<Item = &'a FileReport>) -> Option<String> {
    let mut all = lines.into_iter().filter_map(added);
    let first = all.next()?;
    all.all(|other| other == first)
        .then(|| value_parsers::suffix(first).ok())
        .flatten()
}

/// What the name of an output has more than that of its input.
fn added(line: &FileReport) -> Option<&str> {
    let output = Path::new(line.output.as_deref().filter(|name| *name != "-")?);
    let input = Path::new(&line.input);
    let new = output.file_stem()?.to_str()?;
    // The longer form of a name keeps the ending of the original.
    let own = [input.file_name(), input.file_stem()];
    let mut own = own.into_iter().flatten().filter_map(OsStr::to_str);
    Some(
        own.find_map(|own| new.strip_prefix(own))
            .unwrap_or_default(),
    )
}

/// The format that a photo has, and the one that it was or would be written in.
fn written(line: &FileReport, inputs: &BaseDir) -> Option<(Format, Format)> {
    let named = |name: &str| Format::ALL.iter().copied().find(|f| f.short() == name);
    if let Some(formats) = &line.formats {
        if formats.is_of_raw() {
            return Some((Format::Jpeg, named(&formats.output)?));
        }
        return Some((named(&formats.input)?, named(&formats.output)?));
    }
    if line.is_video() || line.output.is_none() {
        return None;
    }
    match InputKind::read(&inputs.find(&line.input).ok()?).recognised() {
        FileKind::Photo(own) => Some((own, own)),
        _ => None,
    }
}

/// A warning about outputs of the earlier run that are not written over now, and show what they
/// did. `outputs` is where their names begin; a line belongs to each planned file.
pub(crate) fn left_behind(
    plan: &[Planned],
    lines: &[FileReport],
    outputs: &BaseDir,
) -> Option<String> {
    let mut identities = PathIdentities::default();
    let mut taken: HashSet<OsString> = HashSet::new();
    for planned in plan {
        if let Target::File { path, .. } = &planned.target {
            taken.insert(identities.key(path));
        }
        taken.extend(planned.input.path().map(|path| identities.key(path)));
    }
    let mut left: Vec<(PathBuf, &PathBuf)> = Vec::new();
    for (planned, line) in plan.iter().zip(lines) {
        let old = line.output.as_deref().filter(|name| *name != "-");
        if let (Target::File { path, .. }, Some(old)) = (&planned.target, old) {
            let old = outputs.join(old);
            if fs::symlink_metadata(&old).is_ok() && !taken.contains(&identities.key(&old)) {
                left.push((old, path));
            }
        }
    }
    let (old, new) = left.first()?;
    let others = match left.len() - 1 {
        0 => String::new(),
        n => format!(
            " So do{} {}.",
            if n == 1 { "es" } else { "" },
            count(n, "other output")
        ),
    };
    Some(format!(
        "{} is an output that the report names, and stays as it is: the new file is {}.{others} \
         Remove what must not be shared, or give --format and --suffix of the first run",
        show::path(old),
        show::path(new),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_of_a_run_is_what_all_its_outputs_have() {
        let line = |input: &str, output: &str| {
            let mut line = FileReport::new("none");
            line.input = input.into();
            line.output = (!output.is_empty()).then(|| output.into());
            line
        };
        let safe = [
            line("a/x.jpg", "a/x-safe.jpg"),
            line("y.heic", "y.heic-safe.jpg"),
            line("failed.jpg", ""),
        ];
        assert_eq!(suffix(&safe).as_deref(), Some("-safe"));
        let other = line("z.jpg", "z.jpg");
        assert_eq!(suffix(safe.iter().chain([&other])), None);
        for none in [&other, &line("z.heic", "z.heic.jpg"), &line("z.jpg", "-")] {
            assert_eq!(suffix([none]), None);
        }
    }
}
