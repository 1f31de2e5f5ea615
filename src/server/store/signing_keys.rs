//! Signing keys, sealed.

use sqlx::FromRow;

use super::{Queryable, StoreError, Tx, execute, expect_one_row, fetch_all, postgres::lock, statements};
use crate::server::clock::Timestamp;

/// A signing key as stored; [`crate::server::keys::key_set`] opens it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SigningKeyRecord {
    pub kid: String,
    pub algorithm: String,
    /// What it signs ([`crate::server::keys::line`]).
    pub purpose: String,
    /// Nothing for a symmetric key, which must not be published.
    pub public_jwk: Option<String>,
    /// The private key, sealed under the master secret; empty once the key is gone.
    pub sealed: String,
    pub created_at: Timestamp,
    /// Signs from then on.
    pub activates_at: Timestamp,
    /// Signs no more.
    pub retires_at: Option<Timestamp>,
    /// Verifies no more.
    pub gone_at: Option<Timestamp>,
    /// Whether it went before its time.
    pub revoked: bool,
}

/// How many live sessions hold an access token that a key has signed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct KeyUse {
    pub token_kid: String,
    pub sessions: i64,
}

statements! {
    ALL = "SELECT * FROM signing_keys ORDER BY activates_at, kid";
    INSERT = "INSERT INTO signing_keys (kid, algorithm, purpose, public_jwk, sealed, created_at, activates_at, revoked)
              VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE)";
    RETIRE = "UPDATE signing_keys SET retires_at = $2, gone_at = $3 WHERE kid = $1";
    REVOKE = "UPDATE signing_keys SET retires_at = $2, gone_at = $2, revoked = TRUE, sealed = '' WHERE kid = $1";
    RESEAL = "UPDATE signing_keys SET sealed = $2 WHERE kid = $1";
    FORGET_PRIVATE = "UPDATE signing_keys SET sealed = '' WHERE gone_at <= $1 AND sealed <> ''";
    USES = "SELECT token_kid, count(*) AS sessions FROM sessions
            WHERE revoked_at IS NULL AND token_expires_at > $1 GROUP BY token_kid";
}

/// Holds the key set for this transaction: two nodes that rotate at once make one key between them.
pub async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    tx.lock_row(lock::ADVISORY, "signing keys").await
}

/// All keys there have been, in the order in which they sign.
pub async fn all(db: &mut impl Queryable) -> Result<Vec<SigningKeyRecord>, StoreError> {
    Ok(fetch_all!(db, ALL)?)
}

pub async fn insert(tx: &mut Tx, key: &SigningKeyRecord) -> Result<(), StoreError> {
    execute!(
        tx,
        INSERT,
        &key.kid,
        &key.algorithm,
        &key.purpose,
        &key.public_jwk,
        &key.sealed,
        key.created_at,
        key.activates_at
    )?;
    Ok(())
}

/// Says when a key stops to sign, and when to verify; or that nothing of that is settled.
pub async fn retire(
    tx: &mut Tx,
    kid: &str,
    retires_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let rows = execute!(tx, RETIRE, kid, retires_at, gone_at)?;
    expect_one_row(rows, "signing_keys", kid)
}

/// Ends a key now, and forgets its private part.
pub async fn revoke(tx: &mut Tx, kid: &str, now: Timestamp) -> Result<(), StoreError> {
    let rows = execute!(tx, REVOKE, kid, now)?;
    expect_one_row(rows, "signing_keys", kid)
}

pub async fn reseal(tx: &mut Tx, kid: &str, sealed: &str) -> Result<(), StoreError> {
    let rows = execute!(tx, RESEAL, kid, sealed)?;
    expect_one_row(rows, "signing_keys", kid)
}

/// Forgets the private parts of keys that are gone.
pub async fn forget_private(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, FORGET_PRIVATE, now)?;
    Ok(())
}

/// Which keys live sessions depend on.
pub async fn uses(db: &mut impl Queryable, now: Timestamp) -> Result<Vec<KeyUse>, StoreError> {
    Ok(fetch_all!(db, USES, now)?)
}
