//! Tells cargo what else the program is made of, and the linker which functions belong together.

use std::{
    env,
    process::{Command, Stdio},
};

/// What runs while the program starts, people sign in and apps ask (`benches/profiling.py`). The system loads code by the
/// page: next to each other, these functions take less than half of the memory that they take between all others.
const HOT_FUNCTIONS: &str = "benches/hot-functions.txt";

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed={HOT_FUNCTIONS}");
    // Cargo links in the folder that it runs this in.
    let order = format!("-Wl,--symbol-ordering-file={HOT_FUNCTIONS},--no-warn-symbol-ordering");
    if env::var("PROFILE").as_deref() == Ok("release") && is_known(&order) {
        println!("cargo::rustc-link-arg-bins={order}");
    }
}

/// Whether the linker that was chosen takes an option: LLVM's does, which rustc uses by itself on Linux with x86-64. An empty
/// library is enough to tell.
fn is_known(option: &str) -> bool {
    let variable = |name| env::var(name).unwrap_or_default();
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.args(env::var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}")));
    rustc.args(["--crate-type=cdylib", "--target", &variable("TARGET"), &format!("-Clink-arg={option}")]);
    rustc.args(["--out-dir", &variable("OUT_DIR"), "-"]);
    rustc.stdin(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
