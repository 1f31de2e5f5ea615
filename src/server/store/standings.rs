//! Grants with what they stand on: whose they are, the session that they end with, and what was allowed.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    Durability, Queryable, Store, StoreError, Tx,
    by_ids::{self, Dialects, Found, read},
    consents::{Consent, JoinedConsent},
    corrupt,
    grants::{self, GrantRecord, GrantRow},
    postgres::{self, lock as row},
    sqlite::{self, json::flag},
    users::{JoinedUser, User},
};
use crate::{model::id::GrantId, server::clock::Timestamp};

#[derive(Clone, Debug)]
pub struct Standing {
    pub grant: GrantRecord,
    pub user: User,
    pub client_session_is_revoked: bool,
    /// When the session ends that it hangs on; the beginning of time if that was revoked. Nothing: it hangs on none.
    pub session_ends_at: Option<Timestamp>,
    /// Whether a group of the person may use the client, or everybody may.
    pub may_use: bool,
    pub consent: Option<Consent>,
    /// The names of the groups that the person is in.
    pub groups: Vec<String>,
}

#[derive(Clone, FromRow, Deserialize)]
pub struct StandingRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    #[sqlx(flatten)]
    user: JoinedUser,
    #[sqlx(flatten)]
    consent: JoinedConsent,
    client_session_revoked_at: Option<Timestamp>,
    session_id: Option<String>,
    session_revoked_at: Option<Timestamp>,
    session_idle_expires_at: Option<Timestamp>,
    session_absolute_expires_at: Option<Timestamp>,
    #[serde(deserialize_with = "flag")]
    may_use: bool,
    /// As JSON.
    group_names: String,
}

impl StandingRow {
    fn session_ends_at(&self) -> Option<Timestamp> {
        self.session_id.as_ref()?;
        let expires_at = self.session_idle_expires_at.min(self.session_absolute_expires_at);
        Some(expires_at.filter(|_| self.session_revoked_at.is_none()).unwrap_or_default())
    }
}

impl TryFrom<StandingRow> for Standing {
    type Error = StoreError;
    fn try_from(row: StandingRow) -> Result<Self, StoreError> {
        let session_ends_at = row.session_ends_at();
        let user = row.grant.user_id.clone();
        Ok(Self {
            client_session_is_revoked: row.client_session_revoked_at.is_some(),
            session_ends_at,
            may_use: row.may_use,
            groups: serde_json::from_str(&row.group_names).map_err(corrupt("user_groups", &user))?,
            consent: row.consent.of(&user)?,
            user: row.user.of(user)?,
            grant: row.grant.try_into()?,
        })
    }
}

impl Found for StandingRow {
    type Record = Standing;
    const READ: Dialects =
        Dialects { sqlite: sqlite::json::STANDINGS, postgres: postgres::grants::STANDINGS };

    fn id(&self) -> &str {
        &self.grant.id
    }
}

const LOCK_FREE: Dialects =
    Dialects { sqlite: sqlite::json::STANDINGS, postgres: postgres::grants::LOCK_STANDINGS };

/// Begins a transaction that holds those of these that nobody else holds. Of those that somebody holds nothing is said: whoever
/// holds several rows must not wait for one, or two such would wait for each other.
pub async fn begin_with(
    store: &Store,
    ids: &[&str],
) -> Result<(Tx, HashMap<String, StandingRow>), StoreError> {
    by_ids::begin_with(store, Durability::Full, LOCK_FREE, ids).await
}

/// One, held for this transaction: the client session first, then the grant, as those lock them who end a session.
pub async fn lock(tx: &mut Tx, id: &GrantId) -> Result<Option<Standing>, StoreError> {
    let Some(grant) = grants::by_id(tx, id).await? else { return Ok(None) };
    tx.lock_row(row::CLIENT_SESSION, grant.client_session.as_str()).await?;
    tx.lock_row(row::GRANT, id.as_str()).await?;
    by_id(tx, id).await
}

/// One, as it is now.
pub async fn by_id(db: &mut impl Queryable, id: &GrantId) -> Result<Option<Standing>, StoreError> {
    let standing = read::<StandingRow>(db, &[id.as_str()]).await?.remove(id.as_str());
    standing.map(Standing::try_from).transpose()
}
