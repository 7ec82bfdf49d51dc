//! Files of folders that a run passes over: counted, and named where a person may miss them.

use super::inputs::has_ending;
use crate::cli::args::config_file;
use crate::cli::ui::show;
use crate::cli::ui::show::count;
use std::path::{Path, PathBuf};

/// Names of documents that often show pictures. In a folder of photos nobody may mean them.
const DOCUMENTS: &[&str] = &[
    "pdf", "psd", "psb", "ai", "eps", "svg", "ppm", "pgm", "pbm", "pnm", "tga", "xcf", "kra",
    "docx", "pptx", "odt", "odp",
];
/// How many files that are left alone are named.
const MOST_NAMED: usize = 10;

/// What was found in the folders and is not dealt with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftAlone {
    /// Names, as a report has them, of files that are neither pictures nor videos.
    pub(crate) other: Vec<String>,
    /// The first of them, and documents that may show faces.
    named: Vec<PathBuf>,
    documents: Vec<PathBuf>,
    /// Files that `--include` and `--exclude` leave out.
    pub(super) excluded: usize,
    /// Files that were given more than once.
    pub(super) repeated: usize,
    /// `*_blurred.*` and previews.
    pub(crate) earlier_outputs: usize,
    /// Links to folders.
    pub(crate) linked_folders: usize,
    /// Folders that this run writes to.
    pub(crate) own: Vec<PathBuf>,
    /// Given folders without a single photo.
    pub(crate) empty: Vec<PathBuf>,
}

impl LeftAlone {
    /// Takes in a file that is neither a picture nor a video; `name` is its path below the folder
    /// that was given. `shows_pictures`: it is of a kind that is known to and cannot be covered.
    pub(super) fn add_other(&mut self, path: &Path, name: &Path, shows_pictures: bool) {
        // It is an input of its own kind.
        if path
            .file_name()
            .is_some_and(|name| name == config_file::NAME)
        {
            return;
        }
        self.other.push(show::in_report(name));
        if shows_pictures || has_ending(path, DOCUMENTS) {
            self.documents.push(path.to_owned());
        } else if self.named.len() < MOST_NAMED {
            self.named.push(path.to_owned());
        }
    }

    /// Sentences about what a person may miss.
    pub(crate) fn notices(&self) -> Vec<String> {
        let list = |all: &[PathBuf]| {
            let names: Vec<String> = all.iter().take(MOST_NAMED).map(|p| show::path(p)).collect();
            names.join(", ")
        };
        let mut sentences = Vec::new();
        if !self.documents.is_empty() {
            sentences.push(format!(
                "{} that may show faces and cannot be covered, left alone: {}",
                count(self.documents.len(), "file"),
                list(&self.documents)
            ));
        }
        if !self.named.is_empty() {
            // Documents have a sentence of their own.
            let others = self.other.len() - self.documents.len();
            let others = count(others, "other file");
            sentences.push(format!("{others} left alone: {}", list(&self.named)));
        }
        if self.repeated > 0 {
            let files = count(self.repeated, "input");
            sentences.push(format!("{files} given more than once; each is done once"));
        }
        sentences
    }

    /// What is added to a summary.
    pub(crate) fn sentence(&self) -> String {
        let parts = [
            (self.other.len(), "other file"),
            (self.earlier_outputs, "earlier output"),
            (self.linked_folders, "linked folder"),
            (self.excluded, "excluded file"),
        ];
        let found = parts.iter().filter(|(n, _)| *n > 0);
        found
            .map(|(n, what)| format!("; {} left alone", count(*n, what)))
            .collect()
    }
}
