//! The public keys.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};

use serde_json::json;

use crate::server::state::AppState;

/// The key set (RFC 7517), for anyone.
pub async fn jwks(State(state): State<Arc<AppState>>) -> Response {
    (cached(&state), Json(state.tokens.keys.jwks(state.now()))).into_response()
}

/// The keys of PASETO tokens, as PASERK writes them.
pub async fn paserks(State(state): State<Arc<AppState>>) -> Response {
    (cached(&state), Json(json!({ "keys": state.tokens.keys.paserks(state.now()) }))).into_response()
}

fn cached(state: &AppState) -> [(HeaderName, String); 1] {
    let max_age = state.config.tokens.jwks_max_age.as_secs();
    [(header::CACHE_CONTROL, format!("public, max-age={max_age}"))]
}
