//! What a new grant will stand on: the session of a person, and what a client may have of them.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    Durability, Store, StoreError, Tx,
    by_ids::{self, Dialects, Found},
    consents::{Consent, JoinedConsent},
    corrupt,
    many_sessions::{SessionOfUser, SessionOfUserRow},
    postgres,
    sqlite::{self, json::flag},
};
use crate::model::{
    id::{ClientSessionId, SessionId},
    oauth::client_id::ClientId,
};

#[derive(Clone, Debug)]
pub struct Ground {
    pub of: SessionOfUser,
    pub client_is_enabled: bool,
    /// Whether a group of the person may use the client, or everybody may.
    pub may_use: bool,
    pub consent: Option<Consent>,
    /// The live one of the session and the client.
    pub client_session: Option<ClientSessionId>,
}

#[derive(Clone, FromRow, Deserialize)]
pub struct GroundRow {
    pair: String,
    #[sqlx(flatten)]
    of: SessionOfUserRow,
    #[sqlx(flatten)]
    consent: JoinedConsent,
    #[serde(deserialize_with = "flag")]
    client_is_enabled: bool,
    #[serde(deserialize_with = "flag")]
    may_use: bool,
    client_session_id: Option<String>,
}

impl TryFrom<GroundRow> for Ground {
    type Error = StoreError;
    fn try_from(row: GroundRow) -> Result<Self, StoreError> {
        let client_session = row.client_session_id.as_deref().map(ClientSessionId::parse).transpose();
        Ok(Self {
            client_is_enabled: row.client_is_enabled,
            may_use: row.may_use,
            consent: row.consent.of(row.of.id())?,
            client_session: client_session.map_err(corrupt("oauth_client_sessions", &row.pair))?,
            of: row.of.try_into()?,
        })
    }
}

impl Found for GroundRow {
    type Record = Ground;
    const READ: Dialects = Dialects { sqlite: sqlite::json::GROUNDS, postgres: postgres::grants::GROUNDS };

    fn id(&self) -> &str {
        &self.pair
    }
}

const LOCK_FREE: Dialects =
    Dialects { sqlite: sqlite::json::GROUNDS, postgres: postgres::grants::LOCK_GROUNDS };

/// What names a ground. An id of a session is 36 characters long, which is how the statements part them.
pub fn pair(session: &SessionId, client: &ClientId) -> String {
    format!("{session} {client}")
}

/// Begins a transaction that holds the grounds of these pairs, their accounts and sessions. Those that somebody else holds
/// are left out ([`super::standings::begin_with`]).
pub async fn begin_with(
    store: &Store,
    durability: Durability,
    pairs: &[&str],
) -> Result<(Tx, HashMap<String, GroundRow>), StoreError> {
    by_ids::begin_with(store, durability, LOCK_FREE, pairs).await
}
