//! `latchkey client …`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, serve::open_program, user::usage};
use crate::{
    model::oauth::{client::ClientSummary, client_id::ClientId, client_kind::ClientKind},
    server::{
        client_info::{ActionContext, ClientInfo},
        config::Config,
        crypto::entropy::Entropy,
        error::Error,
        oauth::clients::{self, ClientDetails, ClientSettings},
        state::AppState,
    },
};

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Register a client; prints it as JSON, with its secret, which is shown this once
    Add {
        #[arg(long)]
        name: String,
        /// web, browser, native, service or device
        #[arg(long)]
        kind: String,
        #[command(flatten)]
        settings: SettingArgs,
        /// Needs no consent of the people who use it
        #[arg(long)]
        trusted: bool,
    },
    /// List clients by name
    List,
    /// Print a client as JSON
    Show { client_id: String },
    /// Change what is given; a list takes the place of the one before
    Update {
        client_id: String,
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: SettingArgs,
        /// Whether it needs no consent of the people who use it
        #[arg(long)]
        trusted: Option<bool>,
    },
    /// Give a client another secret; the one before is good for a day more
    RotateSecret {
        client_id: String,
        /// The one before ends now: it has leaked
        #[arg(long)]
        at_once: bool,
    },
    /// Stop a client: its sessions and grants end at once
    Disable { client_id: String },
    /// Let a client go on
    Enable { client_id: String },
    /// Remove a client with everything that it was given
    Remove { client_id: String },
}

#[derive(Args, Debug)]
pub struct SettingArgs {
    /// Who made it, as people are told when they are asked for consent
    #[arg(long)]
    developer: Option<String>,
    /// Where it may be answered; compared character by character
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where browsers may go after it has asked to sign out
    #[arg(long, value_name = "URI")]
    post_logout_uri: Vec<String>,
    /// Where it is told that somebody has signed out; empty: nowhere
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// What it may ask for, like `openid`, `profile`, `email`, `groups`, `roles`, `offline_access`
    #[arg(long)]
    scope: Vec<String>,
    /// A service for which it may ask access tokens
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// A group that it is for; without any it is for everybody
    #[arg(long)]
    group: Vec<String>,
    /// How it proves who it is: `client_secret`, `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// File with its public keys (JSON Web Key Set), for `private_key_jwt`; empty: none
    #[arg(long, value_name = "FILE")]
    jwks: Option<std::path::PathBuf>,
    /// Where its public keys are (`jwks_uri`), in place of a file
    #[arg(long, value_name = "URL", conflicts_with = "jwks")]
    jwks_uri: Option<String>,
    /// How its ID tokens are signed: RS256 or ES256
    #[arg(long, value_name = "ALG")]
    id_token_alg: Option<String>,
    /// File with its public key (JSON Web Key, EC P-256 or RSA): its ID tokens are encrypted; an empty name: no more
    #[arg(long, value_name = "FILE")]
    id_token_key: Option<std::path::PathBuf>,
    /// Where the key set is that has this key, in place of a file
    #[arg(long, value_name = "URL", conflicts_with = "id_token_key")]
    id_token_key_uri: Option<String>,
    /// Whether its ID tokens say what userinfo says
    #[arg(long)]
    claims_in_id_token: Option<bool>,
    /// Whether it must push its requests (RFC 9126)
    #[arg(long)]
    require_pushed: Option<bool>,
    /// Lifetime of its access tokens, like 5m, up to 1h; empty: as configured
    #[arg(long, value_name = "DURATION")]
    access_ttl: Option<String>,
    /// How long what it was granted lives while it is not used; empty: 30d
    #[arg(long, value_name = "DURATION")]
    refresh_idle_ttl: Option<String>,
    /// How long what it was granted lives at the longest; empty: 180d
    #[arg(long, value_name = "DURATION")]
    refresh_absolute_ttl: Option<String>,
}

