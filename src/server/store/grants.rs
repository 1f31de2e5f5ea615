//! Grants: one for each authorization, a family of the client's refresh tokens.

use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Dialects, Found, change, hex},
    client_sessions::{self, ClientSession},
    corrupt, execute, fetch_optional, postgres, sqlite, statements,
};
use crate::{
    model::{
        id::{ClientSessionId, GrantId, UserId},
        level::Level,
        methods::Methods,
        oauth::{client_id::ClientId, resource::Resources, revocation::RevocationReason, scope::Scopes},
    },
    server::clock::Timestamp,
};

/// A grant as stored. Its rules are in [`crate::server::oauth`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    pub id: GrantId,
    /// It ends with this client session; the `sid` of its access tokens.
    pub client_session: ClientSessionId,
    /// The client session of the sign-in; the `sid` of its ID tokens. Another one for an offline grant.
    pub sign_in: ClientSessionId,
    pub client: ClientId,
    pub user: UserId,
    pub scopes: Scopes,
    pub resources: Resources,
    /// When the person had proved who they are.
    pub auth_time: Timestamp,
    /// And with what.
    pub methods: Methods,
    /// The level that the client asked for and got. Nothing: it asked for none.
    pub acr: Option<Level>,
    /// Of the key that authenticates its refresh tokens.
    pub salt: Vec<u8>,
    /// Of the newest refresh token.
    pub generation: u64,
    /// Whether somebody has used that generation.
    pub confirmed: bool,
    pub rotated_at: Timestamp,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    /// When the last of its access tokens expires.
    pub token_expires_at: Timestamp,
    pub revoked: Option<RevocationReason>,
}

#[derive(Clone, FromRow)]
pub struct GrantRow {
    pub(super) id: String,
    client_session_id: String,
    sign_in_id: String,
    client_id: String,
    pub(super) user_id: String,
    scopes: String,
    resources: String,
    auth_time: Timestamp,
    methods: String,
    acr: Option<String>,
    salt: Vec<u8>,
    generation: i64,
    confirmed: bool,
    rotated_at: Timestamp,
    created_at: Timestamp,
    last_used_at: Timestamp,
    idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
    token_expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    revoked_reason: Option<String>,
}

const TABLE: &str = "oauth_grants";

impl TryFrom<GrantRow> for GrantRecord {
    type Error = StoreError;
    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        let id = row.id;
        let reason =
            row.revoked_at.map(|_| RevocationReason::parse(row.revoked_reason.as_deref().unwrap_or("")));
        Ok(Self {
            client_session: ClientSessionId::parse(&row.client_session_id).map_err(corrupt(TABLE, &id))?,
            sign_in: ClientSessionId::parse(&row.sign_in_id).map_err(corrupt(TABLE, &id))?,
            client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, &id))?,
            user: UserId::parse(&row.user_id).map_err(corrupt(TABLE, &id))?,
            scopes: Scopes::parse(&row.scopes).map_err(corrupt(TABLE, &id))?,
            resources: Resources::parse(&row.resources).map_err(corrupt(TABLE, &id))?,
            auth_time: row.auth_time,
            methods: Methods::parse(&row.methods).map_err(corrupt(TABLE, &id))?,
            acr: row.acr.as_deref().and_then(Level::parse),
            salt: row.salt,
            generation: u64::try_from(row.generation).map_err(corrupt(TABLE, &id))?,
            confirmed: row.confirmed,
            rotated_at: row.rotated_at,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
            token_expires_at: row.token_expires_at,
            revoked: reason.transpose().map_err(corrupt(TABLE, &id))?,
            id: GrantId::parse(&id).map_err(corrupt(TABLE, &id))?,
        })
    }
}

statements! {
    BY_ID = "SELECT * FROM oauth_grants WHERE id = $1";
    REVOKE = "UPDATE oauth_grants SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    DELETE_EXPIRED = "DELETE FROM oauth_grants
                      WHERE id IN (SELECT id FROM oauth_grants WHERE absolute_expires_at < $1 LIMIT $2)";
}

pub async fn by_id(db: &mut impl Queryable, id: &GrantId) -> Result<Option<GrantRecord>, StoreError> {
    let row: Option<GrantRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(GrantRecord::try_from).transpose()
}

impl Found for GrantRow {
    type Record = GrantRecord;
    const READ: Dialects = Dialects { sqlite: sqlite::grants::GRANTS, postgres: postgres::grants::GRANTS };

