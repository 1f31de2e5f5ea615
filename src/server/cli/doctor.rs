//! `latchkey doctor`.

use std::process::ExitCode;

use crate::server::{
    config::{Config, Layers, Problem, SETTINGS, Setting},
    http::routes::assets,
};

/// Prints each setting, where it comes from and what is wrong with it.
pub fn examine(layers: &Layers) -> ExitCode {
    let problems = Config::read(layers).err().unwrap_or_default();
    for setting in SETTINGS {
        let name = Setting::variable(setting.name);
        println!(
            "{name:<34} {:<32} {:<14} {}",
            layers.shown(setting),
            layers.source(setting.name).to_string(),
            setting.about
        );
        for problem in problems.iter().filter(|problem| problem.setting == name) {
            println!("  ! {}", problem.message);
        }
    }
    let named = |problem: &&Problem| {
        SETTINGS.iter().any(|setting| Setting::variable(setting.name) == problem.setting)
    };
    for problem in problems.iter().filter(|problem| !named(problem)) {
        println!("  ! {problem}");
    }
    if !assets::are_present() {
        println!("  ! this program was built without its browser half; build it with `make build`");
    }
    match problems.len() {
        0 => {
            println!("\nAll settings are good.");
            ExitCode::SUCCESS
        }
        count => {
            println!("\n{count} to mend.");
            ExitCode::from(2)
        }
    }
}
