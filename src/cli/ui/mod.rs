//! What the person at the terminal sees and does: messages, progress, answers, previews, Ctrl-C and
//! the exit code. Knows nothing of plans and runs.

pub(crate) mod exit;
pub(crate) mod interrupt;
pub(crate) mod preview;
pub(crate) mod results;
pub(crate) mod show;
pub(crate) mod terminal;