    fn id(&self) -> &str {
        &self.id
    }
}

const INSERT: Dialects =
    Dialects { sqlite: sqlite::grants::INSERT_GRANTS, postgres: postgres::grants::INSERT_GRANTS };
const ADVANCE: Dialects =
    Dialects { sqlite: sqlite::grants::ADVANCE_GRANTS, postgres: postgres::grants::ADVANCE_GRANTS };

pub async fn insert(tx: &mut Tx, grants: &[GrantRecord]) -> Result<(), StoreError> {
    let rows = grants.iter().map(inserted).collect::<Result<Vec<_>, _>>()?;
    change(tx, INSERT, &rows).await?;
    Ok(())
}

/// The values of [`INSERT`], in its order.
fn inserted(grant: &GrantRecord) -> Result<Value, StoreError> {
    Ok(json!([
        grant.id.as_str(),
        grant.client_session.as_str(),
        grant.sign_in.as_str(),
        grant.client.as_str(),
        grant.user.as_str(),
        grant.scopes.to_string(),
        grant.resources.to_string(),
        grant.auth_time.millis(),
        hex(&grant.salt),
        signed(grant, grant.generation)?,
        u8::from(grant.confirmed),
        grant.rotated_at.millis(),
        grant.created_at.millis(),
        grant.last_used_at.millis(),
        grant.idle_expires_at.millis(),
        grant.absolute_expires_at.millis(),
        grant.token_expires_at.millis(),
        grant.methods.to_string(),
        grant.acr.map(Level::as_str),
    ]))
}

/// Writes the states that their use has led to, each if its row still is at the generation that it was read with. So two
/// rotations of one generation cannot both happen. Their client sessions remember the new access tokens too.
pub async fn write_use(tx: &mut Tx, grants: &[(u64, &GrantRecord)]) -> Result<(), StoreError> {
    if grants.is_empty() {
        return Ok(());
    }
    advance(tx, grants).await?;
    let expiries = grants.iter().map(|(_, grant)| (&grant.client_session, grant.token_expires_at));
    client_sessions::set_token_expiries(tx, &expiries.collect::<Vec<_>>()).await
}

async fn advance(tx: &mut Tx, grants: &[(u64, &GrantRecord)]) -> Result<(), StoreError> {
    let rows = grants.iter().map(|(from, grant)| advanced(*from, grant));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let changed = change(tx, ADVANCE, &rows).await?;
    if usize::try_from(changed).is_ok_and(|changed| changed == grants.len()) {
        Ok(())
    } else {
        let ids: Vec<_> = grants.iter().map(|(_, grant)| grant.id.as_str()).collect();
        Err(StoreError::Conflict { table: TABLE, row: ids.join(" or ") })
    }
}

/// The values of [`ADVANCE`], in its order.
fn advanced(from: u64, grant: &GrantRecord) -> Result<Value, StoreError> {
    Ok(json!([
        grant.id.as_str(),
        signed(grant, from)?,
        signed(grant, grant.generation)?,
        u8::from(grant.confirmed),
        grant.rotated_at.millis(),
        grant.last_used_at.millis(),
        grant.idle_expires_at.millis(),
        grant.token_expires_at.millis(),
    ]))
}

/// `false`: it had ended already, and the first reason stands.
pub async fn revoke(
    tx: &mut Tx,
    id: &GrantId,
    now: Timestamp,
    reason: RevocationReason,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, REVOKE, id.as_str(), now, reason.as_str())? == 1)
}

const REVOKE_OF_SESSIONS: Dialects =
    Dialects { sqlite: sqlite::endings::REVOKE_GRANTS, postgres: postgres::endings::REVOKE_GRANTS };

/// Ends the grants that hang on client sessions.
pub async fn revoke_of_client_sessions(
    tx: &mut Tx,
    sessions: &[ClientSession],
    now: Timestamp,
    reason: RevocationReason,
) -> Result<(), StoreError> {
    let row = |session: &ClientSession| json!([session.id.as_str(), now.millis(), reason.as_str()]);
    change(tx, REVOKE_OF_SESSIONS, &sessions.iter().map(row).collect::<Vec<_>>()).await?;
    Ok(())
}

/// Deletes `limit` grants at the most that expired by age before `before`. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}

fn signed(grant: &GrantRecord, generation: u64) -> Result<i64, StoreError> {
    i64::try_from(generation).map_err(corrupt(TABLE, grant.id.as_str()))
}
