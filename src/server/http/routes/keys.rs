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
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, Json(state.keys.jwks(state.now()))).into_response()
}
