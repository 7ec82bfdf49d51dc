//! Finds the ONNX Runtime library and makes sure that it is one before `ort`, which panics on a bad
//! library, gets to see it.
//!
//! Invariant: [`find`] returns a library that was loaded and answered with a version that we can
//! use.

use super::image;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{CStr, OsString};
use std::path::{Path, PathBuf};

/// The variable that names a library; `ort` reads the same one.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// A library that works.
#[derive(Clone, Debug)]
pub(super) struct Library {
    /// A path, or a bare file name that the system's loader resolves.
    pub(super) path: PathBuf,
    /// As the library says it: `1.32.0`.
    pub(super) version: String,
}

/// The first usable library in the documented order: `explicit` and nothing else if given, else the
/// one that `ORT_DYLIB_PATH` names and nothing else if set, else beside the executable, in its
/// `lib` folder, in the user's data folder, and wherever the system's loader looks.
pub(super) fn find(explicit: Option<&Path>) -> Result<Library> {
    let named = explicit
        .map(Path::to_path_buf)
        .or_else(|| non_empty(VARIABLE).map(PathBuf::from));
    let candidates = match named {
        Some(path) => vec![path],
        None => usual_places(),
    };
    let mut tried = Vec::new();
    for path in candidates {
        match probe(&path) {
            Ok(version) => return Ok(Library { path, version }),
            Err(why) => tried.push(format!("{}: {why}", path.display())),
        }
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        format!(
            "no usable ONNX Runtime library; run scripts/get-onnxruntime.sh, name a library of \
             version {} or \
             later, or use the built-in engine; tried {}",
            oldest(),
            tried.join("; ")
        ),
    ))
}

/// The oldest version that these bindings speak to: `1.17`.
fn oldest() -> String {
    format!("1.{}", ort::MINOR_VERSION)
}

fn non_empty(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

/// `libonnxruntime.so`, `libonnxruntime.dylib` or `onnxruntime.dll`.
fn file_name() -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

fn usual_places() -> Vec<PathBuf> {
    let name = file_name();
    let mut places = Vec::new();
    if let Some(folder) = std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(Path::parent)
    {
        places.push(folder.join(&name));
        places.push(folder.join("lib").join(&name));
    }
    places.extend(data_folder().map(|folder| folder.join(&name)));
    places.push(PathBuf::from(name));
    places
}

/// The folder that `scripts/get-onnxruntime.sh` fills; the two must agree.
fn data_folder() -> Option<PathBuf> {
    let home = || non_empty("HOME").map(PathBuf::from);
    let base = if cfg!(windows) {
        PathBuf::from(non_empty("LOCALAPPDATA")?)
    } else if cfg!(target_vendor = "apple") {
        home()?.join("Library/Application Support")
    } else {
        // The XDG base directory specification: a relative path is invalid and to be ignored.
        non_empty("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(home()?.join(".local/share")))?
    };
    Some(base.join("faceveil").join("onnxruntime"))
}

/// Loads the library at `path` and asks for its version, or says why it will not do.
///
/// A usable library stays loaded until the process ends: `ort` will open the same one, and closing
/// it in between would run its constructors and destructors for nothing.
fn probe(path: &Path) -> Result<String, String> {
    let bare = path.components().count() == 1 && !path.exists();
    if !bare {
        image::check(path)?;
    }
    // SAFETY: loading a library runs its constructors. That is what the caller asked for by naming
    // it or putting it into one of the documented places, and `image::check` has turned away files
    // that the loader itself would fault on.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| {
        if bare {
            "the system's loader does not find it".to_owned()
        } else {
            format!("it does not load: {}", reason(&error))
        }
    })?;
    // SAFETY: `OrtGetApiBase` is an exported function of this type in every ONNX Runtime
    // (onnxruntime_c_api.h). It is not used after the library could be closed.
    let get: libloading::Symbol<'_, GetApiBase> = unsafe { library.get(b"OrtGetApiBase\0") }
        .map_err(|_| "it is a library, but not ONNX Runtime".to_owned())?;
    // SAFETY: it has no arguments and may be called at any time.
    let base = unsafe { get() };
    // SAFETY: it is null or points to a static structure, whose two function pointers have not
    // changed since 1.0.
    let base = unsafe { base.as_ref() }.ok_or("it gives no interface")?;
    // SAFETY: it has no arguments and may be called at any time.
    let version = unsafe { (base.GetVersionString)() };
    if version.is_null() {
        return Err("it gives no version".to_owned());
    }
    // SAFETY: it is not null, so it is a static string that ends with NUL.
    let version = unsafe { CStr::from_ptr(version) };
    let version = version.to_string_lossy().into_owned();
    check_version(&version)?;
    // SAFETY: any version may be asked for; null says that it is not there.
    if unsafe { (base.GetApi)(ort::sys::ORT_API_VERSION) }.is_null() {
        return Err(format!("version {version} lacks interface {}", oldest()));
    }
    std::mem::forget(library);
    Ok(version)
}

