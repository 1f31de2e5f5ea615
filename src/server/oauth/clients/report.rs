//! What administrators see of clients.

use super::{ClientDetails, get};
use crate::{
    model::{
        oauth::{
            client::{
                ClientReport, ClientSummary, ClientUser, NewSecret, RefusedRedirect, RegisteredClient,
                SecretLifetime,
            },
            client_id::ClientId,
            redirect_uri::RedirectUri,
        },
        page::Page,
    },
    server::{
        clock::Timestamp,
        config::value::in_words,
        cursor::{limit, one_more, page_of},
        error::Error,
        state::AppState,
        store::{
            client_secrets::{self, SecretPeriod},
            client_users::{self, ClientUserRecord},
            clients::{self, Client},
            refused_redirects::{self, RefusedRedirectRecord},
        },
    },
};

/// Clients by name.
pub async fn list(
    state: &AppState,
    cursor: Option<&str>,
    asked: Option<&str>,
) -> Result<Page<ClientSummary>, Error> {
    const LIST: &str = "clients";
    let limit = limit(asked)?;
    let position = state.cursors.read(LIST, cursor)?.unwrap_or_else(|| " ".to_owned());
    let (id, name) = position.split_once(' ').ok_or(Error::InvalidCursor)?;
    let mut reader = state.store.read().await?;
    let found = clients::page(&mut reader, (name, id), one_more(limit)).await?;
    let position = |client: &Client| format!("{} {}", client.id, client.name);
    let (found, next_cursor) = page_of(found, limit, |client| state.cursors.write(LIST, &position(client)));
    Ok(Page { items: found.into_iter().map(ClientSummary::from).collect(), next_cursor })
}

/// One client with what has become of it.
pub async fn report(state: &AppState, now: Timestamp, id: &ClientId) -> Result<ClientReport, Error> {
    let details = get(state, id).await?;
    let mut reader = state.store.read().await?;
    let secrets = client_secrets::periods(&mut reader, id, now).await?;
    let mut refused = refused_redirects::of_client(&mut reader, id).await?;
    // What is registered meanwhile is refused no more.
    refused.retain(|refused| !details.redirect_uris.iter().any(|uri| uri.matches(&refused.uri)));
    Ok(ClientReport {
        client: registered(&details),
        secrets: secrets.into_iter().map(SecretLifetime::from).collect(),
        refused_redirects: refused
            .into_iter()
            .map(|record| refused_redirect(record, &details.redirect_uris))
            .collect(),
    })
}

/// Who has allowed a client something or is signed in to it, by address.
pub async fn users(
    state: &AppState,
    id: &ClientId,
    cursor: Option<&str>,
    asked: Option<&str>,
) -> Result<Page<ClientUser>, Error> {
    let list = format!("users of {id}");
    let limit = limit(asked)?;
    let after = state.cursors.read(&list, cursor)?.unwrap_or_default();
    let mut reader = state.store.read().await?;
    clients::by_id(&mut reader, id).await?.ok_or(Error::NotFound)?;
    let found = client_users::page(&mut reader, id, &after, one_more(limit)).await?;
    let (found, next_cursor) = page_of(found, limit, |user| state.cursors.write(&list, &user.email));
    Ok(Page { items: found.into_iter().map(ClientUser::from).collect(), next_cursor })
}

/// What is registered of a client.
pub fn registered(details: &ClientDetails) -> RegisteredClient {
    let ClientDetails { client, redirect_uris, post_logout_uris, groups } = details;
    let texts = |uris: &[RedirectUri]| uris.iter().map(ToString::to_string).collect();
    RegisteredClient {
        client_id: client.id.to_string(),
        name: client.name.to_string(),
        developer: client.developer.as_ref().map(ToString::to_string),
        kind: client.kind,
        auth_method: client.auth_method,
        jwks: client.jwks.clone(),
        redirect_uris: texts(redirect_uris),
        post_logout_uris: texts(post_logout_uris),
        backchannel_logout_uri: client.backchannel_logout_uri.clone(),
        scope: client.scopes.to_string(),
        resources: client.resources.iter().map(ToString::to_string).collect(),
        groups: groups.clone(),
        trusted: client.trusted,
        id_token_alg: client.id_token_alg,
        id_token_key: client.id_token_key.clone(),
        claims_in_id_token: client.claims_in_id_token,
        require_pushed: client.require_pushed,
        access_ttl: client.access_ttl.map(in_words),
        refresh_idle_ttl: client.refresh_idle_ttl.map(in_words),
        refresh_absolute_ttl: client.refresh_absolute_ttl.map(in_words),
        enabled: client.is_enabled(),
        created_at: client.created_at.to_utc(),
    }
}

/// A client with its new secret, which nobody is shown again.
pub fn shown_once(client: &Client, client_secret: Option<String>) -> NewSecret {
    NewSecret { client_id: client.id.to_string(), name: client.name.to_string(), client_secret }
}

impl From<Client> for ClientSummary {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.id.to_string(),
            name: client.name.to_string(),
            kind: client.kind,
            trusted: client.trusted,
            enabled: client.is_enabled(),
            created_at: client.created_at.to_utc(),
        }
    }
}

impl From<SecretPeriod> for SecretLifetime {
    fn from(period: SecretPeriod) -> Self {
        Self { created_at: period.created_at.to_utc(), expires_at: period.expires_at.map(Timestamp::to_utc) }
    }
}

/// A refused address beside the registered one that goes the longest way with it.
fn refused_redirect(record: RefusedRedirectRecord, registered: &[RedirectUri]) -> RefusedRedirect {
    let in_common = |uri: &&RedirectUri| {
        uri.as_str().bytes().zip(record.uri.bytes()).take_while(|(one, other)| one == other).count()
    };
    RefusedRedirect {
        nearest: registered.iter().max_by_key(in_common).map(ToString::to_string),
        redirect_uri: record.uri,
        times: u64::try_from(record.times).unwrap_or_default(),
        last_at: record.last_at.to_utc(),
    }
}

impl From<ClientUserRecord> for ClientUser {
    fn from(record: ClientUserRecord) -> Self {
        Self {
            user_id: record.user_id,
            email: record.email,
            scope: record.scopes,
            since: record.since.to_utc(),
            last_used_at: record.last_used_at.map(Timestamp::to_utc),
            sessions: u64::try_from(record.sessions).unwrap_or_default(),
        }
    }
}
