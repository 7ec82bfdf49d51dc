//! What streams of coded pictures and sound hold besides pictures and sound: units and elements that
//! decoders pass over. The same for all containers.
//!
//! Invariant: every function is bounded by the length of the bytes that it is given.

pub(super) mod aac;
pub(super) mod mp3;
pub(super) mod nal;
pub(super) mod obu;
pub(super) mod opus;
