//! `latchkey resource …`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, serve::open_program, user::usage};
use crate::server::{
    client_info::{ActionContext, ClientInfo},
    config::Config,
    crypto::entropy::Entropy,
    error::Error,
    oauth::resources::{self, ResourceSettings},
    state::AppState,
    store::resources::ResourceRecord,
};

#[derive(Debug, Subcommand)]
pub enum ResourceCommand {
    /// Say in which form a service gets its access tokens; without one it gets signed JWTs
    Add {
        /// The service's address, as clients name it
        resource: String,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// List the services that get tokens in a form of their own
    List,
    /// Print one as JSON
    Show { resource: String },
    /// Change what is given, from the next token on
    Update {
        resource: String,
        #[command(flatten)]
        settings: SettingArgs,
        /// Encrypt its tokens no more
        #[arg(long, conflicts_with_all = ["encryption_key", "encryption_key_uri"])]
        no_encryption: bool,
    },
    /// Give a service signed JWTs from now on
    Remove { resource: String },
}

#[derive(Args, Debug)]
pub struct SettingArgs {
    /// jwt or paseto
    #[arg(long, value_name = "FORMAT")]
    token_format: Option<String>,
    /// File with its public key (JSON Web Key, EC P-256 or RSA): its tokens are encrypted, so that nobody else reads them
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// Where the key set is that has this key (`jwks_uri`), in place of a file
    #[arg(long, value_name = "URL", conflicts_with = "encryption_key")]
    encryption_key_uri: Option<String>,
}

impl SettingArgs {
    fn read(self) -> Result<ResourceSettings, CliError> {
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .map_err(|error| CliError::Usage(format!("--encryption-key: {}: {error}", path.display())))
        };
        let encryption_key =
            self.encryption_key.as_deref().map(read).transpose()?.or(self.encryption_key_uri);
        Ok(ResourceSettings { token_format: self.token_format, encryption_key })
    }
}

/// Works beside a running server, which goes by it from the next token on, and while none runs.
pub async fn run(command: ResourceCommand, config: Config) -> Result<(), CliError> {
    let state = open_program(config, Entropy::system()).await?;
    let outcome = change(command, &state).await;
    state.store.close().await;
    outcome
}

async fn change(command: ResourceCommand, state: &AppState) -> Result<(), CliError> {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: state.now(), client: &client };
    match command {
        ResourceCommand::Add { resource, settings } => {
            let settings = settings.read()?;
            show(&resources::add(state, context, &resource, &settings).await.map_err(refusal)?);
        }
        ResourceCommand::List => {
            for resource in resources::list(state).await.map_err(refusal)? {
                println!("{}", resource.uri);
            }
        }
        ResourceCommand::Show { resource } => {
            show(&resources::get(state, &resource).await.map_err(refusal)?);
        }
        ResourceCommand::Update { resource, settings, no_encryption } => {
            let mut settings = settings.read()?;
            if no_encryption {
                settings.encryption_key = Some(String::new());
            }
            show(&resources::update(state, context, &resource, &settings).await.map_err(refusal)?);
        }
        ResourceCommand::Remove { resource } => {
            resources::remove(state, context, &resource).await.map_err(refusal)?;
        }
    }
    Ok(())
}

fn refusal(error: Error) -> CliError {
    match error {
        Error::NotFound => CliError::Failed("nothing is set for this resource".to_owned()),
        other => usage(other),
    }
}

fn show(resource: &ResourceRecord) {
    // A key, or the address where it is.
    let key = resource.encryption_key.as_deref();
    let key = key.map(|key| serde_json::from_str::<Value>(key).unwrap_or_else(|_| key.into()));
    let shown = json!({
        "resource": resource.uri.as_str(),
        "token_format": resource.token_format,
        "encryption_key": key,
        "created_at": resource.created_at.to_utc(),
    });
    println!("{shown:#}");
}
