//! The `faceveil` command: run, and the exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run().into()
}
