//! Learning what other nodes, and commands, have changed: by a signal where the database sends one, and by looking
//! every second in any case.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgListener;

use crate::server::{
    client_info::{ActionContext, ClientInfo},
    error::Error,
    state::AppState,
    store::{
        invalidations::{self, Invalidation},
        within_patience,
    },
    survive::survive,
};

const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is asked whether a signing key is due.
const KEYS_INTERVAL: Duration = Duration::from_secs(60);

/// Keeps this node current.
pub async fn run(state: Arc<AppState>) {
    let mut listener = None;
    let mut keys_due = tokio::time::interval(KEYS_INTERVAL);
    loop {
        if listener.is_none() {
            listener = state.store.listen().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "can't listen for changes; they are looked for every second");
                None
            });
            if listener.is_some() {
                state.progress.forget();
            }
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            received = receive(&mut listener) => if !received { listener = None; },
            _ = keys_due.tick() => {
                if let Some(Err(error)) = survive(within_patience(rotate_keys_if_due(&state))).await {
                    tracing::error!(%error, "the signing keys could not be kept current; it is tried again in a minute");
                }
            }
        }
        if let Some(Err(error)) = survive(within_patience(catch_up(&state))).await {
            tracing::warn!(%error, "changes of other nodes could not be read; it is tried again in a second");
        }
    }
}

/// Waits for a signal; for ever where there is none. `false`: the connection is lost.
async fn receive(listener: &mut Option<PgListener>) -> bool {
    match listener {
        Some(listener) => listener.recv().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// Applies what has changed since the last time.
pub async fn catch_up(state: &AppState) -> Result<(), Error> {
    let now = state.now();
    let mut reader = state.store.read().await?;
    let records = invalidations::live_since(&mut reader, state.progress.read_after(), now).await?;
    drop(reader);
    let Some(last) = records.last().map(|record| record.seq) else { return Ok(()) };
    state.loader.forget();
    let mut keys_changed = false;
    for record in records {
        keys_changed |= record.invalidation == Invalidation::KeysChanged;
        state.tokens.denylist.add(record.invalidation, record.expires_at, now);
    }
    if keys_changed {
        state.reload_keys().await?;
    }
    // Only now: what could not be applied is read again.
    state.progress.applied(last);
    Ok(())
}

/// Makes the signing keys that are due, and drops those whose time has come.
pub async fn rotate_keys_if_due(state: &AppState) -> Result<(), Error> {
    let client = ClientInfo::program();
    let context = ActionContext { now: state.now(), client: &client };
    let rotated = state.key_manager().rotate_if_due(context).await;
    // What is gone goes, whether or not a key could be made.
    state.reload_keys().await?;
    for (line, reason) in rotated? {
        tracing::info!(purpose = line.purpose(), reason = reason.as_str(), "made a signing key");
    }
    Ok(())
}
