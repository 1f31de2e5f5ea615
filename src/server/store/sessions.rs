//! Sessions: one row a refresh-token family.

use sqlx::{query, query_as};

use super::{Queryable, StoreError, Tx, changed_one, corrupt, on_db, postgres::lock, row, statements};
use crate::{
    model::{
        id::{SessionId, UserId},
        session::SignOutReason,
    },
    server::{clock::Timestamp, origin::Context},
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
    /// When the password was last entered.
    pub authenticated_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    pub revoked: Option<(Timestamp, SignOutReason)>,
    /// Key of the newest access token.
    pub token_kid: String,
    /// When that token expires.
    pub token_expires_at: Timestamp,
    /// As its owner calls it.
    pub name: Option<String>,
    pub user_agent: String,
    pub ip: String,
}

row! {
    struct SessionRow {
        id: String,
        user_id: String,
        salt: Vec<u8>,
        generation: i64,
        confirmed: bool,
        rotated_at: Timestamp,
        created_at: Timestamp,
        authenticated_at: Timestamp,
        last_seen_at: Timestamp,
        idle_expires_at: Timestamp,
        absolute_expires_at: Timestamp,
        revoked_at: Option<Timestamp>,
        revoked_reason: Option<String>,
        token_kid: String,
        token_expires_at: Timestamp,
        name: Option<String>,
        user_agent: String,
        ip: String,
    }
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
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
            revoked: row
                .revoked_at
                .map(|at| reason(row.revoked_reason).map(|reason| (at, reason)))
                .transpose()?,
            token_kid: row.token_kid,
            token_expires_at: row.token_expires_at,
            name: row.name,
            user_agent: row.user_agent,
            ip: row.ip,
            id: SessionId::parse(&id).map_err(corrupt("sessions", &id))?,
        })
    }
}

statements! {
    BY_ID = "SELECT * FROM sessions WHERE id = $1";
    INSERT = "INSERT INTO sessions (id, user_id, salt, generation, confirmed, rotated_at, created_at, authenticated_at,
                  last_seen_at, idle_expires_at, absolute_expires_at, token_kid, token_expires_at, user_agent, ip)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    /// Guarded by the generation that was read, so that two rotations of one generation cannot both happen.
    ADVANCE = "UPDATE sessions SET generation = $3, confirmed = $4, rotated_at = $5, last_seen_at = $6,
                   idle_expires_at = $7, token_kid = $8, token_expires_at = $9, user_agent = $10, ip = $11
               WHERE id = $1 AND generation = $2 AND revoked_at IS NULL";
    CONFIRM = "UPDATE sessions SET confirmed = TRUE
               WHERE id = $1 AND generation = $2 AND NOT confirmed AND revoked_at IS NULL";
    REVOKE = "UPDATE sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    /// Guarded like a rotation, which may happen beside it.
    AUTHENTICATED = "UPDATE sessions SET authenticated_at = $3, token_kid = $4, token_expires_at = $5
                     WHERE id = $1 AND generation = $2 AND revoked_at IS NULL";
    SET_NAME = "UPDATE sessions SET name = $2 WHERE id = $1";
    LIVE_OF_USER = "SELECT * FROM sessions
                    WHERE user_id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2
                    ORDER BY created_at DESC, id LIMIT $3";
    DELETE_ENDED = "DELETE FROM sessions WHERE absolute_expires_at < $1";
}

pub async fn by_id(db: &mut impl Queryable, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
    let row: Option<SessionRow> = on_db!(db, |c| query_as(BY_ID).bind(id.as_str()).fetch_optional(c).await)?;
    row.map(SessionRecord::try_from).transpose()
}

/// The session, held for this transaction.
pub async fn lock_by_id(tx: &mut Tx, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
    tx.lock_row(lock::SESSION, id.as_str()).await?;
    by_id(tx, id).await
}