impl SettingArgs {
    fn settings(self, name: Option<String>, trusted: Option<bool>) -> Result<ClientSettings, CliError> {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let read = |option: &str, path: std::path::PathBuf| {
            if path.as_os_str().is_empty() {
                return Ok(String::new());
            }
            std::fs::read_to_string(&path)
                .map_err(|error| CliError::Usage(format!("{option}: {}: {error}", path.display())))
        };
        let id_token_key = self.id_token_key.map(|path| read("--id-token-key", path)).transpose()?;
        Ok(ClientSettings {
            name,
            developer: self.developer,
            redirect_uris: some(self.redirect_uri),
            post_logout_uris: some(self.post_logout_uri),
            backchannel_logout_uri: self.backchannel_logout_uri,
            scopes: some(self.scope).map(|scopes| scopes.join(" ")),
            resources: some(self.resource),
            groups: some(self.group),
            trusted,
            auth_method: self.auth_method,
            jwks: self.jwks.map(|path| read("--jwks", path)).transpose()?.or(self.jwks_uri),
            id_token_alg: self.id_token_alg,
            id_token_key: id_token_key.or(self.id_token_key_uri),
            claims_in_id_token: self.claims_in_id_token,
            require_pushed: self.require_pushed,
            access_ttl: self.access_ttl,
            refresh_idle_ttl: self.refresh_idle_ttl,
            refresh_absolute_ttl: self.refresh_absolute_ttl,
        })
    }
}

/// Works beside a running server, which hears of it within a second, and while none runs.
pub async fn run(command: ClientCommand, config: Config) -> Result<(), CliError> {
    let state = open_program(config, Entropy::system()).await?;
    let outcome = change(command, &state).await;
    state.store.close().await;
    outcome
}

async fn change(command: ClientCommand, state: &AppState) -> Result<(), CliError> {
    let client = ClientInfo::command_line();
    let context = ActionContext { now: state.now(), client: &client };
    match command {
        ClientCommand::Add { name, kind, settings, trusted } => {
            let kind =
                ClientKind::parse(&kind).map_err(|error| CliError::Usage(format!("--kind: {error}")))?;
            let settings = settings.settings(Some(name), Some(trusted))?;
            let (details, secret) =
                clients::add(state, context, None, kind, &settings).await.map_err(failed)?;
            print(&with_secret(shown(&details), secret));
        }
        ClientCommand::List => list(state).await.map_err(failed)?,
        ClientCommand::Show { client_id } => {
            print(&shown(&clients::get(state, &id(&client_id)?).await.map_err(failed)?));
        }
        ClientCommand::Update { client_id, name, settings, trusted } => {
            let (id, settings) = (id(&client_id)?, settings.settings(name, trusted)?);
            let details = clients::update(state, context, None, &id, &settings).await.map_err(failed)?;
            print(&shown(&details));
        }
        ClientCommand::RotateSecret { client_id, at_once } => {
            let id = id(&client_id)?;
            let (_, secret) =
                clients::rotate_secret(state, context, None, &id, at_once).await.map_err(failed)?;
            print(&with_secret(json!({ "client_id": id }), Some(secret)));
        }
        ClientCommand::Disable { client_id } => {
            line(
                &clients::set_enabled(state, context, None, &id(&client_id)?, false)
                    .await
                    .map_err(failed)?
                    .into(),
            );
        }
        ClientCommand::Enable { client_id } => {
            line(
                &clients::set_enabled(state, context, None, &id(&client_id)?, true)
                    .await
                    .map_err(failed)?
                    .into(),
            );
        }
        ClientCommand::Remove { client_id } => {
            clients::remove(state, context, None, &id(&client_id)?).await.map_err(failed)?;
            println!("{client_id} is removed.");
        }
    }
    Ok(())
}

fn id(text: &str) -> Result<ClientId, CliError> {
    ClientId::parse(text).map_err(|_| CliError::Failed("there is no such client".to_owned()))
}

fn failed(error: Error) -> CliError {
    match error {
        Error::NotFound => CliError::Failed("there is no such client".to_owned()),
        other => usage(other),
    }
}

async fn list(state: &AppState) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = clients::list(state, cursor.as_deref(), None).await?;
        page.items.iter().for_each(line);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn line(client: &ClientSummary) {
    let ClientSummary { client_id, name, kind, trusted, enabled, .. } = client;
    let state = if *enabled { "enabled" } else { "disabled" };
    let trusted = if *trusted { " trusted" } else { "" };
    println!("{client_id} {name} ({kind}) {state}{trusted}");
}

fn shown(details: &ClientDetails) -> Value {
    json!(clients::registered(details))
}

fn with_secret(mut shown: Value, secret: Option<String>) -> Value {
    if let (Value::Object(fields), Some(secret)) = (&mut shown, secret) {
        fields.insert("client_secret".to_owned(), Value::String(secret));
    }
    shown
}

fn print(value: &Value) {
    println!("{value:#}");
}
