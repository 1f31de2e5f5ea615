//! What is done now and then, whoever asks: deleting what nobody needs any more.

use std::{sync::Arc, time::Duration};

use crate::server::{
    clock::Timestamp,
    error::Error,
    state::AppState,
    store::{
        StoreError, Tx, audit, authorization_requests, client_assertions, client_secrets, client_sessions,
        device_codes, grants, invalidations, logout_deliveries, mail_requests, mails, one_time_tokens,
        sessions, signing_keys, spent, upstream_logins,
    },
    survive::survive,
};

const INTERVAL: Duration = Duration::from_secs(3600);
/// How long an ended session is kept after its latest possible end, so that its owner can still be told why.
const KEEP_ENDED_SESSIONS: Duration = Duration::from_secs(7 * 86400);

/// How long a device code is kept after it has expired: one that is presented again must find what it gave.
const KEEP_DEVICE_CODES: Duration = Duration::from_secs(86400);

/// How long it is remembered that something was used, after it has expired: a clock that is set back makes it no newer.
const KEEP_SPENT: Duration = Duration::from_secs(86400);

/// How long a mail is kept that is of no use any more: whoever sends mails gives it up before, and says so. What is left
/// was written before mails were switched off.
const KEEP_MAILS: Duration = Duration::from_secs(86400);

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
    ClientSecrets,
    AuditEvents,
    AuthorizationRequests,
    DeviceCodes,
    Grants,
    ClientSessions,
    LogoutDeliveries,
    Spent,
    Mails,
    MailRequests,
    UpstreamLogins,
}

impl Expiring {
    /// Deletes `limit` rows at the most whose time was over at `before`. Returns how many.
    async fn delete(self, tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        match self {
            Self::Sessions => sessions::delete_expired(tx, before, limit).await,
            Self::Invalidations => invalidations::delete_expired(tx, before, limit).await,
            Self::OneTimeTokens => one_time_tokens::delete_expired(tx, before, limit).await,
            Self::ClientAssertions => client_assertions::delete_expired(tx, before, limit).await,
            Self::ClientSecrets => client_secrets::delete_expired(tx, before, limit).await,
            Self::AuditEvents => audit::delete_before(tx, before, limit).await,
            Self::AuthorizationRequests => authorization_requests::delete_expired(tx, before, limit).await,
            Self::DeviceCodes => device_codes::delete_expired(tx, before, limit).await,
            Self::Grants => grants::delete_expired(tx, before, limit).await,
            Self::ClientSessions => client_sessions::delete_ended(tx, before, limit).await,
            Self::Spent => spent::delete_expired(tx, before, limit).await,
            Self::LogoutDeliveries => logout_deliveries::delete_ended(tx, before, limit).await,
            Self::MailRequests => mail_requests::delete_expired(tx, before, limit).await,
            Self::Mails => mails::delete_expired(tx, before, limit).await,
            Self::UpstreamLogins => upstream_logins::delete_expired(tx, before, limit).await,
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
        Some((Expiring::ClientSecrets, now)),
        Some((Expiring::AuthorizationRequests, now)),
        Some((Expiring::Spent, now - KEEP_SPENT)),
        Some((Expiring::DeviceCodes, now - KEEP_DEVICE_CODES)),
        Some((Expiring::UpstreamLogins, now)),
        Some((Expiring::Grants, now - KEEP_ENDED_SESSIONS)),
        Some((Expiring::ClientSessions, now - KEEP_ENDED_SESSIONS)),
        Some((Expiring::LogoutDeliveries, now - KEEP_ENDED_SESSIONS)),
        Some((Expiring::Mails, now - KEEP_MAILS)),
        Some((Expiring::MailRequests, now - KEEP_MAILS)),
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

/// For how many times as long as a batch took the writer is left to others: few enough of those who wait for it meet a
/// batch, or the disk while it copies what batches have changed, that the slowest hundredth of them hardly changes.
const PAUSE: u32 = 60;
/// Takes hardly longer than the commit, for which a refresh waits too.
const SMALLEST_BATCH: i64 = 5;
const LARGEST_BATCH: i64 = 2000;

/// Deletes until nothing is left, each batch in a transaction of its own. Between two batches others may write.
async fn in_batches(state: &AppState, what: Expiring, before: Timestamp) -> Result<u64, StoreError> {
    let (mut deleted, mut limit, mut fastest) = (0, SMALLEST_BATCH, Duration::MAX);
    loop {
        let mut tx = state.store.begin().await?;
        let began = state.clock.elapsed();
        let rows = what.delete(&mut tx, before, limit).await?;
        tx.commit().await?;
        let took = state.clock.elapsed().saturating_sub(began);
        deleted += rows;
        if i64::try_from(rows).unwrap_or(i64::MAX) < limit {
            return Ok(deleted);
        }
        fastest = fastest.min(took);
        limit = next_batch(limit, took, fastest);
        tokio::time::sleep(took * PAUSE).await;
    }
}

/// The size of the batch that follows one of this size. A batch may hold the writer, for which every refresh waits, for twice
/// as long as the fastest did: what that is in milliseconds depends on the disk, and so does what a refresh takes. The next
/// may be slower than the last, so it is only larger if there is room.
fn next_batch(limit: i64, took: Duration, fastest: Duration) -> i64 {
    let next = if took > fastest * 2 {
        limit / 2
    } else if took < fastest * 3 / 2 {
        limit * 3 / 2
    } else {
        limit
    };
    next.clamp(SMALLEST_BATCH, LARGEST_BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the batches settle at that take as long for each row, and for the commit: their size, and how long one takes.
    fn settles_at(row: Duration, commit: Duration) -> (i64, Duration) {
        let took = |limit: i64| row * u32::try_from(limit).unwrap() + commit;
        let fastest = took(SMALLEST_BATCH);
        let limit = (0..100).fold(SMALLEST_BATCH, |limit, _| next_batch(limit, took(limit), fastest));
        (limit, took(limit))
    }

    #[test]
    fn a_batch_holds_the_writer_for_no_longer_than_twice_the_smallest() {
        for (row, commit) in [(2, 200), (10, 200), (30, 200), (30, 20_000), (200, 0)] {
            let [row, commit] = [row, commit].map(Duration::from_micros);
            let (_, took) = settles_at(row, commit);
            let smallest = row * 5 + commit;
            assert!(
                smallest * 3 / 2 <= took && took <= smallest * 2,
                "{took:?} for rows of {row:?} and {commit:?}"
            );
        }
    }

    #[test]
    fn a_slow_disk_does_not_keep_what_has_expired() {
        let (limit, _) = settles_at(Duration::from_micros(30), Duration::from_millis(20));
        assert!(limit > 300, "{limit}");
    }

    #[test]
    fn a_batch_that_was_slow_by_chance_is_followed_by_half_of_it() {
        let fastest = Duration::from_micros(300);
        assert_eq!(next_batch(40, fastest * 50, fastest), 20);
        assert_eq!(next_batch(SMALLEST_BATCH, fastest * 50, fastest), SMALLEST_BATCH);
    }
}
