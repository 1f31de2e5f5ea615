//! Clients: registered by administrators and by nobody else.

mod form;
mod lifetimes;
mod report;
mod settings;

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;

pub use form::{ClientForm, yes_or_no};
pub use report::{list, registered, report, shown_once, users};
pub use settings::{ClientSettings, parse_encryption_key, parse_resource};

use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        display_name::DisplayName,
        id::UserId,
        oauth::{
            client_id::{self, ClientId},
            client_kind::ClientKind,
            redirect_uri::RedirectUri,
            resource::Resources,
            revocation::RevocationReason,
            scope::Scopes,
        },
    },
    server::{
        change::Change,
        client_info::ActionContext,
        error::Error,
        sessions::client_sessions,
        state::AppState,
        store::{
            Queryable,
            audit::{Event, EventKind},
            client_secrets,
            client_sessions::Ending,
            client_uris::{self, UriPurpose},
            clients::{self, Client},
            groups::{self, GroupRecord},
        },
        tokens::one_time,
    },
};

/// What a secret begins with, so that one that leaks into a repository is found there.
const SECRET_PREFIX: &str = "lks_";
/// How long the secret before goes on after a rotation.
pub const ROTATION_OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// What a client of a person may ask for, unless it is said otherwise.
const DEFAULT_SCOPES: &str = "openid profile email";

/// A client with all that is known of it.
#[derive(Clone, Debug)]
pub struct ClientDetails {
    pub client: Client,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_uris: Vec<RedirectUri>,
    /// Whom it is for; nobody named: everybody.
    pub groups: Vec<String>,
}

/// Registers a client. Returns it with its secret, which is shown this once, if it has one.
pub async fn add(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    kind: ClientKind,
    settings: &ClientSettings,
) -> Result<(ClientDetails, Option<String>), Error> {
    let name = settings.name.as_deref().unwrap_or_default();
    let name = DisplayName::parse(name).map_err(|problem| Error::invalid("name", problem))?;
    let mut change = Change::begin(state, context).await?;
    let scopes = if kind == ClientKind::Service { "" } else { DEFAULT_SCOPES };
    let mut details = ClientDetails {
        client: Client {
            id: new_id(state)?,
            name,
            developer: None,
            kind,
            auth_method: kind.auth_method(),
            jwks: None,
            trusted: false,
            scopes: Scopes::parse(scopes).map_err(|problem| Error::invalid("scope", problem))?,
            resources: Resources::default(),
            id_token_alg: ClientAlgorithm::default(),
            id_token_key: None,
            claims_in_id_token: true,
            require_pushed: false,
            access_ttl: None,
            refresh_idle_ttl: None,
            refresh_absolute_ttl: None,
            backchannel_logout_uri: None,
            created_at: context.now,
            disabled_at: None,
        },
        redirect_uris: Vec::new(),
        post_logout_uris: Vec::new(),
        groups: Vec::new(),
    };
    settings.apply(&mut details, &state.config.tokens)?;
    clients::insert(change.tx(), &details.client).await?;
    write_lists(&mut change, &details).await?;
    let secret = if details.client.auth_method.has_secret() {
        Some(new_secret(&mut change, &details.client.id).await?)
    } else {
        None
    };
    record(&mut change, EventKind::ClientAdded, actor, &details.client).await?;
    change.commit().await?;
    Ok((details, secret))
}

/// Changes a client. What it was given before stays as it was given, and is asked about again at its next use.
pub async fn update(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &ClientId,
    settings: &ClientSettings,
) -> Result<ClientDetails, Error> {
    let (mut change, client) = begin(state, context, id).await?;
    let mut details = details_of(change.tx(), client).await?;
    settings.apply(&mut details, &state.config.tokens)?;
    clients::update(change.tx(), &details.client).await?;
    write_lists(&mut change, &details).await?;
    record(&mut change, EventKind::ClientChanged, actor, &details.client).await?;
    change.commit().await?;
    Ok(details)
}

/// Gives a client another secret. The one of now is good for one day more, or no longer.
pub async fn rotate_secret(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &ClientId,
    at_once: bool,
) -> Result<(Client, String), Error> {
    let (mut change, client) = begin(state, context, id).await?;
    if !client.auth_method.has_secret() {
        return Err(Error::invalid("client", "This client has no secret."));
    }
    if at_once {
        client_secrets::delete_all(change.tx(), id).await?;
    } else {
        client_secrets::expire(change.tx(), id, context.now + ROTATION_OVERLAP).await?;
    }
    let secret = new_secret(&mut change, id).await?;
    record(&mut change, EventKind::ClientSecretRotated, actor, &client).await?;
    change.commit().await?;
    Ok((client, secret))
}

