//! Signing keys, sealed.

use sqlx::{query, query_as};

use super::{Queryable, StoreError, Tx, on_db, postgres::lock, row, statements};
use crate::server::clock::Timestamp;

row! {
    /// A signing key as stored; [`crate::server::tokens::keys`] opens it.
    #[derive(Clone, Debug)]
    pub struct SigningKeyRecord {
        pub kid: String,
        pub algorithm: String,
        pub public_jwk: Option<String>,
        pub sealed: String,
        pub created_at: Timestamp,
        pub activates_at: Timestamp,
        pub retires_at: Option<Timestamp>,
        pub gone_at: Option<Timestamp>,
    }
}

statements! {
    LIVE = "SELECT * FROM signing_keys WHERE gone_at IS NULL OR gone_at > $1 ORDER BY activates_at, kid";
    INSERT = "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed, created_at, activates_at)
              VALUES ($1, $2, $3, $4, $5, $6)";
}

/// Holds the key set for this transaction: two nodes that start at once make one first key between them.
pub async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    tx.lock_row(lock::ADVISORY, "signing keys").await
}

/// Keys that sign, will sign, or still verify, in the order in which they sign.
pub async fn live(db: &mut impl Queryable, now: Timestamp) -> Result<Vec<SigningKeyRecord>, StoreError> {
    Ok(on_db!(db, |c| query_as(LIVE).bind(now).fetch_all(c).await)?)
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