pub async fn insert(tx: &mut Tx, session: &SessionRecord) -> Result<(), StoreError> {
    on_db!(tx, |c| {
        query(INSERT)
            .bind(session.id.as_str())
            .bind(session.user_id.as_str())
            .bind(&session.salt)
            .bind(signed(session, session.generation)?)
            .bind(session.confirmed)
            .bind(session.rotated_at)
            .bind(session.created_at)
            .bind(session.authenticated_at)
            .bind(session.last_seen_at)
            .bind(session.idle_expires_at)
            .bind(session.absolute_expires_at)
            .bind(&session.token_kid)
            .bind(session.token_expires_at)
            .bind(&session.user_agent)
            .bind(&session.ip)
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// Writes the state that a refresh has led to, if the row still is at generation `from`.
pub async fn advance(tx: &mut Tx, from: u64, session: &SessionRecord) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| {
        query(ADVANCE)
            .bind(session.id.as_str())
            .bind(signed(session, from)?)
            .bind(signed(session, session.generation)?)
            .bind(session.confirmed)
            .bind(session.rotated_at)
            .bind(session.last_seen_at)
            .bind(session.idle_expires_at)
            .bind(&session.token_kid)
            .bind(session.token_expires_at)
            .bind(&session.user_agent)
            .bind(&session.ip)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    changed_one(rows, "sessions", session.id.as_str())
}

/// Remembers that an access token of `generation` was used. A session that has moved on is left alone.
pub async fn confirm(tx: &mut Tx, id: &SessionId, generation: u64) -> Result<(), StoreError> {
    let generation = i64::try_from(generation).map_err(corrupt("sessions", id.as_str()))?;
    on_db!(tx, |c| query(CONFIRM).bind(id.as_str()).bind(generation).execute(c).await.map(drop))?;
    Ok(())
}

/// Ends a session. `false`: it had ended already, and the first reason stands.
pub async fn revoke(
    tx: &mut Tx,
    id: &SessionId,
    now: Timestamp,
    reason: SignOutReason,
) -> Result<bool, StoreError> {
    let rows = on_db!(tx, |c| {
        query(REVOKE)
            .bind(id.as_str())
            .bind(now)
            .bind(reason.as_str())
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

/// Remembers that the password was entered, and the access token that says so.
pub async fn authenticated(tx: &mut Tx, session: &SessionRecord) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| {
        query(AUTHENTICATED)
            .bind(session.id.as_str())
            .bind(signed(session, session.generation)?)
            .bind(session.authenticated_at)
            .bind(&session.token_kid)
            .bind(session.token_expires_at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    changed_one(rows, "sessions", session.id.as_str())
}

pub async fn set_name(tx: &mut Tx, id: &SessionId, name: Option<&str>) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| query(SET_NAME)
        .bind(id.as_str())
        .bind(name)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    changed_one(rows, "sessions", id.as_str())
}

/// The live sessions of an account, the newest first, `limit` at the most.
pub async fn live_of_user(
    db: &mut impl Queryable,
    user: &UserId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SessionRecord>, StoreError> {
    let rows: Vec<SessionRow> =
        on_db!(db, |c| query_as(LIVE_OF_USER).bind(user.as_str()).bind(now).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(SessionRecord::try_from).collect()
}

/// Forgets sessions that ended by age before `before`, however they had ended. Returns how many.
pub async fn delete_ended(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    Ok(on_db!(tx, |c| query(DELETE_ENDED).bind(before).execute(c).await.map(|done| done.rows_affected()))?)
}

impl SessionRecord {
    /// Whether it can be used at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.idle_expires_at && now < self.absolute_expires_at
    }

    /// Takes over where the request that used it came from.
    pub fn seen(&mut self, context: Context<'_>) {
        self.last_seen_at = context.now;
        self.user_agent.clone_from(&context.origin.user_agent);
        self.ip.clone_from(&context.origin.ip);
    }
}

fn signed(session: &SessionRecord, generation: u64) -> Result<i64, StoreError> {
    i64::try_from(generation).map_err(corrupt("sessions", session.id.as_str()))
}
