//! Clients: the apps and services that Latchkey issues tokens to.

use std::time::Duration;

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, corrupt, execute, expect_one_row, fetch_all, fetch_optional, postgres::lock,
    sqlite::json::flag, statements,
};
use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        display_name::DisplayName,
        oauth::{
            client_id::ClientId,
            client_kind::{AuthMethod, ClientKind},
            resource::Resources,
            scope::Scopes,
        },
    },
    server::clock::Timestamp,
};

/// A client as stored. Its addresses, secrets and groups are in tables of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub name: DisplayName,
    /// Who made it, as the consent page says.
    pub developer: Option<DisplayName>,
    pub kind: ClientKind,
    pub auth_method: AuthMethod,
    /// Its public keys, as a JSON Web Key Set.
    pub jwks: Option<String>,
    /// Needs no consent. Only administrators set it.
    pub trusted: bool,
    /// What it may ask for.
    pub scopes: Scopes,
    /// For which services it may ask access tokens.
    pub resources: Resources,
    pub id_token_alg: ClientAlgorithm,
    /// Its public JWK, if its ID tokens are encrypted.
    pub id_token_key: Option<String>,
    /// Whether its ID tokens say what userinfo says.
    pub claims_in_id_token: bool,
    /// Whether it must push its requests (RFC 9126).
    pub require_pushed: bool,
    /// Lifetimes other than the configured ones.
    pub access_ttl: Option<Duration>,
    pub refresh_idle_ttl: Option<Duration>,
    pub refresh_absolute_ttl: Option<Duration>,
    pub backchannel_logout_uri: Option<String>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

impl Client {
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

#[derive(Clone, FromRow, Deserialize)]
pub(super) struct ClientRow {
    pub(super) id: String,
    name: String,
    developer: String,
    kind: String,
    auth_method: String,
    jwks: Option<String>,
    #[serde(deserialize_with = "flag")]
    trusted: bool,
    scopes: String,
    resources: String,
    id_token_alg: String,
    id_token_key: Option<String>,
    #[serde(deserialize_with = "flag")]
    claims_in_id_token: bool,
    #[serde(deserialize_with = "flag")]
    require_pushed: bool,
    access_ttl: Option<i64>,
    refresh_idle_ttl: Option<i64>,
    refresh_absolute_ttl: Option<i64>,
    backchannel_logout_uri: Option<String>,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

impl TryFrom<ClientRow> for Client {
    type Error = StoreError;
    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        let id = row.id;
        let duration = |millis: i64| {
            u64::try_from(millis).map(Duration::from_millis).map_err(corrupt("oauth_clients", &id))
        };
        let developer = Some(row.developer).filter(|name| !name.is_empty());
        let developer = developer.map(|name| DisplayName::parse(&name)).transpose();
        Ok(Self {
            name: DisplayName::parse(&row.name).map_err(corrupt("oauth_clients", &id))?,
            developer: developer.map_err(corrupt("oauth_clients", &id))?,
            kind: ClientKind::parse(&row.kind).map_err(corrupt("oauth_clients", &id))?,
            auth_method: AuthMethod::parse(&row.auth_method).map_err(corrupt("oauth_clients", &id))?,
            jwks: row.jwks,
            trusted: row.trusted,
            scopes: Scopes::parse(&row.scopes).map_err(corrupt("oauth_clients", &id))?,
            resources: Resources::parse(&row.resources).map_err(corrupt("oauth_clients", &id))?,
            id_token_alg: ClientAlgorithm::parse(&row.id_token_alg).map_err(corrupt("oauth_clients", &id))?,
            id_token_key: row.id_token_key,
            claims_in_id_token: row.claims_in_id_token,
            require_pushed: row.require_pushed,
            access_ttl: row.access_ttl.map(duration).transpose()?,
            refresh_idle_ttl: row.refresh_idle_ttl.map(duration).transpose()?,
            refresh_absolute_ttl: row.refresh_absolute_ttl.map(duration).transpose()?,
            backchannel_logout_uri: row.backchannel_logout_uri,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            id: ClientId::parse(&id).map_err(corrupt("oauth_clients", &id))?,
        })
    }
}

statements! {
    BY_ID = "SELECT * FROM oauth_clients WHERE id = $1";
    PAGE = "SELECT * FROM oauth_clients WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3";
    ID_TOKEN_ALGS = "SELECT DISTINCT id_token_alg FROM oauth_clients WHERE disabled_at IS NULL";
    INSERT = "INSERT INTO oauth_clients (id, name, developer, kind, auth_method, jwks, trusted, scopes, resources, id_token_alg,
                  claims_in_id_token, require_pushed, access_ttl, refresh_idle_ttl, refresh_absolute_ttl,
                  backchannel_logout_uri, created_at, id_token_key)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    UPDATE = "UPDATE oauth_clients SET name = $2, developer = $3, auth_method = $4, jwks = $5, trusted = $6, scopes = $7,
                  resources = $8, id_token_alg = $9, claims_in_id_token = $10, require_pushed = $11, access_ttl = $12,
                  refresh_idle_ttl = $13, refresh_absolute_ttl = $14, backchannel_logout_uri = $15, disabled_at = $16,
                  id_token_key = $17
              WHERE id = $1";
    DELETE = "DELETE FROM oauth_clients WHERE id = $1";
}

