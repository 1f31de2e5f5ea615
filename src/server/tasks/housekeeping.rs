//! What is done now and then, whoever asks: deleting what nobody needs any more.

use std::{sync::Arc, time::Duration};

use crate::server::{
    clock::Timestamp,
    error::Error,
    state::AppState,
    store::{
        StoreError, Tx, audit, authorization_requests, client_assertions, client_sessions, codes,
        device_codes, grants, invalidations, logout_deliveries, one_time_tokens, sessions, signing_keys,
    },
    survive::survive,
};

const INTERVAL: Duration = Duration::from_secs(3600);
/// How long an ended session is kept after its latest possible end, so that its owner can still be told why.
const KEEP_ENDED_SESSIONS: Duration = Duration::from_secs(7 * 86400);

/// How long a code is kept after it has expired: one that is presented again must find what it gave.
const KEEP_CODES: Duration = Duration::from_secs(86400);

/// Deletes every hour, for as long as the program runs.
pub async fn run(state: Arc<AppState>) {
    let mut timer = tokio::time::interval(INTERVAL);
    loop {
        timer.tick().await;
        if let Some(Err(error)) = survive(delete_expired(&state, state.now())).await {
            tracing::warn!(%error, "housekeeping failed; it is tried again in an hour");
        }
    }
}

/// What has rows that expire.
#[derive(Clone, Copy, Debug)]
enum Expiring {
    Sessions,
    Invalidations,
    OneTimeTokens,
    ClientAssertions,
    AuditEvents,
    AuthorizationRequests,
    AuthorizationCodes,
    DeviceCodes,
    Grants,
    ClientSessions,
    LogoutDeliveries,
}

impl Expiring {
    /// Deletes `limit` rows at the most whose time was over at `before`. Returns how many.
    async fn delete(self, tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        match self {
            Self::Sessions => sessions::delete_expired(tx, before, limit).await,
            Self::Invalidations => invalidations::delete_expired(tx, before, limit).await,
            Self::OneTimeTokens => one_time_tokens::delete_expired(tx, before, limit).await,
            Self::ClientAssertions => client_assertions::delete_expired(tx, before, limit).await,
            Self::AuditEvents => audit::delete_before(tx, before, limit).await,
            Self::AuthorizationRequests => authorization_requests::delete_expired(tx, before, limit).await,
            Self::AuthorizationCodes => codes::delete_expired(tx, before, limit).await,
            Self::DeviceCodes => device_codes::delete_expired(tx, before, limit).await,
            Self::Grants => grants::delete_expired(tx, before, limit).await,
            Self::ClientSessions => client_sessions::delete_ended(tx, before, limit).await,
            Self::LogoutDeliveries => logout_deliveries::delete_ended(tx, before, limit).await,
        }
    }
}

/// Deletes what has expired, and the private parts of keys that are gone.
pub async fn delete_expired(state: &AppState, now: Timestamp) -> Result<(), Error> {
    let retention = state.config.audit_retention;
    let expiring = [
        Some((Expiring::Sessions, now - KEEP_ENDED_SESSIONS)),
        Some((Expiring::Invalidations, now)),
        Some((Expiring::OneTimeTokens, now)),
        Some((Expiring::ClientAssertions, now)),
        Some((Expiring::AuthorizationRequests, now)),
        Some((Expiring::AuthorizationCodes, now - KEEP_CODES)),
        Some((Expiring::DeviceCodes, now - KEEP_CODES)),
        Some((Expiring::Grants, now - KEEP_ENDED_SESSIONS)),
        Some((Expiring::ClientSessions, now - KEEP_ENDED_SESSIONS)),
        Some((Expiring::LogoutDeliveries, now - KEEP_ENDED_SESSIONS)),
        retention.map(|retention| (Expiring::AuditEvents, now - retention)),
    ];
    for (what, before) in expiring.into_iter().flatten() {
        let deleted = in_batches(state, what, before).await?;
        tracing::debug!(deleted, ?what, "deleted what has expired");
    }
    let mut tx = state.store.begin().await?;
    signing_keys::forget_private(&mut tx, now).await?;
    tx.commit().await?;
    Ok(())
}

/// A batch that took longer than this is followed by a smaller one. Half of the 50 ms for which housekeeping may hold
/// the writer: the next batch may be slower than the last.
const SLOW: Duration = Duration::from_millis(25);
const FIRST_BATCH: i64 = 100;
const LARGEST_BATCH: i64 = 2000;

/// Deletes until nothing is left, each batch in a transaction of its own. Between two batches others may write.
async fn in_batches(state: &AppState, what: Expiring, before: Timestamp) -> Result<u64, StoreError> {
    let (mut deleted, mut limit) = (0, FIRST_BATCH);
    loop {
        let mut tx = state.store.begin().await?;
        let began = state.now();
        let rows = what.delete(&mut tx, before, limit).await?;
        tx.commit().await?;
        let took = state.now() - began;
        deleted += rows;
        if i64::try_from(rows).unwrap_or(i64::MAX) < limit {
            return Ok(deleted);
        }
        limit = if took > SLOW { (limit / 2).max(1) } else { (limit * 2).min(LARGEST_BATCH) };
        tokio::time::sleep(took).await;
    }
}
