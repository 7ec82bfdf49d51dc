//! The manifests of a run: that of the output folder; without one, that of each folder whose photos
//! get their outputs beside them. The latter are in the user's state folder, since nobody expects
//! a further file among the photos.
//!
//! Invariant: where a manifest of outputs beside their originals cannot be used, nothing is known,
//! and no output that exists is replaced.

use super::config::{Config, Faces, Pass};
use super::manifest::Manifest;
use super::manifest_file;
use super::settings;
use crate::cli::files::access::Access;
use crate::cli::files::path_identity::resolved;
use crate::cli::plan::outputs::Planned;
use crate::cli::plan::task::Task;
use crate::cli::ui::terminal::Terminal;
use anyhow::Result;
use faceveil::FileReport;
use faceveil::report::Digest;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Most folders of one run that have manifests; each is an open file.
const MOST_FOLDERS: usize = 64;

/// What a run knows of earlier ones.
#[derive(Debug)]
pub(crate) enum Manifests {
    /// Nothing, and the next run will know nothing of it.
    None,
    /// All outputs are in one folder.
    Folder(Box<Manifest>),
    /// Outputs lie beside their originals: manifests by the folders that were given.
    Beside(HashMap<PathBuf, Manifest>),
}

impl Manifests {
    /// Those of a run.
    ///
    /// # Errors
    /// If another run writes to the output folder, or its manifest was given and cannot be used.
    pub(crate) fn claim(
        config: &Config,
        settings: &serde_json::Value,
        access: Access,
        terminal: &Terminal,
    ) -> Result<Self> {
        if !matches!(config.task, Task::Blur { .. }) {
            return Ok(Self::None);
        }
        let digest = settings::fingerprint(settings);
        let applies = matches!(config.faces, Faces::FromReport(_)) && config.pass != Pass::Cover;
        let writing = settings::fingerprint(&settings::writing(config));
        if let Some(folder) = &config.folder {
            let given = (config.record.as_deref(), config.shard);
            let (manifest, sentences) = Manifest::claim(folder, given, digest, access)?;
            for sentence in sentences {
                terminal.warning(sentence);
            }
            let manifest = manifest.for_writing(writing, applies);
            // `review` wants a report of all files.
            let report = config.report.path().filter(|_| config.shard.is_none());
            manifest.note_run(report, base_folder(config).as_deref());
            return Ok(Self::Folder(manifest.into()));
        }
        match config.is_beside {
            true => Ok(Self::beside(config, digest, writing, applies)),
            false => Ok(Self::None),
        }
    }

    /// Those of the folders that photos are in. What cannot be written or is in use is left out:
    /// the next run says then that outputs exist.
    fn beside(config: &Config, settings: Digest, writing: Digest, applies: bool) -> Self {
        let mut all = HashMap::new();
        let mut before = None;
        for base in config.plan.iter().filter_map(base_of) {
            if before.as_ref() == Some(&base) {
                continue;
            }
            let folder = resolved(&base);
            before = Some(base);
            if all.contains_key(&folder) || all.len() == MOST_FOLDERS {
                continue;
            }
            let claimed = manifest_file::for_beside(&folder).and_then(|path| {
                let given = (Some(&*path), config.shard);
                Manifest::claim(&folder, given, settings, Access::PRIVATE).ok()
            });
            all.insert(
                folder,
                claimed.map(|(m, _)| m.for_writing(writing, applies)),
            );
        }
        let there = all.into_iter();
        Self::Beside(there.filter_map(|(at, m)| Some((at, m?))).collect())
    }

    /// The one that knows of a file's output.
    pub(crate) fn of(&self, planned: &Planned) -> Option<&Manifest> {
        match self {
            Self::None => None,
            Self::Folder(manifest) => Some(manifest),
            Self::Beside(all) => all.get(&resolved(&base_of(planned)?)),
        }
    }

    /// Whether a line of a report was edited since it was written, as far as that is known.
    pub(crate) fn is_edited(&self, line: &FileReport) -> bool {
        match self {
            Self::Folder(manifest) => manifest.is_edited(line),
            Self::Beside(all) if all.values().any(|m| m.knows(&line.input)) => {
                all.values().any(|manifest| manifest.is_edited(line))
            }
            _ => line.reviewed,
        }
    }

    /// Adds what still waits, and says why a manifest is not whole.
    pub(crate) fn finish(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Folder(manifest) => manifest.finish(),
            Self::Beside(all) => all.values().filter_map(Manifest::finish).next(),
        }
    }
}

/// The folder that the name of an input begins in.
fn base_of(planned: &Planned) -> Option<PathBuf> {
    let path = planned.input.path()?;
    let depth = planned.input.name.components().count();
    let base = path.ancestors().nth(depth)?;
    // Of a relative path that is all there is.
    Some(match base.as_os_str().is_empty() {
        true => Path::new(".").to_owned(),
        false => base.to_owned(),
    })
}

/// The folder that the names of all inputs begin in, if there is one.
fn base_folder(config: &Config) -> Option<PathBuf> {
    let mut all = config.plan.iter().map(base_of);
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first))
        .then_some(first)
}