pub async fn by_id(db: &mut impl Queryable, id: &ClientId) -> Result<Option<Client>, StoreError> {
    let row: Option<ClientRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(Client::try_from).transpose()
}

/// The client, held for this transaction against other changes of it.
pub async fn lock_by_id(tx: &mut Tx, id: &ClientId) -> Result<Option<Client>, StoreError> {
    tx.lock_row(lock::CLIENT, id.as_str()).await?;
    by_id(tx, id).await
}

/// Clients by name, those after this name and id.
pub async fn page(
    db: &mut impl Queryable,
    (name, id): (&str, &str),
    limit: i64,
) -> Result<Vec<Client>, StoreError> {
    let rows: Vec<ClientRow> = fetch_all!(db, PAGE, name, id, limit)?;
    rows.into_iter().map(Client::try_from).collect()
}

/// What the ID tokens of the clients are signed with. Nothing: there is no client.
pub async fn id_token_algorithms(db: &mut impl Queryable) -> Result<Vec<ClientAlgorithm>, StoreError> {
    let rows: Vec<(String,)> = fetch_all!(db, ID_TOKEN_ALGS)?;
    let parse = |(name,): (String,)| ClientAlgorithm::parse(&name).map_err(corrupt("oauth_clients", &name));
    rows.into_iter().map(parse).collect()
}

pub async fn insert(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    execute!(
        tx,
        INSERT,
        client.id.as_str(),
        client.name.as_str(),
        client.developer.as_ref().map_or("", DisplayName::as_str),
        client.kind.as_str(),
        client.auth_method.as_str(),
        client.jwks.as_deref(),
        client.trusted,
        client.scopes.to_string(),
        client.resources.to_string(),
        client.id_token_alg.as_str(),
        client.claims_in_id_token,
        client.require_pushed,
        millis(client.access_ttl),
        millis(client.refresh_idle_ttl),
        millis(client.refresh_absolute_ttl),
        client.backchannel_logout_uri.as_deref(),
        client.created_at,
        client.id_token_key.as_deref()
    )?;
    Ok(())
}

/// Writes all that can be changed of a client.
pub async fn update(tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    let rows = execute!(
        tx,
        UPDATE,
        client.id.as_str(),
        client.name.as_str(),
        client.developer.as_ref().map_or("", DisplayName::as_str),
        client.auth_method.as_str(),
        client.jwks.as_deref(),
        client.trusted,
        client.scopes.to_string(),
        client.resources.to_string(),
        client.id_token_alg.as_str(),
        client.claims_in_id_token,
        client.require_pushed,
        millis(client.access_ttl),
        millis(client.refresh_idle_ttl),
        millis(client.refresh_absolute_ttl),
        client.backchannel_logout_uri.as_deref(),
        client.disabled_at,
        client.id_token_key.as_deref()
    )?;
    expect_one_row(rows, "oauth_clients", client.id.as_str())
}

/// Deletes a client with all that hangs on it.
pub async fn delete(tx: &mut Tx, id: &ClientId) -> Result<(), StoreError> {
    let rows = execute!(tx, DELETE, id.as_str())?;
    expect_one_row(rows, "oauth_clients", id.as_str())
}

fn millis(duration: Option<Duration>) -> Option<i64> {
    duration.map(|duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
