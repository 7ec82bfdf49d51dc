//! Decides where every file goes before the first one is read.
//!
//! Invariant: a plan never lets two inputs land on one path, nor any input be written over unless
//! that was asked for with `--in-place`. Where the destination takes upper and lower case for the
//! same, so does the plan.

use super::boxes::ByHand;
use super::destination::Destination;
use super::inputs::{Input, OUTPUT_SUFFIX, PREVIEW_SUFFIX, Source};
use super::naming::{Naming, NamingOptions};
use crate::cli::files::path_identity::PathIdentities;
use crate::cli::files::{case, path_identity};
use crate::cli::ui::show;
use anyhow::{Result, bail};
use faceveil::FileReport;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Where one file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To a path; `name` is what the report calls it.
    File { path: PathBuf, name: PathBuf },
    /// To standard output.
    Stdout,
    /// Nowhere.
    Nothing,
    /// It is the output that another input gets.
    OwnOutput(String),
}

/// What one input leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    /// The photo.
    pub(crate) input: Input,
    /// The new file.
    pub(crate) target: Target,
    /// Its preview.
    pub(crate) preview: Option<PathBuf>,
    /// Names of files beside it that belong to it and are no inputs.
    pub(crate) companion_files: Vec<String>,
    /// Covered and left open in this file, besides what is in all of them.
    pub(crate) by_hand: ByHand,
    /// What a report says of it, if one is applied.
    pub(crate) line: Option<Box<FileReport>>,
}

impl Planned {
    /// The input's name in the report.
    pub(crate) fn report_name(&self) -> String {
        match self.input.source {
            Source::Stdin => "-".into(),
            _ => show::in_report(&self.input.name),
        }
    }
}

#[cfg(test)]
fn plan(
    list: Vec<Input>,
    destination: &Destination,
    previews: Option<&Path>,
    own: &[(&str, Option<&Path>)],
) -> Result<Vec<Planned>> {
    plan_as(list, destination, previews, own, NamingOptions::default())
}

/// Plans all outputs. `own`: what else is written, by its flag.
///
/// # Errors
/// If two inputs would land on one path, or an input would be written over; nothing was started.
pub(crate) fn plan_as(
    list: Vec<Input>,
    destination: &Destination,
    previews: Option<&Path>,
    own: &[(&str, Option<&Path>)],
    names: NamingOptions<'_>,
) -> Result<Vec<Planned>> {
    let to = (destination, previews);
    plan_where(list, to, own, names, case::is_ignored_in)
}

/// The same; `ignores_case` says of a folder whether it takes upper and lower case for the same.
fn plan_where(
    list: Vec<Input>,
    (destination, previews): (&Destination, Option<&Path>),
    own: &[(&str, Option<&Path>)],
    names: NamingOptions<'_>,
    ignores_case: fn(&Path) -> bool,
) -> Result<Vec<Planned>> {
    let mut identities = PathIdentities::default();
    let sources = sources(&list, &mut identities);
    let mut namings = namings(&list, destination, names);
    tell_apart(&list, destination, &mut namings, &mut identities);
    let mut planned: Vec<Planned> = list
        .into_iter()
        .zip(namings)
        .map(|(input, naming)| Planned {
            target: target(&input, destination, naming),
            preview: previews.map(|folder| folder.join(with_suffix(&input.name))),
            companion_files: Vec::new(),
            by_hand: ByHand::default(),
            line: None,
            input,
        })
        .collect();
    let mut claims = Claims {
        planned: &planned,
        sources: &sources,
        identities,
        claimed: HashMap::new(),
        regardless_of_case: HashMap::new(),
        folders: HashMap::new(),
        ignores_case,
    };
    claims.inputs();
    claims.flags(own)?;
    let own_outputs = claims.outputs(destination)?;
    for (i, name) in own_outputs {
        planned[i].target = Target::OwnOutput(name);
    }
    Ok(planned)
}

