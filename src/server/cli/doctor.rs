//! `latchkey doctor`.

use std::{io::ErrorKind, process::ExitCode};

use super::serve::open_transport;
use crate::server::{
    config::{Config, Layers, Problem, SETTINGS, SecretSource, Setting},
    crypto::master_secret::MasterSecret,
    http::{routes::assets, serve::tls::Certificate},
    passwords::breached::BreachedPasswords,
    store::{Examined, Store},
    webauthn::relying_party::RelyingParty,
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
    if let Err(problem) = assets::check() {
        println!("  ! {problem}");
    }
    let Ok(config) = &config else {
        println!("\nProblems found: {}.", problems.len());
        return ExitCode::from(2);
    };
    let certificate = config.tls.clone().and_then(|files| Certificate::load(files).err());
    let breached = BreachedPasswords::open(&config.password_rules.breached);
    let problems = [
        problem_of_secret_file(&config.secret),
        certificate.map(|problem| problem.to_string()),
        breached.as_ref().err().map(|error| format!("LATCHKEY_PASSWORDS_BREACHED_FILE: {error}")),
    ];
    let problems: Vec<_> = problems.into_iter().flatten().collect();
    for problem in &problems {
        println!("  ! {problem}");
    }
    let (true, Ok(breached)) = (problems.is_empty(), breached) else { return ExitCode::from(2) };
    println!("\nAll settings are good.");
    for warning in config.warnings() {
        println!("  ? {warning}");
    }
    let list = match breached {
        Some(list) => format!("{} that nobody may choose", list.count()),
        None => "there is no list; `latchkey passwords import` makes one".to_owned(),
    };
    println!("Breached passwords: {list}.");
    let mail = examine_mail(config).await;
    let host = RelyingParty::at(&config.public_url);
    match Store::examine(&config.database_url, host.id()).await {
        Ok(Examined { finding, passkeys_elsewhere }) => {
            println!("The database: {finding}.");
            if passkeys_elsewhere > 0 {
                println!("  ? {}", warning_of_passkeys(passkeys_elsewhere, host.id()));
            }
            mail
        }
        Err(error) => {
            println!("  ! {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reaches the relay as if to send something.
async fn examine_mail(config: &Config) -> ExitCode {
    let transport = match open_transport(config) {
        Ok(Some(transport)) => transport,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            println!("  ! {error}");
            return error.exit_code();
        }
    };
    match transport.check().await {
        Ok(()) => {
            println!("Mail: it can be sent.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("  ! LATCHKEY_MAIL_URL: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A passkey is bound to the host that it was made at.
fn warning_of_passkeys(count: i64, host: &str) -> String {
    format!(
        "passkeys that were made for another host than {host}, where they sign nobody in: {count}. Put LATCHKEY_PUBLIC_URL \
         back, or have their owners add a passkey here"
    )
}

/// What is wrong with the secret file. One that is not there yet is made at the first start.
fn problem_of_secret_file(secret: &SecretSource) -> Option<String> {
    let SecretSource::File(path) = secret else { return None };
    let error = MasterSecret::read(path).err().filter(|error| error.kind() != ErrorKind::NotFound)?;
    Some(format!("LATCHKEY_SECRET_FILE: {}: {error}", path.display()))
}
