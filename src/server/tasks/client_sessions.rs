//! Clients are told when a session has expired, as they are when it was ended.

use std::{sync::Arc, time::Duration};

use crate::server::{sessions::client_sessions::end_expired, state::AppState};

const INTERVAL: Duration = Duration::from_secs(30);

/// Looks now and then, for as long as the program runs.
pub async fn run(state: Arc<AppState>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = end_expired(&state, state.now()).await {
            tracing::warn!(%error, "the sessions of clients that have expired could not be ended; it is tried again");
        }
    }
}