/// The inputs by the identity of their paths, and of the files that links lead to.
fn sources(list: &[Input], identities: &mut PathIdentities) -> HashMap<OsString, usize> {
    let paths = list.iter().enumerate();
    paths
        .filter_map(|(i, input)| Some((i, input.path()?)))
        .flat_map(|(i, path)| {
            let itself = identities.key(path);
            let led_to = fs::canonicalize(path)
                .ok()
                .map(|p| path_identity::folded(&p));
            [Some(itself), led_to]
                .into_iter()
                .flatten()
                .map(move |key| (key, i))
        })
        .collect()
}

/// What writes to which path.
struct Claims<'a> {
    planned: &'a [Planned],
    sources: &'a HashMap<OsString, usize>,
    identities: PathIdentities,
    claimed: HashMap<OsString, String>,
    /// Keys of inputs and of what is claimed, in lower case.
    regardless_of_case: HashMap<String, Taken>,
    /// Folders that were asked whether they ignore case.
    folders: HashMap<PathBuf, bool>,
    ignores_case: fn(&Path) -> bool,
}

/// A path that is an input, or that something is written to.
struct Taken {
    key: OsString,
    who: String,
}

impl Claims<'_> {
    /// Inputs, which are not to be written over.
    fn inputs(&mut self) {
        for one in self.planned {
            let Some(path) = one.input.path() else {
                continue;
            };
            let key = self.identities.key(path);
            let who = one.input.shown();
            let taken = Taken { key, who };
            self.regardless_of_case.insert(lower(&taken.key), taken);
        }
    }

    /// What has the path already, if case does not count.
    ///
    /// # Errors
    /// If the folder takes both for the same.
    fn check_case(&mut self, key: &OsString, path: &Path, who: &str) -> Result<()> {
        let folded = lower(key);
        let Some(taken) = self.regardless_of_case.get(&folded) else {
            let taken = Taken {
                key: key.clone(),
                who: who.to_owned(),
            };
            self.regardless_of_case.insert(folded, taken);
            return Ok(());
        };
        if taken.key == *key {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let ask = self.ignores_case;
        let ignores = self.folders.entry(folder).or_insert_with_key(|f| ask(f));
        if *ignores {
            bail!(
                "{} and {who} would both be {}, since the destination takes upper and lower case \
                 for the same; nothing was started. Use a separate run or folder for each",
                taken.who,
                show::path(path)
            );
        }
        Ok(())
    }

    /// Files that flags name.
    fn flags(&mut self, own: &[(&str, Option<&Path>)]) -> Result<()> {
        for (flag, path) in own {
            let Some(path) = path else { continue };
            let key = self.identities.key(path);
            if let Some(&i) = self.sources.get(&key) {
                bail!(
                    "{flag} {} is the input {}",
                    show::path(path),
                    self.planned[i].input.shown()
                );
            }
            if let Some(other) = self.claimed.insert(key, (*flag).into()) {
                bail!("{other} and {flag} are both {}", show::path(path));
            }
        }
        Ok(())
    }

    /// Outputs and previews. Gives the inputs that are the output of another one, which it names.
    fn outputs(&mut self, destination: &Destination) -> Result<HashMap<usize, String>> {
        let mut own_outputs = HashMap::new();
        for (i, one) in self.planned.iter().enumerate() {
            let who = one.input.shown();
            if let Target::File { path, .. } = &one.target {
                let key = self.identities.key(path);
                match self.sources.get(&key) {
                    _ if *destination == Destination::InPlace => {}
                    Some(&j) if j == i => bail!(
                        "{who} would be written over itself; choose another -o, or --in-place to \
                         replace it"
                    ),
                    Some(&j) if *destination == Destination::Beside => {
                        own_outputs.insert(j, show::in_report(&one.input.name));
                    }
                    Some(&j) => bail!(
                        "{who} would be written over the input {}; choose another -o",
                        self.planned[j].input.shown()
                    ),
                    None => {}
                }
                self.claim(key, path, who.clone())?;
            }
            if let Some(path) = &one.preview {
                let key = self.identities.key(path);
                if let Some(&j) = self.sources.get(&key) {
                    bail!(
                        "the preview of {who} would be written over the input {}; choose another \
                         --preview",
                        self.planned[j].input.shown()
                    );
                }
                self.claim(key, path, format!("the preview of {who}"))?;
            }
        }
        Ok(own_outputs)
    }

    fn claim(&mut self, key: OsString, path: &Path, who: String) -> Result<()> {
        self.check_case(&key, path, &who)?;
        match self.claimed.insert(key, who.clone()) {
            Some(other) => bail!(
                "{other} and {who} would both be written to {}; nothing was started. Use a \
                 separate run or folder for each",
                show::path(path)
            ),
            None => Ok(()),
        }
    }
}

