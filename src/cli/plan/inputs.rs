//! From what was typed to the list of photos.
//!
//! A named file is always tried. In a folder, a file is tried if its name or its content says that
//! it is a picture or a video, so that a damaged or unknown one is reported and not passed over;
//! what is left alone, kinds that are never handled too, is counted and named. Links that are named
//! are followed; inside a folder, links to files are followed and links to folders are not, so no
//! loop can be entered.
//!
//! Invariant: the order of the list depends on names only.

use super::glob::Filter;
use super::left_alone::LeftAlone;
use crate::cli::files::kind::InputKind;
use crate::cli::files::path_identity::PathIdentities;
use crate::cli::ui::show;
use anyhow::{Context, Result, ensure};
use faceveil::photo::FileKind;
use same_file::Handle;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use walkdir::{DirEntry, WalkDir};

/// What is added to a stem where the output lies beside the input.
pub(crate) const OUTPUT_SUFFIX: &str = "_blurred";
/// What is added to a file name for its preview.
pub(crate) const PREVIEW_SUFFIX: &str = ".preview.jpg";

/// Names that claim to be a picture or a video. Content decides what they are; the name only makes
/// sure that a damaged or unknown one is not taken for something else.
const CLAIMS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff",
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpx", "jxr", "dng", "cr2", "cr3", "crw",
    "nef", "nrw", "arw", "srf", "sr2", "orf", "rw2", "raf", "pef", "srw", "3fr", "erf", "kdc",
    "mrw", "x3f", "mp4", "m4v", "mov", "avi", "mkv", "webm", "wmv", "mpg", "mpeg", "mts", "m2ts",
    "3gp", "3g2", "flv", "asf", "vob", "ogv", "mxf", "divx",
];

/// Where the bytes of a photo come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A place in a folder that could not be looked at, and why.
    Unreachable(PathBuf, String),
}

/// One photo to be dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it is.
    pub(crate) source: Source,
    /// Its path below the folder that was given, or its file name: what is mirrored and reported.
    pub(crate) name: PathBuf,
    /// Read when it is first asked for, and once only.
    kind: OnceLock<InputKind>,
}

impl Input {
    /// An input whose content was not read yet.
    pub(crate) fn new(source: Source, name: PathBuf) -> Self {
        Self {
            source,
            name,
            kind: OnceLock::new(),
        }
    }

    /// What the file is, by its first bytes.
    pub(crate) fn kind(&self) -> InputKind {
        match &self.source {
            Source::File(path) => *self.kind.get_or_init(|| InputKind::read(path)),
            Source::Stdin | Source::Unreachable(..) => InputKind::NotAFile,
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) | Source::Unreachable(path, _) => Some(path),
            Source::Stdin => None,
        }
    }

    /// For messages.
    pub(crate) fn shown(&self) -> String {
        self.path()
            .map_or_else(|| "standard input".to_owned(), show::path)
    }
}

/// Everything that was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// In a stable order.
    pub(crate) list: Vec<Input>,
    /// The rest.
    pub(crate) left_alone: LeftAlone,
}

impl Inputs {
    /// Leaves out files that were given before under whatever spelling. Links are files of their
    /// own.
    fn take_once(&mut self) {
        let mut identities = PathIdentities::default();
        let mut seen = HashSet::new();
        let before = self.list.len();
        self.list.retain(|input| {
            let key = input.path().map(|path| identities.key(path));
            key.is_none_or(|key| seen.insert(key))
        });
        self.left_alone.repeated = before - self.list.len();
    }
}

/// Whether an argument means standard input.
pub(crate) fn is_stdin(given: &OsStr) -> bool {
    given == "-"
}

/// Walks what was given, but not into the folders `own` that this run writes to. New files get
/// this `suffix` where they lie beside their originals.
pub(crate) fn gather(
    given: &[OsString],
    own: &[&Path],
    filter: &Filter,
    suffix: Option<&str>,
) -> Inputs {
    let handles = own.iter().filter_map(|p| Handle::from_path(p).ok());
    let walk = Walk {
        own: handles.collect(),
        everything: false,
        filter: filter.clone(),
        suffix: suffix.map(str::to_owned),
    };
    let mut inputs = walk.all(given);
    inputs.take_once();
    inputs
}

