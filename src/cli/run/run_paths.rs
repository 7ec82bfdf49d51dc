//! Where the report and the originals of a run are, noted in the manifest of the output folder, so
//! that `review` finds both from the folder alone. Paths are relative to it.

use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// The line that says where the latest run's report and originals are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunEntry {
    pub(super) record: u32,
    pub(super) run: RunPaths,
}

/// Where the report and the originals of a run are, seen from the output folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPaths {
    /// Its report.
    pub(crate) report: Option<PathBuf>,
    /// The folder that the names of its inputs begin in.
    pub(crate) from: Option<PathBuf>,
}

impl RunPaths {
    /// The same from wherever this program is.
    pub(super) fn below(&self, folder: &Path) -> Self {
        let joined = |path: &Option<PathBuf>| path.as_ref().map(|p| folder.join(p));
        Self {
            report: joined(&self.report),
            from: joined(&self.from),
        }
    }

    /// With what is given in place of what was known.
    pub(super) fn updated(
        &self,
        report: Option<&Path>,
        from: Option<&Path>,
        folder: &Path,
    ) -> Self {
        let seen = |path: Option<&Path>, before: &Option<PathBuf>| {
            let relative = path.and_then(|path| relative(path, folder));
            relative.or_else(|| before.clone())
        };
        Self {
            report: seen(report, &self.report),
            from: seen(from, &self.from),
        }
    }
}

/// A path as it is seen from a folder, both of which may not be there yet.
fn relative(path: &Path, folder: &Path) -> Option<PathBuf> {
    let (path, folder) = (
        std::path::absolute(path).ok()?,
        std::path::absolute(folder).ok()?,
    );
    let (mut to, mut at) = (path.components().peekable(), folder.components().peekable());
    while to.peek().is_some() && to.peek() == at.peek() {
        to.next();
        at.next();
    }
    let up = at.map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(to).collect();
    match relative.as_os_str().is_empty() {
        true => Some(".".into()),
        // On another drive.
        false if relative.is_absolute() => None,
        false => Some(relative),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::files::access::Access;
    use crate::cli::run::manifest::Manifest;
    use faceveil::report::Digest;

    #[test]
    fn where_the_report_and_the_originals_are_is_known_to_the_next_run() {
        let dir = tempfile::tempdir().expect("a folder");
        let out = dir.path().join("out");
        std::fs::create_dir(&out).expect("made");
        let open = || {
            let settings = Digest::of(b"settings");
            Manifest::claim(&out, (None, None), settings, Access::ORDINARY).expect("free")
        };
        let report = dir.path().join("reports/r.jsonl");
        let (manifest, _) = open();
        manifest.note_run(Some(&report), Some(&dir.path().join("in")));
        assert_eq!(manifest.finish(), None);
        drop(manifest);
        let (manifest, warnings) = open();
        assert!(warnings.is_empty(), "{warnings:?}");
        let run = manifest.run_paths();
        assert_eq!(run.report, Some(out.join("../reports/r.jsonl")));
        assert_eq!(run.from, Some(out.join("../in")));
        // A run without a report leaves it.
        manifest.note_run(None, Some(&out));
        assert_eq!(manifest.finish(), None);
        drop(manifest);
        let run = open().0.run_paths();
        assert_eq!(run.report, Some(out.join("../reports/r.jsonl")));
        assert_eq!(run.from, Some(out.join(".")));
    }
}
