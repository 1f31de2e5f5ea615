//! Sessions: one row a refresh-token family.

use serde::Deserialize;
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, corrupt, execute, expect_one_row, fetch_all, fetch_optional, fetch_scalar,
    postgres::lock,
    sqlite::json::{bytes, flag},
    statements,
};
use crate::{
    model::{
        id::{SessionId, UserId},
        methods::Methods,
        session::SignOutReason,
    },
    server::{client_info::ActionContext, clock::Timestamp},
};

/// A session as stored. Its rules are in [`crate::server::sessions`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    pub id: SessionId,
    pub user_id: UserId,
    /// Of the key that authenticates this family's refresh tokens.
    pub salt: Vec<u8>,
    /// Of the newest refresh token.
    pub generation: u64,
    /// Whether somebody has used that generation.
    pub confirmed: bool,
    /// When that generation was made.
    pub rotated_at: Timestamp,
    pub created_at: Timestamp,
    /// When its owner last proved who they are.
    pub authenticated_at: Timestamp,
    /// What they proved it with.
    pub methods: Methods,
    /// When they had before the newest generation, if that was made by proving it again and nobody else has come by it.
    pub authenticated_before: Option<Timestamp>,
    /// And with what.
    pub methods_before: Option<Methods>,
    /// When the generation before the newest was made, if the newest was made by entering the password again.
    pub replaced_at: Option<Timestamp>,
    pub last_seen_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    pub revoked: Option<(Timestamp, SignOutReason)>,
    /// The session that a change of password has started in its place, in the same browser.
    pub followed_by: Option<SessionId>,
    /// Key of the newest access token.
    pub token_kid: String,
    /// When the last of its access tokens expires.
    pub token_expires_at: Timestamp,
    /// As its owner calls it.
    pub name: Option<String>,
    pub user_agent: String,
    pub ip: String,
    /// Whether no sign-in before had come from this device.
    pub new_device: bool,
    /// Or from this network.
    pub new_network: bool,
}

#[derive(Clone, FromRow, Deserialize)]
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) user_id: String,
    #[serde(deserialize_with = "bytes")]
    salt: Vec<u8>,
    generation: i64,
    #[serde(deserialize_with = "flag")]
    confirmed: bool,
    rotated_at: Timestamp,
    created_at: Timestamp,
    authenticated_at: Timestamp,
    methods: String,
    authenticated_before: Option<Timestamp>,
    methods_before: Option<String>,
    replaced_at: Option<Timestamp>,
    last_seen_at: Timestamp,
    idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    revoked_reason: Option<String>,
    followed_by: Option<String>,
    token_kid: String,
    token_expires_at: Timestamp,
    name: Option<String>,
    user_agent: String,
    ip: String,
    #[serde(deserialize_with = "flag")]
    new_device: bool,
    #[serde(deserialize_with = "flag")]
    new_network: bool,
}

impl TryFrom<SessionRow> for SessionRecord {
    type Error = StoreError;
    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let id = row.id;
        let reason = |name: Option<String>| {
            let name = name.unwrap_or_default();
            SignOutReason::parse(&name)
                .ok_or_else(|| corrupt("sessions", &id)(format!("revoked for {name:?}")))
        };
        Ok(Self {
            user_id: UserId::parse(&row.user_id).map_err(corrupt("sessions", &id))?,
            salt: row.salt,
            generation: u64::try_from(row.generation).map_err(corrupt("sessions", &id))?,
            confirmed: row.confirmed,
            rotated_at: row.rotated_at,
            created_at: row.created_at,
            authenticated_at: row.authenticated_at,
            methods: Methods::parse(&row.methods).map_err(corrupt("sessions", &id))?,
            authenticated_before: row.authenticated_before,
            methods_before: row
                .methods_before
                .map(|methods| Methods::parse(&methods).map_err(corrupt("sessions", &id)))
                .transpose()?,
            replaced_at: row.replaced_at,
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
            revoked: row
                .revoked_at
                .map(|at| reason(row.revoked_reason).map(|reason| (at, reason)))
                .transpose()?,
            followed_by: row
                .followed_by
                .map(|id| SessionId::parse(&id).map_err(corrupt("sessions", &id)))
                .transpose()?,
            token_kid: row.token_kid,
            token_expires_at: row.token_expires_at,
            name: row.name,
            user_agent: row.user_agent,
            ip: row.ip,
            new_device: row.new_device,
            new_network: row.new_network,
            id: SessionId::parse(&id).map_err(corrupt("sessions", &id))?,
        })
    }
}

