//! While there are imported password hashes, a refusal must not tell by its time which accounts have one.

use std::{sync::Arc, time::Duration};

use crate::server::{
    error::Error,
    state::AppState,
    store::{imported_hashes, within_patience},
    survive::survive,
};

/// A command may import some at any time, and people renew theirs by signing in.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks now and then, for as long as the program runs.
pub async fn run(state: Arc<AppState>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Some(Err(error)) = survive(look(&state)).await {
            tracing::warn!(%error, "it could not be looked up which password hashes are imported ones");
        }
    }
}

/// Has refusals take as long as the slowest check of the hashes that there are.
pub async fn look(state: &AppState) -> Result<(), Error> {
    let kinds = within_patience(async {
        let mut reader = state.store.read().await?;
        imported_hashes::kinds(&mut reader).await
    })
    .await?;
    state.passwords.cover(kinds).await
}
