//! The command through its binary, and the direction of the imports. Tests are named after the
//! promise that they keep.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its files fails"
)]

mod apply;
mod bad_input;
mod blur;
mod detect;
mod doctor;
mod formats;
mod hdr;
mod inspect;
mod interrupt;
mod isolation;
mod jpeg;
mod layering;
mod library;
mod log;
mod names;
mod negative;
mod objects;
mod options;
mod orientation;
mod panorama;
mod raw;
mod recipes;
mod report;
mod resume;
mod review;
mod safety;
mod sandbox;
mod schema;
mod sequence;
#[cfg(feature = "serve")]
mod serve;
mod shard;
mod silence;
mod sizes;
mod suffix;
mod taken;
mod text;
mod usage;
mod verify;
mod video;
mod watch;
mod zoo;