/// The function that leads to all others of ONNX Runtime.
type GetApiBase = unsafe extern "system" fn() -> *const ort::sys::OrtApiBase;

/// What the loader said, which `libloading` keeps as the source.
fn reason(error: &libloading::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

fn check_version(version: &str) -> Result<(), String> {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(1)), Some(Ok(minor))) if minor >= ort::MINOR_VERSION => Ok(()),
        (Some(Ok(1)), Some(Ok(_))) => Err(format!(
            "version {version} is too old, {} or later is needed",
            oldest()
        )),
        _ => Err(format!("its version {version:?} is not one we know")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_taken_from_the_oldest_on() {
        assert!(check_version("1.32.0").is_ok());
        assert!(check_version(&format!("{}.1", oldest())).is_ok());
        for bad in ["1.10.0", "1.16.3", "2.0.0", "0.5", "", "1", "1.x", "one"] {
            assert!(check_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_broken_library_is_an_error_that_names_it_and_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let mut cases = vec![
            (folder.path().join("missing.so"), "no such file"),
            (folder.path().to_path_buf(), "folder"),
            (put("empty.so", b""), "empty"),
            (put("short.so", b"\x7fE"), "too short"),
            (
                put("text.so", b"This is not a library.\n"),
                "not a shared library",
            ),
            (put("cut.so", &this[..this.len() / 2]), ""),
            (put("header.so", &this[..64]), ""),
        ];
        if let Ok(path) = find(None).map(|library| library.path)
            && let Ok(bytes) = std::fs::read(&path)
        {
            for (i, length) in [100, 4096, bytes.len() / 2, bytes.len() - 1]
                .into_iter()
                .enumerate()
            {
                cases.push((put(&format!("cut{i}.so"), &bytes[..length]), "cut short"));
            }
            if cfg!(target_os = "linux") {
                let mut other = bytes;
                other[18] = 8;
                cases.push((put("mips.so", &other), "built for unknown processors"));
            }
        }
        for (path, words) in cases {
            let error = find(Some(&path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            let text = error.to_string();
            assert!(text.contains(words), "{text}");
            assert!(text.contains(&path.display().to_string()), "{text}");
            assert!(text.contains("get-onnxruntime.sh"), "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_library_that_is_not_onnx_runtime_is_told_so() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let other = maps
            .split_whitespace()
            .find(|word| word.contains("/libgcc_s.so") || word.contains("/libc.so"))
            .expect("a test binary on Linux is linked to the C library");
        let text = find(Some(Path::new(other))).unwrap_err().to_string();
        assert!(text.contains("not ONNX Runtime"), "{text}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_made_up_header_is_refused_without_reading_past_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made-up.so");
        let mut header = vec![0_u8; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[16] = 3;
        header[18] = if cfg!(target_arch = "aarch64") {
            183
        } else {
            62
        };
        header[54] = 56;
        for (at, value) in [(32, u64::MAX), (40, u64::MAX), (32, 60), (40, 63)] {
            let mut bytes = header.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            bytes[56] = 2;
            bytes[58] = 64;
            bytes[60] = 1;
            std::fs::write(&path, &bytes).unwrap();
            let text = find(Some(&path)).unwrap_err().to_string();
            assert!(text.contains("cut short"), "{text}");
        }
    }
}
