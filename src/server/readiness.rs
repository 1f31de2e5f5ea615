//! Whether the database takes writes, asked seldom enough that nobody can keep it busy by asking.

use std::time::Duration;

use tokio::{sync::Mutex, time::timeout};

use super::{clock::Timestamp, store::Store};

/// How long an answer holds.
const VALID_FOR: Duration = Duration::from_secs(1);
/// A database that takes longer to take a write takes none, as far as whoever sends requests here is concerned.
const LIMIT: Duration = Duration::from_secs(2);

/// The last answer.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Timestamp, bool)>>);

impl Readiness {
    /// Whether a write was committed just now. Those who ask at once wait for one answer.
    pub async fn takes_writes(&self, store: &Store, now: Timestamp) -> bool {
        let mut last = self.0.lock().await;
        match *last {
            // A clock that was set back makes no answer last longer.
            Some((at, answer)) if at <= now && now - at < VALID_FOR => answer,
            _ => {
                let answer = probe(store, now).await;
                *last = Some((now, answer));
                answer
            }
        }
    }
}

async fn probe(store: &Store, now: Timestamp) -> bool {
    match timeout(LIMIT, store.probe(now)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database takes no writes");
            false
        }
        Err(_) => {
            tracing::warn!("the database took no write within {LIMIT:?}");
            false
        }
    }
}
