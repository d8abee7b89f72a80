//! The program: runs the command that it is given.

use std::process::ExitCode;

/// Gives memory back after a storm of requests, where the default allocator keeps it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    latchkey::cli::run()
}
