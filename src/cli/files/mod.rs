//! Files on the disk: reading within bounds, writing whole or not at all, and whether two paths are one
//! file.

pub(crate) mod path_identity;
pub(crate) mod read;
pub(crate) mod write;
