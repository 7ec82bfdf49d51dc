//! Any bytes, inspected: findings or an error, and never a panic.

#![no_main]

use faceveil_inspect::inspect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(seen) = inspect(file) {
        assert!(
            seen.findings
                .iter()
                .all(|f| f.detail.chars().count() <= 200)
        );
    }
});
