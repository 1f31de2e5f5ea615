//! Whether the program lives, and whether it can work.

use std::sync::Arc;

use axum::{extract::State as Shared, http::StatusCode};

use crate::server::state::State;

/// The process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The store answers and there is a key to sign with.
pub async fn ready(Shared(state): Shared<Arc<State>>) -> (StatusCode, &'static str) {
    if let Err(error) = state.store.ping().await {
        tracing::warn!(%error, "not ready: the store does not answer");
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n");
    }
    if state.keys.active(state.now()).is_err() {
        tracing::warn!("not ready: no signing key");
        return (StatusCode::SERVICE_UNAVAILABLE, "no signing key\n");
    }
    (StatusCode::OK, "ready\n")
}
