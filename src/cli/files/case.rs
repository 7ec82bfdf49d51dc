//! Whether a folder takes upper and lower case for the same: memory cards, network drives and macOS
//! do.

use super::access::Access;
use super::leftovers;
use std::fs;
use std::path::Path;

/// Asks the file system with a temporary, in the folder or where it will be made. One that takes no
/// file is what its kind usually is on this system.
pub(crate) fn is_ignored_in(folder: &Path) -> bool {
    let usual = cfg!(any(windows, target_os = "macos"));
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let Some(there) = folder.ancestors().find(|folder| folder.is_dir()) else {
        return usual;
    };
    let Ok(file) = leftovers::create(there, Access::PRIVATE) else {
        return usual;
    };
    let name = file.path().file_name().and_then(|name| name.to_str());
    let Some(name) = name.map(str::to_uppercase) else {
        return usual;
    };
    fs::symlink_metadata(there.join(name)).is_ok()
}
