//! The public keys.

use std::sync::Arc;

use axum::{
    Json,
    extract::State as Shared,
    http::header,
    response::{IntoResponse, Response},
};

use crate::server::state::State;

/// The key set (RFC 7517), for anyone and from any origin.
pub async fn jwks(Shared(state): Shared<Arc<State>>) -> Response {
    let max_age = state.config.tokens.jwks_max_age.as_secs();
    let headers = [
        (header::CACHE_CONTROL, format!("public, max-age={max_age}")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin".to_owned()),
    ];
    (headers, Json(state.keys.jwks(state.now()))).into_response()
}
