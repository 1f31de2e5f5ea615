//! Authorization codes. Only a hash of each is here, also for a while after it has expired.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, corrupt, execute, fetch_optional, statements};
use crate::{
    model::{id::GrantId, oauth::client_id::ClientId},
    server::clock::Timestamp,
};

/// A code as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRecord {
    pub code_hash: Vec<u8>,
    pub grant: GrantId,
    pub client: ClientId,
    pub redirect_uri: String,
    /// PKCE, S256.
    pub challenge: Vec<u8>,
    pub nonce: Option<String>,
    pub expires_at: Timestamp,
    pub redeemed_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct CodeRow {
    code_hash: Vec<u8>,
    grant_id: String,
    client_id: String,
    redirect_uri: String,
    challenge: Vec<u8>,
    nonce: Option<String>,
    expires_at: Timestamp,
    redeemed_at: Option<Timestamp>,
}

impl TryFrom<CodeRow> for CodeRecord {
    type Error = StoreError;
    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        Ok(Self {
            grant: GrantId::parse(&row.grant_id).map_err(corrupt("oauth_codes", &row.grant_id))?,
            client: ClientId::parse(&row.client_id).map_err(corrupt("oauth_codes", &row.grant_id))?,
            code_hash: row.code_hash,
            redirect_uri: row.redirect_uri,
            challenge: row.challenge,
            nonce: row.nonce,
            expires_at: row.expires_at,
            redeemed_at: row.redeemed_at,
        })
    }
}

statements! {
    FIND = "SELECT * FROM oauth_codes WHERE code_hash = $1";
    INSERT = "INSERT INTO oauth_codes (code_hash, grant_id, client_id, redirect_uri, challenge, nonce, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REDEEM = "UPDATE oauth_codes SET redeemed_at = $2 WHERE code_hash = $1 AND redeemed_at IS NULL AND expires_at > $2";
    DELETE_EXPIRED = "DELETE FROM oauth_codes WHERE code_hash IN
                      (SELECT code_hash FROM oauth_codes WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn find(db: &mut impl Queryable, code_hash: &[u8]) -> Result<Option<CodeRecord>, StoreError> {
    let row: Option<CodeRow> = fetch_optional!(db, FIND, code_hash)?;
    row.map(CodeRecord::try_from).transpose()
}

pub async fn insert(tx: &mut Tx, code: &CodeRecord) -> Result<(), StoreError> {
    execute!(
        tx,
        INSERT,
        &code.code_hash,
        code.grant.as_str(),
        code.client.as_str(),
        &code.redirect_uri,
        &code.challenge,
        code.nonce.as_deref(),
        code.expires_at
    )?;
    Ok(())
}

/// Consumes a code, which one request alone can do. `false`: it was consumed before, or has expired.
pub async fn redeem(tx: &mut Tx, code_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, REDEEM, code_hash, now)? == 1)
}

/// Deletes `limit` at the most that expired before `before`. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}
