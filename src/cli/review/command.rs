//! The command that covers what a report says as the run covered it that wrote the report.

use super::draft::Draft;
use crate::cli::args::Review;
use crate::cli::plan::base_dir::BaseDir;
use crate::cli::report::previous_report;
use crate::cli::ui::show;
use faceveil::FileReport;
use faceveil::report::StyleName;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Stands for the file that a person has to name.
pub(super) const STICKER: &str = "STICKER";

/// Metadata that `--keep` names, as reports and the flag call it.
const KEPT: [&str; 4] = ["time", "camera", "gps", "copyright"];

/// What follows `faceveil`; a report that is written goes to `report`.
pub(super) fn arguments(
    typed: &Review,
    draft: &Draft,
    inputs: &BaseDir,
    report: &Path,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["apply".into(), typed.report.clone().into()];
    if let Some(originals) = &typed.originals {
        words.extend(["--originals".into(), originals.into()]);
    }
    if let Some(outputs) = &typed.outputs {
        words.extend(["-o".into(), outputs.into()]);
    }
    // Outputs of the run that wrote the report are there already.
    words.push("--overwrite".into());
    // A report that says several formats is for `apply` to refuse.
    if let Ok(Some(format)) = previous_report::format(draft.lines(), inputs) {
        words.extend(["--format".into(), format.short().into()]);
    }
    let lines: Vec<&FileReport> = draft.lines().collect();
    words.extend(flags(&lines).into_iter().map(OsString::from));
    words.extend(["--report".into(), report.into()]);
    words
}

/// The same as a person types it.
pub(super) fn shown(typed: &Review, draft: &Draft, inputs: &BaseDir) -> String {
    let arguments = arguments(typed, draft, inputs, &applied(&typed.report));
    let words = arguments.iter().map(|word| quoted(Path::new(word)));
    let words: Vec<String> = std::iter::once("faceveil".into()).chain(words).collect();
    words.join(" ")
}

/// Flags that the lines imply.
fn flags(lines: &[&FileReport]) -> Vec<String> {
    let mut flags = Vec::new();
    let any = |of: &dyn Fn(&FileReport) -> bool| lines.iter().any(|line| of(line));
    if any(&|line| {
        line.style
            .as_ref()
            .is_some_and(|s| s.name == StyleName::Image)
    }) {
        // Where it lies is not in the report.
        flags.extend(["--image".into(), STICKER.into()]);
    }
    let kept = KEPT
        .iter()
        .filter(|name| any(&|l| l.kept.iter().any(|k| k == *name)));
    let kept: Vec<&str> = kept.copied().collect();
    if !kept.is_empty() {
        flags.extend(["--keep".into(), kept.join(",")]);
    }
    if any(&|line| line.is_video() && line.dropped.iter().any(|d| d == "audio")) {
        flags.extend(["--audio".into(), "drop".into()]);
    }
    let backends = lines.iter().filter_map(|line| line.backend.as_deref());
    // ffmpeg's version follows its name.
    let names: BTreeSet<&str> = backends.filter_map(|b| b.split(' ').next()).collect();
    if let (Some(name @ ("embedded" | "ffmpeg")), 1) = (names.first().copied(), names.len()) {
        flags.extend(["--video-backend".into(), name.into()]);
    }
    flags
}

/// The report of what is covered then, beside the one that says it: `r.jsonl` to `r.applied.jsonl`.
fn applied(report: &Path) -> PathBuf {
    let mut name: OsString = report.file_stem().unwrap_or_default().to_owned();
    name.push(".applied");
    if let Some(ending) = report.extension() {
        name.push(".");
        name.push(ending);
    }
    report.with_file_name(name)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = show::path(path);
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    match text.chars().all(plain) && !text.is_empty() {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faceveil::report::ContentKind;

    #[test]
    fn a_path_in_the_command_is_one_word_for_a_shell() {
        let said = |path: &str| quoted(Path::new(path));
        assert_eq!(said("a/b-1.jsonl"), "a/b-1.jsonl");
        assert_eq!(said("a b/$(rm x).jsonl"), "'a b/$(rm x).jsonl'");
        assert_eq!(said("it's"), r"'it'\''s'");
    }

    #[test]
    fn what_the_report_says_of_the_run_is_asked_for_again() {
        let mut photo = FileReport::new("none");
        assert!(flags(&[&photo]).is_empty());
        photo.kept = vec![ContentKind::Gps, ContentKind::Icc, ContentKind::Time];
        photo.style = serde_json::from_str(r#"{"name":"image","irreversible":true}"#).ok();
        let mut video = FileReport::new("none");
        video.backend = Some("ffmpeg 5.1.9".into());
        video.dropped = vec![ContentKind::Audio];
        assert_eq!(
            flags(&[&photo, &video]).join(" "),
            "--image STICKER --keep time,gps --audio drop --video-backend ffmpeg"
        );
        let mut other = video.clone();
        other.backend = Some("embedded".into());
        assert_eq!(flags(&[&other, &video]), ["--audio", "drop"]);
    }

    #[test]
    fn the_new_report_lies_beside_the_old_one_under_another_name() {
        assert_eq!(
            applied(Path::new("a/r.jsonl")),
            Path::new("a/r.applied.jsonl")
        );
        assert_eq!(applied(Path::new("r")), Path::new("r.applied"));
    }
}
