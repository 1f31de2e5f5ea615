//! Remembering that an access token of the newest generation was used: then its response has arrived, and whoever
//! still presents the generation before is a thief.
//!
//! The write is off the request's path: many confirmations share one transaction, and one that is lost in a crash
//! only makes the session a little more forgiving.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::mpsc;

use crate::{
    model::id::SessionId,
    server::{
        clock::Timestamp,
        store::{Store, StoreError, sessions},
        tokens::verify::Verified,
    },
};

/// Sessions remembered as confirmed; beyond that the oldest half is forgotten, and confirmed once more.
const REMEMBERED: usize = 50_000;
const QUEUED: usize = 10_000;

/// The requests' side: notes each session's generation once.
#[derive(Debug)]
pub struct Confirmations {
    seen: Mutex<HashMap<SessionId, (u64, Timestamp)>>,
    queue: mpsc::Sender<(SessionId, u64)>,
}

impl Confirmations {
    /// The two ends; [`write_confirmations`] serves the other.
    pub fn channel() -> (Self, mpsc::Receiver<(SessionId, u64)>) {
        let (queue, receiver) = mpsc::channel(QUEUED);
        (Self { seen: Mutex::new(HashMap::new()), queue }, receiver)
    }

    /// Notes that `token` was used. Memory only, unless its generation is new.
    pub fn note(&self, token: &Verified, now: Timestamp) {
        let generation = token.id.generation;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.get(&token.session).is_some_and(|(confirmed, _)| *confirmed >= generation) {
            return;
        }
        // A full queue is no reason to hold the request up: the next one notes it again.
        if self.queue.try_send((token.session.clone(), generation)).is_ok() {
            if seen.len() >= REMEMBERED {
                forget_older_half(&mut seen);
            }
            seen.insert(token.session.clone(), (generation, now));
        }
    }
}

fn forget_older_half(seen: &mut HashMap<SessionId, (u64, Timestamp)>) {
    let mut times: Vec<_> = seen.values().map(|(_, at)| *at).collect();
    times.sort_unstable();
    if let Some(middle) = times.get(times.len() / 2).copied() {
        seen.retain(|_, (_, at)| *at > middle);
    }
}

/// Writes what comes through the queue, as much as there is at once in one transaction, until the queue closes.
pub async fn write_confirmations(store: Store, mut queue: mpsc::Receiver<(SessionId, u64)>) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, 256).await > 0 {
        if let Err(error) = write(&store, &batch).await {
            tracing::warn!(%error, lost = batch.len(), "confirmations were not written");
        }
        batch.clear();
    }
}

async fn write(store: &Store, batch: &[(SessionId, u64)]) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for (session, generation) in batch {
        sessions::confirm(&mut tx, session, *generation).await?;
    }
    tx.commit().await
}
