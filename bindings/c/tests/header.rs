//! `include/faceveil.h` is what cbindgen makes of the sources.
//!
//! `FACEVEIL_UPDATE_HEADER=1 cargo test -p faceveil-c --test header` writes it anew, and fails if that
//! changed it.

use std::path::Path;

#[test]
fn the_header_is_that_of_the_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut header = Vec::new();
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("the settings");
    cbindgen::Builder::new()
        .with_config(config)
        .with_crate(folder)
        .generate()
        .expect("a header")
        .write(&mut header);
    let made = String::from_utf8(header).expect("UTF-8");
    let path = folder.join("include/faceveil.h");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if made == committed {
        return;
    }
    if std::env::var_os("FACEVEIL_UPDATE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("writable");
    }
    panic!(
        "the header differs from the sources; FACEVEIL_UPDATE_HEADER=1 with this test writes it"
    );
}
