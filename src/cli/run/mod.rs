//! A run over a plan: from the checked configuration to the exit code.

pub(crate) mod batch;
pub(crate) mod config;
mod given;
pub(crate) mod incremental;
pub(crate) mod job;
pub(crate) mod manifest;
mod manifest_file;
pub(crate) mod manifests;
pub(crate) mod messages;
pub(crate) mod outcome;
pub(crate) mod photo;
pub(crate) mod process;
pub(crate) mod run_log;
pub(crate) mod run_paths;
pub(crate) mod sequence;
pub(crate) mod settings;
pub(crate) mod summary;
pub(crate) mod video;
pub(crate) mod videos;
pub(crate) mod worker;
