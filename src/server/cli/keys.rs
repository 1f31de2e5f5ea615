//! `latchkey keys …`.

use clap::Subcommand;

use super::{CliError, serve::open_vault};
use crate::server::{
    client_info::{ActionContext, ClientInfo},
    clock::Clock,
    config::Config,
    crypto::entropy::Entropy,
    keys::{
        manage::{KeyManager, ManageError},
        reseal,
    },
    store::Store,
};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Show all signing keys, the newest first
    List,
    /// Publish new keys, which sign once everybody can know them
    Rotate,
    /// Revoke a key that has leaked: its tokens are refused at once, and browsers get new ones silently
    Revoke { kid: String },
}

pub async fn run(command: KeysCommand, config: &Config) -> Result<(), CliError> {
    let entropy = Entropy::system();
    let vault = open_vault(&config.secret, &entropy)?;
    let store = Store::open(&config.database_url).await?;
    if !matches!(command, KeysCommand::List) {
        reseal::check(&store, &vault)
            .await
            .map_err(|error| CliError::from_start(error.into(), config.secret.setting()))?;
    }
    let manager = KeyManager { store: &store, vault: &vault, config: &config.tokens, entropy: &entropy };
    let client = ClientInfo::command_line();
    let context = ActionContext { now: Clock::system().now(), client: &client };
    match command {
        KeysCommand::List => list(&manager, context).await?,
        KeysCommand::Rotate => {
            for key in manager.rotate(context, None).await.map_err(failed)? {
                println!(
                    "{} ({}, {}) is published and signs from {} on.",
                    key.kid,
                    key.algorithm,
                    key.purpose,
                    key.activates_at.to_utc()
                );
            }
        }
        KeysCommand::Revoke { kid } => {
            manager.revoke(context, None, &kid).await.map_err(failed)?;
            println!("{kid} is gone. A running server refuses its tokens within a second.");
        }
    }
    store.close().await;
    Ok(())
}

async fn list(manager: &KeyManager<'_>, context: ActionContext<'_>) -> Result<(), CliError> {
    println!(
        "{:<44} {:<6} {:<8} {:<8} {:<21} {:<21} sessions",
        "kid", "alg", "for", "state", "since", "until"
    );
    for key in manager.list(context.now).await.map_err(CliError::failed)? {
        let state = if key.record.revoked { "revoked" } else { key.phase.state.as_str() };
        let until = key.phase.until.map_or_else(|| "-".to_owned(), |until| until.to_utc().0);
        let (record, since) = (&key.record, key.phase.since.to_utc());
        println!(
            "{:<44} {:<6} {:<8} {state:<8} {since:<21} {until:<21} {}",
            record.kid, record.algorithm, record.purpose, key.sessions
        );
    }
    Ok(())
}

fn failed(error: ManageError) -> CliError {
    CliError::failed(error)
}
