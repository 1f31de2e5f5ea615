//! SQLite's log is copied into the database beside the requests. Whoever commits would copy it otherwise, every few thousand
//! pages, and everybody who writes would wait for that.

use std::{sync::Arc, time::Duration};

use crate::server::{
    state::AppState,
    store::{Store, StoreError, within_patience},
    survive::survive,
};

/// Between one look and the next.
const INTERVAL: Duration = Duration::from_millis(10);

/// Looks at the log while somebody writes, for as long as the program runs. PostgreSQL does that by itself.
pub async fn run(state: Arc<AppState>) {
    let Store::Sqlite(pools) = &state.store else { return };
    loop {
        pools.writer.commit_by_somebody().await;
        let copied = async { pools.copy_long_log().await.map_err(StoreError::from) };
        if let Some(Err(error)) = survive(within_patience(copied)).await {
            tracing::warn!(%error, "the log of the database could not be copied; whoever writes copies it if need be");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
