//! The `latchkey` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request allocates and frees small pieces on whichever thread it runs: a quarter of the time of a page with the
/// system's allocator (`docs/performance.md`).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    latchkey::server::cli::main()
}
