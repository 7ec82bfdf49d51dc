//! Opens the page in the browser that the person uses, if there is one.

use std::process::{Command, Stdio};

/// Asks the system to open an address; whether it took it. Does not wait for the browser.
pub(super) fn open(address: &str) -> bool {
    let Some((program, arguments)) = opener() else {
        return false;
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(address)
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
