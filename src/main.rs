//! The program: runs the command that it is given.

use std::process::ExitCode;

/// Returns memory after a burst of requests, which the default allocator keeps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    latchkey::cli::run()
}
