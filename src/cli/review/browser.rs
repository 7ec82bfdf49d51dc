//! Opens the page in the browser that the person uses, if there is one.
//!
//! Invariant: the address never stands in the arguments of a process, which every account of the
//! machine can read. The browser gets the name of a file that only this account can read, and the
//! file leads on to the address.

use anyhow::{Context, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempPath;

/// Writes a page that leads on to an address. It is removed when the result is dropped.
///
/// # Errors
/// If no file can be written that only this account can read.
pub(super) fn redirect_file(address: &str) -> Result<TempPath> {
    // The folder of the session is private, too, where there is one.
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let folder = session
        .filter(|folder| folder.is_absolute() && folder.is_dir())
        .unwrap_or_else(std::env::temp_dir);
    let mut builder = tempfile::Builder::new();
    builder.prefix("faceveil-review-").suffix(".html");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o600));
    }
    let mut file = builder
        .tempfile_in(folder)
        .context("making the file that leads the browser to the page")?;
    // The address has letters, digits and `:/.` only.
    write!(
        file,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\">\
         <title>faceveil review</title></head>\
         <body><p><a href=\"{address}\">Open the page</a></p></body></html>\n"
    )
    .context("writing the file that leads the browser to the page")?;
    Ok(file.into_temp_path())
}

/// Asks the system to open a file in the browser; whether it took it. Does not wait for the
/// browser.
pub(super) fn open(file: &Path) -> bool {
    let Some((program, arguments)) = opener() else {
        return false;
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        return false;
    };
    // Waited for, so that it leaves no zombie behind.
    let waiting = std::thread::Builder::new().spawn(move || {
        let _ = child.wait();
    });
    waiting.is_ok()
}

/// The program that opens addresses, and what comes before the address.
fn opener() -> Option<(&'static str, &'static [&'static str])> {
    if cfg!(target_os = "macos") {
        return Some(("open", &[]));
    }
    if cfg!(windows) {
        return Some(("rundll32", &["url.dll,FileProtocolHandler"]));
    }
    // Without a screen it would open a browser for terminals in this one.
    let has_screen = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    has_screen.then_some(("xdg-open", &[]))
}
