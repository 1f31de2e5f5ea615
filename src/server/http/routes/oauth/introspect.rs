//! `POST /oauth/introspect` (RFC 7662).

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};

use crate::server::{
    oauth::{
        authenticate_client::authenticate_confidential,
        error::OAuthError,
        introspect::{self, Introspection},
        parameters::Parameters,
    },
    state::AppState,
};

/// Whether a token is good now, for a client that proves who it is.
pub async fn introspect(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Json<Introspection>, OAuthError> {
    let now = state.now();
    let client = authenticate_confidential(&state, now, &headers, &parameters).await?;
    let token = parameters.require("token")?;
    Ok(Json(introspect::introspect(&state, now, &client, token).await?))
}