/// A file that arrived in a folder, if a walk through the folder takes it.
pub(crate) fn arrived(root: &Path, path: &Path, filter: &Filter) -> Option<Input> {
    let name = below(root, path);
    let hidden = |part: &OsStr| part.as_encoded_bytes().starts_with(b".");
    let is_left = name.iter().any(hidden)
        || is_earlier_output(path.file_name()?)
        || !filter.takes(&name)
        || !path.is_file();
    let input = Input::new(Source::File(path.to_owned()), name);
    (!is_left && (has_picture_name(path) || has_picture_content(&input))).then_some(input)
}

/// Adds the inputs that a file names, or standard input.
///
/// # Errors
/// If it cannot be read, or a name in it is no text where names must be.
pub(crate) fn add_listed(inputs: &mut Vec<OsString>, from: Option<&OsStr>) -> Result<()> {
    let Some(from) = from else { return Ok(()) };
    let reading = || format!("reading --files-from {}", show::path(Path::new(from)));
    let mut bytes = Vec::new();
    match is_stdin(from) {
        true => std::io::stdin().lock().read_to_end(&mut bytes),
        false => File::open(from).and_then(|mut file| file.read_to_end(&mut bytes)),
    }
    .with_context(reading)?;
    let separator = if bytes.contains(&0) { 0 } else { b'\n' };
    for name in bytes.split(|b| *b == separator) {
        let name = match separator {
            0 => name,
            _ => name.strip_suffix(b"\r").unwrap_or(name),
        };
        if !name.is_empty() {
            inputs.push(os_name(name).with_context(reading)?);
        }
    }
    ensure!(!inputs.is_empty(), "{}: it names no file", reading());
    Ok(())
}

#[cfg(unix)]
fn os_name(name: &[u8]) -> Result<OsString> {
    use std::os::unix::ffi::OsStrExt;
    Ok(OsStr::from_bytes(name).to_owned())
}

#[cfg(not(unix))]
fn os_name(name: &[u8]) -> Result<OsString> {
    Ok(std::str::from_utf8(name)?.into())
}

/// Walks what was given, and takes earlier outputs and XMP files like pictures.
pub(crate) fn gather_all(given: &[OsString]) -> Inputs {
    let walk = Walk {
        own: Vec::new(),
        everything: true,
        filter: Filter::default(),
        suffix: None,
    };
    walk.all(given)
}

/// What a walk enters and takes.
struct Walk {
    own: Vec<Handle>,
    everything: bool,
    filter: Filter,
    suffix: Option<String>,
}

impl Walk {
    fn all(&self, given: &[OsString]) -> Inputs {
        let mut inputs = Inputs::default();
        for argument in given {
            let path = Path::new(argument);
            if is_stdin(argument) {
                inputs.list.push(Input::new(Source::Stdin, "-".into()));
            } else if path.is_dir() {
                self.folder(path, &mut inputs);
            } else {
                let name = path.file_name().map_or_else(|| path.into(), PathBuf::from);
                inputs
                    .list
                    .push(Input::new(Source::File(path.into()), name));
            }
        }
        inputs
    }

