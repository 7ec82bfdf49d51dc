//! The `faceveil` command.

fn main() {}
