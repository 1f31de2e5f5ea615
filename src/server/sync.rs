//! Learning what other nodes, and commands, have changed: by a signal where the database sends one, and by looking
//! every second in any case.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sqlx::postgres::PgListener;

use super::{
    error::Error,
    origin::{Context, Origin},
    state::State,
    store::{
        changes::{self, Change},
        signing_keys,
    },
    tokens::manage::KeyManager,
};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is asked whether a signing key is due.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// Numbers are given out before they are committed, so a change can appear behind one that was seen. This many are
/// read again each time; taking a change over twice does nothing.
const OVERLAP: i64 = 256;

/// How far this node has read.
#[derive(Debug, Default)]
pub struct Progress {
    seen: AtomicI64,
    /// The changes of keys among those that are read again. Taking one over means reading all keys, so it is done once.
    keys: Mutex<BTreeSet<i64>>,
}

impl Progress {
    /// Takes note of a change of keys. Whether it is news, wherever its number stands.
    fn is_news(&self, seq: i64) -> bool {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *keys = keys.split_off(&(self.seen.load(Ordering::SeqCst) - OVERLAP));
        keys.insert(seq)
    }
}

/// Keeps this node current, for as long as the program runs.
pub async fn run(state: Arc<State>) {
    let mut listener = None;
    let mut keys_due = tokio::time::interval(KEYS_EVERY);
    loop {
        if listener.is_none() {
            listener = state.store.listen().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "can't listen for changes; they are looked for every second");
                None
            });
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            heard = hear(&mut listener) => if !heard { listener = None; },
            _ = keys_due.tick() => {
                if let Err(error) = state.keep_keys_current().await {
                    tracing::error!(%error, "the signing keys could not be kept current; it is tried again in a minute");
                }
            }
        }
        if let Err(error) = state.catch_up().await {
            tracing::warn!(%error, "changes of other nodes could not be read; it is tried again in a second");
        }
    }
}

/// Waits for a signal; for ever where there is none. `false`: the connection is lost.
async fn hear(listener: &mut Option<PgListener>) -> bool {
    match listener {
        Some(listener) => listener.recv().await.is_ok(),
        None => std::future::pending().await,
    }
}

impl State {
    /// Takes over what has changed since the last time.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let now = self.now();
        let seen = self.progress.seen.load(Ordering::SeqCst);
        let mut reader = self.store.read().await?;
        let news = changes::live_since(&mut reader, seen - OVERLAP, now).await?;
        drop(reader);
        let mut keys_changed = false;
        for record in news {
            keys_changed |= record.change == Change::KeysChanged && self.progress.is_news(record.seq);
            self.denylist.add(record.change, record.expires_at, now);
            self.progress.seen.fetch_max(record.seq, Ordering::SeqCst);
        }
        if keys_changed { self.reload_keys().await } else { Ok(()) }
    }

    /// Reads the signing keys anew. What was verified with a key that is gone is forgotten.
    pub async fn reload_keys(&self) -> Result<(), Error> {
        let mut reader = self.store.read().await?;
        let records = signing_keys::all(&mut reader).await?;
        if self.keys.replace(&records, &self.vault, self.now())? {
            self.verified.forget_all();
        }
        Ok(())
    }

    /// Makes a signing key if one is due.
    pub async fn keep_keys_current(&self) -> Result<(), Error> {
        let origin = Origin::program();
        let context = Context { now: self.now(), origin: &origin };
        if let Some(reason) = self.key_manager().keep_current(context).await? {
            tracing::info!(reason = reason.as_str(), "made a signing key");
        }
        // Also drops the keys whose time has come.
        self.reload_keys().await
    }

    pub fn key_manager(&self) -> KeyManager<'_> {
        KeyManager {
            store: &self.store,
            vault: &self.vault,
            config: &self.config.tokens,
            entropy: &self.entropy,
        }
    }
}
