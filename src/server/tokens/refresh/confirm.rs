//! Remembering that the newest generation was used: an access token of it, or the refresh token for a page load. Then its
//! response has arrived, and whoever still presents the generation before is a thief.
//!
//! The write is off the request's path: many confirmations share one transaction, and one that is lost in a crash
//! only makes the session a little more forgiving.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tokio::sync::mpsc;

use crate::{
    model::id::SessionId,
    server::{
        store::{Store, StoreError, sessions, within_patience},
        survive::survive,
    },
};

/// Sessions that are remembered as confirmed. One that was forgotten is confirmed once more.
const REMEMBERED: usize = 50_000;
const QUEUED: usize = 10_000;
/// Written in one transaction, at the most.
const BATCH: usize = 256;

type Confirmation = (SessionId, u64);

/// The requests' side: notes each session's generation once.
#[derive(Debug)]
pub struct Confirmations {
    seen: Arc<Cache<SessionId, u64>>,
    queue: mpsc::Sender<Confirmation>,
}

/// The other side, which writes.
#[derive(Debug)]
pub struct Writer {
    seen: Arc<Cache<SessionId, u64>>,
    queue: mpsc::Receiver<Confirmation>,
}

impl Confirmations {
    /// The two ends.
    pub fn channel() -> (Self, Writer) {
        let seen = Arc::new(Cache::new(REMEMBERED));
        let (sender, receiver) = mpsc::channel(QUEUED);
        (Self { seen: seen.clone(), queue: sender }, Writer { seen, queue: receiver })
    }

    /// Notes that a generation was used. Memory only, unless it is new.
    pub fn note(&self, session: &SessionId, generation: u64) {
        if self.seen.get(session).is_some_and(|confirmed| confirmed >= generation) {
            return;
        }
        // A full queue is no reason to hold the request up: the next one notes it again.
        if self.queue.try_send((session.clone(), generation)).is_ok() {
            self.seen.insert(session.clone(), generation);
        }
    }
}

impl Writer {
    /// Writes what comes through the queue, as much as there is at once in one transaction, until the queue closes.
    pub async fn run(mut self, store: Store) {
        while self.write_next(&store).await {}
    }

    /// Waits for something to write, and writes it. `false`: the queue is closed.
    pub async fn write_next(&mut self, store: &Store) -> bool {
        let mut batch = Vec::new();
        if self.queue.recv_many(&mut batch, BATCH).await == 0 {
            return false;
        }
        // In one order, whoever locks several sessions: two who do never wait for each other in a circle.
        batch.sort_unstable();
        let outcome = survive(within_patience(write(store, &batch))).await;
        if let Some(Err(error)) = &outcome {
            tracing::warn!(%error, count = batch.len(), "confirmations were not written; the next use notes them again");
        }
        if !matches!(outcome, Some(Ok(()))) {
            for (session, _) in &batch {
                self.seen.remove(session);
            }
        }
        true
    }
}

async fn write(store: &Store, batch: &[Confirmation]) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for (session, generation) in batch {
        sessions::confirm(&mut tx, session, *generation).await?;
    }
    tx.commit().await
}
