//! The public keys.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::server::state::AppState;

/// The key set (RFC 7517), for anyone.
pub async fn jwks(State(state): State<Arc<AppState>>) -> Response {
    let max_age = state.config.tokens.jwks_max_age.as_secs();
    let headers = [(header::CACHE_CONTROL, format!("public, max-age={max_age}"))];
    (headers, Json(state.tokens.keys.jwks(state.now()))).into_response()
}
