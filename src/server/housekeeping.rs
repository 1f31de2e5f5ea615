//! What is done now and then, whoever asks: forgetting what nobody needs any more.

use std::{sync::Arc, time::Duration};

use super::{
    clock::Timestamp,
    error::Error,
    state::State,
    store::{changes, links, sessions, signing_keys},
};

const EVERY: Duration = Duration::from_secs(3600);
/// How long an ended session is kept after its latest possible end, so that its owner can still be told why.
const KEEP_ENDED_SESSIONS: Duration = Duration::from_secs(7 * 86400);

/// Tidies up every hour, for as long as the program runs.
pub async fn run(state: Arc<State>) {
    let mut timer = tokio::time::interval(EVERY);
    loop {
        timer.tick().await;
        if let Err(error) = tidy(&state, state.now()).await {
            tracing::warn!(%error, "housekeeping failed; it is tried again in an hour");
        }
    }
}

/// Forgets sessions, changes and links that have run out, and the private parts of keys that are gone.
pub async fn tidy(state: &State, now: Timestamp) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    let sessions = sessions::delete_ended(&mut tx, now - KEEP_ENDED_SESSIONS).await?;
    changes::delete_expired(&mut tx, now).await?;
    signing_keys::forget_private(&mut tx, now).await?;
    links::delete_expired(&mut tx, now).await?;
    tx.commit().await?;
    tracing::debug!(sessions, "forgot what has run out");
    Ok(())
}
