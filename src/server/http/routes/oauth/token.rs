//! `POST /oauth/token` (RFC 6749 §3.2).

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, header::PRAGMA},
    response::{IntoResponse, Response},
};

use crate::server::{
    client_info::{ActionContext, ClientInfo},
    oauth::{authenticate_client::authenticate, error::OAuthError, parameters::Parameters, token::exchange},
    state::AppState,
};

/// Exchanges what a client holds for tokens. No browser may keep the answer.
pub async fn token(
    State(state): State<Arc<AppState>>,
    Extension(client_info): Extension<Arc<ClientInfo>>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, OAuthError> {
    let context = ActionContext { now: state.now(), client: &client_info };
    let client = authenticate(&state, context.now, &headers, &parameters).await?;
    let answer = exchange(&state, context, &client, &parameters).await?;
    Ok(([(PRAGMA, "no-cache")], Json(answer)).into_response())
}
