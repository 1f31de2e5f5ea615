//! The command line. Exit code 0: done; 2: wrong usage or configuration, naming the setting; 1: anything else.

#![expect(clippy::print_stdout, reason = "what a command prints is its answer")]

mod client;
mod doctor;
mod group;
mod keys;
pub mod log;
mod mail;
mod passwords;
mod provider;
mod resource;
pub mod serve;
mod sessions;
mod user;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use log::Log;

use super::{
    config::{Config, Layers, Overrides, Problem},
    crypto::{entropy::Entropy, master_secret::MasterSecret},
    error::Error,
    keys::reseal::reseal,
    store::{OpenError, Store},
};

/// Self-hosted sign-in.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    settings: SettingFlags,
    #[command(subcommand)]
    command: Command,
}

/// Flags that stand above the environment. Everything else is set there or in `latchkey.toml`.
#[derive(Debug, Args)]
struct SettingFlags {
    /// Read settings from FILE instead of ./latchkey.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Address and port to listen on
    #[arg(long, global = true, value_name = "ADDR")]
    addr: Option<String>,
    /// Address that people and services use
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Migrate the database to this version of the program
    Migrate,
    /// Accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Passwords that nobody may choose
    #[command(subcommand)]
    Passwords(passwords::PasswordsCommand),
    /// Sessions
    #[command(subcommand)]
    Sessions(sessions::SessionsCommand),
    /// Apps and services that get tokens from here
    #[command(subcommand)]
    Client(Box<client::ClientCommand>),
    /// Services that get their access tokens in a form of their own
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    /// Groups of accounts: who may use which client
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Mails
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Providers through which people come in
    #[command(subcommand)]
    Provider(Box<provider::ProviderCommand>),
    /// Signing keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The master secret
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Show each setting, where it comes from and what is wrong with it
    Doctor,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Print a new master secret
    Generate,
    /// Encrypt everything again with the first of the configured master secrets
    Rotate,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Settings that can't be used, one a line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<Problem>),
    /// A source of settings, or an argument, that can't be used.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Names the setting if the program could not start because of a wrong master secret.
    fn from_start(error: Error, setting: &str) -> Self {
        match error {
            Error::OtherSecret => Self::Usage(format!(
                "{setting}: this is not the master secret that the database was made with. Set it to that one."
            )),
            other => Self::failed(other),
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) | Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        Self::failed(error)
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = Log::init();
    // One a core, and never one alone: rendering a page holds its thread for a while.
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            runtime.spawn(log.run());
            let outcome = runtime.block_on(run(cli));
            // What still runs is waited for by nobody: a database that hangs must not keep the program.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(CliError::failed(error)),
    };
    log.end();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            for line in error.to_string().lines() {
                eprintln!("latchkey: {line}");
            }
            error.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, CliError> {
    if let Command::Secret(SecretCommand::Generate) = cli.command {
        println!("{}", MasterSecret::generate(&Entropy::system()).map_err(CliError::failed)?.reveal());
        return Ok(ExitCode::SUCCESS);
    }
    let layers = read_layers(cli.settings)?;
    if matches!(cli.command, Command::Doctor) {
        return Ok(doctor::examine(&layers).await);
    }
    let config = Config::read(&layers).map_err(CliError::Settings)?;
    match cli.command {
        Command::Serve => serve::serve(config).await?,
        Command::Migrate => migrate(&config).await?,
        Command::User(command) => user::run(command, config).await?,
        Command::Passwords(command) => passwords::run(command, &config)?,
        Command::Sessions(command) => sessions::run(command, config).await?,
        Command::Client(command) => client::run(*command, config).await?,
        Command::Resource(command) => resource::run(command, config).await?,
        Command::Group(command) => group::run(command, config).await?,
        Command::Mail(command) => mail::run(command, &config).await?,
        Command::Provider(command) => provider::run(*command, config).await?,
        Command::Keys(command) => keys::run(command, &config).await?,
        Command::Secret(SecretCommand::Rotate) => rotate_secret(&config).await?,
        Command::Doctor | Command::Secret(SecretCommand::Generate) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn read_layers(flags: SettingFlags) -> Result<Layers, CliError> {
    let given =
        [("database_url", flags.database_url), ("addr", flags.addr), ("public_url", flags.public_url)];
    let overrides: Overrides = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let folder = std::env::current_dir().map_err(CliError::failed)?;
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Layers::read(&folder, flags.config.as_deref(), environment, overrides)
        .map_err(|error| CliError::Usage(error.to_string()))
}

async fn migrate(config: &Config) -> Result<(), CliError> {
    Store::open(&config.database_url).await?.close().await;
    println!("The database is up to date.");
    Ok(())
}

async fn rotate_secret(config: &Config) -> Result<(), CliError> {
    let entropy = Entropy::system();
    let vault = serve::open_vault(&config.secret, &entropy)?;
    let store = Store::open(&config.database_url).await?;
    let done = reseal(&store, &vault, &entropy)
        .await
        .map_err(|error| CliError::from_start(error.into(), config.secret.setting()))?;
    store.close().await;
    println!(
        "Encrypted again with the first master secret: {} signing keys, {} secrets and {} waiting mails. {} were already.",
        done.signing_keys, done.secrets, done.mails, done.already
    );
    if done.already == 0 {
        println!(
            "The other master secrets can be removed once every server has been restarted with the first."
        );
    } else if done.signing_keys + done.secrets + done.mails == 0 {
        println!(
            "Nothing to do. To change the master secret, put a new one (`latchkey secret generate`) before the old one, with a comma between."
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_master_secret_is_a_configuration_error_that_names_its_setting() {
        let error = CliError::from_start(Error::OtherSecret, "LATCHKEY_SECRET_FILE");
        assert_eq!(error.exit_code(), ExitCode::from(2));
        assert!(error.to_string().starts_with("LATCHKEY_SECRET_FILE: "), "{error}");
        let other = CliError::from_start(Error::Internal("x".to_owned()), "LATCHKEY_SECRET");
        assert_eq!(other.exit_code(), ExitCode::FAILURE);
    }
}