    fn folder(&self, root: &Path, inputs: &mut Inputs) {
        let before = inputs.list.len();
        let passed = RefCell::new(Vec::new());
        let entries = WalkDir::new(root)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| {
                let own = entry.depth() > 0 && is_own(entry, &self.own);
                if own {
                    passed.borrow_mut().push(entry.path().to_owned());
                }
                entry.depth() == 0 || !(own || is_hidden(entry))
            });
        for entry in entries {
            match entry {
                Ok(entry) => self.sort_entry(root, &entry, inputs),
                Err(e) => {
                    let path = e.path().unwrap_or(root).to_owned();
                    let why = e
                        .io_error()
                        .map_or_else(|| e.to_string(), ToString::to_string);
                    let name = below(root, &path);
                    let source = Source::Unreachable(path, why);
                    inputs.list.push(Input::new(source, name));
                }
            }
        }
        inputs.left_alone.own.append(&mut passed.into_inner());
        if let Some(suffix) = &self.suffix {
            let mut found = inputs.list.split_off(before);
            inputs.left_alone.earlier_outputs += take_outputs_away(&mut found, suffix);
            inputs.list.append(&mut found);
        }
        if inputs.list.len() == before {
            inputs.left_alone.empty.push(root.to_owned());
        }
    }

    fn sort_entry(&self, root: &Path, entry: &DirEntry, inputs: &mut Inputs) {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.is_dir() {
            return;
        }
        if kind.is_symlink() && path.is_dir() {
            inputs.left_alone.linked_folders += 1;
        } else if !self.everything && is_earlier_output(entry.file_name()) {
            inputs.left_alone.earlier_outputs += 1;
        } else if !self.filter.takes(&below(root, path)) {
            inputs.left_alone.excluded += 1;
        } else {
            let input = Input::new(Source::File(path.to_owned()), below(root, path));
            let is_refused = self.filter.refuses(input.kind().recognised());
            let is_taken = match self.everything {
                true => has_picture_name(path) || is_sidecar(path) || has_picture_content(&input),
                false if is_refused => false,
                false => has_picture_name(path) || has_picture_content(&input),
            };
            match is_taken {
                true => inputs.list.push(input),
                false => inputs.left_alone.add_other(path, &input.name, is_refused),
            }
        }
    }
}

/// Removes files that have the name of another one's output, and says how many. A suffix alone
/// makes no output: names of photos may end in it.
fn take_outputs_away(list: &mut Vec<Input>, suffix: &str) -> usize {
    let mut originals = HashSet::new();
    for path in list.iter().filter_map(Input::path) {
        originals.extend(path.file_stem().map(|stem| path.with_file_name(stem)));
        originals.insert(path.to_owned());
    }
    let is_output = |path: &Path| {
        let stem = path.file_stem().and_then(OsStr::to_str);
        let original = stem.and_then(|stem| stem.strip_suffix(suffix));
        original.is_some_and(|name| originals.contains(&path.with_file_name(name)))
    };
    let before = list.len();
    list.retain(|input| !input.path().is_some_and(is_output));
    before - list.len()
}

fn below(root: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(root) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
        _ => path.file_name().map_or_else(|| path.into(), PathBuf::from),
    }
}

pub(crate) fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_own(entry: &DirEntry, own: &[Handle]) -> bool {
    entry.file_type().is_dir()
        && !own.is_empty()
        && Handle::from_path(entry.path()).is_ok_and(|handle| own.contains(&handle))
}

fn is_earlier_output(name: &OsStr) -> bool {
    let stem = Path::new(name).file_stem().unwrap_or(name);
    stem.as_encoded_bytes().ends_with(OUTPUT_SUFFIX.as_bytes())
        || name.as_encoded_bytes().ends_with(PREVIEW_SUFFIX.as_bytes())
}

/// Whether its name says that it is a picture or a video.
pub(crate) fn has_picture_name(path: &Path) -> bool {
    has_ending(path, CLAIMS)
}

pub(super) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|e| endings.iter().any(|ending| ending.eq_ignore_ascii_case(e)))
}

/// Whether the name is that of metadata beside a picture.
fn is_sidecar(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|e| e.eq_ignore_ascii_case("xmp"))
}

