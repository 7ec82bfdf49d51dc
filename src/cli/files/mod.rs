//! Files on the disk: their kind, reading within bounds, writing whole or not at all, and whether two paths are one
//! file.

pub(crate) mod kind;
pub(crate) mod path_identity;
pub(crate) mod read;
pub(crate) mod write;
