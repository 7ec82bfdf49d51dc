//! Files on the disk: their kind, reading within bounds, writing whole or not at all, who may read
//! them, locks, and whether two paths are one file.

pub(crate) mod access;
pub(crate) mod case;
pub(crate) mod kind;
pub(crate) mod leftovers;
pub(crate) mod lock;
pub(crate) mod path_identity;
pub(crate) mod read;
pub(crate) mod shard;
pub(crate) mod sync;
mod unnamed;
pub(crate) mod write;
