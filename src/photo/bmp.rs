//! Stub.
use super::guard::{Budget, unsupported};
use super::notes::Notes;
use crate::error::Result;

pub(super) fn read(
    _file: &[u8],
    _budget: &mut Budget,
    _notes: &mut Notes,
) -> Result<super::jpeg::Jpeg> {
    Err(unsupported("not handled yet"))
}
