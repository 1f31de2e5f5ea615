//! Signing keys, sealed.

use sqlx::{query, query_as};

use super::{Queryable, StoreError, Tx, changed_one, on_db, postgres::lock, row, statements};
use crate::server::clock::Timestamp;

row! {
    /// A signing key as stored; [`crate::server::tokens::keys`] opens it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SigningKeyRecord {
        pub kid: String,
        pub algorithm: String,
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
}

row! {
    /// How many live sessions hold an access token that a key has signed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct KeyUse {
        pub token_kid: String,
        pub sessions: i64,
    }
}

statements! {
    ALL = "SELECT * FROM signing_keys ORDER BY activates_at, kid";
    INSERT = "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed, created_at, activates_at, revoked)
              VALUES ($1, $2, $3, $4, $5, $6, FALSE)";
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
    Ok(on_db!(db, |c| query_as(ALL).fetch_all(c).await)?)
}

pub async fn insert(tx: &mut Tx, key: &SigningKeyRecord) -> Result<(), StoreError> {
    on_db!(tx, |c| {
        query(INSERT)
            .bind(&key.kid)
            .bind(&key.algorithm)
            .bind(&key.public_jwk)
            .bind(&key.sealed)
            .bind(key.created_at)
            .bind(key.activates_at)
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// Says when a key stops to sign, and when to verify; or that nothing of that is settled.
pub async fn retire(
    tx: &mut Tx,
    kid: &str,
    retires_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| query(RETIRE)
        .bind(kid)
        .bind(retires_at)
        .bind(gone_at)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    changed_one(rows, "signing_keys", kid)
}

/// Ends a key now, and forgets its private part.
pub async fn revoke(tx: &mut Tx, kid: &str, now: Timestamp) -> Result<(), StoreError> {
    let rows =
        on_db!(tx, |c| query(REVOKE).bind(kid).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
    changed_one(rows, "signing_keys", kid)
}

pub async fn reseal(tx: &mut Tx, kid: &str, sealed: &str) -> Result<(), StoreError> {
    let rows = on_db!(tx, |c| query(RESEAL)
        .bind(kid)
        .bind(sealed)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    changed_one(rows, "signing_keys", kid)
}

/// Forgets the private parts of keys that are gone.
pub async fn forget_private(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    on_db!(tx, |c| query(FORGET_PRIVATE).bind(now).execute(c).await.map(drop))?;
    Ok(())
}

/// Which keys live sessions depend on.
pub async fn uses(db: &mut impl Queryable, now: Timestamp) -> Result<Vec<KeyUse>, StoreError> {
    Ok(on_db!(db, |c| query_as(USES).bind(now).fetch_all(c).await)?)
}
