//! `latchkey client …`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, serve::open_program, user::usage};
use crate::{
    model::oauth::{client_id::ClientId, client_kind::ClientKind, redirect_uri::RedirectUri},
    server::{
        client_info::{ActionContext, ClientInfo},
        config::Config,
        crypto::entropy::Entropy,
        error::Error,
        oauth::clients::{self, ClientDetails, ClientSettings},
        state::AppState,
        store::clients::Client,
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
    /// File with its public keys (JSON Web Key Set), for `private_key_jwt`
    #[arg(long, value_name = "FILE")]
    jwks: Option<std::path::PathBuf>,
    /// How its ID tokens are signed: RS256 or ES256
    #[arg(long, value_name = "ALG")]
    id_token_alg: Option<String>,
    /// Whether its ID tokens say what userinfo says
    #[arg(long)]
    claims_in_id_token: Option<bool>,
    /// Whether it must push its requests (RFC 9126)
    #[arg(long)]
    require_pushed: Option<bool>,
    /// Lifetime of its access tokens, like 5m
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    access_ttl: Option<Duration>,
}

impl SettingArgs {
    fn settings(self, name: Option<String>, trusted: Option<bool>) -> Result<ClientSettings, CliError> {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let read = |path: std::path::PathBuf| {
            std::fs::read_to_string(&path)
                .map_err(|error| CliError::Usage(format!("--jwks: {}: {error}", path.display())))
        };
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
            jwks: self.jwks.map(read).transpose()?,
            id_token_alg: self.id_token_alg,
            claims_in_id_token: self.claims_in_id_token,
            require_pushed: self.require_pushed,
            access_ttl: self.access_ttl,
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
        ClientCommand::List => clients::list(state).await.map_err(failed)?.iter().for_each(list_line),
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
            let secret = clients::rotate_secret(state, context, None, &id, at_once).await.map_err(failed)?;
            print(&with_secret(json!({ "client_id": id }), Some(secret)));
        }
        ClientCommand::Disable { client_id } => {
            list_line(&clients::disable(state, context, None, &id(&client_id)?).await.map_err(failed)?);
        }
        ClientCommand::Enable { client_id } => {
            list_line(&clients::enable(state, context, None, &id(&client_id)?).await.map_err(failed)?);
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

fn list_line(client: &Client) {
    let state = if client.is_enabled() { "enabled" } else { "disabled" };
    let trusted = if client.trusted { " trusted" } else { "" };
    println!("{} {} ({}) {state}{trusted}", client.id, client.name, client.kind);
}

fn shown(details: &ClientDetails) -> Value {
    let ClientDetails { client, redirect_uris, post_logout_uris, groups } = details;
    let texts = |uris: &[RedirectUri]| uris.iter().map(|uri| uri.as_str().to_owned()).collect::<Vec<_>>();
    json!({
        "client_id": client.id,
        "name": client.name,
        "developer": client.developer,
        "kind": client.kind,
        "auth_method": client.auth_method,
        "redirect_uris": texts(redirect_uris),
        "post_logout_uris": texts(post_logout_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "scope": client.scopes,
        "resources": client.resources,
        "groups": groups,
        "trusted": client.trusted,
        "id_token_alg": client.id_token_alg.as_str(),
        "claims_in_id_token": client.claims_in_id_token,
        "require_pushed": client.require_pushed,
        "access_ttl": client.access_ttl.map(|ttl| humantime::format_duration(ttl).to_string()),
        "enabled": client.is_enabled(),
        "created_at": client.created_at.to_utc(),
    })
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
