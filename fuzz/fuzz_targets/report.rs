//! Any bytes as a report: lines that can be acted upon, or errors that say which line is wrong.

#![no_main]

use faceveil::report::read_report;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    for line in read_report(text) {
        let Ok(report) = line else {
            continue;
        };
        let again = serde_json::to_vec(&report).expect("a report is JSON");
        let mut read = read_report(&again[..]);
        read.next().expect("one line").expect("reads what it wrote");
    }
});
