//! The program: reads what it was told and does it.

use std::process::ExitCode;

/// Gives memory back after a storm of requests, where the default allocator keeps it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    latchkey::cli::run()
}
