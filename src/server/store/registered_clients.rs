//! A client with what tells that it is the one, and where it may be answered: all that its requests are checked against.

use std::sync::Arc;

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    StoreError,
    by_ids::{Dialects, Found, unhex},
    clients::{Client, ClientRow},
    corrupt, postgres, sqlite,
};
use crate::{model::oauth::redirect_uri::RedirectUri, server::clock::Timestamp};

#[derive(Clone, Debug)]
pub struct RegisteredClient {
    pub client: Arc<Client>,
    secrets: Vec<Secret>,
    pub redirect_uris: Vec<RedirectUri>,
}

#[derive(Clone, Debug)]
struct Secret {
    hash: Vec<u8>,
    expires_at: Option<Timestamp>,
}

impl RegisteredClient {
    /// The hashes of the secrets that are good at `now`: one, or two while one replaces the other.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &[u8]> {
        let live = move |secret: &&Secret| secret.expires_at.is_none_or(|expires_at| now < expires_at);
        self.secrets.iter().filter(live).map(|secret| secret.hash.as_slice())
    }
}

#[derive(Clone, FromRow, Deserialize)]
pub struct RegisteredClientRow {
    #[sqlx(flatten)]
    client: ClientRow,
    /// Pairs of a hash and when it expires, as JSON.
    secrets: String,
    /// As JSON.
    redirect_uris: String,
}

impl Found for RegisteredClientRow {
    type Record = RegisteredClient;
    const READ: Dialects = Dialects { sqlite: sqlite::json::CLIENTS, postgres: postgres::grants::CLIENTS };

    fn id(&self) -> &str {
        &self.client.id
    }
}

impl TryFrom<RegisteredClientRow> for RegisteredClient {
    type Error = StoreError;
    fn try_from(row: RegisteredClientRow) -> Result<Self, StoreError> {
        let id = row.client.id.clone();
        let secrets: Vec<(String, Option<i64>)> =
            serde_json::from_str(&row.secrets).map_err(corrupt("oauth_client_secrets", &id))?;
        let secret = |(hash, expires_at): (String, Option<i64>)| {
            let hash = unhex(&hash).ok_or("no hash").map_err(corrupt("oauth_client_secrets", &id))?;
            Ok(Secret { hash, expires_at: expires_at.map(Timestamp::from_millis) })
        };
        Ok(Self {
            secrets: secrets.into_iter().map(secret).collect::<Result<_, StoreError>>()?,
            redirect_uris: serde_json::from_str(&row.redirect_uris)
                .map_err(corrupt("oauth_client_uris", &id))?,
            client: Arc::new(row.client.try_into()?),
        })
    }
}
