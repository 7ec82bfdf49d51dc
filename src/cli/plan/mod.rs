//! What is to be done, decided before the first file is dealt with: the inputs, their outputs, and
//! what belongs to each.

pub(crate) mod base_dir;
pub(crate) mod boxes;
pub(crate) mod companion_files;
pub(crate) mod destination;
pub(crate) mod glob;
pub(crate) mod inputs;
pub(crate) mod left_alone;
pub(crate) mod naming;
pub(crate) mod outputs;
pub(crate) mod task;
pub(crate) mod unrelated_files;
