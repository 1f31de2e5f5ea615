//! `latchkey doctor`.

use std::process::ExitCode;

use crate::server::{
    config::{Config, Layers, Problem, SETTINGS, Setting},
    http::routes::assets,
    store::Store,
};

/// Prints each setting, where it comes from and what is wrong with it; then looks at the database, and changes
/// nothing there.
pub async fn examine(layers: &Layers) -> ExitCode {
    let config = Config::read(layers);
    let problems = config.as_ref().err().map(Vec::as_slice).unwrap_or_default();
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
    let Ok(config) = &config else {
        println!("\n{} to mend.", problems.len());
        return ExitCode::from(2);
    };
    println!("\nAll settings are good.");
    for warning in config.warnings() {
        println!("  ? {warning}");
    }
    match Store::examine(&config.database_url).await {
        Ok(finding) => {
            println!("The database: {finding}.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("  ! {error}");
            ExitCode::FAILURE
        }
    }
}
