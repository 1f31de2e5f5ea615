//! Providers are asked about themselves once a day.

use std::{sync::Arc, time::Duration};

use crate::server::{state::AppState, survive::survive, upstream::discover_again};

const INTERVAL: Duration = Duration::from_secs(3600);

/// Looks every hour which have not been asked for a day, for as long as the program runs.
pub async fn run(state: Arc<AppState>) {
    let mut timer = tokio::time::interval(INTERVAL);
    loop {
        timer.tick().await;
        if let Some(Err(error)) = survive(discover_again(&state, state.now())).await {
            tracing::warn!(%error, "providers could not be asked about themselves; it is tried again in an hour");
        }
    }
}
