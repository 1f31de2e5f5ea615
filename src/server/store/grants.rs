//! Grants: one for each authorization, a family of the client's refresh tokens.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Change, Dialects, change, hex},
    client_sessions::ClientSession,
    corrupt, execute, fetch_optional, postgres,
    sqlite::{
        self,
        json::{bytes, flag, optional_bytes},
    },
    statements,
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
    pub revoked: Option<RevocationReason>,
    /// The code that it is redeemed with. A device has none.
    pub code: Option<CodeRecord>,
}

/// An authorization code as stored. It stays as long as its grant: one that is presented again must find what it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRecord {
    pub hash: Vec<u8>,
    pub redirect_uri: String,
    /// PKCE, S256.
    pub challenge: Vec<u8>,
    pub nonce: Option<String>,
    pub expires_at: Timestamp,
    pub redeemed_at: Option<Timestamp>,
}

impl CodeRecord {
    /// Whether it can be redeemed.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.redeemed_at.is_none() && now < self.expires_at
    }
}

#[derive(Clone, FromRow, Deserialize)]
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
    #[serde(deserialize_with = "bytes")]
    salt: Vec<u8>,
    generation: i64,
    #[serde(deserialize_with = "flag")]
    confirmed: bool,
    rotated_at: Timestamp,
    created_at: Timestamp,
    last_used_at: Timestamp,
    idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    revoked_reason: Option<String>,
    #[sqlx(flatten)]
    code: CodeRow,
}

#[derive(Clone, FromRow, Deserialize)]
pub(super) struct CodeRow {
    #[sqlx(rename = "code_hash")]
    #[serde(deserialize_with = "optional_bytes")]
    hash: Option<Vec<u8>>,
    #[sqlx(rename = "code_redirect_uri")]
    redirect_uri: Option<String>,
    #[sqlx(rename = "code_challenge")]
    #[serde(deserialize_with = "optional_bytes")]
    challenge: Option<Vec<u8>>,
    #[sqlx(rename = "code_nonce")]
    nonce: Option<String>,
    #[sqlx(rename = "code_expires_at")]
    expires_at: Option<Timestamp>,
    #[sqlx(rename = "code_redeemed_at")]
    redeemed_at: Option<Timestamp>,
}

impl CodeRow {
    pub(super) fn record(self) -> Option<CodeRecord> {
        Some(CodeRecord {
            hash: self.hash?,
            redirect_uri: self.redirect_uri?,
            challenge: self.challenge?,
            nonce: self.nonce,
            expires_at: self.expires_at?,
            redeemed_at: self.redeemed_at,
        })
    }
}

pub(super) const TABLE: &str = "oauth_grants";

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
            code: row.code.record(),
            revoked: reason.transpose().map_err(corrupt(TABLE, &id))?,
            id: GrantId::parse(&id).map_err(corrupt(TABLE, &id))?,
        })
    }
}

statements! {
    BY_ID = "SELECT * FROM oauth_grants WHERE id = $1";
    REVOKE = "UPDATE oauth_grants SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    /// Offline ones. The others go with the sessions that they hang on.
    DELETE_EXPIRED = "DELETE FROM oauth_grants WHERE id IN (SELECT id FROM oauth_grants
                      WHERE client_session_id <> sign_in_id AND absolute_expires_at < $1 LIMIT $2)";
}

pub async fn by_id(db: &mut impl Queryable, id: &GrantId) -> Result<Option<GrantRecord>, StoreError> {
    let row: Option<GrantRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(GrantRecord::try_from).transpose()
}

const INSERT: Dialects =
    Dialects { sqlite: sqlite::grants::INSERT_GRANTS, postgres: postgres::grants::INSERT_GRANTS };
const ADVANCE: Dialects =
    Dialects { sqlite: sqlite::grants::ADVANCE_GRANTS, postgres: postgres::grants::ADVANCE_GRANTS };
const REDEEM: Dialects =
    Dialects { sqlite: sqlite::grants::REDEEM_GRANTS, postgres: postgres::grants::REDEEM_GRANTS };

pub async fn insert(tx: &mut Tx, grants: &[GrantRecord]) -> Result<(), StoreError> {
    insertion(grants)?.make(tx).await?;
    Ok(())
}

/// The same, to be committed with other changes.
pub fn insertion(grants: &[GrantRecord]) -> Result<Change, StoreError> {
    let rows = grants.iter().map(inserted).collect::<Result<Vec<_>, _>>()?;
    Ok(Change::new(INSERT, &rows))
}

/// The values of [`INSERT`], in its order.
fn inserted(grant: &GrantRecord) -> Result<Value, StoreError> {
    let code = grant.code.as_ref();
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
        grant.methods.to_string(),
        grant.acr.map(Level::as_str),
        code.map(|code| hex(&code.hash)),
        code.map(|code| &code.redirect_uri),
        code.map(|code| hex(&code.challenge)),
        code.and_then(|code| code.nonce.as_ref()),
        code.map(|code| code.expires_at.millis()),
    ]))
}

/// Writes the states that their use has led to, each if its row still is at the generation that it was read with. So two
/// rotations of one generation cannot both happen.
pub async fn write_use(tx: &mut Tx, grants: &[(u64, &GrantRecord)]) -> Result<(), StoreError> {
    advancing(grants)?.make(tx).await?;
    Ok(())
}

/// The same, to be committed with other changes.
pub fn advancing(grants: &[(u64, &GrantRecord)]) -> Result<Change, StoreError> {
    let rows = grants.iter().map(|(from, grant)| advanced(*from, grant));
    Ok(Change::of_all(ADVANCE, TABLE, &rows.collect::<Result<Vec<_>, _>>()?))
}

/// Consumes the codes of these grants, each of which can be done once.
pub async fn redeem(tx: &mut Tx, grants: &[(&GrantId, Timestamp)]) -> Result<(), StoreError> {
    redeeming(grants).make(tx).await?;
    Ok(())
}

/// The same, to be committed with other changes.
pub fn redeeming(grants: &[(&GrantId, Timestamp)]) -> Change {
    let rows: Vec<_> = grants.iter().map(|(id, now)| json!([id.as_str(), now.millis()])).collect();
    Change::of_all(REDEEM, TABLE, &rows)
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

/// Deletes `limit` offline grants at the most that expired by age before `before`. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}

fn signed(grant: &GrantRecord, generation: u64) -> Result<i64, StoreError> {
    i64::try_from(generation).map_err(corrupt(TABLE, grant.id.as_str()))
}
