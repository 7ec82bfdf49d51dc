//! Any bytes as a JPEG of coefficients: what was read is written, and reading that gives the same
//! coefficients.

#![no_main]

use jpeg_coefficients::{MaxPixels, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let Ok(first) = read(file, &mut MaxPixels(1 << 18)) else {
        return;
    };
    let written = first.write(&[]).expect("writes what it read");
    let second = read(&written, &mut MaxPixels(1 << 18)).expect("reads what it wrote");
    assert_eq!(
        first.frame().components.len(),
        second.frame().components.len()
    );
    for component in 0..first.frame().components.len() {
        assert!(first.plane(component) == second.plane(component));
    }
});