/// Whether the content is that of a picture, of whatever kind. What cannot be read is taken for
/// one, so that it is reported.
fn has_picture_content(input: &Input) -> bool {
    match input.kind() {
        InputKind::File(recognised) => recognised != FileKind::Unknown,
        InputKind::Unreadable => true,
        InputKind::NotAFile => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    fn names(inputs: &Inputs) -> Vec<String> {
        inputs
            .list
            .iter()
            .map(|i| show::in_report(&i.name))
            .collect()
    }

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        }
        dir
    }

    fn gather_one(dir: &Path, own: &[&Path]) -> Inputs {
        gather(&[dir.into()], own, &Filter::default(), None)
    }

    #[test]
    fn a_folder_gives_its_pictures_in_a_stable_order_and_counts_the_rest() {
        let dir = tree(&[
            ("b.jpg", b""),
            ("a/z.PNG", PNG),
            ("a/no_extension", PNG),
            ("a/notes.txt", b"text"),
            (".hidden.jpg", b""),
            (".git/x.jpg", b""),
            ("c.heic", b""),
            ("b_blurred.jpg", b""),
            ("b.jpg.preview.jpg", b""),
        ]);
        let inputs = gather_one(dir.path(), &[]);
        assert_eq!(
            names(&inputs),
            ["a/no_extension", "a/z.PNG", "b.jpg", "c.heic"]
        );
        assert_eq!(inputs.left_alone.other, ["a/notes.txt"]);
        assert_eq!(inputs.left_alone.earlier_outputs, 2);
    }

    #[test]
    fn a_name_that_ends_in_the_suffix_is_an_output_only_beside_its_original() {
        let dir = tree(&[
            ("a.jpg", b""),
            ("a-safe.jpg", b""),
            ("b.heic", b""),
            ("b.heic-safe.jpg", b""),
            ("lone-safe.jpg", b""),
            ("sub/a-safe.jpg", b""),
        ]);
        let given = [dir.path().into()];
        let inputs = gather(&given, &[], &Filter::default(), Some("-safe"));
        assert_eq!(
            names(&inputs),
            ["a.jpg", "b.heic", "lone-safe.jpg", "sub/a-safe.jpg"]
        );
        assert_eq!(inputs.left_alone.earlier_outputs, 2);
    }

    #[test]
    fn the_folder_that_is_written_to_is_not_entered() {
        let dir = tree(&[("a.jpg", b""), ("out/a.jpg", b""), ("x/out/b.jpg", b"")]);
        let inputs = gather_one(dir.path(), &[&dir.path().join("x/../out")]);
        assert_eq!(names(&inputs), ["a.jpg", "x/out/b.jpg"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_cannot_lead_round_in_circles_and_pipes_are_not_opened() {
        use std::os::unix::fs::symlink;
        let dir = tree(&[("a/x.jpg", b"")]);
        symlink("..", dir.path().join("a/loop")).expect("linked");
        symlink("x.jpg", dir.path().join("a/y.jpg")).expect("linked");
        symlink("nothing", dir.path().join("a/z.jpg")).expect("linked");
        symlink("self", dir.path().join("a/self")).expect("linked");
        let made = std::process::Command::new("mkfifo")
            .arg(dir.path().join("pipe"))
            .status();
        let inputs = gather_one(dir.path(), &[]);
        assert_eq!(names(&inputs), ["a/x.jpg", "a/y.jpg", "a/z.jpg"]);
        assert_eq!(inputs.left_alone.linked_folders, 1);
        assert_eq!(
            inputs.left_alone.other.len(),
            1 + usize::from(made.is_ok_and(|m| m.success()))
        );
        // A link that is named is followed.
        let linked = gather_one(&dir.path().join("a/loop"), &[]);
        assert_eq!(linked.list.len(), 3);
    }

    #[test]
    fn what_is_named_is_always_tried() {
        let given = ["gone.txt", "x_blurred.jpg", ".hidden", "-"].map(OsString::from);
        let inputs = gather(&given, &[], &Filter::default(), None);
        assert_eq!(
            names(&inputs)[..3],
            ["gone.txt", "x_blurred.jpg", ".hidden"]
        );
        assert_eq!(inputs.list[3].source, Source::Stdin);
    }

    #[test]
    fn a_folder_without_pictures_is_named() {
        let dir = tree(&[("readme", b"text")]);
        let inputs = gather_one(dir.path(), &[]);
        assert_eq!(inputs.left_alone.empty, [dir.path()]);
    }
}