statements! {
    BY_ID = "SELECT * FROM sessions WHERE id = $1";
    INSERT = "INSERT INTO sessions (id, user_id, salt, generation, confirmed, rotated_at, created_at, authenticated_at,
                  last_seen_at, idle_expires_at, absolute_expires_at, token_kid, token_expires_at, user_agent, ip, methods,
                  new_device, new_network)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    CONFIRM = "UPDATE sessions SET confirmed = TRUE
               WHERE id = $1 AND generation = $2 AND NOT confirmed AND revoked_at IS NULL";
    REVOKE = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_OF_USER = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3
                      WHERE user_id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2
                        AND id <> $4 RETURNING id, token_expires_at";
    COUNT_LIVE = "SELECT count(*) FROM sessions
                  WHERE user_id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2";
    REVOKE_SURPLUS = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3
                      WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL
                                       AND idle_expires_at > $2 AND absolute_expires_at > $2
                                   ORDER BY last_seen_at DESC, created_at DESC, id DESC LIMIT $5 OFFSET $4)
                      RETURNING id, token_expires_at";
    REVOKE_ALL = "UPDATE sessions SET revoked_at = $1, revoked_reason = $2
                  WHERE revoked_at IS NULL AND idle_expires_at > $1 AND absolute_expires_at > $1";
    LAST_TOKEN = "SELECT max(token_expires_at) FROM sessions WHERE user_id = $1";
    FOLLOW = "UPDATE sessions SET followed_by = $2 WHERE id = $1";
    SET_NAME = "UPDATE sessions SET name = $2 WHERE id = $1";
    LIVE_OF_USER = "SELECT * FROM sessions
                    WHERE user_id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2
                    ORDER BY created_at DESC, id LIMIT $3";
    DELETE_EXPIRED = "DELETE FROM sessions
                      WHERE id IN (SELECT id FROM sessions WHERE absolute_expires_at < $1 LIMIT $2)";
}

pub async fn by_id(db: &mut impl Queryable, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
    let row: Option<SessionRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(SessionRecord::try_from).transpose()
}

/// The session, held for this transaction.
pub async fn lock_by_id(tx: &mut Tx, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
    tx.lock_row(lock::SESSION, id.as_str()).await?;
    by_id(tx, id).await
}

pub async fn insert(tx: &mut Tx, session: &SessionRecord) -> Result<(), StoreError> {
    execute!(
        tx,
        INSERT,
        session.id.as_str(),
        session.user_id.as_str(),
        &session.salt,
        signed(session, session.generation)?,
        session.confirmed,
        session.rotated_at,
        session.created_at,
        session.authenticated_at,
        session.last_seen_at,
        session.idle_expires_at,
        session.absolute_expires_at,
        &session.token_kid,
        session.token_expires_at,
        &session.user_agent,
        &session.ip,
        session.methods.to_string(),
        session.new_device,
        session.new_network
    )?;
    Ok(())
}

/// Remembers that `generation` was used. A session that has moved on is left alone.
pub async fn confirm(tx: &mut Tx, id: &SessionId, generation: u64) -> Result<(), StoreError> {
    let generation = i64::try_from(generation).map_err(corrupt("sessions", id.as_str()))?;
    execute!(tx, CONFIRM, id.as_str(), generation)?;
    Ok(())
}

/// Ends a session. `false`: it had ended already, and the first reason stands.
pub async fn revoke(
    tx: &mut Tx,
    id: &SessionId,
    now: Timestamp,
    reason: SignOutReason,
) -> Result<bool, StoreError> {
    let rows = execute!(tx, REVOKE, id.as_str(), now, reason.as_str())?;
    Ok(rows == 1)
}

/// A session that was revoked with others.
#[derive(Clone, Debug)]
pub struct RevokedSession {
    pub id: SessionId,
    /// When the last of its access tokens expires.
    pub token_expires_at: Timestamp,
}

