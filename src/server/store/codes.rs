//! Authorization codes. Only a hash of each is here, also for a while after it has expired.

use std::collections::HashSet;

use serde_json::json;
use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx,
    by_ids::{Dialects, Found, change, changed, hex},
    corrupt, execute, fetch_optional, postgres, sqlite, statements,
};
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

#[derive(Clone, FromRow)]
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
    DELETE_EXPIRED = "DELETE FROM oauth_codes WHERE code_hash IN
                      (SELECT code_hash FROM oauth_codes WHERE expires_at <= $1 LIMIT $2)";
}

pub async fn find(db: &mut impl Queryable, code_hash: &[u8]) -> Result<Option<CodeRecord>, StoreError> {
    let row: Option<CodeRow> = fetch_optional!(db, FIND, code_hash)?;
    row.map(CodeRecord::try_from).transpose()
}

/// A code that is found by its hash in hexadecimal digits.
#[derive(Clone, FromRow)]
pub struct AskedCodeRow {
    asked: String,
    #[sqlx(flatten)]
    code: CodeRow,
}

impl TryFrom<AskedCodeRow> for CodeRecord {
    type Error = StoreError;
    fn try_from(row: AskedCodeRow) -> Result<Self, StoreError> {
        row.code.try_into()
    }
}

impl Found for AskedCodeRow {
    type Record = CodeRecord;
    const READ: Dialects = Dialects { sqlite: sqlite::grants::CODES, postgres: postgres::grants::CODES };

    fn id(&self) -> &str {
        &self.asked
    }
}

const INSERT: Dialects =
    Dialects { sqlite: sqlite::grants::INSERT_CODES, postgres: postgres::grants::INSERT_CODES };
const REDEEM: Dialects =
    Dialects { sqlite: sqlite::grants::REDEEM_CODES, postgres: postgres::grants::REDEEM_CODES };

/// What a code is asked for by.
pub fn key(code_hash: &[u8]) -> String {
    hex(code_hash)
}

pub async fn insert(tx: &mut Tx, codes: &[CodeRecord]) -> Result<(), StoreError> {
    let row = |code: &CodeRecord| {
        json!([
            hex(&code.code_hash),
            code.grant.as_str(),
            code.client.as_str(),
            code.redirect_uri,
            hex(&code.challenge),
            code.nonce,
            code.expires_at.millis(),
        ])
    };
    change(tx, INSERT, &codes.iter().map(row).collect::<Vec<_>>()).await?;
    Ok(())
}

/// Consumes codes, each of which one request alone can do. Returns the keys of those that it has consumed: the others were
/// consumed before, or have expired.
pub async fn redeem(tx: &mut Tx, codes: &[(&[u8], Timestamp)]) -> Result<HashSet<String>, StoreError> {
    let rows: Vec<_> = codes.iter().map(|(code_hash, now)| json!([hex(code_hash), now.millis()])).collect();
    Ok(changed(tx, REDEEM, &rows).await?.into_iter().collect())
}

/// Deletes `limit` at the most that expired before `before`. Returns how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    Ok(execute!(tx, DELETE_EXPIRED, before, limit)?)
}