/// Stops a client, whose sessions and grants end at once, or lets it go on: its people sign in again. Changes nothing of one
/// that is so already.
pub async fn set_enabled(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &ClientId,
    enabled: bool,
) -> Result<Client, Error> {
    let (mut change, mut client) = begin(state, context, id).await?;
    if client.is_enabled() == enabled {
        return Ok(client);
    }
    client.disabled_at = (!enabled).then_some(context.now);
    clients::update(change.tx(), &client).await?;
    if !enabled {
        client_sessions::end(&mut change, Ending::Client(id), RevocationReason::ClientDisabled).await?;
    }
    let kind = if enabled { EventKind::ClientEnabled } else { EventKind::ClientDisabled };
    record(&mut change, kind, actor, &client).await?;
    change.commit().await?;
    Ok(client)
}

/// Removes a client with everything that it was given. Its id is never used again.
pub async fn remove(
    state: &AppState,
    context: ActionContext<'_>,
    actor: Option<&UserId>,
    id: &ClientId,
) -> Result<(), Error> {
    let (mut change, client) = begin(state, context, id).await?;
    client_sessions::end(&mut change, Ending::Client(id), RevocationReason::ClientRemoved).await?;
    clients::delete(change.tx(), id).await?;
    record(&mut change, EventKind::ClientRemoved, actor, &client).await?;
    Ok(change.commit().await?)
}

/// One client.
pub async fn get(state: &AppState, id: &ClientId) -> Result<ClientDetails, Error> {
    let mut reader = state.store.read().await?;
    let client = clients::by_id(&mut reader, id).await?.ok_or(Error::NotFound)?;
    details_of(&mut reader, client).await
}

/// A change of this client, which nobody else changes meanwhile.
async fn begin<'a>(
    state: &'a AppState,
    context: ActionContext<'a>,
    id: &ClientId,
) -> Result<(Change<'a>, Client), Error> {
    let mut change = Change::begin(state, context).await?;
    let client = clients::lock_by_id(change.tx(), id).await?.ok_or(Error::NotFound)?;
    Ok((change, client))
}

async fn details_of(db: &mut impl Queryable, client: Client) -> Result<ClientDetails, Error> {
    Ok(ClientDetails {
        redirect_uris: client_uris::of_client(db, &client.id, UriPurpose::Redirect).await?,
        post_logout_uris: client_uris::of_client(db, &client.id, UriPurpose::PostLogout).await?,
        groups: groups::names_of_client(db, &client.id).await?,
        client,
    })
}

async fn write_lists(change: &mut Change<'_>, details: &ClientDetails) -> Result<(), Error> {
    let id = &details.client.id;
    client_uris::set(change.tx(), id, UriPurpose::Redirect, &details.redirect_uris).await?;
    client_uris::set(change.tx(), id, UriPurpose::PostLogout, &details.post_logout_uris).await?;
    let mut allowed: Vec<GroupRecord> = Vec::new();
    for name in &details.groups {
        let group = groups::by_name(change.tx(), name).await?;
        let unknown = || Error::invalid("group", format!("There is no group \u{201c}{name}\u{201d}."));
        allowed.push(group.ok_or_else(unknown)?);
    }
    Ok(groups::set_of_client(change.tx(), id, &allowed).await?)
}

fn new_id(state: &AppState) -> Result<ClientId, Error> {
    let id = format!("{}{}", client_id::PREFIX, BASE64.encode(state.entropy.bytes::<16>()?));
    ClientId::parse(&id).map_err(|error| Error::Internal(error.to_string()))
}

async fn new_secret(change: &mut Change<'_>, id: &ClientId) -> Result<String, Error> {
    let secret = format!("{SECRET_PREFIX}{}", BASE64.encode(change.entropy().bytes::<32>()?));
    let now = change.context.now;
    client_secrets::insert(change.tx(), id, &one_time::hash(&secret), now).await?;
    Ok(secret)
}

async fn record(
    change: &mut Change<'_>,
    kind: EventKind,
    actor: Option<&UserId>,
    client: &Client,
) -> Result<(), Error> {
    let detail = json!({ "client": client.id.as_str(), "name": client.name.as_str() });
    Ok(change.record(Event::new(kind).maybe_by(actor).with(detail)).await?)
}
