//! Whether the program lives, and whether it can work.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use crate::server::{keys::line::KeyLine, state::AppState, tasks::clock::TOO_FAR};

/// The process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database takes writes and there is a key to sign with.
pub async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, &'static str) {
    if !state.readiness.takes_writes(&state.store, state.now()).await {
        return (StatusCode::SERVICE_UNAVAILABLE, "the database takes no writes\n");
    }
    if state.tokens.keys.active(KeyLine::Portal, state.now()).is_err() {
        tracing::warn!("not ready: no signing key");
        return (StatusCode::SERVICE_UNAVAILABLE, "no signing key\n");
    }
    if !state.tokens.keys.is_complete() {
        tracing::warn!("not ready: a signing key can't be opened with this master secret");
        return (StatusCode::SERVICE_UNAVAILABLE, "a signing key can't be opened\n");
    }
    if state.clock.error() > TOO_FAR {
        tracing::warn!("not ready: the clock is {:?} from the database's", state.clock.error());
        return (StatusCode::SERVICE_UNAVAILABLE, "the clock is wrong\n");
    }
    (StatusCode::OK, "ready\n")
}