impl TryFrom<(String, Timestamp)> for RevokedSession {
    type Error = StoreError;
    fn try_from((id, token_expires_at): (String, Timestamp)) -> Result<Self, StoreError> {
        Ok(Self { id: SessionId::parse(&id).map_err(corrupt("sessions", &id))?, token_expires_at })
    }
}

/// Ends the live sessions of an account but `kept`, with one statement.
pub async fn revoke_of_user(
    tx: &mut Tx,
    user: &UserId,
    now: Timestamp,
    reason: SignOutReason,
    kept: Option<&SessionId>,
) -> Result<Vec<RevokedSession>, StoreError> {
    tx.lock_row(lock::SESSIONS_OF_USER, user.as_str()).await?;
    let kept = kept.map(SessionId::as_str).unwrap_or_default();
    let rows: Vec<(String, Timestamp)> =
        fetch_all!(tx, REVOKE_OF_USER, user.as_str(), now, reason.as_str(), kept)?;
    rows.into_iter().map(RevokedSession::try_from).collect()
}

/// How many live sessions an account has.
pub async fn count_live(db: &mut impl Queryable, user: &UserId, now: Timestamp) -> Result<i64, StoreError> {
    Ok(fetch_scalar!(db, COUNT_LIVE, user.as_str(), now)?)
}

/// Ends the live sessions of an account but the `kept` that were used last, `limit` at the most.
pub async fn revoke_surplus(
    tx: &mut Tx,
    user: &UserId,
    now: Timestamp,
    reason: SignOutReason,
    (kept, limit): (i64, i64),
) -> Result<Vec<RevokedSession>, StoreError> {
    tx.lock_row(lock::SESSIONS_OF_USER, user.as_str()).await?;
    let rows: Vec<(String, Timestamp)> =
        fetch_all!(tx, REVOKE_SURPLUS, user.as_str(), now, reason.as_str(), kept, limit)?;
    rows.into_iter().map(RevokedSession::try_from).collect()
}

/// Ends every live session of everybody. Returns how many.
pub async fn revoke_all(tx: &mut Tx, now: Timestamp, reason: SignOutReason) -> Result<u64, StoreError> {
    tx.lock_row(lock::ALL_SESSIONS, "").await?;
    Ok(execute!(tx, REVOKE_ALL, now, reason.as_str())?)
}

/// When the last access token of any session of an account expires; nothing if it never had one.
pub async fn last_token_expiry(
    db: &mut impl Queryable,
    user: &UserId,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(fetch_scalar!(db, LAST_TOKEN, user.as_str())?)
}

/// Remembers that `next` goes on in the browser of this session.
pub async fn follow(tx: &mut Tx, id: &SessionId, next: &SessionId) -> Result<(), StoreError> {
    let rows = execute!(tx, FOLLOW, id.as_str(), next.as_str())?;
    expect_one_row(rows, "sessions", id.as_str())
}

pub async fn set_name(tx: &mut Tx, id: &SessionId, name: Option<&str>) -> Result<(), StoreError> {
    let rows = execute!(tx, SET_NAME, id.as_str(), name)?;
    expect_one_row(rows, "sessions", id.as_str())
}

/// The live sessions of an account, the newest first, `limit` at the most.
pub async fn live_of_user(
    db: &mut impl Queryable,
    user: &UserId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SessionRecord>, StoreError> {
    let rows: Vec<SessionRow> = fetch_all!(db, LIVE_OF_USER, user.as_str(), now, limit)?;
    rows.into_iter().map(SessionRecord::try_from).collect()
}

/// Deletes `limit` sessions at the most that expired by age before `before`, however they ended. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}

impl SessionRecord {
    /// Whether it can be used at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.idle_expires_at && now < self.absolute_expires_at
    }

    /// Takes over where the request that used it came from.
    pub fn seen(&mut self, context: ActionContext<'_>) {
        self.last_seen_at = context.now;
        self.user_agent.clone_from(&context.client.user_agent);
        self.ip.clone_from(&context.client.ip);
    }
}

pub(super) fn signed(session: &SessionRecord, generation: u64) -> Result<i64, StoreError> {
    i64::try_from(generation).map_err(corrupt("sessions", session.id.as_str()))
}