/// Of a key, for folders that ignore case.
fn lower(key: &OsString) -> String {
    key.to_string_lossy().to_lowercase()
}

/// How each new file is named; nobody looks into files whose names are not needed.
fn namings<'a>(
    list: &[Input],
    destination: &Destination,
    names: NamingOptions<'a>,
) -> Vec<Naming<'a>> {
    let suffix = match destination {
        Destination::Beside => names.suffix.unwrap_or(OUTPUT_SUFFIX),
        Destination::Folder(_) => names.suffix.unwrap_or_default(),
        _ => return vec![Naming::default(); list.len()],
    };
    let one = |input| Naming::for_input(input, names.format, suffix);
    list.iter().map(one).collect()
}

/// Gives names that would be another file's the longer form: `IMG_1.HEIC` and `IMG_1.jpg` may lie
/// in one folder.
fn tell_apart(
    list: &[Input],
    destination: &Destination,
    namings: &mut [Naming<'_>],
    identities: &mut PathIdentities,
) {
    let mut keys = Vec::with_capacity(list.len());
    let mut times: HashMap<OsString, usize> = HashMap::new();
    for (input, naming) in list.iter().zip(namings.iter()) {
        let key = match target(input, destination, *naming) {
            Target::File { path, .. } => Some(identities.key(&path)),
            _ => None,
        };
        if let Some(key) = &key {
            *times.entry(key.clone()).or_default() += 1;
        }
        keys.push(key);
    }
    for (naming, key) in namings.iter_mut().zip(keys) {
        let shared = key.is_some_and(|key| times.get(&key) > Some(&1));
        if let (true, Some(longer)) = (shared, naming.longer()) {
            *naming = longer;
        }
    }
}

fn target(input: &Input, destination: &Destination, naming: Naming<'_>) -> Target {
    let path = match (&input.source, destination) {
        (_, Destination::Nowhere) | (Source::Unreachable(..), _) => return Target::Nothing,
        (_, Destination::Stdout) => return Target::Stdout,
        (_, Destination::File(path)) => path.clone(),
        (_, Destination::Folder(folder)) => folder.join(naming.rename(&input.name)),
        (Source::Stdin, _) => return Target::Stdout,
        (Source::File(path), Destination::Beside) => naming.rename(path),
        // A link is kept, and what it leads to is replaced.
        (Source::File(path), Destination::InPlace) => {
            fs::canonicalize(path).unwrap_or_else(|_| path.clone())
        }
    };
    let name = match destination {
        Destination::File(_) => path.file_name().map_or_else(PathBuf::new, PathBuf::from),
        Destination::Beside | Destination::Folder(_) => naming.rename(&input.name),
        _ => input.name.clone(),
    };
    Target::File { path, name }
}

/// `a/photo.jpg` to `a/photo.jpg.preview.jpg`: photos that differ in their extension stay apart.
fn with_suffix(name: &Path) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(PREVIEW_SUFFIX);
    name.into()
}

#[cfg(test)]
mod tests;
